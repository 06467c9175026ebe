"""The report's section on names and certificates: what receivers see of ours, what is wrong with it, what nobody knows."""

from collections.abc import Sequence

from mailwarden.alerts.words.posture import CHECKS, REASONS, in_words
from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.pipeline.report.document import Grid, Note, Section
from mailwarden.pipeline.report.seen import seen_in_time
from mailwarden.pipeline.store import Posture, Store

__all__ = ["measure_names", "names_section"]

_ORDER = {"wrong": 0, "no answer": 1, "not checked": 1, "ok": 2}
_SHOWN = 5
_BLIND = ("no answer", "not checked")


def measure_names(store: Store, from_us: int, to_us: int, domain: str | None = None) -> list[Posture]:
    """Give how our names stood in the time of a report, what is wrong first; nothing where nobody looked.

    Args:
        store: Where probes' answers are.
        from_us: Where the report begins.
        to_us: Where it ends; what was seen up to a day later still tells of it.
        domain: Only this domain of ours.
    """
    seen = seen_in_time(store.standing.postures(since_us=from_us), to_us, domain)
    return sorted(seen, key=lambda one: (_ORDER.get(one.state, 1), one.subject, one.check, one.name))


def names_section(seen: Sequence[Posture], tongue: Translator, *, is_blind: bool = False) -> Section:
    """Put it into words: a table of what is wrong and what to publish; one line where all is well.

    Args:
        seen: What was looked at.
        tongue: The reader's.
        is_blind: Nobody looked at anything of ours, block lists among it: that is told, for silence would be false calm.
    """
    heading = tongue.gettext("Names and certificates")
    if not seen:
        said = tongue.gettext("Block lists, names and certificates: not checked.") if is_blind else ""
        return Section(name="names", heading=heading, said=said)
    wrong = [one for one in seen if one.state == "wrong"]
    blind = sum(one.state in _BLIND for one in seen)
    head = [tongue.gettext(N_("name")), tongue.gettext(N_("check")), tongue.gettext(N_("state"))]
    rows = [[one.subject, _check(one, tongue), _state(one, tongue)] for one in seen]
    grid = Grid(head, rows, len(rows), 0, is_words=True)
    values: dict[str, object] = {"wrong": len(wrong), "blind": blind, "all": len(seen)}
    if wrong:
        said = tongue.say(N_("Names and certificates: {wrong} of {all} checks found something wrong"), values)
        notes = [_note(one, tongue) for one in wrong[:_SHOWN]]
        return Section(name="names", heading=heading, said=said, is_calm=False, grid=grid, notes=notes)
    if blind:
        said = tongue.say(
            N_("Names and certificates: nothing wrong was seen, but {blind} of {all} checks got no answer."), values
        )
    else:
        said = tongue.count(
            "Names and certificates: the only check is well.",
            "Names and certificates: all {number} checks are well.",
            len(seen),
        )
    return Section(name="names", heading=heading, said=said, grid=grid)


def _check(one: Posture, tongue: Translator) -> str:
    return tongue.gettext(CHECKS[one.check]) if one.check in CHECKS else one.check


def _state(one: Posture, tongue: Translator) -> str:
    if one.state == "ok":
        return f"✓ {tongue.gettext('ok')}"
    if one.state in _BLIND:
        return f"? {tongue.gettext('no answer') if one.state == 'no answer' else tongue.gettext('not checked')}"
    return f"▲ {tongue.gettext('wrong')}"


def _note(one: Posture, tongue: Translator) -> Note:
    """Say what is wrong, and what to do about it."""
    reason = REASONS.get(one.reason)
    about = {"subject": one.subject, "name": one.name, "now": one.now, "should": one.should or "?"}
    values = in_words({**about, **one.details}, tongue)
    if reason is None:
        return Note(f"{one.subject}: {_check(one, tongue)}: {one.reason}", "watch")
    said = tongue.say(
        N_("{subject}, {check}: {what}"),
        {**values, "check": _check(one, tongue), "what": tongue.say(reason.what, values)},
    )
    mend = tongue.say(reason.mend, values) if reason.mend else None
    if mend is not None and "{should}" not in reason.mend:  # advice, and nothing to copy
        return Note(f"{said}  → {mend}", "watch")
    return Note(said, "watch", mend)
