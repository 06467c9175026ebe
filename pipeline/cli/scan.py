"""`mailwarden scan`: look back over logs."""

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailwarden.alerts.terms import SEVERITIES, severity_rank
from mailwarden.alerts.words.translate import N_, Translator, translator, with_code
from mailwarden.parsers.errors import coded
from mailwarden.pipeline.cli import options
from mailwarden.pipeline.cli.incident_view import block
from mailwarden.pipeline.cli.progress import progress_bar
from mailwarden.pipeline.cli.root import Command
from mailwarden.pipeline.cli.scan_view import alone, scan_view, verdict
from mailwarden.pipeline.cli.session import Session, session
from mailwarden.pipeline.cli.terminal import Line, Span, tell, write
from mailwarden.pipeline.places import scan_store_path, store_path
from mailwarden.pipeline.showing.incident_json import as_data
from mailwarden.pipeline.showing.jsonl import json_line
from mailwarden.pipeline.showing.sentences import Sentences, years_of

if TYPE_CHECKING:
    from mailwarden.pipeline.scan import ScanResult

__all__ = ["command"]

_AHEAD_US = 86_400_000_000  # zones differ by no more than a day
_NAMED = 5  # files that are no mail logs
_SO_FAR = 4  # incidents that are shown when a scan is interrupted


@click.command(
    "scan",
    cls=Command,
    examples=[
        ("sudo mailwarden scan", "the logs that are found on this machine"),
        ("mailwarden scan mail.log mail.log.1.gz", "these files"),
        ("mailwarden scan --json --fail-on high mail.log", "for a script"),
    ],
)
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--json", "as_json", is_flag=True, help="One incident a line, as JSON.")
@click.option("--all", "everything", is_flag=True, help="Show every incident, however many.")
@click.option(
    "--fail-on",
    type=click.Choice(SEVERITIES),
    help="Leave with 1 where an incident is at least this severe.",
)
@click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Go on from what this directory holds, and keep the result there.",
)
@options.timezone
@options.year
@click.pass_context
def command(
    context: click.Context,
    paths: tuple[str, ...],
    as_json: bool,
    everything: bool,
    fail_on: str | None,
    state: Path | None,
    zone: str | None,
    year: int | None,
) -> int:
    """Look back: read logs and say what went wrong in them.

    Without a path the logs of this machine are found: rotated and compressed ones, the journal, docker. Nobody is told
    of anything. The result is kept for `mailwarden show` until the next scan.
    """
    from mailwarden.pipeline.scan import scan

    now = session(context, zone=zone, own=True)
    with ExitStack() as until_shown:
        try:
            with progress_bar(now.tongue) as progress:
                result = until_shown.enter_context(
                    scan(
                        list(paths),
                        state=state,
                        zone=zone or now.configuration.timezone,
                        year=year,
                        configuration=now.configuration,
                        progress=progress,
                    )
                )
        except KeyboardInterrupt:
            if not as_json:
                write(_so_far(now, store_path(state) if state else scan_store_path()))
            raise
        for problem in result.problems:
            tell(now.tongue.told(problem))
        for said in _notes(result, now):
            tell(said)
        if not paths and not result.lines and not result.problems:
            tell(now.tongue.gettext("Where was looked:  mailwarden  lists it. A log elsewhere:  mailwarden scan FILE"))
        if as_json:
            _write_json(result)
        else:
            told = bool(now.configuration.channels) or now.barred is not None
            sentences = Sentences((), now.tongue, now.zone, ids=result.found.ids())
            write(scan_view(result, sentences, everything=everything, state=state, told=told))
        return _code(result, fail_on)


def _write_json(result: "ScanResult") -> None:
    """Write the incidents, each in a line."""
    sentences = Sentences((), translator("en"), ids=result.found.ids())
    for incident in result.found:
        sys.stdout.buffer.write(json_line(as_data(incident, sentences)) + b"\n")
    sys.stdout.buffer.flush()


def _code(result: "ScanResult", fail_on: str | None) -> int:
    """Give the code that the command leaves with."""
    if result.problems:
        return 3 if result.understood else 2
    if result.strange and not result.understood:
        return 2
    if fail_on and any(severity_rank(one.severity) >= severity_rank(fail_on) for one in result.found.counts()):
        return 1
    return 0


def _notes(result: "ScanResult", now: Session) -> Iterator[str]:
    """Say what is odd about what was read."""
    tongue = now.tongue
    if result.unkept:
        yield tongue.told(result.unkept)
    if result.strange:
        yield _strange(result.strange, tongue)
    if result.misdated:
        said = tongue.count(
            "{number} line bears a time more than a day ahead of the lines around it, and was taken to be of their time. "
            "Look at the clock of the server.",
            "{number} lines bear a time more than a day ahead of the lines around them, and were taken to be of their time. "
            "Look at the clock of the server.",
            result.misdated,
        )
        yield with_code(said, "MW1204")
    if result.last_us > time.time_ns() // 1000 + _AHEAD_US:
        newest = {
            "time": tongue.time(result.last_us, zone=now.zone, near_us=time.time_ns() // 1000),
            "year": years_of(result.last_us, result.last_us, now.zone),
        }
        said = tongue.say(
            N_(
                "The newest line is of {time} ({year}), which is still to come: the clock of the server, or the year or zone of "
                "its stamps, is wrong (--year, --timezone). Times are shown as they were read."
            ),
            newest,
        )
        yield with_code(said, "MW1204")


def _strange(names: list[str], tongue: Translator) -> str:
    """Say of files that they are no mail logs; of many, the first."""
    shown = names[:_NAMED]
    if len(names) > len(shown):
        shown.append(tongue.count("{number} more", "{number} more", len(names) - len(shown)))
    said = coded(
        "MW1110",
        "{files}: not one line of a mail server that mailwarden knows. Nothing could be judged from it. "
        "Give a mail log, e.g. /var/log/mail.log; how a line is read:  mailwarden explain 'LINE'",
        files=tongue.gettext(", ").join(shown),
    )
    return tongue.told(said)


def _so_far(now: Session, path: Path) -> list[Line]:
    """Show what was found before somebody had enough."""
    from mailwarden.pipeline.store import Store

    if not path.exists():
        return []
    with Store.open(path, read_only=True) as store:
        sentences = Sentences((), now.tongue, now.zone, ids=store.found.ids())
        judged = verdict(alone(store.found.counts()), now.tongue) or "0"
        said = now.tongue.say(N_("Interrupted. Found so far: {verdict}."), {"verdict": judged})
        lines: list[Line] = [[], [Span(said, "watch")]]
        for incident in store.found.worst(_SO_FAR):
            lines += [[], *block(incident, sentences)]
    return lines
