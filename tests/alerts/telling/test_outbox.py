"""What was decided is delivered: over real HTTP, through crashes, failures and hanging channels, with the clock handed in."""

import threading

import pytest
from notices import NOON_US, incident, notification
from outboxes import MINUTE, PATIENCE_S, SECOND, Row, Rows, closed_port, outbox, titles
from receiver import Receiver

from mailwarden.alerts.telling.channels import Channel, Channels
from mailwarden.alerts.telling.delivery import Delivery, pack, unpack
from mailwarden.alerts.telling.message import Limits, Message
from mailwarden.alerts.telling.outbox import Outbox, backoff_us
from mailwarden.alerts.telling.routes import Plan
from mailwarden.alerts.terms import Evidence
from mailwarden.alerts.words.translate import translator


def test_what_is_due_is_delivered_once(rows: Rows, chat: Receiver) -> None:
    """A notice that is due goes out, is marked with who took it and when, and does not go out again."""
    rows.put(notification(), "chat")
    rows.put(notification(incident("later@example.org"), id="n-2"), "chat", due_us=NOON_US + SECOND)
    box = outbox(rows, chat)

    assert box.deliver_due(NOON_US) == 1
    assert box.deliver_due(NOON_US) == 0
    assert len(chat.posts) == 1
    assert chat.posts[0].headers["X-Mailwarden-Id"] == "n-1"
    assert chat.posts[0].json["message"].endswith("\nNotice n-1")
    delivered = unpack(rows.rows["n-1"].blob)
    assert (delivered.accepted_by, delivered.accepted_us) == ("chat", NOON_US)
    assert rows.waiting() == ["n-2"]


def test_a_crash_after_acceptance_repeats_the_same_id(rows: Rows, chat: Receiver) -> None:
    """Killed between a service's acceptance and our mark, the next run sends the same message under the same id."""
    rows.put(notification(), "chat")
    rows.broken = True
    with pytest.raises(OSError, match="killed"):
        outbox(rows, chat).deliver_due(NOON_US)

    rows.broken = False
    assert outbox(rows, chat).deliver_due(NOON_US + MINUTE) == 1
    first, second = chat.posts
    assert first.headers["X-Mailwarden-Id"] == second.headers["X-Mailwarden-Id"] == "n-1"
    assert first.json == second.json
    assert rows.waiting() == []


def test_a_store_that_fails_for_a_moment_repeats_nothing(rows: Rows, chat: Receiver) -> None:
    """When the mark cannot be written, a later call writes it: the message is not sent again."""
    rows.put(notification(), "chat")
    box = outbox(rows, chat)
    rows.broken = True
    with pytest.raises(OSError, match="killed"):
        box.deliver_due(NOON_US)
    rows.broken = False

    assert box.deliver_due(NOON_US + SECOND) == 1
    assert len(chat.posts) == 1
    assert rows.waiting() == []


def test_the_next_channel_takes_over_and_is_told_once(rows: Rows, chat: Receiver) -> None:
    """When a channel fails, the next gets the notice at once and is told, once, that the first one fails."""
    for n in range(3):
        rows.put(notification(incident(f"u{n}@example.org"), id=f"n-{n}"), "mail", "chat", due_us=NOON_US + n * SECOND)
    box = outbox(rows, chat, closed_port())

    delivered = [box.deliver_due(NOON_US + n * SECOND) for n in range(3)]

    assert delivered == [1, 1, 1]
    assert sorted(title[:10] for title in titles(chat)) == ["▲ HIGH mai", "● CRITICAL", "● CRITICAL", "● CRITICAL"]
    news = next(post.json for post in chat.posts if "channel mail fails" in post.json["title"])
    assert 'What it said: JSON "mail"' in news["message"]
    assert list(box.faults()) == ["mail"]
    assert unpack(rows.rows["n-0"].blob).accepted_by == "chat"


def test_a_channel_that_works_again_is_used_again(rows: Rows, chat: Receiver, mail: Receiver) -> None:
    """After its wait a failed channel is tried again; when it accepts, its fault is over."""
    box = outbox(rows, chat, mail)
    mail.status = 500
    rows.put(notification(), "mail", "chat")
    box.deliver_due(NOON_US)
    mail.status = 200
    rows.put(notification(incident("b@example.org"), id="n-2"), "mail", "chat", due_us=NOON_US + 10 * SECOND)
    box.deliver_due(NOON_US + 10 * SECOND)
    rows.put(notification(incident("c@example.org"), id="n-3"), "mail", "chat", due_us=NOON_US + MINUTE)
    box.deliver_due(NOON_US + MINUTE)

    accepted = [unpack(rows.rows[id].blob).accepted_by for id in ("n-1", "n-2", "n-3")]
    assert accepted == ["chat", "chat", "mail"]
    assert box.faults() == {}


def test_the_end_goes_to_whoever_heard_of_the_beginning(rows: Rows, chat: Receiver, mail: Receiver) -> None:
    """The chat stood in for the mail, which works again: the chat is told that it is over, also by another run."""
    mail.status = 500
    rows.put(notification(), "mail", "chat")
    outbox(rows, chat, mail).deliver_due(NOON_US)
    mail.status = 200
    mail.posts.clear()
    rows.put(notification(kind="ended", id="n-2", at_us=NOON_US + MINUTE), "mail", "chat", due_us=NOON_US + MINUTE)

    outbox(rows, chat, mail).deliver_due(NOON_US + MINUTE)

    assert [title[:8] for title in titles(chat)] == ["● CRITIC", "▲ HIGH m", "✓ ENDED "]
    assert mail.posts == []


def test_a_dead_pager_is_told_of_by_the_next(rows: Rows, chat: Receiver, mail: Receiver) -> None:
    """What PagerDuty refuses goes to the chat with the news of it, an end included, and a digest as well."""
    channels = Channels(
        [
            Channel(name="pager", url=f"pagerduty://KEY?endpoint=http://{mail.address}/"),
            Channel(name="chat", url=f"json://{chat.address}"),
        ]
    )
    mail.status = 500
    rows.put(notification(), "pager", "chat")
    rows.put(notification(incident("b@example.org"), "ended", id="n-2"), "pager", "chat")
    for n in range(8):
        rows.put(notification(incident(f"u{n}@example.org", "high"), id=f"h-{n}"), "pager", "chat")

    Outbox(rows, channels, patience_s=PATIENCE_S).deliver_due(NOON_US)

    said = sorted(titles(chat))
    assert [title[:14] for title in said] == ["▲ HIGH mailwar", "▲ mx1: 8 notic", "● CRITICAL mx1", "✓ ENDED mx1: b"]
    assert "channel pager fails" in said[0]
    assert rows.waiting() == []


def pages(receiver: Receiver) -> list[tuple[str, str]]:
    """Give what a pager was told: action and key."""
    return [(post.json["event_action"], post.json["dedup_key"]) for post in receiver.posts]


def test_a_pager_is_freed_of_a_digest_with_its_last_incident(rows: Rows, mail: Receiver) -> None:
    """A digest is one incident there: it is resolved when all that it told of has ended, and not before."""
    mail.status = 202
    channels = Channels([Channel(name="pager", url=f"pagerduty://KEY?endpoint=http://{mail.address}/")])
    many = [incident(f"u{n}@example.org", "high") for n in range(8)]
    for n, one in enumerate(many):
        rows.put(notification(one, id=f"h-{n}"), "pager")
    box = Outbox(rows, channels, patience_s=PATIENCE_S)
    box.deliver_due(NOON_US)
    ((action, digest),) = pages(mail)

    for n, one in enumerate(many):
        at_us = NOON_US + (n + 1) * MINUTE
        rows.put(notification(one, "ended", id=f"e-{n}"), "pager", due_us=at_us)
        box.deliver_due(at_us)
        if n == 6:
            assert ("resolve", digest) not in pages(mail)
    Outbox(rows, channels, patience_s=PATIENCE_S).deliver_due(NOON_US + 60 * MINUTE)

    assert action == "trigger"
    assert pages(mail)[-2:] == [("resolve", many[-1].id), ("resolve", digest)]
    assert len(pages(mail)) == 1 + 8 + 1


def test_a_pager_is_freed_of_news_when_the_channel_works_again(rows: Rows, chat: Receiver, mail: Receiver) -> None:
    """That a channel fails is an incident at the pager; it is resolved when the channel takes something again."""
    channels = Channels(
        [
            Channel(name="chat", url=f"json://{chat.address}"),
            Channel(name="pager", url=f"pagerduty://KEY?endpoint=http://{mail.address}/"),
        ]
    )
    mail.status, chat.status = 202, 500
    box = Outbox(rows, channels, patience_s=PATIENCE_S)
    rows.put(notification(), "chat", "pager")
    box.deliver_due(NOON_US)
    news = [key for action, key in pages(mail) if key.startswith("fault-")]
    chat.status = 200
    rows.put(notification(incident("b@example.org"), id="n-2"), "chat", "pager", due_us=NOON_US + 90 * MINUTE)
    box.deliver_due(NOON_US + 90 * MINUTE)
    box.deliver_due(NOON_US + 91 * MINUTE)

    assert len(news) == 1
    assert pages(mail)[-1] == ("resolve", news[0])


def test_a_notice_waits_longer_each_time_until_accepted(rows: Rows, chat: Receiver) -> None:
    """With a single channel the waits double up to an hour, and the notice arrives when the channel does."""
    rows.put(notification(), "chat")
    chat.status = 503
    box = outbox(rows, chat)
    now_us = NOON_US
    waits = []
    for _ in range(10):
        box.deliver_due(now_us)
        waits.append((rows.rows["n-1"].due_us - now_us) // SECOND)
        now_us = rows.rows["n-1"].due_us
        assert box.deliver_due(now_us - 1) == 0

    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
    assert len(chat.posts) == 10
    chat.status = 200
    assert box.deliver_due(now_us) == 1
    assert unpack(rows.rows["n-1"].blob).tries == 10


def test_a_channel_outside_the_route_is_told(rows: Rows, chat: Receiver) -> None:
    """When no receiver of a route works, another channel is told of it once, but does not get the notice."""
    rows.put(notification(), "mail")
    box = outbox(rows, chat, closed_port())
    box.deliver_due(NOON_US)
    box.deliver_due(NOON_US + MINUTE)

    assert titles(chat) == ["▲ HIGH mailwarden: channel mail fails"]
    assert rows.waiting() == ["n-1"]


def test_a_customer_does_not_hear_that_another_channel_fails(rows: Rows, chat: Receiver) -> None:
    """It is no affair of his, and he could not mend it."""
    rows.put(notification(), "mail")
    shop = Channel(name="shop", url=f"json://{chat.address}", customer=True)
    box = Outbox(rows, Channels([Channel(name="mail", url=closed_port()), shop]), patience_s=PATIENCE_S)
    box.deliver_due(NOON_US)
    box.deliver_due(NOON_US + MINUTE)

    assert chat.posts == []


def test_why_a_channel_fails_is_told_in_the_readers_language(rows: Rows, chat: Receiver, mail: Receiver) -> None:
    """In the news of it, and from the store, where it is kept in English that knows its message."""
    mail.status = 503
    channels = [
        Channel(name="chat", url=f"json://{chat.address}", language="ja"),
        Channel(name="mail", url=f"webhook://{mail.address}/"),
    ]
    rows.put(notification(), "mail")
    box = Outbox(rows, Channels(channels, answer_s=5), patience_s=PATIENCE_S)
    box.deliver_due(NOON_US)
    box.deliver_due(NOON_US + MINUTE)

    kept = unpack(rows.rows["n-1"].blob).failed["mail"]

    (post,) = chat.posts
    assert "応答内容：Webhook「mail」：応答 503 が返されました" in post.json["message"]
    assert kept.startswith('Webhook "mail": answered 503')
    assert translator("ja").worded(kept).startswith("Webhook「mail」：応答 503 が返されました")


def test_a_slow_channel_delays_nobody(rows: Rows, chat: Receiver, mail: Receiver) -> None:
    """While one channel does not answer, the other delivers; the late answer is marked by a later call."""
    mail.open.clear()
    rows.put(notification(), "mail")
    rows.put(notification(incident("b@example.org"), id="n-2"), "chat")
    box = outbox(rows, chat, mail, patience_s=0.5)

    assert box.deliver_due(NOON_US) == 1
    assert rows.waiting() == ["n-1"]
    assert box.deliver_due(NOON_US + SECOND) == 0
    assert len(mail.posts) <= 1
    mail.open.set()
    box = settle(box, rows)
    assert rows.waiting() == []
    assert len(mail.posts) == 1


def settle(box: Outbox, rows: Rows) -> Outbox:
    """Call until everything is marked."""
    for _ in range(100):
        box.deliver_due(NOON_US + SECOND)
        if not rows.waiting():
            break
    return box


class Hanging:
    """A sender whose channel `mail` hangs until it is let go; only a thread can show that."""

    def __init__(self) -> None:
        self.names = ["mail", "chat"]
        self.let_go = threading.Event()
        self.sent: list[tuple[str, str]] = []

    def language(self, name: str) -> str:
        return "en"

    def limits(self, name: str) -> Limits:
        return Limits(0, 160)

    def has_life(self, name: str) -> bool:
        return False

    is_program = is_mail = for_customer = has_life

    def send(self, name: str, message: Message) -> None:
        if name == "mail":
            self.let_go.wait(30)
        self.sent.append((name, message.id))


def test_a_channel_that_asks_for_rest_gets_it(rows: Rows, chat: Receiver, mail: Receiver) -> None:
    """Retry-After keeps a channel alone for as long as it says, though nobody else is there to take its notice."""
    hook = Channel(name="hook", url=f"webhook://{mail.address}/")
    box = Outbox(rows, Channels([hook]), patience_s=PATIENCE_S)
    mail.status, mail.headers = 429, {"Retry-After": "600"}
    rows.put(notification(), "hook")
    box.deliver_due(NOON_US)
    rows.put(notification(incident("b@example.org"), id="n-2"), "hook", due_us=NOON_US + MINUTE)
    mail.status = 200
    box.deliver_due(NOON_US + MINUTE)
    assert len(mail.posts) == 1

    box.deliver_due(NOON_US + 600 * SECOND)

    assert len(mail.posts) == 3
    assert rows.waiting() == []


def test_a_hanging_channel_is_given_up(rows: Rows) -> None:
    """A thread that hangs far beyond every time-out loses its notice to the next channel, and gets no second one."""
    sender = Hanging()
    seconds = iter([0.0, 10.0, 40.0, 41.0, 42.0, 43.0, 44.0, 45.0, 46.0])
    box = Outbox(rows, sender, patience_s=0.2, monotonic=lambda: next(seconds))
    rows.put(notification(), "mail", "chat")

    assert box.deliver_due(NOON_US) == 0
    assert box.deliver_due(NOON_US + SECOND) == 0
    box.deliver_due(NOON_US + 2 * SECOND)
    rows.put(notification(incident("b@example.org"), id="n-2"), "mail", "chat")
    box.deliver_due(NOON_US + 3 * SECOND)

    assert ("chat", "n-1") in sender.sent
    assert ("chat", "n-2") in sender.sent
    assert rows.waiting() == []
    sender.let_go.set()


def test_each_channel_has_its_language(rows: Rows, chat: Receiver) -> None:
    """The readers of a channel get their own language."""
    channels = Channels([Channel(name="chat", url=f"json://{chat.address}", language="ja")])
    rows.put(notification(), "chat")
    Outbox(rows, channels, patience_s=PATIENCE_S, link="http://localhost:8742").deliver_due(NOON_US)

    assert titles(chat)[0].startswith("● 緊急 mx1：")
    assert "次の操作：" in chat.posts[0].json["message"]


def test_hostile_text_arrives_harmless(rows: Rows, chat: Receiver) -> None:
    """Newlines, quotes, ANSI, HTML, format strings, mentions and bidi marks of a log line arrive as plain text."""
    line = "a\nb \x1b[31m \"q\" 'q' <b>x</b> {account} %s @everyone <!channel> \u202eevil \udcff"
    told = incident("{id}@everyone", evidence=[Evidence("/var/log/mail.log", 1, line)])
    rows.put(notification(told), "chat")
    outbox(rows, chat).deliver_due(NOON_US)

    said = chat.posts[0].json["title"] + chat.posts[0].json["message"]
    assert (
        "a\\x0ab \\x1b[31m \"q\" 'q' <b>x</b> {account} %s @\u200beveryone <\u200b!channel> \\u202eevil \\xff" in said
    )
    assert "@everyone" not in said


def test_an_unreadable_row_stops_nothing(rows: Rows, chat: Receiver) -> None:
    """A blob that cannot be read is kept and looked at again in an hour; the others go out."""
    rows.rows["n-0"] = Row(NOON_US, False, b"\xc1 no msgpack")
    rows.put(notification(), "chat")

    assert outbox(rows, chat).deliver_due(NOON_US) == 1
    assert rows.rows["n-0"] == Row(NOON_US + 60 * MINUTE, False, b"\xc1 no msgpack")


def test_what_cannot_be_worded_is_told_plainly(rows: Rows, chat: Receiver) -> None:
    """An alert whose sentences cannot be written is told without them, and holds up no other."""
    rows.put(notification(incident("a@example.org", first_seen_us=1 << 60), id="n-0"), "chat")
    rows.put(notification(incident("b@example.org"), id="n-1"), "chat")

    assert outbox(rows, chat).deliver_due(NOON_US) == 2
    assert [post.json["message"].count("a@example.org") for post in chat.posts] == [1, 0]
    assert chat.posts[0].json["message"].endswith("\nNotice n-0")


def test_an_unknown_receiver_is_passed(rows: Rows, chat: Receiver) -> None:
    """A channel that has left the configuration counts as one that fails."""
    rows.put(notification(), "gone", "chat")
    outbox(rows, chat).deliver_due(NOON_US)

    assert rows.waiting() == []


def test_a_delivery_survives_packing() -> None:
    """What is packed comes back, sketches and all, also with bytes that are no UTF-8."""
    plain = Delivery.of(notification(), Plan(("a", "b"), 30, 300, 14400))
    odd = Delivery.of(
        notification(
            incident(
                primary=("mailwarden.account", "caf\udce9@example.org"),
                evidence=[Evidence("f", 1, "caf\udce9")],
                timeline=[(1, "caf\udce9")],
                sketches={"a": bytearray(b"\xff")},
            )
        ),
        plain_plan(),
    )

    assert unpack(pack(plain)) == plain
    assert unpack(pack(odd)).notification.incident.evidence[0].line == "caf\\xe9"
    assert unpack(pack(odd)).notification.incident.primary == ("mailwarden.account", "caf\\xe9@example.org")
    assert unpack(pack(odd)).notification.incident.sketches == {"a": b"\xff"}


def plain_plan() -> Plan:
    """Give a route to one channel."""
    return Plan(("a",), 30, 300, 14400)


def test_backoff_is_bounded() -> None:
    """The wait never exceeds an hour, however often it failed."""
    assert backoff_us(0) == backoff_us(1) == 30 * SECOND
    assert backoff_us(10**9) == 3600 * SECOND
