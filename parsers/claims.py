"""Which format reads which line: asked by the tag before the text, else by the text itself.

Servers share names: `imapd` is Cyrus's, Courier's and UW's. Where several formats claim a tag, the text decides.

A format module may export, beside `FORMAT`:
`claim(tag)`, giving (process name, service name, mail service) for a tag that is its own;
`claim_text(text)`, for texts that no tag precedes; a format that owns no program is asked about every text;
`claim_stray(text)`, for texts under a tag of nobody's: a server whose administrator names its instances as he likes;
`continues(line, previous)`, for a line that belongs to the record of the line before;
`claim_row(names, texts)`, for a row of the server's own table, giving a `Row`: the tag it is read under, its time and its text.
"""

import pkgutil
import re
from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import NamedTuple

from mailwarden.parsers import formats
from mailwarden.parsers.event import Event
from mailwarden.parsers.pattern import Format, Read
from mailwarden.parsers.priority import FACILITIES
from mailwarden.parsers.raw import LINE_START

__all__ = ["Claim", "Claims", "Names", "Row", "begins_within", "claims", "names_no_program"]

Names = tuple[str, str | None, str | None]
"""Process name, service name, mail service."""


# What stands where a tag should and names no program: a container (Docker's syslog driver), a facility, a number (Cisco).
_NO_PROGRAM = re.compile(
    rf"docker/.{{1,120}}|[0-9a-f]{{12}}(?:[0-9a-f]{{52}})?|[0-9]{{1,12}}|syslog|-|{'|'.join(FACILITIES)}"
)
_WITHIN = re.compile(rf"{LINE_START}|[A-Za-z0-9_][A-Za-z0-9_./-]{{0,63}}\[[0-9]{{1,10}}\]: ")
_UNIT = re.compile(r"(?:[\w.:\\-]{1,128}/){0,4}([A-Za-z0-9_-]{1,64})(?:@[^/\s]{0,128})?\.service")


def begins_within(text: str) -> bool:
    """Say whether a message begins as a line of its own, or with a tag and its process id."""
    return _WITHIN.match(text) is not None


def names_no_program(tag: str) -> bool:
    """Say whether a tag is a container's name, a facility or a number, behind which the program's own may stand."""
    return _NO_PROGRAM.fullmatch(tag) is not None


class Row(NamedTuple):
    """A row of a server's own table."""

    tag: str
    time: str
    text: str


class Claim(NamedTuple):
    """What a tag tells of its line, and what reads the text."""

    process_name: str
    service_name: str | None
    mail_service: str | None
    read: Read
    format: Format | None  # None: no server of ours


class _Member(NamedTuple):
    format: Format
    claim: Callable[[str], Names | None]
    claim_text: Callable[[str], bool] | None
    claim_stray: Callable[[str], bool] | None
    continues: Callable[[str, str], bool] | None
    claim_row: Callable[[list[str], list[str]], Row | None] | None


class Claims:
    """The formats, in the order of their names."""

    def __init__(self, members: tuple[_Member, ...]) -> None:
        self._members = members
        self._by_text = tuple((m.claim_text, m.format) for m in members if m.claim_text)
        self._by_any_text = tuple((ask, one) for ask, one in self._by_text if not one.programs)
        self._by_row = tuple(m.claim_row for m in members if m.claim_row)
        self._strays = tuple((m.claim_stray, m.format) for m in members if m.claim_stray)
        self._continued = {m.format.name: m.continues for m in members if m.continues}

    def tag(self, tag: str) -> Claim:
        """Say who reads the lines under this tag; nobody's are only looked at for texts that any program may write.

        `journalctl -o with-unit` writes the unit in the place of the program.
        """
        unit = _UNIT.fullmatch(tag)
        tag = unit[1] if unit else tag
        claimed = [
            Claim(*names, member.format.reader(names[0]), member.format)
            for member in self._members
            if (names := member.claim(tag)) is not None
        ]
        if not claimed:
            read = self._read_behind if names_no_program(tag) else self.read_unclaimed
            return Claim(tag, None, None, read, None)
        return claimed[0] if len(claimed) == 1 else claimed[0]._replace(read=_first_of(claimed))

    def text(self, text: str, own_file: bool) -> Format | None:
        """Say who reads a text that no tag precedes.

        Args:
            text: What stands behind the stamp, if there is one.
            own_file: The stamp is a full date and a time parted by a blank, as Exim writes into its own files; formats
                whose records span lines are asked only then, since almost any text may be theirs.
        """
        return next(
            (one for ask, one in self._by_text if (own_file or one.name not in self._continued) and ask(text)), None
        )

    def row(self, names: list[str], texts: list[str]) -> Row | None:
        """Give a row of a server's own table; None where it is nobody's.

        Args:
            names: The columns, where a line told them; else empty.
            texts: The row's cells.
        """
        return next((row for ask in self._by_row if (row := ask(names, texts)) is not None), None)

    def any_text(self, text: str) -> Format | None:
        """Say who reads a text whatever its tag is (PAM writes under the name of the program that calls it)."""
        return next((one for ask, one in self._by_any_text if ask(text)), None)

    def read_unclaimed(self, event: Event, text: str) -> bool:
        """Read a text under a tag of no server of ours; False where a line of its own may stand in it."""
        owner = self.any_text(text)
        if owner is None:
            owner = next((one for ask, one in self._strays if ask(text)), None)
            if owner is None:
                event.event_kind = "ignored"
                return not begins_within(text)
            event.service_name = event.process_name  # the instance
        return owner.read(event, text)

    def _read_behind(self, event: Event, text: str) -> bool:
        self.read_unclaimed(event, text)
        return event.event_kind != "ignored"

    def spans_lines(self, owner: Format) -> bool:
        """Say whether records of this format may span lines."""
        return owner.name in self._continued

    def continues(self, owner: Format, line: str, previous: str) -> bool:
        """Say whether a line without a stamp goes on with a record of this format, of which `previous` was the last."""
        asked = self._continued.get(owner.name)
        return asked is not None and asked(line, previous)

    def formats(self) -> tuple[Format, ...]:
        """Give every format."""
        return tuple(m.format for m in self._members)

    def named(self, name: str | None) -> Format | None:
        """Give a format by its name."""
        return next((m.format for m in self._members if m.format.name == name), None)


def _first_of(claimed: list[Claim]) -> Read:
    """Give what reads a text with the first of several formats that knows it."""

    def read(event: Event, text: str) -> bool:
        before = vars(event).copy()
        unread: dict[str, object] = {}
        for claim in claimed:
            event.process_name, event.service_name, event.mail_service = claim[:3]
            if claim.read(event, text) and event.event_kind != "ignored":
                return True
            unread = unread or vars(event).copy()
            vars(event).clear()
            vars(event).update(before)
        vars(event).update(unread)
        return event.event_kind == "ignored"

    return read


def _own(form: Format) -> Callable[[str], Names | None]:
    """Claim the programs a format names, for a module without a `claim` of its own."""

    def claim(tag: str) -> Names | None:
        return (tag, form.name, None) if tag in form.programs else None

    return claim


@cache
def claims() -> Claims:
    """Find the formats, once."""
    members = []
    for found in sorted(pkgutil.iter_modules(formats.__path__), key=lambda one: one.name):
        module = import_module(f"{formats.__name__}.{found.name}")
        form = getattr(module, "FORMAT", None)
        if isinstance(form, Format):
            members.append(
                _Member(
                    form,
                    getattr(module, "claim", _own(form)),
                    getattr(module, "claim_text", None),
                    getattr(module, "claim_stray", None),
                    getattr(module, "continues", None),
                    getattr(module, "claim_row", None),
                )
            )
    return Claims(tuple(members))
