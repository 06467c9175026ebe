"""A report and how its reader wants it; the verdict, and what several sections say in the same words."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, tzinfo
from typing import NamedTuple

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.incidents.severity import severity_shape
from mailwarden.alerts.terms import severity_rank
from mailwarden.alerts.words.providers import provider_name
from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.pipeline.report.document import Tone
from mailwarden.pipeline.report.figures import HISTORY_DAYS, Figures, Measure, Provider
from mailwarden.pipeline.report.layout import date_text
from mailwarden.pipeline.rollup_span import OTHER
from mailwarden.pipeline.showing.sentences import Sentences
from mailwarden.pipeline.store import Unparsed

__all__ = [
    "UNDERSTOOD",
    "Page",
    "change_word",
    "has",
    "knows_usual",
    "left_usual",
    "mark",
    "number",
    "of_mail",
    "percent",
    "provider_word",
    "refusing",
    "tone_of",
    "understood_ratio",
    "usual_text",
    "verdict",
    "when",
]

_PRECISE = 10  # from here on digits behind the point say nothing
_FEW = 5  # failed deliveries of a provider are worth a table from so many on, where they are
_RATIO = 0.05  # this part of its mail,
_MUCH = 200  # or so many
_MANY = 100  # recipients more or less than usual: what one newsletter makes of a person's mail
UNDERSTOOD = 0.99  # below it the log is not well read
_TONES: dict[str, Tone] = {
    "critical": "critical",
    "high": "watch",
    "medium": "watch",
    "low": "minor",
    "info": "minor",
}


class Page(NamedTuple):
    """A report and how its reader wants it."""

    tongue: Translator
    sentences: Sentences
    first: date
    last: date
    zone: tzinfo
    figures: Figures
    incidents: Sequence[Incident]
    unparsed: Sequence[Unparsed]
    waiting: int
    host: str = ""
    domain: str | None = None  # whose report it is; None: of the whole site
    server: str | None = None  # the only one that it is of; None: of all


def knows_usual(figures: Figures) -> bool:
    """Say whether there is history to compare with: enough days, and one like these among them."""
    return figures.history_days >= HISTORY_DAYS and any(one.usual is not None for one in figures.measures.values())


def tone_of(severity: str) -> Tone:
    """Give how urgent a severity looks."""
    return _TONES[severity]


def verdict(page: Page) -> str:
    """Judge the time in a sentence."""
    tongue, figures = page.tongue, page.figures
    tones = Counter(tone_of(one.severity) for one in page.incidents)
    parts = [
        tongue.count("{number} critical", "{number} critical", tones["critical"]),
        tongue.count("{number} to watch", "{number} to watch", tones["watch"]),
        tongue.count("{number} minor", "{number} minor", tones["minor"]),
    ]
    counts = (tones["critical"], tones["watch"], tones["minor"])
    told = tongue.gettext(", ").join(part for part, count in zip(parts, counts, strict=True) if count)
    if not figures.lines and not page.incidents:
        return tongue.say(
            N_("{when}: no line was read. Either mailwarden did not run, or its logs stood still."),
            {"when": when(page)},
        )
    values: dict[str, object] = {"when": when(page), "told": told, "mail": _mail(page)}
    if tones["critical"] or tones["watch"]:
        return tongue.say(N_("{when}: {told}. {mail}"), values)
    if _is_doubtful(page):
        return tongue.say(N_("{when}: no trouble seen, but not all could be read or told, see below. {mail}"), values)
    if refusing(figures):
        return tongue.say(N_("{when}: nothing urgent, but some mail was not taken, see below. {mail}"), values)
    if any(one.changed for one in figures.measures.values()):
        return tongue.say(N_("{when}: nothing urgent, but not all is as usual. {mail}"), values)
    if told:
        return tongue.say(N_("{when}: nothing that needs you ({told}). {mail}"), values)
    if not knows_usual(figures):  # what is normal is not known yet
        return tongue.say(N_("{when}: no trouble found. {mail}"), values)
    return tongue.say(N_("{when}: all normal. {mail}"), values)


def mark(page: Page) -> tuple[str, Tone]:
    """Give the shape and the tone of the verdict."""
    if page.incidents:
        worst = max(page.incidents, key=lambda one: severity_rank(one.severity)).severity
        if severity_rank(worst) >= severity_rank("medium"):
            return severity_shape(worst), tone_of(worst)
    return ("✓", "ok") if page.figures.lines and not _is_doubtful(page) else ("▲", "watch")


def _is_doubtful(page: Page) -> bool:
    """Say whether calm would be false: lines were lost or not understood, or nobody could be told."""
    figures = page.figures
    unread = not of_mail(figures) or understood_ratio(figures) < UNDERSTOOD
    return bool(figures.data_loss or page.waiting or unread or figures.is_blind)


def of_mail(figures: Figures) -> int:
    """Count the lines of mail servers."""
    return figures.understood + figures.not_understood


def understood_ratio(figures: Figures) -> float:
    """Give the part of the mail servers' lines that was understood."""
    ours = of_mail(figures)
    return figures.understood / ours if ours else 1.0


def _mail(page: Page) -> str:
    """Say in a few words how mail went."""
    tongue = page.tongue
    received, sent, deferred, bounced = (
        page.figures.measures[name].count for name in ("received", "sent", "deferred", "bounced")
    )
    if not received + sent + bounced + deferred:
        return tongue.gettext("No mail was seen.")
    if not sent + bounced + deferred:
        return tongue.count("{number} message received.", "{number} messages received.", received)
    ratio = percent(sent, sent + bounced, 1)
    parts = [
        (received, N_("{number} received")),
        (sent, N_("{number} delivered ({ratio} %)")),
        (bounced, N_("{number} returned")),
        (deferred, N_("{number} had to wait")),
    ]
    told = [tongue.say(text, {"number": count, "ratio": ratio}) for count, text in parts if count]
    return tongue.say(N_("{mail}."), {"mail": tongue.gettext(", ").join(told)})


def percent(part: int, whole: int, digits: int) -> str:
    """Write a share; 100 only where it is all."""
    if not whole:
        return "0"
    if part == whole:
        return "100"
    return f"{min(part / whole * 100, 100 - 10**-digits):.{digits}f}"


def when(page: Page) -> str:
    """Write the day or the days."""
    first = date_text(page.first, page.tongue)
    if page.first == page.last:
        return first
    return f"{first} – {date_text(page.last, page.tongue)}"


def left_usual(count: int, usual: float) -> bool:
    """Say whether a sender's recipients are far from what is usual for them."""
    return abs(count - usual) >= _MANY and max(count, usual) >= 2 * min(count, usual)


def refusing(figures: Figures) -> list[Provider]:
    """List the providers that did not take a good part of our mail."""
    ranked = sorted(figures.providers, key=lambda one: one.name == OTHER)
    bad = [one for one in ranked if _is_much(one.deferred + one.bounced, one.sent)]
    # A few each of many: none stands out, all together do. What was only put off by them may be mere greylisting.
    few = [one for one in ranked if one not in bad]
    if _is_much(sum(one.bounced for one in few), sum(one.sent for one in few)):
        bad += sorted((one for one in few if one.bounced), key=lambda one: -one.bounced)
    return bad


def _is_much(failed: int, sent: int) -> bool:
    return failed >= _FEW and (failed >= _MUCH or failed >= _RATIO * (sent + failed))


def has(page: Page, *categories: str) -> bool:
    """Say whether an incident of medium or above is of one of these categories."""
    return any(
        one.category in categories and severity_rank(one.severity) >= severity_rank("medium") for one in page.incidents
    )


def number(tongue: Translator, value: float) -> str:
    """Write a number."""
    return tongue.value("number", value)


def usual_text(tongue: Translator, usual: float | None) -> str:
    """Write what is usual, a dash where nobody knows."""
    return "–" if usual is None else _rough(tongue, usual)


def _rough(tongue: Translator, value: float) -> str:
    """Write a number, a small one with a digit behind the point: half a message a day is not none."""
    return number(tongue, round(value) if value >= _PRECISE else value)


def change_word(tongue: Translator, measure: Measure) -> str:
    """Say how far a number left its usual; empty where it did not."""
    if not measure.changed or measure.usual is None:
        return ""
    if not measure.usual:
        return f"▲ {tongue.gettext('new')}"
    if not measure.count:
        return f"▼ {tongue.gettext('gone')}"
    return f"{'▲' if measure.count > measure.usual else '▼'} {_rough(tongue, measure.count / measure.usual)}×"


def provider_word(name: str, tongue: Translator) -> str:
    """Name a provider."""
    return tongue.gettext("all others") if name == OTHER else provider_name(name)
