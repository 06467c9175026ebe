"""Where lines come from: files, the journal, docker, standard input. The only door to watchdog."""

from mailwarden.pipeline.sources.discovery import Discovery, Found, discover
from mailwarden.pipeline.sources.files import FileSource
from mailwarden.pipeline.sources.journal import JournalSource
from mailwarden.pipeline.sources.opening import open_sources
from mailwarden.pipeline.sources.source import BLOCK_BYTES, Hint, Source
from mailwarden.pipeline.sources.standard_input import StandardInput

__all__ = [
    "BLOCK_BYTES",
    "Discovery",
    "FileSource",
    "Found",
    "Hint",
    "JournalSource",
    "Source",
    "StandardInput",
    "discover",
    "open_sources",
]
