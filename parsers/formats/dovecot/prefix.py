"""What stands before a Dovecot text: the process, its user and session, the level word.

`imap-login: `, `auth-worker(5787): `, `imap(user)<pid><session>: `, then in own log files `Info: ` or, everywhere,
`Error: ` and its kin. Level words but `Info: ` stay in front of the text: they are what proves an error line.

Source: src/lib/failures.c, src/lib-storage/mail-storage-settings.c, src/auth/auth-request.c of Dovecot 2.2.36 to 2.4.4.
"""

import re

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.dovecot.asker import ASKER, NUMBER, asked, read_asker, read_passdb, read_plain_asker
from mailwarden.parsers.formats.dovecot.level import GIVEN, LEVELS, behind_level, read_level, redact, take_level
from mailwarden.parsers.pattern import Format, Read

__all__ = ["AUTH", "DELIVERY", "FORMAT", "LOGIN", "SESSION", "claim", "claim_stray", "claim_text", "prepare"]

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
_OWN_STAMP = re.compile(
    r"(?:[A-Z][a-z]{2} [ \d]\d|\d{4}-\d\d-\d\d)[ T]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)? "
)
_SESSION = re.compile(r"([^(]{1,30})\(([^)]*)\)<([0-9]{1,10})><([^>]*)>: ").match
_USER = re.compile(r"([A-Za-z][\w-]{1,30})\(([^()<>,]*)\)(?:<(\d{1,10})>)?(?:<([^<>]{0,200})>)?: ")
_ODD_USER = re.compile(r"([A-Za-z][\w-]{1,30})\((.{0,1000}?)\)(?:<(\d{1,10})><([^<>]{0,200})>)?: ")
_DECORATED = re.compile(
    r"([A-Za-z][\w-]{1,30})((?:[<\[{][^<>\[\]{}]{0,80}[>\]}]){0,4})\(([^()<>]{0,255})\)"
    r"((?:[ ,]?(?:<[^<>]{0,80}>|\[[^\[\]]{0,80}\]|\{[^{}]{0,80}\})){1,6}):? "
)
_DECORATION = re.compile(r"[<\[{]([^<>\[\]{}]*)[>\]}]")
_SESSION_ID = re.compile(r"[A-Za-z0-9+/]{12,40}(?::[A-Za-z0-9:]{1,40})?").fullmatch
_LMTP_SESSION = re.compile(r"[A-Za-z0-9+/]{16,40}(?::[A-Za-z0-9:]{1,40})?: ")
_LONGEST_PID = 10


def prepare(event: Event, text: str) -> str:
    """Read the prefix of a text off it."""
    name, _, rest = text.partition(": ")
    protocol = _PLAIN.get(name)
    if protocol is None:
        return _unusual(event, text)
    event.process_name = name
    if protocol:
        event.network_protocol = protocol
    return take_level(event, rest)


def _unusual(event: Event, text: str) -> str:
    name, _, rest = text.partition(": ")
    if GIVEN in text and name not in _LOGIN_PROTOCOLS:  # there a client has put it into its name
        text = redact(event, text, GIVEN)
        name, _, rest = text.partition(": ")
    if name in AUTH:
        event.process_name = name
        return asked(event, take_level(event, rest))
    if name.startswith(("auth(", "auth-worker(")) and read_plain_asker(event, name, rest):
        return behind_level(event, take_level(event, rest), read_passdb)
    if name.startswith("auth-worker(") and name[12:-1].isdecimal() and name[-1] == ")" and len(name) < 24:
        event.process_name = "auth-worker"
        event.process_pid = int(name[12:-1])
        return asked(event, take_level(event, rest))
    for _ in range(2):  # a relay's second tag, an own stamp inside a container's line
        stamp = _OWN_STAMP.match(text)
        if stamp is not None:
            text = text[stamp.end() :]
        text = text.removeprefix("dovecot: ")
    early = LEVELS.get(text[:6])  # Dovecot 1 has the level first
    if early is not None and text.startswith(early):
        text = read_level(event, text, early)
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
        return asked(event, take_level(event, rest)) if name in AUTH else take_level(event, rest)
    asker = ASKER.match(text)
    if asker is not None and asker.group(1) in AUTH:
        _process(event, asker.group(1))
        return read_asker(event, text, asker.end())
    user = _USER.match(text)
    if user is None and (decorated := _decorated(event, text)) is not None:
        return decorated
    user = user or _ODD_USER.match(text)
    if user is None or user.group(1).lower() not in _PROTOCOLS:
        if event.process_name in _PROTOCOLS:  # the tag named the process
            rest = take_level(event, text)
            _process(event, event.process_name)
            return asked(event, rest) if event.process_name in AUTH else rest
        return text
    name, who, pid, session = user.groups()
    _process(event, name.lower())
    number = None if pid else NUMBER.match(who)
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
    return take_level(event, rest)


def _decorated(event: Event, text: str) -> str | None:
    """Read a prefix that an administrator changed: `imap(user)[ADDRESS]<PID>: `, in any order; None where it is none."""
    found = _DECORATED.match(text)
    if found is None or found[1].lower() not in _PROTOCOLS:
        return None
    _process(event, found[1].lower())
    event.user_name = _addressed(event, found[3]) or None
    for one in _DECORATION.findall(found[2] + found[4]):
        address = ip(one)
        if address is not None:
            event.source_ip = address
        elif one.isdecimal() and len(one) <= _LONGEST_PID:
            event.mail_session_pid = int(one)
        elif _SESSION_ID(one):
            event.mail_session_id = one
    return take_level(event, text[found.end() :])


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
    early = LEVELS.get(text[:6])
    body = text[len(early) :] if early is not None and text.startswith(early) else text
    name = body[:32].partition(":")[0].partition("(")[0]
    if name in _LOGIN_PROTOCOLS:
        return True
    if name.lower() not in _PROTOCOLS:
        return False
    return early is not None or any(level in body for level in _OWN_LEVELS)


def claim_stray(text: str) -> bool:
    """Say whether a text under a tag of nobody's is Dovecot's: `instance_name` may be any word (`director`, `backend`)."""
    name, found, _ = text.partition("-login: ")
    if found and f"{name}-login" in _LOGIN_PROTOCOLS:
        return True
    session = _SESSION(text)
    return (session is not None and session[1] in _SESSION_PROTOCOLS) or text.startswith("master: Dovecot v")


class _Dovecot(Format):
    """Dovecot's wording; reads what is most of a log, `imap-login: …` and `imap(user)<pid><session>: …`, the short way."""

    def _make_reader(self, program: str | None) -> Read:
        name, levels, read_any = self.name, LEVELS.get, super()._make_reader(program)
        indices = {one: self.index(one) for one in _PLAIN}
        known = {one: (one, _PLAIN[one], index.heads.get, index.read_elsewhere) for one, index in indices.items()}

        def read(event: Event, text: str) -> bool:
            process, mark, rest = text.partition(": ")
            found = known.get(process)
            if found is None:
                session = _SESSION(text)
                if session is None:
                    return read_any(event, text)
                process, user, pid, session_id = session.groups()
                found = known.get(process)
                if found is None or "," in user:
                    return read_any(event, text)
                rest = text[session.end() :]
                event.user_name = user or None
                event.mail_session_pid = int(pid)
                event.mail_session_id = session_id or None
            elif not mark:
                return read_any(event, text)
            event.event_module = name
            event.process_name, protocol, at, read_elsewhere = found
            if protocol:
                event.network_protocol = protocol
            word = levels(rest[:6])
            if word is not None:
                rest = read_level(event, rest, word)
            for literal, length, pattern in at(rest[:4], ()):
                if rest[:length] == literal and pattern(event, rest[length:]):
                    return True
            return read_elsewhere(event, rest)

        return read


FORMAT = _Dovecot("dovecot", tuple(_PROTOCOLS), prepare=prepare)
