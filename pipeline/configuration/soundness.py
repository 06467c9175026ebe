"""Keep of settings what is sound, so that all else can be looked at further, and every fault be told at once."""

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from typing import Any

from mailwarden.pipeline.configuration.marked_yaml import Path_

__all__ = ["sound", "sound_items"]

_GONE = object()  # stands in a list for what was taken out: the places of the others stay


def sound(value: Any, broken: Callable[[Any], list[Path_]]) -> Any:
    """Take out what is broken, until nothing is: what lacks a part that it needs goes, too.

    Args:
        value: Groups and lists of settings.
        broken: Gives the places in it that are not as they should be.

    Returns:
        A copy; an empty group where nothing is sound.
    """
    left = deepcopy(value)
    while isinstance(left, dict):
        places = [place for place in broken(left) if _at(left, place) is not _GONE]
        if not places:
            return left
        if () in places:
            break
        for place in places:
            _take_out(left, place)
    return {}


def _at(value: Any, place: Path_) -> Any:
    for part in place:
        if value is _GONE:
            return _GONE
        value = value[part]
    return value


def _take_out(value: Any, place: Path_) -> None:
    around = _at(value, place[:-1])
    if isinstance(around, list):
        around[int(place[-1])] = _GONE
    elif isinstance(around, dict):
        around.pop(place[-1], None)


def sound_items(items: Sequence[Any]) -> Iterator[tuple[int, Any]]:
    """Give what is left of a list, each with its place in it."""
    return ((place, item) for place, item in enumerate(items) if item is not _GONE)
