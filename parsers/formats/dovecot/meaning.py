"""What the message of a login process means: the reason in its parentheses, and 2.4's word for it.

Source: src/login-common/client-common.c (client_get_extra_disconnect_reason), client-common-auth.c of Dovecot 2.2.36 to
2.4.4.
"""

import re
from functools import lru_cache

__all__ = ["Meaning", "meaning_of"]

Meaning = tuple[str, str | None, str | None]  # action, outcome, reason

_OUTCOMES: dict[str, Meaning] = {
    "auth failed": ("auth-failure", "failure", "credentials_rejected"),
    "authorization failed": ("auth-failure", "failure", "policy"),
    "auth service reported temporary failure": ("auth-error", "unknown", "temp_fail"),
    "user disabled": ("auth-failure", "failure", "user_disabled"),
    "password expired": ("auth-failure", "failure", "password_expired"),
    "sent invalid base64 in response": ("auth-failure", "failure", "invalid_encoding"),
    "credentials contain control characters": ("auth-failure", "failure", "invalid_encoding"),
    "login disabled": ("auth-failure", "failure", "policy"),
    "anonymous logins disabled": ("auth-failure", "failure", "policy"),
    "tried to use unsupported auth mechanism": ("auth-failure", "failure", "mech_unsupported"),
    "tried to use disallowed plaintext auth": ("auth-failure", "failure", "cleartext_auth_disabled"),
    "tried to use disabled plaintext auth": ("auth-failure", "failure", "cleartext_auth_disabled"),
    "tried to use disallowed cleartext auth": ("auth-failure", "failure", "cleartext_auth_disabled"),
    "no auth attempts": ("connection-close", None, "no_auth_attempts"),
    "disconnected before auth was ready": ("connection-close", None, "no_auth_attempts"),
    "disconnected before greeting": ("connection-close", None, "no_auth_attempts"),
    "disconnected during TLS handshake": ("tls-failed", "failure", "no_auth_attempts"),
    "client didn't finish SASL auth": ("connection-close", None, "aborted"),
    "disconnected while authenticating": ("connection-close", None, "aborted"),
    "disconnected while finishing login": ("connection-close", None, "aborted"),
    "aborted authentication": ("connection-close", None, "aborted"),
    "auth aborted by client": ("connection-close", None, "aborted"),
    "auth process communication failure": ("auth-error", "unknown", "backend_unavailable"),
    "internal failure": ("auth-error", "unknown", "backend_unavailable"),
    "proxy dest auth failed": ("auth-failure", "failure", "credentials_rejected"),
    "proxy dest authentication failure": ("auth-failure", "failure", "credentials_rejected"),
    "proxy dest auth temporarily failed": ("auth-error", "unknown", "temp_fail"),
    "proxy dest": ("auth-error", "unknown", "backend_unavailable"),
    "cert required": ("auth-failure", "failure", "tls_required"),
    "client didn't send a cert": ("auth-failure", "failure", "policy"),
    "client sent an invalid cert": ("auth-failure", "failure", "policy"),
    "client sent an untrusted cert": ("auth-failure", "failure", "policy"),
    "connection limit reached": ("rate-limit", "failure", "rate_limited"),
    "auth referral": ("connection-close", None, None),
    "process is full": ("service-error", None, None),
}
_WHY = re.compile(r"\((" + "|".join(re.escape(why) for why in sorted(_OUTCOMES, key=lambda why: -len(why))) + r")\b")
_CODES: dict[str, Meaning] = {  # 2.4 names the reason in a word that stays
    "auth_failed": _OUTCOMES["auth failed"],
    "authorization_failed": _OUTCOMES["authorization failed"],
    "internal_failure": _OUTCOMES["internal failure"],
    "temp_fail": _OUTCOMES["auth service reported temporary failure"],
    "user_disabled": _OUTCOMES["user disabled"],
    "password_expired": _OUTCOMES["password expired"],
    "invalid_base64": _OUTCOMES["sent invalid base64 in response"],
    "invalid_credentials": _OUTCOMES["credentials contain control characters"],
    "login_disabled": _OUTCOMES["login disabled"],
    "anonymous_auth_disabled": _OUTCOMES["anonymous logins disabled"],
    "invalid_mech": _OUTCOMES["tried to use unsupported auth mechanism"],
    "cleartext_auth_disabled": _OUTCOMES["tried to use disallowed cleartext auth"],
    "no_auth_attempts": _OUTCOMES["no auth attempts"],
    "auth_process_not_ready": _OUTCOMES["disconnected before auth was ready"],
    "tls_handshake_not_finished": _OUTCOMES["disconnected during TLS handshake"],
    "auth_waiting_client": _OUTCOMES["client didn't finish SASL auth"],
    "auth_aborted_by_client": _OUTCOMES["auth aborted by client"],
    "auth_process_comm_fail": _OUTCOMES["auth process communication failure"],
    "auth_nologin_referral": _OUTCOMES["auth referral"],
    "proxy_dest_auth_failed": _OUTCOMES["proxy dest auth failed"],
    "proxy_dest_auth_temp_failed": _OUTCOMES["proxy dest auth temporarily failed"],
    "proxy_dest_connect_failed": _OUTCOMES["proxy dest"],
    "proxy_dest_internal_failure": _OUTCOMES["proxy dest"],
    "proxy_dest_remote_failure": _OUTCOMES["proxy dest"],
    "proxy_dest_protocol_failure": _OUTCOMES["proxy dest"],
    "proxy_dest_redirect_failure": _OUTCOMES["proxy dest"],
    "proxy_dest_connection_limit": _OUTCOMES["proxy dest"],
    "client_ssl_not_started": _OUTCOMES["cert required"],
    "client_ssl_cert_missing": _OUTCOMES["client didn't send a cert"],
    "client_ssl_cert_untrusted": _OUTCOMES["client sent an untrusted cert"],
    "connection_limit": _OUTCOMES["connection limit reached"],
    "process_full": _OUTCOMES["process is full"],
    "shutting_down": ("connection-close", None, None),
}
_MESSAGES: tuple[tuple[str, Meaning], ...] = (  # stronger than the reason in parentheses
    ("Maximum number of connections from user+IP exceeded", ("rate-limit", "failure", "rate_limited")),
    ("Internal login failure", _OUTCOMES["internal failure"]),
    ("Auth process broken", _OUTCOMES["auth process communication failure"]),
    ("Connection queue full", ("service-error", None, None)),
)
_BARE_MESSAGES: tuple[tuple[str, Meaning], ...] = (  # where no reason is given
    ("SSL required for authentication", ("auth-failure", "failure", "tls_required")),
    ("Plaintext authentication disabled", _OUTCOMES["tried to use disallowed plaintext auth"]),
    ("Cleartext authentication disabled", _OUTCOMES["tried to use disallowed plaintext auth"]),
    ("authentication attempts", _OUTCOMES["auth failed"]),  # 1.1: Aborted login (2 authentication attempts)
    ("Aborted login", ("auth-failure", "failure", "aborted")),  # 1.0: only after a failed try
    ("Login failed", _OUTCOMES["auth failed"]),
    ("Login for ", _OUTCOMES["proxy dest"]),
    ("TLS initialization failed", ("tls-failed", "failure", None)),
    ("SSL certificate", ("tls-failed", "failure", None)),
)
_CODE = re.compile(r" \(([a-z][a-z0-9_]{2,60})\)$")
_ATTEMPTS = re.compile(r"(?:, |\()(?:\d{1,6}/)?(\d{1,6}) (?:authentication )?attempts\b")


@lru_cache(maxsize=4096)
def meaning_of(message: str) -> tuple[Meaning, str | None, int]:
    """Give what a message that ends a connection means, 2.4's word for it, and how many tries failed."""
    code = _CODE.search(message)
    word = code.group(1) if code is not None and code.group(1) in _CODES else None
    attempts = _ATTEMPTS.search(message)
    count = max(int(attempts.group(1)), 1) if attempts is not None else 0
    for words, meaning in _MESSAGES:
        if words in message:
            return meaning, word, count
    if word is not None:
        return _CODES[word], word, count
    why = _WHY.search(message)
    if why is not None:
        return _OUTCOMES[why.group(1)], word, count
    for words, meaning in _BARE_MESSAGES:
        if words in message:
            return meaning, word, count
    return ("connection-close", None, None), word, count
