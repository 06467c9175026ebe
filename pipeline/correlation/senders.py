"""Who sends, and how: what tells a newsletter from a contact form, a program from a person, counted message by message.

A sender is an account that logs in, a script (its path, directory or local user), or a machine that we trust, named by the
return path it writes. What is noted of each is small and counted by the day (`pipeline/rollups.py`); what follows from it
is judged when somebody asks (`pipeline/answers/natures.py`), which names these traits.

Return paths of list managers and of bulk mail software are known by their form: Mailman and Sympa write `list-bounces@`,
majordomo `owner-list@`, ezmlm `list-return-12-ana=example.org@` (VERP, D. J. Bernstein, 1997), mailing services `bounces+…`.
"""

import re
from functools import lru_cache
from typing import NamedTuple

import msgspec

from mailwarden.alerts.state.mark import mark
from mailwarden.alerts.state.shelf import Backing, Shelf

__all__ = ["LABEL", "Sender", "Senders", "return_path"]

LABEL = "label:"
"""Begins a trait that the configuration states."""

_HOUR_US = 3_600_000_000
_KEEP_US = 14 * 24 * _HOUR_US  # who sends less often is met anew: it costs one count
_GAP_US = 300_000_000  # a run's messages follow each other; a person writes the next one later
_ALIKE = 0.2  # of its size: a name, an address and a link differ from one to the next
_RUN = 20  # recipients; fewer is a family's invitation
_MET = 16  # recipients remembered: whom a form, a printer or a cron job writes to
# BATV tags, of which nobody is a recipient.
_OWN_TAG = re.compile(r"^prvs=[^=@]{1,20}=|^btv1==[^=@]{1,40}==", re.IGNORECASE)
_WORD = re.compile(r"[+\-.]")
_FORWARDED = re.compile(r"^srs[01]")
_LISTS = re.compile(r"^owner-.|.-(?:bounces?|owner)(?:[+-].*)?$|.-return-\d")
_BULK = re.compile(r"^(?:bounces?|return|verp|msprvs1)(?:[+\-._=]|$)|[+\-._](?:bounces?|return|verp)$")
_NUMBERED = re.compile(r"^\d+$|\d{3}|[0-9a-f]{8}")
_HASH = 16  # characters that are nobody's name


class Sender(NamedTuple):
    """Whose message it is: a name, and its kind: account, script or machine; of a script the local user."""

    name: str
    kind: str
    user: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """What a label may call it: its name, a script without its user, the user."""
        name = self.name.lower()
        return (name, name.partition(" (")[0], self.user.lower()) if self.kind == "script" else (name,)


class _Record(msgspec.Struct, array_like=True):
    """What is remembered of one sender."""

    at_us: int = 0
    size: int = 0  # of the first message of the present run
    run: int = 0  # recipients of the present run
    run_messages: int = 0
    met: list[int] = []  # marks of the last recipients


class Senders:
    """Notes how each sender sends.

    Args:
        backing: Where it is remembered.
    """

    def __init__(self, backing: Backing) -> None:
        self._records = Shelf("sender", 1, _Record, lambda one: one.at_us + _KEEP_US, backing)
        self.shelves = (self._records,)

    def sent(self, sender: Sender, at_us: int, recipients: int, size: int | None, path: str | None) -> dict[str, int]:
        """Note an accepted message; give what it adds to the sender's traits.

        Args:
            sender: Whose it is.
            at_us: Stream time.
            recipients: How many.
            size: In bytes; None where the log does not tell.
            path: Its return path.
        """
        key = _key(sender)
        record = self._records.get(key) or _Record()
        added: dict[str, int] = {}
        hour = at_us // _HOUR_US
        if record.at_us // _HOUR_US != hour:
            added["hours"] = 1
            if record.at_us // _HOUR_US // 24 != hour // 24:
                added["days"] = 1
        if recipients == 1:
            added["single"] = 1
        written = return_path(path or "")
        if written.is_verp:
            added["verp"] = 1
        if written.is_list:
            added["list"] = 1
        self._run(record, at_us, recipients, size or 0, added)
        record.at_us = at_us
        self._records.put(key, record)
        return added

    def tried(self, sender: Sender, at_us: int, recipient: str) -> dict[str, int]:
        """Note that a recipient's mail was tried for the first time, or is done; give what it adds to the traits."""
        key = _key(sender)
        record = self._records.get(key) or _Record(at_us=at_us)
        who = mark(recipient.lower())
        strange = who not in record.met
        if strange or record.met[-1] != who:
            record.met = [*(one for one in record.met if one != who), who][-_MET:]
            self._records.put(key, record)
        return {"tried": 1, "strange": 1} if strange else {"tried": 1}

    def _run(self, record: _Record, at_us: int, recipients: int, size: int, added: dict[str, int]) -> None:
        """Count a run once it is one, with what of it came before it was."""
        goes_on = at_us - record.at_us <= _GAP_US and abs(size - record.size) <= _ALIKE * record.size
        if not goes_on:
            record.size, record.run, record.run_messages = size, 0, 0
        was = record.run >= _RUN
        record.run += recipients
        record.run_messages += 1
        if record.run >= _RUN:
            added["run"] = recipients if was else record.run
            added["run_messages"] = 1 if was else record.run_messages


class ReturnPath(NamedTuple):
    """What a return path is: its name without what differs from message to message, and whether it is one of bulk mail."""

    name: str
    is_verp: bool
    is_list: bool


@lru_cache(maxsize=4096)
def return_path(address: str) -> ReturnPath:
    """Read a return path.

    Returns:
        Its name ends before the first word that is a number, a hash or a recipient.
    """
    local, at, domain = address.lower().rpartition("@")
    local = _OWN_TAG.sub("", local)
    if _FORWARDED.match(local):
        return ReturnPath(f"{local}{at}{domain}", is_verp=False, is_list=False)
    words = _WORD.split(local)
    cut = next((n for n, word in enumerate(words) if "=" in word or _NUMBERED.search(word)), len(words))
    kept = local[: sum(map(len, words[:cut])) + max(0, cut - 1)]
    told = cut < len(words)
    is_verp = told and ("=" in local or _BULK.search(kept) is not None or (not kept and len(local) >= _HASH))
    is_list = _LISTS.search(local) is not None
    return ReturnPath(f"{(kept or '…') if is_verp else local}{at}{domain}", is_verp, is_list)


def _key(sender: Sender) -> str:
    return f"{sender.kind}\x1f{sender.name}"
