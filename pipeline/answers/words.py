"""What is counted, in words, for reports and pages: message ids of the catalog, and names that are the same in every language."""

from mailwarden.alerts.words.translate import N_, Translator

__all__ = ["CLASSES", "MEASURES", "PROTOCOLS", "action_text", "reason_text", "status_text"]

MEASURES = {
    "received": N_("mail received"),
    "sent": N_("mail delivered elsewhere"),
    "deferred": N_("mail that had to wait"),
    "bounced": N_("mail returned"),
    "rejected": N_("mail refused by us"),
    "logins": N_("logins"),
    "clear_logins": N_("logins without TLS"),
    "failed_logins": N_("failed logins"),
    "not_understood": N_("lines not understood"),
}
CLASSES = {
    "blocklist": N_("we are on a blocklist"),
    "reputation": N_("our reputation"),
    "policy_auth": N_("SPF, DKIM or DMARC"),
    "rate_limit": N_("too much at once"),
    "spam_content": N_("taken for spam"),
    "mailbox_full": N_("mailbox full"),
    "unknown_user": N_("no such user"),
    "greylist": N_("greylisting"),
    "tls": N_("TLS"),
    "too_big": N_("too big"),
    "other": N_("other"),
}
PROTOCOLS = {"imap": "IMAP", "pop3": "POP3", "smtp": "SMTP", "managesieve": "Sieve", "http": "HTTP", "lmtp": "LMTP"}
_STATUSES = {  # of a delivery
    "sent": N_("delivered"),
    "deferred": N_("waiting"),
    "bounced": N_("bounced"),
    "expired": N_("given up"),
    "undeliverable": N_("undeliverable"),
    "queued": N_("accepted, no delivery seen yet"),
}
_ACTIONS = {  # of the vocabulary of `event.action`
    "address-question": N_("address asked about"),
    "auth-error": N_("login fault"),
    "auth-failure": N_("login failed"),
    "auth-success": N_("logged in"),
    "ban": N_("banned"),
    "bounce-created": N_("sender told"),
    "complaint": N_("complaint"),
    "config-change": N_("settings changed"),
    "connection-close": N_("disconnected"),
    "connection-lost": N_("connection lost"),
    "connection-open": N_("connected"),
    "continuation": N_("continued"),
    "data-loss": N_("lines lost"),
    "delivery": N_("tried"),
    "delivery-start": N_("delivery begun"),
    "discard": N_("thrown away"),
    "dkim-verdict": N_("DKIM checked"),
    "dmarc-report": N_("DMARC report"),
    "dmarc-verdict": N_("DMARC checked"),
    "dns-mismatch": N_("name not proven"),
    "dnsbl-check": N_("block list asked"),
    "dnsbl-hit": N_("on a block list"),
    "dnsbl-zone": N_("block list tried"),
    "filter-verdict": N_("filtered"),
    "forward": N_("forwarded"),
    "greylist": N_("greylisted"),
    "mailbox-change": N_("mailbox changed"),
    "mailbox-expunge": N_("mail deleted"),
    "message-held": N_("held"),
    "message-id": N_("Message-ID seen"),
    "message-queued": N_("queued"),
    "message-received": N_("accepted"),
    "message-released": N_("let go"),
    "message-removed": N_("done with"),
    "posture-check": N_("records checked"),
    "process-start": N_("mail program called"),
    "protocol-error": N_("broke the protocol"),
    "rate-limit": N_("slowed down"),
    "reject": N_("refused"),
    "remote-reply": N_("remote reply"),
    "screen-fail": N_("kept out"),
    "screen-pass": N_("let in"),
    "service-error": N_("server fault"),
    "service-start": N_("server started"),
    "service-stop": N_("server stopped"),
    "session-end": N_("logged out"),
    "spf-verdict": N_("SPF checked"),
    "statistics": N_("counts"),
    "tls-established": N_("TLS begun"),
    "tls-failed": N_("TLS failed"),
    "unban": N_("unbanned"),
}
_REASONS = {
    "aborted": N_("the client gave up"),
    "access_map": N_("refused by a list of this server"),
    "backend_unavailable": N_("the login service did not answer"),
    "cleartext_auth_disabled": N_("no login without TLS"),
    "config_error": N_("a setting of the server does not work"),
    "connect_refused": N_("no connection: refused"),
    "connect_timeout": N_("no connection: no answer"),
    "credentials_rejected": N_("name or password wrong"),
    "dkim_fail": N_("DKIM failed"),
    "dmarc_fail": N_("DMARC failed"),
    "dnsbl": N_("on a block list"),
    "greylist": N_("greylisting"),
    "helo_invalid": N_("HELO is no name"),
    "helo_not_fqdn": N_("HELO is no full name"),
    "host_not_found": N_("host not found"),
    "malware": N_("malware"),
    "mech_unsupported": N_("this way to log in is not offered"),
    "mfa_required": N_("a second factor is needed"),
    "no_auth_attempts": N_("no login was tried"),
    "no_rdns": N_("its address has no name"),
    "password_expired": N_("password expired"),
    "policy": N_("refused by policy"),
    "policy_service": N_("refused by the policy service"),
    "quota_exceeded": N_("mailbox full"),
    "rate_limit": N_("too much at once"),
    "rate_limited": N_("too many tries"),
    "relay_denied": N_("no relaying"),
    "sender_domain_unknown": N_("the sender's domain does not exist"),
    "sender_login_mismatch": N_("sender is not the one who logged in"),
    "server_error": N_("fault of the server"),
    "spam": N_("taken for spam"),
    "spf_fail": N_("SPF failed"),
    "temp_fail": N_("for the time being"),
    "tls_required": N_("TLS is needed"),
    "too_big": N_("too big"),
    "unknown_recipient": N_("no such user"),
    "unknown_user": N_("no such user"),
    "user_disabled": N_("account disabled"),
    "wrong_password": N_("wrong password"),
}


def action_text(action: str, tongue: Translator) -> str:
    """Say what an event did (`event.action`) in words; one without words stands as it is named."""
    return tongue.gettext(_ACTIONS[action]) if action in _ACTIONS else action.replace("-", " ")


def status_text(status: str, tongue: Translator) -> str:
    """Say how a delivery went (`mail.delivery.status`) in a word; one without a word stands as it is named."""
    return tongue.gettext(_STATUSES[status]) if status in _STATUSES else status


def reason_text(reason: str, tongue: Translator) -> str:
    """Say an event's reason (`event.reason`) in words; one without words stands as it is named."""
    return tongue.gettext(_REASONS[reason]) if reason in _REASONS else reason.replace("_", " ")
