"""`mailwarden risk`: how near our addresses and domains are to a block, why, and what to do first."""

import sys
import time
from pathlib import Path

import click

from mailwarden.alerts.risk.score import ALARM, CALM, WATCH, Grade
from mailwarden.alerts.risk.words import trend_word
from mailwarden.alerts.words.escape import printable
from mailwarden.alerts.words.providers import provider_name
from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.pipeline.answers.risks import Standing, as_data, read_risks, todo
from mailwarden.pipeline.cli import options
from mailwarden.pipeline.cli.root import Command
from mailwarden.pipeline.cli.session import Session, session
from mailwarden.pipeline.cli.terminal import Line, Span, Style, page_width, tell, write
from mailwarden.pipeline.places import scan_store_path
from mailwarden.pipeline.showing.columns import columns, wrap
from mailwarden.pipeline.showing.jsonl import json_line

__all__ = ["command"]

_MOST = 8  # senders that are shown one by one
_NAMES = 3
_MARGIN = 10  # columns before what a part is called
_ROOM = 24  # columns that who says so must have to stand beside it; else it stands below


@click.command(
    "risk",
    cls=Command,
    examples=[
        ("mailwarden risk", "each sending address and domain, the worst first"),
        ("mailwarden risk --json", "the same as data"),
    ],
)
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
@options.state
@click.pass_context
def command(context: click.Context, as_json: bool, state: Path | None) -> None:
    """Say how near our addresses and domains are to a block.

    The number goes from 0 to 100 and is the sum of its parts: what receivers refuse or put off and why, recipients that do
    not exist, complaints, our own filter's verdicts, volume, and what probes see of block lists and DNS records. Each part
    fades. From 60 on, and when it rises fast, people are told.
    """
    now = session(context)
    with now.store(state, scanned=True) as store:
        if store.path == scan_store_path():
            tell(now.tongue.gettext("mailwarden has not run here yet: this is of what the last scan read."))
        standings, as_of_us = read_risks(store, called=now.configuration.called)
        modules = sorted({module for one in store.incidents(status="open") for module in one.modules})
    if as_json:
        steps = todo(standings, modules, now.tongue)
        data = {
            "as_of_us": as_of_us,
            "senders": [as_data(one) for one in standings],
            "todo": [{"text": step.text, "command": step.command, "about": who} for step, who in steps],
        }
        sys.stdout.buffer.write(json_line(data) + b"\n")
        return
    write(_view(standings, modules, now))


def _view(standings: list[Standing], modules: list[str], now: Session) -> list[Line]:
    tongue = now.tongue
    shown = [one for one in standings if one.risk.score >= CALM][:_MOST]
    lines: list[Line] = [[Span(_verdict(standings, tongue), _style(standings[0].risk.score) if standings else "faint")]]
    if shown:
        lines += [[line] for line in _plainly(shown[0], tongue)]
    for one in shown:
        lines += [[], *_sender(one, now)]
    rest = len(standings) - len(shown)
    if shown and rest:
        lines += [[], [tongue.count("{number} more, near 0", "{number} more, near 0", rest)]]
    unchecked = {part for one in standings[:1] for part in one.risk.unchecked}
    lines += [[], *_unchecked(unchecked, tongue)] if unchecked else []
    steps = todo(shown, modules, tongue)
    if steps:
        lines += [[], [Span(tongue.gettext("What to do, in this order"), "faint")]]
        for number, (step, who) in enumerate(steps[:5], 1):
            lines += _step(number, step.text, step.command, who)
    return lines


def _verdict(standings: list[Standing], tongue: Translator) -> str:
    if not standings:
        return tongue.gettext("No mail has left yet: there is nothing to judge.")
    worst = standings[0]
    values = {"sender": worst.shown, "risk": worst.risk.score, "trend": trend_word(worst.risk.trend, tongue)}
    if worst.risk.score < CALM:
        return "✓ " + printable(tongue.say(N_("No sign of a block: the worst is {sender} with {risk} of 100."), values))
    mark = "●" if worst.risk.score >= ALARM else "▲" if worst.risk.score >= WATCH else "■"
    return f"{mark} " + printable(tongue.say(N_("Blacklist risk of {sender}: {risk} of 100, {trend}."), values))


def _plainly(worst: Standing, tongue: Translator) -> list[str]:
    """Say what the number means: what happens, and how sure that is."""
    grades = {grade.part.name: grade for grade in worst.risk.grades}
    refusing = grades.get("refusals")
    receivers = {name for grade in worst.risk.grades for name in grade.receivers}
    if "listings" in grades:
        names = tongue.names(sorted(grades["listings"].behind))
        said = tongue.say(N_("It stands on {lists}. That is sure: the lists were asked."), {"lists": names})
    elif worst.story is not None and worst.story.blocked_us and refusing is not None:
        most = sorted(refusing.receivers, key=lambda name: -refusing.receivers[name])[:_NAMES]
        names = tongue.names([provider_name(name) for name in most])
        said = tongue.say(
            N_("Mail is refused already, by {receivers} and maybe others. That is sure: their replies say so."),
            {"receivers": names},
        )
    elif worst.risk.score >= ALARM:
        said = tongue.gettext(
            "Nothing is refused for good yet. If it goes on, a block is likely; it is what the signs add up to."
        )
    elif worst.risk.score >= WATCH:
        said = tongue.gettext("Nothing is refused for good yet. The signs may pass, or be the beginning: look today.")
    else:
        said = tongue.gettext("A slight sign, which most often passes by itself.")
    if len(receivers) == 1 and "listings" not in grades:
        said += tongue.say(N_(" Only {receiver} says so."), {"receiver": provider_name(next(iter(receivers)))})
    return [f"  {line}" for line in wrap(printable(said), page_width() - 2)]


def _style(score: int) -> Style:
    return "critical" if score >= ALARM else "watch" if score >= WATCH else "minor" if score >= CALM else "ok"


def _sender(one: Standing, now: Session) -> list[Line]:
    tongue = now.tongue
    name = one.called
    head = f"{one.risk.score:>3}  {printable(name)}  {trend_word(one.risk.trend, tongue)}"
    lines: list[Line] = [[Span(head, _style(one.risk.score))]]
    width = max(columns(tongue.gettext(grade.part.says)) for grade in one.risk.grades)
    beside = page_width() - _MARGIN - width - 2 >= _ROOM
    for grade in one.risk.grades:
        says = tongue.gettext(grade.part.says)
        text = f"     {round(grade.points):>3}  {says}"
        lead = _MARGIN + width + 2 if beside else _MARGIN + 2
        why = [" " * lead + row for row in wrap(_why(grade, tongue), page_width() - lead)]
        if beside:
            why[0] = text + why[0][columns(text) :]
        else:
            lines.append([text])
        lines += [[row] for row in why]
    told = (row for line in _story(one, now) for row in wrap(line, page_width() - _MARGIN))
    lines += [[" " * _MARGIN + row] for row in told]
    return lines


def _why(grade: Grade, tongue: Translator) -> str:
    """Name who says so, and who is behind it."""
    receivers = _names({provider_name(name): count for name, count in grade.receivers.items()})
    who = _names(grade.behind)
    return printable(
        "; ".join(part for part in (receivers, tongue.say(N_("by {who}"), {"who": who}) if who else "") if part)
    )


def _names(counts: dict[str, int]) -> str:
    first = sorted(counts, key=lambda name: (-counts[name], name))
    return ", ".join(f"{name} {counts[name]}" for name in first[:_NAMES]) + (" …" if len(first) > _NAMES else "")


def _story(one: Standing, now: Session) -> list[str]:
    tongue, story = now.tongue, one.story
    if story is None:
        return []
    near = time.time_ns() // 1000
    lines = [tongue.say(N_("first sign {at}"), {"at": tongue.time(story.sign_us, zone=now.zone, near_us=near)})]
    if story.warned_us:
        lines.append(tongue.say(N_("told {at}"), {"at": tongue.time(story.warned_us, zone=now.zone, near_us=near)}))
    if story.blocked_us:
        lines.append(
            tongue.say(N_("first block {at}"), {"at": tongue.time(story.blocked_us, zone=now.zone, near_us=near)})
        )
    told = [" · ".join(lines)]
    if one.forecast_s is not None:
        values = {
            "hours": max(1, round(one.forecast_s / 3600)),
            "count": sum(bool(s.blocked_us) for s in one.sender.stories),
        }
        told.append(tongue.say(N_("a block may follow in about {hours} h, as after {count} declines before"), values))
    return told


def _unchecked(parts: set[str], tongue: Translator) -> list[Line]:
    words = []
    if "listings" in parts:
        words.append(tongue.gettext("block lists: not checked (the service asks them: mailwarden run)"))
    if "posture" in parts:
        words.append(tongue.gettext("DNS, names, certificates: not checked (mailwarden check DOMAIN)"))
    return [[Span(word, "faint")] for word in words]


def _step(number: int, text: str, command: str | None, who: list[str]) -> list[Line]:
    about = f" ({', '.join(printable(one) for one in who)})" if who else ""
    first, *more = wrap(printable(text) + about, page_width() - 5)
    lines: list[Line] = [[f"  {number}. {first}"], *([f"     {line}"] for line in more)]
    if command is not None and not command.endswith("''"):
        lines.append(["     ", Span(printable(command), "command")])
    return lines
