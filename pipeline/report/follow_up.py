"""What a week owes to the week before: what became of what was asked for, and which alerts people called normal here."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Literal

import msgspec

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.incidents.normals import Normal
from mailwarden.alerts.terms import LOUD
from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.pipeline.report.document import Note, Section
from mailwarden.pipeline.report.layout import date_text, more_text
from mailwarden.pipeline.showing.sentences import Sentences
from mailwarden.pipeline.store import Act, IncidentFilter, Reader, Store

__all__ = ["CalledNormal", "Earlier", "called_normal", "earlier", "normal_section", "seen_of_late", "still_section"]

_DAY_US = 86_400_000_000
_SHOWN = 5
_LOOKED_AT = 500  # incidents of two weeks that people were told of
_RULES = 3  # of an exception that a proposal writes out
# `except` takes these by value alone.
_AS_IT_IS = ("mailwarden.account", "user.name", "source.ip", "mailwarden.network")
_ORDER = {"open": 0, "back": 1, "over": 2}


class Earlier(msgspec.Struct, frozen=True):
    """Something that the week before asked for: `open` still, `over` since an instant, or over and `back` as another."""

    incident: str
    state: Literal["open", "back", "over"]
    since_us: int
    now: str  # the incident that stands for it today


class CalledNormal(msgspec.Struct, frozen=True):
    """An incident that somebody called normal here; `setting` would make it so for good."""

    incident: str
    who: str
    because: str
    until_us: int | None
    setting: str  # YAML, in one line


def seen_of_late(store: Store, since_us: int) -> list[Incident]:
    """Give the incidents worth telling that were seen since an instant, and those that somebody called normal."""
    reader = Reader(store)
    wanted = IncidentFilter(severities=LOUD, since_us=since_us, parts=True)
    found = {one.id: one for one in reader.incidents(wanted, order="newest", limit=_LOOKED_AT)}
    for act in store.silences():
        if act.at_us >= since_us and act.payload.get("exception") is not None:
            one = reader.by_id(str(act.payload.get("incident", "")))
            found |= {} if one is None else {one.id: one}
    return list(found.values())


def earlier(incidents: Sequence[Incident], from_us: int) -> list[Earlier]:
    """Give what was asked for in the week before an instant, what still is so first.

    Args:
        incidents: What `seen_of_late` gives of the time since that week began.
        from_us: Where it ended.
    """
    ids = {one.id for one in incidents}
    later: dict[str | None, Incident] = {one.previous: one for one in incidents if one.previous}
    asked = [
        one
        for one in incidents
        if one.first_seen_us < from_us
        and one.severity in LOUD
        and one.parent not in ids
        and not _had_ended(one, from_us)
    ]
    found = [_now(one, later) for one in asked]
    return sorted(found, key=lambda one: (_ORDER[one.state], -one.since_us, one.incident))


def _had_ended(one: Incident, at_us: int) -> bool:
    """Say whether an incident was closed before: it is quiet after twice its span, and closed a day later."""
    return one.status == "closed" and one.last_seen_us + 2 * one.span_us + _DAY_US < at_us


def _now(one: Incident, later: Mapping[str | None, Incident]) -> Earlier:
    last = one
    while last.id in later:
        last = later[last.id]
    if last.status == "open":
        return Earlier(one.id, "open" if last is one else "back", last.first_seen_us, last.id)
    return Earlier(one.id, "over", last.last_seen_us, last.id)


def called_normal(store: Store, incidents: Mapping[str, Incident], from_us: int, to_us: int) -> list[CalledNormal]:
    """Give what people called normal here in a time, as long as nobody took it back."""
    acts = [act for act in store.silences() if from_us <= act.at_us < to_us]
    return [one for act in acts if (one := _called(act, incidents)) is not None]


def _called(act: Act, incidents: Mapping[str, Incident]) -> CalledNormal | None:
    id_ = str(act.payload.get("incident", ""))
    try:
        normal = Normal.of_act(act.payload)
    except msgspec.ValidationError:  # the service says so when it meets it
        return None
    if normal is None or id_ not in incidents:
        return None
    name, value = normal.primary
    exception = json.dumps(value if name in _AS_IT_IS else {name: value}, ensure_ascii=False)
    rules = ", ".join(f"{rule}: {{except: [{exception}]}}" for rule in normal.rules[:_RULES])
    who, because = (str(act.payload.get(word, "")) for word in ("who", "because"))
    return CalledNormal(id_, who, because, normal.until_us, f"rules: {{{rules}}}")


def still_section(found: Sequence[Earlier], incidents: Mapping[str, Incident], sentences: Sentences) -> Section:
    """Put into words what became of what was asked for last week."""
    tongue = sentences.tongue
    heading = tongue.gettext("Asked for last week")
    if not found:
        return Section(name="still", heading=heading, said=tongue.gettext("Last week asked for nothing."))
    left = sum(one.state != "over" for one in found)
    notes = [_still(one, incidents, sentences) for one in found[:_SHOWN]]
    if len(found) > _SHOWN:
        notes.append(Note(more_text(tongue, len(found) - _SHOWN)))
    if not left:
        said = tongue.say(N_("Asked for last week: {asked}, all of it over."), {"asked": len(found)})
        return Section(name="still", heading=heading, said=said, notes=notes)
    values = {"asked": len(found), "left": left}
    said = tongue.say(N_("Asked for last week: {asked}; still to do: {left}"), values)
    return Section(name="still", heading=heading, said=said, is_calm=False, notes=notes)


def _still(one: Earlier, incidents: Mapping[str, Incident], sentences: Sentences) -> Note:
    tongue = sentences.tongue
    incident = incidents[one.now]
    values: dict[str, object] = {
        "id": sentences.short(incident.id),
        "title": sentences.title(incident),
        "day": date_text(datetime.fromtimestamp(one.since_us / 1_000_000, sentences.zone).date(), tongue),
    }
    if one.state == "over":
        return Note(tongue.say(N_("{title}: over since {day}"), values), "ok")
    step = sentences.steps(incident)[0]
    values["step"] = step.text
    text = N_("{id} {title}: back since {day}; {step}") if one.state == "back" else N_("{id} {title}: still so; {step}")
    return Note(tongue.say(text, values), "watch", step.command)


def normal_section(
    found: Sequence[CalledNormal], opened: int, incidents: Mapping[str, Incident], sentences: Sentences, zone: tzinfo
) -> Section:
    """Put into words what was told falsely, and which settings would keep it from being told."""
    tongue = sentences.tongue
    heading = tongue.gettext("Called normal here")
    if not found:
        said = tongue.gettext("Nothing was called normal here: nobody said that an alert was false.") if opened else ""
        return Section(name="normal", heading=heading, said=said)
    notes: list[Note] = []
    for one in found[:_SHOWN]:
        values: dict[str, object] = {
            "title": sentences.title(incidents[one.incident]),
            "who": one.who or "?",
            "because": one.because or "–",
        }
        until = _until(one, tongue, zone)
        said = tongue.say(N_("{title} ({who}: {because})."), values) + ("" if tongue.language == "ja" else " ") + until
        notes.append(Note(said, "minor", one.setting if one.until_us is not None else None))
    if len(found) > _SHOWN:
        notes.append(Note(more_text(tongue, len(found) - _SHOWN)))
    said = tongue.count(
        "{number} incident was called normal here",
        "{number} incidents were called normal here",
        len(found),
    )
    return Section(name="normal", heading=heading, said=said, is_calm=False, notes=notes)


def _until(one: CalledNormal, tongue: Translator, zone: tzinfo) -> str:
    if one.until_us is None:
        return tongue.gettext("It is passed over for ever.")
    day = date_text(datetime.fromtimestamp(one.until_us / 1_000_000, zone).date(), tongue)
    return tongue.say(N_("It is passed over until {day}; to keep it so, set in mailwarden.yml:"), {"day": day})
