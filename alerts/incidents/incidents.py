"""Incidents: one for each entity and cause, with a life. Suppression and joining happen here and only here."""

import copy
import hashlib
import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec

from mailwarden.alerts.detection.finding import Finding
from mailwarden.alerts.detection.senders import senders_of
from mailwarden.alerts.incidents.incident import (
    MAX_TIMELINE,
    Incident,
    Key,
    Kind,
    Notification,
    incident_id,
    key_of,
    key_text,
    quiet_at,
)
from mailwarden.alerts.incidents.joining import gather, join
from mailwarden.alerts.incidents.live import Live
from mailwarden.alerts.incidents.normals import Normals
from mailwarden.alerts.incidents.story import is_louder, leads, may_belong, may_outgrow, outgrows
from mailwarden.alerts.incidents.toll import News, Toll, has_toll, sender_of
from mailwarden.alerts.state.shelf import Backing, Shelf
from mailwarden.alerts.terms import LOUD, severity_rank
from mailwarden.parsers.event import Event

__all__ = ["Incidents"]

_MINUTE_US = 60_000_000
_DAY_US = 86_400_000_000
_REMEMBER_US = 90 * _DAY_US
_WORSE_FACTOR = 4
_APART_US = _DAY_US // 2
_CROWD = 2_000  # live incidents, beyond which nobody reads one more network that guesses: it is counted with the others
_MOST_NEWS = 6
_STORY_US = _DAY_US  # what happens to one account within a day is one story


class _Closed(msgspec.Struct, array_like=True):
    """The last incident of a cause and entity that was closed: what comes back names it as `previous`."""

    id: str
    at_us: int
    was_told: bool = True


class Incidents:
    """The open and quiet incidents of one site.

    Args:
        site: The site's name, part of every id.
        backing: Where incidents are kept, and which of them a new one is the return of.
        open_: Those of its incidents that were not closed when it was last committed.
        servers: Gives the servers that people log in to here: what is to be done about an account is done there too.
    """

    def __init__(
        self,
        site: str,
        backing: Backing,
        open_: Iterable[Incident] = (),
        *,
        servers: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        self.normals = Normals()
        self._site = site
        self._servers = servers
        self._live = Live(site, backing)
        self._closed = Shelf("incident.closed", 1, _Closed, lambda one: one.at_us + _REMEMBER_US, backing)
        self.shelves: tuple[Shelf[Any], ...] = (self._closed, self._live.shelf)
        self._due: list[tuple[int, str]] = []
        self._due_us: dict[str, int] = {}  # which entry of `_due` holds; older ones of the same incident do not
        self._event: Event | None = None
        self._counted: set[str] = set()  # incidents that the event was counted in
        self._notices: list[Notification] = []
        for incident in open_:
            self._learn(incident)

    # ------------------------------------------------------------------ what the fold calls

    def take(self, finding: Finding) -> Incident | None:
        """Join a finding to its incident, or open one; None where there is none to join and nothing new fired."""
        if self.normals and self.normals.covers(finding):
            return None
        detection = finding.detection
        key = (detection.cause, detection.primary, finding.primary, detection.topic())
        incident = self._live.at(key)
        is_back = False
        if incident is None:
            if not finding.fired:
                return None
            crowd = self._crowd(finding)
            if crowd is not None:
                return crowd
            incident = self._open(key, finding)
        elif _stands_apart(incident, finding):
            if finding.fired:
                self._close(incident)
                incident = self._open(key, finding)
            else:  # what fires next is the other story; it must not find this one loud
                finding = msgspec.structs.replace(finding, severity=incident.severity)
        elif incident.status == "quiet" and finding.fired:
            incident.status = "open"
            is_back = incident.told_severity is not None  # people were told that it had ended
            incident.acknowledged_by = None  # who was on it saw it end
        if finding.severity in LOUD:
            incident.loud_us = finding.at_us
        if not finding.fired and self._count_again(incident, finding):
            return incident
        before = severity_rank(incident.severity)
        is_new = finding.fired and detection.name not in incident.rules
        was_due_us = self._due_us[incident.id]
        named = _members(incident)
        join(incident, finding, self._live, self._servers)
        if is_new:
            _note(
                incident, News(detection.name, detection.title, {**incident.values, **finding.values}, incident.primary)
            )
        if incident.status == "open" and was_due_us > quiet_at(incident):  # it had fallen quiet, and came back
            self._plan(incident, quiet_at(incident))
        self._live.change(incident)
        if self._has_outgrown(incident):
            self._part_from(incident, finding.at_us)
        elif finding.fired:
            if self._live.get(incident.parent) is None:
                incident.parent = None  # a story that is over tells of nobody any more
            self._relate(incident)
            if incident.parent is None and is_back:
                self._notify(incident, "returned", finding.at_us)
            elif incident.parent is None:
                self._tell(incident, finding.at_us, before)
            else:
                self._lift(incident)
        elif any(may_belong(incident, sender) for sender in senders_of(finding.detection, finding.entities)):
            self._relate(incident)
        elif _members(incident) > named:
            self._take_in(incident, finding)
        return incident

    def _take_in(self, campaign: Incident, finding: Finding) -> None:
        """Make what is open about an account that a campaign has just named part of it, if nothing hangs on that."""
        for account in finding.entities.get("mailwarden.account", ()):
            member = self._live.at(("guessing", "mailwarden.account", account, ""))
            if member is None or member.parent is not None or self._live.has_parts(member):
                continue
            if leads(campaign, member):
                self._adopt(campaign, member)

    def _crowd(self, finding: Finding) -> Incident | None:
        """Count one more network that guesses with those that the site's own incident names; None where there is no crowd.

        A botnet of a million addresses is one incident, not one for each network: memory and people could not hold them.
        """
        detection = finding.detection
        is_one_of_many = detection.cause == "guessing" and detection.primary == "mailwarden.network"
        if not is_one_of_many or finding.severity in LOUD or len(self._live) < _CROWD:
            return None
        crowd = self._live.at(("guessing", "mailwarden.site", self._site, ""))
        if crowd is None or crowd.status != "open":
            return None
        gather(crowd, finding, self._live, self._servers)
        crowd.last_seen_us = max(crowd.last_seen_us, finding.at_us)
        self._live.change(crowd)
        return crowd

    def _count_again(self, incident: Incident, finding: Finding) -> bool:
        """Count a further event for one more rule; True where another rule brought the same event and its names."""
        if self._event is not finding.event:
            self._event, self._counted = finding.event, {incident.id}
            return False
        if incident.id not in self._counted:
            self._counted.add(incident.id)
            return False
        name = finding.detection.name
        count = incident.counts[name] = incident.counts.get(name, 0) + finding.tries
        incident.event_count = max(incident.event_count, count)
        return True

    def mailed(self, event: Event) -> None:
        """Count mail, and what became of it, to the open incidents about whoever wrote it."""
        for id_ in self._live.of_sender(sender_of(event)):
            incident = self._live.get(id_)
            if incident is not None and incident.toll and incident.status == "open" and incident.toll.add(event):
                self._live.change(incident)

    def came_in(self, event: Event) -> None:
        """Note who logs in from where passwords are guessed."""
        incident = self._live.at(("guessing", "mailwarden.network", event.mailwarden_network or "", ""))
        account = event.mailwarden_account
        if incident is None or account is None or incident.toll is None or incident.status != "open":
            return
        if incident.toll.let_in(account):
            self._live.change(incident)

    def tick(self, now_us: int) -> None:
        """Let time pass: quiet after twice the rule's span, closed after a day of quiet."""
        while self._due and self._due[0][0] <= now_us:
            at_us, id_ = heapq.heappop(self._due)
            incident = self._live.get(id_) if self._due_us.get(id_) == at_us else None
            if incident is None:
                continue
            due_us = quiet_at(incident) + (_DAY_US if incident.status == "quiet" else 0)
            if now_us < due_us:
                self._plan(incident, due_us)
            elif incident.status == "quiet":
                self._close(incident)
            else:
                self._fall_quiet(incident, due_us)
                self._plan(incident, due_us + _DAY_US)

    def _plan(self, incident: Incident, due_us: int) -> None:
        """Look at an incident again at a time."""
        self._due_us[incident.id] = due_us
        heapq.heappush(self._due, (due_us, incident.id))

    def _fall_quiet(self, incident: Incident, due_us: int) -> None:
        incident.status = "quiet"
        self._live.change(incident)
        if incident.told_severity and not incident.parent:
            # told as of the minute at which it fell due, however late the next line brings the time
            self._notify(incident, "ended", -(-due_us // _MINUTE_US) * _MINUTE_US)

    def drain(self) -> tuple[list[Incident], list[Notification]]:
        """Give the incidents that changed and the notifications decided since the last commit."""
        notices, self._notices = self._notices, []
        return self._live.changed(), notices

    def decided(self) -> Sequence[Notification]:
        """Give the notifications decided since the last commit, to be looked at."""
        return self._notices

    def held_bytes(self) -> int:
        """Give about how much memory it takes to find the live incidents, beside what the shelves hold."""
        return self._live.held_bytes()

    def get(self, id_: str) -> Incident | None:
        """Give an incident that is not closed."""
        return self._live.get(id_)

    def open(self) -> Iterator[Incident]:
        """Give the incidents that go on, in the order of their ids, to be looked at and not changed."""
        return (one for one in self._live.each() if one.status == "open")

    def acknowledge(self, id_: str, who: str | None) -> bool:
        """Remember that somebody is on it, or that nobody is any more; False where no live incident has this id."""
        incident = self._live.get(id_)
        if incident is None:
            return False
        incident.acknowledged_by = who
        self._live.change(incident)
        return True

    # ------------------------------------------------------------------ one incident

    def _open(self, key: Key, finding: Finding) -> Incident:
        detection = finding.detection
        closed = self._closed.get(key_text(key))
        previous = closed.id if closed else None
        incident = Incident(
            id=incident_id(self._site, *key[:3], previous, key[3]),
            site=self._site,
            cause=detection.cause,
            primary=(detection.primary, finding.primary),
            entities={detection.primary: [finding.primary]},
            category=detection.category,
            severity=finding.severity,
            title=detection.title,
            why=detection.why,
            opened_us=finding.at_us,
            first_seen_us=finding.first_us,
            previous=previous,
            topic=key[3],
            toll=Toll() if has_toll(detection.cause, detection.primary) else None,
        )
        self._live.change(incident)
        self._learn(incident)
        return incident

    def _learn(self, incident: Incident) -> None:
        self._live.learn(incident)
        self._plan(incident, quiet_at(incident))

    def _close(self, incident: Incident) -> None:
        incident.status = "closed"
        self._live.change(incident)
        self._live.forget(incident)
        del self._due_us[incident.id]
        key = key_text(key_of(incident))
        was_told = incident.told_severity is not None
        self._closed.put(key, _Closed(incident.id, incident.last_seen_us, was_told))

    # ------------------------------------------------------------------ stories

    def _relate(self, incident: Incident) -> None:
        """Find the parent of an incident and make it the parent of lesser ones: one story is told once."""
        head = self._live.get(incident.parent)
        if head is not None and head.cause == incident.cause and leads(incident, head):  # it has become the greater one
            self._live.leave(incident)
            incident.parent = None
            self._adopt(incident, head)
        for other in self._neighbours(incident):
            if incident.parent is None and leads(other, incident):
                self._adopt(other, incident)
            elif other.parent is None and leads(incident, other):
                self._adopt(incident, other)

    def _adopt(self, parent: Incident, child: Incident) -> None:
        head = self._live.get(parent.parent) or parent
        if head.id == child.id:
            return
        self._live.set_parent(child, head.id)
        for part in self._live.take_parts(child):
            self._live.set_parent(part, head.id)
            self._live.change(part)
        self._live.change(child)
        self._lift(child)

    def _has_outgrown(self, part: Incident) -> bool:
        """Say whether it is more than its story by now."""
        lead = self._live.get(part.parent) if may_outgrow(part) else None
        return lead is not None and outgrows(part, lead)

    def _part_from(self, part: Incident, at_us: int) -> None:
        """Let an incident stand by itself, and tell of it."""
        self._live.leave(part)
        part.parent = None
        self._tell(part, at_us, 0)

    def _lift(self, child: Incident) -> None:
        """Make a parent as bad as the worst part of its story, and tell so."""
        parent = self._live.get(child.parent)
        if parent is None:
            return
        if is_louder(child, parent):  # it was part of the story while both were small
            self._part_from(child, child.last_seen_us)
            return
        before = severity_rank(parent.severity)
        if severity_rank(child.severity) > before:
            parent.severity, parent.worst_part = child.severity, _news_of(child)
        parent.categories = sorted({*parent.categories, *child.categories})
        if len(parent.timeline) < MAX_TIMELINE and (child.last_seen_us, child.lead) not in parent.timeline:
            known = {name for _, name in parent.timeline}
            if child.lead not in known:
                parent.timeline.append((child.last_seen_us, child.lead))
                _note(parent, _news_of(child))
        self._live.change(parent)
        # one of the two has just been seen; the other may be hours old, and what was told then would be no news any more
        self._tell(parent, max(child.last_seen_us, parent.last_seen_us), before)

    def _neighbours(self, incident: Incident) -> list[Incident]:
        """Give the live incidents of the last day that name the same account, address or provider, or the site."""
        found = [
            other
            for other in self._live.namesakes(incident)
            if abs(incident.last_seen_us - other.last_seen_us) <= _STORY_US
        ]
        return sorted(found, key=lambda one: (one.opened_us, one.id))

    # ------------------------------------------------------------------ telling

    def _tell(self, incident: Incident, at_us: int, before: int) -> None:
        """Decide whether a person hears of this now: it opened, returned or got worse. A parent tells for its children."""
        if severity_rank(incident.severity) < severity_rank("medium"):
            return
        if incident.told_severity is None:
            self._notify(incident, "returned" if self._has_returned(incident) else "opened", at_us)
        elif (
            severity_rank(incident.severity) > max(before, severity_rank(incident.told_severity))
            or incident.event_count >= _WORSE_FACTOR * max(incident.told_count, 1)
            or set(incident.categories) - set(incident.told_categories)
        ):
            self._notify(incident, "worse", at_us)

    def _has_returned(self, incident: Incident) -> bool:
        """Say whether people were told of what an incident is the return of."""
        closed = self._closed.get(key_text(key_of(incident))) if incident.previous else None
        return closed is not None and closed.was_told

    def _notify(self, incident: Incident, kind: Kind, at_us: int) -> None:
        incident.told += 1
        if kind == "worse":
            incident.worse_us = at_us
        digest = hashlib.blake2b(f"{incident.id}:{incident.told}:{kind}".encode(), digest_size=10).hexdigest()
        self._notices.append(Notification(id=digest, kind=kind, incident=_copy(incident), at_us=at_us))
        incident.told_severity = incident.severity
        incident.told_lead, incident.news = incident.lead, []
        incident.told_count = incident.event_count
        incident.told_categories = list(incident.categories)
        incident.told_us = at_us
        self._live.change(incident)


def _stands_apart(incident: Incident, finding: Finding) -> bool:
    """Say whether guessing that people are to hear of is another story than the weather that goes on in its incident.

    The weather of a site never ends, so its incident does not either: a surge in it would be told with the names of weeks
    ago, and the next one not at all.
    """
    quiet_since_us = max(incident.loud_us, incident.opened_us)
    return incident.cause == "guessing" and finding.severity in LOUD and finding.at_us - quiet_since_us > _APART_US


def _members(incident: Incident) -> int:
    """Give how many accounts a site's campaign of guessing names."""
    is_campaign = incident.cause == "guessing" and incident.primary[0] == "mailwarden.site"
    return len(incident.entities.get("mailwarden.account", ())) if is_campaign else 0


def _news_of(part: Incident) -> News:
    return News(part.lead, part.title, dict(part.values), part.primary)


def _note(incident: Incident, news: News) -> None:
    """Keep what is found beyond what people were told."""
    if incident.told_severity is not None:
        incident.news = [*incident.news, news][-_MOST_NEWS:]


def _copy(incident: Incident) -> Incident:
    """Freeze an incident as it is told."""
    return copy.deepcopy(incident)  # not by way of msgpack, which has no word for bytes that are no text
