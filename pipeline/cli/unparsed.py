"""`mailwarden unparsed`: what was not understood."""

import sys
from collections import Counter
from pathlib import Path

import click

from mailwarden.alerts.escape import printable
from mailwarden.pipeline.cli import options
from mailwarden.pipeline.cli.jsonl import json_line
from mailwarden.pipeline.cli.lines import batches, reader_for
from mailwarden.pipeline.cli.root import Command
from mailwarden.pipeline.cli.session import session
from mailwarden.pipeline.cli.terminal import Line, Span, tell, write
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
def command(context: click.Context, files: tuple[str, ...], json_: bool, everything: bool, state: Path | None) -> None:
    """Show the lines of mail programs that were not understood.

    They are counted by their shape, the most frequent first, each with one sample. Nothing is lost by them, but what they
    say is not seen. Send them to the project: a pattern is soon written.
    """
    now = session(context)
    if files:
        shapes = _of_files(files, now.configuration.timezone)
    else:
        paths = now.stores(state)
        if not paths:
            tell("Nothing was scanned or watched yet. Look back first:  mailwarden scan")
            return
        with Store.open(paths[0], read_only=True) as store:
            shapes = store.unparsed()
    if json_:
        for shape in shapes:
            sys.stdout.buffer.write(json_line(shape._asdict()) + b"\n")
        return
    write(_view(shapes, everything))


def _of_files(files: tuple[str, ...], zone: str | None) -> list[Unparsed]:
    counts: Counter[tuple[str, str]] = Counter()
    samples: dict[tuple[str, str], str] = {}
    for path in files:
        reader = reader_for(path, zone)
        for lines in batches(path):
            for event in reader.read_lines([line.decode("utf-8", "surrogateescape") for line in lines]):
                if event.event_kind == "pipeline_error":
                    key = (event.event_module or "", event.process_name or "")
                    counts[key] += 1
                    samples.setdefault(key, event.event_original)
    return [Unparsed(*key, "", count, samples[key]) for key, count in counts.most_common()]


def _view(shapes: list[Unparsed], everything: bool) -> list[Line]:
    if not shapes:
        return [[Span("✓ ", "ok"), "Every line of a mail program was understood."]]
    total = sum(shape.lines for shape in shapes)
    lines: list[Line] = [[Span(f"▲ {total:,} lines were not understood; shapes: {len(shapes)}.", "watch")], []]
    for shape in shapes if everything else shapes[:_SHOWN]:
        who = printable(f"{shape.module} {shape.program}".strip() or "?")
        lines += [[f"{shape.lines:>9,}  ", Span(who, "strong")], [" " * 11, printable(shape.sample)]]
    rest = 0 if everything else len(shapes) - _SHOWN
    if rest > 0:
        lines.append([f"and {rest} more shapes (--all)"])
    return [*lines, [], ["How one was read:  mailwarden explain 'LINE'"]]
