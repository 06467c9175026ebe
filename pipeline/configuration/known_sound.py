"""Remember of which configuration the structure was found right: what checks it takes longer to import than all else together.

Only a digest of the settings and of the schema is kept, in the user's cache, of the last one that was right. What a schema
cannot say (whether a file is there, a name is known) is looked at each time.
"""

import hashlib
from pathlib import Path
from typing import Any

from mailwarden.pipeline.own_cache import keep, recalled

__all__ = ["is_known_sound", "remember"]

_SCHEMA = Path(__file__).with_name("configuration.schema.json")
_NAME = "sound-configuration"


def is_known_sound(settings: Any) -> bool:
    """Say whether these very settings were found right by this schema before."""
    return recalled(_NAME) == _digest(settings)


def remember(settings: Any) -> None:
    """Keep that they were found right, where there is a place for it."""
    keep(_NAME, _digest(settings))


def _digest(settings: Any) -> bytes:
    text = repr(settings).encode("utf-8", "surrogatepass")  # unlike JSON it tells a number that is a key from its text
    return hashlib.blake2b(_SCHEMA.read_bytes() + b"\0" + text, digest_size=32).hexdigest().encode()
