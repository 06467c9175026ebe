"""What an operator said is normal here: one entity for one rule, for a time, and why.

It is heeded where findings become incidents: the finding is made as ever, and opens or feeds nothing. It comes as an act
through the inbox, so that a restart knows of it, and holds for findings up to its end in stream time.
"""

from collections.abc import Mapping
from typing import Any, Self

import msgspec

from mailwarden.alerts.detection.finding import Finding

__all__ = ["NORMAL_DAYS", "Normal", "Normals"]

NORMAL_DAYS = 90
"""How long it holds where nobody says otherwise: what is normal is worth a look again after a quarter of a year."""


class Normal(msgspec.Struct, frozen=True, kw_only=True):
    """One exception: these rules pass over what they find about `primary`, an (ECS name, value).

    `until_us` is None where it holds for ever.
    """

    rules: tuple[str, ...]
    primary: tuple[str, str]
    until_us: int | None = None

    @classmethod
    def of_act(cls, payload: Mapping[str, Any]) -> Self | None:
        """Take the exception out of a silence; None where it is only a silence.

        Raises:
            msgspec.ValidationError: It is none.
        """
        exception = payload.get("exception")
        if exception is None:
            return None
        return msgspec.convert({**exception, "until_us": payload.get("until_us")}, cls)


class Normals:
    """All that is normal here, by the silence it came with."""

    def __init__(self) -> None:
        self._all: dict[str, Normal] = {}
        self._until: dict[tuple[str, str, str], int | None] = {}  # None: for ever

    def __bool__(self) -> bool:
        return bool(self._until)

    def add(self, id_: str, normal: Normal) -> None:
        """Heed an exception from now on."""
        self._all[id_] = normal
        self._index()

    def end(self, id_: str) -> None:
        """Heed it no more."""
        if self._all.pop(id_, None) is not None:
            self._index()

    def covers(self, finding: Finding) -> bool:
        """Say whether what was found is normal here."""
        detection = finding.detection
        key = (detection.name, detection.primary, finding.primary)
        if key not in self._until:
            return False
        until_us = self._until[key]
        return until_us is None or finding.at_us < until_us

    def _index(self) -> None:
        self._until = {}
        for normal in self._all.values():
            for rule in normal.rules:
                key = (rule, *normal.primary)
                known = self._until.get(key, 0)
                both = known is not None and normal.until_us is not None
                self._until[key] = max(known or 0, normal.until_us or 0) if both else None
