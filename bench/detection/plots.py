"""Draw what the bench of detection measured, as SVG: no library, and text that stays text.

`python -m bench.detection … --write` writes them into docs/pictures; `python -m bench.detection.keeping` draws them anew.
"""

from html import escape
from math import log10

__all__ = ["times"]

_WIDTH, _LEFT, _RIGHT, _ROW, _TOP = 760, 250, 90, 24, 46
_BLUE, _ORANGE, _GREY, _TEXT = "#0072b2", "#d55e00", "#9ca3af", "#4b5563"  # Okabe-Ito, and greys that both grounds bear
_TICKS = ((10, "10 s"), (60, "1 min"), (600, "10 min"), (3_600, "1 h"), (14_400, "4 h"), (86_400, "1 day"))
_LEAST_S, _MOST_S = 6.0, 86_400.0


def times(rows: dict[str, list[float | None]], title: str, what: str) -> str:
    """Draw a row for each shape with a dot for each case, by the time it took; how many came to nothing stands beside it.

    Args:
        rows: By shape, the seconds of each case; None: never.
        title: Of the picture.
        what: Of what the time is.
    """
    height = _TOP + _ROW * len(rows) + 34
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" font-family="sans-serif"'
        f' font-size="12" fill="{_TEXT}"><title>{escape(title)}</title><rect width="100%" height="100%" fill="#ffffff"/>',
        f'<text x="0" y="16" font-size="14" font-weight="bold">{escape(title)}</text>',
    ]
    for at_s, name in _TICKS:
        x = _place(at_s)
        parts.append(
            f'<line x1="{x:.0f}" x2="{x:.0f}" y1="{_TOP - 8}" y2="{height - 30}" stroke="{_GREY}" stroke-opacity="0.4"/>'
            f'<text x="{x:.0f}" y="{height - 14}" text-anchor="middle">{name}</text>'
        )
    parts.append(f'<text x="{_WIDTH - _RIGHT + 14}" y="{_TOP - 14}">never</text>')
    for number, (name, seconds) in enumerate(rows.items()):
        y = _TOP + _ROW * number + _ROW / 2 - 4
        parts.append(f'<text x="{_LEFT - 12}" y="{y + 4:.0f}" text-anchor="end">{escape(name)}</text>')
        parts += [
            f'<circle cx="{_place(one):.1f}" cy="{y:.1f}" r="4" fill="{_BLUE}" fill-opacity="0.45"/>'
            for one in seconds
            if one is not None
        ]
        never = sum(one is None for one in seconds)
        if never:
            label = f"{never} of {len(seconds)}"
            parts.append(f'<text x="{_WIDTH - _RIGHT + 14}" y="{y + 4:.0f}" fill="{_ORANGE}">{label}</text>')
    parts.append(f'<text x="{_LEFT}" y="{_TOP - 14}">{escape(what)}</text></svg>')
    return "\n".join(parts) + "\n"


def _place(seconds: float) -> float:
    """Give where a time stands, on a scale of powers."""
    share = log10(max(_LEAST_S, min(_MOST_S, seconds)) / _LEAST_S) / log10(_MOST_S / _LEAST_S)
    return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)
