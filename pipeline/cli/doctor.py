"""`mailwarden doctor`: does mailwarden see everything, and can it reach you?"""

import sys
from dataclasses import replace

import click

from mailwarden.alerts.words.errors import ErrorKind, error_kind, error_kinds, near
from mailwarden.alerts.words.escape import printable
from mailwarden.alerts.words.translate import N_, Translator, translator, with_code
from mailwarden.parsers.errors import UsageError, coded, worded
from mailwarden.pipeline.cli import completing
from mailwarden.pipeline.cli.checks import Check, all_checks
from mailwarden.pipeline.cli.error_view import error_data, error_list, error_view
from mailwarden.pipeline.cli.helping import tongue
from mailwarden.pipeline.cli.root import Command
from mailwarden.pipeline.cli.session import session
from mailwarden.pipeline.cli.terminal import Line, Span, Style, write
from mailwarden.pipeline.showing.jsonl import json_line

__all__ = ["command"]

_MARKS: dict[str, tuple[Style, str]] = {
    "ok": ("ok", "✓"),
    "warning": ("watch", "▲"),
    "error": ("critical", "●"),
    "not checked": ("faint", "?"),
}
_WORDS = {"warning": N_("warning"), "error": N_("error"), "not checked": N_("not checked")}


@click.command(
    "doctor",
    cls=Command,
    examples=[
        ("sudo mailwarden doctor", "look at everything"),
        ("mailwarden doctor --send", "and send a test message to every channel"),
        ("mailwarden doctor --json", "as data"),
        ("mailwarden doctor MW1102", "what the id of an error means"),
    ],
)
@click.argument("ids", nargs=-1, metavar="[ID]...", shell_complete=completing.errors)
@click.option("--list", "list_", is_flag=True, help="List the kinds of error with their ids.")
@click.option("--send", is_flag=True, help="Send a test message to every channel.")
@click.option("--json", "json_", is_flag=True, help="One check a line, as JSON.")
@click.option("--words", metavar="LANGUAGE", help="In which language the JSON says it (default: en).")
@click.pass_context
def command(
    context: click.Context, ids: tuple[str, ...], list_: bool, send: bool, json_: bool, words: str | None
) -> int:
    """Check that mailwarden sees everything and can reach you.

    Looks at the configuration, the logs, the clock, the service, the channels and the disk. Leaves with 3 where one of
    them is in error. With the id that stands behind an error, as in [MW1102], it says what that means and how to mend it.
    """
    if ids or list_:
        _explain(ids, translator(words or "en") if json_ else tongue(), json_)
        return 0
    now = session(context)
    if json_:  # data is the same in every language, unless another is asked for
        now = replace(now, tongue=translator(words or "en"))
    checks = list(all_checks(now, send=send))
    if json_:
        for check in checks:
            sys.stdout.buffer.write(json_line(check.as_data()) + b"\n")
        sys.stdout.buffer.flush()
    else:
        write(_view(checks, now.tongue))
    return 3 if any(check.state == "error" for check in checks) else 0


def _explain(ids: tuple[str, ...], speaker: Translator, json_: bool) -> None:
    """Say what kinds of error mean; without any, list all of them."""
    kinds = [_kind(word) for word in ids] or list(error_kinds().values())
    if json_:
        for kind in kinds:
            sys.stdout.buffer.write(json_line(error_data(kind, speaker)) + b"\n")
        sys.stdout.buffer.flush()
    elif ids:
        for number, kind in enumerate(kinds):
            write([*([[]] if number else []), *error_view(kind, speaker)])
    else:
        write(error_list(kinds, speaker))


def _kind(word: str) -> ErrorKind:
    kind = error_kind(word)
    if kind is None:
        alike = near(word)
        mend = worded("List them with  mailwarden doctor --list")
        if alike:
            mend = worded("Did you mean {meant}?", meant=", ".join(alike))
        raise UsageError(coded("MW8116", 'no kind of error has the id "{id}". {mend}', id=word, mend=mend))
    return kind


def _view(checks: list[Check], speaker: Translator) -> list[Line]:
    counts = {state: sum(check.state == state for check in checks) for state in _MARKS}
    told = [
        speaker.count("{number} error", "{number} errors", counts["error"]) if counts["error"] else "",
        speaker.count("{number} warning", "{number} warnings", counts["warning"]) if counts["warning"] else "",
        speaker.say(N_("{number} not checked"), {"number": counts["not checked"]}) if counts["not checked"] else "",
    ]
    parts = speaker.gettext(", ").join(part for part in told if part)
    if counts["error"] or counts["warning"]:
        first = speaker.say(N_("{parts}."), {"parts": parts})
    elif parts:
        first = speaker.say(N_("All that was checked is well ({parts})."), {"parts": parts})
    else:
        first = speaker.gettext("All is well.")
    lines: list[Line] = [[Span(first, "strong")], []]
    for check in checks:
        style, mark = _MARKS[check.state]
        values = {"name": check.name, "says": check.says}
        text = speaker.say(N_("{name}: {says}"), values)
        if check.state in _WORDS:
            text = speaker.say(N_("{name}: {word}: {says}"), {**values, "word": speaker.gettext(_WORDS[check.state])})
        lines.append([Span(mark, style), f" {with_code(printable(text), check.code)}"])
        if check.mend:
            lines.append([f"  → {printable(check.mend)}"])
    return lines
