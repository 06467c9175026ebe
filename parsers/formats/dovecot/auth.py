"""The auth service: what became of one password (with `auth_verbose=yes`), and its own troubles.

The prefix has been read already: the event knows who asked, the text is the verdict. A text may go on with
` (given password: …)`, which was cut, or ` - trying the next passdb`.

Source: src/auth/auth-request.c, passdb-pam.c, passdb-ldap.c, db-oauth2.c of Dovecot 2.2.36 to 2.4.4.
"""

from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.dovecot.prefix import AUTH, FORMAT
from mailwarden.parsers.life import noted

__all__: list[str] = []

_PAM: tuple[tuple[str, str, str], ...] = (  # Linux-PAM's words -> action, reason
    ("Authentication failure", "auth-failure", "wrong_password"),
    ("User not known", "auth-failure", "unknown_user"),
    ("Permission denied", "auth-failure", "policy"),
    ("User account has expired", "auth-failure", "user_disabled"),
    ("Authentication token expired", "auth-failure", "password_expired"),
    ("Authentication token is no longer valid", "auth-failure", "password_expired"),
    ("Have exhausted maximum number of retries", "auth-failure", "rate_limited"),
    ("Insufficient credentials", "auth-error", "backend_unavailable"),
    ("Authentication service cannot retrieve", "auth-error", "backend_unavailable"),
    ("System error", "auth-error", "backend_unavailable"),
    ("Critical error", "auth-error", "backend_unavailable"),
    ("Module is unknown", "auth-error", "backend_unavailable"),
)


def _refused(event: Event, reason: str) -> bool:
    event.event_action = "auth-failure"
    event.event_outcome = "failure"
    event.event_reason = reason
    return True


def _unsure(event: Event, reason: str) -> bool:
    event.event_action = "auth-error"
    event.event_outcome = "unknown"
    event.event_reason = reason
    return True


@FORMAT.pattern("Password mismatch", programs=AUTH)
@FORMAT.pattern("password mismatch", programs=AUTH)
@FORMAT.pattern("invalid credentials", programs=AUTH)
@FORMAT.pattern("Invalid credentials", programs=AUTH)
def password_mismatch(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A wrong password; LDAP says the same of an unknown user."""
    return _refused(event, "wrong_password")


@FORMAT.pattern("unknown user", programs=AUTH)
@FORMAT.pattern("Unknown user", programs=AUTH)
@FORMAT.pattern("User unknown", programs=AUTH)
@FORMAT.pattern("no passwd file: ", programs=AUTH)  # where a domain has a file of its own
def unknown_user(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A user that the backend does not have."""
    return _refused(event, "unknown_user")


@FORMAT.pattern("missing passwd file: ", programs=AUTH)
def no_file(event: Event, rest: str) -> bool:  # noqa: ARG001
    """Dovecot 2.4 misses its file of users: nobody's password could be looked at."""
    return _unsure(event, "backend_unavailable")


@FORMAT.pattern("pam_authenticate() failed: ", programs=AUTH)
def pam_authenticate(event: Event, rest: str) -> bool:
    """PAM's verdict on a password."""
    return _pam(event, rest, "credentials_rejected")


@FORMAT.pattern("pam_acct_mgmt() failed: ", programs=AUTH)
def pam_account(event: Event, rest: str) -> bool:
    """PAM's verdict on the account behind a good password."""
    return _pam(event, rest, "user_disabled")


def _pam(event: Event, text: str, default: str) -> bool:
    for words, action, reason in _PAM:
        if text.startswith(words):
            return _refused(event, reason) if action == "auth-failure" else _unsure(event, reason)
    return _refused(event, default)


@FORMAT.pattern("User found from deny passdb", programs=AUTH)
@FORMAT.pattern("Client didn't present valid SSL certificate", programs=AUTH)
@FORMAT.pattern("allow_nets check failed", programs=AUTH)
@FORMAT.pattern("allow_real_nets check failed", programs=AUTH)
@FORMAT.pattern("Authentication failure due to policy", programs=AUTH)
@FORMAT.pattern("Attempted master login with no master passdbs", programs=AUTH)
@FORMAT.pattern("Attempted login as master user", programs=AUTH)
@FORMAT.pattern("Master user login attempted", programs=AUTH)
@FORMAT.pattern("Login disabled", programs=AUTH)
@FORMAT.pattern("User not authorized to log in as ", programs=AUTH)
def policy(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A login that a rule forbids, whatever the password."""
    return _refused(event, "policy")


@FORMAT.pattern("User is disabled", programs=AUTH)
@FORMAT.pattern("User disabled", programs=AUTH)
def user_disabled(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A user that the administrator has shut out."""
    return _refused(event, "user_disabled")


@FORMAT.pattern("Password expired", programs=AUTH)
def password_expired(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A password that is too old."""
    return _refused(event, "password_expired")


@FORMAT.pattern("Username character disallowed by auth_username_chars: ", programs=AUTH)
def username_character(event: Event, rest: str) -> bool:
    """A user name with a character that no user here has."""
    _, named, name = rest.partition(" (username: ")
    if named and event.user_name is None:
        event.user_name = name.removesuffix(")") or None
    return _refused(event, "invalid_encoding")


@FORMAT.pattern("Attempted login with password having illegal chars", programs=AUTH)
@FORMAT.pattern("invalid input", programs=AUTH)
@FORMAT.pattern("malformed data", programs=AUTH)
@FORMAT.pattern("Username or token missing", programs=AUTH)
@FORMAT.pattern("Username+password combination too long", programs=AUTH)
@FORMAT.pattern("authn_name has NULs", programs=AUTH)
@FORMAT.pattern("authz_name has NULs", programs=AUTH)
@FORMAT.pattern("Empty username", programs=AUTH)
@FORMAT.pattern("missing digest", programs=AUTH)
@FORMAT.pattern("invalid response", programs=AUTH)
@FORMAT.pattern("invalid init response", programs=AUTH)
@FORMAT.pattern("unsupported response", programs=AUTH)
@FORMAT.pattern("Client sent no input", programs=AUTH)
@FORMAT.pattern("nonce-count ", programs=AUTH)
@FORMAT.pattern("Nonallowed QoP requested", programs=AUTH)
@FORMAT.pattern("Unknown QoP value: ", programs=AUTH)
@FORMAT.pattern("Only utf-8 charset is allowed", programs=AUTH)
@FORMAT.pattern("Username escaping is invalid", programs=AUTH)
@FORMAT.pattern("authzid ", programs=AUTH)
def invalid_input(event: Event, rest: str) -> bool:  # noqa: ARG001
    """Credentials that break the mechanism's grammar."""
    return _refused(event, "invalid_encoding")


_MALFORMED = (
    "username", "base64 ", "continued data", "gs2-header", "GS2 header", "authzid ", "client nonce", "final client message",
    "channel binding data", "ClientProof", "nonce", "digest-uri", "maxbuf value", "response value", "input from helper: ",
)  # fmt: skip
_MISSING = ("username", "token", "nonce parameter", "cnonce parameter")


@FORMAT.pattern("Invalid ", programs=AUTH)
def malformed(event: Event, rest: str) -> bool:
    """Credentials of which one part breaks the mechanism's grammar: `Invalid base64 data in initial response`."""
    return rest.startswith(_MALFORMED) and _refused(event, "invalid_encoding")


@FORMAT.pattern("Missing ", programs=AUTH)
def incomplete(event: Event, rest: str) -> bool:
    """Credentials of which one part is not there."""
    return rest.startswith(_MISSING) and _refused(event, "invalid_encoding")


@FORMAT.pattern("Login failed (status=", programs=AUTH)
@FORMAT.pattern("Login attempt with empty password", programs=AUTH)
@FORMAT.pattern("invalid challenge", programs=AUTH)
@FORMAT.pattern("no initial response", programs=AUTH)
@FORMAT.pattern("username not known", programs=AUTH)
@FORMAT.pattern("user not authenticated", programs=AUTH)
@FORMAT.pattern("nopassword given and password is not empty", programs=AUTH)
def proof_refused(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A password, ticket or answer that proves nothing (checkpassword, APOP, external, NTLM)."""
    return _refused(event, "credentials_rejected")


@FORMAT.pattern("Request timed out waiting for client ", programs=AUTH)
def client_silent(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A client that began a login and said no more."""
    return _unsure(event, "aborted")


@FORMAT.pattern("oauth2 failed: ", programs=AUTH)
@FORMAT.pattern("Failed: ", programs=AUTH)
@FORMAT.pattern("Token ", programs=AUTH)
@FORMAT.pattern("Introspection ", programs=AUTH)
@FORMAT.pattern("Local validation failed", programs=AUTH)
def token_refused(event: Event, rest: str) -> bool:  # noqa: ARG001
    """An OAuth 2 token that is not valid."""
    return _refused(event, "credentials_rejected")


@FORMAT.pattern("invalid password field", programs=AUTH)
@FORMAT.pattern("No password returned", programs=AUTH)
@FORMAT.pattern("Empty password returned", programs=AUTH)
@FORMAT.pattern("passdb lookup failed", programs=AUTH)
@FORMAT.pattern("Lookup timed out", programs=AUTH)
@FORMAT.pattern("user not found from ", programs=AUTH)
@FORMAT.pattern("User not found from ", programs=AUTH)
@FORMAT.pattern("Authentication client ", programs=AUTH)
def lookup_failed(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A lookup that the server itself could not finish."""
    return _unsure(event, "backend_unavailable")


@FORMAT.pattern("Policy check action is ", programs=AUTH)
@FORMAT.pattern("Master user lookup for login: ", programs=AUTH)
@FORMAT.pattern("Master user logging in as ", programs=AUTH)
@FORMAT.pattern("Auth penalty", programs=AUTH)
@FORMAT.pattern("Authentication cache ", programs=AUTH)
@FORMAT.pattern("Cached NULL password access", programs=AUTH)
@FORMAT.pattern("Client requested ", programs=AUTH)
@FORMAT.pattern("Falling back to expired data from cache", programs=AUTH)
@FORMAT.pattern("Policy check action '", programs=AUTH)
@FORMAT.pattern("login user: ", programs=AUTH)
def auth_notice(event: Event, rest: str) -> bool:  # noqa: ARG001
    """A step on the way to a verdict, none of its own."""
    return noted(event)


_NO_ANSWER = (
    "Connect failed to database",
    "Can't connect",
    "connect() failed",
    "Connection lost to",
    "Connection timed out",
)
"""What databases and directories that do not answer are said to do (`lib-sql`, `db-ldap.c`)."""


@FORMAT.pattern("Error: ", programs=AUTH)
def auth_fault(event: Event, rest: str) -> bool:
    """A fault of the auth service: for one user, for one of its clients, or for all."""
    if event.user_name is not None or event.source_ip is not None:
        return _unsure(event, "backend_unavailable")
    if rest.startswith("auth client "):
        return _unsure(event, "aborted")
    event.event_action = "service-error"
    if any(words in rest for words in _NO_ANSWER):
        event.event_reason = "backend_unavailable"
    return True
