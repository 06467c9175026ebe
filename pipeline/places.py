"""Where things stand on the machine: the configuration, what is remembered, what may be lost."""

import errno
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from mailwarden.parsers.errors import worded

__all__ = [
    "SEARCHED",
    "UNIT_PATH",
    "cache_directory",
    "default_state",
    "ensure_readable",
    "find_configuration",
    "handed_over",
    "is_directory",
    "is_file",
    "is_of_another",
    "is_pipe",
    "is_there",
    "last_alive_s",
    "rules_beside",
    "scan_store_path",
    "small_text",
    "store_path",
]

_SMALL_BYTES = 1_000_000
SEARCHED = ("mailwarden.yml", "/etc/mailwarden/mailwarden.yml")
"""Where the configuration is looked for when neither `--config` nor `$MAILWARDEN_CONFIG` names it."""

UNIT_PATH = Path("/etc/systemd/system/mailwarden.service")
"""The unit of the service, as `mailwarden setup` writes it."""


def default_state(environment: Mapping[str, str] = os.environ) -> Path:
    """Give the state directory where none is set: /var/lib for root, else the user's own (XDG base directories)."""
    if environment.get("STATE_DIRECTORY"):  # systemd made it for us; several are separated by colons
        return Path(environment["STATE_DIRECTORY"].partition(":")[0])
    if os.geteuid() == 0:
        return Path("/var/lib/mailwarden")
    base = environment.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")  # noqa: PTH111 (Path.home raises)
    return Path(base) / "mailwarden"


def cache_directory(environment: Mapping[str, str] = os.environ) -> Path:
    """Give the directory of what may be lost: the result of the last `scan` without `--state`."""
    base = environment.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111
    return Path(base) / "mailwarden"


def store_path(state: Path) -> Path:
    """Give the database in a state directory."""
    return state / "mailwarden.db"


def scan_store_path(environment: Mapping[str, str] = os.environ) -> Path:
    """Give the database that holds the result of the last `scan` without `--state`."""
    return cache_directory(environment) / "scan.db"


def find_configuration(stated: str | None = None, environment: Mapping[str, str] = os.environ) -> Path | None:
    """Find the configuration: as stated, else `$MAILWARDEN_CONFIG`, ./mailwarden.yml, /etc/mailwarden/mailwarden.yml.

    Returns:
        None where nothing is stated and none is there.
    """
    stated = stated or environment.get("MAILWARDEN_CONFIG")
    if stated:
        return Path(stated)
    return next((path for path in map(Path, SEARCHED) if _may_be_there(path)), None)


def is_of_another(path: Path) -> bool:
    """Whether a configuration that was found, and not stated, was put into the current directory by another user.

    Root obeying what stands in somebody's home or in /tmp would write where that one likes.
    """
    return path == Path(SEARCHED[0]) and path.stat().st_uid not in (0, os.geteuid())


def _may_be_there(path: Path) -> bool:
    """Ask whether something is at a path; yes where the way to it is barred, for reading it then says so."""
    try:
        path.stat()
    except PermissionError:
        return True
    except OSError:
        return False
    return True


def handed_over(path: Path, environment: Mapping[str, str] = os.environ) -> Path:
    """Give where a file of ours can be read: systemd's copy of it (systemd.exec(5), LoadCredential=), else the file itself.

    A user who may not read the file is given a copy of the same name by its unit.
    """
    directory = environment.get("CREDENTIALS_DIRECTORY")
    copy = Path(directory) / path.name if directory else path
    return copy if copy.is_file() else path


def is_there(path: Path) -> bool:
    """Ask whether something is at a path; no where the way to it is barred: before Python 3.14 `Path.exists` raises there."""
    return os.path.exists(path)  # noqa: PTH110


def is_directory(path: Path) -> bool:
    """Ask whether a directory is at a path; no where the way to it is barred."""
    return os.path.isdir(path)  # noqa: PTH112


def is_file(path: Path) -> bool:
    """Ask whether a file is at a path; no where the way to it is barred."""
    return os.path.isfile(path)  # noqa: PTH113


def is_pipe(path: Path) -> bool:
    """Ask whether a named pipe, or one that a shell made of `<(…)`, is at a path; no where the way to it is barred."""
    try:
        return path.is_fifo()
    except (OSError, ValueError):
        return False


def ensure_readable(path: Path) -> None:
    """Open and close it: access(2) does not tell, since it leaves out the capabilities of whoever asks.

    Raises:
        OSError: It cannot be read.
    """
    os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC))


def small_text(path: Path) -> str:
    """Read a small text file; what could hang whoever opens it, or never ends, is refused.

    Raises:
        OSError: It cannot be read, is no regular file, or is not small.
        UnicodeDecodeError: It is not UTF-8.
    """
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, worded("is no regular file"))
        data = file.read(_SMALL_BYTES + 1)
    if len(data) > _SMALL_BYTES:
        raise OSError(errno.EFBIG, worded("is larger than {most} bytes", most=_SMALL_BYTES))
    return data.decode("utf-8")


def rules_beside(path: Path | None) -> Path | None:
    """Give `rules.d` beside the configuration; lacking one, where it would be looked for last. None: not there."""
    directory = (path or Path(SEARCHED[-1])).parent / "rules.d"
    return directory if directory.is_dir() else None


def last_alive_s(path: Path) -> float:
    """Say when the service that writes a database was last seen to turn (`pipeline/service/pulse.py`); 0 for never.

    What lies beside it does not count: the shared memory and an empty journal are made by whoever only reads, and a journal that
    cannot be written for want of space is changed at each try.
    """
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
