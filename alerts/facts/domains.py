"""Whose domains are ours: those that are stated, and those that mail is put into mailboxes of."""

from mailwarden.alerts.facts.site import Site
from mailwarden.alerts.state.shelf import Backing, Shelf

__all__ = ["Domains"]

_DAY_US = 86_400_000_000
_KEEP_US = 90 * _DAY_US
_ANY = "\x1f"  # of the learned domains; a name of its own cannot be one


class Domains:
    """The domains of a site.

    Args:
        site: What is stated.
        backing: Where what is learned is kept.
    """

    def __init__(self, site: Site, backing: Backing) -> None:
        self._stated = site.domains
        self._learned = Shelf("ledger.domain", 1, int, lambda seen: seen + _KEEP_US, backing)
        self.shelves = (self._learned,)

    def learn(self, domain: str, now: int) -> None:
        """Learn a domain that a local transport delivered to: it is ours."""
        seen = self._learned.get(domain)
        if seen is None or now - seen > _DAY_US:
            self._learned.put(domain, now)
            self._learned.put(_ANY, now)

    def is_ours(self, domain: str) -> bool:
        """Say whether a domain is stated or learned to be ours."""
        return domain in self._stated or self._learned.get(domain) is not None

    def are_known(self) -> bool:
        """Say whether any domain is stated or learned to be ours: then one that is not is somebody else's."""
        return bool(self._stated) or self._learned.get(_ANY) is not None
