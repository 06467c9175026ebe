"""Many notices at once, or many turns of one incident, are few messages."""

import pytest
from notices import NOON_US, incident, notification
from outboxes import MINUTE, SECOND, Rows, closed_port, outbox, titles
from receiver import Receiver


def test_a_flood_becomes_a_digest_and_critical_stays_single(rows: Rows, chat: Receiver) -> None:
    """More than six notices in ten minutes come as one; a critical one among them stands by itself."""
    for n in range(9):
        rows.put(notification(incident(f"u{n}@example.org", "medium"), id=f"n-{n}"), "chat")
    rows.put(notification(incident("boss@example.org"), id="n-9"), "chat")
    box = outbox(rows, chat)

    assert box.deliver_due(NOON_US) == 10
    single, digest = titles(chat)
    assert single.startswith("● CRITICAL mx1: boss")
    assert digest == "▲ mx1: 9 notices in one: MEDIUM 9"
    assert rows.waiting() == []


def test_more_critical_notices_than_a_flood_are_all_told(rows: Rows, chat: Receiver) -> None:
    """A seventh critical notice in ten minutes goes out by itself like the others: a digest of nothing is not made."""
    box = outbox(rows, chat)
    for number in range(8):
        rows.put(notification(incident(f"{number}@example.org", severity="critical"), id=f"n-{number}"), "chat")
        box.deliver_due(NOON_US)

    assert len(chat.posts) == 8
    assert rows.waiting() == []


def test_a_trickle_is_gathered_for_an_hour(rows: Rows, chat: Receiver) -> None:
    """The seventh in ten minutes is still told at once; what follows waits an hour and comes as one digest."""
    box = outbox(rows, chat)
    for n in range(12):
        due_us = NOON_US + n * 20 * SECOND
        rows.put(notification(incident(f"u{n}@example.org", "high"), id=f"n-{n}", at_us=due_us), "chat", due_us=due_us)
        box.deliver_due(due_us)

    assert len(chat.posts) == 7
    assert len(rows.waiting()) == 5
    seventh_us = NOON_US + 6 * 20 * SECOND
    box.deliver_due(seventh_us + 59 * MINUTE)
    assert len(chat.posts) == 7
    box.deliver_due(seventh_us + 60 * MINUTE)
    assert titles(chat)[7:] == ["▲ mx1: 5 notices in one: HIGH 5"]
    assert rows.waiting() == []


def test_three_hundred_attackers_at_once_are_one_digest_an_hour(rows: Rows, chat: Receiver) -> None:
    """They are told as one, and what they do next within the hour as one more, also after a restart."""
    for n in range(300):
        rows.put(notification(incident(f"u{n}@example.org", "medium"), id=f"n-{n}"), "chat")
    outbox(rows, chat).deliver_due(NOON_US)
    for minute in range(0, 60, 10):
        at_us = NOON_US + minute * MINUTE
        for n in range(0, 300, 50):
            told = notification(incident(f"u{n}@example.org", "medium"), "worse", at_us + 1, f"w-{n}-{minute}")
            rows.put(told, "chat", due_us=at_us)
        outbox(rows, chat).deliver_due(at_us)
    assert titles(chat) == ["▲ mx1: 300 notices in one: MEDIUM 300"]

    outbox(rows, chat).deliver_due(NOON_US + 60 * MINUTE)

    assert titles(chat)[1:] == ["▲ mx1: 6 notices in one: MEDIUM 6"]
    assert rows.waiting() == []


def test_an_attack_that_comes_within_a_minute_is_one_digest(rows: Rows, chat: Receiver) -> None:
    """Three hundred notices that become due one after the other are one message: what comes soon is waited for."""
    for n in range(300):
        due_us = NOON_US + n * SECOND // 6
        rows.put(
            notification(incident(f"u{n}@example.org", "medium"), id=f"n-{n}", at_us=due_us), "chat", due_us=due_us
        )
    box = outbox(rows, chat)

    for second in range(90):
        box.deliver_due(NOON_US + second * SECOND)

    assert titles(chat) == ["▲ mx1: 300 notices in one: MEDIUM 300"]
    assert rows.waiting() == []


def test_a_few_notices_wait_for_nothing(rows: Rows, chat: Receiver) -> None:
    """Six notices within a minute are no flood: each leaves when it is due."""
    for n in range(6):
        due_us = NOON_US + n * 10 * SECOND
        rows.put(
            notification(incident(f"u{n}@example.org", "medium"), id=f"n-{n}", at_us=due_us), "chat", due_us=due_us
        )
    box = outbox(rows, chat)

    told = [box.deliver_due(NOON_US + n * 10 * SECOND) for n in range(6)]

    assert told == [1] * 6


def test_a_digest_that_crashed_has_the_same_id(rows: Rows, chat: Receiver) -> None:
    """A digest repeated after a crash is the one that was decided, whatever became due meanwhile."""
    for n in range(9):
        rows.put(notification(incident(f"u{n}@example.org", "medium"), id=f"n-{n}"), "chat")
    rows.broken = True
    with pytest.raises(OSError, match="killed"):
        outbox(rows, chat).deliver_due(NOON_US)
    rows.broken = False
    rows.put(notification(incident("late@example.org", "medium"), id="n-9"), "chat", due_us=NOON_US + SECOND)
    outbox(rows, chat).deliver_due(NOON_US + SECOND)

    first, again, late = chat.posts
    assert first.headers["X-Mailwarden-Id"] == again.headers["X-Mailwarden-Id"]
    assert first.json == again.json
    assert late.json["title"].endswith("late@example.org was taken over and sends spam")
    assert rows.waiting() == []


def test_a_digest_that_was_refused_goes_whole_to_the_next(rows: Rows, chat: Receiver) -> None:
    """When a digest's channel is dead, the next gets the same digest, and hears that the first one fails."""
    for n in range(9):
        rows.put(notification(incident(f"u{n}@example.org", "medium"), id=f"n-{n}"), "mail", "chat")

    outbox(rows, chat, closed_port()).deliver_due(NOON_US)

    assert sorted(titles(chat)) == ["▲ HIGH mailwarden: channel mail fails", "▲ mx1: 9 notices in one: MEDIUM 9"]
    assert rows.waiting() == []


def test_turns_of_one_incident_that_are_due_together_are_one_message(rows: Rows, chat: Receiver) -> None:
    """Opened and worse within the wait are told once, as opened, in its newest state."""
    rows.put(notification(incident(severity="medium"), at_us=NOON_US), "chat")
    rows.put(notification(incident(severity="high"), "worse", NOON_US + SECOND, "n-2"), "chat")

    assert outbox(rows, chat).deliver_due(NOON_US + MINUTE) == 2
    assert [title[:8] for title in titles(chat)] == ["▲ HIGH m"]
    assert chat.posts[0].headers["X-Mailwarden-Id"] == "n-1"


def test_turns_of_one_instant_keep_their_order(rows: Rows, chat: Receiver) -> None:
    """Whatever their ids, the first of two turns gives the joined message its kind."""
    rows.put(notification(incident(told=2), "worse", id="n-1"), "chat")
    rows.put(notification(incident(told=1), "opened", id="n-2"), "chat")

    outbox(rows, chat).deliver_due(NOON_US)

    assert [title[:10] for title in titles(chat)] == ["● CRITICAL"]


def test_what_was_over_before_it_could_be_told_is_told_once(rows: Rows, chat: Receiver) -> None:
    """A night's trouble that waited for the morning is one message; a critical one and its end are two."""
    for severity, account in (("high", "ann@example.org"), ("critical", "bob@example.org")):
        rows.put(notification(incident(account, severity), at_us=NOON_US, id=f"o-{account}"), "chat")
        rows.put(notification(incident(account, severity), "ended", NOON_US + SECOND, f"e-{account}"), "chat")

    assert outbox(rows, chat).deliver_due(NOON_US + MINUTE) == 4
    assert sorted(title[:14] for title in titles(chat)) == ["● CRITICAL mx1", "✓ ENDED mx1: a", "✓ ENDED mx1: b"]


def test_a_notice_that_was_overtaken_is_dropped(rows: Rows, chat: Receiver) -> None:
    """When it got critical before the first notice left, the stale first notice is not told any more."""
    rows.put(notification(incident(severity="medium")), "chat", due_us=NOON_US + 30 * SECOND)
    rows.put(notification(incident(), "worse", NOON_US + SECOND, "n-2"), "chat", due_us=NOON_US + SECOND)
    box = outbox(rows, chat)
    box.deliver_due(NOON_US + SECOND)
    box.deliver_due(NOON_US + 30 * SECOND)

    assert [title[:7] for title in titles(chat)] == ["● WORSE"]
    assert rows.waiting() == []


def test_a_digest_that_cannot_be_worded_is_told_plainly(rows: Rows, chat: Receiver) -> None:
    """A digest whose sentences cannot be written names the incidents."""
    odd = {"severity": "high", "values": {"account": "x", "first_us": 1 << 60}, "title": "{first}"}
    for place in range(8):
        rows.put(notification(incident(f"u{place}@example.org", **odd), id=f"n-{place}"), "chat")

    assert outbox(rows, chat).deliver_due(NOON_US) == 8
    assert len(chat.posts) == 1
    assert "u0@example.org" in chat.posts[0].json["message"]
