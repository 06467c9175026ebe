"""A store in memory, for tests of what keeps state."""

from collections.abc import Iterable

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.state.blob import encode
from mailwarden.alerts.state.shelf import Row

__all__ = ["Memory"]


class Memory:
    """A store in memory, with incidents that were committed."""

    def __init__(self, incidents: Iterable[Incident] = ()) -> None:
        self.blobs: dict[tuple[str, str], tuple[int, bytes]] = {}
        self.keep(incidents)
        self.loads = 0

    def load_state(self, kind: str, key: str) -> bytes | None:
        """Give what was committed for a key."""
        self.loads += 1
        found = self.blobs.get((kind, key))
        return found[1] if found else None

    def may_have(self, kind: str, key: str) -> bool:
        """Say whether a key was committed."""
        return (kind, key) in self.blobs

    def keep(self, incidents: Iterable[Incident]) -> None:
        """Keep incidents as the store does."""
        self.blobs |= {("incident", one.id): (1 << 62, encode(one)) for one in incidents}

    def commit(self, rows: Iterable[Row], expired_us: int = 0) -> None:
        """Keep rows as the store does; forget what has expired."""
        for kind, key, _, expires_us, blob in rows:
            if blob is None:
                self.blobs.pop((kind, key), None)
            else:
                self.blobs[kind, key] = (expires_us, blob)
        self.blobs = {place: kept for place, kept in self.blobs.items() if kept[0] > expired_us}
