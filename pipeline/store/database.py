"""Open the database file: how it is set up, created and brought up to date, and what its errors mean for a person."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from mailwarden.alerts.words.library_words import heard
from mailwarden.alerts.words.translate import N_
from mailwarden.parsers.errors import StoreBusyError, StoreError, worded
from mailwarden.parsers.system_errors import reason
from mailwarden.pipeline.store.schema import REVISION, metadata

__all__ = ["explained", "migrate", "open_database", "stamp", "writing"]

BUSY_S = 5.0
"""How long to wait for another process to finish writing."""

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

_MEANING = {
    "SQLITE_BUSY": N_(
        "{path}: locked by another process for more than {seconds} s. Nothing was read or changed."
        " Wait until it has ended; who it is:  fuser -v {path}"
    ),
    "SQLITE_FULL": N_(
        "{path}: no space left for it ({why}). Nothing of this batch was kept; it is read again from the logs."
        " Free space on that disk."
    ),
    "SQLITE_READONLY": N_(
        "{path}: not writable by user {user} ({why}). Nothing was changed. Run as the user of the service, or give it the file."
    ),
    "SQLITE_NOTADB": N_(
        "{path}: not a database of mailwarden ({why}). Nothing was read or changed. Name another file, or move this one away."
    ),
    "SQLITE_CORRUPT": N_(
        "{path}: damaged ({why}). What it holds cannot be trusted. Restore it from a backup, or move it away:"
        " mailwarden then begins anew with the logs that are still there."
    ),
    "SQLITE_CANTOPEN": N_(
        "{path}: cannot be opened by user {user} ({why}). Nothing was read. See that its folder exists and may be entered."
    ),
    "SQLITE_IOERR": N_(
        "{path}: its disk does not work ({why}). Nothing of this batch was kept. Look for errors of the disk:  dmesg | tail"
    ),
}
_PASSING = ("SQLITE_BUSY", "SQLITE_FULL", "SQLITE_IOERR")  # what an operator mends while the service waits
_UNKNOWN = N_("{path}: cannot be used ({why}, {name}). Nothing was changed.")


def open_database(path: Path, *, read_only: bool) -> Engine:
    """Open the database, create it where there is none, bring an older one up to date.

    Raises:
        StoreError: It cannot be used, or is of a newer mailwarden.
    """
    if read_only and not path.exists():
        raise StoreError(
            worded(
                '{path}: there is no database yet. Nothing was recorded so far. Start watching with "mailwarden run".',
                path=path,
            )
        )
    if not read_only:
        _make_place(path)
    engine = create_engine(
        "sqlite+pysqlite://",
        creator=lambda: _connect(path, read_only),
        poolclass=QueuePool,
        isolation_level="AUTOCOMMIT",
    )
    try:
        with explained(path):
            _bring_up_to_date(engine, path, read_only)
    except BaseException:
        engine.dispose()
        raise
    return engine


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what SQLite says about the file into a `StoreError` that says what to do."""
    try:
        yield
    except DBAPIError as error:
        raise _explained(path, error.orig) from error
    except sqlite3.Error as error:
        raise _explained(path, error) from error


@contextmanager
def writing(connection: Connection) -> Iterator[None]:
    """Make one transaction that holds the right to write from its start, so that it never has to be begun again."""
    with connection.begin():
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield


def migrate(connection: Connection) -> None:
    """Run every revision that the database has not seen, in the transaction of the caller."""
    from alembic import command  # 0.1 s that only an upgrade pays
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "mailwarden.pipeline.store:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def stamp(connection: Connection, revision: str) -> None:
    """Write down which revision the tables have, where Alembic looks for it."""
    connection.exec_driver_sql(
        "CREATE TABLE IF NOT EXISTS alembic_version "
        "(version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
    )
    connection.exec_driver_sql("DELETE FROM alembic_version")
    connection.exec_driver_sql("INSERT INTO alembic_version VALUES (?)", (revision,))


def _make_place(path: Path) -> None:
    """Create folder and file for the owner and the group alone: logs tell who writes to whom."""
    try:
        path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        if not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o640))
    except OSError as error:
        raise StoreError(
            worded(
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


def _bring_up_to_date(engine: Engine, path: Path, read_only: bool) -> None:
    with engine.connect() as connection:
        if _is_current(connection, path):
            return
        if read_only:
            raise StoreError(
                worded(
                    "{path}: was written by an older mailwarden. Nothing was read. Start the service "
                    'once, or run "mailwarden doctor" as its user: that brings it up to date.',
                    path=path,
                )
            )
        connection.rollback()
        with writing(connection):
            if _is_current(connection, path):  # another process was quicker
                return
            if _tables(connection):
                migrate(connection)
            else:
                metadata.create_all(connection, checkfirst=False)
                stamp(connection, REVISION)


def _is_current(connection: Connection, path: Path) -> bool:
    """Say whether the tables are those of this version; False for older ones and for an empty file."""
    tables = _tables(connection)
    if not tables:
        return False
    row = (
        connection.exec_driver_sql("SELECT version_num FROM alembic_version").fetchone()
        if ("alembic_version" in tables)
        else None
    )
    if row is None:
        raise StoreError(
            worded(
                '{path}: a database of another program (it holds "{what}"). Nothing was read or '
                "changed. Name another file.",
                path=path,
                what=tables[0],
            )
        )
    found = str(row[0])
    if not found.isdigit() or int(found) > int(REVISION):
        raise StoreError(
            worded(
                '{path}: written by a newer mailwarden (revision "{found}", this one knows '
                "{revision}). Nothing was read or changed. Install the newer version again, or "
                "restore the backup made before it.",
                path=path,
                found=found,
                revision=REVISION,
            )
        )
    return found == REVISION


def _tables(connection: Connection) -> list[str]:
    rows = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    return [str(name) for (name,) in rows]


def _explained(path: Path, error: BaseException | None) -> StoreError:
    name = getattr(error, "sqlite_errorname", None) or type(error).__name__
    meaning = next((text for word, text in _MEANING.items() if name.startswith(word)), _UNKNOWN)
    message = worded(
        meaning, path=path, why=worded('"{said}"', said=heard(error)), user=_user(), name=name, seconds=f"{BUSY_S:g}"
    )
    return StoreBusyError(message) if name.startswith(_PASSING) else StoreError(message)


def _user() -> str:
    import pwd

    try:
        return f'"{pwd.getpwuid(os.geteuid()).pw_name}"'
    except KeyError:
        return f'"{os.geteuid()}"'
