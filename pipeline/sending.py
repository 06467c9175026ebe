"""Who sends, for the page and the command line: people, newsletters, contact forms, programs, each as it was judged."""

from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from mailwarden.pipeline.natures import SUSPECTED, Nature, Traits, judge, suspects
from mailwarden.pipeline.rollups import OTHER
from mailwarden.pipeline.senders import Sender
from mailwarden.pipeline.store import IncidentFilter, Reader

__all__ = ["FIELDS", "Mailer", "Mailers", "as_data", "mailers"]

FIELDS = ("sender", "kind", "user.id", "is", "sure", "why", "messages", "recipients", "days", "hours", "single", "run")
"""What a sender is told by, as data."""


_DOUBTED = 100  # incidents of a category, the worst first
_WORTH = ("critical", "high", "medium")
_NAMES = ("sent", "sent_trait")


class Mailer(msgspec.Struct, frozen=True):
    """A sender and how it sent."""

    sender: Sender
    traits: Traits
    nature: Nature


class Mailers(NamedTuple):
    """Those who sent most, and how many more there were, to how many recipients."""

    first: list[Mailer]
    rest: int = 0
    rest_recipients: int = 0


def mailers(
    reader: Reader,
    from_us: int,
    until_us: int,
    owns: Callable[[str], bool] = lambda _: True,
    *,
    most: int | None = None,
    text: str = "",
) -> Mailers:
    """Give who sent in some days, those with most recipients first.

    Args:
        reader: Where it was counted.
        from_us: The first day's beginning or before.
        until_us: The end.
        owns: Says of a name whether it may be shown.
        most: How many are judged; None: all.
        text: Stands in the name.
    """
    totals: Counter[tuple[str, str]] = Counter()
    for row in reader.sums(from_us, until_us, ("sent_recipients",)):
        if row.a != OTHER and owns(row.a) and text.lower() in row.a.lower():
            totals[row.a, row.b] += row.number
    ranked = sorted(totals, key=lambda who: (-totals[who], who))
    first, rest = ranked[:most], ranked[len(ranked[:most]) :]
    names = [name for name, _ in first]
    rows = reader.sums_of(from_us, until_us, _NAMES, names) if most else reader.sums(from_us, until_us, _NAMES)
    counts: dict[tuple[str, str], Counter[str]] = {who: Counter() for who in first}
    users: dict[tuple[str, str], str] = {}
    for row in rows:
        of = counts.get((row.a, row.b))
        if of is None:
            continue
        of[row.c if row.name == "sent_trait" else row.name] += row.number
        if row.name == "sent" and row.c:
            users[row.a, row.b] = row.c
    doubted = _doubted(reader, from_us)
    made = [
        _mailer(Sender(*who, users.get(who, "")), of, totals[who], is_suspect=who[0] in doubted)
        for who, of in counts.items()
    ]
    return Mailers(made, len(rest), sum(totals[who] for who in rest))


def _doubted(reader: Reader, from_us: int) -> set[str]:
    """Give the senders of whom an incident says that their mail is not their own."""
    wanted = [
        IncidentFilter(category=category, severities=_WORTH, since_us=from_us, parts=True) for category in SUSPECTED
    ]
    return {name for one in wanted for name in suspects(reader.incidents(one, limit=_DOUBTED))}


def as_data(one: Mailer) -> dict[str, Any]:
    """Give a sender under the names of `FIELDS`."""
    traits = one.traits
    told = (traits.messages, traits.recipients, traits.days, traits.hours, traits.single, traits.run)
    nature = one.nature
    return dict(zip(FIELDS, (*one.sender, nature.name, nature.sure, list(nature.why), *told), strict=True))


def _mailer(sender: Sender, of: Counter[str], recipients: int, *, is_suspect: bool) -> Mailer:
    traits = Traits.of(of.pop("sent", 0), recipients, of)
    return Mailer(sender, traits, judge(sender, traits, is_suspect=is_suspect))
