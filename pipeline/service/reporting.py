"""Reports at their time: the service lets them be written by a process of its own, keeps them, and has them sent.

A report is due when its hour of the day has passed in the site's zone and the one of the day before was not written yet.
It is written into `reports/` of the state directory under a name made of its days, and goes through the outbox like an
alert: decided once, in the batch after it was written, and delivered until a channel has accepted it. One that cannot be
written is tried again, after a minute, five, fifteen and sixty; its receivers are told when the last try failed. After a
stop the newest report that fell due meanwhile is written; older ones can be had with `mailwarden report`.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import IO

from mailwarden.alerts.incidents.incident import Incident, Notification, incident_id
from mailwarden.alerts.telling.delivery import Delivery, pack
from mailwarden.alerts.words.translate import N_
from mailwarden.parsers.errors import coded, packed, worded
from mailwarden.parsers.system_errors import reason
from mailwarden.pipeline.configuration.configuration import Configuration
from mailwarden.pipeline.configuration.zones import zone_words
from mailwarden.pipeline.runner import NO_REPORTS, Reports
from mailwarden.pipeline.store import OutboxRow

__all__ = ["REPORTED", "Reporter", "kept_report", "report_directory"]

REPORTED = "reported"
"""The name under which the store keeps the day of the last reports."""

_SUNDAY = 6
_PATIENCE_S = 600  # a report takes seconds; one that hangs must not be waited for for ever
_TRY_AGAIN_S = (60, 300, 900, 3600)  # after each failure; then it is given up
_SAID_BYTES = 4096  # of what its process said at last


def report_directory(state: Path) -> Path:
    """Give where a service keeps its reports."""
    return state / "reports"


def report_name(first: date, last: date, domain: str | None = None, server: str | None = None) -> str:
    """Give the name under which a service keeps a report, of all or of one domain or server."""
    days = last.isoformat() if first == last else f"{first.isoformat()}--{last.isoformat()}"
    return f"{days}.{domain}" if domain else f"{days}.server-{server}" if server else days


def kept_report(state: Path, name: str) -> bytes | None:
    """Give a report that was written, as a mail; None where it is gone."""
    try:
        return (report_directory(state) / f"{name}.eml").read_bytes()
    except OSError:
        return None


@dataclass(frozen=True, slots=True)
class _Order:
    """One report that is to be written."""

    name: str
    first: date
    last: date
    receivers: tuple[str, ...]
    language: str
    domain: str | None = None
    weekly: bool = False
    server: str | None = None
    tries: int = 0  # that failed
    due_us: int = 0  # not tried again before


@dataclass(slots=True)
class _Work:
    order: _Order
    process: subprocess.Popen[bytes]
    said: IO[bytes]  # what it writes to its standard error: a file, so that no full pipe stops it
    begun_us: int


class Reporter:
    """Has the reports written when they are due.

    Args:
        configuration: When, for whom, in which language.
        store: The database, which the report's process reads.
        reported: The day of the newest reports that were written, as the store keeps it; empty: none yet.
        say: Writes into the service's log.
    """

    def __init__(
        self,
        configuration: Configuration,
        store: Path,
        reported: str,
        say: Callable[[str], None],
    ) -> None:
        self._configuration = configuration
        self._settings = configuration.report
        self._store = store
        self._zone: tzinfo = configuration.zone
        self._reported = date.fromisoformat(reported) if reported else None
        self._say = say
        self._waiting: list[_Order] = []
        self._work: _Work | None = None
        self._written: list[OutboxRow] = []
        self._day: date | None = None  # that of the reports under way

    def tick(self, now_us: int) -> None:
        """Begin what is due and take up what is done; never waits."""
        if not self._settings.enabled or not now_us:  # a stream that is the clock has not begun
            return
        if self._work is not None:
            self._look(self._work, now_us)
        due = next((order for order in self._waiting if order.due_us <= now_us), None)
        if self._work is None and due is not None:
            self._waiting.remove(due)
            self._begin(due, now_us)
        if self._work is None and self._day is None:
            self._plan(now_us)

    def is_due(self, now_us: int) -> bool:
        """Say whether a report is to be begun, or one that was begun to be looked at. May be asked from another thread."""
        if not self._settings.enabled or not now_us:
            return False
        if self._day is None:
            return self._reported is None or self._due_day(now_us) > self._reported
        waiting = list(self._waiting)
        return (
            self._work is not None or bool(self._written) or any(one.due_us <= now_us for one in waiting) or not waiting
        )

    def drain(self) -> Reports:
        """Give the rows of the outbox, and what the store is to keep once all reports of a day are written.

        A report that is written anew after a restart has the same row, which the outbox takes once.
        """
        if self._day is None:
            return NO_REPORTS
        rows, self._written = self._written, []
        if self._work is not None or self._waiting:
            return Reports(rows) if rows else NO_REPORTS
        self._reported, self._day = self._day, None
        return Reports(rows, {REPORTED: self._reported.isoformat()})

    def stop(self) -> None:
        """End what is being written; it is begun anew with the next start."""
        if self._work is not None:
            self._work.process.kill()
            self._work.process.wait()
            self._work.said.close()
            self._work = None

    # ------------------------------------------------------------------ one day's reports

    def _due_day(self, now_us: int) -> date:
        """Give the last day whose report has fallen due."""
        now = datetime.fromtimestamp(now_us / 1_000_000, UTC).astimezone(self._zone)
        return now.date() - timedelta(days=1 if now.time() >= self._settings.time else 2)

    def _plan(self, now_us: int) -> None:
        day = self._due_day(now_us)
        if self._reported is None:  # the first start: what fell due before it nobody waits for
            self._day = day
        elif day > self._reported:
            self._day = day
            self._waiting = list(self._orders(day, self._reported))

    def _orders(self, day: date, reported: date) -> Sequence[_Order]:
        """Give what is to be written with the reports of a day: the week's too where its Sunday has gone by since the last."""
        settings = self._settings
        language = settings.language or self._configuration.spoken()
        orders = [_Order(report_name(day, day), day, day, settings.receivers, language)]
        sunday = day - timedelta(days=(day.weekday() - _SUNDAY) % 7)
        if settings.weekly and sunday > reported:
            first = sunday - timedelta(days=6)
            orders.append(_Order(report_name(first, sunday), first, sunday, settings.receivers, language, weekly=True))
        for server, receivers in sorted(settings.servers.items()):
            name = report_name(day, day, server=server)
            orders.append(_Order(name, day, day, receivers, language, server=server))
        for domain, receivers in sorted(settings.domains.items()):
            name = report_name(day, day, domain)
            orders.append(_Order(name, day, day, receivers, language, domain))
        return orders

    def _begin(self, order: _Order, now_us: int) -> None:
        command = [
            sys.executable, "-m", "mailwarden.pipeline.report", str(self._store),
            "--from", order.first.isoformat(), "--to", order.last.isoformat(),
            *zone_words(self._zone), "--language", order.language, "--host", self._configuration.called,
            "--keep", str(report_directory(self._store.parent)), "--name", order.name,
        ]  # fmt: skip
        if order.domain is not None:
            command += ["--domain", order.domain]
        if order.server is not None:
            command += ["--server", order.server]
        if order.weekly:
            command.append("--weekly")
        try:
            said = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process
        except OSError as error:
            self._failed(order, reason(error), now_us)
            return
        try:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said)
        except OSError as error:  # no memory for one more process: the service goes on
            said.close()
            self._failed(order, reason(error), now_us)
            return
        self._work = _Work(order, process, said, now_us)

    def _look(self, work: _Work, now_us: int) -> None:
        code = work.process.poll()
        if code is None and now_us - work.begun_us > _PATIENCE_S * 1_000_000:
            work.process.kill()
            code = work.process.wait()
        if code is None:
            return
        size = work.said.seek(0, os.SEEK_END)
        work.said.seek(max(0, size - _SAID_BYTES))
        said = work.said.read().decode("utf-8", "replace").strip()
        work.said.close()
        self._work = None
        if code != 0:
            why = said.splitlines()[-1] if said else worded("exit code {code}", code=code)
            self._failed(work.order, why, now_us)
        elif work.order.receivers and self._is_wanted(work.order):
            self._written.append(self._row(work.order, now_us))

    def _failed(self, order: _Order, why: str, now_us: int) -> None:
        """Try a report again later; where that is over, tell its receivers that there is none."""
        days = f"--from {order.first.isoformat()} --to " if order.first != order.last else ""
        whose = f" --domain {order.domain}" if order.domain else f" --server {order.server}" if order.server else ""
        command = f"mailwarden report {days}{order.last.isoformat()}{whose}"
        if order.tries < len(_TRY_AGAIN_S):
            wait_s = _TRY_AGAIN_S[order.tries]
            self._waiting.append(replace(order, tries=order.tries + 1, due_us=now_us + wait_s * 1_000_000))
            if not order.tries:
                said = N_("report {name}: could not be written ({why}). It is tried again. By hand:  {command}")
                self._say(coded("MW4110", said, name=order.name, why=why, command=command))
            return
        said = N_("report {name}: could not be written ({why}). It was not sent. Try it with  {command}")
        self._say(coded("MW4110", said, name=order.name, why=why, command=command))
        if order.receivers:
            self._written.append(self._row(order, now_us, lost=(why, command)))

    def _is_wanted(self, order: _Order) -> bool:
        """Say whether a report is sent: a week always, for silence must not be taken for calm; a quiet day as wished."""
        quiet = report_directory(self._store.parent) / f"{order.name}.quiet"
        return self._settings.quiet_days or order.weekly or not quiet.exists()

    def _row(self, order: _Order, now_us: int, lost: tuple[str, str] | None = None) -> OutboxRow:
        site = self._configuration.site.name
        about = Incident(
            id=incident_id(site, "service", "report", order.name, None),
            site=site,
            cause="service",
            primary=("mailwarden.report", order.name),
            category="service_fault",
            severity="medium" if lost else "info",
            title="",
            why="",
            values={"reason": str(lost[0]), "worded": packed(lost[0]), "command": lost[1]} if lost else {},
            opened_us=now_us,
            first_seen_us=now_us,
            last_seen_us=now_us,
        )
        notice = Notification(
            id=f"{'no-' if lost else ''}report-{about.id}", kind="report", incident=about, at_us=now_us
        )
        return (notice.id, now_us, pack(Delivery(notification=notice, receivers=order.receivers)))
