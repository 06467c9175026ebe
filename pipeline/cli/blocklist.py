"""`mailwarden blocklist`: who may be blocked, and the list in the form of what blocks."""

import subprocess
import sys
import time
from pathlib import Path

import click

from mailwarden.alerts.blocklist import Blocklist, Entry
from mailwarden.alerts.telling.filling import short_id
from mailwarden.alerts.words.escape import printable
from mailwarden.alerts.words.translate import N_
from mailwarden.parsers.errors import DeliveryError, UsageError, coded
from mailwarden.parsers.event import iso
from mailwarden.pipeline.cli import options
from mailwarden.pipeline.cli.root import Command
from mailwarden.pipeline.cli.session import Session, session
from mailwarden.pipeline.cli.terminal import Line, Span, tell, write
from mailwarden.pipeline.showing.jsonl import json_line

__all__ = ["command"]

_FORMS = ("text", "nftables", "fail2ban", "crowdsec", "csf", "json")  # those of mailwarden.pipeline.blocking
_SHOWN = 20


@click.command(
    "blocklist",
    cls=Command,
    examples=[
        ("mailwarden blocklist", "who would be blocked, why and until when; who is spared, and why"),
        ("mailwarden blocklist --form nftables", "the list as nft reads it, on standard output"),
        ("mailwarden blocklist --write", "write the outputs of the configuration now, and run their commands"),
    ],
)
@click.option("--form", type=click.Choice(_FORMS), help="Print the list in this form, and nothing else.")
@click.option("--write", "write_", is_flag=True, help="Hand it to the outputs of the configuration now.")
@click.option("--all", "everything", is_flag=True, help="Show every entry.")
@click.option("--json", "as_json", is_flag=True, help="What is listed and what is spared, one object a line.")
@options.state
@click.pass_context
def command(
    context: click.Context, form: str | None, write_: bool, everything: bool, as_json: bool, state: Path | None
) -> int:
    """Show which addresses may be blocked, why and until when, and which are spared.

    mailwarden blocks nobody by itself. While it runs it hands this list to the outputs of `blocklist:` in the
    configuration; without any it is only shown.
    """
    from mailwarden.pipeline.blocking import read_blocklist, written

    if sum((form is not None, write_, as_json)) > 1:
        raise click.UsageError(
            coded("MW8106", "--form, --write and --json exclude each other: give one of them."), context
        )
    now = session(context)
    setting = now.configuration.blocklist
    now_us = time.time_ns() // 1000
    with now.store(state, scanned=True) as store:
        listed = read_blocklist(store, setting, now.configuration.as_site(), now_us)
        ids = store.found.ids()
    if form is not None:
        sys.stdout.write(written(form, listed.entries, now_us))
        return 0
    if as_json:
        for line in _data(listed):
            sys.stdout.buffer.write(json_line(line) + b"\n")
        return 0
    if write_:
        return _write(now, listed.entries, now_us)
    write(_view(now, listed, ids, now_us, limit=None if everything else _SHOWN))
    return 0


def _write(now: Session, entries: list[Entry], now_us: int) -> int:
    from mailwarden.pipeline.blocking import fault_of, hand_over

    setting = now.configuration.blocklist
    if not setting.outputs:
        raise UsageError(coded("MW2111", "No output is set: see blocklist: in mailwarden.yml. Nothing was written."))
    if setting.dry_run:
        write([[now.tongue.gettext("This is a dry run (blocklist.dry_run): nothing was written.")]])
        return 0
    wrong = 0
    for output in setting.outputs:
        try:
            hand_over(output, entries, now_us)
        except (OSError, DeliveryError, subprocess.SubprocessError) as error:
            wrong += 1
            tell(now.tongue.told(fault_of(output, error)))
        else:
            values = {"where": str(output.path or "webhook"), "form": output.form}
            said = now.tongue.count(
                "{where}: {number} entry, as {form}.", "{where}: {number} entries, as {form}.", len(entries), values
            )
            write([[printable(said)]])
    return 3 if wrong else 0


def _view(now: Session, listed: Blocklist, ids: list[str], now_us: int, limit: int | None) -> list[Line]:
    tongue = now.tongue
    values = {"listed": len(listed.entries), "spared": len(listed.spared)}
    setting = now.configuration.blocklist
    lines: list[Line] = [[Span(tongue.say(N_("{listed} may be blocked, {spared} are spared."), values), "strong")]]
    if not setting.outputs:
        lines.append([tongue.gettext("Nothing is done with it: no output is set under blocklist: in mailwarden.yml.")])
    elif setting.dry_run:
        lines.append([tongue.gettext("Nothing is done with it: blocklist.dry_run is on.")])
    newest = sorted(listed.entries, key=lambda one: (-one.seen_us, one.value))
    for one in newest[:limit]:
        until = tongue.time(one.until_us, zone=now.zone, near_us=now_us)
        reason = {
            "until": until,
            "rule": one.rule,
            "count": tongue.count("{number} event", "{number} events", one.events),
            "id": short_id(one.incident, ids),
        }
        said = tongue.say(N_("until {until}: {rule}, {count}, mailwarden show {id}"), reason)
        lines.append([Span(f"  {one.value:<18}", "command"), f"  {printable(said)}"])
    rest = len(newest) - len(newest[:limit])
    if rest:
        lines.append([f"  {tongue.count('and {number} more', 'and {number} more', rest)} (--all)"])
    if listed.spared:
        lines += [[], [Span(tongue.gettext("Spared"), "strong")]]
        for spared in listed.spared[:limit]:
            lines.append([f"  {spared.address:<18}  {tongue.gettext(spared.why)}"])
        rest = len(listed.spared) - len(listed.spared[:limit])
        if rest:
            lines.append([f"  {tongue.count('and {number} more', 'and {number} more', rest)} (--all)"])
    return lines


def _data(listed: Blocklist) -> list[dict[str, object]]:
    found: list[dict[str, object]] = [
        {
            "listed": True,
            "value": one.value,
            "address": one.address,
            "until": iso(one.until_us),
            "rule": one.rule,
            "severity": one.severity,
            "event_count": one.events,
            "incident.id": one.incident,
        }
        for one in listed.entries
    ]
    found += [
        {"listed": False, "address": one.address, "why": one.why, "incident.id": one.incident} for one in listed.spared
    ]
    return found
