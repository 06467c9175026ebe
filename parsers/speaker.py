"""Whose message it is: found out by its tag, its words or its file; then that format reads it."""

import re
from typing import NamedTuple

from mailwarden.parsers.claims import begins_within, claims
from mailwarden.parsers.event import Event
from mailwarden.parsers.pattern import Format
from mailwarden.parsers.priority import (
    FACILITIES,
    is_level,
    is_priority_word,
    set_priority,
    severity,
    take_worded_priority,
)
from mailwarden.parsers.raw import record_id
from mailwarden.parsers.secrets import hide_secrets
from mailwarden.parsers.tags import Tag, Tags

__all__ = ["Repetition", "Speaker"]

_LEVELS = frozenset({"Debug:", "Info:", "Warning:", "Error:", "Fatal:", "Panic:"})  # Dovecot's own files: never a tag
_SOLARIS_ID = re.compile(r"\[ID [0-9]{1,10} ([a-z]+[0-7]?)\.([a-z]+)\] ")
_TAG = re.compile(
    r"([^\s:\[\]]{1,128})(?: ?\[([0-9]{1,10})(?:,[0-9]{1,10})?\](?: (?:<[A-Z][a-z]{2,9}>|\([\w.-]{1,64}\))(?=:))?)?(?: ?(:))?"
)
_TAG_WITH_PID = re.compile(r"[^\s:\[\]]{1,128}\[[0-9]{1,10}\]: ")
_BRACKETED_TAG = re.compile(r"\[([a-z][a-z0-9_./-]{0,63})()(\]) ")
_LIBRARY = re.compile(r"^ ?\([\w.+-]{1,64}\) (?:\[[\w.-]{1,128}:[\w.-]{1,64}\] )?")  # macOS's `log show --style syslog`
_REPEATED = re.compile(r"message repeated ([0-9]{1,9}) times?: \[ ?")
_LAST_REPEATED = re.compile(r"(?:-- )?[Ll]ast message repeated ([0-9]{1,9}) times?(?: --)?$")
# Source: syslog-ng 3.38, lib/logwriter.c (log_writer_last_msg_flush): `%.20s` of the message.
_LAST_REPEATED_TEXT = re.compile(r"Last message '(.*)' repeated ([0-9]{1,9}) times?, suppressed by syslog-ng on .*$")
_QUOTED = 20
_PART = re.compile(r"([a-z][a-z/-]{1,31})\[([0-9]{1,10})\]: ")
_WORD = re.compile(r"[^\s\[\]()<>=|\"',;]{1,255}")
_WORDS = 6  # before a tag: relays, the host, the zone, facility and severity
_OWN_PID = re.compile(r" ?\[([0-9]{1,10})\](?= )")


class Repetition(NamedTuple):
    """How often the line before was repeated, and how its message begins, where that is told."""

    times: int
    beginning: str = ""


class Speaker:
    """Knows the tags of one source, and whose own file it is."""

    def __init__(self) -> None:
        self.claims = claims()
        self.tags = Tags(self.claims)
        self.owner: Format | None = None  # whose own file this is

    def headed(self, event: Event, rest: str, own: bool) -> str | Repetition | None:
        """Read what stands behind a stamp: a server's own record, or host, tag and text.

        Returns:
            What is left to do: how often the line before was repeated, where it says only that; a line that stands within
            this one's text, which nobody knows; or nothing.
        """
        pid = _OWN_PID.match(rest)
        if pid:
            event.process_pid = int(pid[1])
            return self.untagged(event, rest[pid.end() :].lstrip(" "), own)
        rest = take_worded_priority(event, rest)
        bracketed = _BRACKETED_TAG.match(rest)
        if bracketed:  # metalog names no host
            text = rest[bracketed.end() :]
            if self.claims.tag(bracketed[1]).format is not None or self.claims.any_text(text) is not None:
                return self.message(event, bracketed[1], None, text)
        host, _, after = rest.partition(" ")
        repeated = _LAST_REPEATED.match(rest) or _LAST_REPEATED.match(after)
        if repeated:
            event.host_hostname = host if repeated.string == after else None
            return Repetition(int(repeated[1]))
        if (
            (host.endswith(":") and not host.endswith("::"))
            or (host[:1] == "[" and is_priority_word(host[1:-1]))
            or is_level(host)
        ):
            return self.untagged(event, rest, own)
        after = take_worded_priority(event, after.lstrip(" "))
        behind_level = take_worded_priority(event, after, loose=True)
        if behind_level is not after and _TAG_WITH_PID.match(behind_level):
            after = behind_level
        token = after.partition(" ")[0]
        tag = _TAG.match(after)
        known = None
        if tag is not None and (tag[2] or tag[3]) and token not in _LEVELS:
            whole = token if tag[3] and tag.end() == len(token) else ""
            known = self.tags.known(tag[1], tag[2], whole, rest, own=own, owned=self.owner is not None)
        if tag is None or known is None:
            return self.untagged(event, rest, own)
        event.host_hostname = host
        text = after[tag.end() :].removeprefix(" ")
        quoted = _LAST_REPEATED_TEXT.match(text) if text.startswith("Last message '") else None
        if quoted is not None and len(quoted[1].encode(errors="surrogateescape")) == _QUOTED:
            return Repetition(int(quoted[2]), quoted[1])
        return self._read_as(event, known, text)

    def message(self, event: Event, tag: str, pid: int | None, text: str) -> str | None:
        """Read a message whose tag was given apart; give a line that stands within it, as `headed` does."""
        claim = self.claims.tag(tag)
        return self._read_as(
            event, (claim.process_name or None, pid, claim.service_name, claim.mail_service, claim.read), text
        )

    def untagged(self, event: Event, text: str, own: bool) -> str | None:
        """Read a record that no tag precedes, or whose tag does not stand where it should."""
        owner = self.claims.text(text, own)
        if owner is None:
            tagged = self._find_tag(event, text)
            if tagged is not None:
                host, tag, text = tagged
                event.host_hostname = host or event.host_hostname
                return self.message(event, tag[1], int(tag[2]) if tag[2] else None, text)
            if self.owner is not None and own == self.claims.spans_lines(self.owner):
                owner = self.owner
        if owner is None:
            event.event_kind = "ignored"
            return None
        self.owner = owner
        event.process_name = event.service_name = owner.name
        if self.claims.spans_lines(owner):
            event.event_id = record_id(event.event_original)
        owner.read(event, text)
        return None

    def _read_as(self, event: Event, known: Tag, text: str) -> str | None:
        event.process_name, event.process_pid, event.service_name, event.mail_service, read = known
        solaris = _SOLARIS_ID.match(text)
        if solaris:
            self.tags.clear()  # so that every line of such a file comes here
            text = text[solaris.end() :]
            if solaris[1] in FACILITIES:
                set_priority(event, FACILITIES.index(solaris[1]), severity(solaris[2]))
        count = 1
        repeated = _REPEATED.match(text)
        if repeated:
            count, text = int(repeated[1]), text[repeated.end() :].removesuffix("]")
        elif text.startswith("Last message '"):
            quoted = _LAST_REPEATED_TEXT.match(text)
            if quoted:
                count, text = int(quoted[2]), quoted[1]
        within = None if read(event, text) else self.retry(event, text)
        if count != 1:
            event.event_count *= count
        return within

    def retry(self, event: Event, text: str) -> str | None:
        """Look again at a text its format does not know: a blank too many, another's words under its tag, a line of its own.

        Returns:
            The text, where it seems to be a line of its own.
        """
        if event.event_kind == "ignored":
            return text
        name = event.event_module
        bare = _LIBRARY.sub("", text, count=1).strip(" ")
        other = self.claims.any_text(bare)
        if bare != text:
            text, other = bare, other or self.claims.named(name)
        part = _PART.match(text) if other is None else None
        if part is not None:  # some write `postfix:smtpd[7]:`
            claim = self.claims.tag(f"{event.process_name}/{part[1]}")
            if claim.format is not None and claim.format.name == name:
                event.event_kind = "event"
                tag = (claim.process_name, int(part[2]), claim.service_name, claim.mail_service, claim.read)
                return self._read_as(event, tag, text[part.end() :])
        if other is not None:
            event.event_kind = "event"
            other.read(event, text)
        if event.event_kind != "pipeline_error":
            return None
        if begins_within(text):
            return text
        hide_secrets(event, text)
        return None

    def _find_tag(self, event: Event, text: str) -> tuple[str | None, re.Match[str], str] | None:
        """Find the first tag behind some words, if it is one of ours: `[tag]`, a host cut from its stamp, relays, a zone.

        Returns:
            The host, the tag, and the text behind.
        """
        host = None
        for place in range(_WORDS):
            text = take_worded_priority(event, text, loose=True)
            tag = _TAG.match(text) or _BRACKETED_TAG.match(text)
            if tag is not None and (tag[2] or tag[3]):
                behind = text[tag.end() :].removeprefix(" ")
                if self.claims.tag(tag[1]).format is not None or self.claims.any_text(behind) is not None:
                    return host, tag, behind
                if place:
                    return None
            word, _, text = text.partition(" ")
            if _WORD.fullmatch(word) is None:
                return None
            host = host if word == "-" else word if word.endswith("::") else word.removesuffix(":")
            text = text.lstrip(" ")
        return None
