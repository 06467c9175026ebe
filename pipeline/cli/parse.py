"""`mailwarden parse`: every input line as one JSON object."""

import sys
from typing import TYPE_CHECKING

import click

from mailwarden.parsers.errors import SourceError, coded
from mailwarden.parsers.event import to_ecs
from mailwarden.parsers.raw import is_rough
from mailwarden.pipeline.cli import options
from mailwarden.pipeline.cli.helping import tongue
from mailwarden.pipeline.cli.lines import STANDARD_INPUT, batches, reader_for
from mailwarden.pipeline.cli.root import Command
from mailwarden.pipeline.cli.terminal import tell
from mailwarden.pipeline.showing.jsonl import json_line

if TYPE_CHECKING:
    from mailwarden.parsers.envelope import Reader

__all__ = ["command"]


def _parse(path: str, reader: "Reader") -> None:
    out = sys.stdout.buffer
    follow = path == STANDARD_INPUT  # whoever pipes a growing log in wants each object at once
    for lines in batches(path):
        text = b"\n".join(lines).decode("utf-8", "surrogateescape")
        decoded = text.split("\n")
        events = reader.read_lines(decoded, rough=is_rough(f"{text}\n", decoded))
        out.write(b"".join([json_line(to_ecs(event)) + b"\n" for event in events]))
        if follow:
            out.flush()
    out.flush()


@click.command(
    "parse",
    cls=Command,
    examples=[
        ("mailwarden parse /var/log/mail.log", ""),
        ('mailwarden parse /var/log/mail.log.2.gz | jq \'select(."event.kind" == "pipeline_error")\'', ""),
        ("tail -f /var/log/mail.log | mailwarden parse", ""),
    ],
)
@click.argument("files", nargs=-1, metavar="[FILE|-]...")
@options.timezone
@options.year
def command(files: tuple[str, ...], zone: str | None, year: int | None) -> int:
    """Turn every log line into one JSON object.

    One object a line, in the order of the input, under flat Elastic Common Schema names. Compressed files (gz, xz, zst,
    bz2) are opened. Nothing is judged and nothing is kept.
    """
    if not files and sys.stdin.isatty():
        raise click.UsageError(
            coded("MW8103", "nothing to read: name a file, or pipe lines in."), click.get_current_context()
        )
    failed = 0
    files = files or (STANDARD_INPUT,)
    for path in files:
        try:
            _parse(path, reader_for(path, zone, year))
        except SourceError as error:
            failed += 1
            tell(tongue().error(error))
    if not failed:
        return 0
    return 3 if failed < len(files) else 2
