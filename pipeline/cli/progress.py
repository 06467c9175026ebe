"""Show how far reading is: on a terminal only, after half a second, and gone when it is done."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mailwarden.pipeline.cli.terminal import coloured

__all__ = ["progress_bar"]

_AFTER_S = 0.5


@contextmanager
def progress_bar() -> Iterator[Callable[[int, int, int], None] | None]:
    """Give what is to be called with (lines, bytes done, bytes in all); None where nobody looks."""
    if not (sys.stderr.isatty() and coloured(sys.stderr)):
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        BarColumn(30),
        TextColumn("{task.percentage:>3.0f} %  {task.fields[lines]:,} lines  {task.fields[rate]:,.0f} lines/s"),
        TimeRemainingColumn(compact=True),
    )
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    task = bar.add_task("", total=None, lines=0, rate=0.0)
    started_s = time.monotonic()

    def show(lines: int, done: int, total: int) -> None:
        passed_s = time.monotonic() - started_s
        if passed_s < _AFTER_S:
            return
        if not bar.live.is_started:
            bar.start()
        bar.update(task, completed=done, total=total or None, lines=lines, rate=lines / passed_s)

    try:
        yield show
    finally:
        if bar.live.is_started:
            bar.stop()
