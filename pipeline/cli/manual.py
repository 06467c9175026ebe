"""The manual page, made from the commands themselves: `python -m mailwarden.pipeline.cli.manual > mailwarden.1`.

Written in the macros of man(7). A library for it (click-man) was looked at: it knows neither examples nor commands that are
imported only when they are called.
"""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import click

from mailwarden import __version__
from mailwarden.pipeline.cli.root import COMMANDS, root

__all__ = ["manual"]

_FILES = (
    ("/etc/mailwarden/mailwarden.yml", "The configuration, which may be absent."),
    ("/var/lib/mailwarden/", "What mailwarden run remembers; as a user ~/.local/state/mailwarden/."),
    ("~/.cache/mailwarden/", "The result of the last scan."),
)
_CODES = (
    ("0", "Well."),
    ("1", "Findings, only where --fail-on asks."),
    ("2", "Usage or configuration."),
    ("3", "Runtime."),
    ("130", "Interrupted."),
)


def manual(day: str) -> str:
    """Write the page mailwarden(1) of a day."""
    parts = [f'.TH MAILWARDEN 1 "{day}" "mailwarden {__version__}" "mailwarden"']
    parts += [".SH NAME", "mailwarden \\- read mail\\-server logs and tell, early and once, what goes wrong"]
    parts += [".SH SYNOPSIS", ".B mailwarden", "[COMMAND] [OPTIONS]"]
    parts += [".SH DESCRIPTION", "Without a command: is all well? Each command has its own \\fB\\-\\-help\\fP."]
    parts.append(".SH COMMANDS")
    with click.Context(root, info_name="mailwarden") as parent:
        for name in COMMANDS:
            command = root.get_command(parent, name)
            assert command is not None
            parts += _command(command, name, parent)
    parts += [".SH FILES", *_terms(_FILES), ".SH EXIT STATUS", *_terms(_CODES)]
    return "\n".join(parts) + "\n"


def _command(command: click.Command, name: str, parent: click.Context) -> Iterator[str]:
    with click.Context(command, info_name=name, parent=parent) as context:
        yield f".SS {_text(context.command_path.partition(' ')[2])}"
        yield from _paragraphs(command.help or "")
        examples = getattr(command, "examples", ())
        if examples:
            yield ".PP"
            yield ".nf"
            for line, meaning in examples:
                yield f"\\fB{_text(line)}\\fP"
                yield f"    {_text(meaning)}"
            yield ".fi"
        options = (one for one in command.get_params(context) if isinstance(one, click.Option))
        yield from _terms(record for one in options if (record := one.get_help_record(context)) is not None)
        if isinstance(command, click.Group):
            for each in command.list_commands(context):
                inner = command.get_command(context, each)
                assert inner is not None
                yield from _command(inner, each, context)


def _terms(terms: "Iterator[tuple[str, str]] | tuple[tuple[str, str], ...]") -> Iterator[str]:
    for term, meaning in terms:
        yield ".TP"
        yield f"\\fB{_text(term)}\\fP"
        yield _text(" ".join(meaning.split()))


def _paragraphs(text: str) -> Iterator[str]:
    for block in text.replace("\b", "").split("\n\n"):
        yield ".PP"
        yield _text(" ".join(block.split()))


def _text(text: str) -> str:
    r"""Escape what roff would obey: backslashes, hyphens that are to be copied, a dot or quote at the beginning."""
    safe = text.replace("\\", "\\e").replace("-", "\\-").replace("…", "...")
    return "\\&" + safe if safe.startswith((".", "'")) else safe


if __name__ == "__main__":
    sys.stdout.write(manual(f"{datetime.now(UTC):%Y-%m-%d}"))
