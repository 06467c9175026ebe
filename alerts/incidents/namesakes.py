"""Which live incidents name an account or an address.

Under attack there are a hundred thousand names that one incident alone bears: each takes one entry and no more. A name
that many bear (an account that thousands of networks guess) is kept by sort, so that only what may be one story is
looked at.
"""

from collections.abc import Iterable

from mailwarden.alerts.incidents.incident import Key
from mailwarden.alerts.incidents.story import Sort

__all__ = ["Namesakes"]

_FEW = 8  # that bear a name: a list of them takes less than half of what dicts by sort do
_Sorts = dict[Sort, dict[Key, None]]


class Namesakes:
    """Live incidents, by their keys, under the names they bear."""

    def __init__(self) -> None:
        self._names: dict[str, Key | list[Key] | _Sorts] = {}

    def __len__(self) -> int:
        return len(self._names)

    def add(self, name: str, key: Key) -> None:
        """Learn that an incident bears a name."""
        found = self._names.get(name)
        if found is None:
            self._names[name] = key
        elif isinstance(found, dict):
            found.setdefault(key[:2], {})[key] = None
        elif isinstance(found, tuple):
            if found != key:
                self._names[name] = [found, key]
        elif key not in found:
            found.append(key)
            if len(found) > _FEW:
                self._names[name] = _sorted_out(found)

    def remove(self, name: str, key: Key) -> None:
        """Forget that an incident bears a name, if it does."""
        found = self._names.get(name)
        if found == key:
            del self._names[name]
        elif isinstance(found, dict):
            same = found.get(key[:2], {})
            same.pop(key, None)
            if not same:
                found.pop(key[:2], None)
        elif isinstance(found, list) and key in found:
            found.remove(key)
        if not found:
            self._names.pop(name, None)

    def of(self, name: str) -> Iterable[tuple[Sort, Iterable[Key]]]:
        """Give the incidents that bear a name, by their sort; a sort may come more than once."""
        found = self._names.get(name)
        if found is None:
            return ()
        if isinstance(found, dict):
            return found.items()
        return [(key[:2], (key,)) for key in (found if isinstance(found, list) else (found,))]


def _sorted_out(keys: Iterable[Key]) -> _Sorts:
    sorts: _Sorts = {}
    for key in keys:
        sorts.setdefault(key[:2], {})[key] = None
    return sorts
