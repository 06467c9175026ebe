"""`mailwarden people`: who reads mail how, and who sends."""

import sys
from pathlib import Path

import click

from mailwarden.alerts.words.escape import printable
from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.parsers.errors import coded
from mailwarden.pipeline.answers import reading, sending
from mailwarden.pipeline.answers.natures import nature_text
from mailwarden.pipeline.answers.reading import MARKS, Account, Way
from mailwarden.pipeline.answers.sending import Mailer
from mailwarden.pipeline.answers.words import PROTOCOLS
from mailwarden.pipeline.cli import options
from mailwarden.pipeline.cli.root import Command
from mailwarden.pipeline.cli.session import session
from mailwarden.pipeline.cli.terminal import Line, Span, tell, write
from mailwarden.pipeline.places import scan_store_path
from mailwarden.pipeline.showing.columns import columns, pad, shorten
from mailwarden.pipeline.showing.jsonl import json_line

__all__ = ["command"]

_SHOWN = 20
_NAME = 34  # columns
_READ = ("imap", "pop3", "smtp")


@click.command(
    "people",
    cls=Command,
    examples=[
        ("mailwarden people --protocol pop3 --without-tls", "who still reads mail by POP3 without TLS?"),
        ("mailwarden people --mark vanishing", "whose mail does POP3 delete while IMAP reads it too?"),
        ("mailwarden people --senders", "who sends: people, newsletters, contact forms, programs"),
    ],
)
@click.option("--protocol", type=click.Choice(_READ), help="Only who came by this protocol.")
@click.option("--without-tls", is_flag=True, help="Only who came without TLS: --mark clear.")
@click.option("--mark", type=click.Choice(tuple(MARKS)), help="Only accounts with this mark.")
@click.option("--senders", is_flag=True, help="Who sends, and what it is, instead of who reads.")
@click.option(
    "--days", type=click.IntRange(1, 400), default=7, help="How many days, up to the newest line (default: 7)."
)
@click.option("--all", "everything", is_flag=True, help="Show all, however many.")
@click.option("--json", "as_json", is_flag=True, help="One object a line.")
@options.state
@click.pass_context
def command(
    context: click.Context,
    protocol: str | None,
    without_tls: bool,
    mark: str | None,
    senders: bool,
    days: int,
    everything: bool,
    as_json: bool,
    state: Path | None,
) -> None:
    """Say who reads mail how, and who sends.

    Of each account: protocols, TLS, how much was fetched, from where and by what kind of program, as far as the logs tell.
    Counts are kept by the day, so that the first day may be a part of one.
    """
    from mailwarden.pipeline.store import Reader

    if without_tls and mark not in (None, "clear"):
        raise click.UsageError(
            coded("MW8106", "--without-tls and --mark exclude each other: give one of them."), context
        )
    now = session(context)
    mark = "clear" if without_tls else mark
    with now.store(state, scanned=True) as store:
        if store.path == scan_store_path():
            tell(now.tongue.gettext("mailwarden has not run here yet: this is of what the last scan read."))
        reader, end_us = Reader(store), int(store.meta("stream_us") or 0)
        if senders:
            mailers = sending.mailers(reader, end_us - days * reading.DAY_US, end_us + reading.DAY_US).first
            data = [sending.as_data(one) for one in mailers]
            lines = _senders(mailers, days, now.tongue, None if everything else _SHOWN)
        else:
            seen = reading.accounts_of(reader, days, end_us)
            found = [one for one in seen if reading.fits(one, mark, protocol)]
            reading.fill(reader, found if everything or as_json else found[:_SHOWN], days, end_us)
            data = [reading.as_data(one) for one in found]
            lines = _people(found, len(seen), protocol, mark, days, now.tongue, None if everything else _SHOWN)
    if as_json:
        for row in data:
            sys.stdout.buffer.write(json_line(row) + b"\n")
        return
    write(lines)


def _people(
    found: list[Account],
    seen: int,
    protocol: str | None,
    mark: str | None,
    days: int,
    tongue: Translator,
    most: int | None,
) -> list[Line]:
    lines: list[Line] = [[Span(_verdict(found, seen, protocol, mark, days, tongue), "strong")]]
    width = min(_NAME, max((columns(printable(one.name)) for one in found[:most]), default=0))
    for one in found[:most]:
        ways = [way for way in one.ways.values() if protocol in (None, way.protocol)]
        ways.sort(key=lambda way: -way.logins)
        for number, way in enumerate(ways):
            name = shorten(printable(one.name), width) if not number else ""
            lines.append([f"  {pad(name, width)}  {printable(_way(way, tongue))}"])
        notes = [tongue.gettext(MARKS[each]) for each in one.marks if each != mark]
        if one.deleted:
            notes.append(
                tongue.count("{number} message deleted by POP3", "{number} messages deleted by POP3", one.deleted)
            )
        if notes:
            lines.append([f"  {' ' * width}  ", Span("▲ " + tongue.gettext(", ").join(notes), "watch")])
    return [*lines, *_rest(len(found) - len(found[:most]), tongue)]


def _verdict(
    found: list[Account], seen: int, protocol: str | None, mark: str | None, days: int, tongue: Translator
) -> str:
    """Answer what was asked in a sentence."""
    values: dict[str, object] = {
        "days": tongue.count("{number} day", "{number} days", days),
        "protocol": PROTOCOLS.get(protocol or "", ""),
        "mark": tongue.gettext(MARKS[mark]) if mark else "",
        "seen": tongue.count("{number} account", "{number} accounts", seen),
        "found": tongue.count("{number} account", "{number} accounts", len(found)),
    }
    if not seen:
        return tongue.say(N_("Nobody logged in within {days}, as far as the logs tell."), values)
    if not found and mark != "clear":
        return tongue.say(N_("None of {seen} in {days}."), values)
    if mark == "clear" and not found:
        said = N_("Nobody was seen to come by {protocol} without TLS in {days}.") if protocol else N_(
            "Nobody was seen to come without TLS in {days}."
        )  # fmt: skip
        return tongue.say(said, values)
    if protocol and mark:
        return tongue.say(N_("{found} by {protocol}, {mark}, in {days} ({seen} in all)."), values)
    if protocol or mark:
        values["what"] = values["mark"] or values["protocol"]
        return tongue.say(N_("{found}: {what}, in {days} ({seen} in all)."), values)
    return tongue.say(N_("{found} logged in within {days}."), values)


def _way(way: Way, tongue: Translator) -> str:
    tls = reading.tls_text(way)
    values: dict[str, object] = {
        "protocol": reading.protocol_word(way),
        "logins": tongue.count("{number} login", "{number} logins", way.logins),
        "tls": tongue.gettext("TLS not told") if tls == "?" else tls if tls == "TLS" else f"TLS {tls}",
    }
    if way.clear:
        some = tongue.count("{number} without TLS", "{number} without TLS", way.clear)
        values["tls"] = tongue.gettext("without TLS") if way.clear == way.logins else some
    parts = [tongue.say(N_("{protocol} {logins}, {tls}"), values)]
    if way.size:
        parts.append(tongue.say(N_("{size} fetched"), {"size": reading.size_text(way.size, tongue)}))
    return " · ".join([*parts, *filter(None, [reading.pattern_text(way, tongue)])])


def _senders(found: list[Mailer], days: int, tongue: Translator, most: int | None) -> list[Line]:
    values: dict[str, object] = {
        "senders": tongue.count("{number} sender", "{number} senders", len(found)),
        "days": tongue.count("{number} day", "{number} days", days),
        "recipients": tongue.count(
            "{number} recipient", "{number} recipients", sum(one.traits.recipients for one in found)
        ),
    }
    said = tongue.say(N_("{senders} in {days}, to {recipients}."), values)
    if not found:
        said = tongue.say(N_("Nobody sent anything within {days}, as far as the logs tell."), values)
    lines: list[Line] = [[Span(said, "strong")]]
    width = min(_NAME, max((columns(printable(one.sender.name)) for one in found[:most]), default=0))
    for one in found[:most]:
        name = shorten(printable(one.sender.name), width)
        number = tongue.value("number", one.traits.recipients)
        is_suspect = one.nature.name == "suspect"
        what = Span(nature_text(one.nature, tongue), "watch" if is_suspect else "")
        lines.append([f"  {pad(name, width)}  {number:>9}  {'▲ ' if is_suspect else ''}", what])
    return [*lines, *_rest(len(found) - len(found[:most]), tongue)]


def _rest(number: int, tongue: Translator) -> list[Line]:
    return [[f"  {tongue.count('and {number} more', 'and {number} more', number)} (--all)"]] if number > 0 else []
