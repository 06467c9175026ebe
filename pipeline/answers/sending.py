"""Who sends, for the page and the command line: people, newsletters, contact forms, programs, each as it was judged."""

from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from mailwarden.pipeline.answers.natures import SUSPECTED, Nature, Tally, Traits, suspects
from mailwarden.pipeline.correlation.senders import Sender
from mailwarden.pipeline.rollup_span import OTHER
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
    """Those who sent most and all who are part of an incident; how many more there were, to how many recipients."""

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
        most: How many are judged, beside all who are part of an incident; None: everybody.
        text: Stands in the name.
    """
    totals: Counter[tuple[str, str]] = Counter()
    for row in reader.sums(from_us, until_us, ("sent_recipients",)):
        if row.a != OTHER and owns(row.a) and text.lower() in row.a.lower():
            totals[row.a, row.b] += row.number
    ranked = sorted(totals, key=lambda who: (-totals[who], who))
    doubted = _doubted(reader, from_us)
    first = [who for place, who in enumerate(ranked) if most is None or place < most or who[0] in doubted]
    rest = set(totals).difference(first)
    names = [name for name, _ in first]
    rows = reader.sums_of(from_us, until_us, _NAMES, names) if most else reader.sums(from_us, until_us, _NAMES)
    tally = Tally(first)
    for who in first:
        tally.add(who, "sent_recipients", "", totals[who])
    for row in rows:
        tally.add((row.a, row.b), row.name, row.c, row.number)
    made = [Mailer(*judged) for judged in tally.judged(doubted)]
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
