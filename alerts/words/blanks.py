"""What a rule says, before there is an incident that fills it: its blanks are named so that they read as such."""

import re

__all__ = ["blanks"]

_BLANK = re.compile(r"(?<!\{)\{([A-Za-z_]+)\}(?!\})")


def blanks(sentence: str) -> str:
    """Mark the blanks of a sentence: `{account} is guessed` becomes `‹account› is guessed`."""
    return _BLANK.sub(r"‹\1›", sentence).replace("{{", "{").replace("}}", "}")
