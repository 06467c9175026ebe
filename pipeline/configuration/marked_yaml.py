"""Read YAML together with the line of everything in it, so that a fault can be told by its line.

Only what the core schema of YAML 1.2 means is read: `no`, `on` and `12:30` are text, as whoever writes them expects.
"""

import re
from typing import Any, NamedTuple

import yaml

from mailwarden.alerts.words.library_words import heard
from mailwarden.parsers.errors import Coded, coded

__all__ = ["Marked", "Path_", "YamlFault", "read_yaml"]

Path_ = tuple[str | int, ...]
"""Where a value stands: keys and places from the root."""

_MAX_VALUES = 100_000  # aliases of aliases grow without bound
_MAX_DEPTH = 50


class YamlFault(Exception):
    """The text is no YAML, or none that we read; `line` counts from 1."""

    def __init__(self, line: int, said: Coded) -> None:
        super().__init__(said)
        self.said = said
        self.line = line


class Marked(NamedTuple):
    """Plain values, the line of each by its place, and the places that are given twice."""

    value: Any
    lines: dict[Path_, int]
    twice: tuple[Path_, ...] = ()

    def line(self, place: Path_) -> int:
        """Give the line of a place, or of the nearest one around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)


class _Loader(yaml.SafeLoader):
    """Takes scalars as YAML 1.2 does. Source: YAML 1.2.2, section 10.3.2."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 (the base class copies it when the first is added)


for tag, pattern, first in (
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^[-+]?[0-9]+$", list("-+0123456789")),
    ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?$", list("-+.0123456789")),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), first)


def read_yaml(text: str) -> Marked:
    """Read one YAML document.

    Raises:
        YamlFault: It cannot be read.
    """
    loader = None
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = coded(
            "MW2101",
            "not YAML: {said}. Check the indentation and the quotes of this line and the one before.",
            said=heard(error.problem or error.context),
        )
        raise YamlFault(mark.line + 1 if mark else 1, said) from None
    except yaml.YAMLError as error:
        line = text.count("\n", 0, getattr(error, "position", 0)) + 1
        raise YamlFault(line, coded("MW2101", "holds a character that YAML does not allow. Remove it.")) from None
    except RecursionError:
        raise YamlFault(1, coded("MW2101", "is nested too deeply to be read. Mend this file.")) from None
    finally:
        if loader is not None:
            loader.dispose()
    if node is None:
        return Marked(None, {})
    reading = _Reading()
    return Marked(reading.value(node, ()), reading.lines, tuple(reading.twice))


class _Reading:
    def __init__(self) -> None:
        self.lines: dict[Path_, int] = {}
        self.twice: list[Path_] = []
        self._values = 0

    def value(self, node: Any, place: Path_) -> Any:
        line = node.start_mark.line + 1
        self.lines.setdefault(place, line)
        self._values += 1
        if self._values > _MAX_VALUES or len(place) > _MAX_DEPTH:
            said = coded("MW2101", "goes on without end: an alias (*name) holds itself. Write the value out.")
            raise YamlFault(line, said)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*place, number)) for number, item in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place)
        return self._scalar(node, line)

    def _mapping(self, node: Any, place: Path_) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, item in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise YamlFault(key.start_mark.line + 1, coded("MW2101", "a key must be a word."))
            name = key.value
            inner = (*place, name)
            if name in values:
                self.twice.append(inner)
            self.lines[inner] = key.start_mark.line + 1
            value = self.value(item, inner)
            if value is not None or len(place) > 1:  # all of a group commented out: the group is left out
                values[name] = value
        return values

    def _scalar(self, node: Any, line: int) -> Any:
        kind = node.tag.rpartition(":")[2]
        text = node.value
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() == "true"
        if kind in ("int", "float"):
            return int(text) if kind == "int" and len(text) < 20 else float(text)
        if kind == "str":
            return text
        said = coded("MW2101", 'the tag "{tag}" is not supported. Remove it.', tag=printable_tag(node.tag))
        raise YamlFault(line, said)


def printable_tag(tag: str) -> str:
    """Shorten a tag as it was written."""
    return tag.replace("tag:yaml.org,2002:", "!!")[:40]
