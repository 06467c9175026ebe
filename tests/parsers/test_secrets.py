"""Passwords in debug lines, and in lines that nobody understands, are neither kept nor shown."""

import pytest

from mailwarden.parsers.envelope import Reader

HEAD = "Nov 23 10:00:00 mx postfix/smtpd[1]: "


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("< unknown[203.0.113.9]: AUTH PLAIN AGJvYgBTM2NyM3RQdw==", "< unknown[203.0.113.9]: AUTH [redacted]"),
        ("< unknown[203.0.113.9]: UzNjcjN0UHc=", "< unknown[203.0.113.9]: [redacted]"),
        ("< unknown[203.0.113.9]: PASSword x", "< unknown[203.0.113.9]: [redacted]"),
        ("< unknown[2001:db8::9]: QUIT", "< unknown[2001:db8::9]: QUIT"),
        ("> unknown[203.0.113.9]: 334 UGFzc3dvcmQ6", "> unknown[203.0.113.9]: 334 UGFzc3dvcmQ6"),
        ("xsasl_dovecot_server_next: decoded response bob secret", "xsasl_dovecot_server_next: [redacted]"),
        ("odd line, password=S3cr3t, and more", "odd line, password=[redacted], and more"),
        ("SASL authentication pass: bob S3cr3t", "SASL authentication pass: [redacted]"),
    ],
)
def test_a_debug_log_gives_no_password_away(text: str, kept: str) -> None:
    """What a client says while it logs in, what was decoded of it, and what is called a password."""
    event = Reader(year=2026).read(HEAD + text)

    assert event.event_original == HEAD + kept


def test_what_is_wrapped_is_kept_as_a_line() -> None:
    """In JSON the password may be spelt otherwise: the line that a syslog daemon would write is kept, without it."""
    message = '"odd \\"line\\", password=S3cr3t"'
    line = f'{{"MESSAGE":{message},"SYSLOG_IDENTIFIER":"postfix/smtpd","__REALTIME_TIMESTAMP":"1772510706123456"}}'

    kept = '2026-03-03T04:05:06.123456+00:00 - postfix/smtpd: odd "line", password=[redacted]'
    assert Reader(year=2026).read(line).event_original == kept
