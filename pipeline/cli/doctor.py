"""`mailwarden doctor`: does mailwarden see everything, and can it reach you?"""

import sys
from dataclasses import replace

import click

from mailwarden.alerts.words.escape import printable
from mailwarden.alerts.words.translate import N_, Translator, translator
from mailwarden.pipeline.cli.checks import Check, all_checks
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
    ],
)
@click.option("--send", is_flag=True, help="Send a test message to every channel.")
@click.option("--json", "json_", is_flag=True, help="One check a line, as JSON.")
@click.option("--words", metavar="LANGUAGE", help="In which language the JSON says it (default: en).")
@click.pass_context
def command(context: click.Context, send: bool, json_: bool, words: str | None) -> int:
    """Check that mailwarden sees everything and can reach you.

    Looks at the configuration, the logs, the clock, the service, the channels and the disk. Leaves with 3 where one of
    them is in error.
    """
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


def _view(checks: list[Check], tongue: Translator) -> list[Line]:
    counts = {state: sum(check.state == state for check in checks) for state in _MARKS}
    told = [
        tongue.count("{number} error", "{number} errors", counts["error"]) if counts["error"] else "",
        tongue.count("{number} warning", "{number} warnings", counts["warning"]) if counts["warning"] else "",
        tongue.say(N_("{number} not checked"), {"number": counts["not checked"]}) if counts["not checked"] else "",
    ]
    parts = tongue.gettext(", ").join(part for part in told if part)
    if counts["error"] or counts["warning"]:
        first = tongue.say(N_("{parts}."), {"parts": parts})
    elif parts:
        first = tongue.say(N_("All that was checked is well ({parts})."), {"parts": parts})
    else:
        first = tongue.gettext("All is well.")
    lines: list[Line] = [[Span(first, "strong")], []]
    for check in checks:
        style, mark = _MARKS[check.state]
        values = {"name": check.name, "says": check.says}
        text = tongue.say(N_("{name}: {says}"), values)
        if check.state in _WORDS:
            text = tongue.say(N_("{name}: {word}: {says}"), {**values, "word": tongue.gettext(_WORDS[check.state])})
        lines.append([Span(mark, style), f" {printable(text)}"])
        if check.mend:
            lines.append([f"  → {printable(check.mend)}"])
    return lines
