"""Incidents: one for each entity and cause, with a life. Suppression and joining happen here and only here."""

import copy
import hashlib
import heapq
import zlib
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from mailwarden.alerts.detection.finding import Finding
from mailwarden.alerts.incidents.incident import Incident, Kind, Notification, incident_id
from mailwarden.alerts.incidents.namesakes import Namesakes
from mailwarden.alerts.incidents.normals import Normals
from mailwarden.alerts.incidents.story import EXPLAINED, count_sender, is_faster, is_louder, leads, may_lead, sort_of
from mailwarden.alerts.incidents.verdict import inputs_of, judged
from mailwarden.alerts.state.shelf import Backing, Shelf
from mailwarden.alerts.terms import Detection, severity_rank
from mailwarden.parsers.event import Event, said

__all__ = ["Incidents"]

_MINUTE_US = 60_000_000
_DAY_US = 86_400_000_000
_REMEMBER_US = 90 * _DAY_US
_HELD_BYTES = (
    10_000  # in memory, by measure, of an incident with its names; an account that a botnet tries takes 16,000
)
_MAX_ENTITIES = 50
_MAX_EVIDENCE = 10
_REASON = 160  # characters of what a service complained of
_MAX_TIMELINE = 20
_WORSE_FACTOR = 4
_LOUD = frozenset({"medium", "high", "critical"})  # what people are told of
_APART_US = _DAY_US // 2
_CROWD = 2_000  # live incidents, beyond which nobody reads one more network that guesses: it is counted with the others
_STORY_US = _DAY_US  # what happens to one account within a day is one story
_NAMED = (
    ("mailwarden.account", "account"),
    ("source.ip", "address"),
    ("mail.provider", "provider"),
    ("mailwarden.receiver", "provider"),
    ("mailwarden.script", "script"),
    ("destination.domain", "domain"),
    ("mail.bounce.list", "list"),
    ("source.geo.country_iso_code", "country"),
)
"""Entities that messages name in the singular: the first one seen."""
_MANY = (("source.ip", "addresses"), ("mailwarden.account", "accounts"), ("mailwarden.receiver", "providers"))
"""Entities that messages count."""
_INDEXED = (
    "mailwarden.account",
    "mailwarden.script",
    "mailwarden.receiver",
    "mailwarden.own_address",
    "mailwarden.site",
    "mail.provider",
    "source.ip",
)
"""The names by which incidents of one story are found."""


class _Closed(msgspec.Struct, array_like=True):
    """The last incident of a cause and entity that was closed: what comes back names it as `previous`."""

    id: str
    at_us: int
    was_told: bool = True


class Incidents:
    """The open and quiet incidents of one site.

    Args:
        site: The site's name, part of every id.
        backing: Where is kept which incident a new one is the return of.
        open_: The incidents that were not closed when the store was last committed.
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
        self._by_key: dict[tuple[str, str, str], Incident] = {}
        self._closed = Shelf("incident.closed", 1, _Closed, lambda one: one.at_us + _REMEMBER_US, backing)
        self.shelves = (self._closed,)
        self._ids: dict[str, Incident] = {}
        self._named = Namesakes()  # by account or address
        self._parts: dict[str, set[str]] = {}  # parent -> its live parts
        self._due: list[tuple[int, str, tuple[str, str, str]]] = []
        self._due_us: dict[str, int] = {}  # which entry of `_due` holds; older ones of the same incident do not
        self._event: Event | None = None
        self._counted: set[str] = set()  # incidents that the event was counted in
        self._changed: dict[str, Incident] = {}
        self._notices: list[Notification] = []
        for incident in sorted(open_, key=lambda one: (one.opened_us, one.id)):
            self._index(incident)

    # ------------------------------------------------------------------ what the fold calls

    def take(self, finding: Finding) -> Incident | None:
        """Join a finding to its incident, or open one; None where there is none to join and nothing new fired."""
        if self.normals and self.normals.covers(finding):
            return None
        detection = finding.detection
        key = (detection.cause, detection.primary, finding.primary)
        incident = self._by_key.get(key)
        is_back = False
        if incident is None:
            if not finding.fired:
                return None
            crowd = self._crowd(finding)
            if crowd is not None:
                return crowd
            incident = self._open(key, finding)
        elif finding.fired and _stands_apart(incident, finding):
            incident.status = "closed"
            self._forget(key, incident)
            incident = self._open(key, finding)
        elif incident.status == "quiet" and finding.fired:
            incident.status = "open"
            is_back = incident.told_severity is not None  # people were told that it had ended
            incident.acknowledged_by = None  # who was on it saw it end
        if finding.severity in _LOUD:
            incident.loud_us = finding.at_us
        if not finding.fired and self._is_counted(incident, finding):
            return incident
        before = severity_rank(incident.severity)
        was_due_us = self._due_us[incident.id]
        self._join(incident, finding)
        if incident.status == "open" and was_due_us > self._quiet_at(incident):  # it had fallen quiet, and came back
            self._plan(incident, key, self._quiet_at(incident))
        self._changed[incident.id] = incident
        if finding.fired:
            if self._by_id(incident.parent) is None:
                incident.parent = None  # a story that is over tells of nobody any more
            self._relate(incident)
            if incident.parent is None and is_back:
                self._notify(incident, "returned", finding.at_us)
            elif incident.parent is None:
                self._tell(incident, finding.at_us, before)
            else:
                self._lift(incident)
        return incident

    def _crowd(self, finding: Finding) -> Incident | None:
        """Count one more network that guesses with those that the site's own incident names; None where there is no crowd.

        A botnet of a million addresses is one incident, not one for each network: memory and people could not hold them.
        """
        detection = finding.detection
        is_one_of_many = detection.cause == "guessing" and detection.primary == "mailwarden.network"
        if not is_one_of_many or finding.severity in _LOUD or len(self._ids) < _CROWD:
            return None
        crowd = self._by_key.get(("guessing", "mailwarden.site", self._site))
        if crowd is None or crowd.status != "open":
            return None
        self._gather(crowd, finding)
        crowd.last_seen_us = max(crowd.last_seen_us, finding.at_us)
        self._changed[crowd.id] = crowd
        return crowd

    def _is_counted(self, incident: Incident, finding: Finding) -> bool:
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

    def tick(self, now_us: int) -> None:
        """Let time pass: quiet after twice the rule's span, closed after a day of quiet."""
        while self._due and self._due[0][0] <= now_us:
            at_us, id_, key = heapq.heappop(self._due)
            incident = self._ids.get(id_)
            if incident is None or self._due_us[id_] != at_us:
                continue
            due_us = self._quiet_at(incident) + (_DAY_US if incident.status == "quiet" else 0)
            if now_us < due_us:
                self._plan(incident, key, due_us)
            elif incident.status == "quiet":
                incident.status = "closed"
                self._forget(key, incident)
            else:
                self._fall_quiet(incident, due_us)
                self._plan(incident, key, due_us + _DAY_US)

    def _plan(self, incident: Incident, key: tuple[str, str, str], due_us: int) -> None:
        """Look at an incident again at a time."""
        self._due_us[incident.id] = due_us
        heapq.heappush(self._due, (due_us, incident.id, key))

    def _fall_quiet(self, incident: Incident, due_us: int) -> None:
        incident.status = "quiet"
        self._changed[incident.id] = incident
        if incident.told_severity and not incident.parent:
            # told as of the minute at which it fell due, however late the next line brings the time
            self._notify(incident, "ended", -(-due_us // _MINUTE_US) * _MINUTE_US)

    def drain(self) -> tuple[list[Incident], list[Notification]]:
        """Give the incidents that changed and the notifications decided since the last commit."""
        changed = [self._changed[id_] for id_ in sorted(self._changed)]
        notices = self._notices
        self._changed, self._notices = {}, []
        return changed, notices

    def held_bytes(self) -> int:
        """Give about how much memory the live incidents take."""
        return len(self._ids) * _HELD_BYTES

    def get(self, id_: str) -> Incident | None:
        """Give an incident that is not closed."""
        return self._ids.get(id_)

    def open(self) -> list[Incident]:
        """Give the incidents that go on, in the order of their ids."""
        return [one for _, one in sorted(self._ids.items()) if one.status == "open"]

    def acknowledge(self, id_: str, who: str | None) -> bool:
        """Remember that somebody is on it, or that nobody is any more; False where no live incident has this id."""
        incident = self._ids.get(id_)
        if incident is None:
            return False
        incident.acknowledged_by = who
        self._changed[id_] = incident
        return True

    # ------------------------------------------------------------------ one incident

    def _open(self, key: tuple[str, str, str], finding: Finding) -> Incident:
        detection = finding.detection
        closed = self._closed.get("\x1f".join(key))
        previous = closed.id if closed else None
        incident = Incident(
            id=incident_id(self._site, *key, previous),
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
        )
        self._index(incident)
        return incident

    def _join(self, incident: Incident, finding: Finding) -> None:
        detection = finding.detection
        if detection.name not in incident.rules:
            incident.rules.append(detection.name)
            incident.techniques = sorted({*incident.techniques, *detection.techniques})
            incident.categories = sorted({*incident.categories, detection.category})
            incident.span_us = max(incident.span_us, detection.span_us)
            self._name_site(incident)
        first_of_all = not incident.counts
        worse = severity_rank(finding.severity) - severity_rank(incident.severity)
        if first_of_all or worse > 0 or (worse == 0 and finding.fired and is_faster(detection.name, incident.lead)):
            incident.severity, incident.category = finding.severity, detection.category
            incident.title, incident.why, incident.advice = detection.title, detection.why, detection.advice
            incident.harmless, incident.lead = detection.harmless, detection.name
        incident.counts[detection.name] = incident.counts.get(detection.name, 0) + finding.tries
        incident.event_count = max(incident.counts.values())
        incident.first_seen_us = min(incident.first_seen_us, finding.first_us)
        incident.last_seen_us = max(incident.last_seen_us, finding.at_us)
        if finding.fired and (finding.counted or self._is_worth_keeping(incident, finding)):
            incident.judged[detection.name] = judged(finding)
        self._gather(incident, finding)
        self._describe(incident, finding, detection)

    @staticmethod
    def _is_worth_keeping(incident: Incident, finding: Finding) -> bool:
        """Say whether why it fired is kept: what fires at every event tells of its first, and of what is worse."""
        known = inputs_of(incident, finding.detection.name)
        return known is None or severity_rank(finding.severity) > severity_rank(known.severity)

    def _gather(self, incident: Incident, finding: Finding) -> None:
        for name, values in finding.entities.items():
            known = incident.entities.setdefault(name, [])
            for value in values:
                if value in known:  # nearly always
                    continue
                if len(known) < _MAX_ENTITIES:
                    known.append(value)
                    self._name(incident, name, value)
                incident.entity_counts[name] = _distinct(incident, name, value)
        if incident.cause in ("listed", "service"):
            for name in ("mailwarden.account", "mailwarden.script"):
                for value in finding.entities.get(name, ()):
                    count_sender(incident.senders, value)
        incident.evidence_count += len(finding.evidence)
        if len(incident.evidence) < _MAX_EVIDENCE:
            new = [one for one in finding.evidence if one not in incident.evidence]
            incident.evidence = [*incident.evidence, *new][:_MAX_EVIDENCE]
        event = finding.event
        if event.mail_parse_ambiguous:
            incident.doubtful = True
        if event.event_module and event.event_module not in incident.modules:
            incident.modules.append(event.event_module)
        if finding.fired and incident.primary[0] in ("mailwarden.account", "mailwarden.script"):
            incident.modules += [name for name in self._servers() if name not in incident.modules]
        if event.host_hostname and event.host_hostname not in incident.hosts:
            incident.hosts.append(event.host_hostname)

    def _describe(self, incident: Incident, finding: Finding, detection: Detection) -> None:
        """Fill in what the messages name; only what the leading rule found, and totals."""
        values = incident.values
        for name, many in _MANY:
            if name in incident.entities:
                values[many] = incident.entity_counts.get(name, len(incident.entities[name]))
        values["count"] = incident.event_count
        values["entity"] = incident.primary[1]
        if finding.fired:
            for name, short in _NAMED:
                if incident.entities.get(name):
                    values.setdefault(short, incident.entities[name][0])
            if incident.primary[0] == "mailwarden.account":
                values["account"] = incident.primary[1]
        event = finding.event
        is_its_own = incident.primary == ("mailwarden.account", event.mailwarden_account)
        if event.user_name and is_its_own and (event.event_module == "dovecot" or "login" not in values):
            values["login"] = event.user_name  # what commands call it: as Dovecot does, where it has sessions
        if detection.name == incident.lead and _is_same_story(values, finding):
            # A sentence tells of one moment, the worst.
            if finding.fired or finding.measure >= values.get("measure", 0):
                values["measure"], values["threshold"] = finding.measure, detection.threshold
                values["span_s"] = detection.span_us // 1_000_000
                values.update(finding.values)
            if finding.fired:
                incident.title, incident.why = detection.title, detection.why  # a detector may have several words
            facts = finding.event.facts or {}
            if "mailwarden.user.failures" in facts:
                values["failures"] = facts["mailwarden.user.failures"]
        if finding.event.event_action == "service-error":
            values["reason"] = said(finding.event)[:_REASON]
        if finding.fired and len(incident.timeline) < _MAX_TIMELINE:
            incident.timeline.append((finding.at_us, detection.name))

    # ------------------------------------------------------------------ stories

    def _relate(self, incident: Incident) -> None:
        """Find the parent of an incident and make it the parent of lesser ones: one story is told once."""
        head = self._by_id(incident.parent)
        if head is not None and head.cause == incident.cause and leads(incident, head):  # it has become the greater one
            self._parts[head.id].discard(incident.id)
            incident.parent = None
            self._adopt(incident, head)
        for other in self._neighbours(incident):
            if incident.parent is None and leads(other, incident):
                self._adopt(other, incident)
            elif other.parent is None and leads(incident, other):
                self._adopt(incident, other)

    def _adopt(self, parent: Incident, child: Incident) -> None:
        head = self._by_id(parent.parent) or parent
        if head.id == child.id:
            return
        self._set_parent(child, head.id)
        for id_ in sorted(self._parts.pop(child.id, set()) & self._ids.keys()):  # some are over by now
            self._set_parent(self._ids[id_], head.id)
            self._changed[id_] = self._ids[id_]
        self._changed[child.id] = child
        self._lift(child)

    def _lift(self, child: Incident) -> None:
        """Make a parent as bad as the worst part of its story, and tell so."""
        parent = self._by_id(child.parent)
        if parent is None:
            return
        if is_louder(child, parent):  # it was part of the story while both were small
            self._parts[parent.id].discard(child.id)
            child.parent = None
            self._tell(child, child.last_seen_us, 0)
            return
        before = severity_rank(parent.severity)
        if severity_rank(child.severity) > before:
            parent.severity = child.severity
        parent.categories = sorted({*parent.categories, *child.categories})
        if len(parent.timeline) < _MAX_TIMELINE and (child.last_seen_us, child.lead) not in parent.timeline:
            known = {name for _, name in parent.timeline}
            if child.lead not in known:
                parent.timeline.append((child.last_seen_us, child.lead))
        self._changed[parent.id] = parent
        # one of the two has just been seen; the other may be hours old, and what was told then would be no news any more
        self._tell(parent, max(child.last_seen_us, parent.last_seen_us), before)

    def _set_parent(self, part: Incident, parent: str) -> None:
        part.parent = parent
        self._parts.setdefault(parent, set()).add(part.id)

    def _by_id(self, id_: str | None) -> Incident | None:
        return self._ids.get(id_) if id_ else None

    def _neighbours(self, incident: Incident) -> list[Incident]:
        """Give the live incidents of the last day that name the same account, address or provider, or the site."""
        names = [value for name in _INDEXED for value in incident.entities.get(name, ())]
        sort = sort_of(incident)
        found = {
            other.id: other
            for name in dict.fromkeys((incident.primary[1], *names, self._site))
            for its, named in self._named.of(name)
            if may_lead(its, sort) or may_lead(sort, its)
            for other in named
            if other.id != incident.id and abs(incident.last_seen_us - other.last_seen_us) <= _STORY_US
        }
        return sorted(found.values(), key=lambda one: (one.opened_us, one.id))

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
        closed = self._closed.get("\x1f".join((incident.cause, *incident.primary))) if incident.previous else None
        return closed is not None and closed.was_told

    def _notify(self, incident: Incident, kind: Kind, at_us: int) -> None:
        incident.told += 1
        if kind == "worse":
            incident.worse_us = at_us
        digest = hashlib.blake2b(f"{incident.id}:{incident.told}:{kind}".encode(), digest_size=10).hexdigest()
        self._notices.append(Notification(id=digest, kind=kind, incident=_copy(incident), at_us=at_us))
        incident.told_severity = incident.severity
        incident.told_count = incident.event_count
        incident.told_categories = list(incident.categories)
        incident.told_us = at_us
        self._changed[incident.id] = incident

    # ------------------------------------------------------------------ indices

    def _quiet_at(self, incident: Incident) -> int:
        return incident.last_seen_us + 2 * incident.span_us

    def _index(self, incident: Incident) -> None:
        key = (incident.cause, *incident.primary)
        self._by_key[key] = incident
        self._ids[incident.id] = incident
        if incident.parent is not None:
            self._set_parent(incident, incident.parent)
        self._plan(incident, key, self._quiet_at(incident))
        for name, values in incident.entities.items():
            for value in values:
                self._name(incident, name, value)
        self._name(incident, *incident.primary)
        self._name_site(incident)

    def _name_site(self, incident: Incident) -> None:
        """Let troubles of services be found by those that explain them, whatever service they are of."""
        if not EXPLAINED.isdisjoint(incident.rules):
            self._name(incident, "mailwarden.site", self._site)

    def _name(self, incident: Incident, name: str, value: str) -> None:
        if name in _INDEXED:
            self._named.add(value, incident)

    def _forget(self, key: tuple[str, str, str], incident: Incident) -> None:
        del self._by_key[key], self._ids[incident.id], self._due_us[incident.id]
        self._closed.put(
            "\x1f".join(key), _Closed(incident.id, incident.last_seen_us, incident.told_severity is not None)
        )
        self._changed[incident.id] = incident
        self._parts.pop(incident.id, None)
        if incident.parent in self._parts:
            self._parts[incident.parent].discard(incident.id)
        for name in _INDEXED:
            for value in [*incident.entities.get(name, ()), incident.primary[1], self._site]:
                self._named.remove(value, incident)


def _stands_apart(incident: Incident, finding: Finding) -> bool:
    """Say whether guessing that people are to hear of is another story than the weather that goes on in its incident.

    The weather of a site never ends, so its incident does not either: a surge in it would be told with the names of weeks
    ago, and the next one not at all.
    """
    quiet_since_us = max(incident.loud_us, incident.opened_us)
    return incident.cause == "guessing" and finding.severity in _LOUD and finding.at_us - quiet_since_us > _APART_US


def _is_same_story(values: dict[str, Any], finding: Finding) -> bool:
    """Say whether a finding speaks of the address that the incident's sentences name: the first one stays."""
    return finding.values.get("address", values.get("address")) == values.get("address")


def _distinct(incident: Incident, name: str, value: str) -> int:
    """Count distinct values beyond those written out, by linear counting in 4,096 bits (error below 2 % at 1,500)."""
    known = incident.entities[name]
    count = incident.entity_counts.get(name, len(known))
    if known[-1] == value:
        return max(count, len(known))
    bits = incident.sketches.get(name)
    if bits is None:
        bits = incident.sketches[name] = bytearray(512)
    place = zlib.crc32(value.encode("utf-8", "surrogatepass")) & 4095
    if bits[place >> 3] >> (place & 7) & 1:
        return count
    bits[place >> 3] |= 1 << (place & 7)
    return count + 1


def _copy(incident: Incident) -> Incident:
    """Freeze an incident as it is told."""
    return copy.deepcopy(incident)  # not by way of msgpack, which has no word for bytes that are no text
