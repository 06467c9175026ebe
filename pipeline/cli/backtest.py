"""`mailwarden backtest`: what a changed rule would have told."""

import sys
from pathlib import Path
from typing import Any

import click

from mailwarden.alerts.words.translate import translator
from mailwarden.parsers.errors import coded, said_of
from mailwarden.pipeline.cli import options
from mailwarden.pipeline.cli.root import Command
from mailwarden.pipeline.cli.session import session
from mailwarden.pipeline.cli.terminal import tell, write
from mailwarden.pipeline.configuration.times import parse_duration
from mailwarden.pipeline.showing.jsonl import json_line

__all__ = ["command", "since_option"]


def since_option(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> Any:
    """Read a duration."""
    if value is None:
        return None
    try:
        return parse_duration(value)
    except ValueError as error:
        raise click.BadParameter(said_of(error)) from None


@click.command(
    "backtest",
    cls=Command,
    examples=[
        ("mailwarden backtest --set fast_guessing.threshold=10 --since 30d", "another threshold, on the last 30 days"),
        ("mailwarden backtest --rule own.yml", "a new rule, or another wording of one, on all that is kept"),
        ("mailwarden backtest --rule own.yml mail.log mail.log.1.gz", "on log files instead of the archive"),
    ],
)
@click.argument("paths", nargs=-1, metavar="[LOG]...")
@click.option(
    "--rule",
    "rules",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A rule file: comes new, or stands for the rule of its name.",
)
@click.option(
    "--set", "sets", multiple=True, metavar="NAME.threshold=N", help="A setting; also .severity and .enabled."
)
@click.option("--since", callback=since_option, metavar="30d", help="How far back to judge (default: all there is).")
@click.option("--all", "everything", is_flag=True, help="Show every incident gained, lost or changed.")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
@options.state
@options.timezone
@options.year
@click.pass_context
def command(
    context: click.Context,
    paths: tuple[str, ...],
    rules: tuple[Path, ...],
    sets: tuple[str, ...],
    since: Any,
    everything: bool,
    as_json: bool,
    state: Path | None,
    zone: str | None,
    year: int | None,
) -> int:
    """Try a change on what happened here: which incidents would come, and which would go?

    Reads the archive that `mailwarden run` writes, or the logs that are given. Changes nothing and tells nobody.
    """
    from mailwarden.pipeline.cli.backtest_view import backtest_json, backtest_view
    from mailwarden.pipeline.trial import backtest

    now = session(context, zone=zone)
    if not rules and not sets:
        raise click.UsageError(
            coded("MW8103", "what is to be tried? Give  --rule FILE  or  --set NAME.threshold=N"), context
        )
    before, book = backtest.as_it_is(now.configuration, rules)
    for fault in book.faults:
        tell(now.tongue.told(fault))
    after, changes = backtest.changed(now.configuration, rules, sets)
    past = backtest.past_of(
        now.configuration,
        paths,
        since,
        directory=state / "archive" if state else None,
        zone=zone or now.configuration.timezone,
        year=year,
    )
    tried = backtest.try_out(past, now.configuration, {"before": before, "after": after}, now.normals(state))
    for problem in tried.problems:
        tell(now.tongue.told(problem))
    if as_json:
        sys.stdout.buffer.write(json_line(backtest_json(tried, changes, translator("en"), now.zone)) + b"\n")
    else:
        write(backtest_view(tried, changes, now.tongue, now.zone, everything=everything))
    return 3 if tried.problems else 0
