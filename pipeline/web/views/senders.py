"""Senders: who sends, and what is it? People, newsletters, contact forms, programs."""

import msgspec

from mailwarden.alerts.words.translate import Translator
from mailwarden.pipeline.answers.natures import NATURES, nature_text, reason_text
from mailwarden.pipeline.answers.sending import Mailers
from mailwarden.pipeline.web.views.people import PeopleQuery

__all__ = ["SENDERS", "SendersView", "senders_view"]

SENDERS = 200
"""How many are judged for a page; of a large hoster's thousands nobody reads more."""


_SHOWN = 100


class Sent(msgspec.Struct, frozen=True):
    """Who sent, and what that seems to be."""

    name: str
    user: str
    messages: int
    recipients: int
    what: str
    why: str
    is_suspect: bool
    look: str  # what its messages are found by; "" for what the archive does not find


class SendersView(msgspec.Struct, frozen=True):
    """Who sent most, and how much there was of each kind."""

    query: PeopleQuery
    natures: list[tuple[str, int]]  # in words, recipients
    senders: list[Sent]
    total: int
    spans: tuple[int, ...] = (7, 30)


def senders_view(found: Mailers, query: PeopleQuery, tongue: Translator) -> SendersView:
    """Put it into words: those who sent most, and by kind what they and all others sent."""
    by_nature: dict[str, int] = {}
    for one in found.first:
        by_nature[one.nature.name] = by_nature.get(one.nature.name, 0) + one.traits.recipients
    natures = [
        (tongue.gettext(NATURES[name]), number) for name, number in sorted(by_nature.items(), key=lambda one: -one[1])
    ]
    if found.rest:
        said = tongue.count("{number} more, who sent less", "{number} more, who sent less", found.rest)
        natures.append((said, found.rest_recipients))
    return SendersView(
        query=query,
        natures=natures,
        senders=[
            Sent(
                one.sender.name,
                "" if f"uid {one.sender.user}" in one.sender.name else one.sender.user,
                one.traits.messages,
                one.traits.recipients,
                nature_text(one.nature, tongue),
                reason_text(one.nature, tongue),
                one.nature.name == "suspect",
                "" if one.sender.kind == "script" else one.sender.name,
            )
            for one in found.first[:_SHOWN]
        ],
        total=len(found.first) + found.rest,
    )
