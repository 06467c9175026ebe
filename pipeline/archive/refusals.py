"""What receivers said of late when they did not take our mail, verbatim: by provider and class of the refusal."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mailwarden.parsers.event import iso
from mailwarden.pipeline.archive.archive import day_of
from mailwarden.pipeline.archive.index import ELSEWHERE, REFUSAL_COLUMNS, Index, refusal_of
from mailwarden.pipeline.archive.story import rows_of

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ELSEWHERE", "newest_refusals"]

_PLACES = 12  # parts of files that one answer reads
_COLUMNS = (
    "@timestamp", "event.action", "host.hostname", "mail.queue.id", "smtp.reply.code", "smtp.reply.enhanced_code",
    "smtp.reply.text", "event.reason", "mail.delivery.delay", "email.to.address", *REFUSAL_COLUMNS,
)  # fmt: skip


def newest_refusals(index: Index, wanted: Iterable[tuple[str, str]], from_us: int) -> list[dict[str, Any]]:
    """Give the newest deliveries that failed, as flat ECS fields, the newest first; of each pair at least one where there is one.

    Args:
        index: Of the archive; what is not indexed yet is not looked at.
        wanted: Provider (`ELSEWHERE` for those without a name) and class of the refusal.
        from_us: Older ones are not wanted.

    Raises:
        StoreError: A file of the archive is damaged.
    """
    from mailwarden.pipeline.archive.columns import table_of

    pairs = set(wanted)
    if not pairs:
        return []
    since = iso(from_us)
    found: list[dict[str, Any]] = []
    for place in index.newest_of_each(pairs, day_of(from_us), _PLACES):
        for rows in rows_of(place, _COLUMNS):
            found += _failed(rows, pairs)
    fresh = index.newest_refused(pairs)
    if fresh:
        for rows in table_of(fresh).to_batches():
            found += _failed(rows, pairs)
    return sorted((one for one in found if one["@timestamp"] >= since), key=_stamp, reverse=True)


def _failed(rows: "pa.RecordBatch", pairs: set[tuple[str, str]]) -> list[dict[str, Any]]:
    from mailwarden.pipeline.archive.columns import fields_of

    return [one for one in fields_of(rows.filter(_not_sent(rows))) if refusal_of(one) in pairs]


def _not_sent(rows: "pa.RecordBatch") -> "pa.Array":
    import pyarrow.compute as pc

    status = rows.column("mail.delivery.status")
    return pc.fill_null(pc.and_(pc.is_valid(status), pc.not_equal(status, "sent")), False)


def _stamp(event: Mapping[str, Any]) -> str:
    return str(event["@timestamp"])
