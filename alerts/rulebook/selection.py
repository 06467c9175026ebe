"""Ask many conditions of one event at the price of a few.

The rules that look at one action share most of what they ask: whether the account knows the network, whether a delivery
bounced. Their conditions become one function that asks what most of them have in common first, so that an event which no
rule is interested in costs some comparisons, however many rules there are. What the action itself decides, and what no
event without facts can pass, is decided when the function is made.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from mailwarden.alerts.rulebook.condition import Condition
from mailwarden.parsers.event import Event

__all__ = ["selector"]

_Asked = tuple[int, list[str]]  # the place of a condition, and what is still to be asked of it


def selector(conditions: list[Condition], action: str | None = None) -> Callable[[Event], Sequence[int]]:
    """Give a function that tells which of the conditions an event passes, by their places in order.

    Args:
        conditions: What is asked.
        action: That of all events it will be called with; None: any.
    """
    bound: dict[str, Any] = {}
    for condition in conditions:
        bound.update(condition.bound)
    asked = [(place, _terms(condition, action)) for place, condition in enumerate(conditions)]
    passable = [(place, terms) for place, terms in asked if terms is not None]
    bare = [
        (place, [one.source for one in terms if one.bare is None])
        for place, terms in passable
        if not any(one.bare is False for one in terms)
    ]
    full = [(place, [one.source for one in terms]) for place, terms in passable]
    lines = [
        "def select(e):", "    f = e.facts", "    hits = ()",
        "    if f is None:", "        f = NONE", *_ask(bare, 2), "    else:", "        pass", *_ask(full, 2),
        "    return hits if len(hits) < 2 else sorted(hits)",
    ]  # fmt: skip
    namespace: dict[str, Any] = {"__builtins__": {"len": len, "sorted": sorted}, "NONE": {}, **bound}
    exec("\n".join(lines), namespace)  # noqa: S102 - conditions are built of checked parts only
    chosen: Callable[[Event], Sequence[int]] = namespace["select"]
    return chosen


def _terms(condition: Condition, action: str | None) -> list[Condition] | None:
    """Give what must all hold, without what the action decides; None where it cannot hold."""
    terms = list(condition.terms or (condition,))
    if action is None:
        return terms
    if any(one.actions is not None and action not in one.actions for one in terms):
        return None
    return [one for one in terms if one.actions is None]


def _ask(asked: list[_Asked], depth: int) -> list[str]:
    """Write the questions: first what most conditions ask, and below it the rest of those."""
    indent = "    " * depth
    lines: list[str] = []
    while asked:
        counts = Counter(term for _, terms in asked for term in dict.fromkeys(terms))
        if not counts:
            return [*lines, *(f"{indent}hits = (*hits, {place})" for place, _ in asked)]
        term = counts.most_common(1)[0][0]
        lines.append(f"{indent}if {term}:")
        within = [(place, [one for one in terms if one != term]) for place, terms in asked if term in terms]
        lines += _ask(within, depth + 1)
        asked = [(place, terms) for place, terms in asked if term not in terms]
    return lines
