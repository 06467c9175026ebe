"""A report as HTML: one page for a mail program or a browser, with everything it needs in it."""

import base64
from collections.abc import Iterator, Sequence

import css_inline
import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined

from mailwarden.alerts.incidents.severity import severity_shape, severity_word
from mailwarden.alerts.words.escape import printable
from mailwarden.alerts.words.translate import N_, Translator, translator
from mailwarden.pipeline.report.document import Document, Grid, Note, Section, Story, Todo
from mailwarden.pipeline.report.layout import more_text
from mailwarden.pipeline.report.page import tone_of
from mailwarden.pipeline.report.pictures import Picture

__all__ = ["as_html"]

_ROWS = 5
_STORIES = 4  # with what to do about each they have room on the first screen
_EXPLAINED = 2  # so many have room for why, too; of more it stands below
_CHANGES = "changes"
_SHAPES = {"critical": "●", "watch": "▲", "minor": "■", "ok": "✓", "": ""}
_FOOTER = N_("Made from what your mail servers logged, and from answers about your own addresses and domains.")


class _Story(msgspec.Struct, frozen=True):
    shape: str
    word: str
    tone: str
    short: str
    title: str
    state: str
    why: str
    step: str  # what to do first; empty where nothing is to be done
    command: str
    is_inline: bool  # whether the command stands behind the step


class _Row(msgspec.Struct, frozen=True):
    cells: list[str]
    share: int


class _Grid(msgspec.Struct, frozen=True):
    head: list[str]
    rows: list[_Row]
    shares: bool
    worded: bool
    is_words: bool
    more: str
    spare: int


class _Note(msgspec.Struct, frozen=True):
    shape: str
    text: str
    command: str | None


class _Section(msgspec.Struct, frozen=True):
    name: str
    heading: str
    said: str
    grid: _Grid | None
    notes: list[_Note]
    stories: list[_Story]
    more_stories: str
    todo: list[Todo]


class _Chart(msgspec.Struct, frozen=True):
    source: str
    shown: Picture


class _View(msgspec.Struct, frozen=True):
    """What the template shows; all of it printable."""

    language: str
    title: str
    mark: str
    tone: str
    verdict: str
    about: str
    sections: list[_Section]


def as_html(document: Document, chart: Picture | None, *, content_id: str | None = None) -> str:
    """Write a report as one HTML page with its styles in place.

    Args:
        document: The report.
        chart: Its picture, where there is one.
        content_id: What the picture is called in the mail that holds it; None: it stands in the page itself.
    """
    tongue = translator(document.language)
    sections = [_section(one, tongue) for one in _ordered(document.sections, tongue)]
    view = _View(
        document.language,
        printable(document.title),
        document.mark,
        document.tone,
        printable(document.verdict),
        printable(document.about),
        sections,
    )
    shown = None
    if chart is not None:
        data = base64.b64encode(chart.png).decode()
        source = f"cid:{content_id}" if content_id else f"data:image/png;base64,{data}"
        shown = _Chart(source, chart)
    text = (
        _environment()
        .get_template("report.html")
        .render(page=view, chart=shown, footer=tongue.gettext(_FOOTER), details=tongue.gettext("All of one:"))
    )
    # No file and no address is ever opened for it: all it needs stands in the page.
    return css_inline.CSSInliner(load_remote_stylesheets=False, keep_style_tags=False).inline(text)


def _environment() -> Environment:
    loader = PackageLoader("mailwarden.pipeline.report")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def _ordered(sections: Sequence[Section], tongue: Translator) -> Iterator[Section]:
    """Put first what a first screen is for: what happened, each with its first step; further steps and reasons follow."""
    stories = [story for section in sections for story in section.stories[:_STORIES]]
    told = {(story.todo.text.casefold(), story.todo.command) for story in stories if story.todo is not None}
    for section in sections:
        if section.name == "todo":
            rest = [step for step in section.todo if (step.text.casefold(), step.command) not in told]
            heading = tongue.gettext("Also to do")
            yield msgspec.structs.replace(section, heading=heading, todo=rest)
        elif section.stories and len(stories) > _EXPLAINED:
            short = [msgspec.structs.replace(story, why="") for story in section.stories]
            yield msgspec.structs.replace(section, stories=short)
        else:
            yield section
        if section.name == "todo" and len(stories) > _EXPLAINED:
            seen = [Note(f"{story.short}: {story.why}") for story in stories if story.why]
            yield Section(name="reasons", heading=tongue.gettext("Why they were raised"), notes=seen)


def _section(section: Section, tongue: Translator) -> _Section:
    rest = section.stories_total - min(len(section.stories), _STORIES)
    grid, said = section.grid, printable(section.said)
    if grid and section.name == _CHANGES and grid.worth:  # what is as usual needs no row
        same = [f"{row[0]} {row[1]}" for row in grid.rows[grid.worth :]]
        said = tongue.say(N_("As usual: {what}."), {"what": tongue.gettext(", ").join(same)}) if same else ""
        grid = msgspec.structs.replace(grid, rows=grid.rows[: grid.worth], total=grid.worth)
    return _Section(
        section.name,
        section.heading,
        said,
        _grid(grid, tongue) if grid else None,
        [_note(one) for one in section.notes],
        [_story(one, tongue) for one in section.stories[:_STORIES]],
        more_text(tongue, rest) if section.stories and rest > 0 else "",
        [Todo(printable(one.text), printable(one.command) if one.command else None) for one in section.todo],
    )


def _story(story: Story, tongue: Translator) -> _Story:
    step = story.todo
    command = printable(step.command) if step and step.command else ""
    return _Story(
        severity_shape(story.severity),
        severity_word(story.severity, tongue),
        tone_of(story.severity),
        story.short,
        printable(story.title),
        story.state,
        printable(story.why),
        printable(step.text) if step else "",
        command,
        command.startswith("mailwarden "),
    )


def _grid(grid: Grid, tongue: Translator) -> _Grid:
    most = max(grid.shares, default=0) or 1
    rows = [
        _Row([printable(cell) for cell in row], max(1, round(share / most * 100)))
        for row, share in zip(
            grid.rows if grid.is_whole else grid.rows[:_ROWS], grid.shares or [0.0] * len(grid.rows), strict=False
        )
    ]
    rest = grid.total - len(rows)
    return _Grid(
        [_begun(cell) for cell in grid.head],
        rows,
        bool(grid.shares),
        grid.worded and len(grid.head) > 2 and not grid.shares,
        grid.is_words,
        more_text(tongue, rest) if rest > 0 else "",
        grid.spare,
    )


def _begun(cell: str) -> str:
    """Let the head of a column begin with a capital, where its script has them."""
    return cell[:1].upper() + cell[1:]


def _note(note: Note) -> _Note:
    return _Note(_SHAPES[note.tone], printable(note.text), printable(note.command) if note.command else None)
