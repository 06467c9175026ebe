"""Who sends, for the page and the command line: people, newsletters, contact forms, programs, each as it was judged."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec

from mailwarden.pipeline.natures import SUSPECTED, Nature, Traits, judge, suspects
from mailwarden.pipeline.rollups import OTHER
from mailwarden.pipeline.senders import Sender
from mailwarden.pipeline.store import IncidentFilter, Reader

__all__ = ["FIELDS", "Mailer", "as_data", "mailers"]

FIELDS = ("sender", "kind", "user.id", "is", "sure", "why", "messages", "recipients", "days", "hours", "single", "run")
"""What a sender is told by, as data."""


_DOUBTED = 100  # incidents of a category, the worst first
_WORTH = ("critical", "high", "medium")
_NAMES = ("sent", "sent_recipients", "sent_trait")


class Mailer(msgspec.Struct, frozen=True):
    """A sender and how it sent."""

    sender: Sender
    traits: Traits
    nature: Nature


def mailers(reader: Reader, from_us: int, until_us: int, owns: Callable[[str], bool] = lambda _: True) -> list[Mailer]:
    """Give all who sent in some days, those with most recipients first.

    Args:
        reader: Where it was counted.
        from_us: The first day's beginning or before.
        until_us: The end.
        owns: Says of a name whether it may be shown.
    """
    counts: dict[tuple[str, str], Counter[str]] = {}
    users: dict[tuple[str, str], str] = {}
    for row in reader.sums(from_us, until_us, _NAMES):
        if row.a == OTHER or not owns(row.a):
            continue
        of = counts.setdefault((row.a, row.b), Counter())
        of[row.c if row.name == "sent_trait" else row.name] += row.number
        if row.name == "sent" and row.c:
            users[row.a, row.b] = row.c
    doubted = {
        name
        for category in SUSPECTED
        for name in suspects(
            reader.incidents(
                IncidentFilter(category=category, severities=_WORTH, since_us=from_us, parts=True), limit=_DOUBTED
            )
        )
    }
    made = [
        _mailer(Sender(*who, users.get(who, "")), of, is_suspect=who[0] in doubted)
        for who, of in counts.items()
        if of["sent"]
    ]
    return sorted(made, key=lambda one: (-one.traits.recipients, one.sender.name))


def as_data(one: Mailer) -> dict[str, Any]:
    """Give a sender under the names of `FIELDS`."""
    traits = one.traits
    told = (traits.messages, traits.recipients, traits.days, traits.hours, traits.single, traits.run)
    nature = one.nature
    return dict(zip(FIELDS, (*one.sender, nature.name, nature.sure, list(nature.why), *told), strict=True))


def _mailer(sender: Sender, of: Counter[str], *, is_suspect: bool) -> Mailer:
    traits = Traits.of(of.pop("sent"), of.pop("sent_recipients", 0), of)
    return Mailer(sender, traits, judge(sender, traits, is_suspect=is_suspect))
