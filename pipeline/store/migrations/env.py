"""What Alembic runs: the revisions, on the connection and in the transaction it was given."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    transactional_ddl=True,  # SQLite's own; Alembic assumes none, for old versions of Python's module
    render_as_batch=True,
)
context.run_migrations()
