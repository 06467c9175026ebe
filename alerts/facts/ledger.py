"""The ledger: what this site has seen so far, given to each event as facts before the event itself is learned.

Kept by account, by network and for the whole site; every record is small and bounded, whatever an attacker tries.
"""

import zlib
from typing import Any

import msgspec

from mailwarden.alerts.facts.acquaintances import Acquaintances
from mailwarden.alerts.facts.geography import NOWHERE, Geography
from mailwarden.alerts.facts.habits import Habits, kin
from mailwarden.alerts.facts.programs import Programs, bits, learn_program, shape
from mailwarden.alerts.facts.ranges import Ranges
from mailwarden.alerts.facts.records import Account, Network
from mailwarden.alerts.facts.site import Site
from mailwarden.alerts.facts.usual import learn, usual_of
from mailwarden.alerts.facts.weather import Beyond, Weather
from mailwarden.alerts.state.blob import decoder
from mailwarden.alerts.state.shelf import Backing, Shelf
from mailwarden.parsers.address import networks
from mailwarden.parsers.event import Event

__all__ = ["PROXIES", "Ledger", "place", "proxy_users"]

PROXIES = "ledger.proxy"
"""The kind of state that holds the networks that were found to be proxies."""

_DAY_US = 86_400_000_000
_HOUR_US = 3_600_000_000
_QUARTER_US = 900_000_000
_KNOWN_US = 30 * _DAY_US  # a pair is known for 30 days after its last success
_KEEP_US = 90 * _DAY_US
_FAIL_US = _DAY_US  # failures before a success count for a day (AUTH-11)
_MAX_NETWORKS = 24
_MAX_FAILING = 40
_EVERYDAY = 20_000  # logins remembered that tell nothing new
_PROXY_USERS = 5  # a network that five accounts come back to on another day is an office, a webmail, a proxy
_TRIED_NAMES = 9
_DEVICE_NAMES = 2  # that a printer or a phone with a wrong password fails at
_MAX_PROTOCOLS = 8
_ANY = "\x1f"  # of the learned domains; a name of its own cannot be one
_BULK_BYTES = 20_000_000  # read in one session: a mailbox, not the mail of a day
_SESSION_US = _DAY_US
_LOGIN_SERVERS = ("dovecot", "cpanel")


class _Session(msgspec.Struct, array_like=True):
    """A session from a network that its account came to within the day."""

    at_us: int
    address: str


class _Proxy(msgspec.Struct, array_like=True):
    """A network that was found to be a proxy: shown to the operator, who may label it."""

    users: int
    last_us: int


class Ledger:
    """Facts about accounts, networks and the site as they were before each event."""

    def __init__(self, site: Site, backing: Backing) -> None:
        self.site = site
        self._accounts = Shelf("ledger.account", 2, Account, Account.expires_us, backing)
        self._networks = Shelf("ledger.network", 1, Network, Network.expires_us, backing)
        self._proxies = Shelf(PROXIES, 1, _Proxy, lambda one: one.last_us + _KNOWN_US, backing)
        self._carriers = Shelf("ledger.carrier", 1, int, lambda seen: seen + _KNOWN_US, backing)
        self._weather = Weather(site.name, backing)
        self._habits = Habits(backing)
        self._ranges = Ranges(backing)
        self.acquaintances = Acquaintances(backing)
        self._geography = Geography(site.databases)
        self._servers = Shelf("ledger.server", 1, int, lambda _: 1 << 62, backing)
        self._server_names: set[str] = set()
        # what is computed again where it lacks: (until when, account, network, wide network) by user, address, protocol and host
        self._everyday: dict[tuple[str | None, ...], tuple[int, str, str, str | None]] = {}
        self._domains = Shelf("ledger.domain", 1, int, lambda seen: seen + _KEEP_US, backing)
        self._sessions = Shelf("ledger.session", 1, _Session, lambda one: one.at_us + _SESSION_US, backing)
        self.shelves: tuple[Shelf[Any], ...] = (
            self._accounts,
            self._networks,
            self._weather.shelf,
            self._habits.shelf,
            self._ranges.shelf,
            self.acquaintances.shelf,
            self._proxies,
            self._carriers,
            self._domains,
            self._servers,
            self._sessions,
        )

    def _account(self, account: str, now: int) -> Account | None:
        """Give an account's record; one that has expired counts as none, whether or not it was swept out yet."""
        record = self._accounts.get(account)
        return None if record is None or record.expires_us() < now else record

    def _network(self, net: str, now: int) -> Network | None:
        known = self._networks.get(net)
        return None if known is None or known.expires_us() < now else known

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
            known = self._learn_tried(known, net, event, is_ghost=not (record and record.exists))
        facts["mailwarden.source.users"] = len(known.users) if known else 0
        if known is not None and net is not None and known.users:
            facts["mailwarden.source.is_proxy"] = known.is_proxy() or self.site.is_proxy(event.source_ip, net)
        facts["mailwarden.user.exists"] = bool(record and record.exists)
        if event.event_action != "auth-failure":  # a try without a verdict teaches nothing
            return
        self._name_carrier(event, facts)
        self._judge_name(account, record, net, facts)
        if account and record is not None and pair is not None:
            facts["mailwarden.pair.recent"] = now - pair[1] <= _DAY_US
            self._learn_stale(account, record, event)
        is_weather = pair is None and not _is_device(known)  # a phone with an old password is none
        tries = event.mailwarden_attempts if is_weather else 0
        beyond = self._weather.tried(tries, now) if tries else None
        if beyond is not None:
            facts["mailwarden.weather.tries"], facts["mailwarden.weather.limit"], _ = beyond
            facts["mailwarden.weather.exceeded"] = _who_exceeds(beyond, known, record, now)
        if account and net and event.mailwarden_attempts and pair is None:
            self._learn_failure(account, record, net, event, facts)

    def _learn_failure(
        self, account: str, record: Account | None, net: str, event: Event, facts: dict[str, Any]
    ) -> None:
        """Learn that a network failed which the account never used."""
        now = event.stream_us
        if record is None:
            record = Account(last_us=now)
        last, failures = record.failing.pop(net, (0, 0))
        if record.exists and last // _HOUR_US != now // _HOUR_US:
            spray = self._weather.failed(now)
            if spray is not None:
                facts["mailwarden.weather.spray"] = spray
        if now - last > _FAIL_US:
            failures = 0
        record.failing[net] = (now, failures + event.mailwarden_attempts)
        if record.tried_day != now // _DAY_US:
            record.usual_tries, record.tried = record.tries_of_a_day(now // _DAY_US), 0
            record.tried_day = now // _DAY_US
        record.tried += event.mailwarden_attempts
        if not record.exists:
            record.last_us = now
        if len(record.failing) > _MAX_FAILING:
            del record.failing[next(iter(record.failing))]
        self._accounts.put(account, record)

    def _learn_stale(self, account: str, record: Account, event: Event) -> None:
        """Learn that an account failed where it always is; more than once within an hour is no slip of a finger."""
        now = event.stream_us
        slipped = now - record.stale_us > _HOUR_US and event.mailwarden_attempts < 2
        if not slipped and record.disturbed_us // _HOUR_US != now // _HOUR_US:
            record.disturbed_us = now
            self._accounts.put(account, record)
        if record.stale_us // _HOUR_US != now // _HOUR_US:
            alike = self._weather.stale(now)
            if alike and event.facts is not None:
                event.facts["mailwarden.rollout.accounts"] = alike
            record.stale_us = now
            self._accounts.put(account, record)

    def _judge_name(self, account: str | None, record: Account | None, net: str | None, facts: dict[str, Any]) -> None:
        """Say whether a name that was tried is a trap, or stands in the dictionary that attackers share."""
        if account is None:
            return
        if self.site.labels:
            facts["mailwarden.labels"] = self.site.labels_of(account, account.partition("@")[0], net)
        if record is not None and not record.exists:
            facts["mailwarden.user.dictionary"] = len(record.failing) - (net in record.failing) >= 2

    def _name_carrier(self, event: Event, facts: dict[str, Any]) -> None:
        """Say who announces the address and whether anybody here comes from there, where a database tells."""
        if self._geography.is_empty or event.source_ip is None:
            return
        place = self._geography.place(event.source_ip)
        if place.country:
            facts["source.geo.country_iso_code"] = place.country
        if place.as_number:
            facts["source.as.number"] = place.as_number
            facts["source.as.organization.name"] = place.as_name
            seen = self._carriers.get(str(place.as_number))
            facts["mailwarden.carrier.known"] = seen is not None and event.stream_us - seen <= _KNOWN_US

    def _range(self, event: Event, net: str) -> str:
        """Name the range a network is in: what is announced together, where a database tells."""
        if not self._geography.is_empty and event.source_ip is not None:
            number = self._geography.place(event.source_ip).as_number
            if number:
                return f"AS{number}"
        return kin(net)

    def _learn_tried(self, known: Network | None, net: str, event: Event, *, is_ghost: bool) -> Network:
        now, account, tries = event.stream_us, event.mailwarden_account, event.mailwarden_attempts
        if known is None:
            known = Network(last_us=now)
        if not known.tried_us:
            self._ranges.guessed(self._range(event, net), now)
        if now - known.tried_us > _FAIL_US:
            known.tried, known.ghosts, known.names = 0, 0, []
        known.tried += tries
        if known.hour != now // _HOUR_US:
            known.hour, known.hour_tried = now // _HOUR_US, 0
        known.hour_tried += tries
        if known.day != now // _DAY_US:
            known.day, known.day_tried = now // _DAY_US, 0
        known.day_tried += tries
        known.tried_us = now
        name = _hash(account) if account else None
        if name is not None and name not in known.names and len(known.names) < _TRIED_NAMES:
            known.names.append(name)
            known.ghosts += is_ghost
        self._networks.put(net, known)
        return known

    def let_in(self, event: Event) -> None:
        """Place a login that was let in, set its facts, then learn it."""
        everyday = self._everyday.get((event.user_name, event.source_ip, event.network_protocol, event.host_hostname))
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
        key = (event.user_name, event.source_ip, event.network_protocol, event.host_hostname)
        self._everyday[key] = (until_us, account, net, event.mailwarden_wide_network)

    def succeeded(self, event: Event) -> None:
        """Set the facts of a login that was let in (or of mail accepted under a login), then learn it."""
        now = event.stream_us
        account, net = event.mailwarden_account, event.mailwarden_network
        if account is None or net is None:
            return
        record = self._account(account, now)
        protocol = event.network_protocol or ""
        if record is not None and record.exists:
            pair = record.networks.get(net)
            is_recent = pair is not None and now - pair[1] < _HOUR_US and net not in record.failing
            if pair is not None and is_recent and protocol in record.protocols:
                self._meet_again(event, record, account, net, pair)  # the everyday case: nothing to learn
                return
        if record is None:
            record = Account(first_us=now)
        pair = record.networks.get(net)
        facts = event.facts = self._pair_facts(account, record, net, pair, event)
        failing = [(n, f) for n, (last, f) in record.failing.items() if now - last <= _FAIL_US and n != net]
        here = record.failing.get(net)
        failures = sum(f for _, f in failing) + (here[1] if here else 0)
        facts["mailwarden.user.failing_networks"] = len(failing) + (1 if here else 0)
        facts["mailwarden.source.failures"] = here[1] if here else 0
        facts["mailwarden.user.failures"] = max(failures, facts["mailwarden.user.failures"])
        if not facts["mailwarden.pair.known"]:
            facts["mailwarden.user.successes"] = record.successes
            facts["mailwarden.user.asleep_days"] = (now - record.last_us) // _DAY_US if record.exists else 0
            facts["mailwarden.user.undisturbed"] = record.is_undisturbed(now)
            is_new = bool(record.protocols) and protocol not in record.protocols
            facts["mailwarden.protocol.new"] = is_new
            facts["mailwarden.protocol.switch"] = is_new and protocol != "smtp" and record.protocols != ["smtp"]
            if failures:
                record.guessed_us, record.guessed = now, failures
            facts["mailwarden.source.others"], facts["mailwarden.source.ghosts"] = self._others(net, account, now)
            facts["mailwarden.source.range"] = 0.0
            if not (facts["mailwarden.pair.near"] or facts["mailwarden.source.is_proxy"]):
                facts["mailwarden.source.range"] = self._ranges.bits(self._range(event, net), now)
            facts["mailwarden.user.usual_tries"] = round(record.tries_of_a_day(now // _DAY_US), 1)
            facts["mailwarden.rollout"] = self._weather.changes(now)
        self._meet(event, account, pair, facts)
        is_young = facts["mailwarden.user.has_history"] and now - facts["mailwarden.pair.first_us"] <= _DAY_US
        if is_young and event.mail_session_id and event.source_ip:
            self._sessions.put(event.mail_session_id, _Session(now, event.source_ip))
        self._learn_success(record, event, net, pair, protocol)
        if pair is None or pair[0] == now or protocol not in record.protocols:
            return  # within the second in which it came first it may yet come from elsewhere
        if not _may_matter(record, event, net, pair[0]):
            self._remember(event, account, net, now + _HOUR_US)

    def _meet_again(self, event: Event, record: Account, account: str, net: str, pair: tuple[int, int]) -> None:
        """Set the facts that a rule may ask for of a pair seen within the hour."""
        if _may_matter(record, event, net, pair[0]):
            event.facts = self._pair_facts(account, record, net, pair, event)
        else:
            self._remember(event, account, net, pair[1] + _HOUR_US)

    def _others(self, net: str, account: str, now: int) -> tuple[int, int]:
        """Give how many other accounts a network failed at within a day, and how many of them nobody has.

        A phone with an old password fails at none.
        """
        known = self._network(net, now)
        if known is None or now - known.tried_us > _FAIL_US:
            return 0, 0
        own = _hash(account)
        return sum(name != own for name in known.names), known.ghosts

    def _meet(
        self,
        event: Event,
        account: str,
        pair: tuple[int, int] | None,
        facts: dict[str, Any],
    ) -> None:
        """Learn the habits of an account; set what is unusual about this login, where its network is new."""
        now = event.stream_us
        place = NOWHERE
        if not self._geography.is_empty and event.source_ip is not None:
            place = self._geography.place(event.source_ip)
        is_new = pair is None and not facts["mailwarden.pair.near"] and not facts["mailwarden.source.is_proxy"]
        facts |= self._habits.meet(
            account,
            now,
            place,
            is_new=is_new,
            wants=pair is None or facts["mailwarden.pair.young"],
            is_young=facts["mailwarden.pair.young"],
        )
        if place.as_number:
            seen = self._carriers.get(str(place.as_number))
            if seen is None or now - seen > _DAY_US:
                self._carriers.put(str(place.as_number), now)
        if pair is None or pair[1] // _HOUR_US != now // _HOUR_US:
            self._weather.good(now)

    def _pair_facts(
        self, account: str, record: Account, net: str, pair: tuple[int, int] | None, event: Event
    ) -> dict[str, Any]:
        now, address = event.stream_us, event.source_ip
        known = self._network(net, now)
        users = len(known.users) if known else 0
        first_us = pair[0] if pair else now
        # in the first day of an account nearly every network is new: there a quarter of an hour counts, unless it was guessed
        is_settled = now - record.first_us > _DAY_US or record.guessed_us == first_us
        is_young = pair is None or now - pair[0] < (_DAY_US if is_settled else _QUARTER_US)
        near = [other for other in record.networks if other != net and kin(other) == kin(net)] if is_young else ()
        return {
            "mailwarden.pair.known": pair is not None and now - pair[1] <= _KNOWN_US,
            "mailwarden.pair.fresh": pair is None or now - pair[0] < _QUARTER_US,  # here for a quarter of an hour
            "mailwarden.pair.near": bool(near),  # it is known from a neighbour of this network
            "mailwarden.pair.young": is_young and not near and not self._habits.roams(account),
            "mailwarden.pair.first_us": first_us,
            "mailwarden.user.has_history": record.was_elsewhere(net, first_us),
            "mailwarden.user.elsewhere": is_young and record.goes_on_elsewhere(net, first_us, now),
            "mailwarden.user.failures": record.guessed if record.guessed_us == first_us else 0,
            "mailwarden.source.users": users,
            "mailwarden.source.tried": known.tried if known and now - known.tried_us <= _FAIL_US else 0,
            "mailwarden.source.is_proxy": (known is not None and known.is_proxy()) or self.site.is_proxy(address, net),
        }

    def _learn_success(
        self, record: Account, event: Event, net: str, pair: tuple[int, int] | None, protocol: str
    ) -> None:
        now, account = event.stream_us, event.mailwarden_account or ""
        record.exists = True
        record.first_us = record.first_us or now
        record.last_us = now
        record.successes += 1
        if protocol not in record.protocols and len(record.protocols) < _MAX_PROTOCOLS:
            record.protocols = [*record.protocols, protocol]
        record.failing.pop(net, None)
        record.networks.pop(net, None)
        record.networks[net] = (pair[0] if pair else now, now)
        if len(record.networks) > _MAX_NETWORKS:
            del record.networks[next(iter(record.networks))]
            self._everyday.clear()
        self._accounts.put(account, record)
        self._learn_user(account, event, net, pair)

    def _learn_user(self, account: str, event: Event, net: str, pair: tuple[int, int] | None) -> None:
        """Learn who comes from a network, and whether it is one that many people share."""
        now = event.stream_us
        known = self._network(net, now) or Network()
        settles = pair is not None and pair[1] - pair[0] <= _DAY_US < now - pair[0]
        is_new = account not in known.users and len(known.users) < _PROXY_USERS
        if pair is not None and not settles and not is_new and now - known.last_us <= _DAY_US:
            return
        if not known.users or now // _DAY_US != known.last_us // _DAY_US:
            self._ranges.came(self._range(event, net), now)
        was_proxy = known.is_proxy()
        known.entered += pair is None
        known.settled += settles
        if is_new:
            known.users.append(account)
        known.last_us = now
        self._networks.put(net, known)
        if known.is_proxy() and (not was_proxy or not known.settled % 5):
            self._proxies.put(net, _Proxy(max(known.entered, known.settled), now))

    def session_ended(self, event: Event) -> bool:
        """Set the facts of a session that read very much; False where it read no more than sessions do."""
        extra = event.extra
        if extra is None or (extra.get("dovecot.out") or extra.get("dovecot.retr_bytes", 0)) < _BULK_BYTES:
            return False
        place(event, self.site)
        account, now = event.mailwarden_account, event.stream_us
        session = self._sessions.get(event.mail_session_id) if event.mail_session_id else None
        if account is None:
            return False
        bits = self._habits.reads_much(account, now, is_young=session is not None)
        if session is None:
            return False
        event.source_ip = session.address
        place(event, self.site)
        event.facts = {"mailwarden.read.bits": bits, "mailwarden.surprise": bits}
        return bits > 0

    def is_home(self, net: str, now: int, within_us: int) -> bool:
        """Say whether somebody was let in from a network lately; to the day, for that is how often it is written down."""
        known = self._network(net, now)
        return known is not None and bool(known.users) and now - known.last_us <= within_us + _DAY_US

    # ------------------------------------------------------------------ mail

    def mailed(self, account: str, recipients: int, now: int, *, fresh: bool) -> tuple[int, int, int]:
        """Count recipients of an account; give what it did before: (usual of an hour, most of a quarter, most of an hour).

        The usual most of an hour is 0 while it is not known. That of a quarter is the most so far, from networks the account
        did not just come from. The most of an hour is that of days before this one, from networks that were its own; 0 for
        mail from another: what somebody did once is no surprise the next time, but a stranger has done nothing before.
        """
        record = self._account(account, now) or Account(first_us=now)
        hour, quarter = now // _HOUR_US, now // _QUARTER_US
        if record.hour != hour:
            record.hour, record.hour_recipients = hour, 0
        record.hour_recipients += recipients
        usual = usual_of(record.usual, now) or 0
        learn(record.usual, now, record.hour_recipients)
        best = record.best_quarter
        if record.quarter != quarter:
            record.quarter, record.quarter_recipients = quarter, 0
        record.quarter_recipients += recipients
        most = record.whole_quarter(now)
        if not fresh:
            record.best_quarter = max(best, most)
        elif most > best and record.raised_day != now // _DAY_US:
            # who roams is to have a usual too, but a stranger is not to teach it in a day
            record.raised_day = now // _DAY_US
            record.best_quarter = min(most, best + max(2, best // 4))
        run = 0 if fresh else record.learn_run(now)
        record.last_us = now
        self._accounts.put(account, record)
        return usual, best, run

    def wrote_with(self, account: str, message_id: str, now: int) -> float:
        """Learn the shape of a Message-ID; give how much it tells against the account's owner, in bits."""
        record = self._account(account, now) or Account(first_us=now, last_us=now)
        programs = record.programs = record.programs or Programs()
        form = shape(message_id, account.rpartition("@")[2])
        found = bits(programs, form, now)
        learn_program(programs, form, now)
        self._accounts.put(account, record)
        return found

    def exists(self, account: str, now: int) -> None:
        """Learn that an account has a mailbox here."""
        record = self._account(account, now)
        if record is None:
            record = Account(first_us=now, last_us=now)
        elif record.exists:
            return
        record.exists = True
        self._accounts.put(account, record)

    def first_seen(self, account: str, now: int) -> int | None:
        """Give when an account was first seen here, or None."""
        record = self._account(account, now)
        return record.first_us if record is not None and record.exists else None

    def learn_domain(self, domain: str, now: int) -> None:
        """Learn a domain that a local transport delivered to: it is ours."""
        seen = self._domains.get(domain)
        if seen is None or now - seen > _DAY_US:
            self._domains.put(domain, now)
            self._domains.put(_ANY, now)

    def is_our_domain(self, domain: str) -> bool:
        """Say whether a domain is stated or learned to be ours."""
        return domain in self.site.domains or self._domains.get(domain) is not None

    def knows_domains(self) -> bool:
        """Say whether any domain is stated or learned to be ours: then one that is not is somebody else's."""
        return bool(self.site.domains) or self._domains.get(_ANY) is not None

    def learn_server(self, name: str, now: int) -> None:
        """Learn that people log in to this server, or through this panel, here."""
        if name not in self._server_names:
            self._server_names.add(name)
            if self._servers.get(name) is None:
                self._servers.put(name, now)

    def servers(self) -> list[str]:
        """Give the servers that people log in to here, of those whose advice differs."""
        return [name for name in _LOGIN_SERVERS if self._servers.get(name) is not None]


def proxy_users(blob: bytes) -> int:
    """Give how many accounts came from a network that was found to be a proxy, from its state."""
    return decoder(_Proxy)(blob).users


def _who_exceeds(beyond: Beyond, source: Network | None, account: Account | None, now: int) -> frozenset[str]:
    """Say who is behind what exceeds the usual: the site as a whole always; a source or a target with half of it.

    One surge is told once: not of each of the thousand addresses that take part.
    """
    found = {"mailwarden.site"}
    if source is not None and 2 * (source.day_tried if beyond.is_day else source.hour_tried) >= beyond.tries:
        found.add("mailwarden.network")
    if account is not None and account.tried_day == now // _DAY_US and 2 * account.tried >= beyond.tries:
        found.add("mailwarden.account")
    return frozenset(found)


def _may_matter(record: Account, event: Event, net: str, first_us: int) -> bool:
    """Say whether a rule may ask for the facts of a pair that was seen within the hour.

    It must have come here first within the day, and have been known elsewhere or guessed before: then mail is judged all day,
    and any login for a quarter of an hour. What does not matter once will not matter later.
    """
    age_us = event.stream_us - first_us
    if age_us >= _QUARTER_US and (age_us >= _DAY_US or event.network_protocol != "smtp"):
        return False
    return record.guessed_us == first_us or record.was_elsewhere(net, first_us)


def _hash(account: str) -> int:
    return zlib.crc32(account.encode("utf-8", "surrogatepass"))


def _is_device(known: Network | None) -> bool:
    """Say whether failures are a device's of somebody here: it comes from where people are let in, and tries few names."""
    return known is not None and bool(known.users) and len(known.names) <= _DEVICE_NAMES


def place(event: Event, site: Site) -> None:
    """Set the account and the networks of an event: what the ledger and the rules count by."""
    address = event.source_ip
    if address is not None:
        event.mailwarden_network, event.mailwarden_wide_network = networks(address)
    if event.user_name:
        event.mailwarden_account = site.account(event.user_name, event.host_hostname)
