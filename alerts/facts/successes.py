"""Logins that are let in: is this network known for this account, and what is strange about it if not."""

from typing import Any

from mailwarden.alerts.facts import suspicion
from mailwarden.alerts.facts.bulk_reading import BulkReading
from mailwarden.alerts.facts.companies import Companies
from mailwarden.alerts.facts.entrances import Entrances
from mailwarden.alerts.facts.habits import Habits, kin
from mailwarden.alerts.facts.origins import Origins
from mailwarden.alerts.facts.ranges import HOSTILE
from mailwarden.alerts.facts.records import Account, Pair, Records, is_known
from mailwarden.alerts.facts.site import Site, place
from mailwarden.alerts.facts.visitors import Visitors
from mailwarden.alerts.facts.weather import Weather
from mailwarden.alerts.state.shelf import Backing
from mailwarden.parsers.event import Event

__all__ = ["Successes"]

_DAY_US = 86_400_000_000
_HOUR_US = 3_600_000_000
_QUARTER_US = 900_000_000
_FAIL_US = _DAY_US  # failures before a success count for a day (AUTH-11)
_ODD = 9  # points of a login from which on it is remembered: what stands in the report (AUTH-21)
_MAX_NETWORKS = 24
_MAX_PROTOCOLS = 8
_EVERYDAY = 20_000  # logins remembered that tell nothing new


class Successes:
    """Sets on a login that was let in what was known before it, and learns it.

    Args:
        site: What is ours.
        records: What is known of accounts and networks.
        habits: What is usual of accounts.
        weather: What is usual here.
        origins: What is known of where people come from.
        reading: The sessions from new networks.
        entrances: When each server last let somebody in.
        backing: Where it is kept who shares a network.
    """

    def __init__(
        self,
        site: Site,
        records: Records,
        habits: Habits,
        weather: Weather,
        origins: Origins,
        reading: BulkReading,
        entrances: Entrances,
        backing: Backing,
    ) -> None:
        self._site = site
        self._records = records
        self._habits = habits
        self._weather = weather
        self._origins = origins
        self._reading = reading
        self._entrances = entrances
        self._visitors = Visitors(records, origins, Companies(site.name, backing), backing)
        self.shelves = self._visitors.shelves
        # what is computed again where it lacks: (until when, account, network, wide network) by user, address, protocol and host
        self._everyday: dict[tuple[str | None, ...], tuple[int, str, str, str | None]] = {}

    def let_in(self, event: Event) -> None:
        """Place a login that was let in, set its facts, then learn it."""
        if event.user_name:
            self._entrances.open(event.host_hostname, event.stream_us)
        everyday = self._everyday.get((event.user_name, event.source_ip, event.network_protocol, event.host_hostname))
        if everyday is not None and event.stream_us < everyday[0]:
            _, event.mailwarden_account, event.mailwarden_network, event.mailwarden_wide_network = everyday
            return
        place(event, self._site)
        if event.mailwarden_account is not None:
            self.take(event)

    def _remember(self, event: Event, account: str, net: str, until_us: int) -> None:
        """Remember that logins like this one tell nothing until then."""
        if not event.user_name:
            return
        if len(self._everyday) >= _EVERYDAY:
            self._everyday.clear()
        key = (event.user_name, event.source_ip, event.network_protocol, event.host_hostname)
        self._everyday[key] = (until_us, account, net, event.mailwarden_wide_network)

    def take(self, event: Event) -> None:
        """Set the facts of a login that was let in (or of mail accepted under a login), then learn it."""
        now = event.stream_us
        account, net = event.mailwarden_account, event.mailwarden_network
        if account is None or net is None:
            return
        record = self._records.account(account, now)
        protocol = event.network_protocol or ""
        if record is not None and record.exists:
            pair = record.networks.get(net)
            is_recent = pair is not None and now - pair[1] < _HOUR_US and net not in record.failing
            if pair is not None and is_recent and protocol in record.protocols:
                self._meet_again(event, record, account, net, pair)  # the everyday case: nothing to learn
                return
        record = record or Account(first_us=now)
        pair = record.networks.get(net)
        facts = event.facts = self._pair_facts(account, record, net, pair, event)
        failures = _set_failures(facts, record, net, now)
        if not facts["mailwarden.pair.known"]:
            self._set_strangeness(facts, record, event, net, protocol)
            if failures or facts["mailwarden.source.sprayed"]:
                record.guessed_us, record.guessed = now, failures
                record.sprayed = facts["mailwarden.source.sprayed"]
        self._meet(event, account, pair, facts)
        if pair is None and "mailwarden.surprise" in facts:
            points = round(suspicion.points(event))
            if points >= _ODD:
                record.odd_us, record.odd = now, points
        if facts["mailwarden.user.has_history"] and now - facts["mailwarden.pair.first_us"] <= _DAY_US:
            self._reading.begin(event)
        self._learn(record, event, net, pair, protocol)
        if pair is None or pair[0] == now or protocol not in record.protocols:
            return  # within the second in which it came first it may yet come from elsewhere
        if not _may_matter(record, event, net, pair[0]):
            self._remember(event, account, net, now + _HOUR_US)

    def _set_strangeness(self, facts: dict[str, Any], record: Account, event: Event, net: str, protocol: str) -> None:
        """Set what speaks for or against a login from a network that is not known for its account."""
        now = event.stream_us
        facts["mailwarden.user.successes"] = record.successes
        facts["mailwarden.user.asleep_days"] = (now - record.last_us) // _DAY_US if record.exists else 0
        facts["mailwarden.user.undisturbed"] = record.is_undisturbed(now)
        is_new = bool(record.protocols) and protocol not in record.protocols
        facts["mailwarden.protocol.new"] = is_new
        facts["mailwarden.protocol.switch"] = is_new and protocol != "smtp" and record.protocols != ["smtp"]
        facts["mailwarden.rollout"] = self._weather.changes(now)
        if facts["mailwarden.rollout"]:  # its own devices fail wherever they are
            strangers = [other for other, (last, _) in record.failing.items() if now - last <= _FAIL_US]
            facts["mailwarden.user.failing_networks"] = sum(self._origins.is_hostile(other, now) for other in strangers)
        facts["mailwarden.site.fresh"] = self._weather.is_fresh()
        is_shared = facts["mailwarden.pair.near"] or facts["mailwarden.source.is_proxy"]
        facts["mailwarden.source.range"] = 0.0 if is_shared else self._origins.bits(event, net)
        self._set_spraying(facts, net, event.mailwarden_account or "", now)
        facts["mailwarden.user.usual_tries"] = round(record.tries_of_a_day(now // _DAY_US), 1)

    def _meet_again(self, event: Event, record: Account, account: str, net: str, pair: Pair) -> None:
        """Set the facts that a rule may ask for of a pair seen within the hour."""
        if _may_matter(record, event, net, pair[0]):
            event.facts = self._pair_facts(account, record, net, pair, event)
        else:
            self._remember(event, account, net, pair[1] + _HOUR_US)

    def _set_spraying(self, facts: dict[str, Any], net: str, account: str, now: int) -> None:
        """Set how many other accounts a network failed at within a day, how many of them nobody has, and whether that is a
        stranger's doing.

        A phone with an old password fails at none. On a day of new passwords people fail beside each other wherever they are,
        but not in a range of guessers.
        """
        known = self._records.network(net, now)
        others = ghosts = sprayed = 0
        if known is not None and known.tried_lately(now):
            others, ghosts = known.others_tried(account), known.ghosts
            is_people = facts["mailwarden.rollout"] and facts["mailwarden.source.range"] < HOSTILE
            if not (facts["mailwarden.source.is_proxy"] or is_people):
                sprayed = known.sprayed(account)
        facts["mailwarden.source.others"], facts["mailwarden.source.ghosts"] = others, ghosts
        facts["mailwarden.source.sprayed"] = sprayed

    def _meet(self, event: Event, account: str, pair: Pair | None, facts: dict[str, Any]) -> None:
        """Learn the habits of an account; set what is unusual about this login, where its network is new."""
        now = event.stream_us
        place = self._origins.place(event)
        is_new = pair is None and not facts["mailwarden.pair.near"] and not facts["mailwarden.source.is_proxy"]
        facts |= self._habits.meet(
            account,
            now,
            place,
            is_new=is_new,
            wants=pair is None or facts["mailwarden.pair.young"],
            is_young=facts["mailwarden.pair.young"],
        )
        self._origins.learn_carrier(place, now)
        if pair is None or pair[1] // _HOUR_US != now // _HOUR_US:
            self._weather.good(now)

    def _pair_facts(self, account: str, record: Account, net: str, pair: Pair | None, event: Event) -> dict[str, Any]:
        """Give what is known of an account and a network, before this event."""
        now, address = event.stream_us, event.source_ip
        known = self._records.network(net, now)
        users = len(known.users) if known else 0
        is_proxy = (known is not None and known.is_proxy()) or self._site.is_proxy(address, net)
        first_us = pair[0] if pair else now
        # in the first day of an account nearly every network is new: there a quarter of an hour counts, unless it was guessed
        is_settled = now - record.first_us > _DAY_US or record.guessed_us == first_us
        is_young = pair is None or now - pair[0] < (_DAY_US if is_settled else _QUARTER_US)
        roams = is_young and self._habits.roams(account)
        near = [other for other in record.networks if other != net and kin(other) == kin(net)] if is_young else ()
        return {
            "mailwarden.pair.known": is_known(pair, now),
            "mailwarden.pair.fresh": pair is None or now - pair[0] < _QUARTER_US,  # here for a quarter of an hour
            "mailwarden.pair.near": bool(near),  # it is known from a neighbour of this network
            "mailwarden.pair.young": is_young and not near and not roams,
            "mailwarden.pair.first_us": first_us,
            "mailwarden.user.has_history": record.was_elsewhere(net, first_us),
            "mailwarden.user.roams": roams,  # it comes from another network every few days: a new one says nothing
            "mailwarden.user.elsewhere": is_young and record.goes_on_elsewhere(net, first_us, now),
            "mailwarden.user.failures": record.guessed if record.guessed_us == first_us else 0,
            "mailwarden.source.sprayed": record.sprayed if record.guessed_us == first_us else 0,
            "mailwarden.source.users": users,
            "mailwarden.source.shared": known is not None and known.is_shared(account, now, is_proxy=is_proxy),
            "mailwarden.source.tried": known.tried if known and known.tried_lately(now) else 0,
            "mailwarden.source.is_proxy": is_proxy,
        }

    def _learn(self, record: Account, event: Event, net: str, pair: Pair | None, protocol: str) -> None:
        """Learn that an account was let in from a network."""
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
        self._records.keep_account(account, record)
        self._visitors.come(account, event, net, pair)


def _set_failures(facts: dict[str, Any], record: Account, net: str, now: int) -> int:
    """Set how often an account was tried within the day before it was let in, and from how many networks; give how often.

    Tries of others since it came from this network for the first time do not make that login a guessed one.
    """
    elsewhere = [count for other, (last, count) in record.failing.items() if now - last <= _FAIL_US and other != net]
    here = record.failing.get(net)
    failures = sum(elsewhere) + (here[1] if here else 0)
    facts["mailwarden.user.failing_networks"] = len(elsewhere) + (1 if here else 0)
    facts["mailwarden.source.failures"] = here[1] if here else 0
    if not facts["mailwarden.pair.known"]:
        facts["mailwarden.user.failures"] = max(failures, facts["mailwarden.user.failures"])
    return failures


def _may_matter(record: Account, event: Event, net: str, first_us: int) -> bool:
    """Say whether a rule may ask for the facts of a pair that was seen within the hour.

    It must have come here first within the day, and have been known elsewhere or guessed before: then mail is judged all day,
    and any login for a quarter of an hour. What does not matter once will not matter later.
    """
    age_us = event.stream_us - first_us
    if age_us >= _QUARTER_US and (age_us >= _DAY_US or event.network_protocol != "smtp"):
        return False
    return record.guessed_us == first_us or record.was_elsewhere(net, first_us)
