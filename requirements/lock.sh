#!/bin/sh
# Write the locks anew: exact versions with hashes, for Python 3.11 and later on Linux, without the name of an index.
set -eu
cd "$(dirname "$0")/.."
compile() {
    uv pip compile --quiet --no-config --universal --python-version 3.11 \
        --generate-hashes --no-annotate --no-header "$@"
}
compile pyproject.toml --extra dev --upgrade --output-file requirements/dev.txt
compile pyproject.toml --constraint requirements/dev.txt --output-file requirements/run.txt
echo "setuptools" | compile - --constraint requirements/dev.txt --output-file requirements/build.txt
echo "sigma-cli" | compile - --upgrade --output-file requirements/sigma.txt
if grep -n '://' requirements/*.txt; then
    echo "A lock names an address: it must work with every index." >&2
    exit 1
fi
