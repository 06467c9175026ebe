"""Channels hand messages to services over real HTTP, and their errors tell what happened without a secret."""

import socket
import threading

import pytest
from receiver import Receiver, receiving

from mailwarden.alerts.telling.channels import Channel, Channels
from mailwarden.alerts.telling.message import Message
from mailwarden.parsers.errors import ConfigurationError, DeliveryError

TOKEN = "Q7xhZ2k9secret"
MESSAGE = Message(id="n-1", title="● CRITICAL mx1: bob was taken over", body="first line\nNext: `doveadm kick bob`")
HOSTILE = Message(
    id="n-2",
    title="▲ HIGH mx1: {0} %s \\x1b[31m",
    body="<script>alert(1)</script> {title} %(x)s :smile: \\n *bold* [a](http://198.51.100.9) \"quoted\" 'x' 乗っ取り\nNext: x",
)


def only(receiver: Receiver, url: str, message: Message = MESSAGE) -> Receiver:
    """Send one message to one channel."""
    Channels([Channel(name="ops", url=url.format(receiver.address))]).send("ops", message)
    return receiver


@pytest.mark.parametrize("message", [MESSAGE, HOSTILE], ids=["plain", "hostile"])
def test_json_carries_the_message_and_its_id(message: Message) -> None:
    """A JSON receiver gets title, body and id as they are: nothing is filled, run or turned into a picture."""
    with receiving() as receiver:
        post = only(receiver, "json://{}/hook", message).posts[0]

    assert post.path == "/hook"
    assert (message.title, message.body) == (post.json["title"], post.json["message"])
    assert post.headers["X-Mailwarden-Id"] == message.id
    assert "apprise.rb" not in str(post)


@pytest.mark.parametrize("message", [MESSAGE, HOSTILE], ids=["plain", "hostile"])
def test_form_carries_the_message(message: Message) -> None:
    """A form receiver gets the same."""
    with receiving() as receiver:
        post = only(receiver, "form://{}/hook", message).posts[0]

    assert (message.title, message.body) == (post.form["title"], post.form["message"])


def test_ntfy_and_mattermost_take_hostile_text() -> None:
    """Services that one hosts oneself get the text whole and no picture from elsewhere."""
    with receiving() as receiver:
        only(receiver, "ntfy://{}/topic", HOSTILE)
        only(receiver, "mmost://{}/3ccdd113474722377935511fc85d3dd4", HOSTILE)
        ntfy, mattermost = receiver.posts

    assert HOSTILE.body in ntfy.json["message"]
    assert HOSTILE.body.splitlines()[0] in mattermost.json["text"]
    assert "github" not in f"{ntfy} {mattermost}".lower()


def test_chat_services_bear_our_name_and_no_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slack, Discord and Telegram get our name, our text, and none of Apprise's pictures or links."""
    with receiving() as receiver:
        channels = Channels(
            [
                Channel(name="discord", url="discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js"),
                Channel(name="slack", url="slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general"),
                Channel(name="telegram", url="tgram://123456789:abcdefg_hijklmnop/12315544"),
            ]
        )
        channels.check()
        from apprise.plugins.discord import NotifyDiscord
        from apprise.plugins.slack import NotifySlack
        from apprise.plugins.telegram import NotifyTelegram

        base = f"http://{receiver.address}"
        monkeypatch.setattr(NotifyDiscord, "notify_url", f"{base}/discord")
        monkeypatch.setattr(NotifySlack, "webhook_url", f"{base}/slack")
        monkeypatch.setattr(NotifyTelegram, "notify_url", f"{base}/telegram")
        receiver.answer = b"ok"
        channels.send("slack", HOSTILE)
        receiver.answer = b'{"ok": true, "result": {}}'
        channels.send("discord", HOSTILE)
        channels.send("telegram", HOSTILE)
        slack, discord, telegram = receiver.posts

    sent = f"{slack.body!r} {discord.body!r} {telegram.body!r}".lower()
    assert "apprise" not in sent
    assert "github" not in sent
    assert slack.json["attachments"][0]["footer"] == "mailwarden"
    assert "<script>" not in telegram.json["text"]
    assert "<script>" not in slack.body.decode()


def test_google_chat_shows_commands_as_they_are_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command is code without a backslash in it, and nothing that a stranger wrote is a link or a mention."""
    told = Message(
        id="n-3",
        title="● CRITICAL mx1: a_b <users/all>",
        body="*bold* <http://evil.example|click> a_b\nNext: `doveadm kick a_b@example.org`",
    )
    with receiving() as receiver:
        channels = Channels([Channel(name="g", url="gchat://space/key/token")])
        channels.check()
        from apprise.plugins.google_chat import NotifyGoogleChat

        monkeypatch.setattr(NotifyGoogleChat, "notify_url", f"http://{receiver.address}/{{workspace}}")
        channels.send("g", told)
        text = str(receiver.posts[0].json["text"])

    assert text.endswith("\nNext: `doveadm kick a_b@example.org`")
    assert "<" not in text
    assert "*bold*" not in text


def test_a_refusal_is_told_without_secrets() -> None:
    """A refused message raises with the service, the channel and the status; user, password and path stay hidden."""
    with receiving() as receiver:
        receiver.status = 403
        with pytest.raises(DeliveryError) as caught:
            only(receiver, f"json://admin4711:{TOKEN}@{{}}/{TOKEN}x/hook?token={TOKEN}y")

    said = str(caught.value)
    assert 'JSON "ops"' in said
    assert "403" in said
    assert TOKEN not in said
    assert "admin4711" not in said


def test_an_unreachable_service_is_told() -> None:
    """A closed port raises, and what is raised holds no secret."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(DeliveryError, match='JSON "ops"') as caught:
        Channels([Channel(name="ops", url=f"json://u:{TOKEN}@127.0.0.1:{port}/")]).send("ops", MESSAGE)

    assert TOKEN not in str(caught.value)


def test_a_slow_service_is_given_up() -> None:
    """A service that takes the message and never answers costs no more than the time-out."""
    with receiving() as receiver:
        receiver.open.clear()
        channels = Channels([Channel(name="ops", url=f"json://{receiver.address}")], answer_s=0.05)
        with pytest.raises(DeliveryError):
            channels.send("ops", MESSAGE)
        receiver.open.set()


def test_a_redirect_is_no_acceptance() -> None:
    """A redirected message arrives nowhere, so it has not been accepted."""
    with receiving() as elsewhere, receiving() as receiver:
        receiver.status = 302
        receiver.headers = {"Location": f"http://{elsewhere.address}/"}
        with pytest.raises(DeliveryError, match="302"):
            only(receiver, "json://{}/")

    assert elsewhere.posts == []


def test_unknown_services_are_told_all_at_once() -> None:
    """Every URL that no service understands is named by its channel and scheme, never by the rest."""
    channels = Channels(
        [
            Channel(name="a", url=f"slak://{TOKEN}"),
            Channel(name="b", url=TOKEN),
            Channel(name="c", url="json://localhost"),
        ]
    )

    with pytest.raises(ConfigurationError) as caught:
        channels.check()

    assert len(caught.value.faults) == 2
    assert 'channel "a": no service understands the URL "slak://…"' in caught.value.faults[0]
    assert TOKEN not in str(caught.value)


def test_a_channel_does_not_show_its_url() -> None:
    """Neither a log nor a traceback shows the secret."""
    assert TOKEN not in repr(Channel(name="ops", url=f"tgram://{TOKEN}/1"))


def test_limits_are_the_services() -> None:
    """A service's own limits are known before anything is sent."""
    channels = Channels(
        [Channel(name="d", url="discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js"), Channel(name="x", url="?")]
    )

    assert channels.limits("d").body == 2000
    assert channels.limits("x").body == 1000


def test_many_threads_may_send() -> None:
    """Two channels send at the same time; the first use loads the services once."""
    with receiving() as receiver:
        channels = Channels([Channel(name=str(n), url=f"json://{receiver.address}/{n}") for n in range(4)])
        threads = [threading.Thread(target=channels.send, args=(str(n), MESSAGE)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert {post.path for post in receiver.posts} == {"/0", "/1", "/2", "/3"}
