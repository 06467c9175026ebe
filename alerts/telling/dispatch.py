"""Turn what happens to incidents into deliveries: which turns are told, to whom, when, again, and to whom next.

An incident has a story of what was told of it, kept with the batch that told it, so that a restart goes on where it was.
It is told at most three times in its first hour and once a day after that; a turn beyond waits for the next free place
and is told then in its newest state. Its step to critical never waits, nor does its end; a daily repeat is that day's
message, more frequent ones and escalations are what a route asks for and are not counted.

What a silence, a maintenance window or an inhibition holds back is looked at again every minute: when it is free and
goes on, it is told. Time here is the stream's, as in the incidents; the same turns give the same deliveries under the
same ids, wherever batches end.
"""

import copy
import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import msgspec

from mailwarden.alerts.incidents.incident import Incident, Notification
from mailwarden.alerts.state.shelf import Backing, Row, Shelf, Shelves
from mailwarden.alerts.telling.delivery import Delivery, pack
from mailwarden.alerts.telling.muting import Muting
from mailwarden.alerts.telling.routes import Plan, Router
from mailwarden.alerts.telling.silences import Silence, silenced_by
from mailwarden.alerts.telling.story import KIND, Story

__all__ = ["FRESH_US", "Dispatch", "Live", "OutboxRow"]

FRESH_US = 3_600_000_000  # older news wakes nobody (ARCHITECTURE.md, "First start")
_HOUR_US = 3_600_000_000
_DAY_US = 24 * _HOUR_US
_MINUTE_US = 60_000_000
_KEEP_US = 90 * _DAY_US
_EARLY = 3  # turns told in the first hour

OutboxRow = tuple[str, int, bytes]
"""id, due_us, blob."""


class Live(Protocol):
    """The incidents as they are: `Incidents` is one."""

    def get(self, id_: str) -> Incident | None:
        """Give an incident that is not closed."""

    def open(self) -> Iterable[Incident]:
        """Give those that go on, one by one."""


class Dispatch:
    """Decides what of the incidents' turns goes out.

    Args:
        router: The routes.
        clock: The time of day: what is old by it is not told, and a log that is ahead delays nothing.
        backing: Where the stories are kept.
        muting: Maintenance windows and inhibitions.
        lives: Says whether a channel keeps incidents of its own, and so must hear of acknowledgement and end.
    """

    def __init__(
        self,
        router: Router,
        clock: Callable[[], int],
        backing: Backing,
        muting: Muting | None = None,
        lives: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._router = router
        self._clock = clock
        self._muting = muting or Muting()
        self._lives = lives
        self._silences: dict[str, Silence] = {}
        self._stories = Shelf(KIND, 1, Story, lambda one: one.seen_us + _KEEP_US, backing)
        self._shelves = Shelves((self._stories,))
        self._watched: dict[str, int] = {}  # told and going on, or held back: when to look at it again
        self._ticked_us = 0
        self._live: Live | None = None

    # ------------------------------------------------------------------ what the teller calls

    def attach(self, live: Live) -> None:
        """Go on with the incidents that are open. What nobody could be told of so far is told with the next minute."""
        self._live = live
        self._watched = {}
        for one in live.open():
            if self._stories.get(one.id) is None:
                if one.told_severity is None or one.parent is not None:
                    continue
                self._stories.put(one.id, Story(one.last_seen_us, is_muted=True))
            self._watched[one.id] = 0

    def silence(self, silence: Silence) -> None:
        """Hold back what a silence means from now on."""
        self._silences[silence.id] = silence

    def end_silence(self, id_: str) -> None:
        """Tell again what a silence held back."""
        self._silences.pop(id_, None)

    def take(self, notice: Notification) -> list[OutboxRow]:
        """Give the rows for one turn of an incident."""
        story = self._story(notice)
        if notice.kind == "ended":
            return self._end(story, notice)
        if self._is_held(notice):
            story.is_muted = True
            self._watched[notice.incident.id] = 0
            return []
        return self._tell(story, notice)

    def mark(self, notice: Notification) -> list[OutboxRow]:
        """Note a turn that a summary tells of; what keeps incidents of its own must still hear of an end."""
        story = self._story(notice)
        if notice.kind == "ended":
            return self._end(story, notice, only_lives=True)
        plans = self._router.plans(notice.incident, notice.at_us, notice.kind)
        if plans:
            self._note(story, notice, plans, self._clock())
        return []

    def summed(self, ids: Iterable[str], summary: str) -> None:
        """Note by which notice incidents are told that were too old to be told one by one."""
        for id_ in ids:
            story = self._stories.get(id_)
            if story is not None:
                story.summary = summary
                self._stories.put(id_, story)

    def acknowledge(self, incident: Incident, act: str, at_us: int) -> list[OutboxRow]:
        """Give the rows that tell channels with incidents of their own that somebody is on it."""
        story = self._stories.get(incident.id)
        notice = _notice(incident, "acknowledged", at_us, act)
        return self._rows(notice, self._ways(story, notice, only_lives=True), at_us) if story else []

    def tick(self, now_us: int) -> list[OutboxRow]:
        """Let time pass: give the rows for what is to be told again, to others, or is held back no longer."""
        rows: list[OutboxRow] = []
        now_us -= now_us % _MINUTE_US
        if self._live is None or now_us <= self._ticked_us:
            return rows
        self._ticked_us = now_us
        for id_ in sorted(id_ for id_, look_us in self._watched.items() if look_us <= now_us):
            incident, story = self._live.get(id_), self._stories.get(id_)
            if incident is None or story is None or incident.parent or not (story.is_open or story.is_muted):
                del self._watched[id_]
            elif story.is_muted:
                rows += self._release(story, incident, now_us)
            else:
                plans = self._router.plans(incident, now_us)
                rows += self._repeat(story, incident, plans, now_us)
                rows += self._escalate(story, incident, plans, now_us)
                self._watched[id_] = self._next_look_us(story, incident, plans, now_us)
        return rows

    def is_silenced(self, notice: Notification) -> bool:
        """Say whether somebody asked to hear no more of this."""
        return silenced_by(notice, self._silences.values()) is not None

    def rows(self) -> list[Row]:
        """Give the state rows to commit."""
        return self._shelves.drain()

    def sweep(self, now_us: int) -> None:
        """Forget what has expired."""
        self._shelves.sweep(now_us)

    # ------------------------------------------------------------------ turns

    def _story(self, notice: Notification) -> Story:
        story = self._stories.get(notice.incident.id) or Story(notice.at_us)
        story.seen_us = max(story.seen_us, notice.at_us)
        self._stories.put(notice.incident.id, story)
        return story

    def _is_held(self, notice: Notification) -> bool:
        if self.is_silenced(notice):
            return True
        return self._muting.holds(notice.incident, self._live.open() if self._live else (), notice.at_us)

    def _tell(self, story: Story, notice: Notification) -> list[OutboxRow]:
        plans = self._router.plans(notice.incident, notice.at_us, notice.kind)
        if not plans:
            return []
        from_us = self._place(story, notice)
        notice = self._overtaking(story, notice, max(plans[0].due_us(notice, story.told_us or None), from_us))
        rows = self._rows(notice, plans, from_us, story.told_us or None)
        if from_us > notice.at_us and not story.is_open:
            story.back_us = from_us
        self._note(story, notice, plans, notice.at_us if from_us <= notice.at_us else story.told_us)
        return rows

    def _overtaking(self, story: Story, notice: Notification, due_us: int) -> Notification:
        """Give a turn the kind of the one before that it overtakes, since nobody has heard of that one yet."""
        if due_us < story.waits_us:
            incident = notice.incident
            if story.waits_kind == "opened":
                incident = msgspec.structs.replace(incident, told_severity=None, told_count=0)
            notice = msgspec.structs.replace(notice, kind=story.waits_kind, incident=incident)
        story.waits_us, story.waits_kind = due_us, notice.kind
        return notice

    def _note(self, story: Story, notice: Notification, plans: Sequence[Plan], at_us: int) -> None:
        """Remember that a turn was told, the last one at `at_us`."""
        incident = notice.incident
        if not story.is_open or (incident.severity == "critical" and story.severity != "critical"):
            story.since_us, story.escalated_s = max(notice.at_us, at_us), -1.0
        story.first_us = story.first_us or at_us
        story.told_us, story.severity = at_us, incident.severity
        story.is_open, story.is_muted = True, False
        self._widen(story, (plan.receivers for plan in plans))
        self._watched[incident.id] = 0

    def _place(self, story: Story, notice: Notification) -> int:
        """Give from when a turn may be told: at once while there are few, else in the next free place."""
        at_us = notice.at_us
        early_until_us = (story.first_us or at_us) + _HOUR_US
        is_step = notice.incident.severity == "critical" and story.severity != "critical"
        if at_us < early_until_us and (is_step or story.early < _EARLY):
            story.early += 1
            return at_us
        if is_step:
            story.slot_us = at_us
            return at_us
        if at_us < story.slot_us:  # one waits already: they are told together
            return story.slot_us
        story.slot_us = max(at_us, early_until_us, story.slot_us + _DAY_US if story.slot_us else 0)
        return story.slot_us

    def _end(self, story: Story, notice: Notification, *, only_lives: bool = False) -> list[OutboxRow]:
        """Tell whoever was told that it went on; nobody where it was held back all the time."""
        was_open, story.is_open, story.is_muted = story.is_open, False, False
        self._watched.pop(notice.incident.id, None)
        if not was_open:
            return []
        only_lives = only_lives or self.is_silenced(notice)
        at_us, from_us = notice.at_us, max(notice.at_us, story.back_us, story.waits_us)
        early_until_us = story.first_us + _HOUR_US
        if at_us < early_until_us and story.early >= _EARLY:
            from_us = max(from_us, early_until_us)
        story.early += at_us < early_until_us
        ways = self._ways(story, notice, only_lives=only_lives)
        rows = self._rows(notice, ways, from_us, story.told_us)
        story.told_us = at_us
        return rows

    # ------------------------------------------------------------------ what time brings

    def _release(self, story: Story, incident: Incident, now_us: int) -> list[OutboxRow]:
        notice = _notice(incident, "worse" if story.first_us else "opened", now_us, "released")
        if self._is_held(notice):
            return []
        return self._tell(self._story(notice), notice)

    def _next_look_us(self, story: Story, incident: Incident, plans: Sequence[Plan], now_us: int) -> int:
        """Give when something may be due; at least once an hour, for routes change with the time of day."""
        looks = [now_us + _HOUR_US]
        for plan in plans:
            repeat_us = plan.repeat_us(incident, max(story.told_us, story.repeated_us.get(plan.way, 0)))
            looks += [] if repeat_us is None else [repeat_us]
            looks += [story.since_us + int(step.after_s * 1_000_000) for step in plan.escalations]
        return min(look_us for look_us in looks if look_us > now_us)

    def _repeat(self, story: Story, incident: Incident, plans: Sequence[Plan], now_us: int) -> list[OutboxRow]:
        rows: list[OutboxRow] = []
        for plan in plans:
            last_us = max(story.told_us, story.repeated_us.get(plan.way, 0))
            while (at_us := plan.repeat_us(incident, last_us)) is not None and at_us <= now_us:
                if last_us < story.slot_us <= at_us:  # what waited for that place was told there
                    last_us = story.slot_us
                    continue
                last_us = at_us
                story.repeated_us = {**story.repeated_us, plan.way: at_us}
                told = self._timed(story, _notice(incident, "repeated", at_us, plan.way), plan)
                if told and plan.repeat_interval_s * 1_000_000 >= _DAY_US:
                    story.slot_us = max(story.slot_us, at_us)
                rows += told
        return rows

    def _escalate(self, story: Story, incident: Incident, plans: Sequence[Plan], now_us: int) -> list[OutboxRow]:
        rows: list[OutboxRow] = []
        if incident.acknowledged_by:
            return rows
        done_s = story.escalated_s
        fresh_us = self._clock() - FRESH_US
        for plan in plans:
            for step in plan.escalations:
                at_us = story.since_us + int(step.after_s * 1_000_000)
                if step.after_s <= done_s or at_us > now_us or now_us < fresh_us:
                    continue
                story.escalated_s = max(story.escalated_s, step.after_s)
                if at_us < fresh_us:  # nobody watched then, and nobody is on it yet
                    at_us = now_us
                notice = _notice(incident, "escalated", at_us, ",".join(step.receivers))
                told = self._timed(story, notice, plan._replace(receivers=step.receivers))
                if told:
                    self._widen(story, [step.receivers])
                rows += told
        return rows

    def _timed(self, story: Story, notice: Notification, plan: Plan) -> list[OutboxRow]:
        """Give the row of what a timer brings, unless it is old or held back."""
        self._stories.put(notice.incident.id, story)
        if notice.at_us < self._clock() - FRESH_US or self._is_held(notice):
            return []
        return self._rows(notice, [plan], notice.at_us)

    # ------------------------------------------------------------------ rows

    def _ways(self, story: Story, notice: Notification, *, only_lives: bool = False) -> list[Plan]:
        """Give the ways by which people were told, with the waits of their routes."""
        plans = self._router.plans(notice.incident, notice.at_us)
        known = {plan.way: plan for plan in plans}
        otherwise = plans[0] if plans else Plan(())
        ways = []
        # A keeper of incidents that stands behind another may have been told when that one failed: it must hear the end.
        behind = {name for way in story.ways for name in way[1:] if self._lives(name)}
        alone = sorted(behind - {way[0] for way in story.ways})
        for way in [*map(tuple, story.ways), *((name,) for name in alone if not only_lives)]:
            plan = known.get(",".join(way)) or otherwise
            there = (name for name in way if self._router.knows(name) and (self._lives(name) or not only_lives))
            plan = plan._replace(receivers=tuple(there))
            ways += [plan] if plan.receivers else []
        return ways

    def _widen(self, story: Story, ways: Iterable[tuple[str, ...]]) -> None:
        new = [list(way) for way in ways]
        story.ways = [*story.ways, *(way for way in new if way not in story.ways)]

    def _rows(
        self, notice: Notification, plans: Sequence[Plan], from_us: int, told_us: int | None = None
    ) -> list[OutboxRow]:
        """Give a row for each way; the first bears the notice's own id."""
        rows = []
        # A log whose clock or zone is ahead must not hold anything back.
        ahead_us = max(0, notice.at_us - self._clock())
        for number, plan in enumerate(plans):
            one = notice if number == 0 else msgspec.structs.replace(notice, id=f"{notice.id}-{number + 1}")
            due_us = plan.due_us(one, told_us)
            if notice.kind in ("ended", "acknowledged") and self._lives(plan.receivers[0]):
                due_us = notice.at_us  # it tells nobody, but takes what is over off somebody's list
            elif from_us > due_us:
                due_us = plan.shifted_us(one, from_us)
            rows.append((one.id, due_us - ahead_us, pack(Delivery.of(one, plan))))
        return rows


def _notice(incident: Incident, kind: str, at_us: int, what: str) -> Notification:
    """Make a turn that time or a person brings; its id says which, however often it is decided."""
    digest = hashlib.blake2b(f"{incident.id}:{kind}:{at_us}:{what}".encode(), digest_size=10).hexdigest()
    return Notification(id=digest, kind=kind, incident=copy.deepcopy(incident), at_us=at_us)
