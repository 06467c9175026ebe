"""Bring the tables of an older database up to date: all that SQLAlchemy and Alembic are for."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from mailwarden.pipeline.store.database import REVISION_TABLE, is_current

__all__ = ["begun", "bring_up_to_date", "migrate", "stamp"]


def bring_up_to_date(path: Path, connect: Callable[[], sqlite3.Connection]) -> None:
    """Run what revisions are missing, in one transaction.

    Args:
        path: Of the database, for messages.
        connect: Connects to it.

    Raises:
        sqlite3.Error: It could not be done.
        StoreError: The tables are another program's, or of a newer version.
    """
    engine = create_engine("sqlite+pysqlite://", creator=connect, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection, begun(connection):
            driver = connection.connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            if is_current(driver, path):  # another process was quicker
                return
            migrate(connection)
    except DBAPIError as error:
        raise (error.orig if isinstance(error.orig, sqlite3.Error) else error) from error


@contextmanager
def begun(connection: Connection) -> Iterator[None]:
    """Make one transaction that holds the right to write from its start."""
    with connection.begin():
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield


def migrate(connection: Connection) -> None:
    """Run every revision that the database has not seen, in the transaction of the caller."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "mailwarden.pipeline.store:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def stamp(connection: Connection, revision: str) -> None:
    """Write down which revision the tables have, where Alembic looks for it."""
    connection.exec_driver_sql(REVISION_TABLE)
    connection.exec_driver_sql("DELETE FROM alembic_version")
    connection.exec_driver_sql("INSERT INTO alembic_version VALUES (?)", (revision,))
