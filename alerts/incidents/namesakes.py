"""Which live incidents name an account or an address.

Under attack there are a hundred thousand names that one incident alone bears: each takes one entry and no more. A name
that many bear (an account that thousands of networks guess) is kept by sort, so that only what may be one story is
looked at.
"""

from collections.abc import Iterable

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.incidents.story import Sort, sort_of

__all__ = ["Namesakes"]

_Sorts = dict[Sort, dict[str, Incident]]  # by sort and id


class Namesakes:
    """Live incidents by the names they bear."""

    def __init__(self) -> None:
        self._names: dict[str, Incident | _Sorts] = {}

    def add(self, name: str, incident: Incident) -> None:
        """Learn that an incident bears a name."""
        found = self._names.get(name)
        if found is None or found is incident:
            self._names[name] = incident
            return
        if isinstance(found, Incident):
            found = self._names[name] = {sort_of(found): {found.id: found}}
        found.setdefault(sort_of(incident), {})[incident.id] = incident

    def remove(self, name: str, incident: Incident) -> None:
        """Forget that an incident bears a name, if it does."""
        found = self._names.get(name)
        if found is incident:
            del self._names[name]
        elif isinstance(found, dict):
            same = found.get(sort_of(incident), {})
            if same.pop(incident.id, None) is not None and not same:
                del found[sort_of(incident)]
                if not found:
                    del self._names[name]

    def of(self, name: str) -> Iterable[tuple[Sort, Iterable[Incident]]]:
        """Give the incidents that bear a name, by their sort."""
        found = self._names.get(name)
        if found is None:
            return ()
        if isinstance(found, Incident):
            return ((sort_of(found), (found,)),)
        return [(sort, incidents.values()) for sort, incidents in found.items()]
