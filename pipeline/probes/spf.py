"""Does a domain's SPF record let its own mail through, and do receivers get to its end? Source: RFC 7208."""

import ipaddress
import re
from collections.abc import Sequence
from typing import Literal

from mailwarden.pipeline.probes.outcome import Outcome, nobody_knows
from mailwarden.pipeline.probes.resolver import Answer, Resolver
from mailwarden.pipeline.probes.spf_record import SpfSyntaxError, Term, is_spf, parse

__all__ = ["MOST_LOOKUPS", "check_spf", "evaluate"]

MOST_LOOKUPS = 10  # RFC 7208, 4.6.4
MOST_VOID = 2
_MOST_NAMES = 10  # of one MX or PTR answer
_STOP = 40  # look-ups that we spend on a record whose writer did not care
_COSTLY = frozenset({"include", "a", "mx", "ptr", "exists", "redirect"})
_MACRO = re.compile(r"%\{([slodiphcrtvSLODIPHCRTV])(\d{0,3})(r?)([.+,/_=-]{0,7})\}|%([%_-])")

Result = Literal["pass", "fail", "softfail", "neutral", "none", "permerror", "temperror"]
_RESULTS: dict[str, Result] = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class _Fault(Exception):
    """Why a record cannot be followed to its end; `args` are the reason and what it names."""


class _NoAnswer(Exception):
    """A name server did not answer."""


class _Walk:
    """Follows a record and all it includes, for one address or (None) for all there could be."""

    def __init__(self, resolver: Resolver, address: _Address | None) -> None:
        self._resolver = resolver
        self._address = address
        self.lookups = 0
        self.void = 0
        self.late: Answer | None = None

    async def follow(self, domain: str, record: str, path: tuple[str, ...] = ()) -> Result:
        """Give what the record says of the address."""
        if domain.lower() in path:
            raise _Fault("spf_loop", domain)
        path = (*path, domain.lower())
        terms = parse(record)
        for term in terms:
            if term.name not in ("redirect", "exp") and await self._matches(term, domain, path):
                return _RESULTS[term.qualifier]
        redirect = next((term for term in terms if term.name == "redirect"), None)
        if redirect is None or any(term.name == "all" for term in terms):
            return "neutral"
        self._spend()
        target = self._expand(redirect.value, domain)
        if target is None:
            return "neutral"
        found = await self._record(target)
        if found is None:
            raise _Fault("spf_include", target)
        return await self.follow(target, found, path)

    async def _matches(self, term: Term, domain: str, path: tuple[str, ...]) -> bool:
        if term.name == "all":
            return self._address is not None
        if term.name in ("ip4", "ip6"):
            return self._address is not None and self._address in ipaddress.ip_network(term.address)
        if term.name not in _COSTLY:
            return False
        self._spend()
        target = self._expand(term.value, domain) if term.value else domain
        if target is None or term.name == "ptr":  # made of what only a receiver knows
            return False
        if term.name == "include":
            found = await self._record(target)
            if found is None:
                raise _Fault("spf_include", target)
            return await self.follow(target, found, path) == "pass"
        if term.name == "exists":
            return bool(await self._values(target, "A"))
        if term.name == "mx":
            hosts = [value.split(" ")[-1] for value in await self._values(target, "MX")]
            if len(hosts) > _MOST_NAMES:
                raise _Fault("spf_lookups", target)
            found_any = [await self._has(host, term) for host in hosts if host not in (".", "")]
            return any(found_any)
        return await self._has(target, term, costs=True)

    async def _has(self, host: str, term: Term, *, costs: bool = False) -> bool:
        if self._address is None:
            if costs:
                await self._values(host, "A")
            return False
        version = self._address.version
        values = await self._values(host, "A" if version == 4 else "AAAA", count=costs)
        bits = term.bits4 if version == 4 else term.bits6
        networks = (ipaddress.ip_network(f"{value}/{bits}", strict=False) for value in values)
        return any(self._address in network for network in networks)

    async def _values(self, name: str, type_: str, *, count: bool = True) -> Sequence[str]:
        answer = await self._resolver.ask(name, type_)
        if not answer.is_known:
            self.late = answer
            raise _NoAnswer
        if answer.kind != "found" and count:
            if type_ == "A" and self._address is None and (await self._resolver.ask(name, "AAAA")).kind == "found":
                return ()
            self.void += 1
        return answer.values

    async def _record(self, name: str) -> str | None:
        records = [text for text in await self._values(name, "TXT") if is_spf(text)]
        if len(records) > 1:
            raise _Fault("spf_several_included", name)
        return records[0] if records else None

    def _spend(self) -> None:
        self.lookups += 1
        if self.lookups > (MOST_LOOKUPS if self._address is not None else _STOP):
            raise _Fault("spf_lookups", "")

    def _expand(self, value: str, domain: str) -> str | None:
        """Fill the macros of a name (RFC 7208, 7); None where they need an address and there is none."""
        if "%" not in value:
            return value.rstrip(".")
        if self._address is None:
            return None
        dotted = str(self._address) if self._address.version == 4 else ".".join(self._address.exploded.replace(":", ""))
        values = {
            "s": f"postmaster@{domain}",
            "l": "postmaster",
            "o": domain,
            "d": domain,
            "i": dotted,
            "p": "unknown",
            "h": domain,
            "v": "in-addr" if self._address.version == 4 else "ip6",
        }

        def fill(found: re.Match[str]) -> str:
            if found[5]:
                return {"%": "%", "_": " ", "-": "%20"}[found[5]]
            parts = re.split(f"[{re.escape(found[4] or '.')}]", values.get(found[1].lower(), "unknown"))
            if found[3]:
                parts.reverse()
            return ".".join(parts[-int(found[2]) :] if found[2] and int(found[2]) else parts)

        return _MACRO.sub(fill, value).rstrip(".")


async def evaluate(resolver: Resolver, domain: str, record: str, address: str) -> Result:
    """Say what a domain's record makes receivers think of an address (`check_host`, RFC 7208, 4)."""
    try:
        return await _Walk(resolver, ipaddress.ip_address(address)).follow(domain, record)
    except (_Fault, SpfSyntaxError):
        return "permerror"
    except _NoAnswer:
        return "temperror"


async def check_spf(resolver: Resolver, domain: str, addresses: Sequence[str] = ()) -> Outcome:
    """Check a domain's SPF record.

    Args:
        resolver: Whom to ask.
        domain: Whose.
        addresses: From which its mail leaves, as far as known; the record must let them pass.
    """
    answer = await resolver.ask(domain, "TXT")
    if not answer.is_known:
        return nobody_knows(domain, "spf", answer)
    records = [text for text in answer.values if is_spf(text)]
    if not records:
        return Outcome(domain, "spf", domain, "wrong", "spf_missing", should=_proposed(addresses))
    if len(records) > 1:
        now = " | ".join(records)
        return Outcome(
            domain, "spf", domain, "wrong", "spf_several", now, _proposed(addresses), {"count": len(records)}
        )
    return await _judge(resolver, domain, records[0], addresses)


async def _judge(resolver: Resolver, domain: str, record: str, addresses: Sequence[str]) -> Outcome:
    def told(
        state: Literal["ok", "wrong", "no answer"], reason: str = "", should: str = "", **details: object
    ) -> Outcome:
        return Outcome(domain, "spf", domain, state, reason, record, should, details)

    walk = _Walk(resolver, None)
    try:
        terms = parse(record)
        await walk.follow(domain, record)
    except SpfSyntaxError as error:
        return told("wrong", "spf_syntax", _proposed(addresses), term=str(error)[:100])
    except _Fault as fault:
        if fault.args[0] != "spf_lookups":
            return told("wrong", fault.args[0], name=fault.args[1])
    except _NoAnswer:
        late = walk.late
        return told("no answer", "no_answer", why=late.reason if late else "", name=late.name if late else domain)
    results = {address: await evaluate(resolver, domain, record, address) for address in addresses}
    left_out = [address for address, result in results.items() if result in ("fail", "softfail", "neutral", "none")]
    if any(term.name == "all" and term.qualifier == "+" for term in terms):
        return told("wrong", "spf_pass_all", _ending(record, "~all"))
    if left_out:
        return told("wrong", "spf_left_out", _with(record, left_out), left_out=left_out)
    if walk.lookups > MOST_LOOKUPS:
        passes = bool(results) and all(result == "pass" for result in results.values())
        reason = "spf_lookups_late" if passes else "spf_lookups"
        return told("wrong", reason, count=walk.lookups, most=MOST_LOOKUPS)
    if walk.void > MOST_VOID:
        return told("wrong", "spf_void", count=walk.void, most=MOST_VOID)
    if "temperror" in results.values():
        return told("no answer", "no_answer", why="servfail", name=domain)
    if not any(term.name in ("all", "redirect") for term in terms) or any(
        term.name == "all" and term.qualifier == "?" for term in terms
    ):
        return told("wrong", "spf_open_end", _ending(record, "~all"))
    return told("ok", lookups=walk.lookups, most=MOST_LOOKUPS)


def _proposed(addresses: Sequence[str]) -> str:
    return " ".join(["v=spf1", *map(_mechanism, addresses), "mx", "~all"])


def _mechanism(address: str) -> str:
    return f"ip{ipaddress.ip_address(address).version}:{address}"


def _with(record: str, addresses: Sequence[str]) -> str:
    """Put addresses behind the record's first word, where no other term can end it before."""
    head, _, rest = record.partition(" ")
    return " ".join([head, *map(_mechanism, addresses), rest]).strip()


def _ending(record: str, all_: str) -> str:
    kept = [term for term in record.split() if term.lower().lstrip("+-?~") != "all"]
    return " ".join([*kept, all_])
