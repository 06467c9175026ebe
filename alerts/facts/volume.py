"""What an account sends: how much, against what it sent before, and with which program."""

from mailwarden.alerts.facts.programs import Programs, bits, learn_program, shape
from mailwarden.alerts.facts.records import Account, Records
from mailwarden.alerts.facts.usual import learn, usual_of

__all__ = ["Volume"]

_DAY_US = 86_400_000_000
_HOUR_US = 3_600_000_000
_QUARTER_US = 900_000_000


class Volume:
    """What each account sends.

    Args:
        records: Where it is kept, with what else is known of the account.
    """

    def __init__(self, records: Records) -> None:
        self._records = records

    def mailed(self, account: str, recipients: int, now: int, *, fresh: bool) -> tuple[int, int, int]:
        """Count recipients of an account; give what it did before: (usual of an hour, most of a quarter, most of an hour).

        The usual most of an hour is 0 while it is not known. That of a quarter is the most so far, from networks the account
        did not just come from. The most of an hour is that of days before this one, from networks that were its own; 0 for
        mail from another: what somebody did once is no surprise the next time, but a stranger has done nothing before.
        """
        record = self._records.account(account, now) or Account(first_us=now)
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
        self._records.keep_account(account, record)
        return usual, best, run

    def wrote_away(self, account: str, recipients: int, now: int) -> int:
        """Count recipients of mail from a network that is not the account's own; give how many it has in one to two hours."""
        record = self._records.account(account, now) or Account(first_us=now, last_us=now)
        hour, (lately, before) = now // _HOUR_US, record.away
        if record.away_hour != hour:
            lately, before = 0, lately if record.away_hour == hour - 1 else 0
        record.away_hour, record.away = hour, (lately + recipients, before)
        self._records.keep_account(account, record)
        return lately + recipients + before

    def wrote_with(self, account: str, message_id: str, now: int) -> float:
        """Learn the shape of a Message-ID; give how much it tells against the account's owner, in bits."""
        record = self._records.account(account, now) or Account(first_us=now, last_us=now)
        programs = record.programs = record.programs or Programs()
        form = shape(message_id, account.rpartition("@")[2])
        found = bits(programs, form, now)
        learn_program(programs, form, now)
        self._records.keep_account(account, record)
        return found
