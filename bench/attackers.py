"""What a scan costs while a botnet guesses: every line from an address, and a network, that was never seen before.

    python bench/attackers.py [--addresses 1000000]

The worst that guessing can do to memory and disk: nothing is known of any address, and each must be remembered.
"""

import argparse
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from run import measure

_START = datetime(2026, 3, 1, tzinfo=UTC)
_A_SECOND = 50
_PEOPLE = 3000


def lines(addresses: int, seed: int) -> Iterator[str]:
    """Give one failed login of each address, all of different /64 networks."""
    chance = random.Random(seed)
    for number in range(addresses):
        now = _START + timedelta(seconds=number // _A_SECOND)
        peer = f"unknown[2001:db8:{number >> 16:x}:{number & 65535:x}::{chance.randrange(1, 65536):x}]"
        who = f"person{chance.randrange(_PEOPLE)}@example.org"
        yield (
            f"{now:%b} {now.day:2d} {now:%H:%M:%S} mx1 postfix/smtpd[{chance.randrange(1000, 4000)}]: warning: {peer}:"
            f" SASL LOGIN authentication failed: (reason unavailable), sasl_username={who}\n"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--addresses", type=int, default=1_000_000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        log, state = Path(directory) / "mail.log", Path(directory) / "state"
        with log.open("w", encoding="utf-8") as file:
            file.writelines(lines(args.addresses, 7))
        own = str(Path(sys.executable).with_name("mailwarden"))
        taken = measure([own, "scan", "--state", str(state), "--timezone", "UTC", "--year", "2026", str(log)])
        disk_mib = sum(one.stat().st_size for one in state.iterdir()) / 1048576
        shutil.rmtree(state)
    sys.stdout.write(
        f"{args.addresses:,} addresses: {taken.cpu_s:.1f} CPU s, {taken.cpu_s * 1e6 / args.addresses:.0f} µs a line, "
        f"peak {taken.peak_mib:.0f} MiB, {disk_mib:.0f} MiB on disk\n"
    )


if __name__ == "__main__":
    main()
