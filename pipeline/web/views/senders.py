"""Senders: who sends, and what is it? People, newsletters, contact forms, programs."""

from collections import Counter

import msgspec

from mailwarden.alerts.words.translate import Translator
from mailwarden.pipeline.answers.natures import NATURES, nature_text, reason_text
from mailwarden.pipeline.answers.sending import Mailers
from mailwarden.pipeline.correlation.senders import Sender
from mailwarden.pipeline.web.views.paging import page_of
from mailwarden.pipeline.web.views.people import PeopleQuery

__all__ = ["SENDERS", "SendersView", "senders_view"]

SENDERS = 150
"""How many are judged for a page, beside all who are part of an incident: all 3,000 of a large hoster took 570 ms."""


_PAGE = 50


class Sent(msgspec.Struct, frozen=True):
    """Who sent, and what that seems to be."""

    name: str
    user: str
    messages: int
    recipients: int
    what: str
    why: str
    is_suspect: bool
    look: str  # what its messages are found by


class SendersView(msgspec.Struct, frozen=True):
    """Who sent most, and how much there was of each kind."""

    query: PeopleQuery
    natures: list[tuple[str, int, int]]  # in words, senders and recipients
    senders: list[Sent]
    total: int
    judged: int
    pages: int
    spans: tuple[int, ...] = (7, 30)


def senders_view(found: Mailers, query: PeopleQuery, tongue: Translator) -> SendersView:
    """Put it into words: who is part of an incident, those who sent most, and by kind what they and all others sent."""
    ordered = sorted(found.first, key=lambda one: one.nature.name != "suspect")
    shown, page, pages = page_of(ordered, query.page, _PAGE)
    senders, recipients = Counter[str](), Counter[str]()
    for one in found.first:
        senders[one.nature.name] += 1
        recipients[one.nature.name] += one.traits.recipients
    natures = [(tongue.gettext(NATURES[name]), senders[name], number) for name, number in recipients.most_common()]
    if found.rest:
        natures.append((tongue.gettext("others, who sent less"), found.rest, found.rest_recipients))
    return SendersView(
        query=msgspec.structs.replace(query, page=page),
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
                _look(one.sender),
            )
            for one in shown
        ],
        total=len(found.first) + found.rest,
        judged=len(found.first),
        pages=pages,
    )


def _look(sender: Sender) -> str:
    """Give what the archive finds a sender's messages by: of a script that PHP names, its path without its user."""
    name = sender.name.partition(" (")[0] if sender.kind == "script" else sender.name
    return name.removeprefix("uid ").removeprefix("local <").rstrip(">")
