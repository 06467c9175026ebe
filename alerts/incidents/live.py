"""The incidents that are not closed, found by what they are about, by id and by the names they bear.

An attack leaves thousands of them, of which few are touched in one batch. Only these are in memory as a whole. Of the
others there are the names, a sixth of what an incident takes; the rest is read again from the store when it is asked for.
"""

from collections.abc import Iterator

from mailwarden.alerts.incidents.incident import Incident, Key, key_of, unpack_incident
from mailwarden.alerts.incidents.namesakes import Namesakes
from mailwarden.alerts.incidents.story import EXPLAINED, may_lead
from mailwarden.alerts.incidents.toll import is_mail
from mailwarden.alerts.state.shelf import Backing, Row, Shelf

__all__ = ["KIND", "Live"]

KIND = "incident"
"""As what a store is asked for an incident, by its id. They have a table of their own."""

_FOUND_BYTES = 700  # of what finds an incident, by measure: its id, its key, when it is due,
_NAME_BYTES = 150  # and of each name
_NEVER_US = 1 << 62
_INDEXED = (
    "mailwarden.account",
    "mailwarden.script",
    "mailwarden.return_path",
    "mailwarden.receiver",
    "mailwarden.own_address",
    "mailwarden.site",
    "mail.provider",
    "source.ip",
)
"""The names by which incidents of one story are found."""


class _Whole(Shelf[Incident]):
    """Incidents as a whole, by id, as they are in memory or in the store."""

    def __init__(self, backing: Backing) -> None:
        super().__init__(KIND, 1, Incident, lambda _: _NEVER_US, backing)
        self._decode = unpack_incident

    def changed(self) -> list[Incident]:
        """Give those that changed since the last time, by id: they are committed with their table, not with state."""
        found = [self._young[id_] for id_ in sorted(self._dirty)]
        self._dirty.clear()
        for incident in found:
            self._weigh(incident)
        return found

    def drain(self) -> list[Row]:
        """Give nothing: `changed` does."""
        return []

    def turn(self) -> None:
        """Let go of what was not touched since the last turn, but of nothing that `changed` has yet to give."""
        if not self._dirty:
            super().turn()

    def peek(self, id_: str) -> Incident | None:
        """Give an incident that is looked at and not changed, without keeping it in memory."""
        return self._young.get(id_) or self._old.get(id_) or self._load(id_)


class Live:
    """The incidents of one site that are not closed.

    Args:
        site: The site's name.
        backing: Where they are kept as a whole.
    """

    def __init__(self, site: str, backing: Backing) -> None:
        self._site = site
        self._whole = _Whole(backing)
        self.shelf: Shelf[Incident] = self._whole
        self._ids: dict[Key, str] = {}
        self._keys: dict[str, Key] = {}
        self._named = Namesakes()
        self._parts: dict[str, set[str]] = {}  # parent -> its live parts
        self._mail: dict[str, list[str]] = {}  # ids of those about somebody's mail, by account or script

    def __len__(self) -> int:
        return len(self._ids)

    def held_bytes(self) -> int:
        """Give about how much memory it takes to find them, beside what the shelf holds."""
        return len(self._ids) * _FOUND_BYTES + len(self._named) * _NAME_BYTES

    # ------------------------------------------------------------------ one of them

    def at(self, key: Key) -> Incident | None:
        """Give the incident of a cause and an entity."""
        id_ = self._ids.get(key)
        return self._whole.get(id_) if id_ is not None else None

    def get(self, id_: str | None) -> Incident | None:
        """Give the incident of an id, where it is live."""
        return self._whole.get(id_) if id_ is not None and id_ in self._keys else None

    def each(self) -> Iterator[Incident]:
        """Give all by their ids, to be looked at and not changed; they are in memory one by one."""
        for id_ in sorted(self._keys):
            incident = self._whole.peek(id_)
            if incident is not None:
                yield incident

    def change(self, incident: Incident) -> None:
        """Remember that an incident is to be committed."""
        self._whole.put(incident.id, incident)

    def changed(self) -> list[Incident]:
        """Give those to be committed, by id; the closed are among them."""
        return self._whole.changed()

    # ------------------------------------------------------------------ what they are found by

    def learn(self, incident: Incident) -> None:
        """Let an incident be found from now on."""
        key = key_of(incident)
        self._ids[key], self._keys[incident.id] = incident.id, key
        if is_mail(incident.cause, incident.primary[0]):
            self._mail.setdefault(incident.primary[1], []).append(incident.id)
        if incident.parent is not None:
            self.set_parent(incident, incident.parent)
        for name, values in incident.entities.items():
            for value in values:
                self.name(incident, name, value)
        self.name(incident, *incident.primary)
        self.name_site(incident)

    def forget(self, incident: Incident) -> None:
        """Let an incident that was closed be found no more."""
        key = self._keys.pop(incident.id)
        del self._ids[key]
        self._parts.pop(incident.id, None)
        self.leave(incident)
        if is_mail(incident.cause, incident.primary[0]):
            self._mail[incident.primary[1]].remove(incident.id)
            if not self._mail[incident.primary[1]]:
                del self._mail[incident.primary[1]]
        for name in _INDEXED:
            for value in [*incident.entities.get(name, ()), incident.primary[1], self._site]:
                self._named.remove(value, key)

    def name(self, incident: Incident, name: str, value: str) -> None:
        """Learn that an incident bears a name."""
        if name in _INDEXED:
            self._named.add(value, self._keys[incident.id])

    def unname(self, incident: Incident, name: str, value: str) -> None:
        """Forget that an incident bears a name: another has taken its place."""
        if name in _INDEXED:
            self._named.remove(value, self._keys[incident.id])

    def name_site(self, incident: Incident) -> None:
        """Let troubles of services be found by those that explain them, whatever service they are of."""
        if not EXPLAINED.isdisjoint(incident.rules):
            self.name(incident, "mailwarden.site", self._site)

    def namesakes(self, incident: Incident) -> Iterator[Incident]:
        """Give the incidents of sorts that share a story with an incident, and that name an account, address or provider of
        its, or the site."""
        own = key_of(incident)
        sort = own[:2]
        names = [value for name in _INDEXED for value in incident.entities.get(name, ())]
        found = {
            key: None
            for name in (incident.primary[1], *names, self._site)
            for its, named in self._named.of(name)
            if may_lead(its, sort) or may_lead(sort, its)
            for key in named
            if key != own
        }
        return filter(None, map(self.at, found))

    def of_sender(self, name: str | None) -> list[str]:
        """Give the ids of those that are about the mail of an account or script."""
        return self._mail.get(name, []) if name is not None else []

    # ------------------------------------------------------------------ parts of a story

    def set_parent(self, part: Incident, parent: str) -> None:
        """Make an incident part of another one's story."""
        part.parent = parent
        self._parts.setdefault(parent, set()).add(part.id)

    def has_parts(self, incident: Incident) -> bool:
        """Say whether others are part of its story."""
        return bool(self._parts.get(incident.id))

    def leave(self, part: Incident) -> None:
        """Take an incident out of the parts of its parent."""
        if part.parent in self._parts:
            self._parts[part.parent].discard(part.id)

    def take_parts(self, parent: Incident) -> list[Incident]:
        """Give the live parts of an incident, by id; it has none any more. Some are over by now."""
        parts = map(self.get, sorted(self._parts.pop(parent.id, ())))
        return [part for part in parts if part is not None]
