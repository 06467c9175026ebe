"""Every sender of ours over real HTTP: accepted, told to wait, refused, left without an answer, hung up on."""

import datetime
import json
import socket

import pytest
from notices import NOON_US, notification
from receiver import Receiver, receiving

from mailwarden.alerts.telling.channels import Channel, Channels
from mailwarden.alerts.telling.message import Message
from mailwarden.parsers.errors import ConfigurationError, DeliveryError

SECRET = "sekrit0815"
URLS = [
    f"pagerduty://{SECRET}?endpoint=http://{{}}/v2/enqueue",
    f"alertmanager://ops:{SECRET}@{{}}/prefix",
    f"webhook://ops:{SECRET}@{{}}/hook?secret={SECRET}",
]
MESSAGE = Message(id="n-1", title="● CRITICAL mx1: x", body="y\nNext: z", about=(notification(),), sent_us=NOON_US)


def send(url: str, message: Message = MESSAGE, answer_s: float = 5.0) -> None:
    """Send over a channel of this URL."""
    Channels([Channel(name="ops", url=url)], answer_s=answer_s).send("ops", message)


def refusal(url: str, receiver: Receiver, answer_s: float = 5.0) -> DeliveryError:
    """Give how a message was not accepted; no secret is in it."""
    with pytest.raises(DeliveryError) as caught:
        send(url.format(receiver.address), answer_s=answer_s)
    assert SECRET not in str(caught.value)
    assert '"ops"' in str(caught.value)
    return caught.value


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("status", [200, 202, 204])
def test_an_accepted_message_is_sent_once(url: str, status: int) -> None:
    """A status of success is acceptance, whatever the body says; the id is in a header."""
    with receiving() as receiver:
        receiver.status = status
        receiver.answer = b"" if status == 204 else b"\xff no JSON"
        send(url.format(receiver.address))

    (post,) = receiver.posts
    assert post.headers["X-Mailwarden-Id"] == "n-1"
    assert post.headers["Content-Type"] == "application/json"
    assert json.loads(post.body)


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize(
    ("value", "wait_s"),
    [
        ("120", 120.0),
        (
            (datetime.datetime.fromtimestamp(NOON_US // 10**6 + 90, datetime.UTC)).strftime(
                "%a, %d %b %Y %H:%M:%S GMT"
            ),
            90.0,
        ),
        ("Mon, 01 Jan 2001 00:00:00 GMT", 0.0),
        ("soon", None),
        ("9" * 5000, 999999999.0),
        ("-1", None),
    ],
)
def test_a_service_may_ask_to_be_left_alone(url: str, value: str, wait_s: float | None) -> None:
    """Retry-After is understood as seconds or as a date; what it is not is no reason to fail."""
    with receiving() as receiver:
        receiver.status, receiver.headers = 429, {"Retry-After": value}
        error = refusal(url, receiver)

    assert error.retry_after_s == wait_s
    assert "429" in str(error)


@pytest.mark.parametrize("url", URLS)
def test_a_fault_of_the_service_is_told(url: str) -> None:
    """A 500 is a refusal that says what the service said, in one line and without controls."""
    with receiving() as receiver:
        receiver.status, receiver.answer = 500, b"\x1b[31mdatabase\r\nis <b>gone</b> " + b"x" * 100_000
        error = refusal(url, receiver)

    assert "answered 500: \\x1b[31mdatabase is <b>gone</b>" in str(error)
    assert len(str(error)) < 300


@pytest.mark.parametrize("url", URLS)
def test_a_service_that_hangs_or_hangs_up_is_given_up(url: str) -> None:
    """No answer in time, and a connection that is closed without one, are refusals."""
    with receiving() as receiver:
        receiver.open.clear()
        assert "no answer in time" in str(refusal(url, receiver, answer_s=0.1))
        receiver.open.set()
        receiver.closes = True
        assert "closed the connection" in str(refusal(url, receiver))


@pytest.mark.parametrize("url", URLS)
def test_a_closed_port_is_told(url: str) -> None:
    """Where nobody listens there is no acceptance."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(DeliveryError, match="cannot be reached") as caught:
        send(url.format(f"127.0.0.1:{port}"))

    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("url", URLS)
def test_a_redirect_is_no_acceptance(url: str) -> None:
    """Where a redirect leads, nothing is sent."""
    with receiving() as elsewhere, receiving() as receiver:
        receiver.status, receiver.headers = 302, {"Location": f"http://{elsewhere.address}/"}
        refusal(url, receiver)

    assert elsewhere.posts == []


@pytest.mark.parametrize(
    "url",
    [
        "pagerduty://",
        "pagerduty://key?region=moon",
        "alertmanager://",
        "webhook:///path",
        "webhook://h/?secret=whsec_%%%",
        "alertmanager://host:99999999/",
    ],
)
def test_a_url_that_lacks_something_is_told_before_anything_is_sent(url: str) -> None:
    """What cannot work is refused when the configuration is read."""
    with pytest.raises(ConfigurationError, match=r'channel "ops": .*Alerts to it would be lost'):
        Channels([Channel(name="ops", url=url)]).check()
