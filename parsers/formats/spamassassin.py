"""SpamAssassin: its daemon spamd, the client spamc, and what stands between it and the mail server (spamass-milter, spampd).

`spamd: result: Y 12 - SYM1,SYM2 scantime=1.2,…,mid=<MID>,…`. The user is the local one for whom the message was looked at, never
who sent it; the message id is the sender's text, with blanks and commas made `_`.

Source: spamd/spamd.raw of SpamAssassin 3.4.6 and 4.0.1, spamc/libspamc.c, spamass-milter 0.4.0, spampd 2.61.
"""

import re

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.life import UNAVAILABLE, failed, noted, started, stopped
from mailwarden.parsers.pattern import Format
from mailwarden.parsers.verdict import judge_spam, number, read_tests

__all__ = ["FORMAT", "claim"]

_TAGS = frozenset(
    {"spamd", "spamc", "spamass-milter", "spampd", "spamd-child", "sa-update", "spamassassin", "spamd_child"}
)


def claim(tag: str) -> tuple[str, str | None, str | None] | None:
    """Say of which process a tag tells."""
    name = tag.rpartition("/")[2]
    return (name, "spamassassin", None) if name in _TAGS else None


def _prepare(event: Event, text: str) -> str:  # noqa: ARG001
    """Take `spamd: ` and the level off that stand before a text."""
    for word in (
        "info: ",
        "warn: ",
        "error: ",
        "error. could",
        "Can only have",
        "Invalid debug",
        "daemon() failed",
        "dbg: ",
    ):
        if text.startswith(word):
            text = text[len(word) :]
            break
    return text.removeprefix("spamd: ")


FORMAT = Format("spamassassin", tuple(sorted(_TAGS)), prepare=_prepare)

_RESULT = re.compile(r"([Y.]) {1,8}(-?[0-9]{1,7}) - ([A-Za-z0-9_,]{0,8000}) (scantime=.*)$", re.DOTALL)
_SUMMED = re.compile(
    r"\((-?[0-9.]{1,12})/(-?[0-9.]{1,12})\) for (.{0,255}):(-?[0-9]{1,10}) in [0-9.]{1,12} seconds, ([0-9]{1,12}) bytes"
)
_MID = re.compile(r",mid=<([^,\s]{0,998})>(?=,|$)|,mid=([^,\s]{1,998})(?=,|$)")


@FORMAT.pattern("result: ")
def judged(event: Event, rest: str) -> bool:
    """What it makes of a message, with the rules that matched."""
    found = _RESULT.match(rest)
    if found is None:
        return False
    letter, score, symbols, fields = found.groups()
    names = [one for one in symbols.split(",") if one and one != "none"]
    required = re.search(r",required_score=(-?[0-9.]{1,12})(?=,|$)", fields)
    judge_spam(
        event, is_spam=letter == "Y", score=number(score), threshold=number(required[1]) if required else None,
        action="spam" if letter == "Y" else "ham", symbols=names,
    )  # fmt: skip
    message_id = _MID.search(fields)
    if message_id is not None:
        event.email_message_id = message_id[1] or message_id[2]
    read_tests(event, names)
    _read_asker(event, fields)
    return True


def _read_asker(event: Event, fields: str) -> None:
    size = re.search(r",size=([0-9]{1,12}),", fields)
    user = re.search(r",user=([^,]{1,255}),uid=", fields)
    if size is not None:
        event.mail_size = int(size[1])
    if user is not None:
        event.set("spamassassin.user", user[1])


@FORMAT.pattern("identified spam (", "clean message (")
def summed(event: Event, rest: str) -> bool:
    """The same with the exact score: `12.3/5.0) for u:1001 in 1.2 seconds, 3210 bytes.`"""
    found = _SUMMED.match("(" + rest)
    if found is None:
        return False
    score, threshold = number(found[1]), number(found[2])
    is_spam = score is not None and threshold is not None and score >= threshold
    judge_spam(event, is_spam=is_spam, score=score, threshold=threshold, action="spam" if is_spam else "ham")
    event.set("spamassassin.user", found[3])
    event.mail_size = int(found[5])
    return True


_PROXIED = re.compile(
    r"(?:<([^\s<>]{0,998})>|\(unknown\)) \((-?[0-9.]{1,12})/(-?[0-9.]{1,12})\) from <([^<>]{0,320})> "
    r"for (.{1,2000}) in [0-9.]{1,12}s"
)


@FORMAT.pattern("identified spam ", "clean message ", programs=("spampd",))
def proxied(event: Event, rest: str) -> bool:
    """What spampd passes on: `<MID> (12.30/5.00) from <s> for <r> in 1.2s, 3210 bytes.`"""
    found = _PROXIED.match(rest)
    if found is None:
        return False
    score, threshold = number(found[2]), number(found[3])
    is_spam = score is not None and threshold is not None and score >= threshold
    judge_spam(event, is_spam=is_spam, score=score, threshold=threshold, action="spam" if is_spam else "ham")
    event.email_message_id = found[1] or None
    event.email_from_address = [found[4]] if found[4] else None
    event.email_to_address = re.findall(r"<([^<>]{1,320})>", found[5])[:100] or None
    return True


@FORMAT.pattern(
    "processing message ", "::empty_and", "::input ", "::output ", "::read_pipe ", "Adding ", "Ignore authenticated",
    "Parsing ignore list", "Setting debug level", "SpamAssassin Sendmail", "Total of ", "c_nc_p: ", "calling ",
    "f_nc: ", "input ", "output ", "mlfi_body: ", "mlfi_connect: ", "mlfi_envfrom: ", "mlfi_envrcpt: ", "mlfi_eoh: ",
    "mlfi_eom: ", "mlfi_header: ", "polling ", "poll ", "r_f: ", "remembering ", "sender authenticated",
    "sendmail output", "smfi_register succeeded", "read ", "checking message ", "connection from ",
    "got connection over ", "setuid to ", "handled cleanup of child ", "prefork: ", "server socket ", "logger: ",
    "rules: ", "config: ", "plugin: ", "skipped large message ", "handle_user ", "using default config for ",
    "creating default_prefs: ", "created ", "Tell: ", "child ", "still running as root", "timing: ", "bayes: ",
    "dns: ", "netset: ", "razor2: ", "pyzor: ", "dcc: ", "spf: ", "dkim: ", "auto-whitelist: ", "util: ", "check: ",
    "received: ", "learn: ", "locker: ", "message: ", "uri: ", "eval: ", "async: ", "channel: ", "generic: ", "gpg: ",
    "zoom: ", "file lock", "skip", "Process Backgrounded", "spamass-milter ", "Could not retrieve sendmail macro",
    "Can't load ", "copy_config", "unknown order", "server successfully spawned child", "Received a SIG",
    "accept_a_conn", "failed to create ", "http: ", "geodb: ", "txrep: ", "askdns: ", "mimeheader: ", "metadata: ",
    "diag: ", "lint: ", "reporter: ", "is_dns_available", "archive-iterator: ", "Remote address: ", "SA score: ",
    "Received header for spamc", "skip_", "dns_block", "shortcircuit: ", "dmarc: ", "hashbl: ",
)  # fmt: skip
def remarked(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A step on the way to a verdict, or a remark."""
    return noted(event)


@FORMAT.pattern("unauthorized connection from ")
def stranger(event: Event, rest: str) -> bool:
    """Somebody who may not ask it."""
    event.event_action, event.event_outcome, event.event_reason = "reject", "failure", "policy"
    found = re.search(r"\[([0-9A-Fa-f.:]{2,45})\]", rest)
    event.source_ip = ip(found[1]) if found else None
    return True


@FORMAT.pattern("server started on ", "server pid: ", "starting", "Starting", "spamd starting", "server hit by SIGHUP")
def began(event: Event, rest: str) -> bool:  # noqa: ARG001
    """Its start."""
    return started(event)


@FORMAT.pattern("server killed by ", "server hit by ", "Server closing", "server shutting down")
def ended(event: Event, rest: str) -> bool:  # noqa: ARG001
    """Its end, or a new start."""
    return stopped(event)


@FORMAT.pattern(
    "connect to spamd on ", "connect(AF_INET) to spamd", "connect(AF_UNIX) to spamd",
    "connection attempt to spamd aborted", "failed sanity check", "Thrown error: ", "timeout: ",
    "service unavailable: ", "popenv failed",
)  # fmt: skip
def unreachable(event: Event, rest: str) -> bool:  # noqa: ARG001
    """spamd does not answer: mail passes unlooked at, or waits."""
    return failed(event, UNAVAILABLE)


@FORMAT.pattern(
    "bad protocol: ", "error: ", "cannot ", "could not ", "Can't ", "Cannot ", "Could not ", "fork: ",
    "accidental fork", "setuid ", "setgid ", "POSIX::", "failed to set ", "spamd: ", "execution error", "pipe error",
    "fork error", "write error", "close error", "smfi_getpriv", "smfi_setpriv", "smfi_register failed",
    "Unknown error", "_WARN: ", "Use of uninitialized value", "Failed to ", "waitpid failed", "lost child",
    "server is not running", "fatal: ", "warning: ", "WARNING: ",
)  # fmt: skip
def trouble(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A fault of its own."""
    return failed(event)
