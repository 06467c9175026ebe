"""Settings of the mail server that leave a door ajar, or hide who tries it (CFG-03, CFG-06, CFG-07).

Source: Postfix postconf(5), Dovecot's settings of 2.3 (`disable_plaintext_auth`) and 2.4 (`auth_allow_cleartext`).
"""

from collections.abc import Iterator, Mapping

from mailwarden.pipeline.probes.outcome import Outcome

__all__ = ["DOVECOT", "POSTFIX", "judge_settings"]

_LIMITS = (
    "smtpd_client_auth_rate_limit",
    "smtpd_client_connection_rate_limit",
    "smtpd_client_message_rate_limit",
    "smtpd_client_recipient_rate_limit",
)
POSTFIX = (*_LIMITS, "inet_interfaces", "smtpd_sasl_auth_enable", "smtpd_tls_auth_only", "smtpd_tls_security_level")
"""What is read of Postfix."""
DOVECOT = ("auth_verbose", "disable_plaintext_auth", "auth_allow_cleartext")
"""What is read of Dovecot; a version knows one of the last two."""

_CLEAR = {"disable_plaintext_auth": "no", "auth_allow_cleartext": "yes"}


def judge_settings(host: str, postfix: Mapping[str, str], dovecot: Mapping[str, str]) -> Iterator[Outcome]:
    """Judge what was read; nothing of a server that is not there, or that listens to this machine alone."""
    if postfix and postfix.get("inet_interfaces") not in ("loopback-only", "localhost", "127.0.0.1"):
        yield from _postfix(host, postfix)
    verbose = dovecot.get("auth_verbose")
    if verbose is not None:
        yield _told(host, "dovecot auth_verbose", verbose, "settings_log_detail" if verbose == "no" else "", "yes")
    for name, value in _CLEAR.items():
        if name in dovecot:
            reason = "settings_plaintext" if dovecot[name] == value else ""
            yield _told(host, f"dovecot {name}", dovecot[name], reason, "yes" if value == "no" else "no")


def _postfix(host: str, settings: Mapping[str, str]) -> Iterator[Outcome]:
    limits = [settings[name] for name in _LIMITS if name in settings]
    if limits:
        reason = "settings_no_limits" if set(limits) == {"0"} else ""
        yield _told(host, f"postfix {_LIMITS[0]}", settings.get(_LIMITS[0], limits[0]), reason, "10")
    if settings.get("smtpd_sasl_auth_enable") == "yes" and "smtpd_tls_auth_only" in settings:
        safe = settings["smtpd_tls_auth_only"] == "yes" or settings.get("smtpd_tls_security_level") == "encrypt"
        now = settings["smtpd_tls_auth_only"]
        yield _told(host, "postfix smtpd_tls_auth_only", now, "" if safe else "settings_plaintext", "yes")


def _told(host: str, name: str, now: str, reason: str, should: str) -> Outcome:
    setting = name.partition(" ")[2]
    details = {"setting": setting}
    if not reason:
        return Outcome(host, "settings", name, "ok", now=f"{setting} = {now}", details=details)
    return Outcome(host, "settings", name, "wrong", reason, f"{setting} = {now}", f"{setting} = {should}", details)
