"""The report's section on block lists: who names us, who does not, and who gave no answer."""

from collections.abc import Sequence

from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.pipeline.report.document import Grid, Section
from mailwarden.pipeline.report.seen import seen_in_time
from mailwarden.pipeline.store import Listing, Store

__all__ = ["lists_section", "measure_lists"]

_ORDER = {"listed": 0, "suspected": 1, "no answer": 2}
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
    """Put it into words: a table of the lists that name us; one line where none does."""
    heading = tongue.gettext(_HEADING)
    if not heard:
        return Section(name="lists", heading=heading)
    named = [one for one in heard if one.state in ("listed", "suspected")]
    blind = sum(one.state == "no answer" for one in heard)
    if not named:
        values: dict[str, object] = {"all": len(heard) - blind, "blind": blind}
        said = (
            N_(
                "Block lists: none of {all} answers names us; {blind} more gave no answer, which is neither good nor bad."
            )
            if blind
            else N_("Block lists: none of {all} answers names us.")
        )
        return Section(name="lists", heading=heading, said=tongue.say(said, values))
    words = (N_("address or domain"), N_("list"), N_("what it says"))
    rows = [[one.subject, one.name, one.reason or ", ".join(one.codes)] for one in named]
    grid = Grid([tongue.gettext(word) for word in words], rows, len(rows), len(rows))
    said = tongue.say(N_("Block lists: {listed} of {all} answers name us"), {"listed": len(named), "all": len(heard)})
    return Section(name="lists", heading=heading, said=said, is_calm=False, grid=grid)
