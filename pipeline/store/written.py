"""Which keys of state a store may hold that was empty when it was opened: a look-up in vain costs 5 µs."""

from collections.abc import Iterable

__all__ = ["WrittenKeys"]

_BITS = 1 << 25  # 4 MiB: of five million keys one in seven is looked up in vain


class WrittenKeys:
    """One bit for many keys, so that whoever can make keys cannot fill memory with them."""

    def __init__(self) -> None:
        self._bits = bytearray(_BITS // 8)

    def may_have(self, kind: str, key: str) -> bool:
        """Say whether a key of a kind may have been written; False is sure."""
        bit = hash((kind, key)) & _BITS - 1
        return self._bits[bit >> 3] >> (bit & 7) & 1 != 0

    def add(self, places: Iterable[tuple[str, str]]) -> None:
        """Remember keys that are written, as (kind, key)."""
        bits = self._bits
        for place in places:
            bit = hash(place) & _BITS - 1
            bits[bit >> 3] |= 1 << (bit & 7)
