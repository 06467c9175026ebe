"""An incident: the findings about one entity and one cause, with a life; and the notification a person gets of it."""

import base64
import hashlib
import json
from typing import Any, Literal

import msgspec

from mailwarden.alerts.incidents.toll import News, Toll
from mailwarden.alerts.state.blob import decoder
from mailwarden.alerts.terms import Evidence

__all__ = [
    "MAX_TIMELINE",
    "Incident",
    "Judged",
    "Key",
    "Kind",
    "Notification",
    "incident_id",
    "key_of",
    "key_text",
    "quiet_at",
    "unpack_incident",
]

MAX_TIMELINE = 20

Status = Literal["open", "quiet", "closed"]
Key = tuple[str, str, str, str]
"""What one live incident has at a time: cause, primary entity as (ECS name, value), and topic (`Detection.topic`)."""
Kind = Literal["opened", "worse", "repeated", "escalated", "acknowledged", "ended", "returned", "summary", "report"]


def incident_id(site: str, cause: str, name: str, value: str, previous: str | None, topic: str = "") -> str:
    """Give the immutable id of an incident: 26 characters of base32 that hold no time.

    A late source may move every time, so none goes in; a return of the same trouble is told apart by `previous`.
    """
    text = "\x00".join((site, cause, name, value, previous or "", *([topic] if topic else ())))
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    return base64.b32encode(digest).decode().rstrip("=")


def quiet_at(incident: "Incident") -> int:
    """Give when an incident falls quiet, in epoch microseconds, if nothing more is found of it."""
    return incident.last_seen_us + 2 * incident.span_us


def key_of(incident: "Incident") -> Key:
    """Give what tells an incident from all that are live."""
    return incident.cause, *incident.primary, incident.topic


def key_text(key: Key) -> str:
    """Spell a key; one without a topic as it always was."""
    return "\x1f".join(key if key[3] else key[:3])


class Judged(msgspec.Struct, kw_only=True):
    """The inputs of one rule's verdict, as they were when it last fired here (see `verdict.py`)."""

    version: int
    at_us: int
    severity: str
    span_us: int
    counted: list[tuple[str, int, int]]  # what was counted: name, measure, threshold
    fields: dict[str, Any]  # of the event that decided, flat and dotted, with its facts
    values: dict[str, Any] = {}  # what a detector compared with


class Incident(msgspec.Struct, kw_only=True):
    """What goes wrong with one entity for one cause. Times are epoch microseconds of stream time.

    `title` and `why` are message ids of the catalog; `values` fills them. `primary` is one (ECS name, value).
    """

    id: str
    site: str
    cause: str
    primary: tuple[str, str]
    category: str
    severity: str
    title: str
    why: str
    values: dict[str, Any] = {}
    categories: list[str] = []
    rules: list[str] = []
    techniques: list[str] = []
    status: str = "open"
    entities: dict[str, list[str]] = {}  # up to 50 values a name
    entity_counts: dict[str, int] = {}  # how many there are, where more than 50
    opened_us: int = 0
    first_seen_us: int = 0
    last_seen_us: int = 0
    worse_us: int = 0  # when it was last told that it got worse
    span_us: int = 0  # of its slowest rule: quiet after twice that
    event_count: int = 0
    counts: dict[str, int] = {}  # tries by rule; event_count is the most that one rule counted
    lead: str = ""  # the rule that title, why and advice are from: the worst, the first of equals
    advice: str = ""  # key of the next steps
    harmless: str = ""  # message id: what it could be instead
    judged: dict[str, bytes | Judged] = {}  # by rule: why it fired, packed (older ones are not): `verdict.py`
    doubtful: bool = False  # a line of it can be read in more than one way: somebody may have typed what it names
    sketches: dict[str, bytearray] = {}  # which entities beyond those written out were counted
    senders: dict[str, int] = {}  # whose mail was refused or waits, of the most frequent
    told: int = 0  # notifications decided so far
    told_categories: list[str] = []
    told_count: int = 0  # event_count when it was last told
    told_severity: str | None = None
    told_lead: str = ""  # what led when it was last told
    told_us: int = 0  # when it was last told
    news: list[News] = []  # what was found since, the last few
    worst_part: News | None = None  # of its story, where that is worse than what was found of it itself
    toll: Toll | None = None  # what it cost since it was noticed, where that is counted
    loud_us: int = 0  # when something of at least medium was last found
    evidence: list[Evidence] = []  # up to 10
    evidence_count: int = 0
    timeline: list[tuple[int, str]] = []  # (when, message), up to MAX_TIMELINE
    modules: list[str] = []  # the servers whose lines prove it: postfix, dovecot, exim
    hosts: list[str] = []
    parent: str | None = None
    previous: str | None = None
    topic: str = ""
    acknowledged_by: str | None = None


class Notification(msgspec.Struct, kw_only=True, frozen=True):
    """What a person receives: one turn in the life of an incident. The id is the same however often it is decided."""

    id: str
    kind: str
    incident: Incident
    at_us: int
    named: tuple[Incident, ...] = ()  # of those that a summary stands for, the worst


_unpack = decoder(Incident)


def unpack_incident(blob: bytes) -> Incident:
    """Read an incident as the store has it, or an older one: bytes that were no UTF-8 made it plain JSON."""
    if blob[:1] == b"{":  # never the first byte of a map in msgpack, nor of what `encode` gives
        return msgspec.convert(json.loads(blob), Incident)
    return _unpack(blob)
