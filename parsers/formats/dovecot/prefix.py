"""What stands before a Dovecot text: the process, its user and session, the level word.

`imap-login: `, `auth-worker(5787): `, `imap(user)<pid><session>: `, then in own log files `Info: ` or, everywhere,
`Error: ` and its kin. Level words but `Info: ` stay in front of the text: they are what proves an error line.

Source: src/lib/failures.c, src/lib-storage/mail-storage-settings.c, src/auth/auth-request.c of Dovecot 2.2.36 to 2.4.4.
"""

import re
from collections.abc import Callable

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.pattern import Format

__all__ = ["AUTH", "DELIVERY", "FORMAT", "LOGIN", "SESSION", "claim", "claim_text", "prepare"]

_LOGIN_PROTOCOLS = {
    "imap-login": "imap",
    "pop3-login": "pop3",
    "managesieve-login": "managesieve",
    "sieve-login": "managesieve",
    "lmtp-login": "lmtp",
    "imap-urlauth-login": "imap",
    "submission-login": "smtp",
}
_SESSION_PROTOCOLS = {
    "imap": "imap",
    "imap-hibernate": "imap",
    "imap-urlauth": "imap",
    "imap-urlauth-worker": "imap",
    "pop3": "pop3",
    "managesieve": "managesieve",
    "sieve": "managesieve",
    "submission": "smtp",
    "lmtp": "lmtp",
}
_SERVICES = (
    "master",
    "log",
    "anvil",
    "config",
    "stats",
    "old-stats",
    "ssl-params",
    "indexer",
    "indexer-worker",
    "doveadm",
    "doveadm-server",
    "replicator",
    "aggregator",
    "quota-status",
    "dict",
    "dict-expire",
    "dict-async",
    "director",
    "ipc",
    "dns-client",
    "dns_client",
    "health-check",
    "script",
    "script-login",
    "tcpwrap",
    "lda",
    "deliver",
    "dsync",
    "dsync-server",
    "dsync-local",
    "dsync-remote",
    "dovecot",
    "dovecot-lda",
    "welcome",
    "push-notification",
    "doveconf",
    "lmtp-proxy",
    "fts",
    "cassandra",
    "decode2text",
    "postlogin",
)

LOGIN = tuple(_LOGIN_PROTOCOLS)
AUTH = ("auth", "auth-worker", "dovecot-auth")
SESSION = ("imap", "imap-hibernate", "imap-urlauth", "pop3", "managesieve", "sieve", "submission")
DELIVERY = ("lmtp", "lda", "deliver", "imap", "lmtp-proxy", "dovecot-lda", "doveadm", "submission")

_PROTOCOLS = dict.fromkeys((*_SERVICES, *AUTH), "") | _SESSION_PROTOCOLS | _LOGIN_PROTOCOLS
_PLAIN = {name: protocol for name, protocol in _PROTOCOLS.items() if name not in (*AUTH, "submission-login", "dovecot")}
_LEVELS = {
    "Info: ": "Info: ",
    "Error:": "Error: ",
    "Warnin": "Warning: ",
    "Warn: ": "Warn: ",
    "Fatal:": "Fatal: ",
    "Panic:": "Panic: ",
    "Debug:": "Debug: ",
}
_LEVEL_NAMES = {"Error: ": "error", "Warning: ": "warning", "Fatal: ": "fatal", "Panic: ": "panic", "Debug: ": "debug"}

_OWN_STAMP = re.compile(
    r"(?:[A-Z][a-z]{2} [ \d]\d|\d{4}-\d\d-\d\d)[ T]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)? "
)
_USER = re.compile(r"([A-Za-z][\w-]{1,30})\(([^()<>,]*)\)(?:<(\d{1,10})>)?(?:<([^<>]{0,200})>)?: ")
_ODD_USER = re.compile(r"([A-Za-z][\w-]{1,30})\((.{0,1000}?)\)(?:<(\d{1,10})><([^<>]{0,200})>)?: ")
_LMTP_SESSION = re.compile(r"[A-Za-z0-9+/]{16,40}(?::[A-Za-z0-9:]{1,40})?: ")

# Who asked, to the end of `sql(USER,IP,<SESSION>): ` (2.3) or `auth(USER,IP,sasl:MECH)<PID><SESSION>: ` (2.4).
_ASKER_END = re.compile(
    r"(?:,([0-9A-Fa-f.:]{2,45}(?:%[\w.-]{1,20})?))?(?:,sasl:([\w-]{1,40}))?(?:,master)?(?:,<([^<>]{0,200})>)?"
    r"\)(?:<(?:\d{1,10})?>)?(?:<([^<>]{0,200})>)?: "
)
_ASKER = re.compile(r"([\w.-]{1,40})\(")
_BACKEND = re.compile(r"[\w.-]{1,40}")
_WORKER = re.compile(r"conn unix:[^ ]{1,200} \([^()]{0,200}\): (?:auth-worker<\d{1,10}>: )?|auth-worker<\d{1,10}>: ")
_PASSDB = re.compile(r"([\w-]{1,40}): ")
_NUMBER = re.compile(r"\d{1,10}(?:, |$)|default$")
_DRIVERS = frozenset({"mysql", "pgsql", "sqlite", "cassandra"})  # `mysql(HOST): `: no user
_MECHANISMS = frozenset(
    {
        "plain",
        "login",
        "cram-md5",
        "digest-md5",
        "xoauth2",
        "oauthbearer",
        "external",
        "anonymous",
        "gssapi",
        "gss-spnego",
        "ntlm",
        "scram-sha-1",
        "scram-sha-1-plus",
        "scram-sha-256",
        "scram-sha-256-plus",
        "apop",
        "otp",
        "skey",
        "rpa",
        "dovecot-token",
        "winbind",
    }
)
# Texts that quote the client and are longer than a logged user name can be (64 characters, auth-request.c).
_LONG_TALES = (
    "Username character disallowed by auth_username_chars: 0x",
    "Attempted master login with no master passdbs (trying to log in as user: ",
    "Attempted login as master user ",
)
_TALE = re.compile(
    r"(?:Info: )?(?:request \[\d{1,10}\]: )?(?:[\w-]{1,40}: )?(?:" + "|".join(map(re.escape, _LONG_TALES)) + ")"
)

_GIVEN = "given password: "
_SECRET = re.compile(
    r"given password: |client in: CONT|resp=| != |(?i:(?:pass(?!db|wd-file)|secret|token|credential|userPassword)\w*)"
)


def _redact(event: Event, text: str, marker: str) -> str:
    """Cut the text behind the marker, in the event's original too, and return what is left."""
    kept = text[: text.find(marker) + len(marker)] + "[redacted]"
    at = event.event_original.find(marker)
    event.event_original = event.event_original[: at + len(marker)] + "[redacted]" if at >= 0 else kept
    return kept


def _level(event: Event, text: str, word: str) -> str:
    """Take the level word; only `Info: ` is taken off the text."""
    if not text.startswith(word):
        return text
    if word == "Info: ":
        return text[6:]
    if word == "Warn: ":  # Dovecot 1
        word, text = "Warning: ", "Warning: " + text[6:]
    event.log_level = _LEVEL_NAMES[word]
    if word == "Debug: ":
        secret = _SECRET.search(text)
        if secret is not None:
            return _redact(event, text, secret.group())
    return text


def prepare(event: Event, text: str) -> str:
    """Read the prefix of a text off it."""
    name, _, rest = text.partition(": ")
    protocol = _PLAIN.get(name)
    if protocol is None:
        if name[-1:] != ">":
            return _unusual(event, text)
        process, _, who = name.partition("(")  # `imap(user)<pid><session>`
        who, _, pid = who.partition(")<")
        pid, _, session = pid.partition("><")
        protocol = _PLAIN.get(process)
        if protocol is None or not pid.isdecimal() or len(pid) > 10:
            return _unusual(event, text)
        name = process
        if "," in who:
            who = _addressed(event, who)
        event.user_name = who or None
        event.mail_session_pid = int(pid)
        event.mail_session_id = session[:-1] or None
    event.process_name = name
    if protocol:
        event.network_protocol = protocol
    word = _LEVELS.get(rest[:6])
    return rest if word is None else _level(event, rest, word)


def _unusual(event: Event, text: str) -> str:
    if _GIVEN in text:
        text = _redact(event, text, _GIVEN)
    name, _, rest = text.partition(": ")
    if name in AUTH:
        event.process_name = name
        return _asked(event, _rest(event, rest))
    if name.startswith(("auth(", "auth-worker(")) and _plain_asker(event, name, rest):
        return _behind_level(event, _rest(event, rest), _passdb)
    if name.startswith("auth-worker(") and name[12:-1].isdecimal() and name[-1] == ")" and len(name) < 24:
        event.process_name = "auth-worker"
        event.process_pid = int(name[12:-1])
        return _asked(event, _rest(event, rest))
    for _ in range(2):  # a relay's second tag, an own stamp inside a container's line
        stamp = _OWN_STAMP.match(text)
        if stamp is not None:
            text = text[stamp.end() :]
        text = text.removeprefix("dovecot: ")
    early = _LEVELS.get(text[:6])  # Dovecot 1 has the level first
    if early is not None:
        text = _level(event, text, early)
        if early != "Info: ":
            named = text.split(": ", 1)[1].partition("(")[0].partition(":")[0]
            if named not in _PROTOCOLS:
                return text
            early, text = text.split(": ", 1)
            return f"{early}: {_named(event, text)}"
    return _named(event, text)


def _named(event: Event, text: str) -> str:
    name, _, rest = text.partition(": ")
    if name in _PROTOCOLS:
        _process(event, name)
        return _asked(event, _rest(event, rest)) if name in AUTH else _rest(event, rest)
    asker = _ASKER.match(text)
    if asker is not None and asker.group(1) in AUTH:
        _process(event, asker.group(1))
        return _auth(event, text, asker.end())
    user = _USER.match(text) or _ODD_USER.match(text)
    if user is None or user.group(1).lower() not in _PROTOCOLS:
        if event.process_name in _PROTOCOLS:  # the tag named the process
            rest = _rest(event, text)
            _process(event, event.process_name)
            return _asked(event, rest) if event.process_name in AUTH else rest
        return text
    name, who, pid, session = user.groups()
    _process(event, name.lower())
    number = None if pid else _NUMBER.match(who)
    if number is not None and event.process_name not in SESSION:  # `lmtp(4900): `, in 2.2 `lmtp(4900, user): `
        if number.group()[0].isdigit():
            event.process_pid = int(number.group().rstrip(", "))
        who = who[number.end() :]
    if event.process_name == "doveadm" and ip(who) is not None:
        event.source_ip = ip(who)
    elif who:
        event.user_name = _addressed(event, who) or None
    if pid:
        event.mail_session_pid = int(pid)
    if session:
        event.mail_session_id = session
    rest = text[user.end() :]
    if session is None and name in ("lmtp", "lda"):  # 2.2 has the session behind the prefix
        old = _LMTP_SESSION.match(rest)
        if old is not None:
            event.mail_session_id = old.group()[:-2]
            rest = rest[old.end() :]
    return _rest(event, rest)


def _addressed(event: Event, who: str) -> str:
    """Take the address off `user,203.0.113.7`, an often seen `mail_log_prefix`."""
    user, _, address = who.rpartition(",")
    source = ip(address.strip())
    if source is None:
        return who
    event.source_ip = source
    return user


def _process(event: Event, name: str) -> None:
    event.process_name = name
    protocol = _PROTOCOLS[name]
    if protocol:
        event.network_protocol = protocol
    if name.startswith("submission"):
        event.mail_service = "submission"


def _rest(event: Event, rest: str) -> str:
    word = _LEVELS.get(rest[:6])
    return rest if word is None else _level(event, rest, word)


def _auth(event: Event, text: str, start: int) -> str:
    """Read `auth-worker(5787): …`, `auth(default): …` or `auth(USER,IP,sasl:MECH)<SESSION>: …`."""
    inside, closed, rest = text[start:].partition("): ")
    if closed and _NUMBER.fullmatch(inside):
        if inside.isdigit():
            event.process_pid = int(inside)
        return _asked(event, _rest(event, rest))
    found = _ends(text, start)
    if found is None:
        return _rest(event, text)
    end, ambiguous = found
    _asker(event, text[start : end.start()], end, ambiguous)
    rest = _rest(event, text[end.end() :])
    return _behind_level(event, rest, _passdb)


def _plain_asker(event: Event, name: str, rest: str) -> bool:
    """Read `auth(USER,IP,sasl:MECH)<PID><SESSION>` where nothing in it can be feigned; else say no."""
    service, _, inside = name.partition("(")
    inside, closed, ids = inside.partition(")")
    who = inside.split(",")
    source = ip(who[1]) if len(who) > 1 else None
    if not closed or source is None or len(who) > 4 or ")" in ids or "): " in rest or ">: " in rest:
        return False
    for word in who[2:]:
        if word.startswith("sasl:"):
            event.mail_sasl_method = word[5:].upper() or None
    event.process_name = service
    event.user_name = None if who[0] == "?" else who[0] or None
    event.source_ip = source
    event.mail_session_id = ids.rpartition("<")[2].removesuffix(">") or None
    return True


def _asked(event: Event, text: str) -> str:
    """Read who asked off an auth text, `sql(USER,IP,<SESSION>): …`."""
    return _behind_level(event, text, _old_asker)


def _behind_level(event: Event, text: str, read: Callable[[Event, str], str]) -> str:
    word = _LEVELS.get(text[:6], "")
    if word and text.startswith(word):
        return word + read(event, text[len(word) :])
    return read(event, text)


def _old_asker(event: Event, text: str) -> str:
    if text.startswith(("conn unix:", "auth-worker<")):
        worker = _WORKER.match(text)
        if worker is not None:
            text = text[worker.end() :]
    backend, opened, inside = text.partition("(")
    inside, closed, verdict = inside.partition("): ")
    if not closed or _BACKEND.fullmatch(backend) is None:
        return text
    if "): " not in verdict or verdict.startswith(_LONG_TALES):
        user, _, address = inside.partition(",")
        address, _, session = address.partition(",")
        source = ip(address)
        if source is not None and (not session or (session[0] == "<" and session[-1] == ">" and "," not in session)):
            event.user_name = None if user == "?" else user or None
            event.source_ip = source
            event.mail_session_id = session[1:-1] or None
            _backend(event, backend)
            return verdict
    start = len(backend) + len(opened)
    found = _ends(text, start)
    if found is None:
        return text
    end, ambiguous = found
    if backend in _DRIVERS and not end.group(1):
        return text
    _asker(event, text[start : end.start()], end, ambiguous)
    _backend(event, backend)
    return text[end.end() :]


def _passdb(event: Event, text: str) -> str:
    if text.startswith("request ["):
        text = text.partition("]: ")[2]
    name = _PASSDB.match(text)
    if name is None:
        return text
    _backend(event, name.group(1))
    return text[name.end() :]


def _backend(event: Event, name: str) -> None:
    if name in _MECHANISMS:
        event.mail_sasl_method = name.upper()
    elif name != "policy":
        event.set("dovecot.passdb", name)


def _asker(event: Event, user: str, end: re.Match[str], ambiguous: bool) -> None:
    address, mechanism, old_session, session = end.groups()
    if user and user != "?":
        event.user_name = user
    if address:
        event.source_ip = ip(address)
    if mechanism:
        event.mail_sasl_method = mechanism.upper()
    if session or old_session:
        event.mail_session_id = session or old_session
    if ambiguous:
        event.mail_parse_ambiguous = True


def _ends(text: str, start: int) -> tuple[re.Match[str], bool] | None:
    """Find where who asked ends, and say whether the client left several answers.

    The user name may hold such an end of its own: the last one counts. Behind a text that quotes the client the first
    one does, and no name is long enough to feign such a text.
    """
    ends = list(_ASKER_END.finditer(text, start))
    if not ends:
        return None
    if len(ends) == 1:
        return ends[0], False
    if _TALE.match(text, ends[0].end()):
        return ends[0], False
    addressed = [end for end in ends if end.group(1)]
    if not addressed:
        return ends[0], False
    return addressed[-1], len(addressed) > 1


_FOREIGN_TAGS = frozenset({"dovecot_login", "dovecot_plain"})


def claim(tag: str) -> tuple[str, str | None, str | None] | None:
    """Say of which process a syslog tag without its pid tells: (process, service, mail service), or None."""
    if tag == "dovecot":
        return "dovecot", "dovecot", None
    if tag in _LOGIN_PROTOCOLS:
        return tag, "dovecot", "submission" if tag == "submission-login" else None
    if tag == "dovecot-auth":
        return "dovecot-auth", "dovecot", None
    if tag.startswith("dovecot") and "(" not in tag and tag not in _FOREIGN_TAGS:  # `instance_name` is the tag
        return "dovecot", tag, None
    return None


_OWN_LEVELS = (": Info: ", ": Error: ", ": Warning: ", ": Fatal: ", ": Panic: ", ": Debug: ")


def claim_text(text: str) -> bool:
    """Say whether a text without any syslog tag (of an own log file, behind its stamp) is Dovecot's."""
    early = _LEVELS.get(text[:6])
    body = text[len(early) :] if early is not None and text.startswith(early) else text
    name = body[:32].partition(":")[0].partition("(")[0]
    if name in _LOGIN_PROTOCOLS:
        return True
    if name.lower() not in _PROTOCOLS:
        return False
    return early is not None or any(level in body for level in _OWN_LEVELS)


FORMAT = Format("dovecot", tuple(_PROTOCOLS), prepare=prepare)
