# A private RabbitMQ: own node, own epmd, own ports, on 127.0.0.1 alone.
# shellcheck shell=bash

RABBITMQ_HOME_DIR=$DEV/rabbitmq
RABBITMQ_NODE=facteur-$CHECKOUT@localhost

rabbitmq_pid() { cat "$RABBITMQ_HOME_DIR/pid" 2>/dev/null || true; }
rabbitmq_starter_pid() { cat "$RABBITMQ_HOME_DIR/starter.pid" 2>/dev/null || true; }
epmd_pid() { cat "$RABBITMQ_HOME_DIR/epmd.pid" 2>/dev/null || true; }
rabbitmq_port() { sed -n "s/^export RABBITMQ_NODE_PORT='\(.*\)'/\1/p" "$RABBITMQ_HOME_DIR/env" 2>/dev/null || true; }
rabbitmq_url() { echo "amqp://guest:guest@127.0.0.1:$(rabbitmq_port)/%2f"; }
rabbitmq_runs() { is_ours "$(rabbitmq_pid)" "$RABBITMQ_HOME_DIR"; }
epmd_runs() { is_ours "$(epmd_pid)" "$RABBITMQ_HOME_DIR"; }

rabbitmq_up() {
    ! rabbitmq_runs || return 0
    mkdir -p "$RABBITMQ_HOME_DIR"
    end_process "$(epmd_pid)" "$RABBITMQ_HOME_DIR" TERM
    rabbitmq_write_env >"$RABBITMQ_HOME_DIR/env"
    rabbitmq_write_ctl
    echo '[].' >"$RABBITMQ_HOME_DIR/enabled_plugins"
    rabbitmq_start
}

# Debian's wrapper insists on the user `rabbitmq` and on the machine's folders:
# the scripts behind it take everything from these variables.
rabbitmq_write_env() {
    local home=$RABBITMQ_HOME_DIR loopback='-kernel inet_dist_use_interface {127,0,0,1}'
    cat <<ENV
export HOME='$home'
export RABBITMQ_NODENAME='$RABBITMQ_NODE'
export RABBITMQ_NODE_PORT='$(free_port)'
export RABBITMQ_NODE_IP_ADDRESS='127.0.0.1'
export RABBITMQ_DIST_PORT='$(free_port)'
export ERL_EPMD_PORT='$(free_port)'
export ERL_EPMD_ADDRESS='127.0.0.1'
export RABBITMQ_CONF_ENV_FILE='/dev/null'
export RABBITMQ_CONFIG_FILE='$ROOT/config/rabbitmq.conf'
export RABBITMQ_ADVANCED_CONFIG_FILE='$home/advanced.config'
export RABBITMQ_GENERATED_CONFIG_DIR='$home/generated'
export RABBITMQ_SCHEMA_DIR='$home/schema'
export RABBITMQ_ENABLED_PLUGINS_FILE='$home/enabled_plugins'
export RABBITMQ_MNESIA_BASE='$home/mnesia'
export RABBITMQ_LOG_BASE='$home/log'
export RABBITMQ_PID_FILE='$home/pid'
export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='$loopback'
export RABBITMQ_CTL_ERL_ARGS='$loopback'
ENV
}

# One program that administers the private node, for people and tests.
rabbitmq_write_ctl() {
    cat >"$DEV/rabbitmqctl" <<CTL
#!/bin/sh
. '$RABBITMQ_HOME_DIR/env'
exec $RABBITMQ_BIN/rabbitmqctl --node $RABBITMQ_NODE "\$@"
CTL
    chmod +x "$DEV/rabbitmqctl"
}

with_rabbitmq_env() (
    # shellcheck source=/dev/null
    source "$RABBITMQ_HOME_DIR/env"
    "$@"
)

rabbitmq_start() {
    ! rabbitmq_runs || return 0
    local home=$RABBITMQ_HOME_DIR
    [ -f "$home/env" ] || die "RabbitMQ was never started: ./dev services up"
    rm -f "$home/pid"
    epmd_runs || with_rabbitmq_env detach "$home/epmd.log" epmd >"$home/epmd.pid"
    with_rabbitmq_env detach "$home/start.log" "$RABBITMQ_BIN/rabbitmq-server" >"$home/starter.pid"
    wait_until 120 rabbitmq_started_or_failed || true
    rabbitmq_answers || { tail -n 30 "$home/start.log" >&2; die "RabbitMQ did not start"; }
}

rabbitmq_started_or_failed() {
    rabbitmq_answers || is_gone "$(rabbitmq_starter_pid)" "$RABBITMQ_HOME_DIR"
}

# The listener opens when everything else of the node has started.
rabbitmq_answers() { rabbitmq_runs && port_answers "$(rabbitmq_port)"; }

rabbitmq_kill() {
    end_process "$(rabbitmq_pid)" "$RABBITMQ_HOME_DIR" KILL
    end_process "$(rabbitmq_starter_pid)" "$RABBITMQ_HOME_DIR" KILL
}

rabbitmq_down() {
    end_process "$(rabbitmq_pid)" "$RABBITMQ_HOME_DIR" TERM
    end_process "$(rabbitmq_starter_pid)" "$RABBITMQ_HOME_DIR" TERM
    end_process "$(epmd_pid)" "$RABBITMQ_HOME_DIR" TERM
    rm -rf "$RABBITMQ_HOME_DIR" "$DEV/rabbitmqctl"
}
