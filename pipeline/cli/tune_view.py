"""What `mailwarden rules tune` says: the verdict, what each threshold would have come to, and the setting."""

from datetime import timedelta, tzinfo
from itertools import pairwise

from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.pipeline.cli.terminal import Line, Span, page_width
from mailwarden.pipeline.showing.columns import wrap
from mailwarden.pipeline.showing.sentences import span_of
from mailwarden.pipeline.trial.tuning import Proposal

__all__ = ["tune_view"]

_ROWS = 8


def tune_view(name: str, target: str, proposal: Proposal, tongue: Translator, zone: tzinfo) -> list[Line]:
    """Show what was tried and what comes of it."""
    lines: list[Line] = [[Span(row, "strong")] for row in wrap(_verdict(name, target, proposal, tongue), page_width())]
    tried = proposal.tried
    stretch = {"span": span_of(tried.from_us, tried.last_us, tongue, zone), "events": f"{tried.events:,}"}
    lines += [[tongue.say(N_("Tried on {span}, {events} lines."), stretch)], []]
    enough = proposal.is_enough  # a week made of two minutes says nothing
    head = tongue.gettext("threshold   incidents   a week") if enough else tongue.gettext("threshold   incidents")
    lines.append([Span(head, "faint")])
    weeks = max(tried.judged / timedelta(weeks=1), 1e-9)
    for threshold in _rows(proposal):
        count = proposal.counts[threshold]
        note = ""
        if threshold == proposal.own:
            note = "  " + tongue.gettext("as it is")
        elif threshold == proposal.lowest and enough:
            note = "  " + tongue.gettext("the lowest that keeps within the target")
        rate = f"   {count / weeks:>6.1f}" if enough else ""
        lines.append([f"{threshold:>9}   {count:>9,}{rate}{note}"])
    if _is_proposed(proposal):
        lines += [[], [tongue.gettext("In mailwarden.yml:")], [Span("rules:", "command")]]
        lines.append([Span(f"  {name}: {{threshold: {proposal.lowest}}}", "command")])
        command = f"mailwarden backtest --set {name}.threshold={proposal.lowest}"
        lines += [[], [tongue.gettext("What it would lose:"), " ", Span(command, "command")]]
    return lines


def _is_proposed(proposal: Proposal) -> bool:
    return proposal.is_enough and proposal.lowest is not None and proposal.lowest > proposal.own


def _verdict(name: str, target: str, proposal: Proposal, tongue: Translator) -> str:
    values = {
        "name": name,
        "target": target,
        "own": proposal.own,
        "lowest": proposal.lowest,
        "has": tongue.duration(proposal.tried.judged.total_seconds()),
        "needed": tongue.duration(proposal.needed.total_seconds()),
    }
    if not proposal.is_enough:
        return tongue.say(
            N_("{name}: no proposal. The history holds {has}; for {target} it takes {needed} at least."), values
        )
    if proposal.lowest is None:
        return tongue.say(
            N_("{name}: no threshold keeps within {target} here. Use except: or severity: instead."), values
        )
    if proposal.lowest > proposal.own:
        return tongue.say(N_("{name}: threshold {lowest} instead of {own} keeps within {target}."), values)
    return tongue.say(
        N_("{name}: stay with {own}. It keeps within {target}; so would {lowest}, which looks closer."), values
    )


def _rows(proposal: Proposal) -> list[int]:
    """Choose the thresholds to show: the rule's own, the proposed one, and some around where the count changes."""
    thresholds = sorted(proposal.counts)
    wanted = [one for one in (proposal.own, proposal.lowest) if one is not None]
    changing = [later for earlier, later in pairwise(thresholds) if proposal.counts[earlier] != proposal.counts[later]]
    step = max(1, len(changing) // _ROWS)
    return sorted({*wanted, *changing[::step][:_ROWS]})
