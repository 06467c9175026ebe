"""What is ours: networks, domains, relays, monitors, proxies, labels. One place, each value with its origin."""

import ipaddress
from dataclasses import dataclass, field
from functools import lru_cache

from mailwarden.alerts.terms import UNNAMED
from mailwarden.parsers.address import is_private, network, networks
from mailwarden.parsers.event import Event

__all__ = ["Site", "place"]


@dataclass(frozen=True)
class Site:
    """The servers judged together, and what belongs to them as stated or read; what is learned is in the ledger."""

    name: str = UNNAMED
    hosts: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    domains: frozenset[str] = frozenset()
    relays: tuple[str, ...] = ()
    monitors: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()
    default_domain: str | None = None
    labels: dict[str, frozenset[str]] = field(default_factory=dict)  # label -> accounts or networks
    databases: tuple[str, ...] = ()  # MMDB files that tell where addresses are

    def trusts(self, address: str) -> bool:
        """Say whether mail from this address may pass without a login: ours, a stated relay, or not routable."""
        return _within(address, self.networks + self.relays)

    def is_private(self, address: str) -> bool:
        """Say whether an address is one that nobody outside can see."""
        return _within(address, ())

    def is_monitor(self, address: str | None, *names: str | None) -> bool:
        """Say whether this is one that only checks that we are up: by its address, or as account or network labelled so."""
        if self.monitors and address is not None and _within(address, self.monitors, private=False):
            return True
        return self.labelled("probe", *names)

    def is_proxy(self, address: str | None, net: str) -> bool:
        """Say whether many people are known to be behind an address or its network."""
        if self.proxies and address is not None and _within(address, self.proxies, private=False):
            return True
        return self.labelled("proxy", net)

    def hides(self, address: str | None) -> bool:
        """Say whether an address stands for whoever is behind it: a webmail, a load balancer, a container's gateway."""
        return address is not None and (self.is_private(address) or self.is_proxy(address, network(address)))

    def account(self, name: str, host: str | None) -> str:
        """Give the account a login name stands for: lower-cased `local@domain`.

        A bare name gets the stated default domain. Without one it stays bare on a site of one host, for the files of one
        server tell its host and those of another do not (Exim's own); on several hosts it gets its host.
        """
        return _account(name, self.default_domain or (host if host and len(self.hosts) > 1 else None))

    def labelled(self, label: str, *names: str | None) -> bool:
        """Say whether an account or network bears a label of the configuration."""
        bearers = self.labels.get(label)
        return bearers is not None and any(name in bearers for name in names if name)

    def labels_of(self, *names: str | None) -> list[str]:
        """Give the labels that an account or network bears."""
        return [label for label in self.labels if self.labelled(label, *names)]


@lru_cache(maxsize=8192)  # also so that the many keys that name an account are one string
def _account(name: str, domain: str | None) -> str:
    name = name.strip().lower()
    return name if "@" in name or not domain else f"{name}@{domain}"


@lru_cache(maxsize=8192)
def _within(address: str, networks: tuple[str, ...], private: bool = True) -> bool:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if private and is_private(address):
        return True
    parsed = (ipaddress.ip_network(text, strict=False) for text in networks)
    return any(ip in network for network in parsed if network.version == ip.version)


def place(event: Event, site: Site) -> None:
    """Set the account and the networks of an event: what the ledger and the rules count by."""
    address = event.source_ip
    if address is not None:
        event.mailwarden_network, event.mailwarden_wide_network = networks(address)
    if event.user_name:
        event.mailwarden_account = site.account(event.user_name, event.host_hostname)
