# What the other parts share: words to the person, waiting, ports, processes.
# shellcheck shell=bash

# Everything private to this checkout; git ignores it.
DEV=$ROOT/.dev
# Tells two checkouts apart where a name leaves the checkout.
# shellcheck disable=SC2034  # other parts use it
CHECKOUT=$(printf %s "$ROOT" | cksum | cut -d' ' -f1)

say() { printf '· %s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# wait_until SECONDS COMMAND… : false when the deadline passes first.
wait_until() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $deadline ] || return 1
        sleep 0.2
    done
}

port_answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Below the range from which the kernel draws ports for outgoing connections.
free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 10000))
        port_answers "$port" || break
    done
    echo "$port"
}

# is_ours PID FOLDER: whether that process runs and was started for that
# folder. A number alone proves nothing after a crash: it may be another's.
is_ours() {
    [ -n "$1" ] && grep -qszF -- "$2" "/proc/$1/cmdline" "/proc/$1/environ"
}

is_gone() { ! is_ours "$@"; }

# end_process PID FOLDER SIGNAL: signals it if it is ours, and waits for its end.
end_process() {
    is_ours "$1" "$2" || return 0
    kill "-$3" "$1" 2>/dev/null || return 0
    wait_until 30 is_gone "$1" "$2" || kill -KILL "$1" 2>/dev/null || true
}

# detach LOG COMMAND… : runs it in a session of its own, without our lock,
# and prints its process id.
detach() {
    local log=$1
    shift
    setsid "$@" </dev/null >>"$log" 2>&1 9>&- &
    echo $!
}

# locked COMMAND… : one change of the services at a time in a checkout.
locked() { holding lock 300 "$@"; }

# holding NAME SECONDS COMMAND… : waits at most so long for who holds it. The
# lock ends with this subshell, so that a test may ask for the next change.
holding() (
    mkdir -p "$DEV"
    exec 9>"$DEV/$1"
    flock -w "$2" 9 || die "another ./dev holds $DEV/$1"
    shift 2
    "$@"
)
