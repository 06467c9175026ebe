"""What lists say of us over time: a listing counts when it was seen twice, and ends only with a clear answer."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from mailwarden.pipeline.probes.lists import Look
from mailwarden.pipeline.store import Listing

__all__ = ["AGAIN_US", "Picture"]

AGAIN_US = 600_000_000  # the second look, before anybody is told (REP-04)
_SLACK_US = 30_000_000
_REMEMBER_US = 7 * 86_400_000_000  # a list that listed us and then fell silent is believed so long


@dataclass(slots=True)
class _Seen:
    state: str
    since_us: int
    before: str = ""  # what was last known, where there is no answer now
    known_us: int = 0  # when that was
    weight: float = 0.0
    name: str = ""
    codes: tuple[str, ...] = ()
    reason: str = ""
    delist: str = ""


class Picture:
    """The newest state of every subject and list.

    Args:
        history: States of the last days, oldest first.
        again_us: How long after the first look the second one is due.
    """

    def __init__(self, history: Iterable[Listing] = (), again_us: int = AGAIN_US) -> None:
        self._again_us = again_us
        self._seen: dict[str, dict[str, _Seen]] = {}
        for one in history:
            own = self._seen.setdefault(one.subject, {})
            before = own.get(one.zone)
            own[one.zone] = seen = _Seen(
                one.state, one.since_us, "", one.checked_us, one.weight, one.name, one.codes, one.reason
            )
            if one.state == "no answer" and before is not None:
                seen.before, seen.known_us = before.before or before.state, before.known_us

    def take(self, look: Look, now_us: int) -> None:
        """Take in what one list said just now."""
        own, said = self._seen.setdefault(look.subject, {}), look.judgement
        before = own.get(look.list.zone)
        state: str = said.state
        seen = _Seen(state, now_us, "", now_us, said.weight, look.list.name, said.codes, look.words, look.list.delist)
        if said.state == "listed":
            seen.state = "listed" if self._is_second(before, now_us) else "suspected"
        elif said.state == "no answer":
            seen.reason = said.reason
            if before is not None:
                seen.before, seen.known_us = before.before or before.state, before.known_us
                if seen.before == "listed" and now_us - seen.known_us <= _REMEMBER_US:
                    seen.weight, seen.delist = before.weight, before.delist
                else:
                    seen.before = ""
        if before is not None and before.state == seen.state:
            seen.since_us = before.since_us
        own[look.list.zone] = seen

    def _is_second(self, before: _Seen | None, now_us: int) -> bool:
        if before is None:
            return False
        if before.state == "suspected":
            return now_us - before.since_us >= self._again_us - _SLACK_US
        return "listed" in (before.state, before.before)

    def suspected(self) -> dict[str, list[str]]:
        """Give the lists that must be asked a second time, by subject."""
        found = {
            subject: [zone for zone, seen in own.items() if seen.state == "suspected"]
            for subject, own in self._seen.items()
        }
        return {subject: zones for subject, zones in found.items() if zones}

    def forget(self, subjects: Iterable[str]) -> None:
        """Keep only these subjects."""
        kept = set(subjects)
        self._seen = {subject: own for subject, own in self._seen.items() if subject in kept}

    def of(self, subject: str) -> Iterator[dict[str, Any]]:
        """Give what every list says of a subject, as it stands in a line of the inbox."""
        for zone, seen in sorted(self._seen.get(subject, {}).items()):
            record = {
                "zone": zone,
                "name": seen.name,
                "state": seen.state,
                "weight": seen.weight,
                "codes": list(seen.codes),
                "reason": seen.reason,
                "before": seen.before,
                "delist": seen.delist,
            }
            yield {key: value for key, value in record.items() if value not in ("", [])}
