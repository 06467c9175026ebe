"""What one sender does to the server and its standing is one incident, told once, from lines to parts."""

import pytest

from mailwarden.alerts.detectors import load_detectors
from mailwarden.alerts.facts.site import Site
from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.rulebook.rulebook import load_rules
from mailwarden.alerts.state.shelf import Nowhere
from mailwarden.parsers.envelope import Reader
from mailwarden.pipeline.fold import Fold

SENT = "relay=mx.example.net[203.0.113.40]:25, delay=1, delays=0/0/1/0, dsn=2.0.0, status=sent (250 2.0.0 Ok)"
LOOPS = "relay=none, delay=1, delays=1/0/0/0, dsn=5.4.6, status=bounced (mail for mx1.example.org loops back to myself)"
WAITS = (
    "relay=none, delay=30, delays=0/0/30/0, dsn=4.4.1, status=deferred "
    "(connect to mx.example.com[203.0.113.41]:25: Connection timed out)"
)


def incidents(lines: list[str]) -> list[Incident]:
    """Judge lines that come a second apart; give their incidents."""
    reader = Reader(year=2026)
    events = [
        reader.read(f"2026-03-03T04:{number // 60:02}:{number % 60:02}+00:00 mx1 {line}")
        for number, line in enumerate(lines)
    ]
    for event in events:
        event.stream_us = event.timestamp_us
    fold = Fold(
        Site(domains=frozenset({"example.org"})), load_rules(), load_detectors(), Nowhere(), lambda _: "mail.log"
    )
    fold.take(events)
    return list(fold.incidents.open())


@pytest.mark.parametrize(
    ("rule", "answer", "count"),
    [("mail_loop", LOOPS, 20), ("queue_growth", WAITS, 70), ("receiver_unreachable", WAITS, 70)],
)
def test_what_comes_of_a_scripts_mail_is_part_of_its_story(rule: str, answer: str, count: int) -> None:
    """Mail that goes in a circle or waits is a script's doing where the script wrote it: it stands in its incident."""
    lines = []
    for number in range(60 + count):
        id_ = f"4F{number:08X}"
        to, end = (f"a{number}@example.net", SENT) if number < 60 else (f"b{number}@example.com", answer)
        lines += [
            f"postfix/pickup[5]: {id_}: uid=33 from=<www-data@example.org>",
            f"postfix/qmgr[900]: {id_}: from=<www-data@example.org>, size=900, nrcpt=1 (queue active)",
            f"postfix/smtp[7]: {id_}: to=<{to}>, {end}",
        ]

    found = incidents(lines)

    (head,) = [one for one in found if "script_burst" in one.rules]
    assert [one.parent for one in found if rule in one.rules] == [head.id]


def test_each_refusal_counts_once_however_often_it_is_told_again() -> None:
    """A rule that fires at each doubling does not count again what it stood for before."""
    refused = "relay=mx.example.net[203.0.113.40]:25, delay=1, delays=0/0/1/0, dsn=5.7.1, status=bounced "
    refused += "(host mx.example.net[203.0.113.40] said: 554 5.7.1 Your IP 192.0.2.25 is on our blocklist "
    refused += "(in reply to RCPT TO command))"
    lines = []
    for number in range(10):
        id_ = f"4F{number:08X}"
        lines += [
            f"postfix/smtpd[5]: {id_}: client=unknown[192.0.2.10], sasl_method=PLAIN, sasl_username=bob@example.org",
            f"postfix/qmgr[900]: {id_}: from=<bob@example.org>, size=900, nrcpt=1 (queue active)",
            f"postfix/smtp[7]: {id_}: to=<a{number}@example.net>, {refused}",
        ]

    assert [one.event_count for one in incidents(lines) if "other_block" in one.rules] == [10]
