"""Logins that are refused: who fails where, how often, at which names, and how that stands against the site's weather."""

from typing import Any

from mailwarden.alerts.facts.entrances import Entrances
from mailwarden.alerts.facts.origins import Origins
from mailwarden.alerts.facts.records import Account, Network, Records, is_known
from mailwarden.alerts.facts.site import Site
from mailwarden.alerts.facts.weather import Beyond, Weather
from mailwarden.parsers.event import Event

__all__ = ["Failures"]

_DAY_US = 86_400_000_000
_HOUR_US = 3_600_000_000
_FAIL_US = _DAY_US  # failures before a success count for a day (AUTH-11)
_MAX_FAILING = 40


class Failures:
    """Sets on a refused login what was known before it, and learns it.

    Args:
        site: What is ours.
        records: What is known of accounts and networks.
        weather: What guessing is usual here.
        origins: What is known of where people come from.
        entrances: When each server last let somebody in.
    """

    def __init__(self, site: Site, records: Records, weather: Weather, origins: Origins, entrances: Entrances) -> None:
        self._site = site
        self._records = records
        self._weather = weather
        self._origins = origins
        self._entrances = entrances

    def take(self, event: Event) -> None:
        """Set the facts of a refused login, then learn it."""
        now = event.stream_us
        facts = event.facts = event.facts or {}
        net = event.mailwarden_network
        account = event.mailwarden_account
        record = self._records.account(account, now) if account else None
        known = self._records.network(net, now) if net else None
        pair = record.networks.get(net) if record and net else None
        facts["mailwarden.pair.known"] = is_known(pair, now)
        facts["mailwarden.user.failing_networks"] = record.strangers(net, now) if record else 0
        if net and pair is None and event.mailwarden_attempts:
            known = self._learn_tried(known, net, event, is_ghost=not (record and record.exists))
        facts["mailwarden.source.users"] = len(known.users) if known else 0
        facts["mailwarden.source.others"] = known.others_tried(account) if known and account else 0
        if known is not None and net is not None and known.users:
            facts["mailwarden.source.is_proxy"] = known.is_proxy() or self._site.is_proxy(event.source_ip, net)
        facts["mailwarden.user.exists"] = bool(record and record.exists)
        let_in_us = self._entrances.last_us(event.host_hostname) if pair is not None or account is None else None
        if let_in_us is not None:
            facts["mailwarden.let_in.us"] = let_in_us
        if event.event_action != "auth-failure":  # a try without a verdict teaches nothing
            return
        if known is not None and known.earlier and not known.users and pair is None and event.mailwarden_attempts:
            facts["mailwarden.source.week"] = known.days_of_week()
        self._origins.name_carrier(event, facts)
        self._judge_name(account, record, net, facts)
        if account and record is not None and pair is not None:
            facts["mailwarden.pair.recent"] = now - pair[1] <= _DAY_US
            self._learn_stale(account, record, event)
        # A phone with an old password is none.
        is_weather = pair is None and not (known is not None and known.is_device())
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
        self._records.keep_account(account, record)

    def _learn_stale(self, account: str, record: Account, event: Event) -> None:
        """Learn that an account failed where it always is; more than once within an hour is no slip of a finger."""
        now = event.stream_us
        slipped = now - record.stale_us > _HOUR_US and event.mailwarden_attempts < 2
        if not slipped and record.disturbed_us // _HOUR_US != now // _HOUR_US:
            record.disturbed_us = now
            self._records.keep_account(account, record)
        if record.stale_us // _HOUR_US != now // _HOUR_US:
            alike = self._weather.stale(now)
            if alike and event.facts is not None:
                event.facts["mailwarden.rollout.accounts"] = alike
            record.stale_us = now
            self._records.keep_account(account, record)

    def _judge_name(self, account: str | None, record: Account | None, net: str | None, facts: dict[str, Any]) -> None:
        """Say whether a name that was tried is a trap, or stands in the dictionary that attackers share."""
        if account is None:
            return
        if self._site.labels:
            facts["mailwarden.labels"] = self._site.labels_of(account, account.partition("@")[0], net)
        if record is not None and not record.exists:
            facts["mailwarden.user.dictionary"] = len(record.failing) - (net in record.failing) >= 2

    def _learn_tried(self, known: Network | None, net: str, event: Event, *, is_ghost: bool) -> Network:
        """Learn that a network tries accounts that are not known from there."""
        known = known or Network(last_us=event.stream_us)
        if known.comes_anew(event.stream_us):
            self._origins.guessed(event, net)
        known.learn_try(event.mailwarden_account, event.mailwarden_attempts, event.stream_us, is_ghost=is_ghost)
        self._records.keep_network(net, known)
        return known


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
