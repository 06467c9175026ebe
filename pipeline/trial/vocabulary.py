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

__all__ = ["event_fields", "event_words"]

_WORD = re.compile(r"""["']([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+)["']""")
_KEY = re.compile(r"^\s+(?:- )?([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+): ", re.MULTILINE)
_ACTIONS = {
    ".py": re.compile(r"""event[._]action["']?(?:: str)?\s*[:=]{1,2}\s*["']([a-z]+(?:-[a-z]+)*)["']"""),
    ".yaml": re.compile(r"""\bevent\.action: ["']?([a-z]+(?:-[a-z]+)*)"""),
}
_LISTED = re.compile(r"\bactions = frozenset\(\s*\{([^}]{1,2000})\}")  # what a detector wants to see
_QUOTED = re.compile(r'"([a-z]+(?:-[a-z]+)*)"')
_NO_FIELDS = ("db", "lock", "po", "yaml", "yml")  # names of files look like fields
_OURS = ("mailwarden.", "source.as.", "source.geo.")
_WRONG = "errors"  # its examples hold what no event has
_ROOMS = ("parsers", "alerts", "pipeline")


@functools.cache
def event_fields() -> frozenset[str]:
    """Give the dotted names of all fields and facts."""
    found = set(ATTRIBUTES)
    for room in _ROOMS:
        words = _words(files("mailwarden") / room)
        found |= words if room == "parsers" else {word for word in words if word.startswith(_OURS)}
    return frozenset(word for word in found if word.rpartition(".")[2] not in _NO_FIELDS)


@functools.cache
def event_words() -> frozenset[str]:
    """Give the names of all fields and, as `event.action=reject`, every action: a rule that asks for another never fires."""
    return event_fields() | {
        f"event.action={action}" for room in _ROOMS for action in _actions(files("mailwarden") / room)
    }


def _actions(directory: Traversable) -> set[str]:
    """Give the actions that a folder's code sets, its samples show, and its rules ask for."""
    found: set[str] = set()
    for entry in directory.iterdir():
        if entry.is_dir():
            found |= _actions(entry) if entry.name != _WRONG else set()
        elif (pattern := _ACTIONS.get(f".{entry.name.rpartition('.')[2]}")) is not None:
            text = entry.read_text("utf-8")
            found.update(pattern.findall(text))
            for listed in _LISTED.findall(text):
                found.update(_QUOTED.findall(listed))
    return found


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
