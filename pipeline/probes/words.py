"""Block lists in words: why one gave no answer, what being on it means, and what to do about it."""

from mailwarden.alerts.words import listing_words
from mailwarden.alerts.words.translate import N_, Translator

__all__ = ["hint_of", "why_blind"]

_HINTS = {
    "expires_day": N_("it forgets by itself, about a day after the last report"),
    "expires_week": N_("it forgets by itself, a week after the last hit"),
    "policy_range": N_(
        "this is about the range, not about what was sent: ask the list to except the address, or its provider"
    ),
    "collateral": N_("it lists whole providers, and hardly anybody heeds it"),
    "register_resolver": N_("it answers registered resolvers only"),
    "backscatter": N_("bounces to forged senders cause it: refuse unknown recipients at once instead of bouncing"),
}


def why_blind(reason: str, tongue: Translator) -> str:
    """Say why a list gave no answer."""
    return tongue.gettext(listing_words.why_blind(reason))


def hint_of(hint: str, tongue: Translator) -> str:
    """Say what else is to be known of a listing; empty where there is nothing."""
    return tongue.gettext(_HINTS[hint]) if hint in _HINTS else ""
