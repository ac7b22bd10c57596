# ./dev services: the private RabbitMQ and PostgreSQL of this checkout.
# shellcheck shell=bash

SERVICES=(postgres rabbitmq)

verb_services() {
    local action=${1:-}
    [ $# -eq 0 ] || shift
    case $action in
        status | env) "services_$action" ;;
        up | down) locked "services_$action" ;;
        kill | start | restart) locked services_one "$action" "${1:-}" ;;
        *) usage >&2; die "services up|down|status|env, or kill|start|restart NAME" ;;
    esac
}

services_up() {
    install_services
    python_up
    node_up
    local service
    for service in "${SERVICES[@]}"; do
        "${service}_up"
    done
    services_write_env
    services_status
}

services_down() {
    local service
    for service in "${SERVICES[@]}"; do
        "${service}_down"
    done
    rm -f "$DEV/services.env"
    say "services are down"
}

# What the tests need to find what they need.
services_write_env() {
    cat >"$DEV/services.env" <<ENV
export FACTEUR_TEST_AMQP_URL='$(rabbitmq_url)'
export FACTEUR_TEST_POSTGRES_URL='$(postgres_url)'
export FACTEUR_TEST_RABBITMQCTL='$DEV/rabbitmqctl'
export FACTEUR_TEST_PYTHON='$PYTHON_HOME/bin/python'
export FACTEUR_TEST_NODE_MODULES='$NODE_HOME/node_modules'
ENV
}

services_status() {
    local service all_run=true
    for service in "${SERVICES[@]}"; do
        if "${service}_runs"; then
            say "$service runs: pid $("${service}_pid"), $("${service}_url")"
        else
            say "$service does not run"
            all_run=false
        fi
    done
    $all_run
}

services_env() {
    [ -f "$DEV/services.env" ] || die "nothing runs: ./dev services up"
    cat "$DEV/services.env"
}

services_one() {
    case $2 in
        postgres | rabbitmq) ;;
        *) die "services $1 postgres|rabbitmq" ;;
    esac
    case $1 in
        restart) "$2_kill"; "$2_start" ;;
        *) "$2_$1" ;;
    esac
}

# For the time of this run; services that ran before it go on.
borrow_services() {
    if ! services_status 2>/dev/null; then
        trap give_services_back EXIT
    fi
    locked services_up
    # shellcheck source=/dev/null
    source "$DEV/services.env"
}

give_services_back() {
    [ -n "$(trap -p EXIT)" ] || return 0
    trap - EXIT
    locked services_down
}
