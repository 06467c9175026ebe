"""Keep what was measured: scores as JSON, tables as Markdown, plots as SVG; what is not measured again stays."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from bench.detection.plots import times

__all__ = ["Section", "Took", "keep", "write_out"]

_SCORES = Path(__file__).with_name("scores.json")
_RESULTS = Path(__file__).with_name("RESULTS.md")
_PREFACE = Path(__file__).with_name("PREFACE.md")
_PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
_ORDER = ("takeovers", "quiet", "changed", "life", "weeks", "cold", "attacks")
_PLOTS = (
    ("takeovers", "told_s", "Takeovers: until a person is told", "since the first message or login"),
    ("quiet", "told_s", "Misuse without a burst: until a person is told", "since the first login"),
    ("attacks", "recorded_s", "Guessing and relaying: until it is recorded", "since the first try"),
)


class Took(NamedTuple):
    """How long it took, in seconds since a case began, until it was recorded and told; None: never."""

    shape: str
    recorded_s: float | None
    told_s: float | None


class Section(NamedTuple):
    """What was measured of one kind: its part of the results, and each case."""

    text: list[str]
    cases: Sequence[Took] = ()


def keep(name: str, section: Section) -> None:
    """Keep a section in place of the one measured before, and write tables and plots anew."""
    kept = _kept() | {name: section}
    _SCORES.write_bytes(msgspec.json.format(msgspec.json.encode(kept), indent=1) + b"\n")
    write_out()


def write_out() -> None:
    """Write tables and plots of all that is kept."""
    kept = _kept()
    parts = [
        _PREFACE.read_text("utf-8").strip(),
        *("\n".join(kept[name].text).strip() for name in sorted(kept, key=_place)),
    ]
    _RESULTS.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    for name, field, title, what in _PLOTS:
        rows: dict[str, list[float | None]] = {}
        for case in kept[name].cases if name in kept else ():
            rows.setdefault(case.shape, []).append(getattr(case, field))
        if rows:
            (_PICTURES / f"detection-{name}.svg").write_text(times(rows, title, what), encoding="utf-8")


def _place(name: str) -> tuple[int, str]:
    """Give where a section stands: what was measured with another server follows the same with Postfix."""
    return _ORDER.index(name.partition(" ")[0]), name


def _kept() -> dict[str, Section]:
    if not _SCORES.exists():
        return {}
    return msgspec.json.decode(_SCORES.read_bytes(), type=dict[str, Section])


if __name__ == "__main__":
    write_out()
