# A private PostgreSQL: durable as in production, on a port of its own.
# shellcheck shell=bash

POSTGRES_HOME=$DEV/postgres

# PostgreSQL refuses to run as root.
as_postgres() {
    if [ "$(id -u)" -eq 0 ]; then
        # Not from our folder: that user may not be allowed to enter it.
        (cd / && exec runuser -u postgres -- "$@")
    else
        "$@"
    fi
}

postgres_pid() { head -n1 "$POSTGRES_HOME/data/postmaster.pid" 2>/dev/null || true; }
postgres_port() { cat "$POSTGRES_HOME/port" 2>/dev/null || true; }
postgres_url() { echo "postgres://facteur:facteur@127.0.0.1:$(postgres_port)/facteur"; }
postgres_runs() { is_ours "$(postgres_pid)" "$(readlink -f "$POSTGRES_HOME")"; }

postgres_up() {
    ! postgres_runs || return 0
    postgres_make_home
    free_port >"$POSTGRES_HOME/port"
    [ -f "$POSTGRES_HOME/data/PG_VERSION" ] || postgres_init
    postgres_start
}

# A socket's path is short, and the unprivileged user must get there: a
# checkout that is deep or private keeps PostgreSQL under /tmp, linked from here.
postgres_make_home() {
    [ ! -d "$POSTGRES_HOME" ] || return 0
    rm -f "$POSTGRES_HOME"
    mkdir "$POSTGRES_HOME"
    if [ ${#POSTGRES_HOME} -gt 80 ] || ! as_postgres test -x "$POSTGRES_HOME"; then
        rmdir "$POSTGRES_HOME"
        ln -sfn "$(mktemp -d "/tmp/facteur-$CHECKOUT-XXXXXX")" "$POSTGRES_HOME"
    fi
    [ "$(id -u)" -ne 0 ] || chown postgres: "$POSTGRES_HOME/"
}

postgres_init() {
    local home
    home=$(readlink -f "$POSTGRES_HOME")
    as_postgres sh -c "umask 077; echo facteur >'$home/password'"
    as_postgres "$(postgres_bin)/initdb" --pgdata="$home/data" --username=facteur \
        --pwfile="$home/password" --auth-local=trust --auth-host=scram-sha-256 \
        --encoding=UTF8 --locale=C.UTF-8 >"$DEV/initdb.log" 2>&1 ||
        { cat "$DEV/initdb.log" >&2; die "initdb failed"; }
    as_postgres tee -a "$home/data/postgresql.conf" >/dev/null <<CONF
$(cat config/postgresql.conf)
listen_addresses = '127.0.0.1'
unix_socket_directories = '$home'
log_line_prefix = '%m [%p] '
CONF
}

postgres_start() {
    ! postgres_runs || return 0
    [ -d "$POSTGRES_HOME/data" ] || die "PostgreSQL was never started: ./dev services up"
    local home
    home=$(readlink -f "$POSTGRES_HOME")
    postgres_forget_dead "$home"
    as_postgres "$(postgres_bin)/pg_ctl" start --silent --no-wait --pgdata="$home/data" \
        --log="$home/postgres.log" --options="-p $(postgres_port)" </dev/null >/dev/null 9>&-
    wait_until 60 postgres_answers ||
        { tail -n 20 "$home/postgres.log" >&2; die "PostgreSQL did not answer within 60 s"; }
}

# After a crash the lock files name a process that is dead; where nobody waits
# for the dead (a container without an init) PostgreSQL would think it alive.
postgres_forget_dead() {
    wait_until 30 postgres_ended || die "processes of a killed PostgreSQL still run: $(postgres_processes)"
    rm -f "$1/data/postmaster.pid" "$1"/.s.PGSQL.*
}

postgres_answers() {
    local psql=("$(postgres_bin)/psql" -h "$(readlink -f "$POSTGRES_HOME")" -p "$(postgres_port)" -U facteur)
    "${psql[@]}" -qAt postgres -c 'SELECT 1' || return 1
    "${psql[@]}" -qAt facteur -c 'SELECT 1' || "${psql[@]}" -q postgres -c 'CREATE DATABASE facteur'
}

# The postmaster and its children at once, as when the machine dies.
postgres_kill() {
    local pids
    pids=$(postgres_processes)
    # shellcheck disable=SC2086  # a list
    [ -z "$pids" ] || kill -KILL $pids 2>/dev/null || true
    wait_until 30 postgres_ended || die "PostgreSQL does not end: $(postgres_processes)"
}

# Each of its processes works in the data folder. (One that has ended but was
# not waited for by its parent works nowhere.)
postgres_processes() {
    local data process
    data=$(readlink -f "$POSTGRES_HOME")/data
    for process in /proc/[0-9]*; do
        [ "$(readlink "$process/cwd" 2>/dev/null)" != "$data" ] || echo "${process#/proc/}"
    done
}

postgres_ended() { [ -z "$(postgres_processes)" ]; }

postgres_down() {
    end_process "$(postgres_pid)" "$(readlink -f "$POSTGRES_HOME")" INT
    rm -rf "$(readlink -f "$POSTGRES_HOME")" "$POSTGRES_HOME"
}
