"""Bring a database of an older mailwarden up to date: one file a revision in `versions`, run by Alembic."""
