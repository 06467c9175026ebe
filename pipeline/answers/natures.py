"""What a sender is: a person, a newsletter, a mailing list, a contact form, a program that writes to customers, a device.

Judged from what `senders.py` noted of it, each judgement with how sure it is and why. What the configuration says wins.
The numbers are our own, tried on the simulated life of `bench/natures.py`; nothing depends on a judgement but how a
sender is called.
"""

import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Literal

import msgspec

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.terms import severity_rank
from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.pipeline.correlation.senders import LABEL, Sender

__all__ = [
    "NATURES",
    "SURE",
    "SUSPECTED",
    "Nature",
    "Tally",
    "Traits",
    "judge",
    "nature_text",
    "reason_text",
    "suspects",
]

Name = Literal["newsletter", "list", "transactional", "form", "system", "device", "script", "person", "bulk", "suspect"]
Sure = Literal["stated", "clear", "likely", "unclear"]
Who = tuple[str, str]  # name and kind

NATURES: dict[str, str] = {
    "newsletter": N_("newsletter"),
    "list": N_("mailing list"),
    "transactional": N_("transactional mail"),
    "form": N_("contact form"),
    "system": N_("this machine's own notices"),
    "device": N_("device or program"),
    "script": N_("script"),
    "person": N_("person"),
    "bulk": N_("mail to many"),
    "suspect": N_("part of an incident"),
}
SURE: dict[str, str] = {
    "stated": N_("stated"),
    "clear": N_("sure"),
    "likely": N_("likely"),
    "unclear": N_("not sure"),
}
_REASONS: dict[str, str] = {
    "label": N_("the configuration says so"),
    "list_path": N_("its return path is a mailing list's"),
    "verp": N_("its return path names the recipient, as bulk mail software writes it"),
    "run": N_("messages of one size follow each other"),
    "path": N_("its path says so"),
    "web": N_("the web server runs it"),
    "few": N_("it writes to the same few recipients"),
    "single": N_("one recipient a message"),
    "strange": N_("nearly always to somebody else"),
    "hours": N_("at all hours"),
    "system_user": N_("a user of the system runs it"),
    "login": N_("it logs in, and keeps the hours of people"),
    "mixed": N_("it also writes like a person"),
    "wide": N_("many recipients a message"),
    "incident": N_("an incident is about it"),
}

_LABELS: tuple[tuple[str, Name], ...] = (
    ("newsletter", "newsletter"),
    ("transactional", "transactional"),
    ("form", "form"),
    ("gateway", "device"),
)
_FORM = re.compile(
    r"contact|kontakt|feedback|enquiry|inquiry|toiawase|otoiawase|formmail|mailform|form-?handler|sendform|wpforms|cf7|"
    r"(?:^|[/_.-])forms?(?:[/_.-]|$)",
    re.IGNORECASE,
)
_WEB_USERS = frozenset({"apache", "http", "httpd", "nginx", "www", "www-data", "wwwrun", "33", "48", "80", "81", "30"})
"""Of web servers; as uids those of Debian, Red Hat, FreeBSD, Alpine's nginx and SUSE."""
_SYSTEM_USERS = frozenset({"root", "cron", "daemon", "nobody", "mailnull", "cpanel", "nagios", "backup", "munin", "0"})
SUSPECTED = ("outbound_spam", "account_takeover", "relay_abuse")
"""Categories of incidents that say of a sender that its mail is not its owner's."""

_MOST = 0.8
_NEARLY_ALL = 0.95
_RUN_CLEAR = 200  # recipients of a run that nobody writes to by hand
_WIDE, _WIDE_EACH = 100, 10  # recipients in all, and of the average message: no person's letters
_FEW = 5  # messages below which a habit is none
_SAME = 3  # recipients that are a few
_HOURS = 16  # of a day; people sleep
_NIGHT = 0.15  # of messages between ten in the evening and five in the morning


class Traits(msgspec.Struct, frozen=True):
    """What was counted of a sender, in any time."""

    messages: int = 0
    recipients: int = 0
    days: int = 0  # on which it sent,
    hours: int = 0  # and hours
    night: int = 0  # messages between ten in the evening and five in the morning
    single: int = 0  # messages to one recipient
    run: int = 0  # recipients in runs: messages of one size that follow each other
    run_messages: int = 0
    verp: int = 0  # messages whose return path names the recipient
    list: int = 0  # messages whose return path is a mailing list's
    tried: int = 0  # recipients that were tried,
    strange: int = 0  # and those that were not among the last sixteen
    labels: frozenset[str] = frozenset()

    @classmethod
    def of(cls, messages: int, recipients: int, counts: Mapping[str, int]) -> "Traits":
        """Make them of counts by trait; what "other" senders had in common is nobody's trait."""
        known = {name: counts[name] for name in cls.__struct_fields__ if name in counts}
        labels = frozenset(name.removeprefix(LABEL) for name in counts if name.startswith(LABEL))
        return cls(messages=messages, recipients=recipients, labels=labels, **known)

    def share(self, count: int) -> float:
        """Give a part of the messages."""
        return count / self.messages if self.messages else 0.0


class Nature(msgspec.Struct, frozen=True):
    """What a sender is, how sure that is, and why."""

    name: Name
    sure: Sure
    why: tuple[str, ...] = ()


def judge(sender: Sender, traits: Traits, *, is_suspect: bool = False) -> Nature:
    """Say what a sender is.

    Args:
        sender: Who.
        traits: What was counted of it.
        is_suspect: An incident says that its mail is not its owner's.
    """
    if is_suspect:  # spam looks like a newsletter
        return Nature("suspect", "clear", ("incident",))
    for label, name in _LABELS:
        if label in traits.labels:
            return Nature(name, "stated", ("label",))
    found = _bulk(traits)
    if found is not None:
        return found
    by_kind = {"account": _account, "script": _script, "machine": _machine}
    return by_kind.get(sender.kind, _machine)(sender, traits)


class Tally:
    """Adds up what was counted of some senders, by name and kind, and judges each by it."""

    def __init__(self, whose: Iterable[Who]) -> None:
        self._counts: dict[Who, Counter[str]] = {who: Counter() for who in whose}
        self._users: dict[Who, str] = {}

    def add(self, who: Who, name: str, word: str, count: int) -> None:
        """Take a count of `sent` (whose word is the local user), `sent_recipients` or `sent_trait` (the trait)."""
        counts = self._counts.get(who)
        if counts is None:
            return
        counts[word if name == "sent_trait" else name] += count
        if name == "sent" and word:
            self._users[who] = word

    def recipients(self, who: Who) -> int | None:
        """Give how many recipients a sender had; None where it is none of these."""
        counts = self._counts.get(who)
        return None if counts is None else counts["sent_recipients"]

    def judged(self, suspected: Container[str]) -> Iterator[tuple[Sender, Traits, Nature]]:
        """Judge all, in their order."""
        for who, counts in self._counts.items():
            sender = Sender(*who, self._users.get(who, ""))
            traits = Traits.of(counts["sent"], counts["sent_recipients"], counts)
            yield sender, traits, judge(sender, traits, is_suspect=who[0] in suspected)


def suspects(incidents: Iterable[Incident]) -> dict[str, Incident]:
    """Give the incidents that say of a sender that its mail is not its owner's, by the sender's name."""
    return {
        one.primary[1]: one
        for one in incidents
        if one.category in SUSPECTED and severity_rank(one.severity) >= severity_rank("medium")
    }


def nature_text(nature: Nature, tongue: Translator) -> str:
    """Name it, and say how sure that is; a script is one, whatever it does."""
    if nature.name in ("script", "suspect"):
        return tongue.gettext(NATURES[nature.name])
    values: dict[str, object] = {
        "nature": tongue.gettext(NATURES[nature.name]), "sure": tongue.gettext(SURE[nature.sure])
    }  # fmt: skip
    return tongue.say(N_("{nature} ({sure})"), values)


def reason_text(nature: Nature, tongue: Translator) -> str:
    """Say why."""
    return tongue.gettext("; ").join(tongue.gettext(_REASONS[reason]) for reason in nature.why)


def _bulk(traits: Traits) -> Nature | None:
    """Know bulk mail by its return path or by its runs, whoever sends it."""
    in_runs = traits.run / traits.recipients if traits.recipients else 0.0
    if traits.share(traits.list) >= _MOST:
        return Nature("list", "clear", ("list_path",))
    if traits.share(traits.verp) >= _MOST:
        if in_runs >= _MOST:
            return Nature("newsletter", "clear", ("verp", "run"))
        return Nature("transactional", "clear" if traits.messages >= _FEW else "likely", ("verp",))
    if in_runs >= _MOST and traits.messages - traits.run_messages < _FEW:
        # Spam looks the same on its first day; what comes again was seen by people, and nobody complained.
        return Nature("newsletter", "likely" if traits.days > 1 else "unclear", ("run",))
    if traits.run >= _RUN_CLEAR:
        return Nature("bulk", "likely", ("run", "mixed"))
    return None


def _account(_: Sender, traits: Traits) -> Nature:
    if traits.recipients >= max(_WIDE, _WIDE_EACH * traits.messages):
        return Nature("bulk", "likely", ("wide",))
    if _is_tireless(traits) and traits.messages >= 4 * _FEW:
        if _writes_to_few(traits):
            return Nature("device", "likely", ("hours", "few"))
        if traits.share(traits.single) >= _NEARLY_ALL and traits.strange >= traits.tried / 2:
            return Nature("transactional", "likely", ("hours", "single", "strange"))
        return Nature("person", "unclear", ("hours",))
    return Nature("person", "clear" if traits.messages >= _FEW else "likely", ("login",))


def _script(sender: Sender, traits: Traits) -> Nature:
    user = sender.user or sender.name
    user = user.removeprefix("uid ")
    is_web = user in _WEB_USERS or "/" in sender.name or ".php" in sender.name
    if _FORM.search(sender.name):
        is_abused = traits.tried >= _FEW and traits.strange > traits.tried / 2
        return Nature("form", "unclear" if is_abused else "clear", ("path", "strange") if is_abused else ("path",))
    if user in _SYSTEM_USERS and not is_web:
        return Nature("system", "clear" if user in ("root", "0") else "likely", ("system_user",))
    if traits.tried >= _FEW and _writes_to_few(traits):
        return Nature("form" if is_web else "system", "likely", ("web", "few") if is_web else ("few",))
    if traits.messages >= _FEW and traits.share(traits.single) >= _MOST and traits.strange >= traits.tried / 2:
        sure: Sure = "clear" if is_web and (_is_tireless(traits) or traits.days > 1) else "likely"
        why = ("single", "strange", *(("hours",) if _is_tireless(traits) else ()))
        return Nature("transactional", sure, why)
    return Nature("script", "unclear", ("web",) if is_web else ())


def _machine(_: Sender, traits: Traits) -> Nature:
    if traits.tried >= _FEW and _writes_to_few(traits):
        return Nature("device", "likely", ("few",))
    if traits.messages >= _FEW and traits.share(traits.single) >= _MOST and traits.strange >= traits.tried / 2:
        return Nature("transactional", "likely", ("single", "strange"))
    return Nature("device", "unclear")


def _is_tireless(traits: Traits) -> bool:
    """Say whether it sends at all hours; a person sleeps."""
    hours = traits.hours / max(1, traits.days)
    return hours >= _HOURS or (hours >= _HOURS / 2 and traits.share(traits.night) >= _NIGHT)


def _writes_to_few(traits: Traits) -> bool:
    return traits.strange <= max(_SAME * max(1, traits.days) // 2, _SAME) and traits.strange <= traits.tried / 2
