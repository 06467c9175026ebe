"""Make the tables of a new database, and bring those of an older one up to date: all that SQLAlchemy and Alembic are for."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from mailwarden.pipeline.store.database import REVISION, has_tables, is_current
from mailwarden.pipeline.store.schema import metadata

__all__ = ["begun", "bring_up_to_date", "migrate", "stamp"]


def bring_up_to_date(path: Path, connect: Callable[[], sqlite3.Connection]) -> None:
    """Make what is missing, in one transaction.

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
            if has_tables(driver):
                migrate(connection)
            else:
                metadata.create_all(connection, checkfirst=False)
                stamp(connection, REVISION)
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
    from alembic import command  # 0.1 s more, which a new database does not pay
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
