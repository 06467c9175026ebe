"""Ask every list about every address and domain of ours, once; believe only lists that prove that they work.

A list proves itself with the points of RFC 5782, section 5: one that must be listed, one that must not. Lists that fail it
are asked nothing more in this round, so that a list that hangs costs one look-up's patience and no more.
"""

import asyncio
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mailwarden.pipeline.probes.blocklists import Blocklist, Judgement, Kind, kind_of, question
from mailwarden.pipeline.probes.resolver import Answer, Resolver

__all__ = ["Look", "Round", "ZoneState", "look", "prove_lists"]

_LISTED_POINT: dict[Kind, str] = {"ip4": "127.0.0.2", "ip6": "::ffff:7f00:2", "domain": "test"}  # RFC 5782, 5
_UNLISTED_POINT: dict[Kind, str] = {"ip4": "127.0.0.1", "ip6": "::ffff:7f00:1", "domain": "invalid"}
_A_LIST = 4  # questions to one list at a time
_REASON = 200  # characters of a list's own words


@dataclass(frozen=True, slots=True)
class ZoneState:
    """Whether a list can be believed in this round; `reason` is empty where it can."""

    list: Blocklist
    kind: Kind
    reason: str = ""
    answered: tuple[str, ...] = ()  # what it answered instead
    unlisted_is_empty: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """What one list says of one address or domain."""

    subject: str
    list: Blocklist
    judgement: Judgement
    words: str = ""  # the list's own


@dataclass(frozen=True, slots=True)
class Round:
    """All answers of one round, in the order of the lists, and how the lists themselves stood."""

    looks: tuple[Look, ...]
    zones: tuple[ZoneState, ...]
    rewritten: bool = False  # the resolver makes up addresses for names that do not exist


async def look(
    resolver: Resolver, lists: Iterable[Blocklist], subjects: Sequence[str], keys: Mapping[str, str] | None = None
) -> Round:
    """Ask the lists about addresses and domains.

    Args:
        resolver: Whom to ask.
        lists: Which lists; those that need a key and have none are left out.
        subjects: Addresses and domains.
        keys: By the name of the key, for lists that are asked with one. They are in no answer that this gives.
    """
    kinds = {kind_of(subject) for subject in subjects}
    asked = [
        (one, kind, zone)
        for one in lists
        if (zone := one.asked_at(keys or {})) is not None
        for kind in one.kinds
        if kind in kinds
    ]
    invented, done = await asyncio.gather(
        resolver.ask(f"{secrets.token_hex(12)}.invalid", "A"),  # RFC 6761, 6.4: it never exists
        asyncio.gather(*(_one_list(resolver, one, kind, zone, subjects) for one, kind, zone in asked)),
    )
    rewritten = invented.kind == "found"
    looks: list[Look] = []
    zones: list[ZoneState] = []
    for state, own in done:
        zones.append(state)
        looks += own
    return Round(tuple(looks), tuple(zones), rewritten)


async def prove_lists(
    resolver: Resolver, lists: Iterable[Blocklist], keys: Mapping[str, str] | None = None
) -> list[ZoneState]:
    """Test the lists themselves, each with one kind of what it lists, and ask about nobody."""
    asked = [(one, zone) for one in lists if (zone := one.asked_at(keys or {})) is not None]
    return list(await asyncio.gather(*(_self_test(resolver, one, one.kinds[0], zone) for one, zone in asked)))


async def _one_list(
    resolver: Resolver, one: Blocklist, kind: Kind, zone: str, subjects: Sequence[str]
) -> tuple[ZoneState, list[Look]]:
    own = [subject for subject in subjects if kind_of(subject) == kind]
    state = await _self_test(resolver, one, kind, zone)
    if state.reason:
        nothing = Judgement("no answer", state.answered, state.reason)
        return state, [Look(subject, one, nothing) for subject in own]
    gate = asyncio.Semaphore(_A_LIST)

    async def ask(subject: str) -> Look:
        async with gate:
            name = question(subject, zone)
            judgement = one.judge(await resolver.ask(name, "A"), unlisted_is_empty=state.unlisted_is_empty)
            words = ""
            if judgement.state == "listed":
                words = " ".join((await resolver.ask(name, "TXT")).values)[:_REASON]
            return Look(subject, one, judgement, _without_key(words, zone, one.zone))

    return state, list(await asyncio.gather(*(ask(subject) for subject in own)))


async def _self_test(resolver: Resolver, one: Blocklist, kind: Kind, zone: str) -> ZoneState:
    points = [*one.tests, _LISTED_POINT[kind]] if kind == "domain" else [_LISTED_POINT[kind]]
    unlisted, *listed = await asyncio.gather(
        *(resolver.ask(question(point, zone), "A") for point in (_UNLISTED_POINT[kind], *points))
    )
    empty = unlisted.kind == "no such record"
    reason, answered = _unlisted_fault(one, unlisted)
    if reason:
        return ZoneState(one, kind, reason, answered)
    judged = [one.judge(answer) for answer in listed]
    if any(judgement.state == "listed" for judgement in judged):
        return ZoneState(one, kind, unlisted_is_empty=empty)
    worst = max(judged, key=lambda judgement: _TELLS_MORE.get(judgement.reason, 1))
    if worst.state == "no answer" and worst.reason not in ("empty", "unknown code"):
        return ZoneState(one, kind, worst.reason, worst.codes)
    return ZoneState(one, kind, "silent", worst.codes)


_TELLS_MORE = {"": 0, "empty": 0, "refused": 3, "rewritten": 3}


def _unlisted_fault(one: Blocklist, answer: Answer) -> tuple[str, tuple[str, ...]]:
    """Say what is wrong with a list by the point that it must not list."""
    if answer.kind in ("no such name", "no such record"):
        return "", ()
    judgement = one.judge(answer)
    if judgement.state == "no answer" and judgement.reason != "unknown code":
        return judgement.reason, judgement.codes
    if judgement.state == "clear":  # its own word for good
        return "", ()
    return "lists everything", answer.values


def _without_key(words: str, zone: str, shown: str) -> str:
    """Take the key out of a list's words: some repeat the question."""
    return words.replace(zone, shown) if zone != shown else words
