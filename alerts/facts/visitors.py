"""Who comes from a network, and which networks many people share: an office, a webmail, a proxy."""

import msgspec

from mailwarden.alerts.facts.companies import Companies
from mailwarden.alerts.facts.origins import Origins
from mailwarden.alerts.facts.records import Network, Pair, Records
from mailwarden.alerts.state.blob import decoder
from mailwarden.alerts.state.shelf import Backing, Shelf
from mailwarden.parsers.event import Event

__all__ = ["PROXIES", "Visitors", "proxy_users"]

PROXIES = "ledger.proxy"
"""The kind of state that holds the networks that were found to be proxies."""

_DAY_US = 86_400_000_000
_KEEP_US = 30 * _DAY_US
_MOST_USERS = 5  # remembered by name: more tell no more


class _Proxy(msgspec.Struct, array_like=True):
    """A network that was found to be a proxy: shown to the operator, who may label it."""

    users: int
    last_us: int


class Visitors:
    """The accounts that come from each network.

    Args:
        records: What is known of networks.
        origins: What is known of where people come from.
        companies: Know how many come together.
        backing: Where the proxies that were found are kept.
    """

    def __init__(self, records: Records, origins: Origins, companies: Companies, backing: Backing) -> None:
        self._records = records
        self._origins = origins
        self._proxies = Shelf(PROXIES, 1, _Proxy, lambda one: one.last_us + _KEEP_US, backing)
        self._companies = companies
        self.shelves = (self._proxies, companies.shelf)

    def come(self, account: str, event: Event, net: str, pair: Pair | None) -> None:
        """Learn who comes from a network, and whether it is one that many people share."""
        now = event.stream_us
        known = self._records.network(net, now) or Network()
        settles = pair is not None and pair[1] - pair[0] <= _DAY_US < now - pair[0]
        if pair is None:
            self._count(known, event)
        is_new = account not in known.users and len(known.users) < _MOST_USERS
        if pair is not None and not settles and not is_new and now - known.last_us <= _DAY_US:
            return
        if not known.users or now // _DAY_US != known.last_us // _DAY_US:
            self._origins.came(event, net)
        was_proxy = known.is_proxy()
        known.learn_entry(account)
        known.entered += pair is None
        known.settled += settles
        if is_new:
            known.users.append(account)
        known.last_us = now
        self._records.keep_network(net, known)
        if known.is_proxy() and (not was_proxy or not known.settled % 5):
            self._proxies.put(net, _Proxy(max(known.entered, known.settled), now))

    def _count(self, known: Network, event: Event) -> None:
        """Say where more accounts come to a new network together than is usual: `mailwarden.source.company`."""
        facts, now = event.facts or {}, event.stream_us
        self._companies.begin(now)
        if not known.users:
            known.since_us = now
        roams = facts.get("mailwarden.user.roams") or facts.get("mailwarden.pair.near")
        if roams or not facts.get("mailwarden.user.has_history"):
            return  # a phone on the move, a neighbour of a network that is known, a new account
        many = self._companies.come(known, now)
        if many is not None:
            facts["mailwarden.source.company"] = many


def proxy_users(blob: bytes) -> int:
    """Give how many accounts came from a network that was found to be a proxy, from its state."""
    return decoder(_Proxy)(blob).users
