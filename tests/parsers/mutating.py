"""Known lines, changed as a broken disk or an attacker would, and what an event says beside what its client fills."""

from collections.abc import Sequence

from hypothesis import strategies as st

from mailwarden.parsers.event import Event, to_ecs


def mutated(
    text: str, data: st.DataObject, hostile: st.SearchStrategy[str], others: Sequence[str] = (), start: int = 0
) -> str:
    """Cut a text, put something into it, drop a part of it or, where there are others, splice it with one, from `start` on."""
    at = data.draw(st.integers(start, len(text)))
    kind = data.draw(st.sampled_from(["cut", "insert", "drop", *(["splice"] if others else [])]))
    if kind == "cut":
        return text[:at]
    if kind == "insert":
        return text[:at] + data.draw(hostile) + text[at:]
    if kind == "drop":
        return text[:at] + text[at + data.draw(st.integers(1, 12)) :]
    other = data.draw(st.sampled_from(others))
    return text[:at] + other[data.draw(st.integers(0, len(other))) :]


def without(event: Event, *names: str) -> dict[str, object]:
    """Give what an event says but for the fields that the client fills."""
    return {name: value for name, value in to_ecs(event).items() if name not in names}
