"""From notifications to the outbox: who is to be told, and what is too old to wake anybody for."""

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from mailwarden.alerts.channels import Channels
from mailwarden.alerts.escape import printable
from mailwarden.alerts.incident import Incident, Notification, incident_id, severity_rank
from mailwarden.alerts.outbox import Delivery, Outbox, pack
from mailwarden.alerts.routes import Router
from mailwarden.alerts.silences import Silence, silenced_by
from mailwarden.alerts.translate import N_
from mailwarden.parsers.errors import StoreError
from mailwarden.pipeline.store import OutboxRow, Store

__all__ = ["Deliverer", "Teller"]

_log = logging.getLogger(__name__)

_FRESH_US = 3_600_000_000  # older news is summed up in one message (ARCHITECTURE.md, "First start")
_IDLE_S = 1.0
_ANSWERS_S = 25.0  # longer than any channel takes: what is under way at the end must not be sent again
_SUMMARY_LINES = 5


class Teller:
    """Decides what of the incidents' notifications goes out, and to whom.

    Args:
        router: The routes.
        clock: Tells how old a notification is.
        site: Named in the summary.
    """

    def __init__(self, router: Router, clock: Callable[[], int], site: str) -> None:
        self._router = router
        self._clock = clock
        self._site = site
        self._silences: dict[str, Silence] = {}
        self._backlog: dict[str, Incident] = {}

    def silence(self, silence: Silence) -> None:
        """Hold back what a silence means from now on."""
        self._silences[silence.id] = silence

    def end_silence(self, id_: str) -> None:
        """Tell again what a silence held back."""
        self._silences.pop(id_, None)

    def backlog(self) -> list[str]:
        """Give the incidents that the next summary is to tell of: they must outlive this process."""
        return sorted(self._backlog)

    def recall(self, incidents: Iterable[Incident]) -> None:
        """Go on with a backlog."""
        self._backlog.update((incident.id, incident) for incident in incidents)

    def decide(self, notices: Sequence[Notification], *, live: bool) -> list[OutboxRow]:
        """Give the rows of the outbox; news older than an hour waits for one summary, told when all was read."""
        rows: list[OutboxRow] = []
        now_us = self._clock()
        for notice in notices:
            if silenced_by(notice, self._silences.values()):
                continue
            if notice.at_us < now_us - _FRESH_US:
                self._backlog[notice.incident.id] = notice.incident
            else:
                rows += self._rows(notice)
        if live and self._backlog:
            rows += self._rows(self._summary(now_us))
            self._backlog.clear()
        return rows

    def _rows(self, notice: Notification) -> list[OutboxRow]:
        plan = self._router.plan(notice.incident, notice.kind)
        if plan is None:
            return []
        due_us = plan.due_us(notice, notice.incident.told_us or None)
        due_us -= max(0, notice.at_us - self._clock())  # a log whose clock or zone is ahead must not hold anything back
        return [(notice.id, due_us, pack(Delivery.of(notice, plan)))]

    def _summary(self, now_us: int) -> Notification:
        worst = sorted(self._backlog.values(), key=lambda one: (-severity_rank(one.severity), one.opened_us, one.id))
        lead = worst[0]
        about = Incident(
            id=incident_id(self._site, "service", "summary", f"{lead.id}:{lead.told}", None),
            site=self._site,
            cause="service",
            primary=("mailwarden.site", self._site),
            category=lead.category,
            severity=lead.severity,
            title=N_("{count} older incidents were found in the logs"),
            why=N_("they are older than an hour and were not told one by one"),
            values={"count": len(worst)},
            advice="look",
            timeline=[(one.opened_us, _named(one)) for one in worst[:_SUMMARY_LINES]],
            hosts=lead.hosts,
            opened_us=now_us,
            first_seen_us=min(one.first_seen_us for one in worst),
            last_seen_us=max(one.last_seen_us for one in worst),
            event_count=sum(one.event_count for one in worst),
        )
        return Notification(id=f"summary-{about.id}", kind="summary", incident=about, at_us=now_us)


def _named(incident: Incident) -> str:
    return f"{incident.severity}: {incident.primary[1]} ({incident.lead.replace('_', ' ')})"


class Deliverer:
    """The thread that empties the outbox, with a connection of its own."""

    def __init__(self, path: Path, channels: Channels, clock: Callable[[], int], say: Callable[[str], None]) -> None:
        self._path = path
        self._say = say
        self._channels = channels
        self._clock = clock
        self._wake = threading.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._work, name="outbox", daemon=True)

    def start(self) -> None:
        """Begin.

        Raises:
            StoreError: The store cannot be opened.
        """
        self._store = Store.open(self._path)
        self._thread.start()

    def wake(self) -> None:
        """Look at the outbox now.

        Raises:
            RuntimeError: The thread has ended: a service that tells nobody must not look as if it watched.
        """
        if not self._thread.is_alive():
            raise RuntimeError("the thread that tells people has ended, see above")
        self._wake.set()

    def stop(self) -> None:
        """Try what is due once more, wait for the answers, and end."""
        self._stopped = True
        self._wake.set()
        self._thread.join(2 * _ANSWERS_S)

    def _work(self) -> None:
        with self._store as store:
            outbox = Outbox(
                store,
                self._channels,
                others=store.incident_ids,
                told_by_another=lambda notice: store.parent(notice.incident.id) is not None,
            )
            while True:
                last = self._stopped
                self._wake.clear()
                sent = self._deliver(outbox)
                if last:
                    self._deliver(outbox, _ANSWERS_S)
                    return
                self._wake.wait(0.05 if sent else _IDLE_S)

    def _deliver(self, outbox: Outbox, answers_s: float = 0.0) -> int:
        """Deliver what is due, or wait for answers; whatever happens, the thread goes on: nobody else tells anybody."""
        try:
            return outbox.settle(self._clock(), answers_s) if answers_s else outbox.deliver_due(self._clock())
        except StoreError as error:  # nothing of the outbox is lost; what was sent is marked by a later call
            self._say(f"{error}\nAlerts wait for it.")
        except Exception as error:
            _log.exception("outbox")
            self._say(f"outbox: {type(error).__name__}: {printable(str(error))}\nAlerts wait; they are tried again.")
        return 0
