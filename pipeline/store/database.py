"""Open the database file: how it is set up and connected to, and what its errors mean for a person.

What it is asked and told is SQLite's own text through Python's `sqlite3`. A new file gets the tables of `schema.sql`; those
of an older one are brought up to date by `upgrade.py`, which imports SQLAlchemy: 0.1 s that nobody else pays.
"""

import os
import sqlite3
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from mailwarden.alerts.words.library_words import heard
from mailwarden.alerts.words.translate import N_
from mailwarden.parsers.errors import StoreBusyError, StoreError, coded, worded
from mailwarden.parsers.system_errors import reason

__all__ = ["REVISION", "REVISION_TABLE", "Connections", "explained", "is_current", "open_database", "writing"]

REVISION = "0004"
"""The newest file in `migrations/versions`. Revisions count upwards."""

REVISION_TABLE = (
    "CREATE TABLE IF NOT EXISTS alembic_version "
    "(version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
)
"""Where Alembic looks for it, and as it makes it."""

_SCHEMA = Path(__file__).with_name("schema.sql")
BUSY_S = 5.0
"""How long to wait for another process to finish writing."""
_IDLE = 5  # connections that are kept for whoever asks next

_PRAGMAS = (
    # A row of more than a quarter of a page takes a page of its own besides: with 2 KiB, half of what an attack leaves.
    "PRAGMA page_size = 4096",
    "PRAGMA synchronous = FULL",  # a committed batch survives a power cut
    "PRAGMA cache_size = -4096",  # KiB: a commit writes in the order of the tree, and needs no page twice
    "PRAGMA mmap_size = 0",  # it would take 3 % off an attack, and count as our memory
    "PRAGMA wal_autocheckpoint = 4096",  # pages, 16 MiB: pages that many batches change are copied back once
    "PRAGMA journal_size_limit = 67108864",
    "PRAGMA temp_store = MEMORY",
)

_MEANING = {  # by the beginning of SQLite's own name: the id of the kind of error, and what is said of it
    "SQLITE_BUSY": (
        "MW5108",
        N_(
            "{path}: locked by another process for more than {seconds} s. Nothing was read or changed."
            " Wait until it has ended; who it is:  fuser -v {path}"
        ),
    ),
    "SQLITE_FULL": (
        "MW5109",
        N_(
            "{path}: no space left for it ({why}). Nothing of this batch was kept; it is read again from the logs."
            " Free space on that disk."
        ),
    ),
    "SQLITE_READONLY": (
        "MW5105",
        N_(
            "{path}: not writable by user {user} ({why}). Nothing was changed."
            " Run as the user of the service, or give it the file."
        ),
    ),
    "SQLITE_NOTADB": (
        "MW5102",
        N_(
            "{path}: not a database of mailwarden ({why}). Nothing was read or changed. Name another file, or move this one away."
        ),
    ),
    "SQLITE_CORRUPT": (
        "MW5110",
        N_(
            "{path}: damaged ({why}). What it holds cannot be trusted. Restore it from a backup, or move it away:"
            " mailwarden then begins anew with the logs that are still there."
        ),
    ),
    "SQLITE_CANTOPEN": (
        "MW5106",
        N_(
            "{path}: cannot be opened by user {user} ({why}). Nothing was read. See that its folder exists and may be entered."
        ),
    ),
    "SQLITE_IOERR": (
        "MW5111",
        N_(
            "{path}: its disk does not work ({why}). Nothing of this batch was kept. Look for errors of the disk:  dmesg | tail"
        ),
    ),
}
_PASSING = ("SQLITE_BUSY", "SQLITE_FULL", "SQLITE_IOERR")  # what an operator mends while the service waits
_UNKNOWN = ("MW5106", N_("{path}: cannot be used ({why}, {name}). Nothing was changed."))


class Connections:
    """Connections to one database, lent to whoever asks, in whatever thread, and taken back for the next."""

    def __init__(self, path: Path, *, read_only: bool) -> None:
        self._path, self._read_only = path, read_only
        self._idle: deque[sqlite3.Connection] = deque()
        self._closed = False

    @contextmanager
    def lent(self) -> Iterator[sqlite3.Connection]:
        """Lend one; it is given back outside of any transaction."""
        connection = self.take()
        try:
            yield connection
        finally:
            if self._closed or len(self._idle) >= _IDLE or connection.in_transaction:
                connection.close()
            else:
                self._idle.append(connection)

    def take(self) -> sqlite3.Connection:
        """Give one for good: an idle one, else a new one."""
        try:
            return self._idle.pop()
        except IndexError:
            return _connect(self._path, self._read_only)

    def close(self) -> None:
        """Let go of the file; what is lent is closed when it comes back."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()


def open_database(path: Path, *, read_only: bool) -> Connections:
    """Open the database, create it where there is none, bring an older one up to date.

    Raises:
        StoreError: It cannot be used, or is of a newer mailwarden.
    """
    if read_only and not path.exists():
        raise StoreError(
            coded(
                "MW5101",
                '{path}: there is no database yet. Nothing was recorded so far. Start watching with "mailwarden run".',
                path=path,
            )
        )
    if not read_only:
        _make_place(path)
    connections = Connections(path, read_only=read_only)
    try:
        with explained(path):
            with connections.lent() as connection:
                current = is_current(connection, path) or (not read_only and _made(connection))
            if not current:
                _bring_up_to_date(path, read_only)
    except BaseException:
        connections.close()
        raise
    return connections


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what SQLite says about the file into a `StoreError` that says what to do."""
    try:
        yield
    except sqlite3.Error as error:
        raise _explained(path, error) from error


@contextmanager
def writing(connection: sqlite3.Connection) -> Iterator[None]:
    """Make one transaction that holds the right to write from its start, so that it never has to be begun again."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite ends it by itself where a disk is full
            connection.execute("ROLLBACK")
        raise


def _make_place(path: Path) -> None:
    """Create folder and file for the owner and the group alone: logs tell who writes to whom."""
    try:
        path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        if not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o640))
    except OSError as error:
        raise StoreError(
            coded(
                "MW5105",
                '{path}: cannot be created by user {user} ("{reason}"). Nothing can be remembered. '
                "Run as root or as the user of the service, or name another place.",
                path=path,
                user=_user(),
                reason=reason(error),
            )
        ) from error


def _connect(path: Path, read_only: bool) -> sqlite3.Connection:
    connection = _attach(path, read_only)
    try:
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        if not read_only:
            connection.execute("PRAGMA journal_mode = WAL")
    except BaseException:
        connection.close()
        raise
    return connection


def _attach(path: Path, read_only: bool) -> sqlite3.Connection:
    """Connect; a database that nobody has open, in a folder we may not write to, is read as it lies there."""
    plain = f"file:{quote(str(path.absolute()))}"
    if not read_only:
        return _connected(f"{plain}?mode=rw")
    try:
        return _connected(f"{plain}?mode=ro")
    except sqlite3.OperationalError as error:
        kept_apart = error.sqlite_errorname.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY"))
        if not kept_apart or path.with_name(f"{path.name}-wal").exists():
            raise
        return _connected(f"{plain}?mode=ro&immutable=1")


def _connected(uri: str) -> sqlite3.Connection:
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def _made(connection: sqlite3.Connection) -> bool:
    """Make the tables of a new file, in one transaction; False where another process was quicker, or it is not new."""
    if _tables(connection):
        return False
    with writing(connection):
        if _tables(connection):
            return False
        for statement in _SCHEMA.read_text("ascii").split(";\n"):
            connection.execute(statement)
        connection.execute(REVISION_TABLE)
        connection.execute("INSERT INTO alembic_version VALUES (?)", (REVISION,))
    return True


def _bring_up_to_date(path: Path, read_only: bool) -> None:
    if read_only:
        raise StoreError(
            coded(
                "MW5104",
                "{path}: was written by an older mailwarden. Nothing was read. Start the service "
                'once, or run "mailwarden doctor" as its user: that brings it up to date.',
                path=path,
            )
        )
    from mailwarden.pipeline.store.upgrade import bring_up_to_date

    bring_up_to_date(path, lambda: _connect(path, read_only))


def is_current(connection: sqlite3.Connection, path: Path) -> bool:
    """Say whether the tables are those of this version; False for older ones and for an empty file.

    Raises:
        StoreError: They are another program's, or of a newer version.
    """
    tables = _tables(connection)
    if not tables:
        return False
    row = (
        connection.execute("SELECT version_num FROM alembic_version").fetchone()
        if ("alembic_version" in tables)
        else None
    )
    if row is None:
        raise StoreError(
            coded(
                "MW5102",
                '{path}: a database of another program (it holds "{what}"). Nothing was read or '
                "changed. Name another file.",
                path=path,
                what=tables[0],
            )
        )
    found = str(row[0])
    if not found.isdigit() or int(found) > int(REVISION):
        raise StoreError(
            coded(
                "MW5103",
                '{path}: written by a newer mailwarden (revision "{found}", this one knows '
                "{revision}). Nothing was read or changed. Install the newer version again, or "
                "restore the backup made before it.",
                path=path,
                found=found,
                revision=REVISION,
            )
        )
    return found == REVISION


def _tables(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    return [str(name) for (name,) in rows]


def _explained(path: Path, error: sqlite3.Error) -> StoreError:
    name = getattr(error, "sqlite_errorname", None) or type(error).__name__
    code, meaning = next((said for word, said in _MEANING.items() if name.startswith(word)), _UNKNOWN)
    message = coded(
        code,
        meaning,
        path=path,
        why=worded('"{said}"', said=heard(error)),
        user=_user(),
        name=name,
        seconds=f"{BUSY_S:g}",
    )
    return StoreBusyError(message) if name.startswith(_PASSING) else StoreError(message)


def _user() -> str:
    import pwd

    try:
        return f'"{pwd.getpwuid(os.geteuid()).pw_name}"'
    except KeyError:
        return f'"{os.geteuid()}"'
