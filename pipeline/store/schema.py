"""The tables, as they are now. A change here needs a new file in `migrations/versions`; a test compares the two.

`state` and `rollups` are kept in the order of their keys (WITHOUT ROWID): one descent finds a row. `state` has no index
on its expiry, which would cost each write as much again; the rare sweep reads the table once instead.
"""

from sqlalchemy import BigInteger, Column, Float, Index, Integer, LargeBinary, MetaData, Table, Text, text

__all__ = ["metadata"]

metadata = MetaData()

Table(
    "state",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("expires_us", BigInteger, nullable=False),
    Column("blob", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
Table(
    "incidents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("site", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("primary_name", Text, nullable=False),
    Column("primary_value", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("parent", Text),
    Column("previous", Text),
    Column("opened_us", BigInteger, nullable=False),
    Column("first_seen_us", BigInteger, nullable=False),
    Column("last_seen_us", BigInteger, nullable=False),
    Column("blob", LargeBinary, nullable=False),
    Index("incidents_status", "status"),
    Index("incidents_last_seen", "last_seen_us"),
)
Table(
    "outbox",
    metadata,
    Column("id", Text, primary_key=True),
    Column("since_us", BigInteger, nullable=False),
    Column("due_us", BigInteger, nullable=False),
    Column("done", Integer, nullable=False),
    Column("blob", LargeBinary, nullable=False),
    Index("outbox_due", "due_us", sqlite_where=text("done = 0")),
)
Table(
    "rollups",
    metadata,
    Column("hour_us", BigInteger, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("a", Text, primary_key=True),
    Column("b", Text, primary_key=True),
    Column("c", Text, primary_key=True),
    Column("count", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
Table(
    "positions",
    metadata,
    Column("source", Text, primary_key=True),
    Column("position", Text, nullable=False),
)
Table(
    "meta",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
Table(
    "unparsed",
    metadata,
    Column("module", Text, primary_key=True),
    Column("program", Text, primary_key=True),
    Column("template", Text, primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("sample", Text, nullable=False),
)
Table(
    "acts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("batch", BigInteger),  # that took it up
    Index("acts_pending", "id", sqlite_where=text("batch IS NULL")),
    sqlite_autoincrement=True,
)
Table(
    "inbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("line", Text, nullable=False),
    sqlite_autoincrement=True,  # a number is an offset: it is never given twice
)
Table(
    "listings",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("zone", Text, primary_key=True),
    Column("since_us", BigInteger, primary_key=True),
    Column("checked_us", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("weight", Float, nullable=False),
    Column("codes", Text, nullable=False),  # a JSON list
    Column("reason", Text, nullable=False),
    sqlite_with_rowid=False,
)
Table(
    "posture",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("check_name", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("since_us", BigInteger, primary_key=True),
    Column("checked_us", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("now", Text, nullable=False),
    Column("should", Text, nullable=False),
    Column("details", Text, nullable=False),  # a JSON object
    sqlite_with_rowid=False,
)
Table(
    "reports",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("at_us", BigInteger, nullable=False),  # when it was read
    sqlite_with_rowid=False,
)
Table(
    "report_places",
    metadata,
    Column("place", Text, primary_key=True),
    Column("position", Text, nullable=False),  # a JSON object
    sqlite_with_rowid=False,
)
