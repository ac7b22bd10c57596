# A Python of our own with what the tests speak to that is not ours: an AMQP
# client, as agencies have it, and a mail server.
# shellcheck shell=bash

PYTHON_HOME=$DEV/python

python_up() {
    local wanted=dev.d/python-requirements.txt
    cmp -s $wanted "$PYTHON_HOME/installed.txt" && return 0
    python3 -c 'import venv, ensurepip' 2>/dev/null || install_packages python3 python3-venv
    rm -rf "$PYTHON_HOME"
    python3 -m venv "$PYTHON_HOME"
    "$PYTHON_HOME/bin/pip" install --quiet --disable-pip-version-check \
        --require-hashes --requirement $wanted
    cp $wanted "$PYTHON_HOME/installed.txt"
}
