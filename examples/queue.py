"""Publishes a text through RabbitMQ with pika, and waits for its receipt.

    python3 examples/queue.py amqp://USER:PASSWORD@HOST:PORT/VHOST \
        APPLICATION ORGANIZATION ENTERPRISE TYPE

The user is the account that the registry names for the application.
"""

import json
import sys
import uuid

import pika

PERSISTENT = 2


def main(url, application, organization, enterprise, message_type):
    parameters = pika.URLParameters(url)
    channel = pika.BlockingConnection(parameters).channel()
    channel.confirm_delivery()
    key = str(uuid.uuid4())
    document = {
        "sender": {"eboxType": "enterprise", "enterpriseNumber": organization},
        "recipient": {"eboxType": "enterprise", "enterpriseNumber": enterprise},
        "subject": {"fr": "Un avis", "nl": "Een bericht"},
        "senderApplicationId": application,
        "messageTypeId": message_type,
        "bodyContent": {"fr": "Bonjour", "nl": "Dag"},
        "isBodyMainContent": True,
    }
    properties = pika.BasicProperties(
        content_type="application/json",
        delivery_mode=PERSISTENT,
        message_id=key,  # the idempotency key
        app_id=application,
        user_id=parameters.credentials.username,
    )
    # Raises where the broker does not confirm it, or has no lane for it; then
    # it is sent again, with the same key.
    channel.basic_publish(
        "facteur.documents", application, json.dumps(document), properties, mandatory=True
    )
    print(receipt(channel, application, key)["type"])


def receipt(channel, application, key):
    """Receipts come in batches, at least once: a program drops repeats by id."""
    for method, _, body in channel.consume(f"facteur.receipts.{application}"):
        events = json.loads(body)
        channel.basic_ack(method.delivery_tag)
        for event in events:
            if event["data"].get("idempotencyKey") == key:
                return event


if __name__ == "__main__":
    main(*sys.argv[1:])
