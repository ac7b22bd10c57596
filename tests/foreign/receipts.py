"""Reads receipts as an agency does, until there are enough or none come.

Reads its task as JSON from standard input and writes each CloudEvent as a line.
"""

import json
import sys
import time

from publish import connect

SILENCE_MAX = 20


def main():
    task = json.load(sys.stdin)
    connection = connect(task, task["accounts"][task["application"]])
    channel = connection.channel()
    queue = "facteur.receipts." + task["application"]
    count, heard = 0, time.monotonic()
    while count < task["count"] and time.monotonic() - heard < SILENCE_MAX:
        method, properties, body = channel.basic_get(queue)
        if method is None:
            connection.sleep(0.05)
            continue
        heard = time.monotonic()
        assert properties.content_type == "application/cloudevents-batch+json", properties
        for event in json.loads(body):
            # What becomes of letters is told here too, and is another matter.
            if event["type"].startswith("facteur.document."):
                print(json.dumps(event))
                count += 1
        channel.basic_ack(method.delivery_tag)
    connection.close()


if __name__ == "__main__":
    main()
