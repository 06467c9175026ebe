"""`mailwarden report`: the report of a day."""

import re
import sys
from datetime import date, datetime, timedelta
from pathlib import Path

import click

from mailwarden.alerts.escape import printable
from mailwarden.pipeline.cli import options
from mailwarden.pipeline.cli.jsonl import json_line
from mailwarden.pipeline.cli.root import Command
from mailwarden.pipeline.cli.session import nobody_told, session
from mailwarden.pipeline.cli.terminal import tell, write
from mailwarden.pipeline.configuration import scan_store_path

__all__ = ["command"]

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@click.command(
    "report",
    cls=Command,
    examples=[
        ("mailwarden report", "yesterday"),
        ("mailwarden report today", "so far"),
        ("mailwarden report 2026-11-23 --json", "a day, as data"),
    ],
)
@click.argument("day", metavar="[DAY]", default="yesterday")
@click.option("--json", "json_", is_flag=True, help="As one JSON object.")
@options.state
@click.pass_context
def command(context: click.Context, day: str, json_: bool, state: Path | None) -> None:
    """Write the report of a day.

    DAY is yesterday, today, or a date such as 2026-11-23. The report is made from what the service has counted; it says
    what changed, who attacked, how mail was delivered, and how people connect.
    """
    from mailwarden.pipeline.report import build

    now = session(context)
    wanted = _day(day, datetime.now(now.zone).date(), context)
    with now.store(state, scanned=True) as store:
        if store.path == scan_store_path():
            tell(now.tongue.gettext("mailwarden has not run here yet: this is of what the last scan read."))
        language = "en" if json_ else now.tongue.language  # data is the same in every language
        report = build(store, wanted, zone=now.zone, language=language)
    if json_:
        sys.stdout.buffer.write(json_line(report.as_data()) + b"\n")
        return
    write([printable(row)] for row in report.as_text().rstrip("\n").split("\n"))
    silent = nobody_told(now)
    if silent:
        tell(silent)


def _day(text: str, today: date, context: click.Context) -> date:
    if text == "today":
        return today
    if text == "yesterday":
        return today - timedelta(days=1)
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else _refuse(text, context)
    except ValueError:
        return _refuse(text, context)


def _refuse(text: str, context: click.Context) -> date:
    raise click.UsageError(f'"{text}" is no day. Write yesterday, today, or such as 2026-11-23.', context)
