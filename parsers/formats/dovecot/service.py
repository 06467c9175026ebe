"""Dovecot's own life: start, stop, limits, errors, and the notices of its helpers.

Source: src/master/main.c, service-monitor.c, src/lib-master/master-service.c of Dovecot 2.2.36 to 2.4.4.
"""

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.dovecot.delivery import read_delivery
from mailwarden.parsers.formats.dovecot.prefix import AUTH, FORMAT, LOGIN
from mailwarden.parsers.life import KILLED, noted, was_killed

__all__: list[str] = []

_OTHERS = tuple(sorted(FORMAT.programs - {*LOGIN, *AUTH}))


@FORMAT.pattern("Dovecot v")
def starting(event: Event, rest: str) -> bool:
    """The start of the whole server, with its version."""
    if " starting up" not in rest:
        return False
    event.event_action = "service-start"
    event.set("dovecot.version", rest.partition(" ")[0])
    return True


@FORMAT.pattern("Warning: ")
def warning(event: Event, rest: str) -> bool:
    """A warning: a limit, the clock, an order to stop or to read the configuration anew."""
    if rest.startswith(("SSL failed: ", "SSL alert: ")) and event.process_name in LOGIN:
        return False
    if rest.startswith("Killed with signal "):
        event.event_action = "service-stop"
    elif rest.startswith("SIGHUP received"):
        event.event_action = "config-change"
    else:
        event.event_action = "service-error"
        if ": process_limit (" in rest:
            event.event_reason = "process_limit"
    return True


@FORMAT.pattern("Warning: SSL failed: ", programs=LOGIN)
@FORMAT.pattern("Warning: SSL alert: ", programs=LOGIN)
def handshake_failed(event: Event, rest: str) -> bool:
    """A step of a handshake that went wrong (`verbose_ssl`, up to 2.2): `where=0x2002: SSLv3 read client hello A [IP]`."""
    event.event_action = "tls-failed"
    event.event_outcome = "failure"
    event.tls_established = False
    event.source_ip = ip(rest.removesuffix("]").rpartition(" [")[2])
    return True


@FORMAT.pattern("SIGHUP received")
def reload(event: Event, rest: str) -> bool:  # noqa: ARG001
    """An order to read the configuration anew."""
    event.event_action = "config-change"
    return True


@FORMAT.pattern("Error: ", programs=_OTHERS)
def error(event: Event, rest: str) -> bool:
    """An error of a session, a delivery or a service; a delivery that failed is told as one."""
    text = rest.removeprefix("sieve: ")
    if not (text.startswith("msgid=") and read_delivery(event, text[6:])):
        event.event_action = "service-error"
    if rest.endswith("No space left on device"):
        event.event_reason = "disk_full"
    elif was_killed(rest):
        event.event_reason = KILLED
    return True


@FORMAT.pattern("Fatal: ")
@FORMAT.pattern("Panic: ")
def fatal(event: Event, rest: str) -> bool:
    """A process that ended because it had to, or was ended from outside."""
    event.event_action = "service-error"
    if was_killed(rest):
        event.event_reason = KILLED
    return True


@FORMAT.pattern("Debug: ")
def debug(event: Event, rest: str) -> bool:  # noqa: ARG001
    """What is told to developers; what was secret in it has been cut."""
    return noted(event)


@FORMAT.pattern("Terminated with non-zero exit code ", programs=_OTHERS)
def helper_failed(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A program that Dovecot called (a filter, a script) and that did not do its work."""
    event.event_action = "service-error"
    return True


@FORMAT.pattern("Generating ", programs=("ssl-params",))
@FORMAT.pattern("SSL parameters regeneration completed", programs=("ssl-params",))
@FORMAT.pattern("Indexed ", programs=("indexer-worker", "indexer"))
@FORMAT.pattern("Quota ", programs=("imap", "lmtp", "lda", "quota-status", "pop3"))
@FORMAT.pattern("quota: ", programs=("imap", "lmtp", "lda", "quota-status", "pop3"))
@FORMAT.pattern("Finished ", programs=("doveadm", "replicator", "indexer-worker"))
@FORMAT.pattern("Started ", programs=("doveadm", "replicator", "indexer-worker"))
@FORMAT.pattern("Executing command", programs=("doveadm",))
@FORMAT.pattern("This is Dovecot's ", programs=("doveadm",))
@FORMAT.pattern("User no longer exists, skipping", programs=("doveadm",))
@FORMAT.pattern("Indexes disabled, skipping", programs=("indexer-worker", "indexer"))
@FORMAT.pattern("Mail search interrupted", programs=("indexer-worker", "indexer"))
@FORMAT.pattern("fts: Indexed ", programs=_OTHERS)
@FORMAT.pattern("imapc(", programs=_OTHERS)
@FORMAT.pattern("Connected to ", programs=_OTHERS)
@FORMAT.pattern("mysql(", programs=AUTH)
@FORMAT.pattern("mysql: ", programs=AUTH)
@FORMAT.pattern("pgsql(", programs=AUTH)
@FORMAT.pattern("Moved ", programs=("director",))
@FORMAT.pattern("Adding director ", programs=("director",))
@FORMAT.pattern("Removing director ", programs=("director",))
@FORMAT.pattern("Connecting to ", programs=("director",))
@FORMAT.pattern("Incoming connection from director ", programs=("director",))
@FORMAT.pattern("Synced ", programs=("doveadm", "dsync-local", "dsync-server", "replicator"))
def notice(event: Event, rest: str) -> bool:  # noqa: ARG001
    """What a helper has done."""
    return noted(event)
