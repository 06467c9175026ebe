"""What a person is told about a source: where, what, what it means, how to mend it."""

import errno
import os
import pwd

from mailwarden.parsers.errors import Coded, coded
from mailwarden.parsers.system_errors import reason

__all__ = ["broken_off", "unreadable"]


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # a container's user need not have a name
        return str(os.geteuid())


def unreadable(error: OSError) -> Coded:
    """Say why a file cannot be read and what helps."""
    if isinstance(error, PermissionError):
        user = _user()
        return coded(
            "MW1102",
            'not readable by user "{user}". Nothing was read from it. '
            "Run  sudo mailwarden scan  or  sudo adduser {user} adm  and log in again.",
            user=user,
        )
    if isinstance(error, FileNotFoundError):
        return coded(
            "MW1103",
            "does not exist. Nothing was read from it. "
            "Give the path at which your server writes; mailwarden scan without a path looks for it.",
        )
    if error.errno == errno.ELOOP:
        return coded("MW1109", "is a symbolic link in a circle. Nothing was read from it. Point the link at the log.")
    return coded(
        "MW1109",
        'cannot be read: "{reason}". Nothing was read from it. Look at the disk and at the kernel\'s log (dmesg).',
        reason=reason(OSError(error.errno, os.strerror(error.errno)) if error.errno else error),
    )


def broken_off(error: OSError) -> Coded:
    """Say that reading a file failed in its midst, and what helps."""
    return coded(
        "MW1109",
        'cannot be read further: "{reason}". What stands before that place was read. '
        "Look at the disk and at the kernel's log (dmesg).",
        reason=reason(error),
    )
