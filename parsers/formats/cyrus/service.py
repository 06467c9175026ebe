"""Cyrus's own life: the master and its processes, databases, indices, replication.

What a program says of itself is told apart by how it begins: `DBERROR`, `IOERROR` and their kin are faults of the storage;
the rest of the trouble names what could not be done.

Source: master/master.c, lib/cyrusdb_*.c, lib/*.c, imap/*.c of cyrus-imapd 2.4 to 3.10 (format strings of the packaged 3.6.1).
"""

import re

from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.cyrus.program import FORMAT
from mailwarden.parsers.life import KILLED, UNAVAILABLE, failed, noted, started, stopped, was_killed

__all__ = []

_STORAGE = "storage_error"


@FORMAT.pattern("DBERROR", "IOERROR", "DENYDB_ERROR", "LOSTQUOTA", "DATA LOST")
def storage(event: Event, rest: str) -> bool:
    """A database or a mailbox that cannot be read or written."""
    return failed(event, "disk_full" if "No space left" in rest or "Disk quota" in rest else _STORAGE)


@FORMAT.pattern("FATAL", "Fatal error: ", "fatal error: ", "Internal error: ")
def fatal(event: Event, rest: str) -> bool:
    """The last words of a process."""
    return failed(event, "disk_full" if "No space left" in rest else None, "fatal")


@FORMAT.pattern("too many failures for service ", "lost all children for service")
def given_up(event: Event, rest: str) -> bool:
    """A service that nobody is served by: all of its processes are gone, or the master no longer starts any."""
    return failed(event, level="fatal" if "disabling" in rest else "error")


_EXIT = re.compile(
    r"(?:.{0,400} )?exited, status ([0-9]{1,4})$|.{0,400}signaled to death by (?:signal )?[0-9]", re.DOTALL
)


@FORMAT.pattern("process ")
def process_ended(event: Event, rest: str) -> bool:
    """A process that ended: `type:SERVICE name:imap path:… pid:123 exited, status 75`."""
    found = _EXIT.match(rest)
    if rest.startswith("started"):
        return started(event)
    if found is None or (found[1] or "1").strip("0") == "":
        return noted(event)
    return failed(event, KILLED if was_killed(rest) else None)


_DIED = (": terminated abnormally", "signaled to death by ", "Serious software bug")


@FORMAT.pattern("service ", "waitdaemon ", "daemon ", "child ")
def process_told(event: Event, rest: str) -> bool:
    """What becomes of a process: `imaps/ipv4 pid 123 in BUSY state: terminated abnormally`."""
    if " is repeatedly failing" in rest or any(words in rest for words in _DIED):
        return failed(event, KILLED if was_killed(rest) else None)
    return noted(event)


@FORMAT.pattern("ready for work", "reconfigur", "Services reconfigured")
def began(event: Event, rest: str) -> bool:  # noqa: ARG001
    """The master is up, or has read its configuration anew."""
    return started(event)


@FORMAT.pattern(
    "attempting clean shutdown", "attempting quick shutdown", "All children have exited", "exiting on SIG", "exiting, "
)
def master_ended(event: Event, rest: str) -> bool:  # noqa: ARG001
    """The master stops."""
    return stopped(event)


_AWAY = ("connect to ", "authenticate to ")


@FORMAT.pattern(
    "connect(", "backend_login(): ", "SYNCERROR", "mupdate_connect failed", "smtpclient_open", "smptclient_open",
    "extract_connect: failed", "NOTIFY(", "ptload failed", "ptload(): error",
)  # fmt: skip
def unreachable(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A service beside it (a replica, a back end, a notifier) that does not answer."""
    return failed(event, UNAVAILABLE)


@FORMAT.pattern(
    "ERROR", "Error ", "error ", "WARNING: ", "Warning: ", "Failed to ", "failed to ", "failure ", "Unable to ",
    "unable to ", "Can't ", "can't ", "Cannot ", "cannot ", "Could not ", "could not ", "Couldn't ", "couldn't ",
    "CRC failure", "Header CRC mismatch", "MUPDATE: can't", "SASL: ", "SQL backend", "SQL engine", "SQUAT failed",
    "Private key '", "Rename Failure", "Remove of supposedly", "autocreate_sieve: ", "append_commit",
    "append_fromstage", "append_newstage", "append_setup", "auth_newstate: error", "config error",
    "configuration file ", "corrupt", "deadlock in ", "decode_to_utf8 error", "fcntl()", "getaddrinfo(", "invalid ",
    "lock_setlock(", "locking mailbox ", "mailbox_open_iwl(", "mboxlist_lookup", "script execution failed",
    "setrlimit: ", "smtpclient: ", "sqldb_", "symlink(", "sync_log(): ", "timed out waiting", "unknown service pid",
    "weird SASL error", "write() to ", "write to protstream", "xapian_wrapper: ", "zlib ", "undefined ",
    "No space left", "no mailboxes", "Illegal ", "unexpected ", "caldav error", "carddav error", "webdav error",
    "squat: cannot", "squat: corrupt", "squat: error", "squat: failed", "squat: unable", "clock_gettime (",
    "bad/unexpected command", "mailbox_commit",
)  # fmt: skip
def trouble(event: Event, rest: str) -> bool:
    """Something that could not be done; or a service beside it (a replica, a back end) that does not answer."""
    if "No space left" in rest:
        return failed(event, "disk_full")
    return failed(event, UNAVAILABLE if rest.startswith(_AWAY) else None)


@FORMAT.pattern(
    "graceful shutdown", "accepted connection", "executed", "about to exec", "forked process",
    "init: service", "disable: service", "remove: service", "activating service",
    "kill child", "waiting for child", "received SIG", "found ", "set maximum file", "limit_fds: ", "adding ",
    "twoskip: ", "skiplist", "recovering cyrus databases", "done ", "checkpointing cyrus", "archiving ", "cyrusdb",
    "mystore: ", "myfetch: ", "myforeach: ", "mydelete: ", "mycommit: ", "fetching user_deny.db", "autocreateinbox: ",
    "autosubscribe: ", "autosieve", "autocreate", "create new mailbox", "creating ", "created ", "Deleted mailbox ",
    "Rename", "RENAME", "Expunged ", "Expired ", "Expunging ", "expiring ", "Removed ", "Removing", "removing ",
    "removed ", "expunging ", "cleaning up", "Cleaning up", "Repacking ", "Reconstructing", "reconstructing ",
    "Regenerating ", "Reindexing ", "Xapian", "Processing index", "indexing ", "tls_prune: ", "sync_", "SYNCNOTICE",
    "SYNC_NOTICE", "syncerror: ", "do_folders", "doing partial", "forcesync: ", "higher ", "inefficient ",
    "Reprocessing ", "SASL ", "setting up ", "connection from ", "mailbox: longlock", "mailbox ", "Mailbox ",
    "Maildrop ", "MAILBOX ", "MAILBOXES ", "META ", "SUB ", "UNSUB ", "USER ", "UNUSER ", "SEEN ", "APPEND ",
    "QUOTA ", "CHANGESUB", "locktimer", "mappedfile: ", "statuscache", "statuscachedb", "conversation", "converting ",
    "imap_sasl_", "canonified ", "listening for ", "listener ", "kick_mupdate", "bind failed", "client bind",
    "Option '", "Value '", "option '", "Shutdown file", "EXPIRE ", "running ", "timeout for user", "timeout_select",
    "IDLE", "idled", "notifyd", "XFER: ", "XBACKUP: ", "COMMIT ", "optimized mode", "not archiving", "Marking file",
    "Unlinking ", "Unlink ", "Pruning ", "Compressing ", "compressing ", "using ", "duplicate ", "Purging ",
    "purged ", "lmtp connection", "connection timed out", "Skipping ", "skipping ", "Setting ", "updating ",
    "sending ", "executing SQL", "SCHEDULE", "Folder ", "DBNOTICE", "Does not exist locally", "DOUBLEMAILBOX",
    "GENERICSORT", "INVALID ", "Missing mailbox", "zoneinfo", "calalarmd", "starting ", "rebuilding ", "Rebuilding ",
)  # fmt: skip
def remarked(event: Event, rest: str) -> bool:  # noqa: ARG001
    """Its housekeeping, and the steps of sessions."""
    return noted(event)
