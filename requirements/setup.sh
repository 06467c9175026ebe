#!/bin/sh
# Set up an environment from the locks and put mailwarden into it. Only what is missing is done.
#   requirements/setup.sh develop [PYTHON]            .venv in the checkout, with what tests need
#   requirements/setup.sh install DIRECTORY [PYTHON]  an environment for use, which the checkout may leave
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

make_environment() {
    directory=$1
    shift
    if ! "$directory/bin/python" -m pip --version >/dev/null 2>&1; then
        python=$(find_python "$@")
        "$python" -c 'import ensurepip, venv' 2>/dev/null || install_venv "$python"
        rm -rf "$directory"
        "$python" -m venv "$directory"
    fi
    pip="$directory/bin/python -m pip install -qq --disable-pip-version-check --no-compile"
    echo "Installing the locked dependencies into $directory ..." >&2
}

# What every command imports is compiled here: who runs it later may not be allowed to keep what he compiled, and would
# wait half a second each time.
compile_modules() {
    env -u PYTHONDONTWRITEBYTECODE "$1/bin/python" -c "import mailwarden.pipeline.cli.scan, mailwarden.pipeline.service.service"
}

case ${1:-} in
develop)
    shift
    make_environment .venv "$@"
    $pip --require-hashes -r requirements/dev.txt
    $pip --no-deps --no-build-isolation --editable .
    compile_modules .venv
    ;;
install)
    shift
    make_environment "$@"
    $pip --require-hashes -r requirements/build.txt -r requirements/run.txt
    $pip --no-deps --no-build-isolation --force-reinstall .
    compile_modules "$1"
    echo "Installed: $("$1/bin/mailwarden" --version)" >&2
    ;;
*)
    sed -n '2,4s/^# *//p' "$0" >&2
    exit 2
    ;;
esac
