"""Who asked the auth service: what stands between its name and its verdict.

Source: src/auth/auth-request.c (get_log_prefix), auth-worker-server.c of Dovecot 2.2.36 to 2.4.4.
"""

import re

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.dovecot.level import behind_level, take_level

__all__ = ["ASKER", "NUMBER", "asked", "read_asker", "read_passdb", "read_plain_asker"]

# Who asked, to the end of `sql(USER,IP,<SESSION>): ` (2.3) or `auth(USER,IP,sasl:MECH)<PID><SESSION>: ` (2.4).
_ASKER_END = re.compile(
    r"(?:,([0-9A-Fa-f.:]{2,45}(?:%[\w.-]{1,20})?))?(?:,sasl:([\w-]{1,40}))?(?:,master)?(?:,<([^<>]{0,200})>)?"
    r"\)(?:<(?:\d{1,10})?>)?(?:<([^<>]{0,200})>)?: "
)
ASKER = re.compile(r"([\w.-]{1,40})\(")
_BACKEND = re.compile(r"[\w.-]{1,40}")
_WORKER = re.compile(r"conn unix:[^ ]{1,200} \([^()]{0,200}\): (?:auth-worker<\d{1,10}>: )?|auth-worker<\d{1,10}>: ")
_PASSDB = re.compile(r"([\w-]{1,40}): ")
NUMBER = re.compile(r"\d{1,10}(?:, |$)|default$")
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


def read_asker(event: Event, text: str, start: int) -> str:
    """Read `auth-worker(5787): …`, `auth(default): …` or `auth(USER,IP,sasl:MECH)<SESSION>: …`."""
    inside, closed, rest = text[start:].partition("): ")
    if closed and NUMBER.fullmatch(inside):
        if inside.isdigit():
            event.process_pid = int(inside)
        return asked(event, take_level(event, rest))
    found = _ends(text, start)
    if found is None:
        return take_level(event, text)
    end, ambiguous = found
    _asker(event, text[start : end.start()], end, ambiguous)
    rest = take_level(event, text[end.end() :])
    return behind_level(event, rest, read_passdb)


def read_plain_asker(event: Event, name: str, rest: str) -> bool:
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


def asked(event: Event, text: str) -> str:
    """Read who asked off an auth text, `sql(USER,IP,<SESSION>): …`."""
    return behind_level(event, text, _old_asker)


def _old_asker(event: Event, text: str) -> str:
    if text.startswith(("conn unix:", "auth-worker<")):
        worker = _WORKER.match(text)
        if worker is not None:
            text = text[worker.end() :]
    backend, opened, inside = text.partition("(")
    inside, closed, verdict = inside.partition("): ")
    if not closed or _BACKEND.fullmatch(backend) is None or backend.startswith("pam_"):  # PAM's own line
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


def read_passdb(event: Event, text: str) -> str:
    """Read `request [1]: PASSDB: ` off an auth text of 2.4."""
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
