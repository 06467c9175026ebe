"""Remember what stands in rule files: pySigma, which reads them, takes longer to import than a short log to be judged.

What is kept is data and no code: conditions are compiled anew at each start, of checked parts (`alerts/rulebook/condition.py`).
"""

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from mailwarden.alerts.rulebook.known_plans import KnownPlans
from mailwarden.alerts.rulebook.plan import Plan
from mailwarden.pipeline.own_cache import keep, recalled

__all__ = ["known_rules"]

_NAME = "known-rules"


@contextmanager
def known_rules() -> Iterator[KnownPlans]:
    """Give what is known of rule files; what is new by the end is kept for the next time."""
    known = KnownPlans(_recalled())
    yield known
    if known.fresh:
        keep(_NAME, msgspec.msgpack.encode(known.kept()))


def _recalled() -> dict[str, Plan]:
    data = recalled(_NAME)
    try:
        return msgspec.msgpack.decode(data, type=dict[str, Plan]) if data else {}
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return {}
