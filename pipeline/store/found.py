"""The incidents of a store, read as they are asked for: a long log has more of them than memory is for."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from mailwarden.alerts.incidents.incident import Incident, unpack_incident
from mailwarden.alerts.terms import SEVERITIES

__all__ = ["Found", "FoundCount"]

Stream = Callable[[str, tuple[object, ...]], Iterator[tuple[Any, ...]]]
"""Gives the rows of a question one by one."""

_RANK = (
    "CASE severity " + " ".join(f"WHEN '{word}' THEN {rank}" for rank, word in enumerate(SEVERITIES)) + " ELSE 0 END"
)
_STRANGER = "primary_name IN ('source.ip', 'mailwarden.network', 'mailwarden.wide_network')"
_ALONE = "NOT EXISTS (SELECT 1 FROM incidents AS whole WHERE whole.id = incidents.parent)"
_COUNTS = (
    f"SELECT severity, category, {_ALONE}, COUNT(*) FROM incidents GROUP BY 1, 2, 3"  # noqa: S608
    f" ORDER BY {_RANK} DESC, MAX(last_seen_us + (NOT {_STRANGER}) * {1 << 61}) DESC"
)
_WORST = (  # ids first: what is put in order is then small
    f"SELECT id FROM incidents WHERE {_ALONE} ORDER BY {_RANK} DESC, {_STRANGER}, last_seen_us DESC, id LIMIT ?"  # noqa: S608
)


class FoundCount(NamedTuple):
    """How many incidents are of a severity and a category, of those told by themselves or those part of another's story."""

    severity: str
    category: str
    alone: bool
    number: int


class Found:
    """All incidents of a store.

    Args:
        stream: Asks the store.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[Incident]:
        """Give all of them in the order they opened."""
        for (blob,) in self._stream("SELECT blob FROM incidents ORDER BY opened_us, id", ()):
            yield unpack_incident(blob)

    def worst(self, limit: int = -1) -> Iterator[Incident]:
        """Give those that are told by themselves, the worst first; of all of them, or so many.

        What concerns an account, a provider or the whole site comes before what a single stranger does.
        """
        for (id_,) in self._stream(_WORST, (limit,)):
            for (blob,) in self._stream("SELECT blob FROM incidents WHERE id = ?", (id_,)):
                yield unpack_incident(blob)

    def counts(self) -> list[FoundCount]:
        """Count them, those first of which one comes first."""
        return [
            FoundCount(severity, category, bool(alone), n) for severity, category, alone, n in self._stream(_COUNTS, ())
        ]

    def ids(self) -> list[str]:
        """Give the id of every one, among which a short one must be unambiguous."""
        return [id_ for (id_,) in self._stream("SELECT id FROM incidents ORDER BY id", ())]
