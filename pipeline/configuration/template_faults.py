"""Find what is wrong with the operator's own words for messages, before anything is to be told in them."""

import os
from collections.abc import Iterator
from pathlib import Path

from mailwarden.parsers.errors import Coded, coded
from mailwarden.parsers.system_errors import reason
from mailwarden.pipeline.configuration.marked_yaml import Marked
from mailwarden.pipeline.configuration.structure import Fault
from mailwarden.pipeline.places import small_text

__all__ = ["template_faults"]


def template_faults(marked: Marked, directory: Path) -> Iterator[Fault]:
    """Give the faults of the templates that channels name.

    Args:
        marked: A configuration whose structure is right.
        directory: That of its file: paths are meant from there.
    """
    for name, channel in marked.value.get("alerts", {}).get("channels", {}).items():
        if isinstance(channel, dict) and "template" in channel:
            where = ("alerts", "channels", name, "template")
            said = _fault(directory / os.path.expanduser(channel["template"]))  # noqa: PTH111
            if said is not None:
                yield Fault(marked.line(where), said, where)


def _fault(path: Path) -> Coded | None:
    from mailwarden.alerts.telling.own_words import OwnWords, WordsFault

    try:
        OwnWords(small_text(path)).check()
    except WordsFault as fault:
        return coded("MW4114", "{path}:{line}: {fault}", path=path, line=fault.line, fault=fault.said)
    except UnicodeDecodeError as error:
        return coded(
            "MW4114", "{path}: is not UTF-8 text (byte {start}). Save it as UTF-8.", path=path, start=error.start
        )
    except OSError as error:
        return coded("MW4114", "{path}: {reason}. Check the path.", path=path, reason=reason(error))
    return None
