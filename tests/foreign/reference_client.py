"""A client made of the eBox interface's own file: it asks every operation of
it, and holds each request body and each answer to the file's schemas.

On standard input a task in JSON: `interface` (the file), `url`, `token` and
the `publications` to make; on standard output a line in JSON for each question
that was asked.
"""

import json
import re
import sys

import jsonschema
import requests
import yaml


class Client:
    def __init__(self, task):
        with open(task["interface"], encoding="utf-8") as file:
            # Its statuses are numbers in YAML and texts in JSON.
            self.interface = json.loads(json.dumps(yaml.safe_load(file)))
        self.url = task["url"]
        self.session = requests.Session()
        self.session.headers["Authorization"] = "Bearer " + task["token"]
        self.asked = set()

    def operation(self, name):
        for path, item in self.interface["paths"].items():
            for method, operation in item.items():
                if operation.get("operationId") == name:
                    return path, method, operation
        raise SystemExit(f"the interface has no operation {name}")

    def ask(self, name, expected, places=None, query=None, body=None, **more):
        path, method, operation = self.operation(name)
        self.asked.add(name)
        for place in re.findall(r"{(\w+)}", path):
            path = path.replace("{%s}" % place, requests.utils.quote(places[place], safe=""))
        known = {it["name"] for it in operation.get("parameters", []) if it["in"] == "query"}
        assert known.issuperset(query or {}), (name, query)
        if body is not None:
            schema = next(it for it in operation["parameters"] if it["in"] == "body")["schema"]
            self.fits(schema, body, f"the body of {name}")
            more = {"data": json.dumps(body), "headers": {"Content-Type": operation["consumes"][0]}}
        answer = self.session.request(method, self.url + path, params=query, timeout=30, **more)
        assert answer.status_code == expected, (name, answer.status_code, answer.text)
        return self.judged(name, operation, answer)

    def judged(self, name, operation, answer):
        schema = operation["responses"].get(str(answer.status_code), {}).get("schema")
        # What the file does not foresee is refused as everything else is.
        schema = schema or {"$ref": "#/definitions/StatusMessage"}
        print(json.dumps({"operation": name, "status": answer.status_code}))
        if schema.get("type") == "string" or not answer.content:
            return answer.content
        self.fits(schema, answer.json(), f"the answer of {name}")
        return answer.json()

    def fits(self, schema, value, what):
        whole = {**schema, "definitions": self.interface["definitions"]}
        validator = jsonschema.Draft4Validator(
            whole, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER
        )
        faults = [fault.message for fault in validator.iter_errors(value)]
        assert not faults, (what, faults, value)

    def definition(self, name, value):
        self.fits({"$ref": f"#/definitions/{name}"}, value, name)


def publish(client, publication, documents):
    """As version 2.1 has it: the publication as text, and files."""
    client.definition("MessageToPublish", publication)
    parts = {"messageToPublish": (None, json.dumps(publication), "application/json")}
    for name, text in documents.items():
        parts[name] = (f"{name}.pdf", text.encode(), "application/pdf")
    return client.ask("postMessage", 201, files=parts)["messageId"]


def read(client, message):
    of = {"messageId": message}
    client.ask("getMessageById", 200, of)
    assert client.ask("getMessagesByEBoxId", 200, query={"readStatus": "false"})["totalItems"] > 0
    for found in client.ask("getAttachmentByMessageId", 200, of)["items"]:
        one = {**of, "attachmentId": found["attachmentId"]}
        client.ask("getAttachmentById", 200, one)
        content = client.ask("getAttachmentContentById", 200, one)
        assert len(content) == round(found["size"] * 1024), found
    client.ask("getPaymentDataByMessageId", 404, of)
    assert client.ask("getMessageById", 200, of)["readStatus"] is True


def list_and_hide(client, text):
    client.ask("getEBoxById", 200)
    client.ask("getBodyContent", 200, {"messageId": text})
    search = {"q": "avis", "qlang": "fr", "page": 1, "pageSize": 100}
    found = client.ask("getMessagesByEBoxId", 200, query=search)
    assert found["totalItems"] >= 1, found
    client.ask("getMessagesByEBoxId", 400, query={"q": "avis"})
    client.ask("getMessageById", 404, {"messageId": "nothing"})
    hide = {"items": [{"messageId": text, "visible": False}], "totalItems": 1}
    client.ask("patchMessagesByEBoxId", 200, body=hide)
    hidden = client.ask("getMessagesByEBoxId", 200, query={"visible": "false"})
    assert [it["messageId"] for it in hidden["items"]] == [text], hidden


def look_up(client, message, recipient):
    asked = [{"messageId": message, "eboxId": recipient}]
    told = client.ask("getStatus", 201, body=asked)
    assert told[0]["readStatus"] is True, told
    link = {"messageId": message, "recipients": [recipient]}
    client.ask("linkMessage", 501, body=link)


def reference_data(client):
    for many, one, image, place, of in [
        ("getAllMessagesTypes", "getMessageTypeById", None, "messageTypeId", "messageTypeId"),
        ("findAllSenderApplications", "getSenderApplicationById", "getImageForSenderApplication",
         "senderApplicationId", "applicationId"),
        ("findAllSenderOrganizations", "getSenderOrganizationById",
         "getImageForSenderOrganization", "senderOrganizationId", "organizationId"),
    ]:
        listed = client.ask(many, 200, query={"page": 1, "pageSize": 100})
        assert listed["totalItems"] == len(listed["items"]) > 0, listed
        for entry in listed["items"]:
            client.ask(one, 200, {place: entry[of]})
        client.ask(one, 404, {place: "NOTHING"})
        if image:
            client.ask(image, 404, {place: listed["items"][0][of], "imageId": "1"})


def main():
    task = json.load(sys.stdin)
    client = Client(task)
    text = publish(client, task["text"], {})
    files = publish(client, task["files"], task["documents"])
    list_and_hide(client, text)
    read(client, files)
    look_up(client, files, task["files"]["recipient"])
    reference_data(client)
    everything = {
        operation["operationId"]
        for item in client.interface["paths"].values()
        for operation in item.values()
    }
    assert client.asked == everything, everything - client.asked


if __name__ == "__main__":
    main()
