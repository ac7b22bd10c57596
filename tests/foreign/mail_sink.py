"""A mail server that is not ours (aiosmtpd), which keeps mails in a folder.

Reads its task as one JSON line from standard input ({"folder", "port"}; port 0:
any) and writes {"port"} as a line. Each mail that it has whole becomes a file
`NNN.json`, read by Python's own parser, with the version of TLS it came over.
With "tls" ("starttls" or "tls"), "certificate", "key", "user" and "password" it
takes nothing but from who speaks TLS and knows the password. How it answers
stands in the address:

    refuse@…    550 to the recipient
    later@…     451 to the recipient
    drop@…      has the mail whole, and breaks off before it says so, once

Ends when its standard input does.
"""

import asyncio
import json
import os
import ssl
import sys
from email import message_from_bytes
from email.policy import default

from aiosmtpd.smtp import SMTP, AuthResult


class Sink:
    def __init__(self, folder):
        self.folder = folder
        self.count = 0
        self.dropped = set()

    async def handle_RCPT(self, server, session, envelope, address, options):
        local = address.split("@")[0]
        if local == "refuse":
            return "550 5.1.1 no such mailbox here"
        if local == "later":
            return "451 4.3.2 not now"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 fine"

    async def handle_DATA(self, server, session, envelope):
        self.keep(envelope, server.transport.get_extra_info("ssl_object"))
        to = envelope.rcpt_tos[0]
        if to.startswith("drop@") and to not in self.dropped:
            self.dropped.add(to)
            server.transport.abort()
        return "250 2.0.0 taken"

    def keep(self, envelope, channel):
        mail = message_from_bytes(envelope.content, policy=default)
        text = mail.get_body(("plain",)).get_content()
        html = mail.get_body(("html",)).get_content()
        self.count += 1
        path = os.path.join(self.folder, "%03d" % self.count)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(
                {
                    "from": envelope.mail_from,
                    "to": envelope.rcpt_tos,
                    "tls": channel and channel.version(),
                    "headers": {name.lower(): str(value) for name, value in mail.items()},
                    "text": text,
                    "html": html,
                    "defects": [str(defect) for defect in mail.defects],
                },
                file,
            )
        # Seen by others only when it is whole.
        os.rename(path, path + ".json")


def guarded(task):
    """What the server asks of those who come, and the TLS of its port."""
    if "tls" not in task:
        return {}, None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(task["certificate"], task["key"])
    known = (task["user"].encode(), task["password"].encode())

    def authenticate(server, session, envelope, mechanism, given):
        # Not handled: the server itself says 535.
        return AuthResult(success=(given.login, given.password) == known, handled=False)

    asked = {"authenticator": authenticate, "auth_required": True}
    if task["tls"] == "starttls":
        return asked | {"tls_context": context, "require_starttls": True}, None
    # Every word of the connection is in TLS, of which this library does not know.
    return asked | {"auth_require_tls": False}, context


async def main():
    task = json.loads(sys.stdin.readline())
    sink = Sink(task["folder"])
    loop = asyncio.get_running_loop()
    asked, context = guarded(task)
    server = await loop.create_server(
        lambda: SMTP(sink, hostname="sink.example", loop=loop, **asked),
        "127.0.0.1",
        task["port"],
        ssl=context,
    )
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
