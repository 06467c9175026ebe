"""The report's section on who sent: people, newsletters, forms and programs, each called what it seems to be."""

from collections.abc import Mapping, Sequence

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.pipeline.answers.natures import NATURES, nature_text, suspects
from mailwarden.pipeline.report.document import Grid, Note, Section
from mailwarden.pipeline.report.figures import Measure
from mailwarden.pipeline.report.page import Page, change_word, left_usual, number, usual_text
from mailwarden.pipeline.report.senders import ByNature, Sent

__all__ = ["senders_section"]

_SHOWN = 5
_USUAL = 2  # the column; beside it stands how far it was left


def senders_section(page: Page) -> Section:
    """Put it into words: a sentence by nature, the table of those who sent most, and who the others are."""
    tongue, figures = page.tongue, page.figures
    heading = tongue.gettext("Who sent most")
    if not figures.senders:
        return Section(name="senders", heading=heading)
    shown = figures.senders[:_SHOWN]
    known = suspects(page.incidents)
    names = {one.name for one in shown}
    unusual = [one for one in shown if _left(one)]
    head = [
        tongue.gettext(word) for word in (N_("sender"), N_("recipients"), N_("usual"), N_("change"), N_("what it is"))
    ]
    rows = [
        [
            one.name,
            number(tongue, one.recipients),
            usual_text(tongue, one.usual),
            change_word(tongue, Measure("", one.recipients, one.usual, _left(one))),
            _what(one, known, page),
        ]
        for one in shown
    ]
    calm = not unusual and not any(one.nature.name == "suspect" for one in shown)
    return Section(
        name="senders",
        heading=heading,
        said=_summary(figures.natures, tongue) if calm else heading,
        is_calm=calm,
        grid=Grid(head, rows, figures.sender_count, len(rows), spare=_USUAL),
        notes=[
            _named(one, tongue) for one in figures.natures if one.nature != "person" and not names.issuperset(one.first)
        ],
    )


def _left(one: Sent) -> bool:
    return one.usual is not None and left_usual(one.recipients, one.usual)


def _what(one: Sent, known: Mapping[str, Incident], page: Page) -> str:
    """Say what a sender is; of one that an incident is about, which."""
    if one.nature.name == "suspect" and one.name in known:
        return page.tongue.say(N_("see incident {id}"), {"id": page.sentences.short(known[one.name].id)})
    return nature_text(one.nature, page.tongue)


def _summary(natures: Sequence[ByNature], tongue: Translator) -> str:
    """Say how many recipients mail of each nature had; nothing where only people wrote."""
    if all(one.nature == "person" for one in natures):
        return ""
    parts = [
        tongue.say(
            N_("{nature} {recipients}"),
            {"nature": tongue.gettext(NATURES[one.nature]), "recipients": number(tongue, one.recipients)},
        )
        for one in natures
    ]
    return tongue.say(N_("Recipients by kind of sender: {kinds}."), {"kinds": tongue.gettext(", ").join(parts)})


def _named(one: ByNature, tongue: Translator) -> Note:
    values: dict[str, object] = {
        "nature": tongue.gettext(NATURES[one.nature]), "names": tongue.names(one.first, one.senders)
    }  # fmt: skip
    return Note(tongue.say(N_("{nature}: {names}"), values))
