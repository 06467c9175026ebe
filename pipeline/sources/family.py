"""The files that one log is spread over: mail.log, mail.log.1, mail.log.2.gz, maillog-20260303.xz, mainlog.01."""

import os
import re
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

__all__ = ["PACKED", "Member", "day_in_name", "members", "stem"]

PACKED = frozenset({".gz", ".bz2", ".xz", ".zst"})
_COMPRESSED = f"(?:{'|'.join(map(re.escape, sorted(PACKED)))})?"
_DATE = r"(?P<date>\d{4}-\d\d-\d\d|\d{8})(?:[-_T.]?(?P<time>\d{2,10}))?"
_NUMBER = r"(?P<number>\d{1,3})"
# logrotate's default and `dateext`; its `extension .log` puts the same before the extension; exicyclog pads with zeros;
# Exim's %D writes a date and has no file without one.
_ROTATED = re.compile(rf"(?P<stem>.+?)(?:[-._]{_DATE}|\.{_NUMBER})(?P<extension>\.log)?{_COMPRESSED}\Z")
_PACKED = re.compile(r"(?P<stem>.+?)\.(?:gz|bz2|xz|zst)\Z")


class Member(NamedTuple):
    """One file of a family; members sort from oldest to newest."""

    order: tuple[int, str, int]
    path: Path


def _read(name: str) -> tuple[str, tuple[int, str, int]]:
    match = _ROTATED.match(name)
    if match is None:
        packed = _PACKED.match(name)
        return (packed["stem"], (2, "", 0)) if packed else (name, (3, "", 0))
    base = match["stem"] + (match["extension"] or "")
    if match["date"] is not None:
        return base, (1, match["date"].replace("-", "") + (match["time"] or ""), 0)
    return base, (0, "", -int(match["number"]))


def stem(path: Path) -> Path:
    """Give the path under which the newest file of the family of `path` stands: mail.log for mail.log.2.gz."""
    return path.with_name(_read(path.name)[0])


def day_in_name(name: str) -> int:
    """Read the day of the rotation from a name (`dateext`) as seconds since the epoch; 0 when it holds none."""
    match = _ROTATED.match(name)
    if match is None or match["date"] is None:
        return 0
    try:
        return int(datetime.strptime(match["date"].replace("-", ""), "%Y%m%d").replace(tzinfo=UTC).timestamp())
    except ValueError:
        return 0


def _list_once(path: Path, only: Collection[Path] | None) -> dict[tuple[int, str, int], Path]:
    slots: dict[tuple[int, str, int], Path] = {}
    family = _read(path.name)[0]
    start = family.removesuffix(".log")  # `mail.1.log` belongs to `mail.log`
    try:
        names = [name for name in os.listdir(path.parent) if name.startswith(start)]  # noqa: PTH208 - names, not paths
    except OSError:
        names = [path.name] if only is None else [one.name for one in only]
    for name in names:
        base, order = _read(name)
        if base == family and (only is None or path.with_name(name) in only):
            # While a file is being compressed both stand there: the plain one is whole.
            known = slots.get(order)
            if known is None or len(name) < len(known.name):
                slots[order] = path.with_name(name)
    return slots


def members(path: Path, only: Collection[Path] | None = None) -> list[Member]:
    """List the family that `path` belongs to, from oldest to newest; of these files alone where `only` names some.

    A directory is not read in one instant: while logrotate renames, a file may be missed. So it is read until two
    readings agree.
    """
    slots = _list_once(path, only)
    for _ in range(5):
        again = _list_once(path, only)
        if again == slots:
            break
        slots = again
    found = [Member(order, member) for order, member in slots.items()]
    kinds = {member.order[0] for member in found}
    if {0, 1} <= kinds:
        # The rotation's settings were changed: the kind that is in use has the newest file.
        newest = {kind: max(_modified(m.path) for m in found if m.order[0] == kind) for kind in (0, 1)}
        if newest[0] > newest[1]:
            found = [Member((1 - m.order[0], *m.order[1:]) if m.order[0] < 2 else m.order, m.path) for m in found]
    return sorted(found)


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
