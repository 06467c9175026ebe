"""What a report's one picture shows, in words: failed logins along a day, or the lines of the last weeks."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo

import msgspec

from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.pipeline.answers.words import MEASURES
from mailwarden.pipeline.report.chart import HEIGHT, ROW, bars_png, lines_png
from mailwarden.pipeline.report.page import number, percent, provider_word
from mailwarden.pipeline.report.trends import Hours, Week

__all__ = ["Picture", "Row", "attacks_picture", "weeks_picture"]

_PROVIDERS = 3  # whose lines are drawn
_LEAST = 2  # weeks that make a line


class Row(msgspec.Struct, frozen=True):
    """One line of several: what it counts, and its newest, lowest and highest value."""

    name: str
    values: str


class Picture(msgspec.Struct, frozen=True):
    """The picture: the section that it belongs to, the image, what it shows in words, and what stands beside it."""

    section: str
    png: bytes
    alt: str
    height: int
    scale: str  # what its heights mean
    labels: list[str] = []  # below it
    rows: list[Row] = []  # to its left, each as high as a part of it
    row_height: int = ROW
    instead: str = ""  # what the picture of the failed logins would have said, where this one stands for it


def attacks_picture(hours: Hours, tongue: Translator, zone: tzinfo) -> Picture | None:
    """Draw when logins failed; None where none did."""
    if not any(hours.failed):
        return None
    most, mean = max(hours.failed), sum(hours.failed) / len(hours.failed)
    at = hours.from_us + hours.failed.index(most) * hours.step_us
    daily = hours.step_us > 3_600_000_000
    alt = tongue.say(
        N_("Failed logins by day: at most {most}, on {at}; on average {mean}.")
        if daily
        else N_("Failed logins by hour: at most {most}, from {at} on; on average {mean}."),
        {"most": most, "at": _label(at, zone, daily=daily), "mean": mean},
    )
    places = [0, len(hours.failed) // 2, len(hours.failed)] if not daily else [0, len(hours.failed) - 1]
    labels = [_label(hours.from_us + place * hours.step_us, zone, daily=daily) for place in places]
    scale = tongue.say(
        N_("highest bar: {most} · dashed line: the average, {mean}"),
        {"most": most, "mean": mean},
    )
    return Picture("attacks", bars_png(hours.failed), alt, HEIGHT, scale, labels)


def _label(at_us: int, zone: tzinfo, *, daily: bool) -> str:
    moment = datetime.fromtimestamp(at_us / 1_000_000, UTC).astimezone(zone)
    return f"{moment:%Y-%m-%d}" if daily else f"{moment:%H:%M}"


def weeks_picture(weeks: Sequence[Week], tongue: Translator, instead: str = "") -> Picture | None:
    """Draw a line for each thing that is told week by week; None where there is nothing to compare yet.

    Args:
        weeks: The oldest first; those in which nothing was read are left out.
        tongue: The reader's.
        instead: What the picture of the failed logins says, for whoever sees this one.
    """
    if len(weeks) < _LEAST:
        return None
    first, last = weeks[0].first, weeks[-1].first
    by_day = {week.first: week for week in weeks}
    steps = (date.fromisoformat(last) - date.fromisoformat(first)).days // 7
    days = [(date.fromisoformat(first) + timedelta(days=7 * step)).isoformat() for step in range(steps + 1)]
    rows, lines = [], []
    for name, value, unit in _measures(weeks[-1], tongue):
        line = [value(by_day[day]) if day in by_day else None for day in days]
        known = [one for one in line if one is not None]
        if len(known) < _LEAST or not any(known):
            continue
        rows.append(_row(name, known, unit, tongue))
        lines.append(line)
    if not lines:
        return None
    alt = tongue.say(
        N_("A line for each row, from the week of {first} to that of {last}; its numbers stand to the left and below."),
        {"first": first, "last": last},
    )
    scale = tongue.say(
        N_("{first} – {last} · newest week (lowest – highest) · each line from 0 up to its highest value"),
        {"first": first, "last": last},
    )
    return Picture("weeks", lines_png(lines), alt, ROW * len(lines), scale, rows=rows, instead=instead)


_Value = Callable[[Week], float | None]


def _measures(newest: Week, tongue: Translator) -> list[tuple[str, _Value, str]]:
    """Give what is drawn: its name, how to take it from a week, and its unit."""
    found: list[tuple[str, _Value, str]] = [
        (tongue.gettext(MEASURES["failed_logins"]), lambda week: week.failed_logins, ""),
        (tongue.gettext(MEASURES["sent"]), lambda week: week.sent, ""),
        (tongue.gettext("refused as spam"), lambda week: week.taken_for_spam, ""),
        (tongue.gettext(MEASURES["clear_logins"]), lambda week: _share(week.clear_logins, week.logins), "%"),
        (tongue.gettext("logins by POP3"), lambda week: _share(week.pop3_logins, week.logins), "%"),
        (tongue.gettext("risk of a block"), lambda week: week.risk, ""),
    ]
    for name in list(newest.providers)[:_PROVIDERS]:
        said = tongue.say(N_("{provider}: not taken at once"), {"provider": provider_word(name, tongue)})
        found.append((said, lambda week, name=name: _not_taken(week, name), "%"))  # type: ignore[misc]
    return found


def _share(part: int, whole: int) -> float | None:
    return part / whole * 100 if whole else None


def _not_taken(week: Week, provider: str) -> float | None:
    taken, failed = week.providers.get(provider, (0, 0))
    return _share(failed, taken + failed)


def _row(name: str, known: Sequence[float], unit: str, tongue: Translator) -> Row:
    def written(value: float) -> str:
        return f"{percent(round(value * 10), 1000, 1)} %" if unit else number(tongue, value)

    values = {"now": written(known[-1]), "low": written(min(known)), "high": written(max(known))}
    return Row(name, tongue.say(N_("{now} ({low} – {high})"), values))
