"""What a rule asks of an event, as data: tests of fields, joined by "and", "or" and "not"."""

from collections.abc import Sequence
from typing import Literal

import msgspec

__all__ = ["All", "Either", "Kind", "Node", "Not", "Test", "actions_of", "either", "fields_of", "words_of"]

Kind = Literal["null", "exists", "bool", "number", "<", "<=", ">", ">=", "text", "like", "re", "network"]


class Test(msgspec.Struct, frozen=True, array_like=True, tag="test"):
    """A field and what it is compared with; `like`: pieces of text, with None for any text and True for one character."""

    field: str
    kind: Kind
    value: str | int | float | bool | list[str | bool | None] | None = None


class Not(msgspec.Struct, frozen=True, array_like=True, tag="not"):
    """What must not hold."""

    of: "Node"


class All(msgspec.Struct, frozen=True, array_like=True, tag="all"):
    """What must all hold."""

    of: "tuple[Node, ...]"


class Either(msgspec.Struct, frozen=True, array_like=True, tag="either"):
    """Of what one must hold."""

    of: "tuple[Node, ...]"


Node = Test | Not | All | Either


def either(nodes: Sequence[Node]) -> Node:
    """Join conditions by "or"."""
    return nodes[0] if len(nodes) == 1 else Either(tuple(nodes))


def actions_of(node: Node) -> set[str]:
    """Give the event actions a condition demands; empty where it does not say."""
    match node:
        case Test():
            return {str(node.value).lower()} if node.field == "event.action" and node.kind == "text" else set()
        case All():
            return next((found for found in map(actions_of, node.of) if found), set())
        case Either():
            each = [actions_of(child) for child in node.of]
            return set().union(*each) if all(each) else set()
        case Not():
            return set()


def fields_of(node: Node) -> list[str]:
    """List the fields that a condition looks at."""
    return [node.field] if isinstance(node, Test) else [name for child in _within(node) for name in fields_of(child)]


def words_of(node: Node, field: str) -> list[str]:
    """List the whole words that a condition wants a field to be."""
    if isinstance(node, Test):
        return [str(node.value).lower()] if node.field == field and node.kind == "text" else []
    return [word for child in _within(node) for word in words_of(child, field)]


def _within(node: Not | All | Either) -> "tuple[Node, ...]":
    return (node.of,) if isinstance(node, Not) else node.of
