"""The block lists we ask, and what their answers mean. The lists are data: `blocklists.yaml`.

What a list says is one of three things: listed, clear, or no answer. A refusal, an address that no list would give, a code
that nobody has described, an error: all of these are no answer, for both a false "listed" and a false "clear" cost more.
"""

import ipaddress
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

import msgspec

from mailwarden.parsers.data_file import read_data
from mailwarden.pipeline.probes.resolver import Answer

__all__ = ["Blocklist", "Dead", "Judgement", "Kind", "blocklists", "dead_lists", "kind_of", "question"]

Kind = Literal["ip4", "ip6", "domain"]
_BLOCKED_BIT = 1  # of SURBL and URIBL: the question was refused, whatever else is set
State = Literal["listed", "clear", "no answer"]
T = TypeVar("T")

_LISTS_LIVE_IN = ipaddress.ip_network("127.0.0.0/8")  # RFC 5782, 2.3


class Code(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one answer means."""

    means: str
    weight: float | None = None
    hint: str = ""


class Blocklist(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"kinds": "for"}):
    """One list; the fields are described at the head of the data."""

    zone: str
    name: str
    kinds: tuple[Kind, ...]
    weight: float
    codes: dict[str, Code] = {}
    bits: dict[int, str] = {}
    refusals: dict[str, str] = {}
    good: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    delist: str = ""
    hint: str = ""
    key: str = ""
    via: str = ""
    only_with_key: bool = False

    def asked_at(self, keys: Mapping[str, str]) -> str | None:
        """Give the zone to ask, with the key where there is one; None where it cannot be asked without. Never shown."""
        key = keys.get(self.key) if self.key else None
        if key:
            return f"{key}.{self.via}"
        return None if self.only_with_key else self.zone

    def judge(self, answer: Answer, *, unlisted_is_empty: bool = False) -> "Judgement":
        """Say what an answer of this list means.

        Args:
            answer: What its zone has of type A for a name.
            unlisted_is_empty: It says "not listed" with an empty answer, as its self-test showed.
        """
        if answer.kind == "no such name" or (answer.kind == "no such record" and unlisted_is_empty):
            return Judgement("clear")
        if answer.kind == "no such record":
            return Judgement("no answer", reason="empty")
        if answer.kind == "no answer":
            return Judgement("no answer", reason=answer.reason)
        return self._judge_codes(sorted(answer.values))

    def _judge_codes(self, codes: Sequence[str]) -> "Judgement":
        found: dict[str, tuple[Code, ...]] = {}
        good = 0
        for text in codes:
            if ipaddress.ip_address(text) not in _LISTS_LIVE_IN:  # a resolver that rewrites, or a zone that was sold
                return Judgement("no answer", tuple(codes), reason="rewritten")
            refusal = _among(text, self.refusals) or _among(text, _data().refusals)
            if refusal is not None:
                return Judgement("no answer", tuple(codes), reason="refused", means=(refusal,))
            if text in self.good:
                good += 1
                continue
            meanings = self._meanings(text)
            if meanings:
                found[text] = meanings
        if not found:
            return Judgement("clear", tuple(codes)) if good else Judgement("no answer", tuple(codes), "unknown code")
        meant = [code for meanings in found.values() for code in meanings]
        weight = max(self.weight if code.weight is None else code.weight for code in meant)
        hint = next((code.hint for code in meant if code.hint), self.hint)
        return Judgement("listed", tuple(found), means=tuple(code.means for code in meant), weight=weight, hint=hint)

    def _meanings(self, text: str) -> tuple[Code, ...]:
        if not self.bits:
            code = _among(text, self.codes)
            return (code,) if code is not None else ()
        octet = int(text.rpartition(".")[2])
        if not text.startswith("127.0.0.") or octet & _BLOCKED_BIT:
            return ()
        return tuple(Code(means) for bit, means in self.bits.items() if octet & bit)


class Judgement(NamedTuple):
    """What one list says of one name."""

    state: State
    codes: tuple[str, ...] = ()
    reason: str = ""  # why there is no answer
    means: tuple[str, ...] = ()
    weight: float = 0.0
    hint: str = ""


class Dead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A list that has ended; it and all below it answer nothing, or (`lists_all`) list the whole world."""

    zone: str
    ended: str
    lists_all: bool = False


class _Data(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    refusals: dict[str, str]
    lists: tuple[Blocklist, ...]
    dead: tuple[Dead, ...]


@cache
def _data() -> _Data:
    return msgspec.convert(read_data(Path(__file__).with_name("blocklists.yaml")), _Data, strict=False)


def blocklists() -> tuple[Blocklist, ...]:
    """Give the lists that are asked."""
    return _data().lists


def dead_lists() -> tuple[Dead, ...]:
    """Give the lists that have ended."""
    return _data().dead


def kind_of(subject: str) -> Kind:
    """Say what a subject is: an address of one family, or a domain."""
    try:
        return "ip4" if ipaddress.ip_address(subject).version == 4 else "ip6"
    except ValueError:
        return "domain"


def question(subject: str, zone: str) -> str:
    """Give the name under which a list is asked about an address or a domain (RFC 5782, 2.1, 2.4 and 3)."""
    try:
        address = ipaddress.ip_address(subject)
    except ValueError:
        return f"{subject.rstrip('.')}.{zone}"
    reverse = address.reverse_pointer.removesuffix(".in-addr.arpa").removesuffix(".ip6.arpa")
    return f"{reverse}.{zone}"


def _among(text: str, codes: Mapping[str, T]) -> T | None:
    """Find the entry of a code, itself before a range of the last octet."""
    exact = codes.get(text)
    if exact is not None:
        return exact
    head, _, last = text.rpartition(".")
    for key, entry in codes.items():
        start, dash, end = key.partition("-")
        if dash and start.rpartition(".")[0] == head and int(start.rpartition(".")[2]) <= int(last) <= int(end):
            return entry
    return None
