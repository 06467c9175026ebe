"""The manual page, made from the commands themselves: `python -m mailwarden.pipeline.cli.manual > mailwarden.1`.

In another language it is made where the environment asks for it (`LANGUAGE=ja`), and belongs into `man/ja/man1`.

Written in the macros of man(7). A library for it (click-man) was looked at: it knows neither examples nor commands that are
imported only when they are called.
"""

import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import click

from mailwarden import __version__
from mailwarden.alerts.words.translate import N_, paragraphs
from mailwarden.pipeline.cli.helping import option_rows, tongue
from mailwarden.pipeline.cli.root import COMMANDS, root

__all__ = ["manual"]

_FILES = (
    ("/etc/mailwarden/mailwarden.yml", N_("The configuration, which may be absent.")),
    ("/var/lib/mailwarden/", N_("What mailwarden run remembers; as a user ~/.local/state/mailwarden/.")),
    ("~/.cache/mailwarden/", N_("The result of the last scan.")),
)
_CODES = (
    ("0", N_("Well.")),
    ("1", N_("Findings, only where --fail-on asks.")),
    ("2", N_("Usage or configuration.")),
    ("3", N_("Runtime.")),
    ("130", N_("Interrupted.")),
)
_NAME = N_("read mail-server logs and tell, early and once, what goes wrong")
_ABOUT = N_("Without a command: is all well? Each command has its own --help.")

_ERRORS = N_(
    "Behind an error stands the id of its kind, as in [MW1102]. What it means and how to mend it:  mailwarden doctor MW1102"
)


def manual(day: str) -> str:
    """Write the page mailwarden(1) of a day."""
    parts = [f'.TH MAILWARDEN 1 "{day}" "mailwarden {__version__}" "mailwarden"']
    if tongue().language != "en":
        parts.append(".ad l")  # Japanese has no blanks to stretch
    say = tongue().gettext
    parts += [f".SH {say(N_('NAME'))}", f"mailwarden \\- {_text(say(_NAME))}"]
    parts += [f".SH {say(N_('SYNOPSIS'))}", ".B mailwarden", "[COMMAND] [OPTIONS]"]
    parts += [f".SH {say(N_('DESCRIPTION'))}", _text(say(_ABOUT)), f".SH {say(N_('COMMANDS'))}"]
    with click.Context(root, info_name="mailwarden") as parent:
        for name in COMMANDS:
            command = root.get_command(parent, name)
            assert command is not None
            parts += _command(command, name, parent)
    parts += [f".SH {say(N_('DIAGNOSTICS'))}", _text(say(_ERRORS))]
    for heading, terms in ((N_("FILES"), _FILES), (N_("EXIT STATUS"), _CODES)):
        parts += [f".SH {say(heading)}", *_terms((term, say(meaning)) for term, meaning in terms)]
    return "\n".join(parts) + "\n"


def _command(command: click.Command, name: str, parent: click.Context) -> Iterator[str]:
    with click.Context(command, info_name=name, parent=parent) as context:
        yield f".SS {_text(context.command_path.partition(' ')[2])}"
        for paragraph in paragraphs(command.help or ""):
            yield ".PP"
            yield _text(tongue().gettext(paragraph))
        examples = getattr(command, "examples", ())
        if examples:
            yield ".PP"
            yield ".nf"
            for line, meaning in examples:
                yield f"\\fB{_text(line)}\\fP"
                yield f"    {_text(tongue().gettext(meaning))}"
            yield ".fi"
        yield from _terms(option_rows(command, context))
        if isinstance(command, click.Group):
            for each in command.list_commands(context):
                inner = command.get_command(context, each)
                assert inner is not None
                yield from _command(inner, each, context)


def _terms(terms: Iterable[tuple[str, str]]) -> Iterator[str]:
    for term, meaning in terms:
        yield ".TP"
        yield f"\\fB{_text(term)}\\fP"
        yield _text(" ".join(meaning.split()))


def _text(text: str) -> str:
    r"""Escape what roff would obey: backslashes, hyphens that are to be copied, a dot or quote at the beginning."""
    safe = text.replace("\\", "\\e").replace("-", "\\-").replace("…", "...")
    return "\\&" + safe if safe.startswith((".", "'")) else safe


if __name__ == "__main__":
    sys.stdout.write(manual(f"{datetime.now(UTC):%Y-%m-%d}"))
