"""What only a week tells: how incidents began and ended, eight weeks beside each other, who is new, who is never seen."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta, tzinfo
from statistics import median

import msgspec

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.pipeline.answers.dates import Due, due_text, next_dates
from mailwarden.pipeline.answers.risks import Standing
from mailwarden.pipeline.report.document import Grid, Note, Section
from mailwarden.pipeline.report.figures import day_start_us
from mailwarden.pipeline.report.follow_up import (
    CalledNormal,
    Earlier,
    called_normal,
    earlier,
    normal_section,
    still_section,
)
from mailwarden.pipeline.report.layout import date_text
from mailwarden.pipeline.report.page import number, percent, provider_word
from mailwarden.pipeline.report.trends import Week, by_week
from mailwarden.pipeline.showing.sentences import Sentences
from mailwarden.pipeline.store import Store

__all__ = ["Weekly", "measure_week", "week_sections"]

_DORMANT_DAYS = 28
_NEW_DAYS = 28  # who did not send in so many days before is new
_SHOWN = 5
_PROVIDERS = 3
_DAY_US = 86_400_000_000
_DAYS_READ = 21  # of the four weeks in which somebody was not seen: with fewer, nobody knows


class Weekly(msgspec.Struct, frozen=True):
    """What a weekly report tells beyond the numbers of its days."""

    weeks: list[Week]
    opened: int
    ended: int
    median_s: float | None  # from an incident's first line to its last, of those that ended
    new_senders: list[str]
    new_total: int
    dormant: list[str]
    dormant_total: int
    dates: list[Due]  # of the days after it
    knows_usual: bool  # whether there is history enough to call somebody new or dormant,
    is_read: bool  # and whether anything was read of late that could tell
    asked: list[Earlier] = []  # for in the week before, and what became of it
    normal: list[CalledNormal] = []


def measure_week(
    store: Store,
    last: date,
    zone: tzinfo,
    incidents: Sequence[Incident],
    seen: Sequence[Incident] = (),
    standings: Sequence[Standing] = (),
) -> Weekly:
    """Take what a week that ends with a day tells.

    Args:
        store: What was counted.
        last: The week's last day.
        zone: Whose midnight begins a day.
        incidents: Of the week, those told by themselves.
        seen: What `seen_of_late` gives.
        standings: How our senders stand.
    """
    first = last - timedelta(days=6)
    from_us, to_us = day_start_us(first, zone), day_start_us(last + timedelta(days=1), zone)
    began = store.first_rollup_us()
    before_us = day_start_us(first - timedelta(days=_NEW_DAYS), zone)
    now, before = _names(store, from_us, to_us), _names(store, before_us, from_us)
    recent = _names(store, day_start_us(last - timedelta(days=_DORMANT_DAYS - 1), zone), to_us)
    long_ago = _names(store, began or 0, day_start_us(last - timedelta(days=_DORMANT_DAYS - 1), zone))
    new = sorted(now["sent"] - before["sent"])
    dormant = sorted(long_ago["login_account"] - recent["login_account"])
    ended = [one for one in incidents if one.status != "open"]
    return Weekly(
        weeks=by_week(store, last, zone, standings),
        opened=sum(from_us <= one.opened_us < to_us for one in incidents),
        ended=len(ended),
        median_s=median((one.last_seen_us - one.first_seen_us) / 1e6 for one in ended) if ended else None,
        new_senders=new[:_SHOWN],
        new_total=len(new),
        dormant=dormant[:_SHOWN],
        dormant_total=len(dormant),
        dates=next_dates(store, to_us, zone),
        knows_usual=began is not None and began <= before_us,
        is_read=_days_read(store, day_start_us(last - timedelta(days=_DORMANT_DAYS - 1), zone), to_us) >= _DAYS_READ
        and bool(store.rollup_sums(from_us, to_us, ("lines",))),
        asked=earlier(seen, from_us),
        normal=called_normal(store, {one.id: one for one in seen}, from_us, to_us),
    )


def _names(store: Store, from_us: int, to_us: int) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {"sent": set(), "login_account": set()}
    for name, who, *_ in store.rollup_sums(from_us, to_us, tuple(found)):
        found[name].add(who)
    return found


def _days_read(store: Store, from_us: int, to_us: int) -> int:
    """Count the days on which any line was read."""
    return len({hour_us // _DAY_US for hour_us, *_ in store.rollups(from_us, to_us, "lines")})


def week_sections(weekly: Weekly, before: Sequence[Incident], sentences: Sentences) -> list[Section]:
    """Put it into words: last week's steps, incidents, false alarms, eight weeks, new senders, dormant accounts, dates."""
    tongue, zone = sentences.tongue, sentences.zone
    known = {one.id: one for one in before}
    return [
        still_section(weekly.asked, known, sentences),
        _life(weekly, tongue),
        normal_section(weekly.normal, weekly.opened, known, sentences, zone),
        _weeks(weekly, tongue),
        _providers(weekly, tongue),
        *_people(weekly, tongue),
        _dates(weekly, tongue, zone),
    ]


def _dates(weekly: Weekly, tongue: Translator, zone: tzinfo) -> Section:
    heading = tongue.gettext("Dates of the next 30 days")
    if not weekly.dates:
        return Section(name="dates", heading=heading)
    told = [
        tongue.say(
            N_("{day}: {what}"),
            {
                "day": date_text(datetime.fromtimestamp(one.at_us / 1_000_000, zone).date(), tongue),
                "what": due_text(one, tongue),
            },
        )
        for one in weekly.dates[:_SHOWN]
    ]
    return Section(name="dates", heading=heading, said=heading, is_calm=False, notes=[Note(one) for one in told])


def _life(weekly: Weekly, tongue: Translator) -> Section:
    values: dict[str, object] = {
        "opened": tongue.count("{number} incident began", "{number} incidents began", weekly.opened),
        "ended": tongue.count("{number} ended", "{number} ended", weekly.ended),
    }
    said = tongue.say(N_("{opened}, {ended}."), values)
    if weekly.median_s is not None:
        values["median_s"] = weekly.median_s
        said = tongue.say(N_("{opened}, {ended}; half of those that ended lasted less than {median}."), values)
    return Section(name="life", heading=tongue.gettext("The week's incidents"), said=said)


def _weeks(weekly: Weekly, tongue: Translator) -> Section:
    head = [
        tongue.gettext(word)
        for word in (
            N_("week of"),
            N_("failed logins"),
            N_("sent"),
            N_("as spam"),
            N_("without TLS"),
            "POP3",
            N_("risk"),
        )
    ]
    rows = [
        [
            one.first,
            number(tongue, one.failed_logins),
            number(tongue, one.sent),
            number(tongue, one.taken_for_spam),
            f"{percent(one.clear_logins, one.logins, 1)} %",
            f"{percent(one.pop3_logins, one.logins, 1)} %",
            "–" if one.risk is None else number(tongue, one.risk),
        ]
        for one in reversed(weekly.weeks)
    ]
    heading = tongue.gettext("Week by week")
    grid = Grid(head, rows, len(rows), len(rows), worded=False, is_whole=True)
    note = Note(tongue.gettext("As spam: deliveries refused or put off for what they were, or for our name."))
    return Section(name="weeks", heading=heading, said=heading, is_calm=len(rows) < 2, grid=grid, notes=[note])


def _providers(weekly: Weekly, tongue: Translator) -> Section:
    """How the providers that got most of late took our mail, week by week."""
    shown = list(weekly.weeks[-1].providers)[:_PROVIDERS] if weekly.weeks else []
    rows = [
        [one.first, *(_took(one.providers.get(name), tongue) for name in shown)]
        for one in reversed(weekly.weeks)
        if shown
    ]
    heading = tongue.gettext("Delivery week by week: sent, and the share that was not taken at once")
    grid = Grid(
        [tongue.gettext("week of"), *(provider_word(name, tongue) for name in shown)],
        rows,
        len(rows),
        len(rows),
        worded=False,
        is_whole=True,
    )
    return Section(name="provider_weeks", heading=heading, said=heading, is_calm=len(rows) < 2, grid=grid)


def _took(counts: tuple[int, int] | None, tongue: Translator) -> str:
    if counts is None:
        return "–"
    taken, failed = counts
    return f"{number(tongue, taken + failed)} · {percent(failed, taken + failed, 1)} %"


def _people(weekly: Weekly, tongue: Translator) -> list[Section]:
    if not weekly.knows_usual:
        said = tongue.gettext("No history yet: after 5 weeks it is told who is new, and who is never seen any more.")
        return [Section(name="people", heading=tongue.gettext("Who is new, who is gone"), said=said)]
    if not weekly.is_read:
        said = tongue.gettext(
            "Too little was read in the last four weeks to tell who is new, and who is never seen any more."
        )
        return [Section(name="people", heading=tongue.gettext("Who is new, who is gone"), said=said)]
    new = tongue.gettext("Nobody sent who did not send in the four weeks before.")
    if weekly.new_total:
        new = tongue.say(
            N_("Sent for the first time in five weeks: {names}."),
            {"names": _listed(weekly.new_senders, weekly.new_total, tongue)},
        )
    gone = tongue.gettext("Every account that was ever seen logged in within four weeks.")
    if weekly.dormant_total:
        gone = tongue.say(
            N_("Not logged in for four weeks, and still able to: {names}."),
            {"names": _listed(weekly.dormant, weekly.dormant_total, tongue)},
        )
    return [
        Section(name="new", heading=tongue.gettext("New senders"), said=new),
        Section(name="dormant", heading=tongue.gettext("Dormant accounts"), said=gone),
    ]


def _listed(names: list[str], total: int, tongue: Translator) -> str:
    return tongue.names(names, total)
