"""The report's section on the risk of a block: who stands badly now, and what weighs most."""

from collections.abc import Sequence

import msgspec

from mailwarden.alerts.risk.score import CALM
from mailwarden.alerts.risk.words import trend_word
from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.pipeline.answers.risks import Standing, read_risks
from mailwarden.pipeline.report.document import Grid, Note, Section
from mailwarden.pipeline.store import Store

__all__ = ["AtRisk", "measure_risks", "risk_section"]

_DAY_US = 86_400_000_000


class AtRisk(msgspec.Struct, frozen=True):
    """One sender whose standing is worth a line."""

    sender: str
    kind: str
    risk: int
    trend: str
    part: str  # the heaviest
    behind: list[str]
    forecast_s: float | None = None  # until a block may follow, as after declines before


def measure_risks(
    store: Store, from_us: int, to_us: int, domain: str | None = None, server: str | None = None
) -> list[AtRisk]:
    """Give who stands badly, the worst first; nothing for a time that is long over, for nobody knows it any more.

    Args:
        store: What was counted.
        from_us: Where the report begins.
        to_us: Where it ends.
        domain: Only this domain of ours.
        server: Only this server.
    """
    standings, as_of_us = read_risks(store)
    if not from_us <= as_of_us < to_us + _DAY_US:
        return []
    only = ("domain", domain) if domain is not None else ("server", server) if server is not None else None
    wanted = [one for one in standings if only in (None, (one.kind, one.name.lower()))]
    return [_at_risk(one) for one in wanted if one.risk.score >= CALM]


def _at_risk(one: Standing) -> AtRisk:
    first = one.risk.grades[0]
    behind = sorted(first.behind, key=lambda name: -first.behind[name])[:3]
    return AtRisk(one.called, one.kind, one.risk.score, one.risk.trend, first.part.says, behind, one.forecast_s)


def risk_section(found: Sequence[AtRisk], tongue: Translator) -> Section:
    """Put it into words."""
    heading = tongue.gettext("Blacklist risk")
    if not found:
        return Section(name="risk", heading=heading)
    words = (N_("address or domain"), N_("of 100"), N_("goes"), N_("because of"))
    rows = [[one.sender, str(one.risk), trend_word(one.trend, tongue), tongue.gettext(one.part)] for one in found]
    grid = Grid([tongue.gettext(word) for word in words], rows, len(rows), len(rows))
    soon = min((one.forecast_s for one in found if one.forecast_s is not None), default=None)
    text = N_("A block may follow in about {hours} h, as after declines before.")
    notes = [] if soon is None else [Note(tongue.say(text, {"hours": max(1, round(soon / 3600))}), "watch")]
    said = tongue.gettext("How near our addresses and domains are to a block (mailwarden risk)")
    return Section(name="risk", heading=heading, said=said, is_calm=False, grid=grid, notes=notes)
