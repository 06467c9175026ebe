"""What receivers said when they did not take our mail, in their own words: the newest of each kind, the most frequent first."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from mailwarden.pipeline.archive.index import refusal_of
from mailwarden.pipeline.web.views.messages import at_us, listed, reply_text

__all__ = ["Reply", "commonest", "replies_of"]

_KINDS = 3  # of one provider and reason
_COMPARED = 500  # characters; what stands behind them makes no other kind
_CHANGING = re.compile(r"<[^<>]{0,320}>|[^\s@]{1,64}@[^\s@]{1,255}|\[[^\[\]]{0,64}\]")
_WORD = re.compile(r"\w+")


class Reply(msgspec.Struct, frozen=True):
    """One kind of reply: what it was the last time, when, of which message, and how often among those looked at."""

    said: str
    at_us: int
    queue: str
    to: str
    often: int


def replies_of(events: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], list[Reply]]:
    """Sort failed deliveries, the newest first, by provider, class, and what was said.

    Replies that differ in names and numbers alone are of one kind.
    """
    groups: dict[tuple[str, str], dict[str, list[Mapping[str, Any]]]] = {}
    for event in events:
        pair, said = refusal_of(event), reply_text(event)
        if pair is not None and said:
            groups.setdefault(pair, {}).setdefault(_kind(said), []).append(event)
    return {pair: _ranked(kinds.values()) for pair, kinds in groups.items()}


def commonest(said: Sequence[str]) -> str:
    """Give the newest of the replies of that kind which is the most frequent; the last of them is the newest."""
    kinds: dict[str, list[str]] = {}
    for one in said:
        if one:
            kinds.setdefault(_kind(one), []).append(one)
    return max(kinds.values(), key=len)[-1] if kinds else ""


def _ranked(kinds: Iterable[Sequence[Mapping[str, Any]]]) -> list[Reply]:
    return [
        Reply(
            reply_text(of[0]),
            at_us(of[0]),
            str(of[0].get("mail.queue.id") or ""),
            next(iter(listed(of[0].get("email.to.address"))), ""),
            len(of),
        )
        for of in sorted(kinds, key=lambda of: -len(of))[:_KINDS]
    ]


def _kind(said: str) -> str:
    text = _CHANGING.sub("#", said[:_COMPARED].lower())
    return _WORD.sub(lambda word: "#" if any(map(str.isdigit, word[0])) else word[0], text)
