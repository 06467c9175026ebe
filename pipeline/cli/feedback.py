"""`mailwarden feedback`: read what others report about our mail."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from mailwarden.alerts.facts.ours import KIND as OURS
from mailwarden.alerts.facts.ours import learned
from mailwarden.alerts.words.escape import printable
from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.parsers.errors import ConfigurationError, UsageError, WrongValueError, code_of, coded
from mailwarden.pipeline.cli import options
from mailwarden.pipeline.cli.root import Command
from mailwarden.pipeline.cli.session import Session, session
from mailwarden.pipeline.cli.terminal import Line, Span, tell, write
from mailwarden.pipeline.feedback.gathering import Gathering, keep
from mailwarden.pipeline.feedback.reading import Reading, read_data, read_reports
from mailwarden.pipeline.feedback.settings import Mailbox, mailbox_of
from mailwarden.pipeline.places import store_path
from mailwarden.pipeline.showing.jsonl import json_line

__all__ = ["command"]

_SCHEME = "imaps://"
_KINDS = {
    "dmarc": N_("DMARC, {domain}, by {organisation}: {failed} of {total} messages failed"),
    "tls": N_("TLS, {domain}, by {organisation}: {failed} of {total} sessions failed"),
    "complaint": N_("complaint about {domain}, by {organisation}"),
}


@click.command(
    "feedback",
    cls=Command,
    examples=[
        ("mailwarden feedback", "what came to the places of the configuration since the last time"),
        ("mailwarden feedback /home/postmaster/Maildir", "DMARC and TLS reports and complaints that came by mail"),
        ("mailwarden feedback imaps://reports@mail.example.org/INBOX --password file:/root/imap", "of a mailbox"),
        ("mailwarden feedback google.com!example.org!1.xml.gz --json", "one file, as data"),
    ],
)
@click.argument("places", nargs=-1, metavar="[PLACE]...")
@click.option(
    "--domain", "domains", multiple=True, metavar="NAME", help="A domain of ours (default: those known here)."
)
@click.option(
    "--password", metavar="SECRET", help="Of a mailbox that is not configured: '${NAME}' or file:/path, never itself."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a report.")
@options.state
@click.pass_context
def command(
    context: click.Context,
    places: tuple[str, ...],
    domains: tuple[str, ...],
    password: str | None,
    as_json: bool,
    state: Path | None,
) -> None:
    """Read what others report about our mail.

    PLACE is a report (.xml, .gz, .zip, .json, .eml), an mbox, a folder of such, a Maildir, or a mailbox
    (imaps://user@host/folder); without one, those of the configuration. Each report is read once. Where the service has run,
    complaints and failures become part of the risk and of incidents; whatever is damaged, too large, about others or older
    than a week is told and counts for nothing. Nothing is marked or deleted but what the configuration says.
    """
    now = session(context)
    paths, boxes = _places(places, password, now)
    stated = [one.lower() for one in domains]
    found = _read(paths, boxes, stated, state, now)
    if as_json:
        for one in found:
            sys.stdout.buffer.write(json_line(_data(one)) + b"\n")
        return
    is_empty = True
    for one in found:
        is_empty = False
        write([_view(one, now)])
    if is_empty:
        write([[now.tongue.gettext("Nothing new stands there.")]])


def _places(places: tuple[str, ...], password: str | None, now: Session) -> tuple[list[Path], list[Mailbox]]:
    """Tell paths from mailboxes; those of the configuration where none is named."""
    known = now.configuration.feedback
    if not places:
        if not known.wanted:
            raise UsageError(
                coded(
                    "MW8103",
                    "No place is named, and `feedback` of the configuration names none. Give a file or folder.",
                )
            )
        return list(known.paths), list(known.mailboxes)
    paths, boxes = [], []
    for place in places:
        if place.startswith(_SCHEME):
            try:
                boxes.append(mailbox_of(place, password or "", known.mailboxes))
            except WrongValueError as error:
                raise UsageError(error.said) from None
        elif Path(place).exists():
            paths.append(Path(place))
        else:
            raise UsageError(
                coded(
                    "MW6205",
                    '"{place}" is not there. Name a file, a folder or a mailbox (imaps://user@host/folder).',
                    place=place,
                )
            )
    if password is not None and not password.startswith(("file:", "${")):
        raise UsageError(
            coded(
                "MW2121",
                "--password takes '{variable}' or file:/path: who sees this command must not see the password.",
                variable="${NAME}",
            )
        )
    return paths, boxes


def _read(
    paths: list[Path], boxes: list[Mailbox], stated: list[str], state: Path | None, now: Session
) -> Iterator[Reading]:
    from mailwarden.pipeline.store import Store

    secrets = {str(one): _secret(one) for one in boxes}
    path = store_path(state or now.configuration.state_directory)
    if not path.exists():
        tell(now.tongue.gettext("mailwarden has not run here yet: the reports are shown, and count for nothing."))
        yield from read_reports(paths, stated)
        for one in boxes:
            yield from _shown(one, secrets[str(one)], stated)
        return
    now_us = time.time_ns() // 1000
    with Store.open(path) as store:
        ours = set(stated) or {*now.configuration.site.domains, *learned(store.states(OURS)).domains}
        for place in paths:
            found = list(read_reports([place], ours, store.heard, now_us))
            keep(store, found, now_us)
            yield from found
        gathering = Gathering(store, ours)
        for one in boxes:
            yield from gathering.mailbox(one, secrets[str(one)])


def _secret(mailbox: Mailbox) -> str:
    if not mailbox.password:
        raise ConfigurationError(
            [
                coded(
                    "MW2120",
                    "{mailbox} is not configured, and no --password says where its password is.",
                    mailbox=mailbox,
                )
            ]
        )
    return mailbox.secret()


def _shown(mailbox: Mailbox, password: str, ours: list[str]) -> Iterator[Reading]:
    """Read a mailbox without remembering it, and do nothing to it."""
    from datetime import UTC, datetime

    from mailwarden.pipeline.feedback.imap import opened

    seen: set[str] = set()
    with opened(mailbox, password) as folder:
        for uid, data in folder.letters(folder.fresh(None, datetime.now(UTC).date())):
            yield from read_data(f"{mailbox};uid={uid}", data, ours, (), seen)


def _data(one: Reading) -> dict[str, object]:
    report = {} if one.report is None else msgspec.to_builtins(one.report)
    faults: dict[str, object] = {"too_old": True} if one.is_old else {}
    if one.fault:
        faults = {"passed_over": one.fault, "error.code": code_of(one.fault)}
    return {"where": one.where, **report, **faults}


def _view(one: Reading, now: Session) -> Line:
    tongue: Translator = now.tongue
    if one.report is None:
        said = tongue.say(N_("passed over: {fault}"), {"fault": tongue.told(one.fault)})
        return [Span("▲ ", "watch"), printable(f"{one.where}: {said}")]
    said = tongue.say(_KINDS[one.report.kind], msgspec.to_builtins(one.report))
    if one.is_old:
        said = tongue.say(N_("{report} (older than a week: it counts for nothing)"), {"report": said})
        return [Span("· ", "faint"), printable(said)]
    return [Span("■ " if one.report.failed else "✓ ", "minor" if one.report.failed else "ok"), printable(said)]
