"""What an attacker who has read the rules gets away with: tries per account and day that no incident names.

    python -m bench.detection.evasion [--seeds N] [--weather N]

Over a grid of rate and of tries per address, each on a victim of its own, from addresses that have nothing in common, at
random times of three days; a search, not a proof: a better attacker may find more.
"""

import argparse
import tempfile
from collections import defaultdict
from pathlib import Path

from bench.detection.life import DAY_S, Life, Person
from bench.detection.server import Act
from bench.detection.trial import Seen, read, seconds, write
from bench.detection.weather import Weather

_RATES = (1, 2, 3, 4, 6, 8, 12, 24)  # tries a day at one account
_REUSES = (1, 3)  # tries of one address
_FIRST_DAY, _DAYS = 8, 3


def guess(life: Life, victim: Person, rate: int, reuse: int) -> tuple[list[Act], set[str]]:
    """Try a password so often a day, every address so many times."""
    acts: list[Act] = []
    addresses: list[str] = []
    for number in range(rate * _DAYS):
        if number % reuse == 0:
            addresses.append(life.stranger())
        at = (_FIRST_DAY + life.chance.uniform(0, _DAYS)) * DAY_S
        acts.append(life.server.refused(at, victim.account, addresses[-1]))
    return acts, {victim.account, *addresses}


def is_seen(seen: Seen, names: set[str]) -> bool:
    """Say whether an incident names the account or an address, and was active while it was tried."""
    return any(
        names & {one.primary[1], *(value for values in one.entities.values() for value in values)}
        for one in seen.incidents
        if seconds(one.last_seen_us) >= _FIRST_DAY * DAY_S
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--weather", type=int, default=500)
    args = parser.parse_args()
    found: dict[tuple[int, int], int] = defaultdict(int)
    for seed in range(1, args.seeds + 1):
        life = Life(seed, people=60, days=_FIRST_DAY + _DAYS + 1)
        acts = [*life.acts(), *Weather(args.weather, names=0).acts(life)]
        tried: dict[tuple[int, int], set[str]] = {}
        victims = iter(life.people[20:])
        for reuse in _REUSES:
            for rate in _RATES:
                own, tried[reuse, rate] = guess(life, next(victims), rate, reuse)
                acts += own
        with tempfile.TemporaryDirectory() as directory:
            log = Path(directory) / "mail.log"
            write(log, (act for act in acts if act.at_s < life.days * DAY_S))
            seen = read(log)
        for key, names in tried.items():
            found[key] += is_seen(seen, names)
    print(f"| tries of one address | {' | '.join(f'{rate} a day' for rate in _RATES)} |")
    print("|---" * (len(_RATES) + 1) + "|")
    for reuse in _REUSES:
        print(f"| {reuse} | {' | '.join(f'{found[reuse, rate]} of {args.seeds}' for rate in _RATES)} |")


if __name__ == "__main__":
    main()
