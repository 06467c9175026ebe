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
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

__all__ = [
    "ConfigurationBarredError",
    "ConfigurationError",
    "DeliveryError",
    "MailwardenError",
    "SourceError",
    "StoreBusyError",
    "StoreError",
    "UsageError",
    "Worded",
    "changed",
    "joined",
    "packed",
    "said_of",
    "unpacked",
    "worded",
]

_PLACE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


class Worded(str):
    """A sentence of English that knows its message of the catalog and what it was filled with."""

    msgid: str
    values: dict[str, object]


def worded(msgid: str, **values: object) -> Worded:
    """Fill a message of the catalog; a value may be worded too."""
    text = Worded(_PLACE.sub(lambda found: str(values[found[1]]), msgid))
    text.msgid, text.values = msgid, values
    return text


def joined(parts: Iterable[str], between: str = "\n") -> Worded:
    """Put sentences together that each stay worded: one below the other, or with something else between them."""
    values = {f"part{number}": part for number, part in enumerate(parts)}
    return worded(between.join(f"{{{name}}}" for name in values), **values)


def changed(text: object, change: Callable[[str], str]) -> str:
    """Change text; of what was worded, what fills it, for the sentence itself is ours."""
    if isinstance(text, Worded):
        return worded(text.msgid, **{name: changed(value, change) for name, value in text.values.items()})
    return change(str(text))


def said_of(error: BaseException) -> str:
    """Give what an error says, as it was worded where it was."""
    if isinstance(error, MailwardenError):
        return error.said
    said = error.args[0] if error.args else None
    return said if isinstance(said, Worded) else str(error)


def packed(text: str) -> Any:
    """Give text as what JSON can hold, so that `unpacked` knows how it was worded."""
    if not isinstance(text, Worded):
        return text
    values = {name: packed(value if isinstance(value, str) else str(value)) for name, value in text.values.items()}
    return {"msgid": text.msgid, "values": values}


def unpacked(value: Any) -> str:
    """Give back what `packed` made; what was kept as mere text stays so."""
    if isinstance(value, dict) and isinstance(value.get("msgid"), str) and isinstance(value.get("values"), dict):
        values = {str(name): unpacked(one) for name, one in value["values"].items()}
        return worded(value["msgid"], **values)
    return str(value)


class MailwardenError(Exception):
    """Anything the operator can mend."""

    @property
    def said(self) -> str:
        """What it says, as it was worded."""
        return self.args[0] if self.args else ""


class UsageError(MailwardenError):
    """A command was called in a way that cannot work."""


class ConfigurationError(MailwardenError):
    """The configuration, a rule or a label is wrong; `faults` holds every fault found, in file order."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__(joined(faults))
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

    def __init__(self, said: str, retry_after_s: float | None = None, status: int | None = None) -> None:
        super().__init__(said)
        self.retry_after_s = retry_after_s
        self.status = status
