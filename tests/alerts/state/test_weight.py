"""What memory takes is weighed, not guessed."""

import tracemalloc
from collections.abc import Callable
from math import ceil
from typing import Any

import msgspec
import pytest

from mailwarden.alerts.detection.windows import Window
from mailwarden.alerts.state.weight import weigh


def windows() -> Any:
    """Give the windows of an attacker's network, as they are read from the store."""
    made = [Window(counts={n * 1000 + k: 500 + k for k in range(20)}, total=n * 1000) for n in range(50)]
    return msgspec.msgpack.decode(msgspec.msgpack.encode(made), type=list[Window])


@pytest.mark.parametrize(
    "make",
    [
        windows,
        lambda: {f"198.51.{n}.0/24": (1_772_323_598_000_000 + n, n) for n in range(2000)},
        lambda: [float(n) for n in range(20_000)],
        lambda: ["名" * (n % 90 + 1) for n in range(5000)],
    ],
)
def test_a_value_weighs_what_python_gave_it(make: Callable[[], Any]) -> None:
    """A value weighs as much nearly as the blocks of 16 bytes that were taken when it was made."""
    make()  # what it leaves behind, once
    tracemalloc.start()

    value = make()

    blocks = [trace.size for trace in tracemalloc.take_snapshot().traces]
    tracemalloc.stop()
    assert weigh(value) == pytest.approx(sum(ceil(size / 16) * 16 for size in blocks), rel=0.15)


def test_what_is_shared_weighs_once() -> None:
    """A list of one thing a thousand times takes little more than the list; no type is weighed."""
    text = "x" * 1000

    assert weigh([text] * 1000) < 10_000
    assert weigh(Window) == 0
