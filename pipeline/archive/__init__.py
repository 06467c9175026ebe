"""Keep every event that was understood, as Parquet by day, and find the story of a message in it."""

from mailwarden.pipeline.archive.archive import Archive
from mailwarden.pipeline.archive.index import Index
from mailwarden.pipeline.archive.refusals import newest_refusals
from mailwarden.pipeline.archive.story import Found, find, find_recent

__all__ = ["Archive", "Found", "Index", "find", "find_recent", "newest_refusals"]
