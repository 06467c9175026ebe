"""Look back over logs that exist: read them once, and give what went wrong in them (`mailwarden scan`)."""

import gc
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.parsers.errors import coded
from mailwarden.parsers.event import Event
from mailwarden.parsers.system_errors import reason
from mailwarden.pipeline.admission.admission import Admission
from mailwarden.pipeline.admission.batch import Batch
from mailwarden.pipeline.configuration.configuration import Configuration
from mailwarden.pipeline.places import scan_store_path, store_path
from mailwarden.pipeline.runner import Runner, wall_clock
from mailwarden.pipeline.store import Found, Store

__all__ = ["Progress", "ScanResult", "scan"]

Progress = Callable[[int, int, int, Incident | None], None]
"""Is told how far reading is: lines, bytes read, bytes in all or 0, the first critical incident that was found."""


_BATCH_LINES = 1_000  # the fewer, the more of what they hold is still in the cache of the CPU
_FIRST_COMMIT_S = 10.0  # each further one comes as late again as all before
_TOTALS = frozenset({"lines", "login", "delivery", "check"})
"""The rollups that are summed up: the others hold names without end."""


@dataclass(slots=True)
class ScanResult:
    """What a look over existing logs found. Times are epoch microseconds, 0 where no line was read."""

    found: Found  # its store is closed with the scan
    lines: int = 0
    understood: int = 0
    not_understood: int = 0
    first_us: int = 0
    last_us: int = 0
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)  # what holds lines, but not one of a mail server
    misdated: int = 0  # lines whose time lies far ahead of the others'
    year_assumed: int | None = None
    totals: dict[tuple[str, str, str, str], int] = field(default_factory=dict)  # of some rollups, by name and words
    unkept: str = ""  # why nothing of it is kept for `show`


class _Held:
    """Commits what a scan folds, many batches at a time: nobody waits for it, and each commit writes busy state again.

    What each writes (accounts, counts) grows with the number of commits and not with the log, so they become rarer; but
    memory is never exceeded, and a scan that is killed loses at most half of what it read. One that is interrupted loses nothing.
    """

    def __init__(self, runner: Runner, totals: dict[tuple[str, str, str, str], int]) -> None:
        self._runner = runner
        self._totals = totals
        self._last: Batch | None = None
        self._began_s = self._since_s = time.monotonic()
        self._looked = 0  # notifications
        self.critical: Incident | None = None
        """The first critical incident that was found."""

    def take(self, batch: Batch) -> None:
        """Fold a batch, and commit where enough has come together."""
        self._runner.fold_in(batch)
        self._last = batch
        if self.critical is None:
            self._look()
        waits_s = time.monotonic() - self._since_s
        if waits_s > max(_FIRST_COMMIT_S, self._since_s - self._began_s) or not self._runner.fold.has_room():
            self.commit()

    def _look(self) -> None:
        told = self._runner.fold.incidents.decided()
        found = (one.incident for one in told[self._looked :] if one.incident.severity == "critical")
        self.critical, self._looked = next(found, None), len(told)

    def commit(self) -> None:
        """Commit what was folded since the last time."""
        if self._last is None:
            return
        for (_, name, *words), count in self._runner.commit(self._last).rollups.items():
            if name in _TOTALS:
                key = (name, words[0], words[1], words[2])
                self._totals[key] = self._totals.get(key, 0) + count
        self._last, self._since_s, self._looked = None, time.monotonic(), 0


@contextmanager
def scan(
    paths: list[str],
    *,
    state: Path | None,
    zone: str | None,
    year: int | None,
    configuration: Configuration,
    progress: Progress | None = None,
) -> Iterator[ScanResult]:
    """Read logs that exist, once, and give what goes wrong in them, to be looked at until the context ends.

    Args:
        paths: Files, patterns, directories or `-`; empty: what discovery finds.
        state: Go on from what this directory holds; None: start from nothing, in one file of the user's cache.
        zone: The zone of stamps that name none.
        year: The year of the last line, for stamps that name none.
        configuration: The settings.
        progress: Called after each batch with (lines, bytes read, bytes in all or 0, the first critical incident so far).
    """
    started = time.monotonic()
    gc.set_threshold(1_000_000, 20, 50)  # events and states are many objects and no cycles
    path = scan_store_path() if state is None else store_path(state)
    barred: list[OSError] = []
    with _scan_store(path, fresh=state is None, unkept=barred.append) as store:
        result = ScanResult(store.found)
        if barred:
            result.unkept = coded(
                "MW5205",
                "{place}: cannot be written ({reason}). The result is shown here only: mailwarden show will not know it. "
                "To keep it:  mailwarden scan --state DIR",
                place=path.parent,
                reason=reason(barred[0]),
            )
        admission = Admission.of_paths(
            paths,
            configuration=configuration,
            zone=zone,
            year=year,
            positions=store.positions(),
            clock=wall_clock,
            batch_lines=_BATCH_LINES,
        )
        result.problems = _fold_all(store, admission, configuration, result, year is None, progress)
        gc.collect()  # what is left of the fold, before the incidents are read: it refers to itself
        for (name, kind, _, _), count in result.totals.items():
            if name == "lines":
                result.understood += count if kind == "event" else 0
                result.not_understood += count if kind == "pipeline_error" else 0
        result.seconds = time.monotonic() - started
        yield result


def _fold_all(
    store: Store,
    admission: Admission,
    configuration: Configuration,
    result: ScanResult,
    year_unknown: bool,
    progress: Progress | None,
) -> list[str]:
    """Fold all that is admitted, into the store and what is counted of it into the result; give what went wrong."""
    rulebook = configuration.rulebook()
    gc.freeze()  # code and rules stay: to look them through for garbage is a quarter of a second, mostly when all is over
    runner = Runner(store, configuration, admission, rulebook=rulebook)
    admission.brief = runner.fold.unasked()  # a scan keeps no archive
    held = _Held(runner, result.totals)
    try:
        for batch in admission.batches():
            if batch.events:
                result.first_us = result.first_us or next((one.stream_us for one in batch.events if one.stream_us), 0)
                result.last_us = batch.events[-1].stream_us
                if year_unknown:
                    result.year_assumed = _assumed_year(batch.events[-1]) or result.year_assumed
            with _uninterrupted():
                held.take(batch)
            if progress is not None:
                counted = admission.statistics
                progress(counted.lines, counted.bytes_read, counted.bytes_total, held.critical)
    except KeyboardInterrupt:  # somebody had enough: what was folded is shown, and stays
        held.commit()
        raise
    held.commit()
    runner.fold.forget()
    result.lines = admission.statistics.lines
    result.strange, result.misdated = admission.strange, admission.misdated
    return [*rulebook.faults, *admission.problems]


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let Ctrl-C wait until a batch is folded as a whole, so that what it led to can be committed."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: asked.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if asked:
        raise KeyboardInterrupt


@contextmanager
def _scan_store(path: Path, *, fresh: bool, unkept: Callable[[OSError], None]) -> Iterator[Store]:
    """Open the database of a scan: that of a state directory, or a fresh one that replaces the last scan's when it ends.

    It has a name of its own until then, for two scans may run at once. `unkept` is told why it cannot stay.
    """
    if not fresh:
        with Store.open(path) as store:
            yield store
        return
    with ExitStack() as stack:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="scan-", dir=path.parent))
        except OSError as error:  # a user without a home of his own
            unkept(error)
            directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="mailwarden-scan-"))
            path = Path(directory) / "unkept.db"
        own = Path(directory) / "scan.db"
        try:
            with Store.open(own) as store:
                yield store
        finally:
            if own.exists():  # closed, so that all of it stands in this one file
                own.replace(path)


def _assumed_year(event: Event) -> int | None:
    """Give the year (UTC) of an event whose stamp names none."""
    if "year" not in (event.mailwarden_time_quality or ""):
        return None
    return datetime.fromtimestamp(event.timestamp_us / 1_000_000, UTC).year
