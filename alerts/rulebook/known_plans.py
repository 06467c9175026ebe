"""Which plans of rule files are known from before: by the file's text, and by what reads it.

pySigma is read, and the files with it, in a fifth of a second; what came of it is as good as long as neither has changed.
"""

import functools
import hashlib
import importlib.util
import stat
from collections.abc import Collection
from pathlib import Path

from mailwarden.alerts.rulebook.plan import Plan
from mailwarden.alerts.rulebook.rule_files import MOST_BYTES

__all__ = ["KnownPlans"]

_MOST = 1_000
"""Plans of files as they were before; beyond that those of this time alone are kept."""


class KnownPlans:
    """Plans by what they were read from; `fresh` says whether some are new."""

    def __init__(self, plans: dict[str, Plan] | None = None) -> None:
        self._plans = plans or {}
        self._asked: set[str] = set()
        self.fresh = False

    def plan(self, path: Path, fields: frozenset[str] | None) -> Plan:
        """Give the plan of a rule file; it is read where it is not known.

        Raises:
            ConfigurationError: The file is no valid rule, or uses what is not supported.
        """
        key = _key(path, fields)
        plan = self._plans.get(key) if key else None
        if plan is None:
            from mailwarden.alerts.rulebook.compiler import read_plan

            plan = read_plan(path, fields)
            if key:
                self._plans[key] = plan
                self.fresh = True
        self._asked.add(key)
        return plan

    def kept(self) -> dict[str, Plan]:
        """Give what is to be known the next time."""
        if len(self._plans) <= _MOST:
            return self._plans
        return {key: plan for key, plan in self._plans.items() if key in self._asked}


def _key(path: Path, fields: Collection[str] | None) -> str:
    """Name what a plan follows from; nothing where the file cannot be read, which whoever reads it tells."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > MOST_BYTES:
            return ""
        text = path.read_bytes()
    except OSError:
        return ""
    words = "" if fields is None else " ".join(sorted(fields))
    named = f"{path.stem}\0{words}\0".encode("utf-8", "surrogateescape")
    return hashlib.blake2b(_reader_digest() + named + text, digest_size=20).hexdigest()


@functools.cache
def _reader_digest() -> bytes:
    """Tell the code that reads rules from what it was before, ours by what it says and pySigma by when it was installed."""
    digest = hashlib.blake2b(digest_size=20)
    for file in (*sorted(Path(__file__).parent.glob("*.py")), Path(__file__).parents[1] / "terms.py"):
        digest.update(file.read_bytes())
    found = importlib.util.find_spec("sigma")
    if found is not None and found.origin is not None:
        status = Path(found.origin).stat()
        digest.update(f"{found.origin} {status.st_mtime_ns} {status.st_size}".encode())
    return digest.digest()
