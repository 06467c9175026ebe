"""What the store takes and gives: the rows of one commit, and the acts of an operator."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.pipeline.store.standing import Listing, Posture

__all__ = ["Act", "Commit", "OutboxCounts", "OutboxRow", "RollupKey", "StateRow", "Unparsed"]

StateRow = tuple[str, str, int, int, bytes | None]
"""kind, key, version, expires_us, blob (None: deleted)."""

OutboxRow = tuple[str, int, bytes]
"""id, due_us, blob."""

RollupKey = tuple[int, str, str, str, str]
"""hour_us, name, and up to three words that tell its counts apart, "" where there are fewer."""


class Commit(NamedTuple):
    """All that one batch changed. It is kept whole or not at all.

    Args:
        batch: Its number, higher than that of every commit before.
        expired_us: First of all, states that expired by then are deleted (seldom: it reads the table once).
        states: Set, or deleted where the blob is None.
        incidents: Set whole.
        outbox: Added where the id is unknown; what is there already stays as it is.
        rollups: Added up.
        positions: Set, by source.
        meta: Set, by name.
        unparsed: By (module, program, template): how many more there were, and one of them. The first sample is kept.
        consumed_acts: Acts that this batch has taken up.
        consumed_inbox: The number of the last line of the inbox that it has taken up; they are deleted. 0: none.
        listings: What block lists said of us.
        postures: How our records, names and certificates stand.
    """

    batch: int
    expired_us: int | None = None
    states: Sequence[StateRow] = ()
    incidents: Sequence[Incident] = ()
    outbox: Sequence[OutboxRow] = ()
    rollups: Mapping[RollupKey, int] = {}
    positions: Mapping[str, Mapping[str, Any]] = {}
    meta: Mapping[str, str] = {}
    unparsed: Mapping[tuple[str, str, str], tuple[int, str]] = {}
    consumed_acts: Sequence[int] = ()
    consumed_inbox: int = 0
    listings: Sequence[Listing] = ()
    postures: Sequence[Posture] = ()


class Act(NamedTuple):
    """What an operator asked for, from another process: acknowledge, silence, "normal here"."""

    id: int
    kind: str
    payload: dict[str, Any]
    at_us: int


class Unparsed(NamedTuple):
    """Lines of one shape that no pattern knows."""

    module: str
    program: str
    template: str
    lines: int
    sample: str


class OutboxCounts(NamedTuple):
    """How the outbox stands. `oldest_us` is when the oldest waiting one was first due, None when none waits."""

    waiting: int
    done: int
    oldest_us: int | None
