#!/bin/sh
# Let sigma-cli check our rules. It wants an older pySigma than we use, so it stands in an environment of its own.
set -eu
cd "$(dirname "$0")/.."
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
"${1:-python3}" -m venv "$place"
"$place/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r requirements/sigma.txt
mkdir "$place/rules"
for rule in alerts/rules/*.yaml; do
    case $rule in *.cases.yaml) ;; *) cp "$rule" "$place/rules/" ;; esac
done
# The two checks left out fetch the list of all ATT&CK and D3FEND tags from the network.
"$place/bin/sigma" check --fail-on-error --fail-on-issues -P '*.yaml' -x attacktag -x d3_fendtag "$place/rules"
