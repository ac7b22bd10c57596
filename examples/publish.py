"""Publishes a document over REST, with Python's own library alone, and asks
whether it was read.

    FACTEUR_KEY=… python3 examples/publish.py http://127.0.0.1:8080 \
        APPLICATION ORGANIZATION ENTERPRISE TYPE FILE.pdf

FACTEUR_KEY is the application's upload key.
"""

import base64
import hashlib
import json
import os
import sys
import time
import uuid
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

TRIES = 5


def main(url, application, organization, enterprise, message_type, path):
    with open(path, "rb") as file:
        content = file.read()
    message = {
        "sender": {"eboxType": "enterprise", "enterpriseNumber": organization},
        "recipient": {"eboxType": "enterprise", "enterpriseNumber": enterprise},
        "subject": {"fr": "Un document", "nl": "Een document"},
        "senderApplicationId": application,
        "messageTypeId": message_type,
        "attachments": [{"httpPartName": "upfile1", "isMainContent": True}],
    }
    user = f"{application}:{os.environ['FACTEUR_KEY']}".encode()
    headers = {"Authorization": "Basic " + base64.b64encode(user).decode()}
    published = publish(url, headers, message, os.path.basename(path), content)
    asked = json.dumps([{"messageId": published["messageId"]}]).encode()
    statuses = ask(f"{url}/searchMessageStatus", asked,
                   {**headers, "Content-Type": "application/json"})
    print(published["messageId"], json.dumps(statuses[0]["readStatus"]))


def publish(url, headers, message, name, content):
    """Until it is answered: with the same key it is never delivered twice."""
    boundary = uuid.uuid4().hex
    parts = [
        ('name="messageToPublish"', "application/json", json.dumps(message).encode()),
        (f'name="upfile1"; filename="{name}"', "application/pdf", content),
    ]
    body = b"".join(
        f"--{boundary}\r\nContent-Disposition: form-data; {what}\r\n"
        f"Content-Type: {kind}\r\n\r\n".encode() + data + b"\r\n"
        for what, kind, data in parts
    ) + f"--{boundary}--\r\n".encode()
    headers = {
        **headers,
        "Idempotency-Key": hashlib.sha256(content).hexdigest(),
        "Content-Type": f"multipart/form-data; boundary={boundary}",
    }
    for attempt in range(TRIES):
        try:
            return ask(f"{url}/ebox/messages", body, headers)
        except HTTPError as refused:
            answer = json.load(refused)
            if refused.code == 409:  # it arrived before
                return answer
            if refused.code not in (429, 503):
                raise SystemExit(f"{answer['code']} at {answer['pointer']}: {answer['message']}")
            time.sleep(float(refused.headers.get("Retry-After", 1)))
        except URLError:
            time.sleep(2**attempt)
    raise SystemExit("no answer")


def ask(url, body, headers):
    with urlopen(Request(url, body, headers)) as answer:
        return json.load(answer)


if __name__ == "__main__":
    main(*sys.argv[1:])
