"""State by key, behind a bounded write-back cache.

Nothing is loaded at start: a key is read when it is first touched, changed keys are written with the commit of the
batch that changed them, and what was not touched for long leaves memory, not the store. What a shelf gives never
depends on what happens to be in memory, so batches may end anywhere.
"""

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from mailwarden.alerts.blob import decoder, encode

__all__ = ["Backing", "Row", "Shelf"]

T = TypeVar("T")
_FEW_KEYS = 4_096
_BITS = 1 << 23  # one in eight of a million keys is asked for in vain
Row = tuple[str, str, int, int, bytes | None]
"""kind, key, version, expires_us, blob (None: deleted)."""


class Backing(Protocol):
    """Where state is kept."""

    def load_state(self, kind: str, key: str) -> bytes | None:
        """Give what was last committed for a key, or None."""

    def has_state(self, kind: str) -> bool:
        """Say whether anything of a kind was ever committed."""


class _Written:
    """Which keys may be in the store; one that is not is known without asking, for a look-up costs 5 µs.

    Few are kept as they are; of many one bit is, so that whoever can make keys cannot fill memory with them.
    """

    def __init__(self) -> None:
        self._few: set[str] = set()
        self._bits = bytearray()

    def __contains__(self, key: str) -> bool:
        if not self._bits:
            return key in self._few
        place = hash(key) & _BITS - 1
        return bool(self._bits[place >> 3] >> (place & 7) & 1)

    def add(self, keys: set[str]) -> None:
        """Remember keys that are written."""
        if not self._bits:
            self._few |= keys
            if len(self._few) <= _FEW_KEYS:
                return
            keys, self._few, self._bits = self._few, set(), bytearray(_BITS // 8)
        for key in keys:
            place = hash(key) & _BITS - 1
            self._bits[place >> 3] |= 1 << (place & 7)


class Shelf(Generic[T]):
    """The state of one kind.

    Args:
        kind: Names the state in the store.
        version: Of its shape. State of another version is another kind: it is not read, and expires.
        type_: A msgspec struct, or what else msgspec decodes.
        expires: Gives when a value is of no more use, in stream time.
        backing: The store.
        limit: How many keys stay in memory, about; the rest is read again when touched.
    """

    def __init__(
        self,
        kind: str,
        version: int,
        type_: type[T],
        expires: Callable[[T], int],
        backing: Backing,
        limit: int = 20_000,
    ) -> None:
        self.kind = kind if version == 1 else f"{kind}.{version}"
        self.version = version
        self._decode = decoder(type_)
        self._expires = expires
        self._backing = backing
        self._limit = limit
        self._young: dict[str, T] = {}
        self._old: dict[str, T] = {}
        self._dirty: set[str] = set()
        self._dead: set[str] = set()
        self._swept_us = -1
        self._kept = backing.has_state(self.kind)
        self._written = None if self._kept else _Written()  # None: any key may be there

    def get(self, key: str) -> T | None:
        """Give the state of a key, or None where there is none."""
        value = self._young.get(key)
        if value is not None:
            return value
        value = self._old.get(key)
        if value is None:
            if not self._kept or key in self._dead or (self._written is not None and key not in self._written):
                return None
            blob = self._backing.load_state(self.kind, key)
            if blob is None:
                return None
            value = self._decode(blob)
            if self._expires(value) <= self._swept_us:
                return None
        self._young[key] = value
        return value

    def put(self, key: str, value: T) -> None:
        """Keep a new or changed value."""
        self._young[key] = value
        self._dirty.add(key)
        if self._dead:
            self._dead.discard(key)

    def delete(self, key: str) -> None:
        """Forget a key."""
        self._young.pop(key, None)
        self._old.pop(key, None)
        self._dirty.discard(key)
        if self._kept and (self._written is None or key in self._written):
            self._dead.add(key)

    def sweep(self, now_us: int) -> None:
        """Forget what has expired by now. The store deletes the same with the commit that comes next."""
        self._swept_us = now_us
        expires = self._expires
        for key in [key for key, value in (self._old | self._young).items() if expires(value) <= now_us]:
            changed = key in self._dirty
            self.delete(key)
            if not changed:
                self._dead.discard(key)

    def changed(self) -> int:
        """Count the rows to commit."""
        return len(self._dirty) + len(self._dead)

    def drain(self) -> list[Row]:
        """Give the rows to commit, and let go of what was not touched for long."""
        rows: list[Row] = []
        young, old = self._young, self._old
        for key in self._dirty:
            value = young[key] if key in young else old[key]
            rows.append((self.kind, key, self.version, self._expires(value), encode(value)))
        rows.extend((self.kind, key, self.version, 0, None) for key in self._dead)
        self._kept = self._kept or bool(rows)
        if self._written is not None:
            self._written.add(self._dirty)
        self._dirty.clear()
        self._dead.clear()
        if len(young) > self._limit // 2:
            self._old, self._young = young, {}
        return rows
