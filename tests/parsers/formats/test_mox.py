"""What mox's lines tell, and what clients cannot make them tell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwarden.parsers.envelope import Reader
from mailwarden.parsers.event import Event

PLAIN = frozenset(chr(code) for code in range(0x21, 0x7F)) - frozenset('"\\=')
ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def quoted(text: str) -> str:
    """Write a value as Go's `%q` does, where it must be quoted."""
    if text and set(text) <= PLAIN:
        return text
    return (
        '"' + "".join(ESCAPES.get(one, one if one.isprintable() else f"\\x{ord(one) & 255:02x}") for one in text) + '"'
    )


def read(message: str, keys: str, level: str = "info") -> Event:
    """Read one line of the journal."""
    return Reader(year=2026).read(f'Mar  3 04:05:06 mx1 mox[612]: l={level} m="{message}" {keys}')


@given(st.text(alphabet=st.sampled_from('ab"= \\\n192.0.2.1 remote=cid'), max_size=60))
def test_no_name_moves_the_address(name: str) -> None:
    """Whatever is typed as a name, the try is of the client's own address and session."""
    keys = f"pkg=imapserver username={quoted(name)} remote=203.0.113.7 cid=18b2 delta=1ms"

    event = read("failed authentication attempt", keys)

    assert (event.event_action, event.source_ip, event.mail_session_id) == ("auth-failure", "203.0.113.7", "18b2")


def test_no_answer_of_another_server_is_more_than_a_text() -> None:
    """What it said stands before the code, quoted."""
    said = 'x" code=250 recipient=v@example.com err="'
    keys = f"err={quoted(said)} pkg=queue cid=1 from=ann@example.org permanent=true code=550 secode=1.1 recipient=c@example.net"

    event = read("permanent failure delivering from queue", keys, "error")

    assert (event.smtp_reply_code, event.email_to_address) == (550, ["c@example.net"])
    assert event.smtp_reply_text == said


def test_what_the_dialogue_holds_is_not_kept() -> None:
    """At the level `traceauth` passwords stand there as they were sent."""
    event = read("RC: AUTH PLAIN AGFubgBzZWNyZXQ=\\r\\n", "pkg=smtpserver cid=18b2", "traceauth")

    assert event.event_kind == "event"
    assert "AGFubgBzZWNyZXQ" not in event.event_original


@pytest.mark.parametrize("line", ['l=info m="something"', 'level=info msg="x" pkg=y', 'l=info m="x pkg=smtpserver'])
def test_other_logfmt_is_left_alone(line: str) -> None:
    """Many programs write logfmt; without its tag, a line of mox has its package."""
    assert Reader().read(line).event_module != "mox"
