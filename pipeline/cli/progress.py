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
from mailwarden.pipeline.cli.terminal import answered, coloured, page_width
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
    started_s = time.monotonic()
    bar: _Bar | None = None

    def show(lines: int, done: int, total: int, critical: Incident | None) -> None:
        nonlocal bar
        passed_s = time.monotonic() - started_s
        if passed_s < _AFTER_S:
            return
        bar = bar or _Bar(tongue)
        bar.show(lines, done, total, critical, passed_s)

    try:
        yield show
    finally:
        if bar is not None:
            bar.stop()


class _Bar:
    """The bar itself, of a library whose import a short log need not wait for."""

    def __init__(self, tongue: Translator) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        parts = (
            BarColumn(30),
            TextColumn("{task.percentage:>3.0f} %  {task.fields[lines]:,} lines  {task.fields[rate]:,.0f} lines/s"),
            TimeRemainingColumn(compact=True),
        )
        self._tongue = tongue
        self._progress = Progress(*parts, console=Console(stderr=True), transient=True)
        self._task = self._progress.add_task("", total=None, lines=0, rate=0.0)
        self._told = False
        answered()
        self._progress.start()

    def show(self, lines: int, done: int, total: int, critical: Incident | None, passed_s: float) -> None:
        """Show how far reading is, and once what is critical."""
        if critical is not None and not self._told:
            self._told = True
            self._tell(critical)
        self._progress.update(
            self._task, completed=done, total=total or None, lines=lines, rate=lines / max(passed_s, 0.001)
        )

    def _tell(self, critical: Incident) -> None:
        from rich.text import Text

        mark = f"{severity_shape(critical.severity)} {severity_word(critical.severity, self._tongue)}"
        title = shorten(Sentences((), self._tongue).title(critical), page_width() - columns(mark) - 2)
        self._progress.console.print(Text.assemble((mark, "bold red"), f"  {title}"), soft_wrap=True)

    def stop(self) -> None:
        """Take it away."""
        self._progress.stop()
