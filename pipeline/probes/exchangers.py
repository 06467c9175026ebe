"""Can a domain take the answers to its mail? Source: RFC 5321, section 5.1; RFC 7505; RFC 2181, section 10.3."""

import asyncio

from mailwarden.pipeline.probes.outcome import Outcome, nobody_knows
from mailwarden.pipeline.probes.resolver import Answer, Resolver

__all__ = ["check_mx", "exchangers"]


async def exchangers(resolver: Resolver, domain: str) -> tuple[Answer, list[str]]:
    """Give the answer for a domain's MX, and the hosts that take its mail, the preferred first."""
    answer = await resolver.ask(domain, "MX")
    found = []
    for value in answer.values:
        preference, _, host = value.partition(" ")
        found.append((int(preference), host.rstrip(".").lower()))
    return answer, [host for _, host in sorted(found) if host]


async def check_mx(resolver: Resolver, domain: str) -> Outcome:
    """Check that a domain has a host for its mail, and that each has an address."""
    answer, hosts = await exchangers(resolver, domain)
    if not answer.is_known:
        return nobody_knows(domain, "mx", answer)
    now = ", ".join(sorted(answer.values))
    if answer.values and not hosts:
        return Outcome(domain, "mx", domain, "wrong", "mx_null", now)
    asked = hosts or [domain]
    both = await asyncio.gather(*(asyncio.gather(resolver.ask(h, "A"), resolver.ask(h, "AAAA")) for h in asked))
    for host, addresses in zip(asked, both, strict=True):
        if any(one.kind == "found" for one in addresses):
            continue
        late = next((one for one in addresses if not one.is_known), None)
        if late is not None:
            return nobody_knows(domain, "mx", late)
        reason = "mx_no_address" if hosts else "mx_missing"
        return Outcome(domain, "mx", domain, "wrong", reason, now, details={"host": host})
    aliases = await asyncio.gather(*(resolver.ask(host, "CNAME") for host in hosts))
    alias = next((one for one in aliases if one.kind == "found"), None)
    if alias is not None:
        return Outcome(
            domain, "mx", domain, "wrong", "mx_alias", now, details={"host": alias.name, "target": alias.values[0]}
        )
    return Outcome(domain, "mx", domain, "ok", now=now, details={"hosts": hosts})
