"""How soon each command prints something, and what it costs, beside a Python that prints one word.

    python -m bench.starts [--runs 7] [COMMAND ...]

Over a store that a scan of the sample logs has filled, with a configuration and without. A command and bare Python are
called in turn, so that a busy machine slows both: the ratio holds where milliseconds do not, and so does the CPU used until
then. What counts in a pipe is the first byte of the answer; on a terminal the first byte of anything, which may be what is
being done.
"""

import argparse
import os
import pty
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

SAMPLES = Path(__file__).parents[1] / "sample_logs"
LINE = "Nov 23 00:00:01 mx1 postfix/smtpd[1]: connect from unknown[192.0.2.1]"
CONFIGURED = """\
site: {domains: [lindenhof.example]}
alerts: {channels: {chat: "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"}}
"""


class Call(NamedTuple):
    """One call of a command, in seconds."""

    first_s: float
    first_cpu_s: float
    cpu_s: float


def in_a_pipe(words: Sequence[str], names: Mapping[str, str]) -> Call:
    cpu_s, began = _cpu_s(), time.perf_counter()
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=names) as program:
        assert program.stdout is not None
        program.stdout.read(1)
        first_s, first_cpu_s = time.perf_counter() - began, _own_cpu_s(program.pid)
        program.stdout.read()
    return Call(first_s, first_cpu_s, _cpu_s() - cpu_s)


def on_a_terminal(words: Sequence[str], names: Mapping[str, str]) -> Call:
    ours, theirs = pty.openpty()
    cpu_s, began = _cpu_s(), time.perf_counter()
    with subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs, env=names) as program:
        os.close(theirs)
        os.read(ours, 1)
        first_s, first_cpu_s = time.perf_counter() - began, _own_cpu_s(program.pid)
        try:
            while os.read(ours, 65536):
                pass
        except OSError:  # the last one has closed it
            pass
    os.close(ours)
    return Call(first_s, first_cpu_s, _cpu_s() - cpu_s)


def _own_cpu_s(process: int) -> float:
    """Give what a process has used of the processor until now: what a busy machine leaves as it is."""
    used_ns = Path(f"/proc/{process}/schedstat").read_text("ascii").split()[0]
    return int(used_ns) / 1e9


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def commands(directory: Path) -> dict[str, list[str]]:
    """Give the commands that are measured, of a store that holds an incident; the scan that fills it is called first."""
    state, log = ["--state", str(directory / "state")], str(SAMPLES / "account_takeover" / "mail.log")
    told = ["--config", str(directory / "mailwarden.yml")]
    (directory / "mailwarden.yml").write_text(CONFIGURED)
    base = [sys.executable, "-m", "mailwarden"]
    subprocess.run([*base, "scan", *state, "--year", "2026", log], check=True, capture_output=True)
    found = subprocess.run([*base, "scan", "--json", "--year", "2026", log], check=True, capture_output=True, text=True)
    worst = found.stdout.partition('"incident.id":"')[2][:26]
    return {
        "--help": [*base, "--help"],
        "(none)": base,
        "show": [*base, "show", worst, *state],
        "show, configured": [*base, "show", worst, *state, *told],
        "silence --list": [*base, "silence", "--list", *state],
        "silence --list, configured": [*base, "silence", "--list", *state, *told],
        "people": [*base, "people", *state],
        "risk": [*base, "risk", *state],
        "unparsed": [*base, "unparsed", *state],
        "blocklist": [*base, "blocklist", *state],
        "find": [*base, "find", "office@lindenhof.example", log],
        "explain": [*base, "explain", LINE],
        "parse": [*base, "parse", log],
        "rules list": [*base, "rules", "list"],
        "report": [*base, "report", "2026-03-20", *state],
        "doctor": [*base, "doctor"],
        "scan": [*base, "scan", "--year", "2026", log],
    }


def measure(runs: int, only: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        names = {**os.environ, "XDG_CACHE_HOME": place, "HOME": place, "TERM": "xterm"}
        names.pop("PYTHONDONTWRITEBYTECODE", None)  # what was installed is compiled
        os.environ["XDG_CACHE_HOME"] = place
        bare = [sys.executable, "-c", "print('word')"]
        print(
            "| command | first byte in a pipe, ms | of it CPU | of bare Python's "
            "| on a terminal, ms | of it CPU | of bare Python's | CPU s |"
        )
        print("|---|---|---|---|---|---|---|---|")
        for name, words in commands(directory).items():
            if only and name not in only:
                continue
            piped, piped_bare = _paired(in_a_pipe, words, bare, names, runs)
            shown, shown_bare = _paired(on_a_terminal, words, bare, names, runs)
            print(
                f"| {name} | {_beside(piped, piped_bare)} | {_beside(shown, shown_bare)} | {piped.cpu_s:.2f} |",
                flush=True,
            )


def _beside(call: Call, bare: Call) -> str:
    return f"{call.first_s * 1000:.0f} | {call.first_cpu_s * 1000:.0f} | {call.first_s / bare.first_s:.1f}"


def _paired(
    call: Callable[[Sequence[str], Mapping[str, str]], Call],
    words: Sequence[str],
    bare: Sequence[str],
    names: Mapping[str, str],
    runs: int,
) -> tuple[Call, Call]:
    """Give the medians of a command and of bare Python, called in turn after one call each that does not count."""
    pairs = [(call(words, names), call(bare, names)) for _ in range(runs + 1)][1:]
    one, other = (Call(*(median(values) for values in zip(*calls, strict=True))) for calls in zip(*pairs, strict=True))
    return one, other


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("commands", nargs="*", help="of these alone, as the table names them")
    asked = parser.parse_args()
    measure(asked.runs, asked.commands)


if __name__ == "__main__":
    main()
