"""Whose mail it was: the most frequent senders of many, counted in little room."""

from collections.abc import Mapping

from mailwarden.alerts.terms import Detection

__all__ = ["MANY", "count_sender", "is_most", "is_telling", "senders_of", "stands_out", "take_over"]

_SENDERS = 16  # that are counted; the others' share is below a sixteenth
MANY = 5  # of one sender's mail, of which chance makes no story
_TIMES_NEXT = 3
_OF_MAIL = frozenset({"config", "listed", "service"})
"""Causes of incidents that may have come of somebody's mail."""
_WHOSE = ("mailwarden.account", "mailwarden.script", "mailwarden.return_path")


def count_sender(senders: dict[str, int], value: str) -> None:
    """Count whose mail it was, for the most frequent: what is rare falls out (Misra and Gries 1982)."""
    if value in senders or len(senders) < _SENDERS:
        senders[value] = senders.get(value, 0) + 1
        return
    for other in list(senders):
        senders[other] -= 1
        if not senders[other]:
            del senders[other]


def take_over(senders: dict[str, int], counted: Mapping[str, int]) -> dict[str, int]:
    """Give what was counted here and elsewhere, of the same mail perhaps: the larger count of each, the most frequent of all."""
    both = {name: max(senders.get(name, 0), counted.get(name, 0)) for name in (*senders, *counted)}
    most = sorted(both, key=lambda name: -both[name])[:_SENDERS]
    return {name: both[name] for name in both if name in most}


def stands_out(senders: Mapping[str, int], value: str) -> bool:
    """Say whether one sender's mail is counted far more often than that of any other."""
    own = senders.get(value, 0)
    return own >= MANY and own >= _TIMES_NEXT * max(
        (count for other, count in senders.items() if other != value), default=0
    )


def is_telling(senders: Mapping[str, int]) -> bool:
    """Say whether enough was counted to tell whose mail it was."""
    return sum(senders.values()) >= MANY


def is_most(senders: Mapping[str, int], value: str) -> bool:
    """Say whether more than half of the mail was one sender's, and not one message alone."""
    own = senders.get(value, 0)
    return own > 1 and 2 * own > sum(senders.values())


def senders_of(detection: Detection, entities: Mapping[str, list[str]]) -> list[str]:
    """Give whose mail an event is about, where a detection is about what comes of somebody's mail."""
    if detection.cause not in _OF_MAIL:
        return []
    found = [one for name in _WHOSE for one in entities.get(name, ())]
    return found or [""] * (detection.cause == "config")  # nobody's mail is others' mail
