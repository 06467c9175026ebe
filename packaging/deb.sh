#!/bin/sh
# Build a Debian package from the checkout: packaging/deb.sh [DIRECTORY for the package, default dist]
# It holds an environment of its own in /opt/mailwarden with the locked dependencies, since Debian has not all of them, for the
# Python of this machine; nothing of the machine itself is changed.
set -eu
cd "$(dirname "$0")/.."
out=${1:-dist}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
home=$root/opt/mailwarden
mkdir -p "$home" "$out" "$root/DEBIAN" "$root/usr/bin" "$root/usr/share/man/man1" "$root/usr/share/doc/mailwarden" \
    "$root/usr/share/bash-completion/completions" "$root/usr/share/zsh/vendor-completions" "$root/usr/share/fish/vendor_completions.d"

python=${PYTHON:-python3}
for candidate in /usr/bin/python3; do # the one that the package depends on
    if [ -z "${PYTHON:-}" ] && "$candidate" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$candidate
    fi
done
requirements/setup.sh install "$home" "$python" 2>/dev/null
minor=$("$home/bin/python" -c 'import sys; print(sys.version_info[1])')
version=$("$home/bin/python" -c 'import importlib.metadata; print(importlib.metadata.version("mailwarden"))')

for language in en ja; do
    pages=$root/usr/share/man/man1
    test "$language" = en || pages=$root/usr/share/man/$language/man1
    mkdir -p "$pages"
    LANGUAGE=$language PYTHONUTF8=1 "$home/bin/python" -m mailwarden.pipeline.cli.manual | gzip -9n >"$pages/mailwarden.1.gz"
done
_MAILWARDEN_COMPLETE=bash_source "$home/bin/mailwarden" >"$root/usr/share/bash-completion/completions/mailwarden"
_MAILWARDEN_COMPLETE=zsh_source "$home/bin/mailwarden" >"$root/usr/share/zsh/vendor-completions/_mailwarden"
_MAILWARDEN_COMPLETE=fish_source "$home/bin/mailwarden" >"$root/usr/share/fish/vendor_completions.d/mailwarden.fish"
cp LICENSE "$root/usr/share/doc/mailwarden/copyright"
gzip -9nc CHANGELOG.md >"$root/usr/share/doc/mailwarden/changelog.gz"
cp -r mailwarden.example.yml docs/monitoring "$root/usr/share/doc/mailwarden/"
cp packaging/debian/* "$root/DEBIAN/"

# The environment was made here and is to work there: its scripts name their Python, which is the system's.
rm -rf "$home"/lib/python*/site-packages/pip "$home"/lib/python*/site-packages/pip-* "$home"/bin/pip*
find "$home" -name __pycache__ -type d -prune -exec rm -rf {} +
grep -rlI "$home" "$home/bin" "$home/pyvenv.cfg" | xargs sed -i "s|$home|/opt/mailwarden|g"
ln -sfn "/usr/bin/python3.$minor" "$home/bin/python3"
ln -sfn python3 "$home/bin/python"
ln -sfn /opt/mailwarden/bin/mailwarden "$root/usr/bin/mailwarden"

cat >"$root/DEBIAN/control" <<CONTROL
Package: mailwarden
Version: $version
Architecture: $(dpkg --print-architecture)
Maintainer: The mailwarden maintainers <maintainers@mailwarden.example>
Installed-Size: $(du -sk "$root" | cut -f1)
Depends: python3 (>= 3.$minor), python3 (<< 3.$((minor + 1)))
Section: mail
Priority: optional
Description: reads mail-server logs and tells what goes wrong
 Reads what Postfix, Dovecot, Exim, OpenSMTPD, sendmail, Courier, Haraka and
 Cyrus log and tells a person, early and once, what is going wrong: guessed
 passwords, accounts that were taken over, open relays, providers that refuse,
 block lists.
 .
 Look back with "mailwarden scan", watch with "mailwarden setup".
CONTROL
package=$out/mailwarden_${version}_$(dpkg --print-architecture).deb
dpkg-deb --root-owner-group -Zgzip -z6 --build "$root" "$package" >/dev/null
echo "$package"
