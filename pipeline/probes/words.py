"""Block lists in words: why one gave no answer, what being on it means, and what to do about it."""

from mailwarden.alerts.translate import N_, Translator

__all__ = ["hint_of", "why_blind"]

_BLIND = {
    "refused": N_("refuses to answer: set probes.resolver to a resolver of your own, or get a key"),
    "rewritten": N_("its answers are rewritten on the way: set probes.resolver to a resolver of your own"),
    "lists everything": N_("lists everything, also what it must not: it has ended, or its answers are made up"),
    "silent": N_("does not know its own test entry: it has ended, or does not answer your resolver"),
    "timeout": N_("does not answer in time"),
    "servfail": N_("your resolver cannot reach it"),
    "not allowed": N_("your resolver refuses to ask"),
    "unreachable": N_("your resolver cannot be reached"),
    "no root": N_("your resolver does not reach the world"),
    "no resolver": N_("this machine names no resolver"),
    "unknown code": N_("answers with a code that it does not describe"),
}
_OTHER = N_("gives an answer that nobody can read")

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
    return tongue.gettext(_BLIND.get(reason, _OTHER))


def hint_of(hint: str, tongue: Translator) -> str:
    """Say what else is to be known of a listing; empty where there is nothing."""
    return tongue.gettext(_HINTS[hint]) if hint in _HINTS else ""
