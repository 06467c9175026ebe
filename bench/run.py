"""Hold `parse` and `scan --state` against what administrators run today, on one generated log in one run.

    python -m bench.run [--lines 1000000] [--runs 3] [--longer 4] [--write]

pflogsumm, logwatch and fail2ban-regex take part where they are installed (`apt-get install pflogsumm logwatch fail2ban`).
Ratios of CPU seconds are what counts; absolute figures are of the machine. `--longer` scans a log that many times as long
once, which shows whether memory grows with it; 0 leaves it out. `--write` puts the table into bench/RESULTS.md.
"""

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from bench.generate import write

_STAGE_LINES = 200_000  # enough for what is done once to weigh little
_RESULTS = Path(__file__).with_name("RESULTS.md")


class Figures(NamedTuple):
    cpu_s: float
    wall_s: float
    peak_mib: float


def measure(command: list[str]) -> Figures:
    """Run a command, its output thrown away; give what the system accounted for it.

    Python may keep what it compiled, as where mailwarden is installed.
    """
    started = time.monotonic()
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    nowhere = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=nowhere, stderr=nowhere, env=environment) as process:
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0
    return Figures(usage.ru_utime + usage.ru_stime, time.monotonic() - started, usage.ru_maxrss / 1024)


def commands(log: Path, state: Path) -> dict[str, Callable[[], list[str]]]:
    """Give the contestants; each run of a scan begins from nothing."""
    own = str(Path(sys.executable).with_name("mailwarden"))

    def scan() -> list[str]:
        shutil.rmtree(state, ignore_errors=True)
        return [own, "scan", "--state", str(state), "--timezone", "UTC", "--year", "2026", str(log)]

    found: dict[str, Callable[[], list[str]]] = {
        "mailwarden scan --state": scan,
        "mailwarden parse": lambda: [own, "parse", "--timezone", "UTC", "--year", "2026", str(log)],
    }
    if shutil.which("pflogsumm"):
        found["pflogsumm"] = lambda: ["pflogsumm", str(log)]
    if shutil.which("logwatch"):
        found["logwatch (postfix, dovecot)"] = lambda: [
            "logwatch", "--service", "postfix", "--service", "dovecot", "--range", "all", "--archives", "no",
            "--logdir", str(log.parent), "--numeric", "--output", "stdout",
        ]  # fmt: skip
    if shutil.which("fail2ban-regex"):
        found["fail2ban-regex (postfix)"] = lambda: ["fail2ban-regex", str(log), "postfix[mode=aggressive]"]
    return found


def stages(log: Path, state: Path, lines: int) -> list[tuple[str, float]]:
    """Give what each stage of a scan costs in µs a line, measured in this process on the first lines of the log.

    Two scans: what runs for every line is timed in the second alone, so that the clock's own cost stays out of the others.
    """
    # Here and not above: a process is accounted at least the memory of the one that starts it.
    from mailwarden.alerts.detection.engine import Engine
    from mailwarden.parsers.envelope import Reader
    from mailwarden.pipeline.admission.lane import Lane
    from mailwarden.pipeline.configuration.configuration import Configuration
    from mailwarden.pipeline.fold import Fold
    from mailwarden.pipeline.rollups import Rollups
    from mailwarden.pipeline.runner import Runner
    from mailwarden.pipeline.scan import scan

    part = state.with_name("part.log")
    with log.open("rb") as whole:
        part.write_bytes(b"".join(islice(whole, lines)))
    spent: dict[str, float] = {}

    def once() -> float:
        shutil.rmtree(state, ignore_errors=True)
        began = time.process_time()
        with scan([str(part)], state=state, zone="UTC", year=2026, configuration=Configuration()):
            return time.process_time() - began

    with _timed(spent, (Reader, "read_lines"), (Lane, "fill"), (Fold, "take"), (Runner, "commit")):
        whole_s = once()
    counts = {"count_lines", *(act.__name__ for act in Rollups().actions.values())}
    with _timed(spent, (Engine, "detect"), *((Rollups, name) for name in counts)):
        once()
    fold_s, rest_s = (
        spent["Fold.take"],
        whole_s - sum(spent[one] for one in ("Lane.fill", "Fold.take", "Runner.commit")),
    )
    rollups_s = sum(seconds for name, seconds in spent.items() if name.startswith("Rollups."))
    return [
        (name, seconds * 1e6 / lines)
        for name, seconds in (
            ("read, cut into lines, place in time", spent["Lane.fill"] - spent["Reader.read_lines"]),
            ("envelope and parse", spent["Reader.read_lines"]),
            ("correlate, facts and incidents", fold_s - spent["Engine.detect"] - rollups_s),
            ("rules and detectors", spent["Engine.detect"]),
            ("rollups", rollups_s),
            ("commit", spent["Runner.commit"]),
            ("rules loaded, store opened, batches handed on", rest_s),
        )
    ]


@contextmanager
def _timed(spent: dict[str, float], *methods: tuple[type, str]) -> Iterator[None]:
    """Add up the seconds that methods take, less what asking the clock costs."""
    clock = time.process_time
    began = clock()
    for _ in range(100_000):
        clock()
    asking_s = (clock() - began) / 100_000
    kept = [(owner, name, getattr(owner, name)) for owner, name in methods]

    running: set[str] = set()  # owners whose methods are timed now: what they call of their own is within

    def timing(inner: Callable[..., Any], owner: str, key: str) -> Callable[..., Any]:
        spent[key] = 0.0

        def timed(*args: Any, **named: Any) -> Any:
            if owner in running:
                return inner(*args, **named)
            running.add(owner)
            began = clock()
            try:
                return inner(*args, **named)
            finally:
                spent[key] += clock() - began - asking_s
                running.discard(owner)

        return timed

    for owner, name, inner in kept:
        setattr(owner, name, timing(inner, owner.__name__, f"{owner.__name__}.{name}"))
    try:
        yield
    finally:
        for owner, name, inner in kept:
            setattr(owner, name, inner)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--longer", type=int, default=4)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    rows: list[str] = []
    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory) / "mail.log"
        write(log, args.lines, 7)
        contestants = commands(log, Path(directory) / "state")
        taken: dict[str, list[Figures]] = {name: [] for name in contestants}
        for _ in range(args.runs):  # in turn, so that the machine's mood meets all alike
            for name, command in contestants.items():
                taken[name].append(measure(command()))
        medians = {
            name: Figures(*(statistics.median(one[place] for one in figures) for place in range(3)))
            for name, figures in taken.items()
        }
        base = medians.get("pflogsumm", next(iter(medians.values()))).cpu_s
        rows += ["| command | CPU s | of pflogsumm's | wall s | peak MiB |", "|---|---|---|---|---|"]
        for name, one in medians.items():
            rows.append(
                f"| {name} | {one.cpu_s:.1f} | {one.cpu_s / base:.2f} | {one.wall_s:.1f} | {one.peak_mib:.0f} |"
            )
        if args.longer:
            scan = "mailwarden scan --state"
            write(log, args.lines * args.longer, 7)
            long = measure(contestants[scan]())
            rows.append(
                f"| {scan}, {args.lines * args.longer:,} lines | {long.cpu_s:.1f} | | {long.wall_s:.1f} | "
                f"{long.peak_mib:.0f} |"
            )
        part = min(args.lines, _STAGE_LINES)
        budget = stages(log, Path(directory) / "state", part)
    rows += ["", f"| stage (a scan of the first {part:,} lines, in one process) | µs a line |", "|---|---|"]
    rows += [f"| {name} | {cost:.2f} |" for name, cost in budget]
    head = [
        "# Bench results",
        "",
        f"`python -m bench.run --lines {args.lines} --runs {args.runs} --longer {args.longer} --write` on "
        f"{os.cpu_count()} cores of {platform.machine()}, Python {platform.python_version()}. One generated log of "
        f"{args.lines:,} lines, medians.",
        "What runs for every line is timed call by call, which adds to it: a whole scan costs less than the stages' sum.",
        "",
    ]
    text = "\n".join([*head, *rows]) + "\n"
    sys.stdout.write(text)
    if args.write:
        _RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
