"""ClamAV: the scanner clamd, clamav-milter beside a mail server, freshclam which fetches what they look for.

`Message QUEUEID from <s> to <r> with subject 'S' message-id 'M' date 'D' infected by NAME`: what the sender wrote stands
between the queue id and the name, which is the last word.

Source: clamd/, clamav-milter/clamfi.c, shared/output.c, freshclam/ of ClamAV 0.103 to 1.4.
"""

import re

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.life import UNAVAILABLE, failed, noted, started, stopped
from mailwarden.parsers.pattern import Format
from mailwarden.parsers.verdict import virus

__all__ = ["FORMAT"]


def _prepare(event: Event, text: str) -> str:
    """Take the level off: what is a warning or an error only by it stays in front of the text."""
    text = text.removeprefix("-> ")
    if text.startswith("WARNING: "):
        event.log_level = "warning"
    return text


FORMAT = Format("clamav", ("clamd", "clamav-milter", "freshclam", "clamav-daemon", "clamonacc"), prepare=_prepare)

_NAME = r"([A-Za-z0-9_.:;/+-]{1,255})"
_MESSAGE = re.compile(r"(?:([0-9A-Za-z]{5,40}) )?from <([^<>]{0,320})> to <([^<>]{0,320})>", re.DOTALL)
_FOUND = re.compile(rf": {_NAME}(?:\([0-9a-f]{{32}}:[0-9]{{1,20}}\))? FOUND$")
_STREAM = re.compile(r"(?:in)?stream\(([0-9A-Fa-f.:]{2,45}|local)@[0-9]{1,6}\)")
_INFECTED = re.compile(rf" infected by {_NAME}$")
_MESSAGE_ID = re.compile(r"' message-id '<?([^'<>\s]{1,998})>?' date '")


def _read_message(event: Event, text: str) -> bool:
    found = _MESSAGE.match(text)
    if found is None:
        return False
    event.mail_queue_id = found[1]
    if found[2]:
        event.email_from_address = [found[2]]
    else:
        event.mail_null_sender = True
    event.email_to_address = [found[3]] if found[3] else None
    ids = _MESSAGE_ID.findall(text)
    if len(ids) == 1:
        event.email_message_id = ids[0]
    return True


@FORMAT.pattern("Message ", programs=("clamav-milter",))
def infected(event: Event, rest: str) -> bool:
    """A message with a virus."""
    found = _INFECTED.search(rest[-300:])
    if found is None or not _read_message(event, rest):
        return False
    virus(event, found[1])
    return True


@FORMAT.pattern("Clean message ", programs=("clamav-milter",))
def clean(event: Event, rest: str) -> bool:
    """A message without one."""
    if not _read_message(event, rest):
        return False
    event.event_action, event.event_outcome = "filter-verdict", "success"
    return True


@FORMAT.pattern(" FOUND", anywhere=True)
def found_by_daemon(event: Event, text: str) -> bool:
    """A virus in what somebody gave clamd to look at: `instream(127.0.0.1@5555): Eicar-Signature FOUND`."""
    found = _FOUND.search(text[-400:])
    if found is None:
        return False
    virus(event, found[1])
    stream = _STREAM.match(text)
    if stream is not None:
        event.source_ip = ip(stream[1])
    elif text[:1] == "/":
        event.file_path = text.rpartition(": ")[0]
    return True


@FORMAT.pattern("Not scanning an empty message")
def unscanned(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A message that is not looked at."""
    return noted(event)


@FORMAT.pattern(
    "clamd daemon ", "+++ Started at ", "freshclam daemon ", "ClamAV update process started", "Listening daemon: "
)
def began(event: Event, rest: str) -> bool:  # noqa: ARG001
    """Its start, or that of an update."""
    return started(event)


@FORMAT.pattern(
    "--- Stopped at ",
    "Shutting down the main socket",
    "Exiting",
    "Closing the main socket",
    "Update process terminated",
    "Killing the monitor",
)
def ended(event: Event, rest: str) -> bool:  # noqa: ARG001
    """Its end."""
    return stopped(event)


@FORMAT.pattern(
    "No clamd server appears to be available", "Failed to establish a connection to clamd",
    "Failed to communicate with clamd", "No reply from clamd", "Failed to stream to clamd", "Streaming failed",
    "FD scan request failed", "Failed to initiate streaming", "Connection closed while ", "Overlong reply from clamd",
    "Unknown reply from clamd", "Unexpected reply from clamd", "Probe for slot ", "Communication error",
    "WARNING: No clamd server", "WARNING: clamd was NOT notified", "ERROR: clamd was NOT notified",
    "clamd was NOT notified", "FD send failed", "Clamd was NOT notified", "ERROR: Probe for slot",
    "Failed to flush STREAM", "Timed out while ",
)  # fmt: skip
def unreachable(event: Event, rest: str) -> bool:  # noqa: ARG001
    """clamd does not answer: mail is refused for a while, or passes unlooked at."""
    return failed(event, UNAVAILABLE)


@FORMAT.pattern(
    "ERROR: ", "LibClamAV Error: ", "Bad netmask ", "Invalid ", "No ClamdSocket", "Please configure ", "RejectMsg ",
    "Unknown action", "Unknown group", "Unix clamd socket ", "Unsupported address type", "Need to rotate ",
    "!Failed to ", "LogFacility: ", "Database initialization error", "Can't ", "Cannot ", "Failed to ",
    "Out of memory ", "Fatal: ", "Database reload failed", "Database reload setup failed", "TCP: Cannot ",
    "TCP: getaddrinfo failed", "TCP: socket() error", "LOCAL: Socket file ", "LOCAL: Socket allocation error",
    "LOCAL: Could not ", "LOCAL: listen() error", "accept() failed", "Virus database is older than ", "Update failed",
    "Can't download ", "Database update process failed", "daemonize() failed", "All recv() descriptors gone",
    "Main socket gone", "Mutex ", "Memory allocation failed", "setgid(", "setuid(", "VirusEvent: ", "Unable to ",
    "No usable databases", "Not listening on any", "Please define ", "Current configuration of ", "Write to syncpipe",
    "Malformed database", "cl_engine_", "cli_", "add_fd: ", "Initialization error",
)  # fmt: skip
def trouble(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A fault of its own, or an update that failed."""
    return failed(
        event,
        level="fatal"
        if event.process_name == "clamd" and "Database initialization" in event.event_original
        else "error",
    )


@FORMAT.pattern(
    "SelfCheck: ", "ALLMATCHSCAN ", "Acceptloop ", "Access denied", "Breaking command", "COMMAND ",
    "Closing unclaimed", "Command ", "Control message ", "Directory recursion ", "Encrypted archive ",
    "Error condition ", "Error processing ", "Error writing ", "Empty file", "ExcludePUA ", "Excluded ", "FILDES: ",
    "File path check", "Garbage: ", "Got chunksize", "MEMSTATS: ", "Message truncated", "Moved partial",
    "No file descriptor", "No stats for ", "Not enough threads", "Not supported file", "POOLS: ", "PROTOCOL ERROR",
    "Processed ", "QUEUE: ", "Quota Remaining", "RECVTH", "Rejecting ", "SESSION: ", "STATE: ", "Shutdown closed",
    "Shutting down socket", "Skipping ", "Socket not shut", "Syncpipe ", "System limit ", "THREADS: ", "Unclaimed ",
    "UNKNOWN COMMAND", "fds_", "Client sent ", "Self checking ", "Reading databases from ",
    "Database correctly reloaded", "Database reload completed", "Activating the newly ", "Loaded ", "Limits: ",
    "Log file size ", "Running as user ", "TCP: ", "LOCAL: ", "Localserver: ", "Not loading ", "Only loading ",
    "Bytecode", "Archive support", "Algorithmic ", "Heuristic", "Portable Executable", "ELF support", "Mail files ",
    "Mail: ", "OLE2", "PDF support", "SWF support", "HTML support", "XMLDOCS ", "HWP3 ", "OneNote ", "Image ",
    "Detection using ", "Alerting ", "AlertExceedsMax", "Raw DMG", "Media ", "Phishing", "Structured: ",
    "Disabling URL", "Excluded PUA", "Included PUA", "DisableCertCheck", "Setting connection queue",
    "Socket file removed", "Pid file removed", "SIGHUP ", "Reopening ", "Received ", "Waiting for all threads",
    "Got new connection", "Client disconnected", "Client read timed out", "Receive thread", "Finished scanthread",
    "Consumed ", "THRMGR", "Number of ", "Accepted connection", "Shutdown: ", "Closed fd", "Scanthread: ",
    "ScanStream", "INSTREAM", "daily", "main.c", "bytecode", "safebrowsing", "Local version: ", "DON'T PANIC",
    "Database updated", "Downloading ", "Testing database", "Database test passed", "Clamd successfully notified",
    "Trying again in", "Trying to retrieve", "Update not needed", "Recommended version", "Current working dir",
    "Retrieving ", "Giving up on", "Incremental update", "updated (", "Mirrors are not", "Connecting via ", "Using ",
    "Ignoring ", "WARNING: ", "Warning: ", "LibClamAV Warning", "Querying ", "Local socket ", "Chunks complete",
    "No update", "MaxThreads", "MaxScan", "MaxQueue", "MaxConn", "Freshclam", "ClamAV ", "Mapping ", "Infected (",
    "DNS records",
)  # fmt: skip
def remarked(event: Event, rest: str) -> bool:  # noqa: ARG001
    """Its configuration, its updates, and other remarks."""
    return noted(event)
