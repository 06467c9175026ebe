"""Keep every event that was understood, as Parquet by day, and find the story of a message in it."""

from mailwarden.pipeline.archive.archive import Archive
from mailwarden.pipeline.archive.story import find

__all__ = ["Archive", "find"]
