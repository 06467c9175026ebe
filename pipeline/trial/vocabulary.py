"""Every field that an event can have: what a rule may ask for.

The fixed ones are the event's own. The rare ones that formats set, and the facts of correlation and the ledger, stand as
words in the code that sets them, or in the samples beside it where a format makes their names up from the line. They are
read from there, so that a new one needs no second entry anywhere.
"""

import functools
import re
from importlib.resources import files
from importlib.resources.abc import Traversable

from mailwarden.parsers.event import ATTRIBUTES

__all__ = ["event_fields"]

_WORD = re.compile(r"""["']([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+)["']""")
_KEY = re.compile(r"^\s+(?:- )?([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+): ", re.MULTILINE)
_NO_FIELDS = ("db", "lock", "po", "yaml", "yml")  # names of files look like fields
_OURS = ("mailwarden.", "source.as.", "source.geo.")
_ROOMS = ("parsers", "alerts", "pipeline")


@functools.cache
def event_fields() -> frozenset[str]:
    """Give the dotted names of all fields and facts."""
    found = set(ATTRIBUTES)
    for room in _ROOMS:
        words = _words(files("mailwarden") / room)
        found |= words if room == "parsers" else {word for word in words if word.startswith(_OURS)}
    return frozenset(word for word in found if word.rpartition(".")[2] not in _NO_FIELDS)


def _words(directory: Traversable) -> set[str]:
    """Give the dotted words that stand in quotes in a folder's code, and the dotted keys of what formats are tried on."""
    found: set[str] = set()
    for entry in directory.iterdir():
        if entry.is_dir():
            found |= _words(entry)
        elif entry.name.endswith(".py"):
            found.update(_WORD.findall(entry.read_text("utf-8")))
        elif entry.name.endswith(".yaml") and directory.name == "formats":
            found.update(_KEY.findall(entry.read_text("utf-8")))
    return found
