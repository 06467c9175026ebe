"""The risk in words: its parts, where it goes, and what alerts say of it."""

from collections.abc import Mapping
from typing import Any

from mailwarden.alerts.risk.parts import NAMELESS, PARTS
from mailwarden.alerts.words.translate import N_, Translator

__all__ = ["RISK_VALUES", "filled", "parts_text", "risk_line", "trend_word"]

_TRENDS = {"rising": N_("rising"), "steady": N_("steady"), "falling": N_("falling")}
RISK_VALUES = frozenset({"risk", "risk_of", "risk_trend"})
"""What alerts say beside their own: no rule looked at it."""
_SHOWN = 4  # parts that a sentence names


def trend_word(trend: str, tongue: Translator) -> str:
    """Give where a risk goes."""
    return tongue.gettext(_TRENDS.get(trend, "steady"))


def parts_text(parts: list[list[Any]], tongue: Translator) -> str:
    """Name the heaviest parts with their points."""
    named = [
        tongue.say(N_("{part} ({points})"), {"part": tongue.gettext(PARTS[name].says), "points": points})
        for name, points in parts[:_SHOWN]
        if name in PARTS
    ]
    return tongue.gettext(", ").join(named)


def risk_line(values: Mapping[str, Any], tongue: Translator) -> str:
    """Give the line of an alert that says how the sending server stands; empty where it says nothing."""
    if "risk" not in values:
        return ""
    of = tongue.gettext(N_("this server")) if values["risk_of"] == NAMELESS else values["risk_of"]
    said = {"of": of, "risk": values["risk"], "trend": trend_word(values.get("risk_trend", ""), tongue)}
    return tongue.say(N_("Blacklist risk of {of}: {risk} of 100, {trend}."), said)


def filled(values: Mapping[str, Any], tongue: Translator) -> dict[str, str]:
    """Give what sentences need in words of the reader's language, of what is kept as data."""
    parts = values.get("risk_parts")
    return {"risk_parts": parts_text(parts, tongue)} if parts else {}
