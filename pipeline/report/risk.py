"""The report's section on the risk of a block: who stands badly now, and what weighs most."""

from collections.abc import Sequence
from datetime import tzinfo

import msgspec

from mailwarden.alerts.risk.score import CALM, daily
from mailwarden.alerts.risk.words import trend_word
from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.pipeline.answers.risks import Standing
from mailwarden.pipeline.report.document import Grid, Note, Section

__all__ = ["NOT_KEPT", "AtRisk", "measure_risks", "risk_section"]

_DAY_US = 86_400_000_000
_DAYS = 14
_BARS = "▁▂▃▄▅▆▇█"
_NO_DAY = "·"
_AT_ONCE_S = 60  # the sign and the block were one
NOT_KEPT = N_("not kept")
"""Stands for what weighed most, of a time that is over."""
_STORIES = 3  # senders whose days and first sign are told


class AtRisk(msgspec.Struct, frozen=True):
    """One sender as it stands. Instants are epoch microseconds, 0 where it did not happen."""

    sender: str
    kind: str
    risk: int
    trend: str
    part: str  # the heaviest; empty where nothing counts
    behind: list[str]
    forecast_s: float | None = None  # until a block may follow, as after declines before
    days: list[int | None] = []  # the highest of each of the last 14 days, today's last; None: nothing is known of it
    sign_us: int = 0  # the first sign of the decline that goes on,
    blocked_us: int = 0  # and its first block
    as_of_us: int = 0


def measure_risks(
    standings: Sequence[Standing], from_us: int, to_us: int, domain: str | None = None, server: str | None = None
) -> list[AtRisk]:
    """Give how our senders stand, the worst first; for a time that is long over how they stood, as far as that is kept.

    Args:
        standings: How they stand, the worst first.
        from_us: Where the report begins.
        to_us: Where it ends.
        domain: Only this domain of ours.
        server: Only this server.
    """
    only = ("domain", domain) if domain is not None else ("server", server) if server is not None else None
    found = []
    for one in standings:
        if only not in (None, (one.kind, one.name.lower())) or one.as_of_us < from_us:
            continue
        stood = _at_risk(one) if one.as_of_us < to_us + _DAY_US else _as_it_was(one, from_us, to_us)
        found += [stood] if stood is not None else []
    return sorted(found, key=lambda one: -one.risk)


def _at_risk(one: Standing) -> AtRisk:
    first = one.risk.grades[0] if one.risk.grades else None
    behind = sorted(first.behind, key=lambda name: -first.behind[name])[:3] if first else []
    return AtRisk(
        one.called,
        one.kind,
        one.risk.score,
        one.risk.trend,
        first.part.says if first else "",
        behind,
        one.forecast_s,
        daily(one.sender, one.as_of_us, one.risk.score, _DAYS),
        one.story.sign_us if one.story else 0,
        one.story.blocked_us if one.story else 0,
        one.as_of_us,
    )


def _as_it_was(one: Standing, from_us: int, to_us: int) -> AtRisk | None:
    """Give how a sender stood when a report ended: its highest risk of that day; what weighed in it is not kept."""
    since = one.as_of_us // _DAY_US - (to_us - 1) // _DAY_US  # days (UTC), as they are kept
    days = daily(one.sender, one.as_of_us, one.risk.score, since + _DAYS)[:_DAYS]
    risk, before = days[-1], next((score for score in reversed(days[:-1]) if score is not None), None)
    if risk is None:
        return None
    trend = "steady" if before in (None, risk) else "rising" if before is not None and risk > before else "falling"
    told = [story for story in one.sender.stories if story.sign_us < to_us and not 0 < story.ended_us < from_us]
    sign_us = told[-1].sign_us if told else 0
    blocked_us = told[-1].blocked_us if told and told[-1].blocked_us < to_us else 0
    return AtRisk(one.called, one.kind, risk, trend, NOT_KEPT, [], None, days, sign_us, blocked_us, to_us)


def risk_section(found: Sequence[AtRisk], tongue: Translator, zone: tzinfo) -> Section:
    """Put it into words: who stands badly, how it went for two weeks, the first sign, and when a block may follow."""
    heading = tongue.gettext("Blacklist risk")
    bad = [one for one in found if one.risk >= CALM]
    if not bad:
        worst = {"sender": found[0].sender, "risk": found[0].risk} if found else {}
        text = N_("Blacklist risk: no sign of a block; the worst is {sender} with {risk} of 100.")
        return Section(name="risk", heading=heading, said=tongue.say(text, worst) if worst else "")
    words = (N_("address or domain"), N_("of 100"), N_("goes"), N_("because of"))
    rows = [[one.sender, str(one.risk), trend_word(one.trend, tongue), tongue.gettext(one.part)] for one in bad]
    grid = Grid([tongue.gettext(word) for word in words], rows, len(rows), len(rows))
    soon = min((one.forecast_s for one in bad if one.forecast_s is not None), default=None)
    text = N_("A block may follow in about {hours} h, as after declines before.")
    notes = [Note(_days(one, tongue)) for one in bad[:_STORIES] if sum(score is not None for score in one.days) > 1]
    notes += [Note(_sign(one, tongue, zone), "minor") for one in bad[:_STORIES] if one.sign_us]
    notes += [] if soon is None else [Note(tongue.say(text, {"hours": max(1, round(soon / 3600))}), "watch")]
    said = tongue.gettext("How near our addresses and domains are to a block (mailwarden risk)")
    return Section(name="risk", heading=heading, said=said, is_calm=False, grid=grid, notes=notes)


def _days(one: AtRisk, tongue: Translator) -> str:
    """Draw the last days as a line of text, which needs no picture; its ends stand beside it as numbers."""
    bars = "".join(
        _NO_DAY if score is None else _BARS[min(len(_BARS) - 1, score * len(_BARS) // 100)] for score in one.days
    )
    known = [score for score in one.days if score is not None]
    values = {"bars": bars, "sender": one.sender, "low": min(known), "high": max(known), "days": len(one.days)}
    return tongue.say(N_("{bars} {days} days, {low} to {high}: {sender}"), values)


def _sign(one: AtRisk, tongue: Translator, zone: tzinfo) -> str:
    """Say when the decline showed first, and how long before a block that was."""
    end_us = one.blocked_us or one.as_of_us
    lead_s = max(0, end_us - one.sign_us) / 1_000_000
    values = {"sender": one.sender, "at": tongue.time(one.sign_us, zone=zone, near_us=0), "lead_s": lead_s}
    if one.blocked_us and lead_s < _AT_ONCE_S:
        return tongue.say(N_("{sender}: first sign and first block {at}."), values)
    if one.blocked_us:
        return tongue.say(N_("{sender}: first sign {at}, first block {lead} later."), values)
    return tongue.say(N_("{sender}: first sign {at}, {lead} ago; no block so far."), values)
