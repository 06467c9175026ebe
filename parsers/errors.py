"""What an operator can mend, as exceptions.

MailwardenError
├── UsageError          a command was called in a way that cannot work      (exit 2)
├── ConfigurationError  a setting, rule or label is wrong; holds all faults  (exit 2)
├── SourceError         a log cannot be read                                 (exit 2 or 3)
├── StoreError          the database or the archive cannot be used           (exit 3)
│   └── StoreBusyError  it cannot be written at the moment; later it may work    (exit 3)
└── DeliveryError       a channel refused or could not be reached            (never ends a run)

Every message has the form: where, what is wrong with the value in quotes, what it means, how to mend it. It is English, and
knows how it was made (`worded`), so that whoever shows it can say it in the reader's language.

What is wrong is `coded`: it has the id of its kind of error (`MW1101`), under which `alerts/errors/` says more. An id names a
kind, not a sentence: what calls for another look and another mend. It is never used for anything else, nor given again once
its kind is gone, for people keep it in tickets and search for it.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar, overload

__all__ = [
    "Coded",
    "ConfigurationBarredError",
    "ConfigurationError",
    "DeliveryError",
    "MailwardenError",
    "SourceError",
    "StoreBusyError",
    "StoreError",
    "UsageError",
    "Worded",
    "WrongValueError",
    "below",
    "changed",
    "code_of",
    "coded",
    "joined",
    "packed",
    "placed",
    "said_of",
    "unpacked",
    "worded",
]

_PLACE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


class Worded(str):
    """A sentence of English that knows its message of the catalog and what it was filled with."""

    msgid: str
    values: dict[str, object]


class Coded(Worded):
    """A sentence about something wrong, with the id of its kind of error."""

    code: str


_Text = TypeVar("_Text", bound=Worded)


def worded(msgid: str, /, **values: object) -> Worded:
    """Fill a message of the catalog; a value may be worded too."""
    return _filled(Worded, msgid, values)


def coded(code: str, msgid: str, /, **values: object) -> Coded:
    """Fill a message of the catalog about something wrong.

    Args:
        code: The id of its kind of error; that of a sentence in it, where it adds no more than a place.
        msgid: The message.
        values: What fills it.
    """
    text = _filled(Coded, msgid, values)
    text.code = code
    return text


def placed(place: object, said: Coded) -> Coded:
    """Say where it is so."""
    return coded(said.code, "{place}: {message}", place=place, message=said)


def _filled(kind: type[_Text], msgid: str, values: dict[str, object]) -> _Text:
    text = kind(_PLACE.sub(lambda found: str(values[found[1]]), msgid))
    text.msgid, text.values = msgid, values
    return text


def code_of(text: object) -> str:
    """Give the id of the kind of error that a text tells of; empty where it tells of none."""
    return text.code if isinstance(text, Coded) else ""


def joined(parts: Iterable[str], between: str) -> Worded:
    """Put sentences together that each stay worded, with something between them."""
    values = {f"part{number}": part for number, part in enumerate(parts)}
    return worded(between.join(f"{{{name}}}" for name in values), **values)


def below(parts: Sequence[Coded], *more: Worded) -> Coded:
    """Put one sentence below the other; the whole has the id of the first."""
    values: dict[str, object] = {f"part{number}": part for number, part in enumerate((*parts, *more))}
    return coded(parts[0].code, "\n".join(f"{{{name}}}" for name in values), **values)


@overload
def changed(text: Coded, change: Callable[[str], str]) -> Coded: ...
@overload
def changed(text: object, change: Callable[[str], str]) -> str: ...
def changed(text: object, change: Callable[[str], str]) -> str:
    """Change text; of what was worded, what fills it, for the sentence itself is ours."""
    if isinstance(text, Worded):
        return _like(text, text.msgid, {name: changed(value, change) for name, value in text.values.items()})
    return change(str(text))


def _like(text: object, msgid: str, values: dict[str, object]) -> Worded:
    """Fill a message of the same kind of error as a text, or of none like it."""
    return coded(code_of(text), msgid, **values) if code_of(text) else worded(msgid, **values)


def said_of(error: BaseException) -> str:
    """Give what an error says, as it was worded where it was."""
    said = error.args[0] if error.args else None
    return said if isinstance(said, Worded) else str(error)


def packed(text: str) -> Any:
    """Give text as what JSON can hold, so that `unpacked` knows how it was worded."""
    if not isinstance(text, Worded):
        return text
    values = {name: packed(value if isinstance(value, str) else str(value)) for name, value in text.values.items()}
    return {"msgid": text.msgid, "values": values} | ({"code": code_of(text)} if code_of(text) else {})


def unpacked(value: Any) -> str:
    """Give back what `packed` made; what was kept as mere text stays so."""
    if isinstance(value, dict) and isinstance(value.get("msgid"), str) and isinstance(value.get("values"), dict):
        values = {str(name): unpacked(one) for name, one in value["values"].items()}
        code = value.get("code")
        return coded(code, value["msgid"], **values) if isinstance(code, str) else worded(value["msgid"], **values)
    return str(value)


class WrongValueError(ValueError):
    """Text is no such value as is asked for; whoever asked for it adds the place."""

    def __init__(self, said: Coded) -> None:
        super().__init__(said)
        self.said = said


class MailwardenError(Exception):
    """Anything the operator can mend."""

    def __init__(self, said: Coded) -> None:
        super().__init__(said)
        self.said = said


class UsageError(MailwardenError):
    """A command was called in a way that cannot work."""


class ConfigurationError(MailwardenError):
    """The configuration, a rule or a label is wrong; `faults` holds every fault found, in file order."""

    def __init__(self, faults: Sequence[Coded]) -> None:
        super().__init__(below(faults))
        self.faults = list(faults)


class ConfigurationBarredError(ConfigurationError):
    """The configuration is there, but whoever asks may not read it."""


class SourceError(MailwardenError):
    """A log cannot be read."""


class StoreError(MailwardenError):
    """The database or the archive cannot be used."""


class StoreBusyError(StoreError):
    """The database or the archive cannot be written at the moment: locked, no space left, a disk that hangs."""


class DeliveryError(MailwardenError):
    """A channel refused a message or could not be reached.

    `retry_after_s` is how long it wants to be left alone, `status` what it answered, where it speaks HTTP.
    """

    def __init__(self, said: Coded, retry_after_s: float | None = None, status: int | None = None) -> None:
        super().__init__(said)
        self.retry_after_s = retry_after_s
        self.status = status
