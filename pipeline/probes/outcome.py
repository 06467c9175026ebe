"""What one check of our own standing came to. What its reasons mean for people stands in `alerts/words/posture.py`."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from mailwarden.pipeline.probes.resolver import Answer

__all__ = ["Outcome", "State", "nobody_knows"]

State = Literal["ok", "wrong", "no answer", "not checked"]


class Outcome(NamedTuple):
    """How one thing stands.

    `no answer` was asked, and nobody knows; `not checked` could not be asked. Neither is ever taken for `ok` or `wrong`.
    """

    subject: str  # the domain, address or host that it is about
    check: str
    name: str  # the DNS name or port that was looked at
    state: State
    reason: str = ""  # a key of `alerts/words/posture.py`
    now: str = ""  # what is there
    should: str = ""  # the record to publish
    details: Mapping[str, Any] = {}  # what else its sentence names


def nobody_knows(subject: str, check: str, answer: Answer) -> Outcome:
    """Give the outcome of a check whose name server did not answer."""
    return Outcome(
        subject, check, answer.name, "no answer", "no_answer", details={"why": answer.reason, "name": answer.name}
    )
