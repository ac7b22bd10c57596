"""An agency that is not ours: publishes documents, good and bad, with pika.

Reads its task as JSON from standard input, writes what it published and what
must become of it as JSON lines to standard output. A line is written only for
what the broker confirmed, or refused: it is the oracle of the test.

    {"key", "lane", "told", "body": <sha256 in hex>, "fate", ...}

fate: accepted (with type, to), quarantined (with code, pointer), repeat, or
refused (by the broker itself: it must be nowhere).
"""

import json
import sys
import threading
import time
import urllib.request
from base64 import b64encode

import pika
from pika.exceptions import AMQPChannelError, NackError, UnroutableError

import documents

EXCHANGE = "facteur.documents"
THREADS = 4
PERSISTENT = 2


class Agency(threading.Thread):
    """One connection with one account, publishing its share in order."""

    def __init__(self, task, application, numbers):
        super().__init__()
        self.task, self.application, self.numbers = task, application, numbers
        self.account = task["accounts"][application]
        self.log, self.error = [], None

    def run(self):
        try:
            self.connection = connect(self.task, self.account)
            self.open_channel()
            for number in self.numbers:
                for document in documents.make(self.task, self.application, number):
                    self.publish(document)
            self.connection.close()
        except BaseException as error:  # told by the main thread
            self.error = error

    def open_channel(self):
        self.channel = self.connection.channel()
        self.channel.confirm_delivery()

    def publish(self, document):
        fate = document.fate
        try:
            self.channel.basic_publish(
                EXCHANGE, document.routing_key, document.body, self.properties(document), True
            )
        except (AMQPChannelError, NackError, UnroutableError):
            fate = {"fate": "refused"}
            self.open_channel()
        if fate["fate"] == "refused" and document.fate["fate"] != "refused":
            raise RuntimeError(f"the broker refused {document.key}: {document.fate}")
        self.log.append(document.line(fate))

    def properties(self, document):
        account = {"own": self.account["user"], "none": None}
        return pika.BasicProperties(
            message_id=document.key,
            app_id=document.app_id,
            user_id=account.get(document.user, document.user),
            content_type="application/json",
            delivery_mode=PERSISTENT,
            headers={"facteur-published-us": time.time_ns() // 1000},
        )


def connect(task, account):
    return pika.BlockingConnection(
        pika.ConnectionParameters(
            host=task["host"],
            port=task["port"],
            virtual_host=task["vhost"],
            credentials=pika.PlainCredentials(account["user"], account["password"]),
        )
    )


def upload(task, application):
    """What documents of this application name by digest."""
    content = documents.shared(application)
    url = f"{task['web']}/documents/{documents.sha256(content)}"
    request = urllib.request.Request(url, content, {"Content-Type": "text/plain"}, method="PUT")
    password = f"{application}:{task['uploadKey']}".encode()
    request.add_header("Authorization", "Basic " + b64encode(password).decode())
    urllib.request.urlopen(request, timeout=60).close()


def main():
    task = json.load(sys.stdin)
    for application in task["accounts"]:
        upload(task, application)
    agencies = [
        Agency(task, application, range(first, task["count"], 2 * THREADS))
        for half, application in enumerate(sorted(task["accounts"]))
        for first in range(half * THREADS, (half + 1) * THREADS)
    ]
    for agency in agencies:
        agency.start()
    for agency in agencies:
        agency.join()
        if agency.error is not None:
            raise agency.error
        for line in agency.log:
            print(json.dumps(line))


if __name__ == "__main__":
    main()
