#!/bin/sh
# Installs the Debian packages that the tests need, if any is missing: as root directly, else with
# sudo where that works without a password. Otherwise it names them and fails.
#
# Nothing that it installs is started: the tests start servers of their own on free ports.
set -eu

has() { PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin" command -v "$1" >/dev/null 2>&1; }

# Python's own headers, for the Python that makes the virtual environment.
has_python_headers() {
    "${PYTHON:-python3}" -c 'import os, sys, sysconfig
sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))'
}

has_mysql_headers() {
    has pkg-config && { pkg-config --exists libmariadb || pkg-config --exists mysqlclient; }
}

missing=""
has mariadbd && has mariadb-install-db || missing="$missing mariadb-server"
has redis-server || missing="$missing redis-server"
has sshd && has ssh-keygen || missing="$missing openssh-server openssh-client"
has chromium || has chromium-browser || missing="$missing chromium"
has gcc || missing="$missing gcc libc6-dev"
has pkg-config || missing="$missing pkg-config"
has_mysql_headers || missing="$missing default-libmysqlclient-dev"
has_python_headers || missing="$missing python3-dev"

if [ -z "$missing" ]; then
    echo "Debian packages for the tests: all there."
    exit 0
fi
echo "Debian packages for the tests, missing:$missing"

if [ "$(id -u)" = 0 ]; then
    as_root=""
elif has sudo && sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    echo "Please install them as root, then try again:"
    echo "    apt-get install --no-install-recommends$missing"
    exit 1
fi
if ! has apt-get; then
    echo "There is no apt-get here: please install what provides them, then try again."
    exit 1
fi

log=$(mktemp)
policy=/usr/sbin/policy-rc.d
made_policy=""

finish() {
    if [ -n "$made_policy" ]; then $as_root rm -f "$policy"; fi
    rm -f "$log"
}
trap finish EXIT
trap 'exit 130' INT TERM

run() {
    echo "  $*"
    if ! $as_root env DEBIAN_FRONTEND=noninteractive "$@" >"$log" 2>&1 </dev/null; then
        tail -n 40 "$log"
        echo "That did not work: $*"
        exit 1
    fi
}

# Debian asks this file whether a freshly installed service may start; 101 means no.
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$log"
    $as_root install -m 755 "$log" "$policy"
    made_policy=yes
fi

run apt-get update -q
# $missing is a list: it has to be split into words.
# shellcheck disable=SC2086
run apt-get install -q -y --no-install-recommends $missing
echo "Installed."
