"""Show how far reading is: on a terminal only, after half a second, and gone when it is done.

The first critical incident is shown as soon as it is found, and stays: who reads a large log need not wait for its end.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.incidents.severity import severity_shape, severity_word
from mailwarden.alerts.words.translate import Translator
from mailwarden.pipeline.cli.terminal import coloured, page_width
from mailwarden.pipeline.showing.columns import columns, shorten
from mailwarden.pipeline.showing.sentences import Sentences

__all__ = ["progress_bar"]

_AFTER_S = 0.5


@contextmanager
def progress_bar(tongue: Translator) -> Iterator[Callable[[int, int, int, Incident | None], None] | None]:
    """Give what is to be called with (lines, bytes done, bytes in all, critical incident); None where nobody looks."""
    if not (sys.stderr.isatty() and coloured(sys.stderr)):
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.text import Text

    parts = (
        BarColumn(30),
        TextColumn("{task.percentage:>3.0f} %  {task.fields[lines]:,} lines  {task.fields[rate]:,.0f} lines/s"),
        TimeRemainingColumn(compact=True),
    )
    bar = Progress(*parts, console=Console(stderr=True), transient=True)
    task = bar.add_task("", total=None, lines=0, rate=0.0)
    started_s = time.monotonic()
    told = False

    def show(lines: int, done: int, total: int, critical: Incident | None) -> None:
        nonlocal told
        passed_s = time.monotonic() - started_s
        if passed_s < _AFTER_S:
            return
        if not bar.live.is_started:
            bar.start()
        if critical is not None and not told:
            told = True
            mark = f"{severity_shape(critical.severity)} {severity_word(critical.severity, tongue)}"
            title = shorten(Sentences((), tongue).title(critical), page_width() - columns(mark) - 2)
            bar.console.print(Text.assemble((mark, "bold red"), f"  {title}"), soft_wrap=True)
        bar.update(task, completed=done, total=total or None, lines=lines, rate=lines / passed_s)

    try:
        yield show
    finally:
        if bar.live.is_started:
            bar.stop()
