"""State by key, behind a bounded write-back cache.

Nothing is loaded at start: a key is read when it is first touched, changed keys are written with the commit of the
batch that changed them, and what was not touched for long leaves memory, not the store. Where memory is short between two
commits, it is packed as the store would have it, in a tenth of the room. What a shelf gives never depends on what happens
to be in memory, so batches may end anywhere.
"""

from collections.abc import Callable, Iterable
from itertools import islice
from math import ceil
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from mailwarden.alerts.state.blob import decoder, encode
from mailwarden.alerts.state.weight import weigh

__all__ = ["BUDGET_BYTES", "Backing", "Nowhere", "Row", "Shelf", "Shelves"]

T = TypeVar("T")
BUDGET_BYTES = 44 << 20
"""What the state of a site may take in memory, all kinds of it and the names of its open incidents, whatever comes."""

_EACH_BYTES = 1_300  # of a key with its value, until there are some:
_KEY_BYTES = 200  # its place in two dicts and its name, by measure; the value is weighed,
_WEIGHED = 64  # one of so many that are written, for it grows as it learns,
_REMEMBERED = 32  # and the mean is of about so many of late
_ROW_BYTES = 350  # of a packed key beside its blob: its row, its place in a dict and its name, by measure
_MOST_ABSENT = 1_000  # keys that are known to be nowhere: some are asked for at every event
Row = tuple[str, str, int, int, bytes | None]
"""kind, key, version, expires_us, blob (None: deleted)."""


class Backing(Protocol):
    """Where state is kept."""

    def load_state(self, kind: str, key: str) -> bytes | None:
        """Give what was last committed for a key, or None."""

    def may_have(self, kind: str, key: str) -> bool:
        """Say whether anything may have been committed for a key; False is sure."""


class Nowhere:
    """A store that holds nothing: all that is known is in memory."""

    def load_state(self, kind: str, key: str) -> bytes | None:  # noqa: ARG002 - what a store is asked
        """Give nothing."""
        return None

    def may_have(self, kind: str, key: str) -> bool:  # noqa: ARG002
        """Say no."""
        return False


class Held(NamedTuple):
    """About how many bytes of memory state takes: touched since the last turn, not touched since, and packed."""

    young: int
    old: int
    packed: int


def _weight(row: Row) -> int:
    return _ROW_BYTES + len(row[4] or b"")


class _Touched(dict[str, Any]):
    """Values by key, which asks for one that is not there; so that a look-up of what is takes no call in Python."""

    def __init__(self, seek: Callable[[str], Any]) -> None:
        self._seek = seek

    def __missing__(self, key: str) -> Any:
        return self._seek(key)


class Shelf(Generic[T]):
    """The state of one kind. `get` gives the state of a key, or None where there is none.

    Args:
        kind: Names the state in the store.
        version: Of its shape. State of another version is another kind: it is not read, and expires.
        type_: A msgspec struct, or what else msgspec decodes.
        expires: Gives when a value is of no more use, in stream time.
        backing: The store.
        fade: Takes out of a value that goes on what is of no more use by then. The store may keep that until the value is next
            written; it is taken out whenever the value is read.
    """

    def __init__(
        self,
        kind: str,
        version: int,
        type_: type[T],
        expires: Callable[[T], int],
        backing: Backing,
        fade: Callable[[T, int], None] | None = None,
    ) -> None:
        self.kind = kind if version == 1 else f"{kind}.{version}"
        self.version = version
        self._decode = decoder(type_)
        self._expires = expires
        self._backing = backing
        self._may_have = backing.may_have
        self._fade = fade
        self._young: dict[str, T]  # touched since the last turn
        self._old: dict[str, T] = {}  # and before it
        self._waiting: dict[str, Row] = {}  # packed, and yet to be committed
        self._packed: dict[str, Row] = {}  # packed, and committed
        self._rows_bytes = 0  # which these two take
        self._absent: set[str] = set()  # some that were looked for in vain
        self.get: Callable[[str], T | None]
        self._begin()
        self._dirty: set[str] = set()
        self._dead: set[str] = set()
        self._swept_us = -1
        self._each_bytes, self._written = float(_EACH_BYTES), 0

    def _begin(self) -> None:
        touched = _Touched(self._seek)
        self._young, self.get = touched, touched.__getitem__

    def _seek(self, key: str) -> T | None:
        """Give the state of a key that was not touched since the last turn."""
        value = self._old.pop(key, None)
        if value is None:
            if key in self._absent:
                return None
            value = self._load(key)
            if value is None:
                return None
        self._young[key] = value
        return value

    def _load(self, key: str) -> T | None:
        """Give the state of a key as it was packed, or as the store has it."""
        waits = key in self._waiting
        blob = self._unpack(key) if waits or key in self._packed else self._stored(key)
        if blob is None:
            return None
        value = self._decode(blob)
        if not waits and self._expires(value) <= self._swept_us:
            return None
        if self._fade is not None:
            self._fade(value, self._swept_us)
        return value

    def _stored(self, key: str) -> bytes | None:
        if key not in self._dead and self._may_have(self.kind, key):
            blob = self._backing.load_state(self.kind, key)
            if blob is not None:
                return blob
        if len(self._absent) == _MOST_ABSENT:
            self._absent.clear()
        self._absent.add(key)
        return None

    def _unpack(self, key: str) -> bytes | None:
        """Give what was packed of a key, if anything, which is packed no more."""
        row = self._waiting.pop(key, None)
        if row is not None:
            self._dirty.add(key)
        else:
            row = self._packed.pop(key, None)
            if row is None:
                return None
        self._rows_bytes -= _weight(row)
        return row[4]

    def put(self, key: str, value: T) -> None:
        """Keep a new or changed value."""
        if self._young.get(key) is not value:  # else it was got and changed, as nearly always
            if key not in self._young:
                self._old.pop(key, None)
                if key in self._waiting or key in self._packed:
                    self._unpack(key)
                self._absent.discard(key)
            self._young[key] = value
        self._dirty.add(key)
        if self._dead:
            self._dead.discard(key)

    def delete(self, key: str) -> None:
        """Forget a key."""
        self._young.pop(key, None)
        self._old.pop(key, None)
        self._unpack(key)
        self._dirty.discard(key)
        if self._backing.may_have(self.kind, key):
            self._dead.add(key)

    def sweep(self, now_us: int) -> None:
        """Forget what has expired by now. The store deletes the same with the commit that comes next."""
        self._swept_us = now_us
        expires = self._expires
        for values in (self._young, self._old):
            for key in [key for key, value in values.items() if expires(value) <= now_us]:
                changed = key in self._dirty
                self.delete(key)
                if not changed:
                    self._dead.discard(key)
            if self._fade is not None:
                for value in values.values():
                    self._fade(value, now_us)
        for key in [key for key, row in self._waiting.items() if row[3] <= now_us]:
            self.delete(key)
        for key in [key for key, row in self._packed.items() if row[3] <= now_us]:
            self._unpack(key)

    def drain(self) -> list[Row]:
        """Give the rows to commit."""
        rows = list(self._waiting.values())
        self._packed.update(self._waiting)
        self._waiting.clear()
        young, old = self._young, self._old
        rows += [self._row(key, young[key] if key in young else old[key]) for key in self._dirty]
        rows += [(self.kind, key, self.version, 0, None) for key in self._dead]
        self._dirty.clear()
        self._dead.clear()
        return rows

    def _row(self, key: str, value: T) -> Row:
        self._weigh(value)
        return self.kind, key, self.version, self._expires(value), encode(value)

    def _weigh(self, value: T) -> None:
        """Notice, now and then, what a value takes."""
        if self._written % _WEIGHED == 0:
            weighed = self._written // _WEIGHED + 1
            self._each_bytes += (_KEY_BYTES + weigh(value) - self._each_bytes) / min(weighed, _REMEMBERED)
        self._written += 1

    def turn(self) -> None:
        """Count all as touched before, of which what was so already is let go of, or packed where it waits to be committed."""
        self.pack(1.0)
        self._old = self._young
        self._begin()

    def pack(self, share: float) -> None:
        """Pack of what was not touched since the last turn a share, of what was touched first before it; the store has what of
        it does not wait to be committed, so that is let go of."""
        old, dirty = self._old, self._dirty
        for key in list(islice(old, ceil(len(old) * share))):
            value = old.pop(key)
            if key in dirty:
                dirty.discard(key)
                row = self._waiting[key] = self._row(key, value)
                self._rows_bytes += _weight(row)

    def shed(self, share: float) -> None:
        """Let go of a share of what was packed and is committed, of what was packed first."""
        for key in list(islice(self._packed, ceil(len(self._packed) * share))):
            self._unpack(key)

    def forget(self) -> None:
        """Let go of all, committed or not: nobody asks any more."""
        for held in (self._young, self._old, self._waiting, self._packed):
            held.clear()

    def held(self) -> Held:
        """Give about how much memory this takes."""
        if not self._written and len(self._young) > _WEIGHED:
            self._weigh(next(reversed(self._young.values())))
        each = int(self._each_bytes)
        return Held(each * len(self._young), each * len(self._old), self._rows_bytes)


class Shelves:
    """Shelves that are committed together, and share one budget of memory.

    Args:
        shelves: Of all kinds of state there are.
        beside: Gives how much of the budget is taken by what is no shelf's; three eighths of it are theirs in any case.
    """

    def __init__(self, shelves: Iterable[Shelf[Any]], beside: Callable[[], int] = lambda: 0) -> None:
        self._shelves = list(shelves)
        self._beside = beside

    def _budget_bytes(self) -> int:
        return max(BUDGET_BYTES - self._beside(), BUDGET_BYTES * 3 // 8)

    def _held(self) -> Held:
        return Held(*map(sum, zip(*(shelf.held() for shelf in self._shelves), strict=True)))

    def is_full(self) -> bool:
        """Say whether what they hold takes more than it may."""
        return sum(self._held()) > self._budget_bytes()

    def make_room(self) -> bool:
        """Pack what was not touched of late, where they are full; say whether there is room now, or it is time to commit."""
        if not self.is_full():
            return True
        self._turn()
        held, half = self._held(), self._budget_bytes() // 2
        if held.old > half:
            self._pack((held.old - half) / held.old)
        return self._held().packed < half

    def drain(self) -> list[Row]:
        """Give the rows to commit, and let go of what was not touched for long where memory is short."""
        rows = [row for shelf in self._shelves for row in shelf.drain()]
        if 2 * self._held().young > self._budget_bytes() or self.is_full():
            self._turn()
        self._shed()
        return rows

    def _shed(self) -> None:
        """Make room for what is to come: whoever is nearly full commits again at once, and reads again what it let go of."""
        held = self._held()
        excess = sum(held) - self._budget_bytes() * 3 // 4
        if excess > 0 and held.packed:
            for shelf in self._shelves:
                shelf.shed(min(excess / held.packed, 1.0))
            excess -= held.packed
        if excess > 0 and held.old:
            self._pack(min(excess / held.old, 1.0))

    def _turn(self) -> None:
        for shelf in self._shelves:
            shelf.turn()

    def _pack(self, share: float) -> None:
        for shelf in self._shelves:
            shelf.pack(share)

    def sweep(self, now_us: int) -> None:
        """Forget what has expired."""
        for shelf in self._shelves:
            shelf.sweep(now_us)

    def forget(self) -> None:
        """Let go of all: nobody asks any more."""
        for shelf in self._shelves:
            shelf.forget()
