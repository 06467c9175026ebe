"""What the operating system says when it refuses, as messages of the catalog: it is told within sentences of ours."""

from mailwarden.parsers.errors import worded

__all__ = ["reason"]

# Source: glibc, sysdeps/gnu/errlist.h and posix/gai_strerror.c; Python's ssl and socket for the last ones.
_WORDS = (
    worded("Address already in use"),
    worded("Broken pipe"),
    worded("Cannot allocate memory"),
    worded("Cannot assign requested address"),
    worded("Connection refused"),
    worded("Connection reset by peer"),
    worded("Connection timed out"),
    worded("Device or resource busy"),
    worded("Disk quota exceeded"),
    worded("File exists"),
    worded("File name too long"),
    worded("Input/output error"),
    worded("Is a directory"),
    worded("Name or service not known"),
    worded("Network is unreachable"),
    worded("No address associated with hostname"),
    worded("No route to host"),
    worded("No space left on device"),
    worded("No such file or directory"),
    worded("Not a directory"),
    worded("Operation not permitted"),
    worded("Permission denied"),
    worded("Read-only file system"),
    worded("Temporary failure in name resolution"),
    worded("Too many levels of symbolic links"),
    worded("Too many open files"),
    worded("timed out"),
    worded("Connection unexpectedly closed"),
)
_KNOWN = {str(one): one for one in _WORDS}


def reason(error: BaseException) -> str:
    """Give why something failed, in the system's words; those that are known can be said in the reader's language."""
    said = getattr(error, "strerror", None) or str(error)
    return _KNOWN.get(said, said)
