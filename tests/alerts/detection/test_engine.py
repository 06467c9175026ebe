"""Detectors are asked of the events that concern them, and what they find names all that led to it."""

from pathlib import Path

from mailwarden.alerts.detection.engine import Engine
from mailwarden.alerts.detection.finding import Finding
from mailwarden.alerts.detectors.authentication_refused import DETECTOR
from mailwarden.alerts.detectors.unknown_recipients import DETECTOR as UNKNOWN
from mailwarden.alerts.rulebook.compiler import compile_file
from mailwarden.alerts.state.shelf import Nowhere
from mailwarden.parsers.event import Event

HOUR_US = 3_600_000_000
START_US = 20_000 * 24 * HOUR_US


def refused(engine: Engine, account: str, hour: int) -> list[Finding]:
    """Have a receiver refuse an account's mail for its authentication."""
    event = Event()
    event.event_action, event.stream_us, event.log_offset = "delivery", START_US + hour * HOUR_US, hour
    event.mail_bounce_class, event.mailwarden_account = "policy_auth", account
    event.facts = {"mailwarden.first_try": True, "mailwarden.sender_domain": "example.org"}
    return list(engine.detect(event))


def test_a_finding_names_those_before_it() -> None:
    """The third refusal is told with the accounts and lines of the first two, since when the first came; later ones alone."""
    engine = Engine([], [DETECTOR], Nowhere(), lambda _: "mail.log")

    assert [refused(engine, "ann", 1), refused(engine, "ben", 3)] == [[], []]
    (told,), (next_one,) = refused(engine, "cid", 4), refused(engine, "dan", 5)

    assert told.fired
    assert told.entities == {"mailwarden.account": ["ann", "ben", "cid"]}
    assert [line.offset for line in told.evidence] == [1, 3, 4]
    assert told.first_us == START_US + HOUR_US
    assert (next_one.entities, [line.offset for line in next_one.evidence]) == ({"mailwarden.account": ["dan"]}, [5])


def test_what_a_silent_span_parts_did_not_lead_to_it() -> None:
    """Refusals of the day before yesterday are none of today's finding."""
    engine = Engine([], [DETECTOR], Nowhere(), lambda _: "mail.log")
    refused(engine, "ann", 1)

    for hour in (50, 51):
        refused(engine, "ben", hour)
    (told,) = refused(engine, "cid", 52)

    assert told.entities == {"mailwarden.account": ["ben", "cid"]}
    assert told.first_us == START_US + 50 * HOUR_US


def unknown(engine: Engine, account: str, minute: int, all_: int, gone: int) -> list[Finding]:
    """Have a receiver say that a recipient of an account's mail does not exist, who was one of so many."""
    event = Event()
    event.event_action, event.stream_us, event.log_offset = "delivery", START_US + minute * 60_000_000, minute
    event.mail_delivery_status, event.mailwarden_account = "bounced", account
    event.facts = {
        "mailwarden.receiver": "google",
        "mailwarden.receiver.day_recipients": all_,
        "mailwarden.receiver.day_unknown": gone,
    }
    return list(engine.detect(event))


def test_a_finding_shows_the_last_lines_of_what_it_counted() -> None:
    """Of a window that is never silent the lines of last week are no proof; it began with what it still holds."""
    engine = Engine([], [UNKNOWN], Nowhere(), lambda _: "mail.log")
    for day in range(6):
        assert unknown(engine, f"user{day}", day * 1380, 40, 1) == []
    for number in range(1, 5):
        assert unknown(engine, "thief", 7440 + number, 40 + 2 * number, number) == []

    (told,) = unknown(engine, "thief", 7445, 50, 5)

    assert [line.offset for line in told.evidence] == [7443, 7444, 7445]
    assert told.first_us >= told.at_us - 24 * HOUR_US
    assert told.entities["mailwarden.account"][-1] == "thief"


def test_a_finding_tells_whose_mail_led_to_it() -> None:
    """Each sender is counted as often as it was refused, whoever came first and last."""
    engine = Engine([], [UNKNOWN], Nowhere(), lambda _: "mail.log")
    for number in range(1, 4):
        unknown(engine, "thief", number, 20, number)
    unknown(engine, "ann", 4, 20, 4)

    (told,) = unknown(engine, "ben", 5, 50, 5)

    assert dict(told.senders) == {"thief": 3, "ann": 1, "ben": 1}


def test_whose_mail_it_is_is_named_however_many_came_before() -> None:
    """Forty people mistype an address; the one who comes again and again is among the names."""
    engine = Engine([], [UNKNOWN], Nowhere(), lambda _: "mail.log")
    for number in range(60):
        unknown(engine, f"user{number}", number, 5000, number)
    for number in range(60, 80):
        unknown(engine, "thief", number, 5000, number)

    (told,) = unknown(engine, "ann", 80, 500, 80)

    assert {"thief", "ann"} <= set(told.entities["mailwarden.account"])
    assert max(told.senders, key=lambda one: told.senders[one]) == "thief"


def guessed(engine: Engine, minute: int) -> list[Finding]:
    """Have a stranger guess; give what fires, or goes on."""
    event = Event()
    event.event_action, event.stream_us, event.log_offset = "auth-failure", START_US + minute * 60_000_000, minute
    event.source_ip, event.mailwarden_site = f"203.0.113.{minute % 250}", "default"
    return list(engine.detect(event))


def test_what_a_site_sees_every_day_does_not_begin_weeks_ago(tmp_path: Path) -> None:
    """A window of the whole site is armed from the first day on; what it tells is of its span, with its count and lines."""
    (tmp_path / "own.yaml").write_text(
        "title: t\nname: base\nlogsource: {product: mail}\ndetection:\n  x: {event.action: auth-failure}\n  condition: x\n"
        "---\ntitle: s\nname: own\ncorrelation:\n  type: event_count\n  rules: [base]\n  timespan: 1h\n"
        "  condition: {gte: 20}\nlevel: low\nmailwarden: {id: X-01, cause: guessing, category: auth_attack,\n"
        "  primary: mailwarden.site, title: t, why: w, advice: look}\n"
    )
    rule = compile_file(tmp_path / "own.yaml")
    assert rule is not None
    engine = Engine([rule], [], Nowhere(), lambda _: "mail.log")
    for minute in range(0, 14 * 1440, 30):
        assert guessed(engine, minute) == []

    told, *further = [one for number in range(3000) for one in guessed(engine, 14 * 1440 + number)]

    assert told.fired
    assert all(one.at_us - one.first_us <= HOUR_US for one in (told, *further))
    assert told.tries >= 20
    assert min(line.offset for line in told.evidence) >= 14 * 1440 - 60
