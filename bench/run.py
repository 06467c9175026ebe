"""Hold `parse` and `scan --state` against what administrators run today, on one generated log in one run.

    python bench/run.py [--lines 1000000] [--runs 3] [--write]

pflogsumm and fail2ban-regex take part where they are installed. (logwatch read no line of a single file with the options
tried, so it is left out.) Ratios of CPU seconds are what counts; absolute
figures are of the machine. `--write` puts the table into bench/RESULTS.md.
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
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from typing import Any, NamedTuple

from generate import write

_RESULTS = Path(__file__).with_name("RESULTS.md")


class Figures(NamedTuple):
    cpu_s: float
    wall_s: float
    peak_mib: float


def measure(command: list[str]) -> Figures:
    """Run a command, its output thrown away; give what the system accounted for it."""
    started = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
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
    if shutil.which("fail2ban-regex"):
        found["fail2ban-regex (postfix)"] = lambda: ["fail2ban-regex", str(log), "postfix[mode=aggressive]"]
    return found


def stages(log: Path, lines: int) -> list[tuple[str, float]]:
    """Give what each stage costs in µs a line, measured in this process over the first lines of the log."""
    texts = log.read_text(encoding="utf-8").split("\n")[:lines]
    # Here and not above: a process is accounted at least the memory of the one that starts it.
    from mailwarden.alerts.compiler import load_rules
    from mailwarden.alerts.engine import load_detectors
    from mailwarden.alerts.site import Site
    from mailwarden.parsers.envelope import Reader
    from mailwarden.pipeline.fold import Fold
    from mailwarden.pipeline.store import Commit, Store

    clock = time.process_time
    found: list[tuple[str, float]] = []

    def note(name: str, seconds: float) -> None:
        found.append((name, seconds * 1e6 / len(texts)))

    began = clock()
    reader = Reader(zone=UTC, year=2026)
    events = reader.read_lines(texts)
    note("envelope and parse", clock() - began)
    for number, event in enumerate(events):
        event.stream_us, event.log_offset = event.timestamp_us, number
    with tempfile.TemporaryDirectory() as directory, Store.open(Path(directory) / "bench.db") as store:
        fold = Fold(Site(), load_rules(), load_detectors(), store, lambda _: "bench")
        spent = {"rules and detectors": 0.0, "rollups": 0.0}
        _timed(fold.engine, "detect", spent, "rules and detectors", clock)
        _timed(fold.rollups, "count", spent, "rollups", clock)
        fold._steps = fold._plan()
        began = clock()
        fold.take(events)
        whole = clock() - began
        note("correlate, facts and incidents", whole - sum(spent.values()))
        for name, seconds in spent.items():
            note(name, seconds)
        began = clock()
        changed, _ = fold.incidents.drain()
        store.commit(Commit(batch=1, states=fold.rows(), incidents=changed, rollups=fold.rollups.drain()))
        note("commit", clock() - began)
    return found


def _timed(owner: Any, name: str, spent: dict[str, float], stage: str, clock: Callable[[], float]) -> None:
    inner = getattr(owner, name)

    def timed(event: Any) -> Any:
        began = clock()
        try:
            return inner(event)
        finally:
            spent[stage] += clock() - began

    setattr(owner, name, timed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
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
        budget = stages(log, min(args.lines, 100_000))
    rows += ["", "| stage (first 100,000 lines, in one process) | µs a line |", "|---|---|"]
    rows += [f"| {name} | {cost:.2f} |" for name, cost in budget]
    head = [
        "# Bench results",
        "",
        f"`python bench/run.py --lines {args.lines} --runs {args.runs} --write` on {os.cpu_count()} cores of "
        f"{platform.machine()}, Python {platform.python_version()}. One generated log of {args.lines:,} lines, medians.",
        "The stages are timed call by call, which adds to them; a whole run costs less than their sum suggests.",
        "",
    ]
    text = "\n".join([*head, *rows]) + "\n"
    sys.stdout.write(text)
    if args.write:
        _RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
