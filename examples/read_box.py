"""Reads what is new in a box, with Python's own library alone.

Against `facteur demo`:

    python3 examples/read_box.py http://127.0.0.1:8080 PERSONA [ENTERPRISE]

where PERSONA is the id of one of the persons to pick at /sign-in.
"""

import json
import sys
from http.cookiejar import CookieJar
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener


def main(url, person, enterprise=None):
    opener = build_opener(HTTPCookieProcessor(CookieJar()))
    if enterprise:
        opener.addheaders.append(("Facteur-Enterprise", enterprise))
    opener.open(f"{url}/sign-in/persona", urlencode({"person": person}).encode())
    for message in unread(opener, url):
        for attachment in ask(opener, f"{url}/ebox/messages/{message}/attachments")["items"]:
            with opener.open(attachment["contentHref"]) as answer:
                print(message, len(answer.read()))


def unread(opener, url):
    """Ids first: what is opened on the way leaves the list."""
    ids, page = [], 1
    while True:
        query = urlencode({"readStatus": "false", "page": page, "pageSize": 100})
        listed = ask(opener, f"{url}/ebox/messages?{query}")
        ids += [message["messageId"] for message in listed["items"]]
        if not listed["items"] or len(ids) >= listed["totalItems"]:
            return ids
        page += 1


def ask(opener, url):
    with opener.open(Request(url, headers={"Accept": "application/json"})) as answer:
        return json.load(answer)


if __name__ == "__main__":
    main(*sys.argv[1:])
