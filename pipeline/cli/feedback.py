"""`mailwarden feedback`: read what others report about our mail."""

import json
import sys
import time
from pathlib import Path

import click
import msgspec

from mailwarden.alerts.escape import printable
from mailwarden.alerts.ours import KIND as OURS
from mailwarden.alerts.ours import learned
from mailwarden.alerts.translate import N_, Translator
from mailwarden.parsers.event import iso
from mailwarden.pipeline.cli import options
from mailwarden.pipeline.cli.jsonl import json_line
from mailwarden.pipeline.cli.root import Command
from mailwarden.pipeline.cli.session import Session, session
from mailwarden.pipeline.cli.terminal import Line, Span, tell, write
from mailwarden.pipeline.feedback import Reading, read_reports
from mailwarden.pipeline.places import store_path

__all__ = ["command"]

_SEEN = "feedback.json"  # in the state directory: which reports were read
_REMEMBERED = 20_000
_KINDS = {
    "dmarc": N_("DMARC, {domain}, by {organisation}: {failed} of {total} messages failed"),
    "tls": N_("TLS, {domain}, by {organisation}: {failed} of {total} sessions failed"),
    "complaint": N_("complaint about {domain}, by {organisation}"),
}


@click.command(
    "feedback",
    cls=Command,
    examples=[
        ("mailwarden feedback /home/postmaster/Maildir", "DMARC and TLS reports and complaints that came by mail"),
        ("mailwarden feedback google.com!example.org!1.xml.gz --json", "one file, as data"),
    ],
)
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path), metavar="PATH...")
@click.option(
    "--domain", "domains", multiple=True, metavar="NAME", help="A domain of ours (default: those known here)."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a report.")
@options.state
@click.pass_context
def command(
    context: click.Context, paths: tuple[Path, ...], domains: tuple[str, ...], as_json: bool, state: Path | None
) -> None:
    """Read what others report about our mail.

    PATH is a report (.xml, .gz, .zip, .json, .eml), an mbox, a folder of such, or a Maildir. Each report is read once. Where the
    service has run, complaints and failures become part of the risk; whatever is damaged, too large or about others is
    told and passed over.
    """
    from mailwarden.pipeline.store import Store

    now = session(context)
    directory = state or now.configuration.state_directory
    path = store_path(directory)
    if not path.exists():
        found = list(read_reports(paths, [one.lower() for one in domains]))
        tell(now.tongue.gettext("mailwarden has not run here yet: the reports are shown, and count for nothing."))
    else:
        with Store.open(path) as store:
            ours = {one.lower() for one in domains} or {
                *now.configuration.site.domains,
                *learned(store.states(OURS)).domains,
            }
            seen = _seen(directory)
            found = list(read_reports(paths, ours, seen))
            store.inbox.add([_line(one) for one in found if one.report is not None])
            _remember(directory, [*seen, *(one.digest for one in found if one.report is not None)])
    if as_json:
        for one in found:
            sys.stdout.buffer.write(json_line(_data(one)) + b"\n")
        return
    write(_view(one, now) for one in found)
    if not found:
        write([[now.tongue.gettext("Nothing stands there.")]])


def _line(one: Reading) -> str:
    at_us = int(time.time() * 1_000_000)
    return f"{iso(at_us)} localhost mailwarden-probe: report {json.dumps(msgspec.to_builtins(one.report))}"


def _data(one: Reading) -> dict[str, object]:
    report = {} if one.report is None else msgspec.to_builtins(one.report)
    return {"where": one.where, **report, **({"passed_over": one.fault} if one.fault else {})}


def _view(one: Reading, now: Session) -> Line:
    tongue: Translator = now.tongue
    if one.report is None:
        said = tongue.say(N_("passed over: {fault}"), {"fault": one.fault})
        return [Span("▲ ", "watch"), printable(f"{one.where}: {said}")]
    said = tongue.say(_KINDS[one.report.kind], msgspec.to_builtins(one.report))
    return [Span("■ " if one.report.failed else "✓ ", "minor" if one.report.failed else "ok"), printable(said)]


def _seen(directory: Path) -> list[str]:
    try:
        found = json.loads((directory / _SEEN).read_text("utf-8"))
    except (OSError, ValueError):
        return []
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


def _remember(directory: Path, digests: list[str]) -> None:
    new = directory / f"{_SEEN}.new"
    new.write_text(json.dumps(digests[-_REMEMBERED:]), "utf-8")
    new.replace(directory / _SEEN)
