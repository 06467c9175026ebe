"""A report as text: at most two screens, and five lines on a day on which nothing happened."""

from mailwarden.alerts.incidents.severity import severity_shape, severity_word
from mailwarden.alerts.words.escape import printable
from mailwarden.alerts.words.translate import N_, Translator, translator
from mailwarden.pipeline.report.document import Document, Grid, Section, Story
from mailwarden.pipeline.report.layout import WIDTH, Lines, cut, more_text, sentence, table, with_more
from mailwarden.pipeline.showing.columns import columns, pad, wrap

__all__ = ["as_text"]

_ROWS = 5  # of a table
_LENGTH = 72  # lines: two screens of a laptop
_INDENT = 18  # columns before what belongs to an incident
_FEW = 2  # notes of a section where all of them are too many
_NAME = 46  # columns of a name within a sentence
_LEAST_WHOLE = 3  # rows that stay beside each other of a table that is shown whole where there is room
_STEP_MOST = 3  # lines of a step, beyond which it stands elsewhere
_SHAPES = {"critical": "●", "watch": "▲", "minor": "■", "ok": "✓"}


def as_text(document: Document) -> str:
    """Write a report, with fewer rows a table where much happened."""
    text = ""
    for rows, is_brief in [*((rows, False) for rows in range(_ROWS, 0, -1)), (2, True), (1, True), (0, True)]:
        text = _written(document, rows, is_brief=is_brief)
        if text.count("\n") <= _LENGTH:
            break
    return text


def _written(document: Document, rows: int, *, is_brief: bool) -> str:
    tongue = translator(document.language)
    mark = f"{document.mark} "
    first, *more = wrap(printable(document.verdict), WIDTH - 2)
    lines = [mark + first, *("  " + line for line in more)]
    calm: list[str] = []  # of sections that found nothing: where room is short, sentences that follow each other
    for section in document.sections:
        if is_brief and _is_sentence(section):
            calm.append(section.said)
            continue
        part = _section(section, rows, tongue, is_brief=is_brief)
        lines += _paragraph(calm, tongue)
        calm = []
        apart = part.is_block and lines[-1] != ""
        lines += ["", *part.lines, ""] if apart else [*part.lines, *([""] if part.is_block else [])]
    lines += _paragraph(calm, tongue)
    return "\n".join(printable(line.rstrip()) for line in lines).rstrip() + "\n"


def _is_sentence(section: Section) -> bool:
    return bool(section.said) and section.is_calm and not section.stories


def _paragraph(said: list[str], tongue: Translator) -> list[str]:
    blank = "" if tongue.language == "ja" else " "
    return wrap(printable(blank.join(said)), WIDTH) if said else []


def _section(section: Section, rows: int, tongue: Translator, *, is_brief: bool) -> Lines:
    if section.name == "todo":  # each step stands with its incident
        return Lines()
    if section.stories:
        return _stories(section, tongue, is_brief=is_brief)
    if section.is_calm:
        return sentence(section.said) if section.said else Lines()
    few = min(_FEW, max(rows, 1)) if is_brief else len(section.notes)
    grid = section.grid
    if grid is None or not grid.worth:
        said = wrap(section.said, WIDTH) if section.said else []
        return Lines([*said, *_notes(section, tongue, few)], is_block=bool(section.notes))
    if not rows and not grid.is_whole:
        return Lines([*_named(section, grid, tongue), *_notes(section, tongue, few)])
    at_most = max(_LEAST_WHOLE, rows) if grid.is_whole and is_brief else len(grid.rows) if grid.is_whole else rows
    block = table(
        tongue,
        at_most,
        section.said,
        grid.head,
        grid.rows[: grid.worth],
        min(grid.total, grid.worth),
        worded=grid.worded,
        is_brief=is_brief,
    )
    return Lines([*block.lines, *_notes(section, tongue, few)], is_block=True)


def _named(section: Section, grid: Grid, tongue: Translator) -> list[str]:
    """Name what stands first in a table, and say how much more there is, where there is no room for more."""
    values = {"said": section.said.rstrip(".。"), "first": cut(grid.rows[0][0], _NAME)}
    lines = wrap(printable(tongue.say(N_("{said}: {first}"), values)), WIDTH)
    rest = min(grid.total, grid.worth) - 1
    if rest > 0:
        with_more(lines, more_text(tongue, rest))
    return lines


def _notes(section: Section, tongue: Translator, at_most: int) -> list[str]:
    lines: list[str] = []
    for note in section.notes[:at_most]:
        if not note.tone:
            lines.append(cut(f"  {note.text}", WIDTH))
            continue
        first, *more = wrap(printable(f"{_SHAPES[note.tone]} {note.text}"), WIDTH - 2, WIDTH - 4)
        lines += [f"  {first}", *(f"    {line}" for line in more)]
        if note.command and columns(lines[-1]) + columns(note.command) + 4 <= WIDTH:
            lines[-1] += f"  → {note.command}"
        elif note.command:
            lines += [f"    {line}" for line in wrap(printable(f"→ {note.command}"), WIDTH - 4, WIDTH - 6)]
    if len(section.notes) > at_most:
        with_more(lines, more_text(tongue, len(section.notes) - at_most))
    return lines


def _stories(section: Section, tongue: Translator, *, is_brief: bool) -> Lines:
    lines: list[str] = []
    for story in section.stories:
        shape = f"{severity_shape(story.severity)} {severity_word(story.severity, tongue)}"
        row = f"{pad(shape, 11)} {pad(story.short, 5)} "
        room = WIDTH - columns(row)
        said = printable(tongue.say(N_("{title} ({state})"), {"title": story.title, "state": story.state}))
        title, *more = wrap(said, room, room - 2)
        lines.append(row + title)
        if more:  # a name can be as long as its owner likes
            lines.append(" " * columns(row) + ("… " if len(more) > 1 else "") + more[-1])
        lines += [" " * _INDENT + line for line in _next(story, 1 if is_brief else _STEP_MOST, looks=not is_brief)]
    rest = section.stories_total - len(section.stories)
    ends = [more_text(tongue, rest)] if rest > 0 else []
    if is_brief:
        ends.append("→ mailwarden show ID")  # for all of them, whose step stands there
    if ends:
        lines.append(" " * _INDENT + "  ".join(ends))
    return Lines(lines, is_block=True)


def _next(story: Story, most: int, *, looks: bool) -> list[str]:
    """Say what to do first, with its command; where that is long, where it stands, if `looks`."""
    if story.todo is None:
        return []
    room = WIDTH - _INDENT
    look = f"mailwarden show {story.short}"
    said = wrap(f"→ {story.todo.text}", room, room - 2)
    if len(said) > most:
        return [f"→ {look}"] if looks else []
    command = story.todo.command if story.todo.command and columns(story.todo.command) <= room - 2 else look
    return [said[0], *("  " + line for line in [*said[1:], command])]
