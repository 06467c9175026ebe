#!/bin/sh
# `make demo` and `make test` as a stranger meets them: on a fresh Debian or Ubuntu with Python and make, not as root.
#   tests/fresh.sh SUITE [OPTION OF DEBOOTSTRAP]...     (bookworm, trixie, noble ...; as root; takes debootstrap, 2 GB, a quarter of an hour)
set -eu
cd "$(dirname "$0")/.."

suite=$1
shift
root=$(mktemp -d)
chmod 755 "$root" # it becomes the root of somebody who is not root
leave() {
    umount -q "$root/dev/pts" "$root/dev" "$root/proc" "$root/sys" || true
    rm -rf --one-file-system "$root"
}
trap leave EXIT

debootstrap --variant=minbase --include=python3,python3-venv,make,ca-certificates,git "$@" "$suite" "$root" >/dev/null
mount --bind /dev "$root/dev"
mount -t devpts devpts "$root/dev/pts"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
cp /etc/resolv.conf /etc/hosts "$root/etc/"
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/" # with those that this machine trusts besides

chroot "$root" useradd --create-home stranger
git clone --quiet . "$root/home/stranger/mailwarden"
chroot "$root" chown -R stranger /home/stranger
for what in demo test; do
    chroot "$root" su - stranger -c "cd mailwarden && PIP_CERT=/etc/ssl/certs/ca-certificates.crt make $what"
done
