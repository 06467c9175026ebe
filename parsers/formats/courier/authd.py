"""authdaemond: the library's daemon that checks passwords, and what it tells of it with `DEBUG_LOGIN`.

The servers tell of each try themselves; these are its steps. With `DEBUG_LOGIN=2` they hold passwords, which are blotted out.

Source: courier-authlib 0.58 to 0.72, authdaemond.c, authcheckpassword.c, authdaemon.c, authpam.c, authmysql.c, authldaplib.cpp.
"""

import re

from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.courier.prefix import AUTH, FORMAT
from mailwarden.parsers.life import noted, started, stopped
from mailwarden.parsers.secrets import BLOT, blot

__all__: list[str] = []

_PASSWORDS = re.compile(r"((?:clear)?passwd=)(?!<null>)[^,]*(?:,(?! [a-z]{1,20}=)[^,]*)*")


@FORMAT.pattern("modules=", programs=AUTH)
@FORMAT.pattern("Installing ", programs=AUTH)
@FORMAT.pattern("Installation complete: ", programs=AUTH)
@FORMAT.pattern("Uninstalling ", programs=AUTH)
@FORMAT.pattern("restarting authdaemond children", programs=AUTH)
def daemon_started(event: Event, rest: str) -> bool:  # noqa: ARG001
    """The daemon starts, or finds a module."""
    return started(event)


@FORMAT.pattern("stopping authdaemond children", programs=AUTH)
def daemon_stopped(event: Event, rest: str) -> bool:  # noqa: ARG001
    """The daemon stops."""
    return stopped(event)


@FORMAT.pattern("received ", programs=AUTH)
@FORMAT.pattern("FAIL, all modules rejected", programs=AUTH)
@FORMAT.pattern("pam_service=", programs=AUTH)
@FORMAT.pattern("pam_authenticate failed, result ", programs=AUTH)
@FORMAT.pattern("pam_acct_mgmt failed, result ", programs=AUTH)
@FORMAT.pattern("dopam successful", programs=AUTH)
@FORMAT.pattern("password matches successfully", programs=AUTH)
@FORMAT.pattern("no password available to compare", programs=AUTH)
@FORMAT.pattern("zero rows returned", programs=AUTH)
@FORMAT.pattern("userdb: ", programs=AUTH)
@FORMAT.pattern(" in userdbshadow", programs=AUTH, anywhere=True)
@FORMAT.pattern("raw ldap entry returned:", programs=AUTH)
@FORMAT.pattern("authmysqllib: ", programs=AUTH)
@FORMAT.pattern("authsqlite: ", programs=AUTH)
@FORMAT.pattern("authpam only handles authtype=login", programs=AUTH)
@FORMAT.pattern("authpam: username ", programs=AUTH)
@FORMAT.pattern("authshadow", programs=AUTH)
@FORMAT.pattern("authpwd", programs=AUTH)
@FORMAT.pattern("incomplete username or missing password", programs=AUTH)
def step(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A step beside a verdict that the server tells."""
    return noted(event)


@FORMAT.pattern("supplied password ", programs=AUTH)
@FORMAT.pattern("SQL query: ", programs=AUTH)
@FORMAT.pattern("cram: ", programs=AUTH)
@FORMAT.pattern("cram validation ", programs=AUTH)
@FORMAT.pattern("cram-md5: ", programs=AUTH)
@FORMAT.pattern("authinfo: ", programs=AUTH)
@FORMAT.pattern("query: ", programs=AUTH)
@FORMAT.pattern("using search filter: ", programs=AUTH)
@FORMAT.pattern("rebinding with DN ", programs=AUTH)
@FORMAT.pattern("changing password for ", programs=AUTH)
@FORMAT.pattern("Updating password", programs=AUTH)
def secret_step(event: Event, rest: str) -> bool:
    """A step that may hold a password: what stands behind its first words is blotted out."""
    if rest:
        blot(event, rest, BLOT)
    return noted(event)


@FORMAT.pattern("Authenticated: ", programs=AUTH)
@FORMAT.pattern(": sysusername=", programs=AUTH, anywhere=True)
@FORMAT.pattern(": clearpasswd=", programs=AUTH, anywhere=True)
def account_shown(event: Event, text: str) -> bool:
    """What is known of an account; its password is blotted out."""
    if "passwd=" in text:
        blot(event, text, _PASSWORDS.sub(rf"\g<1>{BLOT}", text))
    return noted(event)


@FORMAT.pattern(": trying this module", programs=AUTH, anywhere=True)
@FORMAT.pattern(": REJECT - try next module", programs=AUTH, anywhere=True)
def module_asked(event: Event, text: str) -> bool:
    """A module is asked, or does not let the account in."""
    event.event_action = "statistics"
    return " " not in text.partition(": ")[0]


@FORMAT.pattern(": TEMPFAIL - no more modules will be tried", programs=AUTH, anywhere=True)
def no_answer(event: Event, text: str) -> bool:
    """A module could not check a password: its database does not answer."""
    event.event_action = "auth-error"
    event.event_outcome = "unknown"
    event.event_reason = "backend_unavailable"
    return " " not in text.partition(": ")[0]


@FORMAT.pattern("failed to connect to ", programs=AUTH)
@FORMAT.pattern("mysql_query failed", programs=AUTH)
@FORMAT.pattern("mysql_select_db(", programs=AUTH)
@FORMAT.pattern("PGSQL_", programs=AUTH)
@FORMAT.pattern("PQconnectdb", programs=AUTH)
@FORMAT.pattern("ldap_", programs=AUTH)
@FORMAT.pattern("LDAP ", programs=AUTH)
@FORMAT.pattern("authldaplib: ", programs=AUTH)
@FORMAT.pattern("libpam", programs=AUTH)
@FORMAT.pattern("Configuration error", programs=AUTH)
@FORMAT.pattern("Bad line in ", programs=AUTH)
@FORMAT.pattern("Can't locate init function ", programs=AUTH)
@FORMAT.pattern("lt_dl", programs=AUTH)
def backend_failed(event: Event, text: str) -> bool:
    """The database of passwords does not answer."""
    event.event_action = "service-error"
    event.event_outcome = "failure"
    event.event_reason = "backend_unavailable"
    return bool(text)
