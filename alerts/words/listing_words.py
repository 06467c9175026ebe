"""Why a block list says nothing of us, in words."""

from mailwarden.alerts.words.translate import N_

__all__ = ["why_blind"]

_BLIND = {
    "refused": N_("refuses to answer: set probes.resolver to a resolver of your own, or get a key"),
    "rewritten": N_("its answers are rewritten on the way: set probes.resolver to a resolver of your own"),
    "lists everything": N_("lists everything, also what it must not: it has ended, or its answers are made up"),
    "silent": N_("does not know its own test entry: it has ended, or does not answer your resolver"),
    "timeout": N_("does not answer in time"),
    "servfail": N_("your resolver cannot reach it"),
    "not allowed": N_("your resolver refuses to ask"),
    "unreachable": N_("your resolver cannot be reached"),
    "no root": N_("the name server that is asked does not reach the Internet"),
    "no resolver": N_("this machine names no resolver"),
    "unknown code": N_("answers with a code that it does not describe"),
}
_OTHER = N_("gives an answer that nobody can read")


def why_blind(reason: str) -> str:
    """Give the message that says why a list gave no answer."""
    return _BLIND.get(reason, _OTHER)
