"""Plesk's filters before the queue: which of them looked at a message, and which did not let it pass.

A refusal itself is told by Postfix (`milter-reject`). The passwords are `plesk_saslauthd`'s (`formats/saslauthd.py`).

Source: maillogs of Plesk 12 to Obsidian published in support articles ("How outgoing messages limit works") and questions.
"""

import re

from mailwarden.parsers.claims import Names
from mailwarden.parsers.event import Event
from mailwarden.parsers.life import failed, noted
from mailwarden.parsers.pattern import Format

__all__ = ["FORMAT", "claim", "claim_text"]

FORMAT = Format("plesk", ())

_TAG = re.compile(r"(?:/usr/(?:lib|lib64|libexec)/plesk-[0-9.]{1,8}/)?(psa-pc-remote)|(check-quota)")
_FILTER = re.compile(r"Starting the [a-z][a-z0-9_-]{1,30} filter\.\.\.$|SPF status:? [A-Z]{4,10}$")
_CALL = re.compile(
    r"(?:PASS|SKIP|REJECT|DEFER|TEMPFAIL|DISCARD|QUARANTINE) during call '[a-z][a-z0-9_-]{0,40}' handler$"
)
_ERROR = re.compile(r"[a-z][a-z0-9_-]{0,40}' handler$")


def claim(tag: str) -> Names | None:
    """Claim the filters' own tags, with the directory that some carry."""
    found = _TAG.fullmatch(tag)
    return (found[1] or found[2], "plesk", None) if found else None


def claim_text(text: str) -> bool:
    """Say whether a text is of a filter, whose tag (`spf`) says too little."""
    return _FILTER.match(text) is not None


@FORMAT.pattern(" during call '", anywhere=True)
def judged(event: Event, text: str) -> bool:
    """What a filter said of a message; Postfix tells what became of it."""
    return _CALL.match(text) is not None and noted(event)


@FORMAT.pattern("handlers_stderr", "Starting the ", "SPF status", "_mh_fork()")
def step(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A step of a filter."""
    return noted(event)


@FORMAT.pattern("Error during '")
def broken(event: Event, rest: str) -> bool:
    """A filter that failed."""
    return _ERROR.match(rest) is not None and failed(event)
