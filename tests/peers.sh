#!/bin/sh
# Installs the real programs that tests run against, where that is possible: as root, with apt. It never fails:
# tests whose peer is away are skipped, or fail under CARILLON_TEST_STRICT=1.

packages=
need() { # package, then what shows that it is there
    package=$1
    shift
    for path in "$@"; do
        if [ -x "$path" ] || command -v "$path" >/dev/null 2>&1; then return; fi
    done
    packages="$packages $package"
}

need postgresql postgres /usr/lib/postgresql/*/bin/postgres
need strace strace
need faketime faketime
need chromium chromium
need curl curl
need iproute2 ss
need nodejs node
need npm npm
need nginx-light nginx /usr/sbin/nginx
need prometheus-alertmanager prometheus-alertmanager
need postfix smtp-sink /usr/sbin/smtp-sink # a mail server that fails as it is told to
need build-essential gcc # compiles the load client of the benchmarks

[ -n "$packages" ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "Not installed, so the tests that need them are skipped:$packages" >&2
    exit 0
fi

install() {
    # shellcheck disable=SC2086 # a list of names
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
        -o Acquire::Retries=1 -o Acquire::http::Timeout=30 $packages >/dev/null 2>&1 </dev/null
}
echo "Installing$packages" >&2
install || { apt-get update -qq >/dev/null 2>&1 && install; } || echo "Could not install$packages" >&2
exit 0
