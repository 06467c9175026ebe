"""One site's fold with its store, for who follows logs (`service/`) and who reads them once (`scan.py`).

One batch is one transaction: positions, state, incidents, outbox and counts are committed together, so that a kill at any
instant costs no event and repeats none.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from mailwarden.alerts.detectors import load_detectors
from mailwarden.alerts.incidents.normals import Normal
from mailwarden.alerts.rulebook.rulebook import Rulebook
from mailwarden.parsers.errors import StoreBusyError
from mailwarden.pipeline.admission.admission import Admission
from mailwarden.pipeline.admission.batch import Batch
from mailwarden.pipeline.admission.intake import INBOX, INBOX_RANK, Taken
from mailwarden.pipeline.archive import Archive
from mailwarden.pipeline.configuration.configuration import Configuration
from mailwarden.pipeline.fold import Fold
from mailwarden.pipeline.store import Act, Commit, OutboxRow, StateRow, Store

if TYPE_CHECKING:
    from mailwarden.pipeline.service.telling import Teller

__all__ = ["BACKLOG", "NO_REPORTS", "Reports", "Runner", "wall_clock"]

BACKLOG = "backlog"  # the name under which the store keeps which incidents the next summary is to tell of
_COUNTED_US = 2 * 86_400_000_000  # the present day began less than this before


def wall_clock() -> int:
    """Give the time of the machine in epoch microseconds. Handed in where the clock counts, never read elsewhere."""
    return time.time_ns() // 1000


class Reports(NamedTuple):
    """Rows of the outbox for reports that were written, and what the store is to keep of them."""

    rows: Sequence[OutboxRow] = ()
    notes: Mapping[str, str] = {}


NO_REPORTS = Reports()


class Runner:
    """One site's fold with its store.

    Args:
        store: Where everything is kept.
        configuration: The settings.
        admission: Where events come from.
        archive: Where events are kept; None: nowhere.
        rulebook: The rules; None: those of the configuration.
    """

    def __init__(
        self,
        store: Store,
        configuration: Configuration,
        admission: Admission,
        *,
        archive: Archive | None = None,
        rulebook: Rulebook | None = None,
    ) -> None:
        self.store = store
        self.admission = admission
        self._archive = archive
        self._batch = store.batch_number()
        settings = configuration.rule_settings()
        self.fold = Fold(
            configuration.as_site(),
            (rulebook or configuration.rulebook()).rules,
            load_detectors(settings),
            store,
            self._file_of,
            store.live_incidents(),
            store.rollup_keys(int(store.meta("stream_us") or 0) - _COUNTED_US),
            configuration.zone,
        )
        self._swept_us = self.fold.swept_us
        for act in store.silences():
            with suppress(ValueError):  # the service says so when it takes it up
                self.heed(act)

    def _file_of(self, rank: int) -> str:
        return INBOX if rank == INBOX_RANK else self.admission.file_of(rank)

    def heed(self, act: Act) -> None:
        """Take up what an operator says is normal here, or is no more.

        Raises:
            ValueError: The act cannot be read.
        """
        normals = self.fold.incidents.normals
        if act.kind == "end_silence":
            normals.end(str(act.payload.get("silence")))
        elif act.kind == "silence":
            normal = Normal.of_act(act.payload)
            if normal is not None:
                normals.add(str(act.id), normal)

    def take(
        self,
        batch: Batch,
        teller: "Teller | None" = None,
        acts: Sequence[int] = (),
        again: Callable[[StoreBusyError], bool] | None = None,
        reports: Reports = NO_REPORTS,
        taken: Taken = Taken(),  # noqa: B008 - a tuple
    ) -> Commit:
        """Fold one batch and commit it; give what was committed.

        Args:
            batch: What was admitted.
            teller: Decides who is told; None: nobody is.
            acts: Acts of the operator that were taken up with it.
            again: Asked when the store cannot be written at the moment: waits, and says whether to try once more.
            reports: What is to be sent of reports, and what is to be remembered of them.
            taken: What of the inbox stands at its end.

        Raises:
            StoreError: Nothing of the batch was kept. The fold has gone on: only a new one may go on from the store.
        """
        self.fold_in(batch)
        return self.commit(batch, teller, acts, again, reports, taken)

    def fold_in(self, batch: Batch) -> None:
        """Fold one batch, to be committed with others."""
        self.fold.take(batch.events, batch.clock_us)
        self.fold.rollups.count_late(batch.late)

    def commit(
        self,
        batch: Batch,
        teller: "Teller | None" = None,
        acts: Sequence[int] = (),
        again: Callable[[StoreBusyError], bool] | None = None,
        reports: Reports = NO_REPORTS,
        taken: Taken = Taken(),  # noqa: B008 - a tuple
    ) -> Commit:
        """Commit all that was folded since the last time, of which this batch was the last; arguments as of `take`.

        Raises:
            StoreError: Nothing of it was kept. The fold has gone on: only a new one may go on from the store.
        """
        fold, number = self.fold, self._batch + 1
        changed, notices = fold.incidents.drain()
        meta = {"stream_us": str(batch.events[-1].stream_us)} if batch.events else {}
        outbox: list[OutboxRow] = []
        told: list[StateRow] = []
        if teller is not None:
            if fold.swept_us > self._swept_us:
                teller.dispatch.sweep(fold.swept_us)
            outbox = teller.decide(notices, fold.now_us, live=batch.live)
            told = teller.rows()
            meta[BACKLOG] = " ".join(teller.backlog())
        commit = Commit(
            batch=number,
            expired_us=fold.swept_us if fold.swept_us > self._swept_us else None,
            states=[*fold.rows(), *told],
            incidents=changed,
            outbox=[*outbox, *reports.rows],
            rollups=fold.rollups.drain(),
            positions=batch.positions,
            meta={**meta, **reports.notes},
            unparsed=fold.unparsed,
            consumed_acts=acts,
            consumed_inbox=taken.last,
            listings=taken.listings,
            postures=taken.postures,
        )
        while True:
            try:
                if self._archive is not None and batch.events:
                    self._archive.write(number, batch.events)
                self.store.commit(commit)
                break
            except StoreBusyError as error:
                if again is None or not again(error):
                    raise
        fold.unparsed = {}
        self._batch, self._swept_us = number, fold.swept_us
        return commit
