"""Secrets of the configuration: `${NAME}` from the environment, `file:/path` from the first line of a file."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from mailwarden.parsers.errors import Coded, WrongValueError, coded, worded
from mailwarden.parsers.system_errors import reason
from mailwarden.pipeline.places import handed_over, small_text

__all__ = ["read_secret"]

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def read_secret(text: str, environment: Mapping[str, str] = os.environ) -> str:
    """Give a text of the configuration with what it names put in; one that names nothing stays as it is.

    Raises:
        ValueError: A variable or a file is not there, or the file is empty.
    """
    if text.startswith("file:"):
        return _first_line(Path(os.path.expanduser(text.removeprefix("file:"))), environment)  # noqa: PTH111

    def value(found: re.Match[str]) -> str:
        if found[1] not in environment:
            raise WrongValueError(
                coded(
                    "MW2120",
                    "{variable} is not in the environment. Set it where mailwarden is started.",
                    variable=found[0],
                )
            )
        return environment[found[1]]

    return _VARIABLE.sub(value, text)


def _first_line(path: Path, environment: Mapping[str, str]) -> str:
    try:
        secret = small_text(handed_over(path, environment)).partition("\n")[0].strip()
    except PermissionError as error:
        if "CREDENTIALS_DIRECTORY" not in environment:
            raise WrongValueError(_unusable(path, reason(error))) from None
        # A unit that may read no file of others: setup gave it the configuration, and cannot know what this will name.
        said = coded(
            "MW2121",
            'secret file "{path}": this unit may not read it. Hand it over:  systemctl edit mailwarden-web  and there '
            "[Service] and, below it, LoadCredential={name}:{path}",
            path=path,
            name=path.name,
        )
        raise WrongValueError(said) from None
    except (OSError, UnicodeDecodeError) as error:
        why = reason(error) if isinstance(error, OSError) else worded("is not text")
        raise WrongValueError(_unusable(path, why)) from None
    if not secret:
        raise WrongValueError(
            coded("MW2121", 'secret file "{path}": is empty. Write the secret into its first line.', path=path)
        )
    return secret


def _unusable(path: Path, why: str) -> Coded:
    return coded("MW2121", 'secret file "{path}": {reason}. It cannot be used.', path=path, reason=why)
