# ./dev faults: a line under load on services of its own, and everything broken
# by a seeded schedule. The harness is tests/faults; this is what it stands on:
# three RabbitMQ nodes, a PostgreSQL whose disk can be filled, and small disks,
# in a mount namespace that nobody else sees and that ends with the run.
# shellcheck shell=bash
# Each service is started in a subshell that sees another home: on purpose.
# shellcheck disable=SC2030,SC2031,SC2317

FAULTS_HOME=$DEV/faults
FAULTS_NODES=(1 2 3)
FAULTS_LEDGER_DISK=1g
FAULTS_INDEX_DISK=256m
FAULTS_DOCUMENTS_DISK=256m

verb_faults() {
    case ${1:-} in
        service) shift; faults_service "$@" ;;
        inside) shift; faults_inside "$@" ;;
        *) faults_run "$@" ;;
    esac
}

# Built outside, so that only what runs is inside.
faults_run() {
    local profile=(--release)
    # As ./dev test builds it: another choice of features is another build.
    [[ " $* " != *" --short "* ]] || profile=(--workspace --all-features)
    [ "$(id -u)" -eq 0 ] || die "only root may mount the small disks that are to be full"
    install_services
    install_clock
    local harness
    harness=$(faults_build "${profile[@]}")
    [ -x "$harness" ] || die "the harness was not built"
    unshare --mount --propagation private "$ROOT/dev" faults inside "$harness" "$@"
}

# Prints where the harness is; it knows where the program is.
faults_build() {
    cargo test --locked "$@" --test faults --no-run --message-format=json-render-diagnostics |
        sed -n 's/.*"executable":"\([^"]*\/faults-[^"]*\)".*/\1/p' | tail -n1
}

# Moves the clock of one process.
install_clock() {
    [ -n "$(faults_clock)" ] || install_packages faketime
}

faults_clock() { printf '%s\n' /usr/lib/*/faketime/libfaketimeMT.so.1 | grep -v '\*' || true; }

faults_inside() {
    faults_down 2>/dev/null || true
    trap faults_down EXIT
    faults_up
    export FACTEUR_FAULTS_HOME=$FAULTS_HOME FACTEUR_FAULTS_DEV=$ROOT/dev
    export FACTEUR_FAULTS_POSTGRES_URL FACTEUR_FAULTS_NODES FACTEUR_FAULTS_CLOCK
    FACTEUR_FAULTS_POSTGRES_URL=$(faults_postgres postgres_url)
    FACTEUR_FAULTS_NODES=$(faults_node_ports)
    FACTEUR_FAULTS_CLOCK=$(faults_clock)
    "$@"
}

faults_up() {
    mkdir -p "$FAULTS_HOME"
    faults_disk index-1 $FAULTS_INDEX_DISK
    faults_disk index-2 $FAULTS_INDEX_DISK
    faults_disk documents $FAULTS_DOCUMENTS_DISK
    faults_postgres faults_postgres_up
    # The first node makes the cluster, the others join it.
    for_node 1 rabbitmq_cluster_up
    for_node 2 rabbitmq_cluster_up
    for_node 3 rabbitmq_cluster_up
    # One connection publishes for all agencies.
    for_node 1 faults_ctl set_user_tags guest administrator impersonator >/dev/null
    say "a cluster of ${#FAULTS_NODES[@]} nodes and a PostgreSQL run under $FAULTS_HOME"
}

faults_down() {
    local node
    trap - EXIT
    for node in "${FAULTS_NODES[@]}"; do
        for_node "$node" faults_wake rabbitmq_kill || true
    done
    for_node 1 end_epmd || true
    faults_postgres postgres_kill || true
    faults_unmount
    rm -rf "$FAULTS_HOME/rabbitmq-"* "$FAULTS_HOME/postgres" "$FAULTS_HOME/cluster"
}

faults_unmount() {
    local mounted
    for mounted in "$FAULTS_HOME"/disks/* "$FAULTS_HOME/postgres/data"; do
        umount --lazy "$mounted" 2>/dev/null || true
    done
}

# faults_disk NAME SIZE: a disk that can be full.
faults_disk() {
    mkdir -p "$FAULTS_HOME/disks/$1"
    mount -t tmpfs -o "size=$2" tmpfs "$FAULTS_HOME/disks/$1"
}

# faults_postgres COMMAND… : the functions of the private PostgreSQL, on another.
faults_postgres() (
    POSTGRES_HOME=$FAULTS_HOME/postgres
    "$@"
)

faults_postgres_up() {
    local data
    postgres_make_home
    data=$(readlink -f "$POSTGRES_HOME")/data
    mkdir -p "$data"
    mount -t tmpfs -o "size=$FAULTS_LEDGER_DISK,mode=0700" tmpfs "$data"
    chown postgres: "$data"
    free_port >"$POSTGRES_HOME/port"
    postgres_init
    # What is written ahead must leave room on a small disk.
    as_postgres tee -a "$data/postgresql.conf" >/dev/null <<<"max_wal_size = 160MB"
    postgres_start
}

# for_node N COMMAND… : the functions of the private RabbitMQ, on one of three.
for_node() (
    RABBITMQ_HOME_DIR=$FAULTS_HOME/rabbitmq-$1
    RABBITMQ_NODE=$(faults_node_name "$1")
    # One register of names serves all three.
    epmd_runs() { is_ours "$(cat "$FAULTS_HOME/cluster/epmd.pid" 2>/dev/null)" "$FAULTS_HOME/"; }
    shift
    "$@"
)

faults_node_name() { echo "faults-$CHECKOUT-$1@localhost"; }

rabbitmq_cluster_up() {
    mkdir -p "$RABBITMQ_HOME_DIR" "$FAULTS_HOME/cluster"
    [ -f "$FAULTS_HOME/cluster/epmd" ] || free_port >"$FAULTS_HOME/cluster/epmd"
    faults_cluster_conf >"$FAULTS_HOME/cluster/rabbitmq.conf"
    {
        rabbitmq_write_env
        # One secret and one register of names for all.
        echo "export HOME='$FAULTS_HOME/cluster'"
        echo "export ERL_EPMD_PORT='$(cat "$FAULTS_HOME/cluster/epmd")'"
        echo "export RABBITMQ_CONFIG_FILE='$FAULTS_HOME/cluster/rabbitmq.conf'"
    } >"$RABBITMQ_HOME_DIR/env"
    echo '[].' >"$RABBITMQ_HOME_DIR/enabled_plugins"
    epmd_runs || with_rabbitmq_env detach "$FAULTS_HOME/cluster/epmd.log" epmd >"$FAULTS_HOME/cluster/epmd.pid"
    rabbitmq_start
}

# The broker's own settings, and who belongs together.
faults_cluster_conf() {
    local node
    cat "$ROOT/config/rabbitmq.conf"
    echo
    echo 'cluster_formation.peer_discovery_backend = classic_config'
    for node in "${FAULTS_NODES[@]}"; do
        echo "cluster_formation.classic_config.nodes.$node = $(faults_node_name "$node")"
    done
}

end_epmd() { end_process "$(cat "$FAULTS_HOME/cluster/epmd.pid" 2>/dev/null)" "$FAULTS_HOME/" TERM; }

faults_ctl() { with_rabbitmq_env "$RABBITMQ_BIN/rabbitmqctl" --node "$RABBITMQ_NODE" "$@"; }

faults_node_ports() {
    local node
    for node in "${FAULTS_NODES[@]}"; do
        for_node "$node" rabbitmq_port
    done | xargs
}

# ./dev faults service ACTION NAME: what the harness asks for while it runs.
faults_service() {
    case $2 in
        postgres) faults_postgres faults_act "$1" postgres ;;
        vhost) for_node 1 faults_vhost "$1" "${3:-}" ;;
        node-[123]) for_node "${2#node-}" faults_act "$1" rabbitmq ;;
        *) die "no such service: $2" ;;
    esac
}

faults_vhost() {
    faults_ctl "$1_vhost" "$2" >/dev/null
    [ "$1" != add ] || faults_ctl set_permissions -p "$2" guest '.*' '.*' '.*' >/dev/null
}

# faults_act ACTION KIND: on the service that the variables name.
faults_act() {
    case $1 in
        kill) "$2_kill" ;;
        start) "$2_start" ;;
        stop) faults_signal STOP "$2" ;;
        continue) faults_signal CONT "$2" ;;
        *) die "service kill|start|stop|continue" ;;
    esac
}

# shellcheck disable=SC2046  # lists of processes
faults_signal() {
    case $2 in
        postgres) kill "-$1" $(postgres_processes) ;;
        rabbitmq) ! rabbitmq_runs || kill "-$1" "$(rabbitmq_pid)" ;;
    esac
}

# faults_wake COMMAND… : what is stopped cannot be ended in order.
faults_wake() {
    faults_signal CONT rabbitmq 2>/dev/null || true
    "$@"
}
