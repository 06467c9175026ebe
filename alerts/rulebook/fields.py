"""Read a field of an event by its dotted name."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from mailwarden.parsers.event import ATTRIBUTES, Event

__all__ = ["reader"]

Reader = Callable[[Event], Any]


def reader(name: str) -> Reader:
    """Give a function that reads the field `name` of an event; None where it is unset."""
    attribute = ATTRIBUTES.get(name)
    if attribute is not None:
        return attrgetter(attribute)

    def read(event: Event) -> Any:
        if event.facts is not None:
            value = event.facts.get(name)
            if value is not None:
                return value
        return None if event.extra is None else event.extra.get(name)

    return read
