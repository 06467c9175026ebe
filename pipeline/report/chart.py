"""The one picture of a report: bars along its time. No text stands in it; the template writes the labels beside it.

Its ground is clear and its colours have a contrast of at least 3 to white and to the dark sheet: mail programs turn the page
dark, but no picture, and not all of them would take a second one.
"""

import resvg_py

__all__ = ["HEIGHT", "bars_png"]

_WIDTH, HEIGHT = 560, 120
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
    return bytes(resvg_py.svg_to_bytes(svg_string=svg, zoom=_SCALE, skip_system_fonts=True))
