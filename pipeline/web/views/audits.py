"""Who may come in, who did, who was refused, and who asked for what: the newest of the audit log."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path

import msgspec

from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.pipeline.configuration.web import Person

__all__ = ["AuditView", "audit_view"]

_NEWEST = 65_536  # bytes that are read
_SHOWN = 100
_WORDS = {
    "sign-in": ("ok", N_("came in")),
    "sign-out": ("minor", N_("signed out")),
    "sign-in-failed": ("watch", N_("was not let in")),
    "sign-in-held": ("watch", N_("tried too often to come in")),
    "refused": ("watch", N_("was refused")),
    "acknowledge": ("minor", N_("is on it")),
    "let_go": ("minor", N_("is not on it any more")),
    "silence": ("minor", N_("asked for a silence")),
    "end_silence": ("minor", N_("asked for the end of a silence")),
}
_HOW = {"link": N_("by link"), "password": N_("by password")}


class Noted(msgspec.Struct, frozen=True):
    """Something that happened. `incident` is the id of the one it was about, "" for none."""

    at_us: int
    who: str
    address: str
    tone: str
    word: str
    about: str
    incident: str


class Visiting(msgspec.Struct, frozen=True):
    """Somebody who has a password."""

    name: str
    role: str
    domains: str


class AuditView(msgspec.Struct, frozen=True):
    """The newest of the audit log, and who has a password."""

    noted: list[Noted]
    path: str
    older: int  # files beside it
    people: list[Visiting]


def audit_view(paths: Sequence[Path], people: Sequence[Person], tongue: Translator) -> AuditView:
    """Read the end of the audit log, whose files are given the newest first; a line that cannot be read is left out."""
    roles = {"viewer": tongue.gettext("looks"), "operator": tongue.gettext("looks and acts")}
    everything = tongue.gettext("everything")
    return AuditView(
        noted=[_noted(one, tongue) for one in islice(_newest(paths), _SHOWN)],
        path=str(paths[0]),
        older=sum(1 for path in paths[1:] if path.exists()),
        people=[
            Visiting(
                one.name, roles[one.role], everything if one.domains is None else tongue.gettext(", ").join(one.domains)
            )
            for one in people
        ],
    )


def _newest(paths: Sequence[Path]) -> Iterator[dict[str, str]]:
    """Give the entries, the newest first."""
    for path in paths:
        for line in reversed(_end_of(path)):
            try:
                entry = json.loads(line)
                datetime.fromisoformat(entry["@timestamp"])
            except (ValueError, KeyError, TypeError):
                continue
            yield {str(name): str(value) for name, value in entry.items()}


def _end_of(path: Path) -> list[bytes]:
    """Give the whole lines at the end of a file; none where there is no such file."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _NEWEST))
            lines = file.read().split(b"\n")
    except OSError:
        return []
    return lines if size <= _NEWEST else lines[1:]  # the first is cut somewhere


def _noted(entry: dict[str, str], tongue: Translator) -> Noted:
    what = entry.get("event.action", "?")
    tone, word = _WORDS.get(what, ("minor", what))
    how = entry.get("how", "")
    about = entry.get("because") or entry.get("path") or (tongue.gettext(_HOW[how]) if how in _HOW else how)
    if entry.get("left_out", "").isdecimal():
        more = tongue.count(
            "{number} more was refused before, and is not written down",
            "{number} more were refused before, and are not written down",
            int(entry["left_out"]),
        )
        about = tongue.gettext("; ").join((about, more)) if about else more
    at = datetime.fromisoformat(entry["@timestamp"])
    return Noted(
        at_us=int(at.timestamp() * 1_000_000),
        who=entry.get("user.name", ""),
        address=entry.get("source.ip", ""),
        tone=tone,
        word=tongue.gettext(word),
        about=about,
        incident=entry.get("incident", ""),
    )
