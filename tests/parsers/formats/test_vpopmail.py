"""vpopmail: the password that somebody typed."""

import pytest

from mailwarden.parsers.envelope import Reader


@pytest.mark.parametrize("typed", ["hunter2", "x') eve@example.net:198.51.100.9", "", "a: b", "%s #012"])
@pytest.mark.parametrize("prefix", ["", "/var/log/mail.log:", "Mar  3 04:05:06 node 0123456789ab[812]: "])
def test_password_is_blotted_out(typed: str, prefix: str) -> None:
    """A password that vchkpw is told to log is neither kept nor read as the client's address."""
    head = "Mar  3 04:05:06 mx6 vpopmail[4711]: vchkpw-smtp: password fail (pass: '"
    event = Reader(year=2026).read(f"{prefix}{head}{typed}') bob@example.org:203.0.113.7")

    assert event.event_original == f"{prefix}{head}[redacted]') bob@example.org:203.0.113.7"
    assert (event.user_name, event.source_ip) == ("bob@example.org", "203.0.113.7")


def test_password_of_a_cut_line_is_blotted_out() -> None:
    """Where the line is cut within the password, all behind it is."""
    event = Reader(year=2026).read("Mar  3 04:05:06 mx6 vpopmail[4711]: vchkpw-smtp: password fail (pass: 'hunt")

    assert "hunt" not in event.event_original
    assert event.event_action == "auth-failure"
