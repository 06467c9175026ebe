"""A log in which, every two minutes, another account is taken over: two lines a message, and one notice for each change."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 1, 9, 0, 0, tzinfo=UTC)


def takeover(turn: int) -> list[bytes]:
    """Give the lines of one turn: the account at home, then sending in bulk from elsewhere, which comes back, then much more."""
    account, made = f"user{turn}@example.org", []

    def say(second: int, program: str, text: str) -> None:
        stamp = (START + timedelta(minutes=2 * turn, seconds=second)).isoformat()
        made.append(f"{stamp} mx1 postfix/{program}[77]: {text}\n".encode())

    for number, (second, address, recipients) in enumerate(
        [(0, "192.0.2.10", 1), (5, f"198.18.{turn % 250}.7", 30), (9, f"198.18.{turn % 250}.7", 300)]
    ):
        queue_id = f"{turn:05X}{number:05X}"
        say(second, "smtpd", f"{queue_id}: client=unknown[{address}], sasl_method=PLAIN, sasl_username={account}")
        say(second, "qmgr", f"{queue_id}: from=<{account}>, size=900, nrcpt={recipients} (queue active)")
        for to in ("a", "b", "c") if number == 1 else ():
            said = "host mx.example.net[203.0.113.40] said: 550 5.1.1 User unknown (in reply to RCPT TO command)"
            relay = "relay=mx.example.net[203.0.113.40]:25, delay=1, delays=0/0/1/0"
            say(second, "smtp", f"{queue_id}: to=<{to}@example.net>, {relay}, dsn=5.1.1, status=bounced ({said})")
        say(second, "qmgr", f"{queue_id}: removed")
    return made


def later(turns: int, minutes: int) -> bytes:
    """Give a line that means nothing, so many minutes after the last turn: time passes."""
    stamp = (START + timedelta(minutes=2 * turns + minutes)).isoformat()
    return f"{stamp} mx1 postfix/smtpd[77]: connect from mail.example.net[192.0.2.9]\n".encode()
