"""Trouble of our own: programs that died, back ends that do not answer, queues and tables in a bad state.

None of it is a client's doing, so it is `service-error` throughout. What begins with text of its own is known by it;
the rest names a table, socket or program first and is known by what Postfix says of it.
"""

import re

from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.postfix.program import FORMAT, QMGR
from mailwarden.parsers.life import KILLED, noted, was_killed

__all__ = ["ERRNO"]

_SERVERS = ("smtpd", "cleanup", "postscreen", "trivial-rewrite", "proxymap", "verify", *QMGR)

ERRNO = (
    "No such file or directory",
    "Permission denied",
    "No space left on device",
    "Too many open files",
    "Cannot allocate memory",
    "Input/output error",
    "Read-only file system",
    "Disk quota exceeded",
    "Address already in use",
    "Resource temporarily unavailable",
)
"""What the operating system says at the end of a line."""


def _full(text: str) -> str | None:
    return "disk_full" if text.endswith("No space left on device") else None


def _trouble(event: Event, reason: str | None = None) -> bool:
    event.event_action = "service-error"
    event.event_outcome = "failure"
    event.event_reason = reason
    return True


@FORMAT.pattern("fatal: ")
def fatal(event: Event, rest: str) -> bool:
    """Read the last words of a program: the level itself says what happened."""
    event.log_level = "fatal"
    return _trouble(event, _full(rest))


@FORMAT.pattern("panic: ")
def panic(event: Event, _rest: str) -> bool:
    """Read the last words of a program that met a defect of its own."""
    event.log_level = "panic"
    return _trouble(event)


@FORMAT.pattern("error: ")
def error(event: Event, rest: str) -> bool:
    """Read what a program calls an error: Postfix says so of its own installation and of nothing else."""
    event.log_level = "error"
    return _trouble(event, _full(rest))


def _name_filter(event: Event, rest: str) -> None:
    """Name the milter or policy server of `inet:localhost:8891: Connection refused`, as main.cf does."""
    name, behind, _ = rest.partition(": ")
    if behind and " " not in name:
        event.set("mail.filter", name[:100])


@FORMAT.pattern("connect to Milter service ")
@FORMAT.pattern("milter ")
def milter(event: Event, rest: str) -> bool:
    _name_filter(event, rest)
    return _trouble(event, "backend_unavailable")


_TABLE_SERVER = re.compile(r"(mysql|pgsql) server |(?i:(TCP) map )")


@FORMAT.pattern("connect to ", programs=_SERVERS)
def service_unreachable(event: Event, rest: str) -> bool:
    """Read that a policy server or another daemon cannot be reached; a milter has its own words."""
    if rest.startswith("Milter service "):
        return False
    table = _TABLE_SERVER.match(rest)
    if table is not None:
        event.set("mail.table", (table[1] or table[2]).lower())
    else:
        _name_filter(event, rest)
    return _trouble(event, "backend_unavailable")


@FORMAT.pattern("problem talking to ")
@FORMAT.pattern("premature end-of-input on ")
@FORMAT.pattern("timeout on ")
@FORMAT.pattern("malformed response from ")
@FORMAT.pattern("unexpected end-of-input from ")
@FORMAT.pattern("unexpected EOF in data, record type ")
@FORMAT.pattern("unexpected attribute ")
@FORMAT.pattern("read timeout for ")
@FORMAT.pattern("unable to look up ")
@FORMAT.pattern("network_biopair_interop: ")
@FORMAT.pattern("Read failed in network_biopair_interop ")
@FORMAT.pattern("Write failed in network_biopair_interop ")
def backend(event: Event, _rest: str) -> bool:
    """Read that a service beside Postfix (policy server, database, another daemon of it) does not answer."""
    return _trouble(event, "backend_unavailable")


@FORMAT.pattern("dict_ldap_")
@FORMAT.pattern("dict_mysql_")
@FORMAT.pattern("dict_pgsql_")
@FORMAT.pattern("mysql query failed")
@FORMAT.pattern("mysql connect failed")
@FORMAT.pattern("pgsql query failed")
def database(event: Event, _rest: str) -> bool:
    """Read that a directory or database that Postfix looks things up in does not answer."""
    event.set("mail.table", event.event_original.partition("ldap_")[1][:4] or "sql")
    return _trouble(event, "backend_unavailable")


_TABLE = re.compile(r"(\S{1,200}) lookup error for ").match


@FORMAT.pattern(" lookup error for ", anywhere=True)
@FORMAT.pattern(" lookup error: ", anywhere=True)
@FORMAT.pattern("table lookup problem", anywhere=True)
@FORMAT.pattern(" map lookup problem", anywhere=True)
@FORMAT.pattern(" -- message not accepted, try again later", anywhere=True)
@FORMAT.pattern(": lookup of ", anywhere=True)
@FORMAT.pattern(" is unavailable. ", anywhere=True)
def lookup(event: Event, text: str) -> bool:
    """Read that a table, database or blocklist gave no answer: `proxy:mysql:… lookup error for "x"`."""
    table = _TABLE(text)
    if table is not None:
        event.set("mail.table", table[1])
    return _trouble(event, "backend_unavailable")


@FORMAT.pattern("transport ", programs=QMGR)
@FORMAT.pattern("lots of deferred mail", programs=QMGR)
@FORMAT.pattern("mail for ", programs=QMGR)
@FORMAT.pattern("you may need to ", programs=QMGR)
@FORMAT.pattern("please avoid flushing ", programs=QMGR)
@FORMAT.pattern("this may trigger ", programs=QMGR)
@FORMAT.pattern("qmgr_", programs=QMGR)
@FORMAT.pattern("private/", programs=QMGR)
@FORMAT.pattern("backwards-compatible ", programs=QMGR)
def queue(event: Event, _rest: str) -> bool:
    """Read that the queue is crowded or a way out of it is shut."""
    return _trouble(event)


@FORMAT.pattern("process ", programs=("master",))
@FORMAT.pattern("service ", programs=("master",))
@FORMAT.pattern("to avoid this condition, ", programs=("master",))
@FORMAT.pattern("see http", programs=("master",))
@FORMAT.pattern("unix_trigger_event: ", programs=("master",))
@FORMAT.pattern("master_wakeup_timer_event: ", programs=("master",))
def daemon(event: Event, rest: str) -> bool:
    """Read that a daemon died, cannot be started, or has as many processes as it may."""
    if " has reached its process limit " in rest:
        return _trouble(event, "process_limit")
    return _trouble(event, KILLED if was_killed(rest) else None)


@FORMAT.pattern(": bad command startup -- throttling", programs=("master",), anywhere=True)
def throttled(event: Event, _text: str) -> bool:
    return _trouble(event)


@FORMAT.pattern("do not list domain ")
@FORMAT.pattern("database ")
@FORMAT.pattern("inet_protocols: ")
@FORMAT.pattern("unknown smtpd restriction: ")
@FORMAT.pattern("restriction ")
@FORMAT.pattern("bad smtp_")
@FORMAT.pattern("mynetworks: ")
@FORMAT.pattern("non-null host address bits in ")
@FORMAT.pattern("not owned by ")
@FORMAT.pattern("not set-gid or not owner+group+world executable: ")
@FORMAT.pattern("group or other writable: ")
@FORMAT.pattern("symlink leaves directory: ")
@FORMAT.pattern("required alias not found: ")
@FORMAT.pattern("support for ")
@FORMAT.pattern("undefined parameter: ")
@FORMAT.pattern("ignoring ")
@FORMAT.pattern("perhaps you need to create the maildirs in advance")
@FORMAT.pattern('specify "strict_mailbox_ownership = no"')
@FORMAT.pattern("the Postfix sendmail command has set-uid root file permissions")
@FORMAT.pattern("or the command is run from a set-uid root process")
def configuration(event: Event, _rest: str) -> bool:
    """Read that the configuration or the rights on disk are not as they should be."""
    return _trouble(event)


@FORMAT.pattern(": unused parameter: ", anywhere=True)
@FORMAT.pattern(": undefined parameter: ", anywhere=True)
@FORMAT.pattern(" is older than source file ", anywhere=True)
@FORMAT.pattern(" differ", programs=("postfix-script",), anywhere=True)
@FORMAT.pattern(" overrides earlier entry", anywhere=True)
@FORMAT.pattern(": duplicate entry: ", anywhere=True)
@FORMAT.pattern("_queue_lifetime is larger than ", anywhere=True)
@FORMAT.pattern(": expected format: ", anywhere=True)
@FORMAT.pattern(" is deprecated", anywhere=True)
def configuration_of(event: Event, _text: str) -> bool:
    """Read the same of a file or table that the line names first."""
    return _trouble(event)


@FORMAT.pattern("No such file or directory", anywhere=True)
@FORMAT.pattern("Permission denied", anywhere=True)
@FORMAT.pattern("No space left on device", anywhere=True)
@FORMAT.pattern("Too many open files", anywhere=True)
@FORMAT.pattern("Cannot allocate memory", anywhere=True)
@FORMAT.pattern("Input/output error", anywhere=True)
@FORMAT.pattern("Read-only file system", anywhere=True)
@FORMAT.pattern("Disk quota exceeded", anywhere=True)
@FORMAT.pattern("Address already in use", anywhere=True)
@FORMAT.pattern("Resource temporarily unavailable", anywhere=True)
def system(event: Event, text: str) -> bool:
    """Read the operating system's word, at the end of a line, for what a program could not do."""
    return text.endswith(ERRNO) and _trouble(event, _full(text))


@FORMAT.pattern("maildir access problem for ", programs=("virtual", "local"))
@FORMAT.pattern("maildrop/", programs=("pickup", "postdrop", "sendmail"))
@FORMAT.pattern("mail_queue_enter: ")
@FORMAT.pattern("mail_stream_cleanup: ")
@FORMAT.pattern("uid=", programs=("postdrop", "sendmail"))
@FORMAT.pattern("premature end of ")
@FORMAT.pattern("stdin: unexpected EOF")
@FORMAT.pattern("Message file too big")
@FORMAT.pattern("bounce: ")
@FORMAT.pattern("corrupt queue file")
@FORMAT.pattern("corrupted queue file")
@FORMAT.pattern("write queue file: ")
@FORMAT.pattern("open active ", programs=QMGR)
@FORMAT.pattern("backup copy ")
@FORMAT.pattern("file system clock is ")
@FORMAT.pattern("dropping ")
@FORMAT.pattern("killed by signal ")
@FORMAT.pattern("message has been queued for ", programs=("pickup",))
@FORMAT.pattern("command ", programs=("spawn",))
@FORMAT.pattern("Mail system is down -- accessing queue directly", programs=("postqueue",))
def handling(event: Event, rest: str) -> bool:
    """Read that a message or file could not be handled as it should be."""
    return _trouble(event, _full(rest))


@FORMAT.pattern("tlsmgr_", programs=("tlsmgr",))
def sessions_kept(event: Event, _rest: str) -> bool:
    """Read what the keeper of TLS sessions has to complain of; without a level word it tells of a step (`tls_loglevel`)."""
    return _trouble(event) if event.log_level is not None else noted(event)
