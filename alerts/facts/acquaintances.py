"""Whom an account writes to: people it wrote to on days before, or strangers, and how many of them refuse.

An invoice run goes to customers, a thief's to strangers of whom a quarter no longer exist (the share of known recipients
tells people from spam runs: Hu and others, CFI 2016). Remembered are the recipients with the smallest hashes that an
account ever wrote to, and only such are judged: however many it writes to, the share of known ones among those is that of
all (a bottom-k sample; Cohen and Kaplan, PODC 2007).

The hash is keyed (`alerts/state/mark.py`): whoever could tell that of an address would write to those that are never judged.

Known is who was written to on a day before: nobody makes a stranger known and uses him the same day. What is sent from a
network that is new to the account makes twenty a day known.
"""

from typing import Any

import msgspec

from mailwarden.alerts.facts.usual import is_repeat
from mailwarden.alerts.state.mark import keyed_mark, new_key
from mailwarden.alerts.state.shelf import Backing, Shelf

__all__ = ["Acquaintances", "awaits_outcomes", "is_refused", "sending_severity"]

_DAY_US = 86_400_000_000
_KEEP_US = 200 * _DAY_US  # what is invoiced twice a year
_QUARTER_US = 900_000_000
_QUARTERS = 4
_REMEMBERED = 300  # recipients of an account; some eight bytes each
_TAUGHT_AWAY = 20  # a day
_ALL = (1 << 32) - 1

_MUCH = 20  # recipients, as many as `send_from_new_network` tells
_LEAST_JUDGED = 8  # recipients, before their share says anything
_KNOWN_SHARE = 0.6
# Of an ordinary list 2 % are gone, of a spammer's 25 % (SPOT, Duan and others 2012).
_FEW_REFUSED, _SOME_REFUSED = 0.05, 0.1


class _Record(msgspec.Struct, array_like=True):
    known: dict[int, int] = {}  # hash of a recipient -> the first day
    limit: int = _ALL  # recipients of a larger hash are not remembered
    # Of the last: (quarter of an hour, outcomes, judged, known, refused).
    quarters: list[tuple[int, int, int, int, int]] = []
    taught_day: int = 0
    taught: int = 0  # on that day, from networks that are new to the account
    last_us: int = 0
    key: bytes = b""  # of the hashes


class Acquaintances:
    """The recipients of a site's accounts.

    Args:
        backing: Where they are kept.
    """

    def __init__(self, backing: Backing) -> None:
        self.shelf: Shelf[_Record] = Shelf(
            "ledger.acquaintances", 1, _Record, lambda one: one.last_us + _KEEP_US, backing
        )

    def wrote(self, account: str, address: str, now: int, facts: dict[str, Any], *, away: bool, refused: bool) -> None:
        """Set the facts of a recipient's first outcome, then learn it.

        Args:
            account: Who wrote.
            address: To whom, lower-cased.
            now: Stream time.
            facts: Where they are set.
            away: Whether it came from a network that is new to the account.
            refused: Whether the receiver refused it for what it is, or has no such mailbox.
        """
        record = self.shelf.get(account) or _Record(key=new_key(address, now))
        recipient = keyed_mark(address, record.key)
        day, quarter = now // _DAY_US, now // _QUARTER_US
        first_day = record.known.get(recipient)
        is_judged = recipient <= record.limit
        is_known = first_day is not None and first_day < day
        _count(record, quarter, int(is_judged), int(is_known), int(refused))
        if is_judged:
            facts["mailwarden.recipient.new"] = first_day is None
            facts["mailwarden.recipient.stands_for"] = (_ALL + 1) // (record.limit + 1)
            if first_day is None:
                _learn(record, recipient, day, away=away)
        record.last_us = now
        self.shelf.put(account, record)
        _set(facts, record, quarter)

    def lately(self, account: str, now: int, facts: dict[str, Any]) -> None:
        """Set the facts of an account's last hour; none where nothing is known."""
        record = self.shelf.get(account)
        if record is not None:
            _set(facts, record, now // _QUARTER_US)


def _count(record: _Record, quarter: int, judged: int, known: int, refused: int) -> None:
    quarters = record.quarters
    if quarters and quarters[-1][0] >= quarter:
        at, outcomes, was_judged, were_known, were_refused = quarters[-1]
        quarters[-1] = (at, outcomes + 1, was_judged + judged, were_known + known, were_refused + refused)
        return
    kept = [one for one in quarters if one[0] > quarter - _QUARTERS]
    record.quarters = [*kept, (quarter, 1, judged, known, refused)]


def _learn(record: _Record, recipient: int, day: int, *, away: bool) -> None:
    if away:
        if record.taught_day != day:
            record.taught_day, record.taught = day, 0
        if record.taught >= _TAUGHT_AWAY:
            return
        record.taught += 1
    record.known[recipient] = day
    if len(record.known) > _REMEMBERED:
        largest = max(record.known)
        del record.known[largest]
        record.limit = largest - 1


def _set(facts: dict[str, Any], record: _Record, quarter: int) -> None:
    outcomes = judged = known = refused = 0
    for at, tried, weighed, familiar, bad in record.quarters:
        if at > quarter - _QUARTERS:
            outcomes, judged, known, refused = outcomes + tried, judged + weighed, known + familiar, refused + bad
    facts["mailwarden.user.wrote"] = outcomes
    facts["mailwarden.user.wrote_judged"] = judged
    facts["mailwarden.user.wrote_known"] = known
    facts["mailwarden.user.wrote_refused"] = refused
    facts["mailwarden.user.acquaintances"] = len(record.known)


def sending_severity(facts: dict[str, Any] | None, recipients: int, *, worst: str = "high") -> str:
    """Say how bad it is that an account writes to so many within an hour: `low`, `medium` or `high`, but no more than `worst`.

    What it did before, or sends to people it knows, is for the report. So is what it sends from where it always is to people
    who take it: a first newsletter, an invoice run; of a spammer's list a quarter would refuse. Where the machine it comes from
    hides who is behind it (a webmail, a load balancer) it is worth a look. Anything else is what a thief does.
    """
    facts = facts or {}
    if is_repeat(facts, recipients):
        return "low"
    if _is_away(facts, recipients):
        return worst
    judged, known = facts.get("mailwarden.user.wrote_judged", 0), facts.get("mailwarden.user.wrote_known", 0)
    is_familiar = judged >= _LEAST_JUDGED and known >= _KNOWN_SHARE * judged
    if not is_refused(facts, _FEW_REFUSED) and (is_familiar or not facts.get("mailwarden.user.hidden")):
        return "low"
    return worst if is_refused(facts, _SOME_REFUSED) else "medium"


def is_refused(facts: dict[str, Any], share: float = _SOME_REFUSED) -> bool:
    """Say whether more than a share of an account's mail of the hour was refused for what it is, or found no mailbox."""
    outcomes, refused = facts.get("mailwarden.user.wrote", 0), facts.get("mailwarden.user.wrote_refused", 0)
    return bool(refused > 1 + share * outcomes)


def _is_away(facts: dict[str, Any], recipients: int) -> bool:
    """Say whether much of an account's mail came from networks that are not its own: half of so many recipients, or twenty.

    A letter from a phone on the move, among those from a desk, is not.
    """
    return bool(facts.get("mailwarden.user.wrote_away", 0) >= max(1, min(_MUCH, recipients // 2)))


def awaits_outcomes(facts: dict[str, Any] | None, recipients: int) -> bool:
    """Say whether it is too early to judge: the mail of an account that is where it always is has hardly left yet."""
    facts = facts or {}
    if _is_away(facts, recipients) or facts.get("mailwarden.user.acquaintances", 0) < _LEAST_JUDGED:
        return False
    return 3 * int(facts.get("mailwarden.user.wrote", 0)) < recipients
