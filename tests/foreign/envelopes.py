"""Publishes messages whose envelopes no friendly client would make.

Reads {"url", "exchange", "routing_key"} as JSON from standard input and prints
the name of each envelope, which is also the message's body, as a JSON line once
the broker has confirmed it.
"""

import json
import struct
import sys

import pika
import pika.data

NOT_UTF8 = b"key-\xff\xfe"
# As deep as one frame of the broker allows, 128 KiB at 7 bytes a level.
DEPTH = 18_000


class Raw(dict):
    """A field table that is on the wire already."""

    def __init__(self, content):
        super().__init__()
        self.content = content


def encode_table(pieces, table):
    if not isinstance(table, Raw):
        return library_encode_table(pieces, table)
    pieces += [struct.pack(">I", len(table.content)), table.content]
    return 4 + len(table.content)


library_encode_table, pika.data.encode_table = pika.data.encode_table, encode_table


def entry(name, kind, value):
    return bytes([len(name)]) + name + kind + value


def nested(depth):
    """Tables in tables: the length of each is that of all within it."""
    levels = [entry(b"a", b"F", struct.pack(">I", 7 * inner)) for inner in range(depth)]
    return b"".join(reversed(levels))


def envelopes():
    text = struct.pack(">I", 3) + b"\xff\xff\xff"
    properties = pika.BasicProperties
    return {
        "message id": properties(message_id=NOT_UTF8),
        "application": properties(app_id=NOT_UTF8, message_id="key"),
        "content type": properties(content_type=NOT_UTF8),
        "header name": properties(headers=Raw(entry(b"\xff", b"S", text))),
        "nested headers": properties(headers=Raw(nested(DEPTH))),
        "plain": properties(message_id="key"),
    }


def main():
    task = json.load(sys.stdin)
    connection = pika.BlockingConnection(pika.URLParameters(task["url"]))
    channel = connection.channel()
    channel.confirm_delivery()
    for name, properties in envelopes().items():
        properties.delivery_mode = 2
        channel.basic_publish(task["exchange"], task["routing_key"], name, properties, True)
        print(json.dumps(name))
    connection.close()


main()
