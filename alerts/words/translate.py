"""Say it in the reader's language: the message catalog, and filling a message with values that others may have written.

Message ids are English sentences with plain names in braces: `{account} was taken over and sends spam`. The catalogs
are `locale/<language>/LC_MESSAGES/mailwarden.po`, read when a language other than English is first asked for, so that
English costs nothing. `python -m mailwarden.alerts.words.catalog` brings them up to date.

A value's name bears its unit, as everywhere: `span_s` is shown as a duration, `first_us` as a time of day,
`bounced_ratio` as a percentage; whole numbers get their thousands marked.
"""

import functools
import gettext
import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from mailwarden.alerts.words.po import compiled
from mailwarden.parsers.errors import Worded, code_of, said_of

__all__ = ["LANGUAGES", "N_", "Translator", "catalog_path", "language_of", "paragraphs", "translator", "with_code"]

LANGUAGES = {"en": "English", "ja": "日本語"}
"""Each by its own name, as whoever cannot read the rest looks for it."""

_PLACE = re.compile(r"\{\{|\}\}|\{([A-Za-z_][A-Za-z0-9_]*)\}")
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_UNITS = ("_s", "_us", "_ratio")  # a message may leave them out: `{span}` takes `span_s`
_LISTED_BELOW = re.compile(r"\{part0\}(?:\n\{part[0-9]+\})+")  # as `below` puts sentences together
_LISTED = 3  # names of a list that are written out


def with_code(said: str, code: str) -> str:
    """Put the id of a kind of error behind what is said of it, well apart from a command that is copied from there."""
    return f"{said}  [{code}]" if code else said


def N_(msgid: str) -> str:
    """Mark a message for the catalog where it stands, without translating it there."""
    return msgid


def catalog_path(language: str) -> Path:
    """Give the file that holds a language's messages."""
    return Path(__file__).parents[1] / "locale" / language / "LC_MESSAGES" / "mailwarden.po"


class Translator:
    """Messages, numbers and times of one language.

    Nothing it gives is escaped: that is the place's work, and the last step.
    """

    def __init__(self, language: str, catalog: gettext.NullTranslations) -> None:
        self.language = language
        self.gettext = catalog.gettext
        self.ngettext = catalog.ngettext

    def say(self, msgid: str, values: Mapping[str, object] | None = None, *, zone: tzinfo = UTC) -> str:
        """Translate a message and fill it.

        A name without a value is shown as `?`; a value is never read as a message.
        """
        return self.fill(self.gettext(msgid), values or {}, zone=zone)

    def worded(self, text: object) -> str:
        """Say in this language what knows how it was worded; anything else as it is."""
        if not isinstance(text, Worded):
            return str(text)
        said = self.gettext(text.msgid) if text.msgid else ""  # of nothing a catalog gives its head
        return self.fill(said, {name: self.worded(value) for name, value in text.values.items()})

    def told(self, text: object) -> str:
        """Say in this language what is wrong, with the id of its kind behind it; of several, each with its own."""
        if isinstance(text, Worded) and _LISTED_BELOW.fullmatch(text.msgid):
            return "\n".join(map(self.told, text.values.values()))
        return with_code(self.worded(text), code_of(text))

    def error(self, error: BaseException) -> str:
        """Say in this language what an error says, with the id of its kind."""
        return self.told(said_of(error))

    def sentence(self, msgid: str, values: Mapping[str, object] | None = None, *, zone: tzinfo = UTC) -> str:
        """Say as a whole sentence what is written as part of one; a name at its beginning stays as it is."""
        text = self.say(msgid, values, zone=zone)
        if self.language != "ja" and self.gettext(msgid)[:1].isalpha():  # Japanese has no capitals: syslog stays syslog
            text = text[:1].upper() + text[1:]
        return text if not text or text[-1] in ".!?。…？" else text + self.gettext(".")

    def count(self, one: str, many: str, number: int, values: Mapping[str, object] | None = None) -> str:
        """Translate a message that depends on a number, which it may show as `{number}`, and fill it."""
        return self.fill(self.ngettext(one, many, number), {"number": number, **(values or {})})

    def fill(self, text: str, values: Mapping[str, object], *, zone: tzinfo = UTC) -> str:
        """Fill `{name}` with values in one pass: no attribute, index or format specification is understood."""

        def value(match: re.Match[str]) -> str:
            name = match[1]
            if name is None:
                return match[0][0]
            key = next((each for each in (name, *(name + unit for unit in _UNITS)) if each in values), name)
            return self.value(key, values.get(key), zone=zone)

        return _PLACE.sub(value, text)

    def value(self, name: str, value: object, *, zone: tzinfo = UTC) -> str:
        """Give a value as text, by its type and by the unit that its name bears."""
        if value is None:
            return self.gettext("not known yet") if name.startswith("usual") else "?"
        if isinstance(value, bool):
            return self.gettext("yes") if value else self.gettext("no")
        if isinstance(value, int | float):
            if name.endswith("_s"):
                return self.duration(value)
            if name.endswith("_us"):
                return self.time(int(value), zone=zone)
            if name.endswith("_ratio"):
                percent = value * 100  # what is not all is never written as 100
                return self.say("{number} %", {"number": _short(min(percent, 99.9) if value < 1 else percent)})
            return _short(value)
        if isinstance(value, list | tuple | set | frozenset):
            return self.names(
                [str(item) for item in (sorted(value, key=str) if isinstance(value, set | frozenset) else value)]
            )
        return str(value)

    def names(self, names: list[str], total: int | None = None) -> str:
        """List up to three names; the rest is counted."""
        shown = self.gettext(", ").join(names[:_LISTED])
        rest = (total if total is not None else len(names)) - min(len(names), _LISTED)
        return self.say("{names} and {rest} more", {"names": shown, "rest": rest}) if rest > 0 else shown

    def duration(self, seconds: float) -> str:
        """Give a duration in the one unit that says most."""
        if seconds < 120:
            return self.say("{number} s", {"number": _short(seconds)})
        if seconds < 120 * 60:
            return self.say("{number} min", {"number": round(seconds / 60)})
        if seconds < 48 * 3600:
            return self.say("{number} h", {"number": round(seconds / 3600)})
        return self.say("{number} days", {"number": round(seconds / 86400)})

    def time(self, at_us: int, *, zone: tzinfo = UTC, near_us: int | None = None) -> str:
        """Give an instant as a time of day with its zone, with the date when it is another day than `near_us`."""
        moment = _moment(at_us, zone)
        text = f"{moment:%H:%M:%S} {moment.tzname() or ''}".rstrip()
        if near_us is None or _moment(near_us, zone).date() == moment.date():
            return text
        return f"{self.day(at_us, zone=zone)} {text}"

    def day(self, at_us: int, *, zone: tzinfo = UTC) -> str:
        """Give the day of an instant without its year."""
        moment = _moment(at_us, zone)
        if self.language == "ja":
            return f"{moment.month}月{moment.day}日"
        return f"{moment.day} {_MONTHS[moment.month - 1]}"


@functools.cache
def _load(language: str) -> Translator:
    if language == "en":
        return Translator(language, gettext.NullTranslations())
    return Translator(language, gettext.GNUTranslations(compiled(catalog_path(language))))


def translator(language: str | None) -> Translator:
    """Give the messages of a language (`ja`, `ja_JP.UTF-8`, as in `LANG`); of English for one that we do not speak."""
    code = re.split(r"[_.@-]", language or "", maxsplit=1)[0].lower()
    return _load(code if code in LANGUAGES else "en")


def language_of(environment: Mapping[str, str] = os.environ) -> str:
    """Give the language that a person's environment asks for, among those that we speak; English where it asks for none.

    `LANGUAGE` comes first, as in GNU gettext, and may name several; unlike there it holds in the C locale too.
    """
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        for wanted in environment.get(name, "").split(":"):
            code = re.split(r"[_.@-]", wanted, maxsplit=1)[0].lower()
            if code in LANGUAGES:
                return code
            if wanted and name != "LANGUAGE":
                return "en"
    return "en"


def paragraphs(text: str) -> list[str]:
    """Give the paragraphs of a docstring as they stand in the catalog: each one line."""
    return [" ".join(part.split()) for part in re.split(r"\n\s*\n", text.replace("\b", "").strip()) if part.strip()]


def _moment(at_us: int, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(at_us // 1_000_000, UTC).astimezone(zone)


def _short(number: float) -> str:
    """Give a number with at most one decimal and its thousands marked."""
    rounded = round(number, 1)
    return f"{int(rounded):,}" if rounded == int(rounded) else f"{rounded:,}"
