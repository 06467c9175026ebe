"""From notifications to the outbox: who is to be told, and what is too old to wake anybody for."""

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, tzinfo
from pathlib import Path

import msgspec

from mailwarden.alerts.incidents.incident import Incident, Notification, incident_id
from mailwarden.alerts.state.shelf import Row
from mailwarden.alerts.telling.channels import Channels
from mailwarden.alerts.telling.delivery import Delivery, pack
from mailwarden.alerts.telling.dispatch import FRESH_US, Dispatch
from mailwarden.alerts.telling.flood import Flood, FloodLimit
from mailwarden.alerts.telling.outbox import Outbox
from mailwarden.alerts.telling.routes import Router
from mailwarden.alerts.terms import severity_rank
from mailwarden.alerts.words.escape import printable
from mailwarden.alerts.words.translate import N_
from mailwarden.parsers.errors import StoreError, below, coded, worded
from mailwarden.pipeline.store import OutboxRow, Store

__all__ = ["Deliverer", "Teller"]

_log = logging.getLogger(__name__)

_IDLE_S = 1.0
_ANSWERS_S = 25.0  # longer than any channel takes: what is under way at the end must not be sent again
_NAMED = 5  # incidents that a summary names
_ONE = N_("an older incident was found in the logs")
_MANY = N_("{count} older incidents were found in the logs")
_ONE_WHY = N_("it happened more than an hour before its lines were read; this is the only message about it")
_MANY_WHY = N_("they happened more than an hour before their lines were read; this is one message for all of them")


class Teller:
    """Decides what of the incidents' notifications goes out: fresh news one by one, old news in one summary.

    Args:
        dispatch: Decides it for fresh news.
        router: The routes.
        clock: Tells how old a notification is.
        site: Named in the summary.
    """

    def __init__(self, dispatch: Dispatch, router: Router, clock: Callable[[], int], site: str) -> None:
        self.dispatch = dispatch
        self._router = router
        self._clock = clock
        self._site = site
        self._backlog: dict[str, Incident] = {}
        self._acknowledged: list[tuple[Incident, str]] = []

    def acknowledged(self, incident: Incident, act: str) -> None:
        """Tell with the next batch that somebody is on an incident; `act` names the act that said so."""
        self._acknowledged.append((incident, act))

    def backlog(self) -> list[str]:
        """Give the incidents that the next summary is to tell of: they must outlive this process."""
        return sorted(self._backlog)

    def recall(self, incidents: Iterable[Incident]) -> None:
        """Go on with a backlog."""
        self._backlog.update((incident.id, incident) for incident in incidents)

    def decide(self, notices: Sequence[Notification], stream_us: int, *, live: bool) -> list[OutboxRow]:
        """Give the rows of the outbox; news older than an hour waits for one summary, told when all was read.

        Args:
            notices: The turns of one batch, in their order.
            stream_us: The whole minute of the stream up to which time has passed.
            live: Whether all that there was has been read.
        """
        rows: list[OutboxRow] = []
        now_us = self._clock()
        for incident, act in self._acknowledged:
            rows += self.dispatch.acknowledge(incident, act, now_us)
        self._acknowledged.clear()
        for notice in notices:
            rows += self.dispatch.tick(notice.at_us)
            if notice.at_us < now_us - FRESH_US and not self.dispatch.is_silenced(notice):
                self._backlog[notice.incident.id] = notice.incident
                rows += self.dispatch.mark(notice)
            else:
                rows += self.dispatch.take(notice)
        rows += self.dispatch.tick(stream_us)
        if live and self._backlog:
            notice = self._summary(now_us)
            self.dispatch.summed(self._backlog, notice.id)
            rows += [
                (notice.id, plan.due_us(notice), pack(Delivery.of(notice, plan)))
                for plan in self._router.plans(notice.incident, now_us, notice.kind)[:1]
            ]
            self._backlog.clear()
        return rows

    def rows(self) -> list[Row]:
        """Give the state rows to commit."""
        return self.dispatch.rows()

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
            title=_MANY if len(worst) > 1 else _ONE,
            why=_MANY_WHY if len(worst) > 1 else _ONE_WHY,
            values={"count": len(worst)},
            advice="look",
            hosts=lead.hosts,
            opened_us=now_us,
            first_seen_us=min(one.first_seen_us for one in worst),
            last_seen_us=max(one.last_seen_us for one in worst),
            event_count=sum(one.event_count for one in worst),
        )
        named = tuple(map(_briefly, worst[:_NAMED]))
        return Notification(id=f"summary-{about.id}", kind="summary", incident=about, at_us=now_us, named=named)


def _briefly(incident: Incident) -> Incident:
    """Leave out what no sentence about it needs: an attack's incident can have 19 KB."""
    return msgspec.structs.replace(incident, evidence=[], judged={}, sketches={}, timeline=[])


class Deliverer:
    """The thread that empties the outbox, with a connection of its own."""

    def __init__(
        self,
        path: Path,
        channels: Channels,
        clock: Callable[[], int],
        say: Callable[[str], None],
        *,
        zone: tzinfo = UTC,
        flood: FloodLimit | None = None,
        reports: Callable[[str], bytes | None] = lambda _: None,
        link: str | None = None,
        called: str = "",
    ) -> None:
        self._path = path
        self._link = link
        self._called = called
        self._reports = reports
        self._zone = zone
        self._flood = flood
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

    def is_alive(self) -> bool:
        """Say whether the thread goes on."""
        return self._thread.is_alive()

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
                others=store.found.ids,
                told_by_another=lambda notice: store.parent(notice.incident.id) is not None,
                reports=self._reports,
                own_words=self._channels.own_words,
                link=self._link,
                called=self._called,
                zone=self._zone,
                flood=Flood(self._flood),
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
            self._say(below([error.said], worded("Alerts wait for it.")))
        except Exception as error:
            _log.exception("outbox")
            fault = coded("MW9001", "outbox: {kind}: {error}", kind=type(error).__name__, error=printable(str(error)))
            self._say(below([fault], worded("Alerts wait; they are tried again.")))
        return 0
