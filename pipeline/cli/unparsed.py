"""`mailwarden unparsed`: what was not understood."""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click

from mailwarden.alerts.words.escape import printable
from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.parsers.errors import SourceError, UsageError, coded
from mailwarden.parsers.event import Event
from mailwarden.pipeline.cli import options
from mailwarden.pipeline.cli.root import Command
from mailwarden.pipeline.cli.session import session
from mailwarden.pipeline.cli.terminal import Line, Span, tell, write
from mailwarden.pipeline.showing.jsonl import json_line
from mailwarden.pipeline.store import Store, Unparsed

__all__ = ["command"]

_SHOWN = 20


@click.command(
    "unparsed",
    cls=Command,
    examples=[
        ("mailwarden unparsed", "what the running service, or the last scan, did not understand"),
        ("mailwarden unparsed mail.log", "in a file"),
        ("mailwarden unparsed --json", "to send to the project"),
    ],
)
@click.argument("files", nargs=-1, metavar="[FILE|-]...")
@click.option("--json", "json_", is_flag=True, help="One shape of line a line, as JSON.")
@click.option("--all", "everything", is_flag=True, help="Show every shape.")
@options.state
@click.pass_context
def command(context: click.Context, files: tuple[str, ...], json_: bool, everything: bool, state: Path | None) -> int:
    """Show the lines of mail programs that were not understood.

    They are counted by their shape, the most frequent first, each with one sample. Nothing is lost by them, but what they
    say is not seen. Send them to the project: a pattern is soon written.
    """
    now = session(context, own=True)
    failed = False
    if files:
        shapes, read, problems = _of_files(files, now.configuration.timezone)
        failed = bool(problems)
        for problem in problems:
            tell(now.tongue.told(problem))
        if not read:
            if not failed:
                raise UsageError(coded("MW1110", "There is no line of a mail program in it."))
            return 2
    else:
        paths = now.stores(state)
        if not paths:
            tell(now.tongue.gettext("Nothing was scanned or watched yet. Look back first:  mailwarden scan"))
            return 0
        with Store.open(paths[0], read_only=True) as store:
            shapes = store.unparsed()
    if json_:
        for shape in shapes:
            sys.stdout.buffer.write(json_line(shape._asdict()) + b"\n")
    else:
        write(_view(shapes, everything, now.tongue))
    return 3 if failed else 0


def _of_files(files: tuple[str, ...], zone: str | None) -> tuple[list[Unparsed], int, list[str]]:
    """Give what is not understood in files, how many lines of mail programs they hold, and what could not be read."""
    read = 0
    problems: list[str] = []
    counts: Counter[tuple[str, str]] = Counter()
    samples: dict[tuple[str, str], str] = {}
    for path in files:
        try:
            for event in _events(path, zone):
                read += event.event_kind != "ignored"
                if event.event_kind == "pipeline_error":
                    key = (event.event_module or "", event.process_name or "")
                    counts[key] += 1
                    samples.setdefault(key, event.event_original)
        except SourceError as error:
            problems.append(error.said)
    return [Unparsed(*key, "", count, samples[key]) for key, count in counts.most_common()], read, problems


def _events(path: str, zone: str | None) -> Iterator[Event]:
    from mailwarden.pipeline.cli.lines import batches, reader_for  # what reads logs: not needed to read the store

    reader = reader_for(path, zone)
    for lines in batches(path):
        yield from reader.read_lines([line.decode("utf-8", "surrogateescape") for line in lines])


def _view(shapes: list[Unparsed], everything: bool, tongue: Translator) -> list[Line]:
    if not shapes:
        return [[Span("✓ ", "ok"), tongue.gettext("Every line of a mail program was understood.")]]
    kinds = tongue.count("{number} kind", "{number} kinds", len(shapes))
    said = tongue.count(
        "{number} line was not understood ({kinds}).",
        "{number} lines were not understood ({kinds}).",
        sum(shape.lines for shape in shapes),
        {"kinds": kinds},
    )
    lines: list[Line] = [[Span(f"▲ {said}", "watch")], []]
    for shape in shapes if everything else shapes[:_SHOWN]:
        who = printable(f"{shape.module} {shape.program}".strip() or "?")
        lines += [[f"{shape.lines:>9,}  ", Span(who, "strong")], [" " * 11, printable(shape.sample)]]
    rest = 0 if everything else len(shapes) - _SHOWN
    if rest > 0:
        lines.append([tongue.count("and {number} more (--all)", "and {number} more (--all)", rest)])
    how = tongue.say(N_("How one was read: {command}"), {"command": "mailwarden explain 'LINE'"})
    return [*lines, [], [printable(how)]]
