#!/bin/sh
# Publishes a document over REST with curl, and asks whether it was read.
#
#   FACTEUR_KEY=… examples/publish.sh http://127.0.0.1:8080 APPLICATION \
#       ORGANIZATION ENTERPRISE TYPE FILE.pdf
#
# FACTEUR_KEY is the application's upload key. The same document again, after
# no answer, is sent with the same Idempotency-Key: it is never delivered twice.
set -eu
url=$1 application=$2 organization=$3 enterprise=$4 type=$5 file=$6

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The key goes through a file: arguments can be read by everybody.
printf 'user = "%s:%s"\n' "$application" "$FACTEUR_KEY" >"$work/key"
ask() {
    curl --silent --show-error --fail --config "$work/key" "$@"
}

cat >"$work/message.json" <<JSON
{
  "sender": { "eboxType": "enterprise", "enterpriseNumber": "$organization" },
  "recipient": { "eboxType": "enterprise", "enterpriseNumber": "$enterprise" },
  "subject": { "fr": "Un document", "nl": "Een document" },
  "senderApplicationId": "$application",
  "messageTypeId": "$type",
  "attachments": [{ "httpPartName": "upfile1", "isMainContent": true }]
}
JSON
key=$(sha256sum "$file" | cut -d ' ' -f 1)
ask --output "$work/answer.json" --header "Idempotency-Key: $key" \
    --form "messageToPublish=<$work/message.json;type=application/json" \
    --form "upfile1=@$file;type=application/pdf" "$url/ebox/messages"

# One id; a program would use a reader of JSON.
id=$(sed 's/.*"messageId":"\([^"]*\)".*/\1/' "$work/answer.json")
ask --output "$work/status.json" --header 'Content-Type: application/json' \
    --data "[{\"messageId\":\"$id\"}]" "$url/searchMessageStatus"
echo "$id $(sed 's/.*"readStatus":\([a-z]*\).*/\1/' "$work/status.json")"
