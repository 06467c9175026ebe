"""Show mailwarden at work: `make demo`, or `python demo/run.py [--keep DIR]`.

Sample logs of real servers are written line by line into growing files, with one rotation, while `mailwarden run` follows
them. The samples are of several days; here they are made one, and their servers are told apart. Alerts go to a receiver on
this machine. In the end stand the verdict, the incidents, the alerts as they arrived and the report of the day. Whatever of
these is missing makes the demo fail.
"""

import argparse
import http.server
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path
from typing import Any, NamedTuple

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.incidents.severity import severity_shape, severity_word
from mailwarden.alerts.terms import severity_rank
from mailwarden.alerts.words.escape import printable
from mailwarden.alerts.words.translate import translator
from mailwarden.parsers.errors import MailwardenError
from mailwarden.pipeline.cli.incident_view import top_level
from mailwarden.pipeline.cli.scan_view import verdict
from mailwarden.pipeline.places import store_path
from mailwarden.pipeline.showing.sentences import Sentences
from mailwarden.pipeline.store import Store

SAMPLES = Path(__file__).resolve().parent.parent / "sample_logs"
REPORT_DAY = "2026-11-23"
GROWING_S = 22.0
PATIENCE_S = 20.0  # for what is still to be read and told when the last line stands
STEP_S = 0.02
_TIME = re.compile(r"\d\d:\d\d:\d\d")
_STAMP = re.compile(rb"^(?:(?:Mar|Nov) \d\d|2026-11-23) (\d\d)")  # of syslog, and of Exim's own log

CONFIGURATION = """\
language: en
timezone: UTC
state: {state}
sources:
  - {logs}/mail.log
  - {logs}/exim_mainlog
  - {logs}/exim_rejectlog
  - {logs}/maillog
  - {logs}/secure
alerts:
  channels:
    demo: json://127.0.0.1:{port}/
"""


class Failure(Exception):
    """What the demo should have shown and did not."""


class Step(NamedTuple):
    """A scenario, whose files grow together; before it the log may be rotated.

    It is put `later_h` hours later in the day than it was. Its server may be one beside the first: each called itself `mx`
    and sent from 192.0.2.77 when it wrote its log.
    """

    scenario: str
    what: str
    later_h: int = 0
    rotate: bool = False
    server: tuple[bytes, bytes] = (b"mx", b"192.0.2.77")


STEPS = [
    Step("ordinary_day", "an ordinary morning: nothing may be told"),
    Step("account_takeover", "an account is guessed at, then sends spam", 9, rotate=True),
    Step("provider_refusals", "providers refuse our mail: part of the same story", -5),
    Step("distributed_guessing", "one account is guessed from twenty addresses", -5),
    Step("exim_cpanel_takeover", "a theft on an Exim server with cPanel", -5, server=(b"web", b"192.0.2.78")),
    Step("dovecot24_guessing", "a password is guessed on Dovecot 2.4", -5),
]


class Alerts:
    """The alerts that arrived, in the form in which they arrived."""

    def __init__(self, port: int, say: Callable[[str], None]) -> None:
        self.port = port
        self.say = say
        self.got: list[dict[str, Any]] = []

    def take(self, body: bytes) -> None:
        """Keep one, and tell of it."""
        alert = json.loads(body)
        self.got.append(alert)
        self.say(f"  alert delivered: {printable(alert['title'])}")


@contextmanager
def receiving(say: Callable[[str], None]) -> Iterator[Alerts]:
    """Accept what is posted to a free port of this machine, until the block ends."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            alerts.take(self.rfile.read(int(self.headers.get("Content-Length", 0))))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        alerts = Alerts(server.server_address[1], say)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield alerts
        finally:
            server.shutdown()
            thread.join()


class Service:
    """`mailwarden run` as a process, and the other commands beside it."""

    def __init__(self, directory: Path, port: int) -> None:
        self.logs = directory / "logs"
        self.logs.mkdir()
        self.state = directory / "state"
        self.configuration = directory / "mailwarden.yml"
        self.configuration.write_text(CONFIGURATION.format(state=self.state, logs=self.logs, port=port))
        self._log = directory / "run.log"
        self._process: subprocess.Popen[bytes] | None = None

    def command(self, *arguments: str) -> list[str]:
        """Give the command line of a command with the demo's configuration."""
        return [sys.executable, "-m", "mailwarden", "--config", str(self.configuration), *arguments]

    def start(self) -> None:
        """Begin to follow, and wait until that is so."""
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self.command("run", "--clock", "stream"), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self.wait(lambda: store_path(self.state).exists(), "mailwarden run did not start")

    def wait(self, done: Callable[[], bool], otherwise: str) -> None:
        """Wait until something is so.

        Raises:
            Failure: It does not become so, or the service has ended.
        """
        end = time.monotonic() + PATIENCE_S
        while not done():
            self.check()
            if time.monotonic() > end:
                raise Failure(f"{otherwise} within {PATIENCE_S:.0f} s.\n{self._said()}")
            time.sleep(0.1)

    def check(self) -> None:
        """See that the service is alive."""
        if self._process is None or self._process.poll() is not None:
            raise Failure(f"mailwarden run ended by itself.\n{self._said()}")

    def stop(self) -> None:
        """End it with SIGTERM; it must leave with 0."""
        self.check()
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        try:
            status = self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            raise Failure(f"mailwarden run did not end on SIGTERM.\n{self._said()}") from None
        if status != 0:
            raise Failure(f"mailwarden run ended with {status} on SIGTERM.\n{self._said()}")

    def kill(self) -> None:
        """See that nothing is left running, whatever went wrong."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def lines_read(self) -> int:
        """Count the lines that were read and committed."""
        try:
            with Store.open(store_path(self.state), read_only=True) as store:
                return sum(count for name, _, _, _, count in store.rollup_sums(0, 1 << 62) if name == "lines")
        except MailwardenError:  # not yet there in full
            return 0

    def settled(self, written: int) -> Callable[[], bool]:
        """Give a question: has all been read? Copies are counted once, so a few fewer than written are all."""
        before = [0, 0]

        def ask() -> bool:
            before.append(self.lines_read())
            return written * 0.99 <= before[-1] == before[-8:][0]

        return ask

    def incidents(self) -> list[Incident]:
        """Give all incidents, the worst first."""
        with Store.open(store_path(self.state), read_only=True) as store:
            found = store.incidents()
        return sorted(found, key=lambda one: (-severity_rank(one.severity), one.opened_us))

    def report(self, day: str) -> str:
        """Give what `mailwarden report DAY` prints."""
        done = subprocess.run(
            self.command("report", day),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        if done.returncode != 0 or not done.stdout.strip():
            raise Failure(f"mailwarden report {day} gave no report (exit {done.returncode}).\n{done.stderr}")
        return done.stdout.strip()

    def _said(self) -> str:
        return self._log.read_text(errors="replace").strip()


def lines_of(step: Step) -> Iterator[tuple[str, bytes]]:
    """Give the lines of a scenario's files as (file, line), in the order of their times, as of the day and the server."""
    rows = []
    name, address = step.server
    for path in sorted((SAMPLES / step.scenario).iterdir()):
        if path.name == "README.md":
            continue
        at = ""
        for line in path.read_bytes().splitlines(keepends=True):
            found = _TIME.search(line[:40].decode("ascii", "replace"))
            at = found[0] if found else at  # a continuation belongs to the line before
            day = b"Nov 23 " if line.startswith((b"Mar", b"Nov")) else b"2026-11-23 "
            line = _STAMP.sub(lambda stamp: b"%s%02d" % (day, int(stamp[1]) + step.later_h), line)  # noqa: B023
            line = line.replace(b" mx ", b" " + name + b" ", 1).replace(b"192.0.2.77", address)
            rows.append((at, path.name, line))
    rows.sort(key=lambda row: row[0])
    return ((name, line) for _, name, line in rows)


def grow(service: Service, steps: list[Step], say: Callable[[str], None]) -> int:
    """Write the scenarios into the logs at an even pace; give the number of lines."""
    plan = [(step, list(lines_of(step))) for step in steps]
    total = sum(len(lines) for _, lines in plan)
    started, written = time.monotonic(), 0
    for step, lines in plan:
        if step.rotate:
            (service.logs / "mail.log").rename(service.logs / "mail.log.1")
            say("mail.log is rotated")
        say(f"{step.scenario}: {step.what}")
        for name, line in lines:
            with (service.logs / name).open("ab") as log:
                log.write(line)
            written += 1
            ahead_s = GROWING_S * written / total - (time.monotonic() - started)
            if ahead_s > STEP_S:
                service.check()
                time.sleep(ahead_s)
    return total


def show(directory: Path) -> None:
    """Run the demo in an empty directory.

    Raises:
        Failure: Something that it should show is missing.
    """
    started = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - started:5.1f} s  {text}", flush=True)

    with receiving(say) as alerts:
        service = Service(directory, alerts.port)
        try:
            service.start()
            say("mailwarden run follows the logs of two servers, which are about to be written")
            total = grow(service, STEPS, say)
            seen = len(alerts.got)
            service.wait(service.settled(total), f"not all of the {total} lines were read")
            service.wait(lambda: len(alerts.got) > 0, "no alert was delivered")
            service.stop()
            say("mailwarden run was asked to end, and did")
        finally:
            service.kill()
        incidents = top_level(service.incidents())
        if not incidents:
            raise Failure("No incident was found.")
        report = service.report(REPORT_DAY)
        _summary(incidents, alerts.got, seen, total, time.monotonic() - started, report)


def _summary(
    incidents: list[Incident], alerts: list[dict[str, Any]], live: int, total: int, seconds: float, report: str
) -> None:
    english = translator("en")
    sentences = Sentences(incidents, english, UTC)
    found = verdict(Counter(one.severity for one in incidents), english).rstrip(".")
    print(f"\n{found}. {total:,} lines were followed as they were written, in {seconds:.0f} s;")
    print(f"{len(alerts)} alerts were delivered, {live} of them while the logs still grew.\n")
    for incident in incidents:
        mark = f"{severity_shape(incident.severity)} {severity_word(incident.severity, english)}"
        print(f"{mark:<11} {sentences.short(incident.id):<5} {printable(sentences.title(incident))}")
    first, *others = alerts
    print(_heading("The first alert, as it arrived"))
    print("\n".join(f"  {printable(row)}" for row in [first["title"], *first["message"].split("\n")]))
    if others:
        print("\n  After it came:")
        print("\n".join(f"  {printable(alert['title'])}" for alert in others))
    print(_heading(f"The report of the day: mailwarden report {REPORT_DAY}"))
    print("\n".join(f"  {row}".rstrip() for row in report.split("\n")))
    print(_heading("On your own server"))
    print("  sudo mailwarden scan     look back: what went wrong in the logs that are there")
    print("  sudo mailwarden setup    watch from now on: three questions, all of them may be skipped")


def _heading(text: str) -> str:
    return f"\n── {text} ".ljust(80, "─") + "\n"


def main() -> int:
    """Run the demo; give 0, or 1 where something was missing."""
    parser = argparse.ArgumentParser(description="Show mailwarden at work on sample logs that grow.")
    parser.add_argument("--keep", metavar="DIR", type=Path, help="work in this new directory, and leave it there")
    keep: Path | None = parser.parse_args().keep
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    os.environ |= {"LC_ALL": "C.UTF-8", "NO_COLOR": "1"}
    try:
        directory = Path(tempfile.mkdtemp(prefix="mailwarden-demo-")) if keep is None else keep.absolute()
        directory.mkdir(parents=True, exist_ok=keep is None)
    except FileExistsError:
        print(f"{keep}: exists already. Name a directory that does not.", file=sys.stderr)
        return 2
    try:
        show(directory)
    except Failure as failure:
        print(f"\n✗ The demo failed. {failure}", file=sys.stderr)
        return 1
    finally:
        if keep is None:
            shutil.rmtree(directory, ignore_errors=True)
    if keep is not None:
        print(f"\nKept in {directory}: mailwarden --config {directory / 'mailwarden.yml'} show ID")
    return 0


if __name__ == "__main__":
    sys.exit(main())
