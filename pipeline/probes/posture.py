"""All that can be seen of a domain or a sending address from outside, at once."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mailwarden.pipeline.probes.dane import check_dane
from mailwarden.pipeline.probes.dkim import check_dkim
from mailwarden.pipeline.probes.dmarc import check_dmarc, organisation
from mailwarden.pipeline.probes.exchangers import check_mx, exchangers
from mailwarden.pipeline.probes.https import Web
from mailwarden.pipeline.probes.outcome import Outcome
from mailwarden.pipeline.probes.ports import PortLook, judge_port, look_at_port
from mailwarden.pipeline.probes.resolver import Resolver
from mailwarden.pipeline.probes.reverse import check_helo, check_ptr
from mailwarden.pipeline.probes.spf import check_spf
from mailwarden.pipeline.probes.transport import check_mta_sts, check_tls_rpt

__all__ = ["Gauge"]

_SMTP = 25
_FOR_PEOPLE = (465, 587, 993, 995)
_MOST_HOSTS = 4  # mail hosts whose ports are looked at
_ENFORCED = ("quarantine", "reject")


@dataclass(frozen=True, slots=True)
class Gauge:
    """Whom to ask, how, and what time it is.

    `ports` False: nothing is connected to, only names are looked up.
    """

    resolver: Resolver
    web: Web
    now: datetime
    ports: bool = True

    async def domain(
        self,
        domain: str,
        addresses: Sequence[str] = (),
        selectors: Sequence[str] = (),
        hints: Sequence[str] = (),
    ) -> list[Outcome]:
        """Check all that a domain publishes, and the hosts that take its mail; arguments as of the single checks."""
        (spf, dkim, dmarc), (mx, sts, report), hosts = await asyncio.gather(
            asyncio.gather(
                check_spf(self.resolver, domain, addresses),
                check_dkim(self.resolver, domain, selectors, hints),
                check_dmarc(self.resolver, domain),
            ),
            asyncio.gather(
                check_mx(self.resolver, domain),
                check_mta_sts(self.resolver, domain, self.web),
                check_tls_rpt(self.resolver, domain),
            ),
            self._hosts(domain),
        )
        return [spf, *dkim, _with_alignment(dmarc, spf, dkim), mx, sts, report, *hosts]

    async def address(self, address: str, helo: str | None = None) -> list[Outcome]:
        """Check the names of a sending address."""
        ptr = check_ptr(self.resolver, address, helo)
        if helo is None:
            return [await ptr]
        return list(await asyncio.gather(ptr, check_helo(self.resolver, address, helo)))

    async def host(
        self, host: str, addresses: Sequence[str], ports: Sequence[int], *, names: bool = True
    ) -> list[Outcome]:
        """Check the certificates and TLS of a host's ports, and its TLSA records; `names`: also whether they are for it."""
        looks = await asyncio.gather(*(self._look(host, addresses, port) for port in ports))
        found = [outcome for look in looks for outcome in judge_port(look, self.now, names=names)]
        dane = await check_dane(self.resolver, host, next((one for one in looks if one.port == _SMTP), None))
        return [*found, dane] if dane is not None else found

    async def _look(self, host: str, addresses: Sequence[str], port: int) -> PortLook:
        look = None
        for address in addresses:
            look = await look_at_port(host, address, port)
            if look.reason not in ("timeout", "unreachable"):
                break
        assert look is not None
        return look

    async def _hosts(self, domain: str) -> list[Outcome]:
        """Look at the hosts that take a domain's mail; at those of others only where others send mail to."""
        if not self.ports:
            return []
        _, hosts = await exchangers(self.resolver, domain)
        found = []
        for host in hosts[:_MOST_HOSTS]:
            addresses = [*(await self.resolver.ask(host, "A")).values, *(await self.resolver.ask(host, "AAAA")).values]
            own = organisation(host) == organisation(domain)
            if addresses:
                seen = await self.host(host, addresses, (_SMTP, *_FOR_PEOPLE) if own else (_SMTP,))
                quiet = {f"{host}:{port}" for port in _FOR_PEOPLE}  # may be closed to us on purpose
                found += [one for one in seen if one.state != "no answer" or one.name not in quiet]
        return found


def _with_alignment(dmarc: Outcome, spf: Outcome, dkim: Sequence[Outcome]) -> Outcome:
    """Say so where DMARC refuses what the domain itself sends: neither of the two that it rests on is in order."""
    policy = str(dmarc.details.get("policy", ""))
    broken = [
        one.state == "wrong" and not one.reason.endswith(("_short", "_late", "_open_end")) for one in (spf, *dkim)
    ]
    if policy in _ENFORCED and all(broken):
        return dmarc._replace(state="wrong", reason="dmarc_unaligned")
    return dmarc
