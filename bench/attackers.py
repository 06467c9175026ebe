"""What a scan costs while a botnet guesses: nearly every line is from an address that was never seen before.

    python -m bench.attackers [--addresses 1000000] [--days 3] [--write FILE]

The worst that guessing can do to memory and disk: nothing is known of any address, and each must be remembered. `--write`
makes the log and leaves it there.
"""

import argparse
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from bench.run import measure

_START = datetime(2026, 3, 1, tzinfo=UTC)
_PEOPLE = 3000
_AGAIN = 0.3  # of the addresses try twice
_V6 = 0.5  # of them are of IPv6
_SPREAD = 2654435761  # odd: number times this, modulo a power of two, meets every number once, in no order


def address(number: int, chance: random.Random) -> str:
    """Give an address that no other number has: a /64 of the documentation's, or one of the reserved 240.0.0.0/4."""
    if chance.random() < _V6:
        net = number * _SPREAD & 0xFFFFFFFF
        return f"2001:db8:{net >> 16:x}:{net & 65535:x}::{chance.randrange(1, 65536):x}"
    return str(IPv4Address(0xF0000000 + (number * _SPREAD & 0xFFFFFFF)))


def lines(addresses: int, days: float, seed: int) -> Iterator[str]:
    """Give a failed login of each address, or two, at accounts that there are."""
    chance = random.Random(seed)
    for number in range(addresses):
        peer = f"unknown[{address(number, chance)}]"
        now = _START + timedelta(days=days * number / addresses)
        for _ in range(2 if chance.random() < _AGAIN else 1):
            who = f"person{chance.randrange(_PEOPLE)}@example.org"
            yield (
                f"{now:%b} {now.day:2d} {now:%H:%M:%S} mx1 postfix/smtpd[{chance.randrange(1000, 4000)}]: warning: {peer}:"
                f" SASL LOGIN authentication failed: (reason unavailable), sasl_username={who}\n"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--addresses", type=int, default=1_000_000)
    parser.add_argument("--days", type=float, default=3)
    parser.add_argument("--write", type=Path, metavar="FILE")
    args = parser.parse_args()
    if args.write:
        with args.write.open("w", encoding="utf-8") as file:
            file.writelines(lines(args.addresses, args.days, 7))
        return
    with tempfile.TemporaryDirectory() as directory:
        log, state = Path(directory) / "mail.log", Path(directory) / "state"
        with log.open("w", encoding="utf-8") as file:
            file.writelines(lines(args.addresses, args.days, 7))
        with log.open(encoding="utf-8") as file:
            count = sum(1 for _ in file)
        own = str(Path(sys.executable).with_name("mailwarden"))
        taken = measure([own, "scan", "--state", str(state), "--timezone", "UTC", "--year", "2026", str(log)])
        disk_mib = sum(one.stat().st_size for one in state.iterdir()) / 1048576
        shutil.rmtree(state)
    sys.stdout.write(
        f"{args.addresses:,} addresses: {taken.cpu_s:.1f} CPU s, {taken.cpu_s * 1e6 / count:.0f} µs a line, "
        f"peak {taken.peak_mib:.0f} MiB, {disk_mib:.0f} MiB on disk\n"
    )


if __name__ == "__main__":
    main()
