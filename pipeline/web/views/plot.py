"""A number by the hour, ready to be drawn: as a plain line for every browser, and as a table that the chart is made from."""

from collections.abc import Sequence

import msgspec

__all__ = ["HEIGHT", "WIDTH", "Plot", "plot"]

WIDTH, HEIGHT = 720, 120


class Plot(msgspec.Struct, frozen=True):
    """A chart with its table.

    Args:
        name: In addresses and scripts.
        title: What is drawn.
        hours: Epoch microseconds, the oldest first.
        counts: One for each hour.
        most: The largest of them.
        points: Of the line, in a box of WIDTH × HEIGHT.
    """

    name: str
    title: str
    hours: tuple[int, ...]
    counts: tuple[int, ...]
    most: int
    points: str
    width: int = WIDTH
    height: int = HEIGHT


def plot(name: str, title: str, hours: Sequence[int], counts: Sequence[int]) -> Plot:
    """Lay a number by the hour out."""
    most = max(counts, default=0)
    step = WIDTH / max(1, len(counts) - 1)
    points = " ".join(
        f"{round(place * step, 1):g},{round(HEIGHT - 2 - (HEIGHT - 6) * count / (most or 1), 1):g}"
        for place, count in enumerate(counts)
    )
    return Plot(name, title, tuple(hours), tuple(counts), most, points)
