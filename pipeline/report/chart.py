"""The one picture of a report: bars along its time, or lines below each other.

No text stands in it; the template writes the labels beside it. Its ground is clear and its colours have a contrast of at
least 3 to white and to the dark sheet: mail programs turn the page dark, but no picture, and not all of them would take a
second one.
"""

from collections.abc import Sequence

import resvg_py

__all__ = ["HEIGHT", "ROW", "bars_png", "lines_png"]

_WIDTH, HEIGHT = 560, 120
_LINES_WIDTH, ROW = 330, 48  # of lines below each other; a row is as high as what stands beside it
_ROOM = 6  # above and below a line
_SCALE = 2  # for screens with small pixels
_BLUE, _LINE, _BASE = "#1f88c9", "#d9731a", "#7d8694"  # after Okabe-Ito


def bars_png(counts: list[int]) -> bytes:
    """Draw numbers as bars, their mean as a dashed line; the highest bar is as high as the picture."""
    most = max(counts, default=0) or 1
    step = _WIDTH / max(len(counts), 1)
    bars = "".join(
        f'<rect x="{place * step + step * 0.1:.1f}" y="{HEIGHT - 1 - count / most * (HEIGHT - 8):.1f}" '
        f'width="{step * 0.8:.1f}" height="{count / most * (HEIGHT - 8):.1f}" fill="{_BLUE}"/>'
        for place, count in enumerate(counts)
        if count
    )
    mean = HEIGHT - 1 - sum(counts) / max(len(counts), 1) / most * (HEIGHT - 8)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{HEIGHT}">'
        f"{bars}"
        f'<line x1="0" y1="{HEIGHT - 0.5}" x2="{_WIDTH}" y2="{HEIGHT - 0.5}" stroke="{_BASE}"/>'
        f'<line x1="0" y1="{mean:.1f}" x2="{_WIDTH}" y2="{mean:.1f}" stroke="{_LINE}" stroke-width="2" '
        'stroke-dasharray="6 4"/></svg>'
    )
    return _png(svg)


def lines_png(rows: Sequence[Sequence[float | None]]) -> bytes:
    """Draw each row of numbers as a line of its own, from 0 up to its highest; where nothing is known it is broken."""
    parts = [_line(values, place * ROW) for place, values in enumerate(rows)]
    height = ROW * len(rows)
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="{_LINES_WIDTH}" height="{height}">{"".join(parts)}</svg>'
    return _png(svg)


def _line(values: Sequence[float | None], top: int) -> str:
    most = max((one for one in values if one is not None), default=0) or 1
    step = (_LINES_WIDTH - 2 * _ROOM) / max(len(values) - 1, 1)
    base = top + ROW - _ROOM
    drawn = f'<line x1="0" y1="{base + 1}" x2="{_LINES_WIDTH}" y2="{base + 1}" stroke="{_BASE}" stroke-width="0.5"/>'
    before: tuple[float, float] | None = None
    for place, value in enumerate(values):
        if value is None:
            before = None
            continue
        x, y = _ROOM + place * step, base - value / most * (ROW - 2 * _ROOM)
        if before is not None:
            ends = f'x1="{before[0]:.1f}" y1="{before[1]:.1f}" x2="{x:.1f}" y2="{y:.1f}"'
            drawn += f'<line {ends} stroke="{_BLUE}" stroke-width="2" stroke-linecap="round"/>'
        colour = _LINE if place == len(values) - 1 else _BLUE
        drawn += f'<rect x="{x - 2.5:.1f}" y="{y - 2.5:.1f}" width="5" height="5" fill="{colour}"/>'
        before = x, y
    return drawn


def _png(svg: str) -> bytes:
    return bytes(resvg_py.svg_to_bytes(svg_string=svg, zoom=_SCALE, skip_system_fonts=True))
