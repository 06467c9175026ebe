"""Who sent in the time of a report, each judged by what was counted of it then, and whether it did so before."""

from collections.abc import Collection, Sequence

import msgspec
import pandas as pd

from mailwarden.pipeline.answers.natures import Nature, Tally
from mailwarden.pipeline.correlation.senders import Sender

__all__ = ["ByNature", "Sent", "measure_senders"]

_KEPT = 50  # senders in the data
_NAMED = 3  # of a nature


class Sent(msgspec.Struct, frozen=True):
    """Who sent, beside what is usual for them."""

    name: str
    kind: str  # account, script or machine
    user: str  # the local user of a script, where another word than its name
    messages: int
    recipients: int
    usual: float | None
    nature: Nature


class ByNature(msgspec.Struct, frozen=True):
    """All senders of a nature together, those with most recipients named."""

    nature: str
    senders: int
    messages: int
    recipients: int
    first: list[str]


def measure_senders(
    frame: pd.DataFrame, ran: Sequence[int], suspects: Collection[str]
) -> tuple[list[Sent], list[ByNature], int]:
    """Give those who sent most, all by their nature, and how many there were.

    Args:
        frame: Columns name, a, b, c, count, span; span 0 is the time of the report, the others are the same days before.
        ran: The spans in which the service ran.
        suspects: Senders that an incident is about.
    """
    sent = frame[frame["name"].isin(("sent", "sent_recipients"))]
    now = sent[sent["span"] == 0]
    if now.empty:
        return [], [], 0
    table = now.groupby(["a", "b", "name"])["count"].sum().unstack(fill_value=0)
    table = table.reindex(columns=["sent", "sent_recipients"], fill_value=0)
    table = table.sort_values(["sent_recipients", "sent"], ascending=False, kind="stable")
    usual = None
    if ran:
        before = sent[(sent["name"] == "sent_recipients") & sent["span"].isin(ran)]
        weeks = before.groupby(["a", "b", "span"])["count"].sum().unstack(fill_value=0).reindex(columns=list(ran))
        usual = weeks.fillna(0).median(axis=1)
    judged = _judged(frame, now, suspects)
    senders = [
        Sent(
            str(name), str(kind), judged[name, kind][0].user, int(row.sent), int(row.sent_recipients),
            None if usual is None else float(usual.get((name, kind), 0.0)), judged[name, kind][1],
        )
        for (name, kind), row in zip(table.index, table.itertuples(index=False), strict=True)
    ]  # fmt: skip
    return senders[:_KEPT], _by_nature(senders), len(senders)


def _judged(
    frame: pd.DataFrame, now: pd.DataFrame, suspects: Collection[str]
) -> dict[tuple[str, str], tuple[Sender, Nature]]:
    """Judge each sender by what was counted of it in that time, and by whether it sent as much on the same days before."""
    tally = Tally(set(zip(now["a"], now["b"], strict=True)))
    rows = frame[frame["name"].isin(("sent", "sent_recipients", "sent_trait")) & (frame["span"] == 0)]
    for name, a, b, c, count in zip(*(rows[column] for column in ("name", "a", "b", "c", "count")), strict=True):
        tally.add((a, b), name, c, count)
    _add_recurrences(frame, tally)
    return {(sender.name, sender.kind): (sender, nature) for sender, _, nature in tally.judged(suspects)}


def _add_recurrences(frame: pd.DataFrame, tally: Tally) -> None:
    """Count the earlier times in which each sender had half as many recipients or more as days of its own."""
    before = frame[(frame["name"] == "sent_recipients") & (frame["span"] > 0)]
    for (a, b, _), count in before.groupby(["a", "b", "span"])["count"].sum().items():
        recipients = tally.recipients((a, b))
        if recipients is not None and 2 * count >= recipients:
            tally.add((a, b), "sent_trait", "days", 1)


def _by_nature(senders: Sequence[Sent]) -> list[ByNature]:
    found: dict[str, list[Sent]] = {}
    for one in senders:
        found.setdefault(one.nature.name, []).append(one)
    made = [
        ByNature(
            nature, len(of), sum(one.messages for one in of), sum(one.recipients for one in of),
            [one.name for one in of[:_NAMED]],
        )
        for nature, of in found.items()
    ]  # fmt: skip
    return sorted(made, key=lambda one: (-one.recipients, one.nature))
