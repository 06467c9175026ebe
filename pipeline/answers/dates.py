"""What falls due in the next days: certificates that end, silences and exceptions that end, reports."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo

import msgspec

from mailwarden.alerts.telling.silences import Silence
from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.pipeline.configuration.configuration import Report
from mailwarden.pipeline.store import Act, Store

__all__ = ["Due", "due_text", "next_dates"]

_DAYS = 30
_DAY_US = 86_400_000_000
_MONDAY = 0
_WORDS = {
    "certificate": N_("the certificate of {about} ends"),
    "silence": N_("the silence about {about} ends"),
    "exception": N_("what is normal of {about} is looked at again"),
    "report": N_("the report of the day"),
    "weekly": N_("the report of the week"),
}


class Due(msgspec.Struct, frozen=True):
    """Something that falls due. `whole_day`: the day is known, the hour is not."""

    at_us: int
    kind: str  # one of `_WORDS`
    about: str = ""
    whole_day: bool = False


def next_dates(
    store: Store,
    now_us: int,
    zone: tzinfo,
    *,
    report: Report | None = None,
    owns: Callable[[str], bool] = lambda _: True,
    days: int = _DAYS,
) -> list[Due]:
    """Give what falls due in the next days, the nearest first; a certificate that has ended stays until it is renewed.

    Args:
        store: Where silences and what probes saw are.
        now_us: From when on.
        zone: In which days begin.
        report: When reports are written; None: they are not told.
        owns: Says of a name whether it may be shown.
        days: How far to look.
    """
    until_us = now_us + days * _DAY_US
    found = [*_certificates(store, zone), *(due for act in store.silences() if (due := _silence(act)) is not None)]
    told = [one for one in found if owns(one.about) and one.at_us < until_us]
    told = [one for one in told if one.at_us >= now_us or one.kind == "certificate"]
    if report is not None and report.enabled:
        told += _reports(report, now_us, zone)
    return sorted(told, key=lambda one: (one.at_us, one.kind, one.about))


def due_text(due: Due, tongue: Translator) -> str:
    """Say what falls due."""
    return tongue.say(_WORDS[due.kind], {"about": due.about})


def _certificates(store: Store, zone: tzinfo) -> list[Due]:
    """Give when each certificate ends; one that several ports show, once."""
    found: dict[tuple[str, str], Due] = {}
    for one in store.standing.postures():
        ends = one.details.get("ends") if one.check == "certificate" else None
        try:
            day = date.fromisoformat(str(ends)) if ends else None
        except ValueError:
            day = None
        if day is not None:
            name = str(one.details.get("name") or one.name)
            at_us = round(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()) * 1_000_000
            found[name, str(ends)] = Due(at_us, "certificate", name, whole_day=True)
    return list(found.values())


def _silence(act: Act) -> Due | None:
    try:
        silence = Silence.of_act(str(act.id), act.payload, act.at_us)
    except (ValueError, msgspec.ValidationError):  # the service says so when it takes it up
        return None
    if silence.until_us is None or silence.ended_us is not None:
        return None
    kind = "exception" if act.payload.get("exception") is not None else "silence"
    return Due(silence.until_us, kind, silence.about[1] if silence.about else silence.incident or "")


def _reports(report: Report, now_us: int, zone: tzinfo) -> list[Due]:
    """Give the next report of a day, and the next of a week."""
    now = datetime.fromtimestamp(now_us / 1_000_000, UTC).astimezone(zone)
    day = now.date() + timedelta(days=now.time() >= report.time)
    found = [Due(_at(day, report, zone), "report")]
    if report.weekly:
        found.append(Due(_at(day + timedelta(days=(_MONDAY - day.weekday()) % 7), report, zone), "weekly"))
    return found


def _at(day: date, report: Report, zone: tzinfo) -> int:
    return round(datetime.combine(day, report.time, zone).timestamp()) * 1_000_000
