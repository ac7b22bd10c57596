"""What the agencies write: mostly good, every ninth a bad one of some kind.

Written from the documentation alone: nothing here comes from the engine.
"""

import base64
import hashlib
import json

TAX, WORK = "tax:assessment", "work:attest"
STATES = ["active", "occasional", "neverOpened", "boxless", "unknown"]


class Document:
    """A publication, its envelope, and what must become of it."""

    def __init__(self, application, key, publication):
        self.application = self.routing_key = self.app_id = application
        self.key, self.user = key, "own"
        self.publication, self.bytes = publication, None
        self.told, self.fate = application, {}

    @property
    def body(self):
        if self.bytes is not None:
            return self.bytes
        return json.dumps(self.publication, ensure_ascii=False).encode()

    def line(self, fate):
        digest = hashlib.sha256(self.body).hexdigest()
        return {"key": self.key, "lane": self.routing_key, "told": self.told, "body": digest, **fate}

    def refuse(self, code, pointer=""):
        self.fate = {"fate": "quarantined", "code": code, "pointer": pointer}


def make(task, application, number):
    """The documents of one number: one, or one and its repeat."""
    document = good(task, application, number)
    if number in ONCE or number % 9 == 0:
        spoil(task, document, number)
        return [document]
    if number % 50 == 1:
        repeat = good(task, application, number)
        if number % 100 == 1:
            repeat.publication["subject"] = {"fr": "Tout autre chose"}
        repeat.fate = {"fate": "repeat"}
        return [document, repeat]
    return [document]


def good(task, application, number):
    state = STATES[number % len(STATES)]
    publication = {
        "sender": {"eboxType": "enterprise", "enterpriseNumber": task["organization"]},
        "recipient": {"eboxType": "enterprise", "enterpriseNumber": task["companies"][state]},
        "subject": {"fr": f"Facture d'épinards numéro {number}"},
        "senderApplicationId": application,
        "messageTypeId": "TAX-NOTICE" if application == TAX else "WORK-ATTEST",
    }
    if application == WORK:
        publication["businessDataList"] = [business_data("EMPNOSSBENOSS", "12345678")]
    if number % 21 == 0:
        publication["attachments"] = [reference(shared(application))]
    elif number % 3 == 0:
        publication["attachments"] = [attachment(f"Document {number % 30}".encode())]
    else:
        publication["bodyContent"] = {"fr": "Bonjour", "nl": "Dag"}
        publication["isBodyMainContent"] = True
    document = Document(application, f"{application}-{number}", publication)
    document.fate = {"fate": "accepted", "to": state, "type": publication["messageTypeId"]}
    return document


def business_data(key, value):
    return {"key": key, "values": [{"fr": value}]}


def attachment(content, name="upfile1", main=True):
    return {
        "httpPartName": name,
        "isMainContent": main,
        "fileName": f"{name}.txt",
        "mediaType": "text/plain",
        "content": {"inline": base64.b64encode(content).decode()},
    }


def shared(application):
    """What an application uploads beforehand."""
    return f"Annexe commune de {application}".encode()


def sha256(content):
    """base64url without padding."""
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")


def reference(content):
    by_digest = {"sha256": sha256(content), "size": len(content)}
    return {**attachment(content), "content": by_digest}


def spoil(task, document, number):
    kinds = sorted(BAD)
    kind = ONCE.get(number) or BAD[kinds[number // 9 % len(kinds)]]
    kind(task, document)


# Each kind of bad document, by what is wrong with it -------------------------


def bytes_of(make_bytes, code, pointer=""):
    def spoiled(_, document):
        document.bytes = make_bytes(document.body, document.key.encode())
        document.refuse(code, pointer)

    return spoiled


def property_of(name, value, code, pointer):
    def spoiled(_, document):
        document.publication[name] = value
        document.refuse(code, pointer)

    return spoiled


def attached(change, code, pointer):
    """One attachment that is the main content, changed."""

    def spoiled(_, document):
        good_one = attachment(document.key.encode())
        document.publication.pop("bodyContent", None)
        document.publication["isBodyMainContent"] = False
        document.publication["attachments"] = change(good_one)
        document.refuse(code, pointer)

    return spoiled


def set_in(name, value):
    return lambda one: [{**one, name: value}]


def recipient(number, code):
    def spoiled(task, document):
        document.publication["recipient"]["enterpriseNumber"] = task["companies"].get(number, number)
        document.refuse(code, "/recipient/enterpriseNumber")

    return spoiled


def sender(number, code):
    def spoiled(_, document):
        document.publication["sender"]["enterpriseNumber"] = number
        document.refuse(code, "/sender/enterpriseNumber")

    return spoiled


def keyless(_, document):
    document.key = None
    document.refuse("MISSING_IDEMPOTENCY_KEY")


def other_lane(_, document):
    document.routing_key = document.app_id = WORK if document.application == TAX else TAX
    document.refuse("FORGED_SENDER")


def other_app_id(_, document):
    document.app_id = "somebody:else"
    document.refuse("FORGED_SENDER")


def no_account(_, document):
    document.user, document.told = "none", "unknown"
    document.refuse("FORGED_SENDER")


def other_account(_, document):
    document.user, document.fate = "guest", {"fate": "refused"}


def too_large_for_the_broker(_, document):
    document.bytes, document.fate = b" " * (20 << 20), {"fate": "refused"}


def unroutable(_, document):
    document.routing_key = "tax:typo"
    document.refuse("UNROUTABLE")


def other_application(_, document):
    other = WORK if document.application == TAX else TAX
    document.publication["senderApplicationId"] = other
    document.refuse("INVALID_SENDER", "/senderApplicationId")


def anothers_document(task, document):
    other = WORK if document.application == TAX else TAX
    there = "/attachments/0/content/sha256"
    attached(lambda _: [reference(shared(other))], "UNKNOWN_DOCUMENT", there)(task, document)


def no_dictionary(_, document):
    listed = document.publication.setdefault("businessDataList", [])
    listed.append(business_data("SURPRISE", "1"))
    document.refuse("BUSINESS_DATA_KEY_NOT_ALLOWED", f"/businessDataList/{len(listed) - 1}/key")


def required_key(_, document):
    if document.application == WORK:
        document.publication["businessDataList"] = []
        document.refuse("BUSINESS_DATA_KEY_MISSING", "/businessDataList")
    else:
        listed = [business_data("MESSAGE_NATURE", "TRANSLATION")]
        document.publication["businessDataList"] = listed
        document.refuse("BUSINESS_DATA_VALUE_INVALID", "/businessDataList/0/values/0/fr")


def seven(one):
    return [{**one, "httpPartName": f"p{n}", "isMainContent": n == 0} for n in range(7)]


HEX = hashlib.sha256(b"").hexdigest()
PLAIN = base64.b64encode(hashlib.sha256(b"").digest()).decode().rstrip("=")
UNKNOWN = {"sha256": base64.urlsafe_b64encode(bytes(32)).decode().rstrip("="), "size": 3}

BAD = {
    "not JSON": bytes_of(lambda _, key: b"subject: " + key, "MALFORMED"),
    "cut off": bytes_of(lambda body, _: body[:-1], "MALFORMED"),
    "wrong UTF-8": bytes_of(lambda _, key: b'{"\xe9": "' + key + b'"}', "MALFORMED"),
    "surrogate": bytes_of(
        lambda _, key: b'{"subject": {"fr": "' + key + b'\\ud800"}}', "MALFORMED", "/subject/fr"
    ),
    "too large": bytes_of(lambda _, key: key + b" " * 200_000, "TOO_LARGE"),
    "null": property_of("postal", None, "MALFORMED", "/postal"),
    "unknown property": property_of("urgent", True, "MALFORMED", "/urgent"),
    "401 characters": property_of("subject", {"nl": "é" * 401}, "INVALID_INPUT", "/subject/nl"),
    "NUL": property_of("subject", {"fr": "a\0b"}, "INVALID_INPUT", "/subject/fr"),
    "unknown type": property_of("messageTypeId", "NOT-OURS", "INVALID_SENDER", "/messageTypeId"),
    "no main content": attached(set_in("isMainContent", False), "INVALID_INPUT", ""),
    "two main contents": attached(
        lambda one: [one, {**one, "httpPartName": "b"}], "INVALID_INPUT", ""
    ),
    "no base64": attached(
        set_in("content", {"inline": "?"}), "INVALID_INPUT", "/attachments/0/content/inline"
    ),
    "hexadecimal digest": attached(
        set_in("digest", HEX), "DIGEST_DO_NOT_MATCH", "/attachments/0/digest"
    ),
    "plain digest": attached(
        set_in("digest", PLAIN), "DIGEST_DO_NOT_MATCH", "/attachments/0/digest"
    ),
    "digest of other content": attached(
        set_in("digest", sha256(b"other content")), "DIGEST_DO_NOT_MATCH", "/attachments/0/digest"
    ),
    "another's document": anothers_document,
    "unknown document": attached(
        set_in("content", UNKNOWN), "UNKNOWN_DOCUMENT", "/attachments/0/content/sha256"
    ),
    "hostile name": attached(
        set_in("fileName", "../../x"), "INVALID_INPUT", "/attachments/0/fileName"
    ),
    "media type": attached(
        set_in("mediaType", "application/x-sh"), "INVALID_INPUT", "/attachments/0/mediaType"
    ),
    "seven attachments": attached(seven, "INVALID_INPUT", "/attachments"),
    "too much inline": attached(
        lambda _: [attachment(b"x" * 40_000)], "INVALID_INPUT", "/attachments/0/content"
    ),
    "invalid number": recipient("0123456789", "INVALID_INPUT"),
    "closed enterprise": recipient("closed", "ENTERPRISE_NOT_ACTIVE"),
    "unknown organization": sender("0852093431", "INVALID_SENDER"),
    "invalid organization": sender("0123456789", "INVALID_INPUT"),
    "no key": keyless,
    "another's lane": other_lane,
    "another's app_id": other_app_id,
    "no account": no_account,
    "another's account": other_account,
    "unroutable": unroutable,
    "another application": other_application,
    "a key of no dictionary": no_dictionary,
    "a missing or wrong value": required_key,
}

# What is the same each time, or costs too much to be sent often.
EMPTY = bytes_of(lambda *_: b"", "MALFORMED")
ONCE = {1: EMPTY, 5: EMPTY, 2: too_large_for_the_broker, 6: too_large_for_the_broker}
