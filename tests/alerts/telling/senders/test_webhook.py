"""A signed webhook: what it says, and that a receiver can tell it from anybody's."""

import base64
import hashlib
import hmac

import pytest
from notices import NOON_US, incident, notification
from receiver import Post, receiving

from mailwarden.alerts.telling.channels import Channel, Channels
from mailwarden.alerts.telling.message import Message

KEY = b"0123456789abcdef0123456789abcdef"


def posted(query: str, account: str = "ann@example.org") -> Post:
    """Send one message, and give what arrived."""
    about = (notification(incident(account)),)
    message = Message(id="n-1", title="● CRITICAL 乗っ取り", body='"b"\nNext: x', about=about, sent_us=NOON_US)
    with receiving() as receiver:
        Channels([Channel(name="a", url=f"webhook://{receiver.address}/hook{query}")]).send("a", message)
    return receiver.posts[0]


@pytest.mark.parametrize(
    ("secret", "key"),
    [("whsec_" + base64.b64encode(KEY).decode(), KEY), ("plain-words", b"plain-words")],
)
def test_the_signature_is_that_of_standard_webhooks(secret: str, key: bytes) -> None:
    """HMAC-SHA256 over id, timestamp and body, as any library of theirs checks it."""
    post = posted(f"?secret={secret.replace('+', '%2B')}&tag=mail")

    stamp = str(NOON_US // 1_000_000)
    assert (post.headers["webhook-id"], post.headers["webhook-timestamp"]) == ("n-1", stamp)
    signed = f"n-1.{stamp}.".encode() + post.body
    wanted = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert post.headers["webhook-signature"] == f"v1,{wanted}"
    assert post.path == "/hook?tag=mail"  # the secret itself does not travel


def test_without_a_secret_there_is_no_signature() -> None:
    """Nothing pretends to be signed."""
    assert "webhook-signature" not in posted("").headers


def test_it_says_what_it_is_about() -> None:
    """Title and text as people get them, and the incident under the names that it has elsewhere."""
    data = posted("").json

    assert (data["id"], data["kind"], data["title"]) == ("n-1", "opened", "● CRITICAL 乗っ取り")
    assert data["sent_at"] == "2026-11-23T00:30:28+00:00"
    (about,) = data["incidents"]
    assert about["primary"] == {"user.name": "ann@example.org"}
    assert (about["severity"], about["event_count"], about["acknowledged_by"]) == ("critical", 291, None)


def test_hostile_text_is_spelt_out() -> None:
    """Bytes that were no UTF-8, controls and marks that turn text around arrive as what they are."""
    data = posted("", account="a\udcff\x00\u202e<script>@everyone").json

    (about,) = data["incidents"]
    assert list(about["primary"].values()) == ["a\\xff\\x00\\u202e<script>@everyone"]
