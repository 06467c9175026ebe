#!/bin/sh
# Set up .venv in the checkout from the lock: `requirements/setup.sh [PYTHON]`. Only what is missing is done.
set -eu
cd "$(dirname "$0")/.."

usable() {
    command -v "$1" >/dev/null 2>&1 && "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    for candidate in "$@" python3 python3.13 python3.12 python3.11; do
        if usable "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    echo "mailwarden needs Python 3.11 or later, and none was found. Install it, or say where it is:  make PYTHON=/path/to/python3" >&2
    exit 3
}

# Debian and Ubuntu keep what `python3 -m venv` needs in a package of its own.
install_venv() {
    version=$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    become=
    if [ "$(id -u)" -ne 0 ]; then
        become="sudo -n"
    fi
    if command -v apt-get >/dev/null 2>&1; then
        echo "Installing python$version-venv ..." >&2
        install="$become env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends"
        if $install "python$version-venv" >/dev/null 2>&1; then
            return
        fi
        $become apt-get update -q >/dev/null 2>&1 || true
        if $install "python$version-venv" >/dev/null 2>&1; then
            return
        fi
    fi
    echo "This Python cannot make virtual environments. Mend it with:  sudo apt-get install python$version-venv" >&2
    exit 3
}

python=$(find_python "$@")
if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    "$python" -c 'import ensurepip, venv' 2>/dev/null || install_venv "$python"
    rm -rf .venv
    "$python" -m venv .venv
fi
echo "Installing the locked dependencies into .venv ..." >&2
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
