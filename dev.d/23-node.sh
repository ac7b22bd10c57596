# Packages of npm that only tests need: an identity provider and an
# S3 store that are not ours. (s3rver keeps objects in a folder, knows accounts,
# and comes back with what it had: the other candidates forget, or are no package.)
# shellcheck shell=bash

NODE_HOME=$DEV/node

node_up() {
    local wanted=dev.d/node/package-lock.json
    cmp -s $wanted "$NODE_HOME/installed.json" && return 0
    command -v npm >/dev/null || install_packages nodejs npm
    rm -rf "$NODE_HOME"
    mkdir -p "$NODE_HOME"
    cp dev.d/node/package.json $wanted "$NODE_HOME/"
    (cd "$NODE_HOME" && npm ci --ignore-scripts --no-audit --no-fund) >"$DEV/npm.log" 2>&1 ||
        { tail -n 20 "$DEV/npm.log" >&2; die "npm did not install the tests' packages"; }
    cp $wanted "$NODE_HOME/installed.json"
}
