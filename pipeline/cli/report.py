"""`mailwarden report`: the report of a day, of a week, or of any days."""

import re
import sys
import webbrowser
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailwarden.alerts.words.escape import printable
from mailwarden.alerts.words.translate import N_
from mailwarden.parsers.errors import coded, worded
from mailwarden.parsers.system_errors import reason
from mailwarden.pipeline.cli import options
from mailwarden.pipeline.cli.root import Command
from mailwarden.pipeline.cli.session import nobody_told, session
from mailwarden.pipeline.cli.terminal import tell, write
from mailwarden.pipeline.places import cache_directory, scan_store_path
from mailwarden.pipeline.showing.jsonl import json_line

if TYPE_CHECKING:
    from mailwarden.pipeline.report import Report

__all__ = ["command"]

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FORMS = ("text", "html", "json", "csv", "mail")


@click.command(
    "report",
    cls=Command,
    examples=[
        ("mailwarden report", "yesterday"),
        ("mailwarden report week --open", "the week until yesterday, in the browser"),
        ("mailwarden report --from 2026-11-01 --to 2026-11-23", "any days"),
        ("mailwarden report --domain example.org --format html", "what concerns one domain, and nothing of others"),
        ("mailwarden report --server mx2", "what one server of several did"),
    ],
)
@click.argument("day", metavar="[DAY]", default="yesterday")
@click.option("--from", "first", metavar="DAY", help="The first of several days.")
@click.option("--to", "last", metavar="DAY", help="The last of them (default: yesterday).")
@click.option("--domain", metavar="NAME", help="For the person responsible for a domain: nothing of others is in it.")
@click.option("--server", metavar="NAME", help="Of one server of several, by the name that its lines bear.")
@click.option("--format", "form", type=click.Choice(_FORMS), default="text", help="How it is written (default: text).")
@click.option("--json", "json_", is_flag=True, help="As one JSON object: --format json.")
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Where it is written to."
)
@click.option("--open", "open_", is_flag=True, help="Write it as HTML and open it in the browser.")
@options.state
@click.pass_context
def command(
    context: click.Context,
    day: str,
    first: str | None,
    last: str | None,
    domain: str | None,
    server: str | None,
    form: str,
    json_: bool,
    output: Path | None,
    open_: bool,
    state: Path | None,
) -> None:
    """Write the report of a day.

    DAY is yesterday, today, week (the seven days until yesterday), or a date such as 2026-11-23. The report is made from
    what the service has counted; it says what changed, who attacked, how mail was delivered, and how people connect.
    """
    from mailwarden.pipeline.report import build

    if domain and server:
        raise click.UsageError(coded("MW8106", "--domain and --server exclude each other: give one of them."), context)
    now = session(context, own=True)
    begin, end, weekly = _days(day, first, last, datetime.now(now.zone).date(), context)
    form = "json" if json_ else "html" if open_ else form
    with now.store(state, scanned=True) as store:
        if store.path == scan_store_path():
            tell(now.tongue.gettext("mailwarden has not run here yet: this is of what the last scan read."))
        language = "en" if form == "json" else now.tongue.language  # data is the same in every language
        report = build(
            store, begin, until=end, zone=now.zone, language=language, host=now.configuration.called,
            domain=domain, server=server, weekly=weekly,
        )  # fmt: skip
        if server and not report.figures.lines:
            known = sorted(
                {row[2] for row in store.rollups(report.figures.from_us, report.figures.to_us, "host_lines")}
            )
            there = worded("Counted: {names}.", names=", ".join(known)) if known else worded("No line was counted.")
            raise click.UsageError(
                coded(
                    "MW8112",
                    'no line of a server "{server}" was counted in these days. {there}',
                    server=server,
                    there=there,
                ),
                context,
            )
        newest_us = int(store.meta("stream_us") or 0)
    if newest_us and not report.figures.lines:
        newest = datetime.fromtimestamp(newest_us / 1_000_000, now.zone).date()
        said = N_("The newest line that was counted is of {day}:  mailwarden report {day}")
        tell(now.tongue.say(said, {"day": newest.isoformat()}))
    if form == "text" and output is None:
        write([printable(row)] for row in report.as_text().rstrip("\n").split("\n"))
        silent = nobody_told(now)
        if silent:
            tell(silent)
        return
    data = _written(report, form, domain or now.configuration.called)
    if open_:
        output = output or cache_directory() / f"report-{begin}.html"
    if output is None:
        sys.stdout.buffer.write(data)
        return
    _store(output, data, context)
    if open_:
        webbrowser.open(output.resolve().as_uri())
    tell(str(output))


def _written(report: "Report", form: str, domain: str) -> bytes:
    if form == "json":
        return json_line(report.as_data()) + b"\n"
    if form == "mail":
        return report.as_mail(domain or "localhost", datetime.now(UTC)).as_bytes()
    if form == "csv":
        return report.as_csv().encode("utf-8-sig")  # with the mark that spreadsheets know UTF-8 by
    return (report.as_html() if form == "html" else report.as_text()).encode()


def _store(path: Path, data: bytes, context: click.Context) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise click.UsageError(
            coded(
                "MW8113",
                '{path}: cannot be written ("{reason}"). Name another file with --output.',
                path=path,
                reason=reason(error),
            ),
            context,
        ) from None


def _days(
    text: str, first: str | None, last: str | None, today: date, context: click.Context
) -> tuple[date, date, bool]:
    """Give the first and the last day, and whether they are a week that is told as one."""
    yesterday = today - timedelta(days=1)
    if first is not None or last is not None:
        end = _day(last, today, context) if last else yesterday
        begin = _day(first, today, context) if first else end
        if end < begin:
            raise click.UsageError(
                coded("MW8105", "--to {end} is before --from {begin}. Change one of them.", end=end, begin=begin),
                context,
            )
        return begin, end, False
    if text == "week":
        return yesterday - timedelta(days=6), yesterday, True
    one = _day(text, today, context)
    return one, one, False


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
    raise click.UsageError(
        coded("MW8105", '"{text}" is no day. Write yesterday, today, week, or such as 2026-11-23.', text=text), context
    )
