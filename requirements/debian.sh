#!/bin/sh
# The programs of Debian and Ubuntu that some tests take, and which are not here.
#   requirements/debian.sh          say which, and the command that brings them
#   requirements/debian.sh install  bring them (as root)
set -eu

PATH="$PATH:/usr/sbin:/sbin"
need=
want() { # program, packages, what for
    command -v "$1" >/dev/null 2>&1 || need="$need $2"
}
want logrotate logrotate                  # its ways of rotating
want unbound unbound                      # the name server of the probes' tests
want dovecot dovecot-imapd                # the mailbox of the reports of others
want promtool prometheus                  # checks the alert rules of Prometheus
want chromium "chromium fonts-noto-cjk"   # shows the page
want nft nftables                         # checks the sets of the block list
want fail2ban-client fail2ban             # reads the block list's log
want systemd-analyze systemd              # checks the unit that setup writes
want spamassassin spamassassin            # judges our alerts and reports
want /lib/systemd/systemd-journal-remote systemd-journal-remote  # makes a journal to be read
want ss iproute2                          # reads the filters by which a thief is cut off
want groff groff-base                     # lays out the manual page

if [ -z "$need" ]; then
    exit 0
elif [ "${1:-}" = install ]; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q
    # shellcheck disable=SC2086 # several words
    apt-get install -y -q --no-install-recommends $need
else
    echo "Tests that take other programs are left out. To run them too:  sudo apt-get install --no-install-recommends$need"
fi
