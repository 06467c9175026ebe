"""The part of the configuration that is about the block list: what may stand on it, and to whom it is handed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from mailwarden.alerts.blocklist import Policy

__all__ = ["BlocklistSetting", "Output", "read_blocklist_setting"]

_US = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Output:
    """One way out: a file in a form, or a webhook; `command` runs after the file changed, as it stands, without a shell."""

    form: str
    path: Path | None = None
    url: str | None = field(default=None, repr=False)
    command: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BlocklistSetting:
    """All that is set of the block list; off without an output."""

    policy: Policy = field(default_factory=Policy)
    outputs: tuple[Output, ...] = ()
    dry_run: bool = False


def read_blocklist_setting(settings: Any, *, directory: Path, duration: Callable[[str], timedelta]) -> BlocklistSetting:
    """Read the settings under `blocklist:`; paths begin at `directory`."""
    usual = Policy()
    policy = Policy(
        at_least=settings.get("at_least", usual.at_least),
        categories=tuple(settings.get("categories", usual.categories)),
        duration_us=duration(settings["duration"]) // _US if "duration" in settings else usual.duration_us,
        allow=tuple(settings.get("allow", ())),
        block_known=settings.get("block_known", False),
    )
    outputs = tuple(_output(one, directory) for one in settings.get("outputs", ()))
    return BlocklistSetting(policy, outputs, settings.get("dry_run", False))


def _output(one: Any, directory: Path) -> Output:
    command = tuple(one.get("command", ()))
    if "webhook" in one:
        return Output("json", url=one["webhook"], command=command)
    ((form, path),) = [(key, value) for key, value in one.items() if key != "command"]
    return Output(form, path=directory / Path(path).expanduser(), command=command)
