"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from mailwarden.parsers.errors import coded, worded

__all__ = ["state", "timezone", "year"]

F = TypeVar("F", bound=Callable[..., Any])


def _zone(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    if value is None:
        return None
    from difflib import get_close_matches
    from zoneinfo import ZoneInfo, available_timezones

    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        meant = get_close_matches(value, available_timezones(), 1, 0.7)
        mend = worded("Write it like Europe/Berlin, Asia/Tokyo or UTC.")
        if meant:
            mend = worded("Did you mean `{meant}`?", meant=meant[0])
        raise click.BadParameter(coded("MW2115", 'no time zone "{value}". {mend}', value=value, mend=mend)) from None
    return value


def timezone(command: F) -> F:
    """Add `--timezone`, for stamps that carry none."""
    return click.option(
        "--timezone",
        "zone",
        metavar="TZ",
        callback=_zone,
        help="Time zone of stamps that carry none, like Asia/Tokyo (default: this machine's).",
    )(command)


def year(command: F) -> F:
    """Add `--year`, for stamps that carry none."""
    return click.option(
        "--year",
        type=click.IntRange(1982, 9998),
        metavar="Y",
        help="Year of the last line, where stamps carry none (default: found out, and said).",
    )(command)


def state(command: F) -> F:
    """Add `--state`, for another state directory than the configured one."""
    return click.option(
        "--state",
        type=click.Path(file_okay=False, path_type=Path),
        metavar="DIR",
        help="The state directory (default: the configured one; for show and report also the last scan).",
    )(command)
