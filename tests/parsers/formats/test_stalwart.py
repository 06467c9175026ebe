"""What Stalwart's lines tell, and what clients cannot make them tell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwarden.parsers.envelope import Reader
from mailwarden.parsers.event import Event

SESSION = 'listenerId = "submissions", localPort = 465, remoteIp = 203.0.113.7, remotePort = 46814'
ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def read(name: str, keys: str, level: str = "INFO") -> Event:
    """Read one line; its words mean nothing."""
    return Reader().read(f"2026-03-03T04:05:06Z {level} Something happened ({name}) {keys}")


def escaped(text: str) -> str:
    """Write a text as 0.16 does."""
    return "".join(ESCAPES.get(one, one if one.isprintable() else f"\\x{ord(one) & 255:02x}") for one in text)


@given(st.text(alphabet=st.sampled_from('ab", =[]{}()\\\n192.0.2.1remoteIpto'), max_size=60))
def test_no_name_moves_the_address(name: str) -> None:
    """Whatever is typed as a name, the try is of the client's own address: as 0.16 escapes it, and as before it did not."""
    before = name.replace("\\", "\\\\").replace("\n", "\\n")

    new = read("auth.failed", f'{SESSION}, accountName = "{escaped(name)}", id = "2"', "DEBUG")
    old = read("auth.failed", f'{SESSION}, remoteIp = 203.0.113.7, accountName = "{before}", id = "2"', "DEBUG")

    assert (new.event_action, new.source_ip) == ("auth-failure", "203.0.113.7")
    assert (old.event_action, old.source_ip) == ("auth-failure", "203.0.113.7")
    assert (new.user_name or "") == name.replace("\n", " ")


@pytest.mark.parametrize(
    "sender",
    [
        'x", hostname = "gmail-smtp-in.l.google.com", to = "v@example.com", code = 550, details = "listed", y = "@example.net',
        'x", to = ["v@example.com"], size = 1, total = 1, hostname = "mx", to = "v@example.com", code = 550, y = "@example.net',
    ],
)
def test_no_sender_makes_another_server_refuse(sender: str) -> None:
    """Up to 0.15 a quote in a sender's address stands as it is: what follows is no answer of a server."""
    way = f'queueId = 77, from = "{sender}", to = ["ann@example.org"], size = 900, total = 1'

    event = read("delivery.delivered", f'{way}, hostname = "mx.example.org", to = "ann@example.org", code = 250')

    assert event.smtp_reply_code in (250, None)
    assert event.destination_domain in ("mx.example.org", None)
    assert event.mail_delivery_status in ("sent", None)


def test_what_the_dialogue_holds_is_not_kept() -> None:
    """At the level `trace` commands stand there as they were sent, passwords among them."""
    keys = f'{SESSION}, size = 12, contents = "AUTH PLAIN AGFubgBzZWNyZXQ=\\r\\n"'

    assert "AGFubgBzZWNyZXQ" not in read("smtp.raw-input", keys, "TRACE").event_original


def test_a_webhook_s_object_cannot_be_grown_from_within() -> None:
    """JSON in a name stays a name."""
    line = (
        '{"id":"1","createdAt":"2026-03-03T04:05:06Z","type":"auth.failed","data":{"accountName":"x\\",\\"remoteIp\\":'
        '\\"192.0.2.9","remoteIp":"203.0.113.7","remotePort":5,"localPort":993}}'
    )

    event = Reader().read(line)

    assert (event.source_ip, event.user_name) == ("203.0.113.7", 'x","remoteIp":"192.0.2.9')


@pytest.mark.parametrize(
    "line",
    [
        "2026-03-03T04:05:06Z INFO something else (auth.success) remoteIp = 203.0.113.7",
        "2026-03-03T04:05:06Z INFO Something (shop.sold) price = 3",
        "2026-03-03T04:05:06Z mx1 sshd[4]: Something happened (auth.success) remoteIp = 203.0.113.7",
    ],
)
def test_other_programs_are_left_alone(line: str) -> None:
    """Only its own names of events, behind a level, make a line Stalwart's."""
    assert Reader().read(line).event_module != "stalwart"
