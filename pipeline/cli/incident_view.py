"""One incident on a terminal: its mark, its sentences and its next step, in full or in one line."""

from collections.abc import Sequence

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.incidents.severity import severity_shape, severity_word
from mailwarden.alerts.terms import severity_rank
from mailwarden.alerts.words.escape import printable
from mailwarden.alerts.words.translate import N_
from mailwarden.pipeline.cli.terminal import Line, Span, Style, page_width
from mailwarden.pipeline.showing.columns import columns, shorten, wrap
from mailwarden.pipeline.showing.sentences import Sentences

__all__ = ["MARGIN", "WIDTH", "block", "is_strangers", "padded", "row_of", "rows_of", "style_of", "top_level"]

WIDTH = 80
"""Columns of a whole page."""
MARGIN = 12
"""Columns of the mark and the word before every block."""
_NARROW, _NARROW_MARGIN = 60, 2  # columns from which on the mark has a column of its own; else it has a row
_WHY_LINES = 2


def top_level(incidents: Sequence[Incident]) -> list[Incident]:
    """Give the incidents that are told by themselves, the worst first; the rest stands in the story of its parent."""
    ids = {incident.id for incident in incidents}
    alone = [incident for incident in incidents if incident.parent not in ids]
    return sorted(alone, key=lambda one: (-severity_rank(one.severity), is_strangers(one), -one.last_seen_us, one.id))


def is_strangers(incident: Incident) -> bool:
    """Say whether an incident is what a single stranger does: what concerns an account, a provider or the site comes first."""
    return incident.primary[0] in ("source.ip", "mailwarden.network", "mailwarden.wide_network")


def style_of(severity: str) -> Style:
    """Give the style of a severity."""
    rank = severity_rank(severity)
    return "critical" if rank == severity_rank("critical") else "watch" if rank >= severity_rank("medium") else "minor"


def block(incident: Incident, sentences: Sentences, *, why_lines: int = _WHY_LINES) -> list[Line]:
    """Show one incident: mark, word, title and id; why; the next step."""
    style, margin = style_of(incident.severity), _margin()
    room = page_width() - margin
    mark = f"{severity_shape(incident.severity)} {severity_word(incident.severity, sentences.tongue)}"
    short = sentences.short(incident.id)
    if margin < MARGIN:
        title = _at_most(rows_of(2), wrap(sentences.title(incident), room), room)
        lines: list[Line] = [[Span(mark, style), "  ", Span(short, "command")]]
        lines += [[" " * margin, Span(row, "strong")] for row in title]
    else:
        title = _at_most(rows_of(2), wrap(sentences.title(incident), room - len(short) - 2, room), room)
        gap = " " * max(2, room - columns(title[0]) - len(short))
        lines = [[Span(padded(mark), style), Span(title[0], "strong"), gap, Span(short, "command")]]
        lines += [[" " * margin, Span(row, "strong")] for row in title[1:]]
    why = _at_most(rows_of(why_lines), wrap(sentences.why(incident), room), room)
    lines += [[" " * margin, row] for row in why]
    lines += [[" " * margin, *row] for row in _next(incident, sentences, room)]
    return lines


def _margin() -> int:
    """Give the columns before the words of an incident."""
    return MARGIN if page_width() >= _NARROW else _NARROW_MARGIN


def _at_most(most: int, rows: list[str], width: int) -> list[str]:
    """Keep so many rows of a sentence; the last one shows that it goes on."""
    if len(rows) <= most:
        return rows
    last = rows[most - 1]
    while columns(last) >= width:
        last = last[:-1]
    return [*rows[: most - 1], last.rstrip() + "…"]


def _next(incident: Incident, sentences: Sentences, width: int) -> list[Line]:
    """Give the next step in a line, or its command in a second one; a command is shown whole or not at all."""
    tongue = sentences.tongue
    step = sentences.steps(incident)[0]
    head = tongue.say(N_("Next: {text}"), {"text": step.text})
    if step.command is None:
        return [[row] for row in _at_most(rows_of(2), wrap(printable(head), width), width)]
    command = step.command
    if columns(command) + 2 > max(width, WIDTH - MARGIN):  # a narrow terminal breaks it, and it is copied whole
        command = f"mailwarden show {sentences.short(incident.id)}"
    rows: list[Line] = [[row] for row in _at_most(rows_of(2), wrap(printable(head), width), width)]
    last = str(rows[-1][0])
    if columns(last) + 3 + columns(command) <= width:
        return [*rows[:-1], [last, "   ", Span(command, "command")]]
    return [*rows, ["  ", Span(command, "command")]]


def row_of(incident: Incident, sentences: Sentences) -> Line:
    """Show one incident in one line."""
    mark = f"{severity_shape(incident.severity)} {severity_word(incident.severity, sentences.tongue)}"
    short = sentences.short(incident.id)
    room = page_width() - MARGIN - len(short) - 2
    title = shorten(sentences.title(incident), room)
    gap = " " * (room + 2 - columns(title))
    return [Span(padded(mark), style_of(incident.severity)), title, gap, Span(short, "command")]


def padded(mark: str) -> str:
    """Fill up the columns before the words of an incident."""
    return mark + " " * max(1, MARGIN - columns(mark))


def rows_of(most: int) -> int:
    """Give how many rows a text of at most so many rows of a whole page may take here."""
    return most if page_width() >= WIDTH else 3 * most
