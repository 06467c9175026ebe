"""A number by the hour, or by some of them: a plain line for every browser, and the table that it is drawn from."""

from collections.abc import Sequence

import msgspec

__all__ = ["HEIGHT", "WIDTH", "Plot", "plot"]

WIDTH, HEIGHT = 720, 120
_HOUR_S = 3600.0


class Plot(msgspec.Struct, frozen=True):
    """A chart with its table.

    Args:
        name: In addresses and scripts.
        title: What is drawn.
        hours: Epoch microseconds, the oldest first; each begins what is counted until the next.
        counts: One for each hour.
        most: The largest of them.
        points: Of the line, in a box of WIDTH × HEIGHT.
        usual: What is usual in each hour; empty: nobody knows, or it is not asked.
        usual_points: Of its line.
    """

    name: str
    title: str
    hours: tuple[int, ...]
    counts: tuple[int, ...]
    most: int
    points: str
    usual: tuple[float, ...] = ()
    usual_points: str = ""
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def step_s(self) -> float:
        """Seconds that each number is of."""
        return (self.hours[1] - self.hours[0]) / 1_000_000 if len(self.hours) > 1 else _HOUR_S


def plot(name: str, title: str, hours: Sequence[int], counts: Sequence[int], usual: Sequence[float] = ()) -> Plot:
    """Lay a number by the hour out, with what is usual where that is known."""
    most = max(counts, default=0)
    top = max(most, *usual, 1)
    usual = tuple(usual) if any(usual) else ()
    return Plot(
        name,
        title,
        tuple(hours),
        tuple(counts),
        most,
        _points(counts, top),
        usual,
        _points(usual, top) if usual else "",
    )


def _points(numbers: Sequence[float], top: float) -> str:
    step = WIDTH / max(1, len(numbers) - 1)
    return " ".join(
        f"{round(place * step, 1):g},{round(HEIGHT - 2 - (HEIGHT - 6) * number / top, 1):g}"
        for place, number in enumerate(numbers)
    )
