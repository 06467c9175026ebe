"""Rspamd, in its own file and through syslog: what it makes of each message, and its own troubles.

`#PID(WORKER) <TAG>; MODULE; FUNCTION: TEXT`. The line that sums up a message (`rspamd_task_write_log`) holds text of the
sender at both ends: the message id in front, addresses and the options of symbols behind. Fields are read from the verdict
outwards.

Source: conf/logging.inc, src/libserver/task.c, src/libserver/logger/ of rspamd 3.4 and master (log_format is the default one).
"""

import re

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.life import UNAVAILABLE, failed, noted, started, stopped
from mailwarden.parsers.pattern import Format
from mailwarden.parsers.verdict import judge_spam, number, result_word

__all__ = ["FORMAT", "claim_text"]

_HEAD = re.compile(
    r"(?:[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9:]{8}(?:\.[0-9]{1,6})? )?(?:(?:#([0-9]{1,10}))?\(([a-z0-9_]{1,30})\) )?"
    r"(?:rspamd: )?<([^<>;\s]{0,64})>; ?([A-Za-z0-9_. -]{1,40}); ([A-Za-z0-9_.:<>~-]{1,80}): "
)
_MARK = "rspamd: "
_SIGNING = "signing_failed"


def claim_text(text: str) -> bool:
    """Say whether a text behind a stamp is Rspamd's: `#1234(normal) <abc123>; task; …`."""
    return text[:1] == "#" and _HEAD.match(text) is not None


def _prepare(event: Event, text: str) -> str:
    """Take the process, the tag of the message, the module and the function off."""
    found = _HEAD.match(text)
    if found is None:
        return text
    pid, worker, _, module, function = found.groups()
    if pid is not None:
        event.process_pid = int(pid)
    if worker is not None:
        event.set("rspamd.worker", worker)
    event.set("rspamd.module", module)
    text = text[found.end() :]
    return f"{function}: {text}" if function == _TASK else _MARK + text


_TASK = "rspamd_task_write_log"
FORMAT = Format("rspamd", ("rspamd", "rspamd_proxy"), prepare=_prepare)

# ---------------------------------------------------------------------- what it makes of a message

_VERDICT = re.compile(
    r"\(([A-Za-z0-9_-]{1,40}): ([FTS]) \(([a-z ]{3,20})\): \[(-?[0-9.]{1,12}|nan)/(-?[0-9.]{1,12}|nan)\] \["
)
_FROM = re.compile(r", from: <([^<>]{0,320})>$")
_USER = re.compile(r", user: ([^<>]{1,255})$")
_IP = re.compile(r", ip: ([0-9A-Fa-f.:]{2,45})$")
_QUEUE_ID = re.compile(r", qid: <([0-9A-Za-z-]{1,64})>$")
_SIZE = re.compile(r"[0-9]{1,18}(?=,|$)")
_RECIPIENTS = re.compile(r", rcpts: <([^<>]{1,4000})>")
_SYMBOL = re.compile(r"(?:^|,)([A-Z][A-Z0-9_]{1,63})\((-?[0-9.]{1,12})\)(?:\{([^{}]*)\})?")
_KEY = re.compile(r"([A-Za-z0-9._-]{1,255})(?::[-+~?])?(?::s=([A-Za-z0-9._-]{1,255}))?;?")
_SPAM = frozenset({"reject", "add header", "rewrite subject", "discard", "quarantine"})
_METHODS = {"R_SPF_": "spf", "R_DKIM_": "dkim", "DMARC_POLICY_": "dmarc", "ARC_": "arc"}
# The policy that a message which fails falls under.
_DMARC = {"reject": "fail", "quarantine": "fail", "softfail": "fail"}
_VIRUS = re.compile(r"(?:[A-Z0-9]+_)?(?:VIRUS(?:_FOUND)?|CLAM_VIRUS|CLAMAV|SOPHOS|FPROT|ESET|AVAST|KASPERSKY|SAVAPI)$")


def _take(pattern: re.Pattern[str], text: str) -> tuple[str | None, str]:
    """Take what a pattern finds at the end off the text."""
    found = pattern.search(text)
    return (found[1], text[: found.start()]) if found else (None, text)


def _read_front(event: Event, text: str) -> None:
    """Read `id: <MID>, qid: <QID>, ip: IP, user: U, from: <S>` from its end: the message id may hold all of it."""
    sender, text = _take(_FROM, text)
    user, text = _take(_USER, text)
    address, text = _take(_IP, text)
    queue_id, text = _take(_QUEUE_ID, text)
    event.source_ip = ip(address) if address else None
    event.user_name = user
    event.mail_queue_id = queue_id
    if sender:
        event.email_from_address = [sender]
    elif sender == "":
        event.mail_null_sender = True
    message_id = text.removeprefix("id: <").removesuffix(">")
    if message_id and message_id != "undef" and text.startswith("id: <"):
        event.email_message_id = message_id


def _read_symbols(event: Event, text: str) -> list[str]:
    names = []
    for found in _SYMBOL.finditer(text):
        name, score, options = found.groups()
        names.append(name)
        for prefix, method in _METHODS.items():
            if name.startswith(prefix):
                word = name.removeprefix(prefix).lower()
                result = (_DMARC.get(word) if method == "dmarc" else None) or result_word(word)
                if result is not None:
                    event.set(f"mail.{method}.result", result)
        if name == "DMARC_NA":
            event.set("mail.dmarc.result", "none")
        elif name == "DKIM_SIGNED" and options:
            _signed(event, options)
        elif _VIRUS.match(name) and float(score or 0) >= 0 and options:
            event.set("mail.virus.name", options.partition(";")[0].partition(",")[0])
    return names


def _signed(event: Event, options: str) -> None:
    key = _KEY.match(options)
    event.set("mail.dkim.signed", True)
    if key is not None:
        event.set("mail.dkim.domain", key[1].lower())
        if key[2]:
            event.set("mail.dkim.selector", key[2])


@FORMAT.pattern("rspamd_task_write_log: ")
def judged(event: Event, rest: str) -> bool:
    """The line that sums up a message."""
    verdicts = [found for found in _VERDICT.finditer(rest) if rest[: found.start()].endswith(", ")]
    if not verdicts:
        return False
    if len(verdicts) > 1:  # one of them was written by the sender
        event.mail_parse_ambiguous = True
        event.event_action = "filter-verdict"
        return True
    found = verdicts[0]
    _, letter, action, score, threshold = found.groups()
    symbols, _, tail = rest[found.end() :].rpartition("]), len: ")
    _read_front(event, rest[: found.start() - 2])
    names = _read_symbols(event, symbols)
    judge_spam(
        event, is_spam=letter == "T" or action in _SPAM, score=number(score), threshold=number(threshold),
        action=action, symbols=names,
    )  # fmt: skip
    event.event_code = action
    if (event.extra or {}).get("mail.virus.name"):
        event.event_reason, event.event_outcome = "malware", "failure"
    elif action in ("greylist", "soft reject"):
        event.event_reason, event.event_outcome = ("greylist" if action == "greylist" else "rate_limit"), "failure"
        event.mail_reject_temporary = True
    recipients = _RECIPIENTS.search(tail)
    if recipients is not None:
        event.email_to_address = recipients[1].split(",")[:100]
    size = _SIZE.match(tail)
    if size is not None:
        event.mail_size = int(size[0])
    return True


# ---------------------------------------------------------------------- its own troubles

_UNSIGNED = (
    "cannot load dkim key ", "signing failure: ", "cannot make dkim signature", "cannot sign ", "cannot create dkim",
    "dkim signing failed", "error signing", "key path or dkim selector unconfigured", "public key for domain ",
    "missing pubkey for domain ",
)  # fmt: skip
# Not "got IO timeout with server": that is a store of fuzzy hashes, a stranger's as a rule, often silent, one check of many.
_UNREACHABLE = (
    "cannot connect ", "error getting reply from redis", "timeout waiting reply from ",
    "timeout while querying redis", "got error while connecting to redis", "clamav: failed to scan", "failed to scan",
    "cannot make redis request", "cannot select upstream", "cannot find upstream", "connect error", "no upstreams",
    "redis connection error",
)  # fmt: skip
_DIED = (
    "abnormally terminated", "caught fatal signal", "respawn process ", "cannot fork ", "fatal ", "cannot bind ",
    "worker process terminated abnormally", "cannot start ",
)  # fmt: skip
_KEYLESS = re.compile(r"public key for domain ([A-Za-z0-9._-]{1,255})/([A-Za-z0-9._-]{1,255}) ")


@FORMAT.pattern(_MARK)
def told(event: Event, rest: str) -> bool:
    """What a module says beside the line that sums up: a fault, the program's life, or a step on the way."""
    if "rspamd.module" not in (event.extra or {}):
        return False
    if rest.startswith(_UNSIGNED):
        key = _KEYLESS.match(rest)
        if key is not None:
            event.set("mail.dkim.domain", key[1].lower())
            event.set("mail.dkim.selector", key[2])
        return failed(event, _SIGNING)
    if rest.startswith(_UNREACHABLE):
        return failed(event, UNAVAILABLE)
    if rest.startswith(_DIED):
        return failed(event)
    if rest.startswith(("terminating after ", "catch termination signal", "rspamd is terminating")):
        return stopped(event)
    return started(event) if rest.startswith("rspamd ") and "start" in rest else noted(event)
