#!/bin/sh
# Reads what is new in a box with curl, opens each attachment, and hides what
# was fetched. Against `facteur demo`:
#
#   examples/read-box.sh http://127.0.0.1:8080 PERSONA [ENTERPRISE]
#
# where PERSONA is the id of one of the persons to pick at /sign-in.
set -eu
url=$1 person=$2 enterprise=${3:-}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ask() {
    curl --silent --show-error --fail --cookie "$work/jar" --cookie-jar "$work/jar" \
        ${enterprise:+--header "Facteur-Enterprise: $enterprise"} "$@"
}

ask --output /dev/null --data-urlencode "person=$person" "$url/sign-in/persona"
ask --output "$work/list.json" "$url/ebox/messages?readStatus=false&pageSize=100"

# One id a line; a program would use a reader of JSON.
tr '{,' '[\n*]' <"$work/list.json" | sed -n 's/^"messageId":"\([^"]*\)"$/\1/p' >"$work/ids"
while read -r id; do
    ask --output "$work/attachments.json" "$url/ebox/messages/$id/attachments"
    tr '{,}' '[\n*]' <"$work/attachments.json" |
        sed -n 's/^"contentHref":"\([^"]*\)"$/\1/p' >"$work/contents"
    while read -r content; do
        ask --output "$work/content" "$content"
        echo "$id $(wc -c <"$work/content")"
    done <"$work/contents"
    ask --output /dev/null --request PATCH --header 'Content-Type: application/merge-patch+json' \
        --data "{\"items\":[{\"messageId\":\"$id\",\"visible\":false}]}" "$url/ebox/messages"
done <"$work/ids"
