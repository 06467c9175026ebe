"""A silence holds back what was meant, until what was said, and no longer."""

import pytest
from notices import NOON_US, incident, notification

from mailwarden.alerts.telling.silences import Matcher, Silence, parse_until, silenced_by
from mailwarden.parsers.errors import UsageError

HOUR_US = 3_600_000_000
HIGH = incident(severity="high", event_count=10, categories=["account_takeover"])


def silence(**fields: object) -> Silence:
    """Give a silence of the incident as it is."""
    given = {
        "id": "s-1",
        "who": "ann",
        "because": "a newsletter",
        "at_us": NOON_US,
        "incident": HIGH.id,
        "severity": "high",
        "event_count": 10,
        "categories": ("account_takeover",),
    }
    return Silence(**{**given, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "held"),
    [
        ({"event_count": 39}, True),
        ({"event_count": 40}, False),
        ({"severity": "critical"}, False),
        ({"categories": ["account_takeover", "outbound_spam"]}, False),
        ({"id": "ANOTHER", "previous": HIGH.id}, True),
        ({"id": "ANOTHER"}, False),
    ],
)
def test_until_worse(fields: dict[str, object], held: bool) -> None:
    """A silence ends by itself when it gets worse: higher, four times as much, or a new kind of damage."""
    given = {"severity": "high", "event_count": 10, "categories": ["account_takeover"], **fields}

    assert silence().covers(notification(incident(**given))) is held  # type: ignore[arg-type]


def test_until_a_time() -> None:
    """A silence for two hours holds back even what is worse, and nothing after."""
    for_two_hours = silence(until="time", until_us=NOON_US + 2 * HOUR_US)

    assert for_two_hours.covers(notification(incident(), at_us=NOON_US + HOUR_US))
    assert not for_two_hours.covers(notification(HIGH, at_us=NOON_US + 2 * HOUR_US))


def test_forever_and_ended() -> None:
    """What is normal here stays quiet until somebody ends the silence."""
    assert silence(until="forever").covers(notification(incident(event_count=10**9)))
    assert not silence(until="forever", ended_us=NOON_US + 1).covers(notification(at_us=NOON_US + 1))


@pytest.mark.parametrize(
    ("matcher", "held"),
    [
        (Matcher(entity="walter*"), True),
        (Matcher(entity="bob*"), False),
        (Matcher(cause="takeover", host="mx1.*"), True),
        (Matcher(cause="takeover", host="mx2.*"), False),
        (Matcher(category="account_takeover"), True),
        (Matcher(rule="send_from_new_network"), False),
        (Matcher(), False),
    ],
)
def test_matchers(matcher: Matcher, held: bool) -> None:
    """All conditions must hold, and a matcher without conditions silences nothing."""
    found = silenced_by(notification(), [silence(incident=None, matcher=matcher, until="forever")])

    assert (found is not None) is held


def test_a_matcher_until_worse_lets_a_higher_severity_through() -> None:
    """A matcher has no incident to compare with: only a higher severity is worse."""
    quiet = silence(incident=None, matcher=Matcher(entity="walter*"))

    assert quiet.covers(notification(incident(severity="high", event_count=10**6)))
    assert not quiet.covers(notification(incident(severity="critical")))


def test_what_comes_back_again_and_again_stays_silenced() -> None:
    """The third incident of one cause and entity is the same trouble as the first; that of another cause is not."""
    known = silence(until="forever", cause="takeover", about=("mailwarden.account", "walter.rossi1969@nova0.example"))

    assert known.covers(notification(incident(id="THIRD", previous="SECOND")))
    assert not known.covers(notification(incident(id="THIRD", previous="SECOND", cause="sending")))


def test_a_silence_is_read_from_what_somebody_asked_for() -> None:
    """An operator's act becomes a silence; what comes back under another id is covered where it is normal here."""
    payload = {
        "incident": "ABC",
        "who": "ann",
        "because": "a newsletter",
        "until": "forever",
        "until_us": None,
        "normal": True,
        "severity": "high",
        "event_count": 10,
        "categories": ["account_takeover"],
        "matcher": {"cause": "takeover", "entity": "walter.rossi1969@nova0.example"},
    }

    asked = Silence.of_act("7", payload, NOON_US)

    assert (asked.id, asked.who, asked.at_us) == ("7", "ann", NOON_US)
    assert asked.covers(notification())
    assert not asked.covers(notification(incident("bob@example.org")))


def test_a_silence_of_what_is_normal_ends_and_lets_worse_through() -> None:
    """What other rules find about it is told, and after its end everything."""
    quiet = silence(until="worse", until_us=NOON_US + HOUR_US)
    same = {"event_count": 10, "categories": ["account_takeover"]}

    assert quiet.covers(notification(incident(severity="high", **same), at_us=NOON_US))
    assert not quiet.covers(notification(incident(severity="critical", **same), at_us=NOON_US))
    assert not quiet.covers(notification(incident(severity="high", **same), at_us=NOON_US + HOUR_US))


def test_until_is_read_as_typed() -> None:
    """`worse`, `forever` and durations are understood; anything else says what may be written."""
    assert parse_until("worse", NOON_US) == ("worse", None)
    assert parse_until("forever", NOON_US) == ("forever", None)
    assert parse_until("2h", NOON_US) == ("time", NOON_US + 2 * HOUR_US)
    for wrong in ("2", "h", "0h", "-1h", "1y", "", "10 minuts\x1b"):
        with pytest.raises(UsageError, match="--until: "):
            parse_until(wrong, NOON_US)
