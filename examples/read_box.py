"""Reads what is new in a box, with Python's own library alone.

Against `facteur demo`:

    python3 examples/read_box.py http://127.0.0.1:8080 PERSONA [ENTERPRISE]

where PERSONA is the id of one of the persons to pick at /sign-in. As software of
a company does it, with an access token of the issuer that `[api]` names:

    FACTEUR_TOKEN=… python3 examples/read_box.py https://box.example - [ON-BEHALF-OF]
"""

import json
import os
import sys
from http.cookiejar import CookieJar
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener


def main(url, person, enterprise=None):
    token = os.environ.get("FACTEUR_TOKEN")
    opener = by_token(token, enterprise) if token else signed_in(url, person, enterprise)
    for message in unread(opener, url):
        for attachment in ask(opener, f"{url}/ebox/messages/{message}/attachments")["items"]:
            with opener.open(attachment["contentHref"]) as answer:
                print(message, len(answer.read()))


def by_token(token, behalf):
    opener = build_opener()
    opener.addheaders.append(("Authorization", f"Bearer {token}"))
    if behalf:
        opener.addheaders.append(("On-Behalf-Of", behalf))
    return opener


def signed_in(url, person, enterprise):
    opener = build_opener(HTTPCookieProcessor(CookieJar()))
    if enterprise:
        opener.addheaders.append(("Facteur-Enterprise", enterprise))
    opener.open(f"{url}/sign-in/persona", urlencode({"person": person}).encode())
    return opener


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
