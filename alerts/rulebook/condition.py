"""Turn a condition into Python, once, so that a stream of events can be asked it cheaply.

Conditions become expressions over `e` (the event) and `f` (its facts); what they compare with is bound by name, never
written into the source but as `repr` of a number, a bool or a word of our own vocabulary. Equal conditions have equal
source: `alerts/rulebook/selection.py` asks only once what several rules ask.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_network
from socket import AF_INET, AF_INET6, inet_pton
from typing import Any

import re2

from mailwarden.alerts.rulebook.fields import reader
from mailwarden.alerts.rulebook.tree import All, Either, Node, Not, Test
from mailwarden.parsers.errors import WrongValueError, coded
from mailwarden.parsers.event import ATTRIBUTES, Event

__all__ = [
    "Condition",
    "ConditionError",
    "all_of",
    "any_of",
    "compile_condition",
    "excepted_by",
    "excepting",
    "needing",
]

_SINGLE_WORDS = frozenset(
    {
        "event.action", "event.kind", "event.module", "event.outcome", "event.reason", "log.level",
        "mail.bounce.class", "mail.delivery.status", "mail.provider", "network.protocol", "process.name",
    }
)  # fmt: skip
"""Fields that hold one word, written by us in one spelling: compared as they are."""
_OPERATORS = frozenset({"<", "<=", ">", ">="})
_QUIET = re2.Options()
_QUIET.log_errors = False  # what is wrong is told once, by us
_names = (f"k{number}" for number in itertools.count())
_named: dict[Any, str] = {}  # what words and sets of words are bound to
_NO_FACTS: dict[str, Any] = {}


class ConditionError(WrongValueError):
    """What we do not evaluate, and why."""


@dataclass(frozen=True, slots=True)
class Condition:
    """An expression and what its names are bound to. Built here from checked parts only."""

    source: str
    bound: Mapping[str, Any]
    terms: "tuple[Condition, ...]" = ()  # that must all hold, where it is a conjunction
    actions: frozenset[str] | None = None  # one of which it asks for, where it asks for nothing else
    bare: bool | None = None  # whether events without facts pass it; None: that depends

    def function(self) -> Callable[[Event], bool]:
        """Give it as a function of the event."""
        return _evaluate(
            f"lambda e: bool((lambda f: {self.source})(e.facts if e.facts is not None else NONE))", self.bound
        )


def _evaluate(source: str, bound: Mapping[str, Any]) -> Callable[[Any], bool]:
    found: Callable[[Any], bool] = eval(source, {"__builtins__": {"bool": bool}, "NONE": _NO_FACTS, **bound})  # noqa: S307
    return found


# ---------------------------------------------------------------------- building


def all_of(conditions: list[Condition]) -> Condition:
    """Join conditions by "and"."""
    if len(conditions) == 1:
        return conditions[0]
    terms = tuple(term for one in conditions for term in one.terms or (one,))
    bares = {one.bare for one in conditions}
    bare = False if False in bares else None if None in bares else True
    return Condition(*_joined(" and ", conditions), terms=terms, bare=bare)


def any_of(conditions: list[Condition]) -> Condition:
    """Join conditions by "or"."""
    conditions = list({one.source: one for one in conditions}.values())
    if len(conditions) == 1:
        return conditions[0]
    bares = {one.bare for one in conditions}
    return Condition(*_joined(" or ", conditions), bare=True if True in bares else None if None in bares else False)


def excepting(condition: Condition, exceptions: tuple[Mapping[str, Any], ...]) -> Condition:
    """Leave out what the configuration excepts."""
    name = next(_names)
    return all_of([condition, Condition(f"(not {name}(e))", {name: excepted_by(exceptions)})])


def excepted_by(exceptions: tuple[Mapping[str, Any], ...]) -> Callable[[Event], bool]:
    """Give a function that knows the events of which one exception holds: all its fields have one of the values given."""
    tests = [
        [
            (reader(name), frozenset(str(v).lower() for v in (values if isinstance(values, list) else [values])))
            for name, values in exception.items()
        ]
        for exception in exceptions
    ]

    def excepted(event: Event) -> bool:
        return any(all(_any(read(event), wanted.__contains__) for read, wanted in fields) for fields in tests)

    return excepted


def compile_condition(node: Node) -> Condition:
    """Compile what a rule asks.

    Raises:
        ConditionError: It holds a pattern that cannot be matched.
    """
    match node:
        case All():
            return all_of([compile_condition(child) for child in node.of])
        case Either():
            return _one_word_of(node.of) or any_of([compile_condition(child) for child in node.of])
        case Not():
            inner = compile_condition(node.of)
            return Condition(f"(not {inner.source})", inner.bound, bare=None if inner.bare is None else not inner.bare)
        case Test():
            return _field(node)


def needing(names: Sequence[str]) -> Condition:
    """Ask that fields are set, and not False."""
    terms = [_is_set(name) for name in names]
    return all_of(terms) if terms else Condition("True", {}, bare=True)


def _is_set(name: str) -> Condition:
    access, bound = _access(name)
    if not access.startswith("f.get("):
        return Condition(f"({access} is not None)", bound)
    return Condition(f"((v := {access}) is not None and v is not False)", bound, bare=False)


def _joined(word: str, parts: list[Condition]) -> tuple[str, dict[str, Any]]:
    bound: dict[str, Any] = {}
    for part in parts:
        bound.update(part.bound)
    return "(" + word.join(part.source for part in parts) + ")", bound


def _name_of(value: str | frozenset[str] | tuple[str, str]) -> str:
    """Give the name that a word, a set of words or the test for a word is bound to, the same for equal ones."""
    name = _named.get(value)
    if name is None:
        name = _named[value] = next(_names)
    return name


def _one_word_of(nodes: Sequence[Node]) -> Condition | None:
    """Compile "one field is one of these words" as one look into a set; None where the alternatives are of another kind."""
    tests = [node for node in nodes if isinstance(node, Test) and node.kind == "text" and node.field in _SINGLE_WORDS]
    if len(tests) < len(nodes) or len({test.field for test in tests}) != 1:
        return None
    field, words = tests[0].field, frozenset(str(test.value).lower() for test in tests)
    name = _name_of(words)
    return Condition(
        f"({_access(field)[0]} in {name})", {name: words}, actions=words if field == "event.action" else None
    )


def _access(field: str) -> tuple[str, dict[str, Any]]:
    """Give the source that reads a field, and what it is bound to."""
    attribute = ATTRIBUTES.get(field)
    if attribute is not None:
        return f"e.{attribute}", {}
    if field.startswith("mailwarden."):
        name = _name_of(field)
        return f"f.get({name})", {name: field}
    name = next(_names)
    return f"{name}(e)", {name: reader(field)}


def _field(test: Test) -> Condition:
    access, bound = _access(test.field)
    source, more, actions = _test(test, access)
    bound = {**bound, **more}
    bare = _evaluate(f"lambda f: bool({source})", bound)(_NO_FACTS) if access.startswith("f.get(") else None
    return Condition(source, bound, actions=actions, bare=bare)


def _test(test: Test, access: str) -> tuple[str, dict[str, Any], frozenset[str] | None]:
    """Give the source that tests a field, what it is bound to, and the action that it asks for."""
    kind, value = test.kind, test.value
    if kind == "null":
        return f"({access} is None)", {}, None
    if kind == "exists":
        return f"({access} is {'not ' if value else ''}None)", {}, None
    if kind == "bool":
        return f"({access} is {value!r})", {}, None
    if kind == "number":
        return f"({access} == {value!r})", {}, None
    if kind in _OPERATORS:
        return f"(({access} or 0) {kind} {value!r})", {}, None
    if kind == "text" and test.field in _SINGLE_WORDS:
        word = str(value).lower()
        name = _name_of(word)
        return f"({access} == {name})", {name: word}, frozenset({word}) if test.field == "event.action" else None
    name = _name_of(("text", str(value).lower())) if kind == "text" else next(_names)
    return f"{name}({access})", {name: _text_test(test)}, None


def _text_test(test: Test) -> Callable[[Any], bool]:
    """Give a function that compares text without regard to case, as Sigma does; of a list, one item suffices."""
    if test.kind == "re":
        return _pattern_test(test.field, str(test.value))
    if test.kind == "network":
        return _network_test(ip_network(str(test.value)))
    if test.kind == "text":
        equals = str(test.value).lower().__eq__
        return lambda found: _any(found, equals)
    pieces = test.value if isinstance(test.value, list) else []
    pattern = "".join(re2.escape(one) if isinstance(one, str) else "." if one else ".*" for one in pieces)
    compiled = re2.compile("(?is)" + pattern, _QUIET)
    return lambda found: _any(found, lambda text: compiled.fullmatch(text) is not None)


def _pattern_test(field: str, pattern: str) -> Callable[[Any], bool]:
    try:
        compiled = re2.compile("(?i)" + pattern, _QUIET)
    except re2.error as error:
        raise ConditionError(
            coded(
                "MW3208",
                '{field}|re: "{pattern}" is wrong or cannot be matched in linear time ({error})',
                field=field,
                pattern=pattern,
                error=error,
            )
        ) from None
    return lambda found: _any(found, lambda text: compiled.search(text) is not None)


def _network_test(network: Any) -> Callable[[Any], bool]:
    """Give a function that says whether an address, or one of several, is within a network."""

    family = AF_INET if network.version == 4 else AF_INET6
    unasked: int = network.max_prefixlen - network.prefixlen
    wanted: int = int(network.network_address) >> unasked

    @lru_cache(maxsize=4096)
    def within(text: str) -> bool:
        try:
            return int.from_bytes(inet_pton(family, text)) >> unasked == wanted
        except (OSError, ValueError):  # of the other family, or no address
            return False

    return lambda found: within(found) if isinstance(found, str) else _any(found, within)


def _any(found: Any, test: Callable[[str], bool]) -> bool:
    if found is None:
        return False
    if isinstance(found, list):
        return any(test(str(one).lower()) for one in found)
    return test(str(found).lower())
