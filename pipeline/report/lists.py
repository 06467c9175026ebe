"""The report's section on block lists: who names us, who does not, and who gave no answer."""

from collections.abc import Sequence

from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.pipeline.report.document import Grid, Section
from mailwarden.pipeline.report.seen import seen_in_time
from mailwarden.pipeline.store import Listing, Store

__all__ = ["lists_section", "measure_lists"]

_ORDER = {"listed": 0, "suspected": 1, "no answer": 2}
_NAMING = ("listed", "suspected")  # twice, or once and asked again
_HEADING = N_("Block lists")


def measure_lists(store: Store, from_us: int, to_us: int, domain: str | None = None) -> list[Listing]:
    """Give what lists said of us in the time of a report, those that name us first; nothing where nobody asked.

    Args:
        store: Where probes' answers are.
        from_us: Where the report begins.
        to_us: Where it ends; what was heard up to a day later still tells of it.
        domain: Only this domain of ours.
    """
    heard = seen_in_time(store.standing.listings(since_us=from_us), to_us, domain)
    return sorted(heard, key=lambda one: (_ORDER.get(one.state, 3), -one.weight, one.subject, one.zone))


def lists_section(heard: Sequence[Listing], tongue: Translator) -> Section:
    """Put it into words: a table of the lists that name us; one line where none does, and by list what it said."""
    heading = tongue.gettext(_HEADING)
    if not heard:
        return Section(name="lists", heading=heading)
    named = [one for one in heard if one.state in _NAMING]
    values: dict[str, object] = {
        "listed": len(named),
        "clear": sum(one.state == "clear" for one in heard),
        "blind": sum(one.state not in ("clear", *_NAMING) for one in heard),
    }
    if not named:
        said = (
            N_("Block lists: none that answered names us (clear: {clear}; no answer, which is neither: {blind}).")
            if values["blind"]
            else N_("Block lists: none names us (clear: {clear}).")
        )
        return Section(name="lists", heading=heading, said=tongue.say(said, values), grid=_by_list(heard, tongue))
    words = (N_("address or domain"), N_("list"), N_("what it says"))
    rows = [[one.subject, one.name, one.reason or ", ".join(one.codes)] for one in named]
    grid = Grid([tongue.gettext(word) for word in words], rows, len(rows), len(rows), is_words=True)
    said = tongue.say(N_("Answers of block lists that name us: {listed} (clear: {clear}, no answer: {blind})"), values)
    return Section(name="lists", heading=heading, said=said, is_calm=False, grid=grid)


def _by_list(heard: Sequence[Listing], tongue: Translator) -> Grid:
    """Count by list what it said, those first that gave no answer; where there is little room it is left out."""
    names = sorted({one.name for one in heard}, key=lambda name: (-_count(heard, name, "no answer"), name))
    head = [tongue.gettext(word) for word in (N_("list"), N_("listed"), N_("clear"), N_("no answer"))]
    rows = [
        [name, *(str(_count(heard, name, *states)) for states in (_NAMING, ("clear",), ("no answer",)))]
        for name in names
    ]
    return Grid(head, rows, len(rows), 0, worded=False)


def _count(heard: Sequence[Listing], name: str, *states: str) -> int:
    return sum(one.name == name and one.state in states for one in heard)
