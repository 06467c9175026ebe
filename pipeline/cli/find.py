"""`mailwarden find`: the story of a message, an address or an account."""

import shlex
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from mailwarden.alerts.state.shelf import Nowhere
from mailwarden.alerts.words.escape import printable
from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.parsers.errors import SourceError, coded
from mailwarden.parsers.event import Event, to_ecs
from mailwarden.pipeline.answers.queued import queued, spellings
from mailwarden.pipeline.answers.words import action_text, reason_text, status_text
from mailwarden.pipeline.cli import options
from mailwarden.pipeline.cli.filter_words import Waiting, checks, is_from_outside, said_by_filter
from mailwarden.pipeline.cli.lines import batches, reader_for
from mailwarden.pipeline.cli.root import Command
from mailwarden.pipeline.cli.session import Session, session
from mailwarden.pipeline.cli.terminal import Line, Span, Style, tell, write
from mailwarden.pipeline.correlation.sessions import JOINED, Sessions
from mailwarden.pipeline.correlation.submission import Submissions, is_handed_in
from mailwarden.pipeline.places import scan_store_path
from mailwarden.pipeline.showing.columns import pad
from mailwarden.pipeline.showing.jsonl import json_line

__all__ = ["command", "story"]

Fields = dict[str, Any]

_ASKED = (  # the fields in which what is looked for may stand
    "mail.queue.id",
    "mail.queue.orig_id",
    "mail.queue.remote_id",
    "email.message_id",
    "email.from.address",
    "email.to.address",
    "mail.original_recipient",
    "user.name",
    "source.ip",
    "mail.session.id",
    "user.id",
    "process.working_directory",
    "file.path",
)
_THREADS = ("mail.queue.id", "mail.queue.orig_id", "mail.queue.parent_id", "mail.queue.child_id", "email.message_id")
_CALL = "process-start"  # of a mail program by a script: what it handed in tells more
_SHOWN = 200
_FEW = 3  # messages whose clients are looked up too
_DID = 18  # columns of what an event did
_STYLES: dict[str, Style] = {"failure": "watch", "success": "ok"}


@click.command(
    "find",
    cls=Command,
    examples=[
        ("mailwarden find 4ZxY3k0jQzz1", "the way of a message, by its queue id"),
        ("mailwarden find ana@example.org", "what an address sent, received, and how it logged in"),
        ("mailwarden find /home/ana/public_html/form.php", "what a script sent"),
        ("mailwarden find 192.0.2.7 mail.log mail.log.1.gz", "in these files instead of the archive"),
        (
            "mailwarden find ana@example.org --queue-ids | postsuper -h -",
            "hold what this login handed in and still waits",
        ),
    ],
)
@click.argument("what", metavar="WHAT")
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option("--json", "json_", is_flag=True, help="One event a line, as JSON.")
@click.option("--all", "everything", is_flag=True, help="Show every event, however many.")
@click.option(
    "--queue-ids",
    is_flag=True,
    help="Only the queue ids, one a line, of mail that WHAT (a login or an address) handed in and that has not left.",
)
@options.timezone
@options.year
@click.pass_context
def command(
    context: click.Context,
    what: str,
    files: tuple[str, ...],
    json_: bool,
    everything: bool,
    queue_ids: bool,
    zone: str | None,
    year: int | None,
) -> int:
    """Tell the story of a message, an address or an account.

    WHAT is a queue id, a message id, a mail address, a login name, a client's address, a session id, a local user, or the
    path of a script or of the directory that it ran in. A message is followed through every queue that it passes. It is
    looked for in the archive of `mailwarden run`, or, lacking one, in the files that the last scan read.
    """
    now = session(context, zone=zone, own=True)
    names = spellings(what, now.configuration.site.default_domain)
    failed = False
    years: dict[str, int | None] = dict.fromkeys(files, year)
    if not years and not now.configuration.archive_directory.exists():
        years = _scanned()
        if not years:
            now.insist()
    if years:
        found, problems = _in_files(names, years, zone or now.configuration.timezone)
        for problem in problems:
            tell(now.tongue.told(problem))
        failed = bool(problems)
    else:
        found = list(_in_archive(names, now))
        found = _with_early(found, _early_in_archive(found, names, now))
    found = [fields for fields in found if fields.get("event.action") != _CALL] or found
    if queue_ids:
        for queue_id in queued(found, names):
            click.echo(queue_id)
    elif json_:
        for fields in found:
            sys.stdout.buffer.write(json_line(fields) + b"\n")
        sys.stdout.buffer.flush()
    elif found or not failed:  # that nothing names it is not known of what could not be read
        write(story(what, found, now.tongue, everything=everything))
    return 3 if failed else 0


def _in_archive(names: list[str], now: Session) -> Iterable[Fields]:
    from mailwarden.pipeline.archive import find

    directory = now.configuration.archive_directory
    if not directory.exists():
        raise SourceError(
            coded(
                "MW5204",
                "{directory}: there is no archive: mailwarden run fills it. "
                "Name the files to look in:  mailwarden find {name} /var/log/mail.log",
                directory=directory,
                name=shlex.quote(names[0]),
            )
        )
    return find(directory, *names)


def _early_in_archive(found: list[Fields], names: Collection[str], now: Session) -> list[Fields]:
    """Give what filters said of the clients of a few messages before these had a number."""
    came = [fields for fields in found if fields.get("event.action") == "message-received" and fields.get("source.ip")]
    sources = {str(fields["source.ip"]) for fields in came}
    if not came or len(came) > _FEW or sources & set(names):
        return []
    waiting = Waiting()
    for fields in _in_archive(sorted(sources), now):
        waiting.keep(fields)
    return [dict(one) for fields in came for one in waiting.before(fields)]


def _scanned() -> dict[str, int | None]:
    """Give the files that the last scan read and that are still there, with the year of their last line."""
    from mailwarden.pipeline.store import Store

    path = scan_store_path()
    if not path.exists():
        return {}
    with Store.open(path, read_only=True) as store:
        positions = store.positions()
    clocks = {name: (position.get("reader") or {}).get("clock", {}) for name, position in positions.items()}
    return {name: clock.get("year") for name, clock in clocks.items() if Path(name).is_file()}


def _events(path: str, zone: str | None, year: int | None) -> Iterator[Fields]:
    reader = reader_for(path, zone, year)
    sessions, calls = Sessions(None, Nowhere()), Submissions(Nowhere())
    for lines in batches(path):
        for event in reader.read_lines([line.decode("utf-8", "surrogateescape") for line in lines]):
            if event.event_module in JOINED:
                event.stream_us = event.timestamp_us
                sessions.join(event)
            elif event.event_module == "exim":
                _called(event, calls)
            fields = to_ecs(event)
            fields["event.original"] = event.event_original
            yield fields


def _called(event: Event, calls: Submissions) -> None:
    """Say on a message that a script handed in from which directory: Exim tells it on a line of its own, before."""
    event.stream_us = event.timestamp_us
    if event.event_action == _CALL:
        calls.called(event)
    elif event.event_action == "message-received" and is_handed_in(event):
        event.process_working_directory = calls.directory(event, event.user_id or event.user_name or "")


def _in_files(
    names: Collection[str], years: Mapping[str, int | None], zone: str | None
) -> tuple[list[Fields], list[str]]:
    """Read files (each with the year of its last line) twice: what has one of the names, then all of the same messages."""
    threads: set[str] = set()
    problems: list[str] = []
    for path, year in years.items():
        try:
            for fields in _events(path, zone, year):
                if _names(fields, names):
                    threads.update(value for name in _THREADS for value in _values(fields.get(name)))
        except SourceError as error:
            problems.append(error.said)
    threads.discard("")
    found: list[Fields] = []
    early: list[Mapping[str, Any]] = []
    for path, year in years.items():
        waiting = Waiting()
        with suppress(SourceError):  # told above; what stands before the place where a file breaks off counts
            for fields in _events(path, zone, year):
                if _names(fields, names) or any(
                    value in threads for name in _THREADS for value in _values(fields.get(name))
                ):
                    early += waiting.before(fields)
                    found.append(fields)
                else:
                    waiting.keep(fields)
    return _with_early(found, early), problems


def _with_early(found: list[Fields], early: Iterable[Mapping[str, Any]]) -> list[Fields]:
    """Put in what filters said of the client and the sender of a message before it had a number."""
    senders = {address for fields in found for address in _values(fields.get("email.from.address"))}
    recipients = {address for fields in found for address in _values(fields.get("email.to.address"))}
    known = {id(fields) for fields in found}
    added: dict[tuple[str, ...], Fields] = {}  # the last word of each kind: every recipient is asked about
    for fields in early:
        sender, recipient = _values(fields.get("email.from.address")), _values(fields.get("email.to.address"))
        if id(fields) not in known and senders.issuperset(sender) and recipients.issuperset(recipient):
            added[(str(fields.get("event.action")), str(fields.get("mail.spf.result")), *recipient)] = dict(fields)
    if not added:
        return found
    return sorted([*found, *added.values()], key=lambda fields: str(fields.get("@timestamp", "")))


def _names(fields: Fields, names: Collection[str]) -> bool:
    return any(value in names for field in _ASKED for value in _values(fields.get(field)))


def _values(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(one).lower() for one in value] if isinstance(value, list) else [str(value).lower()]


def story(what: str, found: list[Fields], tongue: Translator, *, everything: bool = False) -> list[Line]:
    """Show events as the way something took, one a line."""
    if not found:
        said = N_("Nothing names “{what}”. It may be older than what was kept, or spelled otherwise.")
        return [[printable(tongue.say(said, {"what": what}))]]
    shown = found if everything else found[-_SHOWN:]
    lines: list[Line] = [[Span(_verdict(what, found, tongue), "strong")]]
    checked = checks(found, tongue)
    if checked:
        lines.append([printable(checked)])
    lines.append([])
    outside = is_from_outside(found)
    lines += [_row(fields, tongue, outside) for fields in shown]
    rest = len(found) - len(shown)
    if rest:
        lines.append(
            [tongue.count("and {number} event before (--all)", "and {number} events before these (--all)", rest)]
        )
    return lines


def _verdict(what: str, found: list[Fields], tongue: Translator) -> str:
    """Say how it ended: what became of the last delivery, or how many events there are."""
    recipients: dict[str, str] = {}
    for fields in found:
        if fields.get("event.action") == "delivery":
            status = fields.get("mail.delivery.status")
            for address in fields.get("email.to.address") or ["?"]:
                if status or str(address) not in recipients:  # Dovecot tells of what Postfix has told the end of
                    recipients[str(address)] = str(status or "?")
    named = {"what": what}
    if not recipients:
        said = tongue.count("{number} event names {what}.", "{number} events name {what}.", len(found), named)
        return printable(said)
    counts = {status: list(recipients.values()).count(status) for status in dict.fromkeys(recipients.values())}
    ended = [
        tongue.say(
            N_("{number} {status}"),
            {"number": number, "status": status_text(status, tongue)},
        )
        for status, number in counts.items()
    ]
    first = tongue.count(
        "{number} recipient: {ended}.",
        "{number} recipients: {ended}.",
        len(recipients),
        {"ended": tongue.gettext(", ").join(ended)},
    )
    second = tongue.count(
        "{number} event names {what} or belongs to it.",
        "{number} events name {what} or belong to it.",
        len(found),
        named,
    )
    return printable(tongue.say(N_("{first} {second}"), {"first": first, "second": second}))


_TOLD = (
    "source.ip",
    "user.name",
    "mail.queue.id",
    "email.from.address",
    "email.to.address",
    "mail.delivery.relay",
    "event.reason",
    "smtp.reply.text",
)


def _row(fields: Fields, tongue: Translator, outside: bool) -> Line:
    stamp = str(fields.get("@timestamp", ""))[:19].replace("T", " ")
    action, status = str(fields.get("event.action", "")), str(fields.get("mail.delivery.status") or "")
    did = status_text(status, tongue) if action == "delivery" and status else action_text(action, tongue)
    parts = []
    for name in _TOLD:
        value = fields.get(name)
        if value:
            text = tongue.gettext(", ").join(map(str, value[:3])) if isinstance(value, list) else str(value)
            parts.append(printable(reason_text(text, tongue) if name == "event.reason" else text))
    parts += [printable(said) for said in said_by_filter(fields, tongue, outside=outside)]
    style = _STYLES.get(str(fields.get("event.outcome", "")), "")
    return [
        Span(stamp, "faint"),
        "  ",
        Span(pad(printable(did), _DID), style),
        "  ",
        "  ".join(parts),
    ]
