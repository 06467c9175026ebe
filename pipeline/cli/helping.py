"""The help of commands in the reader's language, laid out by columns: Japanese characters take two, and break anywhere."""

import re
from collections.abc import Iterable
from functools import cache

import click

from mailwarden.alerts.words.translate import N_, Translator, language_of, paragraphs, translator, with_code
from mailwarden.parsers.errors import code_of
from mailwarden.pipeline.showing.columns import columns, wrap

__all__ = ["Context", "Formatter", "option_rows", "slip_text", "tongue"]

_TERMS_MOST = 30  # columns of an option or command before what it means stands on lines of its own
_GAP = 2
_WIDTH = 78
_OF_TYPES = (  # what click's types say of a value
    (
        re.compile(r"(?P<value>.*) is not in the range (?P<least>\S+?)<=x<=(?P<most>\S+)\."),
        N_("{value} is out of range. Write a number from {least} to {most}."),
    ),
    (re.compile(r"(?P<value>.*) is not in the range (?P<range>.*)\."), N_("{value} is not in the range {range}.")),
    (re.compile(r"(?P<value>.*) is not one of (?P<words>.*)\."), N_("{value} is not one of {words}.")),
    (
        re.compile(r"(?:File|Directory|Path) '(?P<path>.*)' does not exist\."),
        N_("{path}: is not there. Check the path."),
    ),
    (
        re.compile(r"(?:File|Path) '(?P<path>.*)' is a directory\."),
        N_("{path}: is a directory. Name a file in it."),
    ),
    (re.compile(r"(?:Directory|Path) '(?P<path>.*)' is a file\."), N_("{path}: is a file, and no directory.")),
    (
        re.compile(r"(?:File|Directory|Path) '(?P<path>.*)' is not readable\."),
        N_("{path}: not readable by this user. Call it with sudo, or as a user of the group adm."),
    ),
    (re.compile(r"(?P<value>.*) is not a valid (?:integer|int)( range)?\."), N_("{value} is no whole number.")),
)
_OF_PATH = re.compile(r"(?:File|Directory|Path) '")
_EXTRA = re.compile(r"Got unexpected extra arguments? \((.*)\)", re.DOTALL)
_LACKING = re.compile(r"Option '(.*)' requires an argument\.")
# What click itself writes, so that it is in the catalog.
_OF_CLICK = (
    N_("Options"),
    N_("Commands"),
    N_("Show this message and exit."),
    N_("Show the version and exit."),
    N_("required"),
)


@cache
def tongue() -> Translator:
    """Give the language of help and of what is wrong before a configuration was read: the environment's."""
    return translator(language_of())


def slip_text(error: click.ClickException, speaker: Translator) -> str:
    """Say what was wrong in how a command was called: in our words where we know the slip, in click's where we do not."""
    said, code = speaker.worded(error.message), code_of(error.message)
    if isinstance(error, click.NoSuchOption):
        code = "MW8102"
        said = speaker.say(N_("There is no option {option}."), {"option": error.option_name})
        if error.possibilities:
            meant = {"meant": error.possibilities[0]}
            mend = speaker.say(N_("Did you mean `{meant}`?"), meant)
            said = speaker.say(N_("{first} {second}"), {"first": said, "second": mend})
    elif isinstance(error, click.MissingParameter):
        code = "MW8103"
        hint = error.param.get_error_hint(error.ctx) if error.param and error.ctx else "?"
        said = speaker.say(N_("{what} is missing."), {"what": hint})
    elif isinstance(error, click.BadParameter):
        code = code or ("MW8108" if _OF_PATH.match(said) else "MW8105")
        hint = error.param.get_error_hint(error.ctx) if error.param and error.ctx else "?"
        said = speaker.say(N_("{what}: {said}"), {"what": hint, "said": _of_type(said, speaker)})
    elif found := _EXTRA.fullmatch(said):
        code = "MW8104"
        said = speaker.say(N_("{words}: too much. Put what has blanks in it in quotes."), {"words": found[1]})
    elif found := _LACKING.fullmatch(said):
        code = "MW8103"
        said = speaker.say(N_("{option} wants a value."), {"option": found[1]})
    return with_code(said, code or "MW8105")


def _of_type(said: str, speaker: Translator) -> str:
    for pattern, message in _OF_TYPES:
        if found := pattern.fullmatch(said):
            return speaker.say(message, found.groupdict())
    return said


class Formatter(click.HelpFormatter):
    """Lays out help."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:  # noqa: ARG002
        """Write how a command is called."""
        words = tongue().say(N_("Usage: {call}"), {"call": f"{prog} {args}".rstrip()})
        first, *more = wrap(words, self._room, self._room - 4)
        self.write(first + "\n" + "".join(f"    {line}\n" for line in more))

    def write_heading(self, heading: str) -> None:
        """Write what a section is called."""
        said = tongue().say(N_("{heading}:"), {"heading": tongue().gettext(heading)})
        self.write(f"{' ' * self.current_indent}{said}\n")

    def write_text(self, text: str) -> None:
        """Write paragraphs, each translated and broken to the width."""
        indent = " " * self.current_indent
        written = []
        for paragraph in paragraphs(text):
            lines = wrap(tongue().gettext(paragraph), self._room - len(indent))
            written.append("".join(f"{indent}{line}\n" for line in lines))
        self.write("\n".join(written))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = _TERMS_MOST, col_spacing: int = _GAP) -> None:
        """Write terms with what they mean."""
        rows = list(rows)
        widest = min(max((columns(term) for term, _ in rows), default=0), col_max)
        indent = " " * self.current_indent
        left = len(indent) + widest + col_spacing
        for term, meaning in rows:
            lines = wrap(meaning, self._room - left)
            if columns(term) > col_max:
                self.write(f"{indent}{term}\n")
            else:
                self.write(f"{indent}{term}{' ' * (left - len(indent) - columns(term))}{lines.pop(0)}".rstrip() + "\n")
            self.write("".join(f"{' ' * left}{line}\n" for line in lines))

    @property
    def _room(self) -> int:
        return min(self.width, _WIDTH)


class Context(click.Context):
    """What a command is called in."""

    formatter_class = Formatter


def option_rows(command: click.Command, context: click.Context) -> list[tuple[str, str]]:
    """Give the options of a command with what they mean."""
    rows = []
    for one in command.get_params(context):
        record = one.get_help_record(context)
        if record is None:
            continue
        term, meaning = record
        said = getattr(one, "help", None)
        if said:  # click adds to it what it knows of the type
            meaning = meaning.replace(said, tongue().gettext(said), 1)
        rows.append((term, meaning))
    return rows
