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

__all__ = [
    "ConfigurationError",
    "DeliveryError",
    "MailwardenError",
    "SourceError",
    "StoreBusyError",
    "StoreError",
    "UsageError",
    "Worded",
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

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class SourceError(MailwardenError):
    """A log cannot be read."""


class StoreError(MailwardenError):
    """The database or the archive cannot be used."""


class StoreBusyError(StoreError):
    """The database or the archive cannot be written at the moment: locked, no space left, a disk that hangs."""


class DeliveryError(MailwardenError):
    """A channel refused a message or could not be reached; `retry_after_s` is how long it wants to be left alone."""

    def __init__(self, said: str, retry_after_s: float | None = None) -> None:
        super().__init__(said)
        self.retry_after_s = retry_after_s
