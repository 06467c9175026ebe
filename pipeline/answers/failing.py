"""Which channels do not take what waits for them, and what they said at last."""

from typing import NamedTuple

from mailwarden.pipeline.store import Reader

__all__ = ["Failing", "failing_channels"]

_LOOKED_AT = 100  # notices that wait: all channels that fail are among the first


class Failing(NamedTuple):
    """What a channel said at last, as it was worded, and how many notices it did not take."""

    said: str
    waiting: int


def failing_channels(reader: Reader) -> dict[str, Failing]:
    """Give the channels that fail, by name."""
    found: dict[str, Failing] = {}
    for row in reader.waiting(_LOOKED_AT):
        for name, said in row.delivery.failed.items():
            found[name] = Failing(said, found[name].waiting + 1 if name in found else 1)
    return dict(sorted(found.items()))
