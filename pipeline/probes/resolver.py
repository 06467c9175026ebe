"""Ask name servers, and tell apart what they say: it is so, there is no such thing, or nobody knows.

dnspython's own resolver was looked at: it folds SERVFAIL, REFUSED and nonsense into one exception after many tries. Here
each look-up costs at most its tries, whatever a server does, and what went wrong is a word of its own.
"""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.resolver

__all__ = ["Answer", "Kind", "Resolver", "system_servers"]

Kind = Literal["found", "no such name", "no such record", "no answer"]

_TRIES_S = (1.2, 1.8)  # of one look-up: the first try is given less, since most losses are single packets
_UNDERWAY = 64  # questions at once: polite to the resolver, and few enough for any limit of open files
_KEPT = 4096  # answers remembered
_LEAST_TTL_S, _MOST_TTL_S = 30, 3600
_NEGATIVE_TTL_S = 300
_PAYLOAD = 1232  # of UDP, that no path cuts up. Source: DNS flag day 2020
_CHAIN = 10  # aliases followed within an answer; a resolver follows 8 to 16 itself


@dataclass(frozen=True, slots=True)
class Answer:
    """What a name has of one type.

    `reason` says, where there is no answer, why: timeout, servfail, not allowed (REFUSED), unreachable,
    nonsense, loop, or another rcode.
    `authentic` is the resolver's word that DNSSEC proves it.
    """

    name: str
    type: str
    kind: Kind
    values: tuple[str, ...] = ()
    reason: str = ""
    ttl_s: int = 0
    authentic: bool = False

    @property
    def is_known(self) -> bool:
        """Say whether anything is known: also that there is nothing."""
        return self.kind != "no answer"


@dataclass(slots=True)
class _Memory:
    """Answers that are still good."""

    kept: dict[tuple[str, str], tuple[float, Answer]] = field(default_factory=dict)

    def get(self, key: tuple[str, str]) -> Answer | None:
        until_s, answer = self.kept.get(key, (0.0, None))
        return answer if until_s > time.monotonic() else None

    def put(self, key: tuple[str, str], answer: Answer) -> None:
        if len(self.kept) >= _KEPT:
            now_s = time.monotonic()
            self.kept = {k: v for k, v in self.kept.items() if v[0] > now_s}
            if len(self.kept) >= _KEPT:
                self.kept.clear()
        self.kept[key] = (time.monotonic() + answer.ttl_s, answer)


def system_servers(path: str = "/etc/resolv.conf") -> list[tuple[str, int]]:
    """Give the name servers of this machine; none where it names none."""
    try:
        return [(str(server), 53) for server in dns.resolver.Resolver(path).nameservers]
    except (dns.exception.DNSException, OSError):
        return []


class Resolver:
    """Asks name servers, one after the other, and remembers what they said for as long as they allow.

    Args:
        servers: Address and port of recursive resolvers, in order; empty: there is nobody to ask.
        tries_s: How long each try waits; every try asks the next server.
    """

    def __init__(self, servers: Sequence[tuple[str, int]], tries_s: Sequence[float] = _TRIES_S) -> None:
        self.servers = tuple(servers)
        self.fault = ""  # why it is not to be believed at all
        self._tries_s = tuple(tries_s)
        self._memory = _Memory()
        self._gate = asyncio.Semaphore(_UNDERWAY)
        self._underway: dict[tuple[str, str], asyncio.Future[Answer]] = {}

    async def prove(self) -> bool:
        """See that it reaches the world: one that says "no such name" to everything would make all of it look wrong.

        Where it does not know the root of all names, nothing that it says counts from then on.
        """
        answer = await self.ask(".", "NS")
        if answer.kind != "found":
            self.fault = answer.reason or "no root"
        return not self.fault

    async def ask(self, name: str, type_: str) -> Answer:
        """Give what a name has of a type; never raises, and never takes longer than its tries."""
        if self.fault:
            return Answer(name, type_, "no answer", reason=self.fault)
        key = (name.lower().rstrip("."), type_)
        known = self._memory.get(key)
        if known is not None:
            return known
        waiting = self._underway.get(key)
        if waiting is not None:
            return await asyncio.shield(waiting)
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._underway[key] = future
        answer = Answer(name, type_, "no answer", reason="stopped")
        try:
            async with self._gate:
                answer = await self._look_up(name, type_)
        finally:
            del self._underway[key]
            future.set_result(answer)
        if answer.is_known:
            self._memory.put(key, answer)
        return answer

    async def _look_up(self, name: str, type_: str) -> Answer:
        try:
            question = dns.message.make_query(
                name, type_, use_edns=True, payload=_PAYLOAD, flags=dns.flags.RD | dns.flags.AD
            )
        except (dns.exception.DNSException, UnicodeError, ValueError):
            return Answer(name, type_, "no answer", reason="no valid name")
        if not self.servers:
            return Answer(name, type_, "no answer", reason="no resolver")
        reason = "timeout"
        for place, patience_s in enumerate(self._tries_s):
            server, port = self.servers[place % len(self.servers)]
            question.id = random.SystemRandom().randrange(1 << 16)
            try:
                async with asyncio.timeout(patience_s):
                    reply, _ = await dns.asyncquery.udp_with_fallback(
                        question, server, port=port, timeout=patience_s, ignore_unexpected=True, ignore_errors=True
                    )
            except (TimeoutError, dns.exception.Timeout):
                reason = "timeout"
                continue
            except OSError:
                reason = "unreachable"
                continue
            except (dns.exception.DNSException, ValueError, EOFError, UnicodeError, IndexError):
                reason = "nonsense"
                continue
            answer = _read(name, type_, reply)
            if answer.is_known:
                return answer
            reason = answer.reason
            if reason in ("formerr", "notimp"):  # a resolver that knows no EDNS
                question.use_edns(False)
        return Answer(name, type_, "no answer", reason=reason)


def _read(name: str, type_: str, reply: dns.message.Message) -> Answer:
    """Read a reply that belongs to the question."""
    code = reply.rcode()
    if code == dns.rcode.NXDOMAIN:
        return Answer(name, type_, "no such name", ttl_s=_NEGATIVE_TTL_S)
    if code != dns.rcode.NOERROR:
        word = dns.rcode.to_text(code).lower()
        return Answer(name, type_, "no answer", reason="not allowed" if code == dns.rcode.REFUSED else word)
    wanted = dns.rdatatype.from_text(type_)
    owner = dns.name.from_text(name)
    for _ in range(_CHAIN):
        found = [one for one in reply.answer if one.name == owner and one.rdtype == wanted]
        if found:
            values = tuple(dict.fromkeys(_text(value) for one in found for value in one))
            ttl_s = min(max(min(one.ttl for one in found), _LEAST_TTL_S), _MOST_TTL_S)
            authentic = bool(reply.flags & dns.flags.AD)
            return Answer(name, type_, "found", values, ttl_s=ttl_s, authentic=authentic)
        alias = next((one for one in reply.answer if one.name == owner and one.rdtype == dns.rdatatype.CNAME), None)
        if alias is None:
            return Answer(name, type_, "no such record", ttl_s=_NEGATIVE_TTL_S)
        owner = alias[0].target
    return Answer(name, type_, "no answer", reason="loop")


def _text(value: dns.rdata.Rdata) -> str:
    """Give a record's value as text: the strings of a TXT joined (RFC 7208, 3.3), names without their last dot."""
    if value.rdtype == dns.rdatatype.TXT:
        return b"".join(value.strings).decode("utf-8", "backslashreplace")  # type: ignore[attr-defined]
    text = value.to_text()
    if value.rdtype in (dns.rdatatype.PTR, dns.rdatatype.MX, dns.rdatatype.CNAME, dns.rdatatype.NS):
        return text.rstrip(".") if text != "." else text
    return text
