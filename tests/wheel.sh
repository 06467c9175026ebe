#!/bin/sh
# Install the built wheel with the locked run-time dependencies into an environment of its own, and use it from there.
set -eu
cd "$(dirname "$0")/.."
checkout=$(pwd)
environment=$checkout/build/installed
sample=$checkout/sample_logs/account_takeover/mail.log
rm -rf "$environment"
.venv/bin/python -m venv "$environment"
pip="$environment/bin/python -m pip install -qq --disable-pip-version-check --no-compile"
$pip --require-hashes -r requirements/run.txt
$pip --no-deps --no-index dist/mailwarden-*.whl

# Whoever packages it gets all that the checkout has: documentation and packaging, too.
tar -tzf dist/mailwarden-*.tar.gz >build/sdist.txt
for file in docs/rules.md mkdocs.yml packaging/Containerfile packaging/deb.sh; do
    grep -q "/$file\$" build/sdist.txt || { echo "the sdist lacks $file" >&2; exit 1; }
done

elsewhere=$(mktemp -d)
trap 'rm -rf "$elsewhere"' EXIT
cd "$elsewhere"
export HOME="$elsewhere" XDG_CACHE_HOME="$elsewhere/cache" XDG_STATE_HOME="$elsewhere/state" LC_ALL=C.UTF-8
mailwarden=$environment/bin/mailwarden
"$mailwarden" --version
"$mailwarden" --help >help.txt
"$mailwarden" rules list >rules.txt
"$mailwarden" scan "$sample" >scan.txt
grep -q CRITICAL scan.txt
"$environment/bin/python" -m mailwarden parse "$sample" >events.jsonl
[ "$(wc -l <events.jsonl)" -eq "$(wc -l <"$sample")" ]
echo "The installed wheel works: $(head -n 1 scan.txt)"
