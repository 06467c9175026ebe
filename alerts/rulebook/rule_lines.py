"""Where things stand in a rule file: the line of each key of each YAML document, so that a fault names its line."""

from collections.abc import Iterator
from typing import Any

import yaml

__all__ = ["MOST_VALUES", "RuleLines"]

MOST_VALUES = 20_000  # a list of names may be long; aliases of aliases grow without bound

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same, written in C
Place = tuple[str | int, ...]
"""The number of the document, then keys and places in lists."""


class RuleLines:
    """The lines of one file; they count from 1.

    Raises:
        yaml.YAMLError: The text is no YAML.
    """

    def __init__(self, text: str) -> None:
        self._lines: dict[Place, int] = {}
        self._walked = 0
        self.too_many: Place | None = None  # where it holds more than MOST_VALUES; nothing is built from there on
        self._texts: dict[Place, str] = {}
        self.twice: list[Place] = []  # keys that are given twice
        self.values: list[Any] = []  # what the documents hold
        try:
            self._read(_LOADER(text))
        except yaml.YAMLError:
            self._read(yaml.SafeLoader(text))  # tells more of what is wrong

    def _read(self, loader: Any) -> None:
        while loader.check_node():
            node = loader.get_node()
            self._walk(node, (len(self.values),), set())
            if self.too_many is not None:
                return
            self.values.append(loader.construct_document(node))

    def _walk(self, node: Any, place: Place, above: set[int]) -> None:
        self._walked += 1
        if self._walked > MOST_VALUES:
            self.too_many = self.too_many or place
            return
        self._lines.setdefault(place, node.start_mark.line + 1)
        if id(node) in above:  # an alias that holds itself
            return
        above = above | {id(node)}
        if isinstance(node, yaml.ScalarNode):
            self._texts[place] = node.value
        elif isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                inner = (*place, str(getattr(key, "value", "")))
                if inner in self._lines:
                    self.twice.append(inner)
                self._lines[inner] = key.start_mark.line + 1
                self._walk(value, inner, above)
        elif isinstance(node, yaml.SequenceNode):
            for number, value in enumerate(node.value):
                self._walk(value, (*place, number), above)

    def text(self, place: Place) -> str | None:
        """Give a value as it is written; None where there is none, or a group."""
        return self._texts.get(place)

    def holding(self, text: str) -> int:
        """Give the line of a value."""
        return next((self.line(place) for place, written in self._texts.items() if written == text), 1)

    def line(self, place: Place) -> int:
        """Give the line of a place, or of the nearest one around it."""
        while place and place not in self._lines:
            place = place[:-1]
        return self._lines.get(place, 1)

    def field(self, document: int, name: str) -> Place:
        """Find where a detection asks for a field, with or without modifiers; else where the document begins."""
        return next(self._fields(document, name), (document,))

    def _fields(self, document: int, name: str) -> Iterator[Place]:
        for place in self._lines:
            if place[0] == document and isinstance(place[-1], str) and place[-1].partition("|")[0] == name:
                yield place
