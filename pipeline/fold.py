"""The one ordered, deterministic fold of a site: events in, incidents out.

What comes out depends on the admitted sequence, the configuration and the versions alone: not on where batches end, not
on the clock, not on what happens to be in memory.
"""

import logging
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, tzinfo
from typing import Any

import msgspec

from mailwarden.alerts.detection.detector import Detector
from mailwarden.alerts.detection.engine import Engine
from mailwarden.alerts.detection.finding import Finding
from mailwarden.alerts.facts.ledger import Ledger
from mailwarden.alerts.facts.ours import Ours
from mailwarden.alerts.facts.site import Site, place
from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.incidents.incidents import Incidents
from mailwarden.alerts.risk.outcomes import Outcomes
from mailwarden.alerts.rulebook.rule import Rule
from mailwarden.alerts.state.shelf import Backing, Row, Shelf, Shelves
from mailwarden.alerts.words.escape import printable
from mailwarden.parsers.address import is_loopback
from mailwarden.parsers.errors import MailwardenError
from mailwarden.parsers.event import BRIEF, Event
from mailwarden.pipeline.correlation import Correlator
from mailwarden.pipeline.correlation.sessions import JOINED
from mailwarden.pipeline.correlation.ways import circling
from mailwarden.pipeline.readers import READING, Readers
from mailwarden.pipeline.rollup_span import RollupKey
from mailwarden.pipeline.rollups import Rollups

__all__ = ["Fold"]

_log = logging.getLogger(__name__)

_TICK_US = 60_000_000
_BEAT_US = 600_000_000  # how often detectors are told that time passes
_MOST_BEATS = 1008  # a week of them: what was silent for longer was told so
_SWEEP_US = 6 * 3_600_000_000  # at fixed times of the stream, so that batches and restarts change nothing
_MAX_TEMPLATES = 500  # shapes of unknown lines kept a batch: an attacker must not fill the store with them
_VARIABLE = re.compile(r"<[^>]{0,200}>|[0-9A-Fa-f.:]{5,}|\d+")
# Causes whose alerts say how the sending server stands.
_OUTBOUND = frozenset({"takeover", "sending", "listed", "relay"})
_LEARNED = frozenset({"auth-success", "dnsbl-check", "posture-check", "complaint", "dmarc-report"})
"""Actions that something is learned from, whether or not a rule wants them."""
_BRIEF_SUFFICES = frozenset({"session-end"})
"""Actions of which what is read in brief is all that is asked."""
Step = Callable[[Event], None]


class Beat(msgspec.Struct, array_like=True):
    """When detectors were last told that time passes, and how many lines came since then."""

    at_us: int = 0
    lines: int = 0


class Fold:
    """Correlates, enriches, detects and counts; keeps the incidents.

    Args:
        site: What is ours.
        rules: The compiled rules.
        detectors: The detectors in code.
        backing: Where state is kept.
        file_of: Gives the configured path of a source by its rank.
        open_: The incidents not closed when the store was last committed.
        counted: What was counted of the present day before.
        zone: Whose midnight begins the day of what is counted by the day.
    """

    def __init__(
        self,
        site: Site,
        rules: Sequence[Rule],
        detectors: Sequence[Detector[Any]],
        backing: Backing,
        file_of: Callable[[int], str],
        open_: Iterable[Incident] = (),
        counted: Iterable[RollupKey] = (),
        zone: tzinfo = UTC,
    ) -> None:
        self.site = site
        self.ledger = Ledger(site, backing)
        self.ours = Ours(site, self.ledger, backing)
        self.correlator = Correlator(site, self.ledger, self.ours, backing)
        self.risks = Outcomes(self.ledger, self.ours, backing)
        self.engine = Engine(rules, detectors, backing, file_of)
        self.incidents = Incidents(site.name, backing, open_, servers=self.ledger.servers)
        self.readers = Readers(backing)
        self.rollups = Rollups(zone, counted, site.account)
        self.unparsed: dict[tuple[str, str, str], tuple[int, str]] = {}
        self.now_us = 0
        self.swept_us = 0  # all that had expired by then is forgotten; the store is to follow with the next commit
        self._next_tick_us = 0
        self._beats = Shelf("fold.beat", 1, Beat, lambda _: 1 << 62, backing)
        self._beat = self._beats.get("site") or Beat()
        keepers = (
            self.ledger, self.correlator, self.ours, self.risks, self.readers, self.engine, self.incidents,
        )  # fmt: skip
        shelves = [self._beats, *(shelf for keeper in keepers for shelf in keeper.shelves)]
        self._shelves = Shelves(shelves, beside=self.incidents.held_bytes)
        self._deeds = self._plan()

    def unasked(self) -> frozenset[str]:
        """Give the actions of which no rule, detector or correlation wants to know more than that they happened."""
        steps = {action: self._deeds.get(action, (None, None))[0] for action in BRIEF}
        return frozenset(action for action, step in steps.items() if step is None or action in _BRIEF_SUFFICES)

    def take(self, events: Sequence[Event], clock_us: int = 0) -> None:
        """Fold events in admitted order, then let time pass to `clock_us` where the clock made it."""
        deeds = self._deeds.get
        next_tick = self._next_tick_us
        first = 0
        for number, event in enumerate(events):
            if event.stream_us >= next_tick:
                self.rollups.count_lines(events[first:number])
                self._beat.lines += number - first
                first, next_tick = number, self._tick(event.stream_us)
            if event.event_module in JOINED:
                self._join(event)
            deed = deeds(event.event_action)
            if deed is None:
                continue
            step, count = deed
            if step is not None:
                try:
                    step(event)
                except MailwardenError:
                    raise
                except Exception as error:  # it costs its own line only; without this, every start would end here again
                    self._fail(event, error)
            if count is not None:
                count(event)
        self.rollups.count_lines(events[first:] if first else events)
        self._beat.lines += len(events) - first
        if clock_us and clock_us >= next_tick:
            self._tick(clock_us)

    def _join(self, event: Event) -> None:
        """Set on a line what others of its session told; it may then say something else."""
        try:
            self.correlator.sessions.join(event)
        except MailwardenError:
            raise
        except Exception as error:  # it costs its own line only
            self._fail(event, error)

    def has_room(self) -> bool:
        """Make room where state takes as much memory as it may; say whether there is some, or it is time to commit."""
        return self._shelves.make_room() and not self.rollups.is_full()

    def rows(self) -> list[Row]:
        """Give the state rows to commit."""
        self._beats.put("site", self._beat)
        return self._shelves.drain()

    def forget(self) -> None:
        """Let go of all that is known, once nothing follows: what nothing refers to in a circle costs least to free."""
        self._shelves.forget()

    def _tick(self, stream_us: int) -> int:
        """Let time pass to the whole minute before `stream_us`; give the next whole minute."""
        self.now_us = stream_us - stream_us % _TICK_US
        self.rollups.turn(self.now_us)
        if self.now_us >= self._beat.at_us + _BEAT_US:
            self._pass(self.now_us - self.now_us % _BEAT_US)
        self.incidents.tick(self.now_us)
        sweep_us = self.now_us - self.now_us % _SWEEP_US
        if sweep_us > self.swept_us:
            self.swept_us = sweep_us
            self._shelves.sweep(sweep_us)
        self._next_tick_us = self.now_us + _TICK_US
        return self._next_tick_us

    def _pass(self, until_us: int) -> None:
        """Tell the detectors of each tenth minute that passed: silence is noticed whenever the next line comes."""
        first_us = max(self._beat.at_us + _BEAT_US, until_us - _MOST_BEATS * _BEAT_US)
        for at_us in range(first_us if self._beat.at_us else until_us, until_us + 1, _BEAT_US):
            event = Event()
            event.event_action, event.stream_us, event.timestamp_us = "beat", at_us, at_us
            event.facts = {"mailwarden.lines": self._beat.lines}
            self._beat.lines = 0
            self.incidents.tick(at_us - _TICK_US)  # what ended in a gap of the log ended before this
            self._detect(event)
        self._beat.at_us = until_us

    # ------------------------------------------------------------------ what happens to an event of each action

    def _plan(self) -> dict[str, tuple[Step | None, Step | None]]:
        """Give, for each action that means something here, its step and what counts it; other lines are only counted."""
        steps, counts = self._plan_steps(), self.rollups.actions
        return {action: (steps.get(action), counts.get(action)) for action in steps.keys() | counts.keys()}

    def _plan_steps(self) -> dict[str, Step]:
        steps: dict[str, Step] = {}
        correlate = self.correlator.handlers
        for action in self.engine.actions | frozenset(correlate) | _LEARNED:
            if action in ("auth-failure", "auth-error"):
                steps[action] = self._failed
            elif action == "auth-success":
                steps[action] = self._succeeded
            elif action == "message-received":
                steps[action] = self._received
            elif action == "message-queued":
                steps[action] = self._queued
            elif action in ("reject", "discard", "message-held", "filter-verdict"):
                steps[action] = self._filtered
            elif action == "delivery":
                steps[action] = self._delivered
            elif action == "rate-limit":
                steps[action] = self._limited
            elif action == "session-end":
                steps[action] = self._ended
            elif action in ("dnsbl-check", "posture-check"):
                steps[action] = self._checked
            elif action in ("complaint", "dmarc-report", "tls-report"):
                steps[action] = self._reported
            elif action in correlate:
                steps[action] = self._joined(correlate[action], action in self.engine.actions)
            else:
                steps[action] = self._plain
        steps["unparsed"] = self._unparsed
        steps["dkim-verdict"] = self._signed
        return steps

    def _queued(self, event: Event) -> None:
        self.correlator.handlers["message-queued"](event)
        self.ours.accepted(event)
        if event.user_domain is not None and event.event_module == "exim":  # only cPanel's own lines name a domain here
            self.ledger.learn_server("cpanel", event.stream_us)
        self._detect(event)
        self.incidents.mailed(event)

    def _unparsed(self, event: Event) -> None:
        """Keep one sample of each shape of line that no pattern knows."""
        if event.event_kind == "pipeline_error":
            self._sample(event)
            self._detect(event)

    def _sample(self, event: Event) -> None:
        template = _VARIABLE.sub("#", event.event_original[16:240])[:120]
        key = (event.event_module or "", event.process_name or "", template)
        count, sample = self.unparsed.get(key, (0, event.event_original[:500]))
        if count or len(self.unparsed) < _MAX_TEMPLATES:
            self.unparsed[key] = (count + 1, sample)

    def _fail(self, event: Event, error: Exception) -> None:
        """Count a line that could not be judged with those that are not understood."""
        _log.error("fold: %s", printable(event.event_original[:500]), exc_info=error)
        event.event_kind = "pipeline_error"
        event.set("error.type", type(error).__name__)
        event.set("error.message", str(error)[:200])
        self._sample(event)

    def _detect(self, event: Event) -> None:
        event.mailwarden_site = self.site.name
        for finding in self.engine.detect(event):
            self.incidents.take(self.with_risk(finding) if finding.fired else finding)

    def with_risk(self, finding: Finding) -> Finding:
        """Put beside a finding about our sending how the server stands that sends."""
        if finding.fired and finding.detection.cause in _OUTBOUND:
            finding.values.update(self.risks.line(finding.event.host_hostname, finding.at_us))
        return finding

    def _plain(self, event: Event) -> None:
        if event.source_ip is not None or event.user_name is not None:
            place(event, self.site)
            if self._is_monitor(event):
                return
        self._detect(event)

    def _limited(self, event: Event) -> None:
        if event.source_ip is not None or event.user_name is not None:
            place(event, self.site)
            if self._is_monitor(event):
                return
            self.ledger.name_users(event)
        self.correlator.handlers["rate-limit"](event)
        self._detect(event)

    def _failed(self, event: Event) -> None:
        self.correlator.askers.name(event)
        place(event, self.site)
        self.correlator.handlers[event.event_action](event)
        self.correlator.echoes.count(event)
        if self._is_monitor(event):
            return
        self.ledger.failures.take(event)
        self._detect(event)

    def _is_monitor(self, event: Event) -> bool:
        """Say whether somebody only checks that we are up: that is counted, and means nothing."""
        return self.site.is_monitor(event.source_ip, event.mailwarden_account, event.mailwarden_network)

    def _succeeded(self, event: Event) -> None:
        self.correlator.sessions.proxies.behind(event)
        self.ledger.successes.let_in(event)
        self.ours.listens(event)
        account, protocol = event.mailwarden_account, event.network_protocol or ""
        if account is not None and protocol in READING and self.readers.begin_hour(account, protocol, event.stream_us):
            self.rollups.read_in_hour(account, protocol)
        self.ledger.learn_server(event.event_module or "", event.stream_us)
        if event.tls_established is False and event.source_ip is not None:
            facts = event.facts = event.facts or {}
            facts["mailwarden.source.loopback"] = is_loopback(event.source_ip)
        self._label(event)
        self._detect(event)
        self.incidents.came_in(event)

    def _received(self, event: Event) -> None:
        self.correlator.sessions.proxies.sends(event)
        self.ledger.successes.let_in(event)
        self.correlator.handlers["message-received"](event)
        self.ours.accepted(event)
        self.ours.listens(event)
        self._label(event)
        self._detect(event)
        self.incidents.mailed(event)
        if event.user_name is not None:
            self.incidents.came_in(event)

    def _ended(self, event: Event) -> None:
        if self.ledger.reading.ended(event):
            self._detect(event)

    def _signed(self, event: Event) -> None:
        if (event.extra or {}).get("mail.dkim.signed"):
            self.ours.signed(event)
        self.correlator.verdicts.signing(event)
        self._detect(event)

    def _filtered(self, event: Event) -> None:
        if event.source_ip is not None or event.user_name is not None:
            place(event, self.site)
            if self._is_monitor(event):
                return
        correlate = self.correlator.handlers.get(event.event_action)
        if correlate is not None:
            correlate(event)
        self.correlator.verdicts.take(event)
        self.risks.verdict(event)
        if event.extra is not None and event.extra.get("mail.dkim.signed"):
            self.ours.signed(event)
        _name_circle(event)
        self._detect(event)

    def _checked(self, event: Event) -> None:
        self.ours.asked(event)
        self.risks.checked(event)
        self._detect(event)

    def _reported(self, event: Event) -> None:
        sources: dict[str, int] = (event.extra or {}).get("mailwarden.report.sources", {})
        facts = event.facts = event.facts or {}
        facts["mailwarden.report.own"] = {one: count for one, count in sources.items() if self.ours.is_ours(one)}
        self.risks.reported(event)
        self._detect(event)

    def _delivered(self, event: Event) -> None:
        self.correlator.handlers["delivery"](event)
        further = self.correlator.further(event) if event.event_module == "exim" else None
        if further is not None:
            self.rollups.actions["message-queued"](further)
            self._detect(further)
        self.ours.delivered(event)
        self.risks.take(event)
        _name_circle(event)
        self._detect(event)
        self.incidents.mailed(event)

    def _label(self, event: Event) -> None:
        """Set the labels that a login's account and network bear."""
        if self.site.labels and event.mailwarden_account is not None:
            facts = event.facts = event.facts or {}
            facts["mailwarden.labels"] = self.site.labels_of(event.mailwarden_account, event.mailwarden_network)

    def _joined(self, correlate: Step, detected: bool) -> Step:
        if not detected:
            return correlate

        def step(event: Event) -> None:
            correlate(event)
            self._detect(event)

        return step


def _name_circle(event: Event) -> None:
    """Set the fact `mailwarden.circle`: the domain whose mail goes in a circle."""
    domain = circling(event)
    if domain is not None:
        event.facts = event.facts or {}
        event.facts["mailwarden.circle"] = domain
