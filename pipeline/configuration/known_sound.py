"""Remember of which configuration the structure was found right: what checks it takes longer to import than all else together.

Only a digest of the settings and of the schema is kept, in the user's cache, of the last one that was right. What a schema
cannot say (whether a file is there, a name is known) is looked at each time.
"""

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from mailwarden.pipeline.places import cache_directory

__all__ = ["is_known_sound", "remember"]

_SCHEMA = Path(__file__).with_name("configuration.schema.json")
_NAME = "sound-configuration"


def is_known_sound(settings: Any) -> bool:
    """Say whether these very settings were found right by this schema before."""
    try:
        return _place().read_text("ascii") == _digest(settings)
    except (OSError, UnicodeDecodeError):
        return False


def remember(settings: Any) -> None:
    """Keep that they were found right, where there is a place for it."""
    with suppress(OSError):
        _place().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = _place().with_suffix(f".{os.getpid()}")
        fresh.write_text(_digest(settings), "ascii")
        fresh.replace(_place())


def _place() -> Path:
    return cache_directory() / _NAME


def _digest(settings: Any) -> str:
    text = repr(settings).encode("utf-8", "surrogatepass")  # unlike JSON it tells a number that is a key from its text
    return hashlib.blake2b(_SCHEMA.read_bytes() + b"\0" + text, digest_size=32).hexdigest()
