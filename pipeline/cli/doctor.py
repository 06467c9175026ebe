"""`mailwarden doctor`: does mailwarden see everything, and can it reach you?"""

import sys

import click

from mailwarden.alerts.escape import printable
from mailwarden.pipeline.cli.checks import Check, all_checks
from mailwarden.pipeline.cli.jsonl import json_line
from mailwarden.pipeline.cli.root import Command
from mailwarden.pipeline.cli.session import session
from mailwarden.pipeline.cli.terminal import Line, Span, Style, write

__all__ = ["command"]

_MARKS: dict[str, tuple[Style, str]] = {
    "ok": ("ok", "✓"),
    "warning": ("watch", "▲"),
    "error": ("critical", "●"),
    "not checked": ("faint", "?"),
}


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
@click.pass_context
def command(context: click.Context, send: bool, json_: bool) -> int:
    """Check that mailwarden sees everything and can reach you.

    Looks at the configuration, the logs, the clock, the service, the channels and the disk. Leaves with 3 where one of
    them is in error.
    """
    checks = list(all_checks(session(context), send=send))
    if json_:
        for check in checks:
            sys.stdout.buffer.write(json_line(check.as_data()) + b"\n")
        sys.stdout.buffer.flush()
    else:
        write(_view(checks))
    return 3 if any(check.state == "error" for check in checks) else 0


def _view(checks: list[Check]) -> list[Line]:
    counts = {state: sum(check.state == state for check in checks) for state in _MARKS}
    wrong = [
        f"{counts[state]} {state}{'s' if counts[state] > 1 else ''}" for state in ("error", "warning") if counts[state]
    ]
    first = f"{', '.join(wrong)}." if wrong else "All that was checked is well."
    if counts["not checked"]:
        first += f" {counts['not checked']} not checked."
    lines: list[Line] = [[Span(first, "strong")], []]
    for check in checks:
        style, mark = _MARKS[check.state]
        word = "" if check.state == "ok" else f"{check.state}: "
        lines.append([Span(mark, style), f" {printable(check.name)}: {word}{printable(check.says)}"])
        if check.mend:
            lines.append([f"  → {printable(check.mend)}"])
    return lines
