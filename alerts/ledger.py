"""The ledger: what this site has seen so far, given to each event as facts before the event itself is learned.

Kept by account, by network and for the whole site; every record is small and bounded, whatever an attacker tries.
"""

from typing import Any

import msgspec

from mailwarden.alerts.shelf import Backing, Row, Shelf
from mailwarden.alerts.site import Site
from mailwarden.alerts.usual import Usual, learn, usual_of
from mailwarden.parsers.address import networks
from mailwarden.parsers.event import Event

__all__ = ["Ledger", "place"]

_DAY_US = 86_400_000_000
_HOUR_US = 3_600_000_000
_QUARTER_US = 900_000_000
_KNOWN_US = 30 * _DAY_US  # a pair is known for 30 days after its last success
_KEEP_US = 90 * _DAY_US
_FAIL_US = _DAY_US  # failures before a success count for a day (AUTH-11)
_MAX_NETWORKS = 24
_MAX_FAILING = 40
_PROXY_USERS = 5  # a network from which five accounts succeed is an office, a webmail, a proxy
_WEATHER_DAYS = 14
_WEATHER_KNOWN = 3  # days of history before this site's usual guessing is known
_WEATHER_FACTOR = 5
_EVERYDAY = 20_000  # logins remembered that tell nothing new
_LOGIN_SERVERS = ("dovecot",)


class _Account(msgspec.Struct, array_like=True):
    """What is known of one account."""

    first_us: int = 0
    last_us: int = 0
    successes: int = 0
    exists: bool = False
    networks: dict[str, tuple[int, int]] = {}  # network -> (first, last) success
    failing: dict[str, tuple[int, int]] = {}  # network -> (last failure, failures) without a success there
    usual: Usual = msgspec.field(default_factory=Usual)  # recipients of an hour
    hour: int = 0
    hour_recipients: int = 0
    quarter: int = 0
    quarter_recipients: int = 0
    best_quarter: int = 0  # the most recipients in a quarter of an hour, from networks that were its own


class _Network(msgspec.Struct, array_like=True):
    """What is known of one network: the accounts that succeed from it."""

    last_us: int = 0
    users: list[str] = []
    tried: int = 0  # failed tries from here of the last day, where the pair was not known
    tried_us: int = 0


class _Weather(msgspec.Struct, array_like=True):
    """How much guessing a site sees in a day."""

    first_us: int = 0
    day: int = 0
    today: int = 0
    days: list[int] = []


def _account_expires(record: _Account) -> int:
    """A name that was only ever guessed is kept for two days, an account for ninety."""
    return record.last_us + (_KEEP_US if record.exists else 2 * _DAY_US)


def _network_expires(known: _Network) -> int:
    """A network that only ever failed is kept for two days after its last try, one with users for ninety."""
    return max(known.last_us + _KEEP_US if known.users else 0, known.tried_us + 2 * _DAY_US)


def _whole_quarter(record: _Account, now: int) -> int:
    """Give the recipients of the present quarter of an hour; of one seen only from its middle, what it would hold."""
    seen_us = now - record.first_us
    if record.first_us < record.quarter * _QUARTER_US or not 0 < seen_us < _QUARTER_US:
        return record.quarter_recipients
    return record.quarter_recipients * _QUARTER_US // max(seen_us, _QUARTER_US // 3)


class Ledger:
    """Facts about accounts, networks and the site as they were before each event."""

    def __init__(self, site: Site, backing: Backing) -> None:
        self.site = site
        self._accounts = Shelf("ledger.account", 2, _Account, _account_expires, backing)
        self._networks = Shelf("ledger.network", 1, _Network, _network_expires, backing)
        self._weathers = Shelf("ledger.weather", 1, _Weather, lambda _: 1 << 62, backing)
        self._servers = Shelf("ledger.server", 1, int, lambda _: 1 << 62, backing)
        self._server_names: set[str] = set()
        # what is computed again where it lacks: (until when, account, network, wide network) by user, address and host
        self._everyday: dict[tuple[str | None, str | None, str | None], tuple[int, str, str, str | None]] = {}
        self._domains = Shelf("ledger.domain", 1, int, lambda seen: seen + _KEEP_US, backing)
        self._shelves: tuple[Shelf[Any], ...] = (
            self._accounts,
            self._networks,
            self._weathers,
            self._domains,
            self._servers,
        )

    def changed(self) -> int:
        """Count the rows to commit."""
        return sum(shelf.changed() for shelf in self._shelves)

    def drain(self) -> list[Row]:
        """Give the rows to commit."""
        return [row for shelf in self._shelves for row in shelf.drain()]

    def sweep(self, now_us: int) -> None:
        """Forget what has expired."""
        for shelf in self._shelves:
            shelf.sweep(now_us)

    def _account(self, account: str, now: int) -> _Account | None:
        """Give an account's record; one that has expired counts as none, whether or not it was swept out yet."""
        record = self._accounts.get(account)
        return None if record is None or _account_expires(record) < now else record

    def _network(self, net: str, now: int) -> _Network | None:
        known = self._networks.get(net)
        return None if known is None or _network_expires(known) < now else known

    # ------------------------------------------------------------------ logins

    def failed(self, event: Event) -> None:
        """Set the facts of a refused login, then learn it."""
        now = event.stream_us
        facts = event.facts = event.facts or {}
        net = event.mailwarden_network
        account = event.mailwarden_account
        record = self._account(account, now) if account else None
        known = self._network(net, now) if net else None
        pair = record.networks.get(net) if record and net else None
        facts["mailwarden.pair.known"] = pair is not None and now - pair[1] <= _KNOWN_US
        if net and pair is None and event.mailwarden_attempts:
            known = self._learn_tried(known, net, event.mailwarden_attempts, now)
        facts["mailwarden.source.users"] = len(known.users) if known else 0
        facts["mailwarden.user.exists"] = bool(record and record.exists)
        if event.event_action != "auth-failure":  # a try without a verdict teaches nothing
            return
        tries = event.mailwarden_attempts if pair is None else 0  # a phone with an old password is no weather
        facts["mailwarden.weather.exceeded"] = self._learn_weather(tries, now)
        if account and net and event.mailwarden_attempts and record is not None and pair is None:
            last, failures = record.failing.pop(net, (0, 0))
            if now - last > _FAIL_US:
                failures = 0
            record.failing[net] = (now, failures + event.mailwarden_attempts)
            if not record.exists:
                record.last_us = now
            if len(record.failing) > _MAX_FAILING:
                del record.failing[next(iter(record.failing))]
            self._accounts.put(account, record)
        elif account and net and record is None and event.mailwarden_attempts:
            record = _Account(last_us=now, failing={net: (now, event.mailwarden_attempts)})
            self._accounts.put(account, record)

    def _learn_tried(self, known: _Network | None, net: str, tries: int, now: int) -> _Network:
        known = known or _Network(last_us=now)
        known.tried = tries if now - known.tried_us > _FAIL_US else known.tried + tries
        known.tried_us = now
        self._networks.put(net, known)
        return known

    def let_in(self, event: Event) -> None:
        """Place a login that was let in, set its facts, then learn it."""
        everyday = self._everyday.get((event.user_name, event.source_ip, event.host_hostname))
        if everyday is not None and event.stream_us < everyday[0]:
            _, event.mailwarden_account, event.mailwarden_network, event.mailwarden_wide_network = everyday
            return
        place(event, self.site)
        if event.mailwarden_account is not None:
            self.succeeded(event)

    def _remember(self, event: Event, account: str, net: str, until_us: int) -> None:
        """Remember that logins like this one tell nothing until then."""
        if not event.user_name:
            return
        if len(self._everyday) >= _EVERYDAY:
            self._everyday.clear()
        key = (event.user_name, event.source_ip, event.host_hostname)
        self._everyday[key] = (until_us, account, net, event.mailwarden_wide_network)

    def succeeded(self, event: Event) -> None:
        """Set the facts of a login that was let in (or of mail accepted under a login), then learn it."""
        now = event.stream_us
        account, net = event.mailwarden_account, event.mailwarden_network
        if account is None or net is None:
            return
        record = self._account(account, now)
        if record is not None and record.exists:
            pair = record.networks.get(net)
            if pair is not None and now - pair[1] < _HOUR_US and net not in record.failing:
                # the everyday case: a known pair seen within the hour; nothing to learn, and unless it is new to the
                # account and others failed before it, no fact that a rule asks for
                fresh = now - pair[0] < _QUARTER_US
                if not fresh:
                    self._remember(event, account, net, pair[1] + _HOUR_US)
                    return
                if not record.failing:
                    if record.successes and len(record.networks) > 1:
                        event.facts = self._pair_facts(record, net, pair, event)
                    return
        if record is None:
            record = _Account(first_us=now)
        pair = record.networks.get(net)
        event.facts = self._pair_facts(record, net, pair, event)
        failing = [(n, f) for n, (last, f) in record.failing.items() if now - last <= _FAIL_US and n != net]
        here = record.failing.get(net)
        event.facts["mailwarden.user.failing_networks"] = len(failing) + (1 if here else 0)
        event.facts["mailwarden.source.failures"] = here[1] if here else 0
        event.facts["mailwarden.user.failures"] = sum(f for _, f in failing) + (here[1] if here else 0)
        self._learn_success(record, account, net, pair, now)

    def _pair_facts(self, record: _Account, net: str, pair: tuple[int, int] | None, event: Event) -> dict[str, Any]:
        now, address = event.stream_us, event.source_ip
        known = self._network(net, now)
        users = len(known.users) if known else 0
        others = [seen for other, seen in record.networks.items() if other != net]
        first_us = pair[0] if pair else now
        fresh = pair is None or (now - pair[0] < _QUARTER_US)
        return {
            "mailwarden.pair.known": pair is not None and now - pair[1] <= _KNOWN_US,
            "mailwarden.pair.fresh": fresh,  # this account came from this network for the first time within 15 minutes
            "mailwarden.pair.first_us": first_us,
            "mailwarden.user.has_history": any(seen[0] <= first_us for seen in others),
            "mailwarden.user.networks": len(others),
            "mailwarden.source.users": users,
            "mailwarden.source.tried": known.tried if known and now - known.tried_us <= _FAIL_US else 0,
            "mailwarden.source.is_proxy": users >= _PROXY_USERS or self.site.is_proxy(address, net),
        }

    def _learn_success(self, record: _Account, account: str, net: str, pair: tuple[int, int] | None, now: int) -> None:
        record.exists = True
        record.first_us = record.first_us or now
        record.last_us = now
        record.successes += 1
        record.failing.pop(net, None)
        record.networks.pop(net, None)
        record.networks[net] = (pair[0] if pair else now, now)
        if len(record.networks) > _MAX_NETWORKS:
            del record.networks[next(iter(record.networks))]
            self._everyday.clear()
        self._accounts.put(account, record)
        known = self._network(net, now) or _Network()
        if account not in known.users and len(known.users) < _PROXY_USERS:
            known.users.append(account)
            known.last_us = now
            self._networks.put(net, known)
        elif now - known.last_us > _DAY_US:
            known.last_us = now
            self._networks.put(net, known)

    # ------------------------------------------------------------------ mail

    def mailed(self, account: str, recipients: int, now: int, *, fresh: bool) -> tuple[int, int]:
        """Count recipients of an account; give what was usual before: (most of an hour, most of a quarter of an hour).

        The usual most of an hour is 0 while it is not known. That of a quarter is the most so far, from networks the account
        did not just come from.
        """
        record = self._account(account, now) or _Account(first_us=now)
        hour, quarter = now // _HOUR_US, now // _QUARTER_US
        if record.hour != hour:
            record.hour, record.hour_recipients = hour, 0
        record.hour_recipients += recipients
        usual = usual_of(record.usual, now) or 0
        learn(record.usual, now, record.hour_recipients)
        best = record.best_quarter
        if not fresh:
            if record.quarter != quarter:
                record.quarter, record.quarter_recipients = quarter, 0
            record.quarter_recipients += recipients
            record.best_quarter = max(best, _whole_quarter(record, now))
        record.last_us = now
        self._accounts.put(account, record)
        return usual, best

    def exists(self, account: str, now: int) -> None:
        """Learn that an account has a mailbox here."""
        record = self._account(account, now)
        if record is None:
            record = _Account(first_us=now, last_us=now)
        elif record.exists:
            return
        record.exists = True
        self._accounts.put(account, record)

    def learn_domain(self, domain: str, now: int) -> None:
        """Learn a domain that a local transport delivered to: it is ours."""
        seen = self._domains.get(domain)
        if seen is None or now - seen > _DAY_US:
            self._domains.put(domain, now)

    def is_our_domain(self, domain: str) -> bool:
        """Say whether a domain is stated or learned to be ours."""
        return domain in self.site.domains or self._domains.get(domain) is not None

    def learn_server(self, name: str, now: int) -> None:
        """Learn that people log in to this server here."""
        if name not in self._server_names:
            self._server_names.add(name)
            if self._servers.get(name) is None:
                self._servers.put(name, now)

    def servers(self) -> list[str]:
        """Give the servers that people log in to here, of those whose advice differs."""
        return [name for name in _LOGIN_SERVERS if self._servers.get(name) is not None]

    # ------------------------------------------------------------------ weather

    def _learn_weather(self, tries: int, now: int) -> bool:
        """Count guessing of the day; say whether it far exceeds what this site usually sees."""
        weather = self._weathers.get(self.site.name) or _Weather(first_us=now)
        day = now // _DAY_US
        if weather.day != day:
            if weather.day:
                weather.days = [*weather.days, weather.today][-_WEATHER_DAYS:]
            weather.day, weather.today = day, 0
        weather.today += tries
        self._weathers.put(self.site.name, weather)
        if len(weather.days) < _WEATHER_KNOWN:
            return False
        usual = sorted(weather.days)[len(weather.days) // 2]
        return weather.today > _WEATHER_FACTOR * max(usual, 20)


def place(event: Event, site: Site) -> None:
    """Set the account and the networks of an event: what the ledger and the rules count by."""
    address = event.source_ip
    if address is not None:
        event.mailwarden_network, event.mailwarden_wide_network = networks(address)
    if event.user_name:
        event.mailwarden_account = site.account(event.user_name, event.host_hostname)
