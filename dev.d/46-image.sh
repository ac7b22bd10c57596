# ./dev image: the image of the Dockerfile, built without a daemon, and tried.
# shellcheck shell=bash

IMAGE=localhost/facteur

# With --bases from images made here, where no registry of images can be reached.
verb_image() {
    local pull=--pull
    command -v buildah >/dev/null || install_packages buildah
    if [ "${1:-}" = --bases ]; then
        image_bases
        pull=--pull-never
    fi
    buildah build --isolation chroot $pull --tag $IMAGE --file Dockerfile .
    image_works
    say "the image has $(buildah images --format '{{.Size}}' $IMAGE)"
}

# Under the names that the Dockerfile uses: Debian's essential packages; and these
# with a compiler of C, this machine's Rust, and the certificates that cargo trusts.
image_bases() {
    local release rust container
    command -v mmdebstrap >/dev/null || install_packages mmdebstrap
    release=$(sed -n 's/^FROM debian:\(.*\)-slim$/\1/p' Dockerfile)
    rust=$(sed -n 's/^FROM rust:\(.*\) AS build$/\1/p' Dockerfile)
    container=$(image_root "$release" apt)
    image_named "$container" "debian:$release-slim"
    container=$(image_root "$release" gcc,g++,libc6-dev,make)
    buildah add --quiet "$container" "$(rustc --print sysroot)" /usr/local/rust >/dev/null
    buildah add --quiet "$container" /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ >/dev/null
    buildah config --env PATH=/usr/local/rust/bin:/usr/local/bin:/usr/bin:/bin \
        --env CARGO_HOME=/usr/local/cargo "$container"
    image_named "$container" "rust:$rust"
}

# The root of a release of Debian with these packages, as a container's.
image_root() {
    local container root=$DEV/image.tar
    mmdebstrap --quiet --variant=minbase --include="$2" "$1" "$root"
    container=$(buildah from scratch)
    buildah add --quiet "$container" "$root" / >/dev/null
    rm "$root"
    echo "$container"
}

image_named() { buildah commit --quiet --rm "$1" "docker.io/library/$2" >/dev/null; }

# The whole line in the image, as its user.
image_works() {
    local container user
    container=$(buildah from --pull-never $IMAGE)
    user=$(buildah run --isolation chroot "$container" -- id -u)
    [ "$user" -ne 0 ] || die "the image runs as root"
    say "in the image, as user $user:"
    buildah run --isolation chroot "$container" -- facteur --version
    buildah run --isolation chroot "$container" -- \
        env FACTEUR__WEB__LISTEN=127.0.0.1:0 FACTEUR__METRICS__LISTEN=127.0.0.1:0 \
        facteur demo --documents 2000 --exit --json
    buildah rm "$container" >/dev/null
}
