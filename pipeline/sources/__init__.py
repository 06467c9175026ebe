"""Where lines come from: files, the journal, standard input. The only door to watchdog."""

from mailwarden.pipeline.sources.files import FileSource
from mailwarden.pipeline.sources.source import BLOCK_BYTES, Hint, Source

__all__ = ["BLOCK_BYTES", "FileSource", "Hint", "Source"]
