"""How counts are looked up: from each hour that holds any to the next, then the wanted names within it, one descent each."""

__all__ = ["seek"]

_SEEK = (
    "WITH RECURSIVE hours(h) AS (SELECT MIN(hour_us) FROM rollups WHERE hour_us >= ?1 AND hour_us < ?2"
    " UNION ALL SELECT (SELECT MIN(hour_us) FROM rollups WHERE hour_us > h AND hour_us < ?2) FROM hours WHERE h IS NOT NULL)"
    " SELECT {columns} FROM hours CROSS JOIN json_each(?3) AS wanted{beside} CROSS JOIN rollups AS r"
    " ON r.hour_us = hours.h AND r.name = wanted.value{on} WHERE hours.h IS NOT NULL{then}"
)


def seek(columns: str, *, beside: str = "", on: str = "", then: str = "") -> str:
    """Write a query whose first three values are from when, until when, and the names as a JSON list.

    Args:
        columns: What is read, of `rollups AS r`.
        beside: Further tables, before the counts are sought.
        on: Further conditions of the seeking.
        then: Further conditions of what was found, and its groups.
    """
    return _SEEK.format(columns=columns, beside=beside, on=on, then=then)
