"""Kill the service more than a hundred times, and see that nothing was lost: the long form of tests/promises.

    python -m bench.soak [--kills N] [--growths N] [--seed N] [LOG…]

Each growth takes one of the logs (plain or .gz; by default those of tests/data), lets it grow beside a service that is
killed again and again, and compares with one scan. Then the service is killed around the moment at which it tells.
"""

import argparse
import gzip
import json
import random
import sys
import tempfile
import time
from pathlib import Path

TESTS = Path(__file__).parents[1] / "tests"
sys.path[:0] = [str(TESTS / "promises"), str(TESTS / "alerts")]

from growth import Growth  # noqa: E402
from test_notices import check, disturbed, expected_notices  # noqa: E402


def grow(log: Path, seed: int) -> str | None:
    """Let one log grow; give what differs, or None."""
    data = log.read_bytes()
    lines = (gzip.decompress(data) if log.suffix == ".gz" else data).splitlines(keepends=True)
    if lines and not lines[-1].endswith(b"\n"):
        lines[-1] += b"\n"
    chance = random.Random(seed)
    rotation = chance.choice(["rename", "copytruncate", ""])
    with tempfile.TemporaryDirectory() as directory:
        growth = Growth(Path(directory), {"mail.log": lines}, seed, rotation)
        watched, scanned = growth.run(chance.randint(2, 6)), growth.scan()
    if json.dumps(watched) == json.dumps(scanned):
        return None
    return f"{log.name}, seed {seed}, {rotation or 'no rotation'}:\n{json.dumps(watched)}\n{json.dumps(scanned)}"


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=110)
    parser.add_argument("--growths", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("logs", nargs="*", type=Path)
    asked = parser.parse_args()
    logs = asked.logs or [log for log in sorted((TESTS / "data").glob("*.gz")) if not log.name.startswith("exim")]
    began = time.monotonic()
    differ = 0
    for number in range(asked.growths):
        log = logs[number % len(logs)]
        try:
            said = grow(log, asked.seed + number)
        except AssertionError as error:
            said = f"{log.name}, seed {asked.seed + number}: {error}"
        differ += said is not None
        print(f"growth {number + 1} of {asked.growths}: {said or 'the same as one scan'}", flush=True)
    with tempfile.TemporaryDirectory() as directory:
        expected = expected_notices(Path(directory) / "undisturbed", asked.kills)
        trial = disturbed(Path(directory) / "killed", asked.kills, asked.seed)
        told, again = check(trial, expected)
    print(
        f"{asked.kills} kills around the moment of telling: {told} messages for {len(expected)} notices, none lost,"
        f" {again} told again under their id. {differ} of {asked.growths} growths differ."
        f" {time.monotonic() - began:.0f} s."
    )
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
