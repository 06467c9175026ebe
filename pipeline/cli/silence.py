"""`mailwarden silence`: keep quiet about an incident, with a reason and an end."""

import getpass
import os
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mailwarden.alerts.incidents.normals import Normal
from mailwarden.alerts.telling.silences import Silence
from mailwarden.alerts.words.escape import printable
from mailwarden.alerts.words.translate import N_
from mailwarden.parsers.errors import coded
from mailwarden.pipeline.cli import completing, options
from mailwarden.pipeline.cli.root import Command
from mailwarden.pipeline.cli.session import Session, session
from mailwarden.pipeline.cli.terminal import Line, Span, write
from mailwarden.pipeline.service import acts
from mailwarden.pipeline.showing.sentences import Sentences

if TYPE_CHECKING:
    from mailwarden.alerts.incidents.incident import Incident
    from mailwarden.pipeline.store import Act, Store

__all__ = ["command", "silenced"]

# what is so from now on, by how it ends
_SILENCED = {
    "worse": N_("{id} is silenced until it gets worse: {title}"),
    "time": N_("{id} is silenced until {until}: {title}"),
    "forever": N_("{id} is silenced for ever: {title}"),
}
_NORMAL = {
    "time": N_("{entity} is normal here for {rules} until {until}. What other rules find about it is told."),
    "worse": N_("{entity} is normal here for {rules}, for ever. What other rules find about it is told."),
}


@click.command(
    "silence",
    cls=Command,
    examples=[
        ('mailwarden silence 7K2 --because "newsletter on Mondays"', "until it gets worse"),
        ('mailwarden silence 7K2 --until 2h --because "being mended"', "for two hours; or forever"),
        (
            'mailwarden silence 7K2 --normal --because "scans at night"',
            "normal here: its rules pass over it for 90 days",
        ),
        ("mailwarden silence 7K2 --on-it", "stop repeating it: somebody works on it"),
        ("mailwarden silence --list", "what is silenced, by whom, why and until when; and who is on what"),
        ("mailwarden silence 7K2 --end", "tell it again"),
    ],
)
@click.argument("id_", metavar="[ID]", required=False, shell_complete=completing.incidents)
@click.option(
    "--until",
    metavar="worse|2h|forever",
    help="How long (default: until it gets worse; with --normal 90d).",
)
@click.option("--because", metavar="TEXT", help="Why; it is shown to whoever looks.")
@click.option("--on-it", is_flag=True, help="Say that somebody works on it.")
@click.option("--normal", is_flag=True, help="Say that this is normal here: its rules pass over whom it is about.")
@click.option("--list", "list_", is_flag=True, help="List the silences.")
@click.option("--end", is_flag=True, help="End the silence of an incident, or say that nobody is on it any more.")
@options.state
@click.pass_context
def command(
    context: click.Context,
    id_: str | None,
    until: str | None,
    because: str | None,
    on_it: bool,
    normal: bool,
    list_: bool,
    end: bool,
    state: Path | None,
) -> None:
    """Stop being told about an incident, and say why.

    It is still counted and stands in `mailwarden show` and in the report; you are told when it gets worse, unless you
    say otherwise.
    """
    if sum((on_it, normal, list_, end)) > 1:
        raise click.UsageError(
            coded("MW8106", "--on-it, --normal, --list and --end exclude each other: give one of them."), context
        )
    now = session(context)
    if list_:
        write(_listing(now, state))
        return
    if id_ is None:
        raise click.UsageError(coded("MW8103", "which incident? Give its id, as in:  mailwarden silence 7K2"), context)
    if not (on_it or end or because) and sys.stdin.isatty():  # as an alert names the command: without a reason
        because = click.prompt(now.tongue.gettext("Why, for whoever looks later"), err=True).strip()
    if not (on_it or end or because):
        raise click.UsageError(coded("MW8103", 'say why, for whoever looks later:  --because "…"'), context)
    write([[_act(now, id_, state, until, because, on_it=on_it, normal=normal, end=end)]])


def _act(
    now: Session,
    id_: str,
    state: Path | None,
    until: str | None,
    because: str | None,
    *,
    on_it: bool,
    normal: bool,
    end: bool,
) -> str:
    at_us = time.time_ns() // 1000
    tongue = now.tongue
    with now.store(state, write=True) as store:
        incident = store.incident(id_)
        if incident is None:
            raise click.UsageError(
                coded("MW8109", 'no incident "{id}" among those of the service. List them with  mailwarden', id=id_)
            )
        sentences = Sentences((), tongue, now.zone, ids=store.found.ids())
        if on_it:
            store.add_act("acknowledge", acts.on_it(incident, _who()), at_us)
            said = N_("You are on {id}: it is not told again unless it gets worse.")
        elif end:
            said = _end(store, incident, because or "", at_us)
        else:
            payload = acts.silence(incident, _who(), because or "", at_us, until=until, normal=normal)
            store.add_act("silence", payload, at_us)
            return _silenced(incident, payload, sentences, at_us)
    values = {"id": sentences.short(incident.id), "title": sentences.title(incident)}
    return printable(tongue.say(said, values))


def _end(store: "Store", incident: "Incident", because: str, at_us: int) -> str:
    """Let an incident be told again; give what to say of it."""
    ended = [one for one in store.silences() if one.payload.get("incident") == incident.id]
    for act in ended:
        store.add_act("end_silence", acts.end_silence(incident, _who(), because, act.id), at_us)
    if incident.acknowledged_by:
        store.add_act("let_go", acts.let_go(incident, _who()), at_us)
    if ended:
        return N_("{id} is told again.")
    if incident.acknowledged_by:
        return N_("Nobody is on {id} any more: it is told again.")
    return N_("{id} was not silenced. Nothing was changed.")


def _silenced(incident: "Incident", payload: Mapping[str, Any], sentences: Sentences, at_us: int) -> str:
    """Say what a silence, or the word that this is normal here, means from now on."""
    until_us = payload["until_us"]
    words = _NORMAL if payload["normal"] else _SILENCED
    values = {
        "id": sentences.short(incident.id),
        "title": sentences.title(incident),
        "entity": incident.primary[1],
        "rules": incident.rules,
        "until": sentences.time(until_us, at_us) if until_us else "",
    }
    return printable(sentences.tongue.say(words["time" if until_us else payload["until"]], values))


def _who() -> str:
    name = os.environ.get("SUDO_USER")
    try:
        return name or getpass.getuser()
    except (KeyError, OSError):  # an id without a name, as in a container
        return str(os.getuid())


def silenced(silences: Iterable["Act"], incidents: Iterable["Incident"], at_us: int) -> set[str]:
    """Give the ids of the incidents that are not told at the moment, because somebody said so."""
    acts_of = {act.payload.get("incident", ""): act for act in silences if not _is_over(act, at_us)}
    return {one.id for one in incidents if one.id in acts_of and not _is_outgrown(acts_of[one.id], one)}


def _is_over(act: "Act", at_us: int) -> bool:
    until_us = act.payload.get("until_us")
    return until_us is not None and int(until_us) <= at_us


def _normal(act: "Act") -> Normal | None:
    try:
        return Normal.of_act(act.payload)
    except ValueError:  # the service says so when it takes it up
        return None


def _listing(now: Session, state: Path | None) -> list[Line]:
    """List what is not told: silenced, taken up by somebody, or in maintenance at the moment."""
    tongue = now.tongue
    at_us = time.time_ns() // 1000
    with now.store(state) as store:
        incidents = {one.id: one for one in store.incidents()}
        silences = [act for act in store.silences() if not _is_over(act, at_us)]
    sentences = Sentences(incidents.values(), tongue, now.zone)
    lines: list[Line] = []
    for act in silences:
        incident = incidents.get(act.payload.get("incident", ""))
        lines += _silence(act, incident, sentences, at_us)
    for incident in incidents.values():
        if incident.acknowledged_by and incident.status == "open":
            said = tongue.say(N_("{who} is on it: not repeated"), {"who": incident.acknowledged_by})
            lines += _entry(incident, sentences, said)
    lines += _maintenance(now, at_us)
    return lines or [[tongue.gettext("Nothing is silenced.")]]


def _entry(incident: "Incident | None", sentences: Sentences, said: str) -> list[Line]:
    short = sentences.short(incident.id) if incident else "?"
    title = sentences.title(incident) if incident else ""
    return [[Span(short, "command"), f"  {title}"], [" " * 5, printable(said)]]


def _silence(act: "Act", incident: "Incident | None", sentences: Sentences, at_us: int) -> list[Line]:
    tongue = sentences.tongue
    until_us, normal = act.payload.get("until_us"), _normal(act)
    if until_us:
        until = sentences.time(int(until_us), at_us)
    elif normal or act.payload.get("until") == "forever":
        until = tongue.gettext("somebody ends it")
    else:
        until = tongue.gettext("it is worse than now")
    values = {
        "until": until,
        "who": act.payload.get("who", "?"),
        "because": act.payload.get("because", ""),
        "since": sentences.time(act.at_us, at_us),
    }
    said = tongue.say(N_("until {until}, by {who} since {since}: {because}"), values)
    if normal is not None:
        about = {"entity": normal.primary[1], "rules": list(normal.rules)}
        said = tongue.say(N_("{entity} is normal here for {rules}"), about) + " " + said
    elif incident is not None and _is_outgrown(act, incident):
        said = tongue.gettext("got worse, and is told again;") + " " + said
    return _entry(incident, sentences, said)


def _is_outgrown(act: "Act", incident: "Incident") -> bool:
    try:
        silence = Silence.of_act(str(act.id), act.payload, act.at_us)
    except ValueError:  # as above
        return False
    return silence.until == "worse" and silence.outgrown(incident)


def _maintenance(now: Session, at_us: int) -> list[Line]:
    tongue = now.tongue
    lines: list[Line] = []
    for window in now.configuration.muting().maintenance:
        if window.is_on(at_us, now.zone):
            about = tongue.names([*window.meant.host, *window.meant.domain, *window.meant.category])
            values = {"about": about or tongue.gettext("everything"), "because": window.because or "-"}
            lines.append([printable(tongue.say(N_("In maintenance now: {about}: {because}"), values))])
    return lines
