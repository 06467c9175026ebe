"""An incident gathers what belongs together, has a life, and is told once."""

import msgspec
import pytest
from findings import DAY_US, HOUR_US, MINUTE_US, START_US, detection, finding, take, told
from memory import Memory

from mailwarden.alerts.detection.finding import Finding
from mailwarden.alerts.incidents.incident import Notification, incident_id
from mailwarden.alerts.incidents.incidents import Incidents
from mailwarden.alerts.state.shelf import Shelves


def test_an_identity_holds_no_time() -> None:
    """The same trouble has the same id whenever it is seen; another site, cause or entity has another."""
    one = take(Incidents("default", Memory()), finding(detection()))[0]
    late = take(Incidents("default", Memory()), finding(detection("other_rule"), at_us=START_US + 9 * DAY_US))[0]
    others = [
        take(Incidents("second", Memory()), finding(detection()))[0],
        take(Incidents("default", Memory()), finding(detection(), primary="198.51.100.0/24"))[0],
        take(Incidents("default", Memory()), finding(detection(cause="protocol")))[0],
    ]

    assert one.id == late.id == incident_id("default", "guessing", "mailwarden.network", "203.0.113.0/24", None)
    assert len({one.id, *(other.id for other in others)}) == 4


def test_findings_of_one_entity_and_cause_are_one_incident() -> None:
    """The worst rule leads; counts are by rule, and the incident's is the greatest of them."""
    incidents = Incidents("default", Memory())

    one, two, three = take(
        incidents,
        finding(detection("fast"), severity="low", tries=5),
        finding(detection("spray"), at_us=START_US + MINUTE_US, severity="high", tries=10),
        finding(detection("fast"), at_us=START_US + 2 * MINUTE_US, severity="low", tries=20),
    )

    assert one is two is three
    assert (one.lead, one.severity, one.rules) == ("spray", "high", ["fast", "spray"])
    assert (one.counts, one.event_count) == ({"fast": 25, "spray": 10}, 25)
    assert (one.first_seen_us, one.last_seen_us) == (START_US - MINUTE_US, START_US + 2 * MINUTE_US)


def test_what_goes_on_opens_nothing() -> None:
    """A further event of a window whose incident is over is no new incident."""
    assert take(Incidents("default", Memory()), finding(detection(), fired=False)) == []


def test_a_life() -> None:
    """Open, quiet after twice the span, open again when it comes back, closed after a day of quiet."""
    incidents = Incidents("default", Memory())
    (one,) = take(incidents, finding(detection()))

    states = []
    for at_us, again in (
        (20 * MINUTE_US - 1, False),
        (20 * MINUTE_US, False),
        (2 * HOUR_US, True),
        (2 * HOUR_US + 20 * MINUTE_US, False),
        (26 * HOUR_US + 20 * MINUTE_US - 1, False),
        (26 * HOUR_US + 20 * MINUTE_US, False),
    ):
        incidents.tick(START_US + at_us)
        if again:
            take(incidents, finding(detection(), at_us=START_US + at_us))
        states.append(one.status)

    assert states == ["open", "quiet", "open", "quiet", "quiet", "closed"]


def test_what_returns_after_it_was_closed_is_a_new_incident() -> None:
    """It names the old one as previous, has another id, and is told as returned; so it is after a restart."""
    store = Memory()
    incidents = Incidents("default", store)
    (old,) = take(incidents, finding(detection()))
    incidents.tick(START_US + 20 * MINUTE_US)
    incidents.tick(START_US + 2 * DAY_US)
    kinds = [kind for kind, _ in told(incidents)]
    store.commit(Shelves(incidents.shelves).drain())

    again = Incidents("default", store)
    (new,) = take(again, finding(detection(), at_us=START_US + 3 * DAY_US))

    assert kinds == ["opened", "ended"]
    assert (new.previous, new.id != old.id) == (old.id, True)
    assert told(again) == [("returned", "guess")]


def test_what_comes_back_within_a_day_is_told_so() -> None:
    """People who were told that it ended are told that it did not."""
    incidents = Incidents("default", Memory())
    take(incidents, finding(detection(), severity="high"))
    incidents.tick(START_US + 20 * MINUTE_US)

    take(incidents, finding(detection(), at_us=START_US + 2 * HOUR_US, severity="high"))

    assert [kind for kind, _ in told(incidents)] == ["opened", "ended", "returned"]


@pytest.mark.parametrize(
    ("severity", "kinds"), [("info", []), ("low", []), ("medium", ["opened"]), ("high", ["opened"])]
)
def test_medium_and_worse_is_told_once(severity: str, kinds: list[str]) -> None:
    """What goes on is not told again; what is low belongs into the digest."""
    incidents = Incidents("default", Memory())

    for minute in range(3):
        take(incidents, finding(detection(), at_us=START_US + minute * MINUTE_US, severity=severity))

    assert [kind for kind, _ in told(incidents)] == kinds


def test_four_times_as_much_is_worse() -> None:
    """So is a higher severity, and another kind of trouble; three times as much is not."""
    incidents = Incidents("default", Memory())

    kinds = []
    for tries, severity in ((10, "medium"), (20, "medium"), (10, "medium"), (1, "high"), (1, "high")):
        take(incidents, finding(detection(), severity=severity, tries=tries))
        kinds.append([kind for kind, _ in told(incidents)])

    assert kinds == [["opened"], [], ["worse"], ["worse"], []]


def test_what_is_found_after_it_was_told_is_news() -> None:
    """The next notice names what other rules, and parts of its story, found since; the one after it does not."""
    incidents = Incidents("default", Memory())
    login = detection("login", "takeover", "mailwarden.account")
    take(incidents, finding(login, "bob@example.org", severity="high"))
    burst = detection("burst", "takeover", "mailwarden.account")
    take(incidents, finding(burst, "bob@example.org", START_US + MINUTE_US, "critical"))
    limit = detection("limit", "sending", "mailwarden.account")
    take(incidents, finding(limit, "bob@example.org", START_US + 2 * MINUTE_US, "high", account=["bob@example.org"]))

    notices = incidents.drain()[1]

    found = [(one.kind, [news.rule for news in one.incident.news]) for one in notices]
    assert found == [("opened", []), ("worse", ["burst"]), ("worse", ["limit"])]


def test_an_incident_says_when_it_got_worse() -> None:
    """The report tells by it what is worse since yesterday."""
    incidents = Incidents("default", Memory())
    (one,) = take(incidents, finding(detection()))
    before_us = one.worse_us

    take(incidents, finding(detection(), at_us=START_US + HOUR_US, severity="high"))

    assert (before_us, one.worse_us) == (0, START_US + HOUR_US)


def test_fifty_entities_are_written_out_and_the_rest_is_counted() -> None:
    """A botnet of ten thousand addresses is counted to within some per cent, each address once."""
    incidents = Incidents("default", Memory())

    for _ in range(2):
        for number in range(10_000):
            take(incidents, finding(detection(), at_us=START_US + number, address=[f"2001:db8::{number:x}"]))
    (one,) = incidents.drain()[0]

    assert len(one.entities["source.ip"]) == 50
    assert one.entity_counts["source.ip"] == pytest.approx(10_000, rel=0.05)
    assert len(one.evidence) == 10


def test_what_is_told_has_the_same_id_after_a_restart() -> None:
    """Decided again from what was committed, a notification is the one that was decided before."""
    findings = [finding(detection(), tries=tries, at_us=START_US + tries * MINUTE_US) for tries in (1, 4, 20)]

    whole = Incidents("default", Memory())
    take(whole, *findings)
    expected = [one.id for one in whole.drain()[1]]
    first = Incidents("default", Memory())
    take(first, findings[0])
    changed, notices = first.drain()
    second = Incidents("default", Memory(changed), changed)
    take(second, *findings[1:])
    notices = [*notices, *second.drain()[1]]

    assert [one.id for one in notices] == expected
    assert len(set(expected)) == len(expected) == 3


def test_what_was_told_does_not_change_afterwards() -> None:
    """A notification holds its incident as it was when it was decided."""
    incidents = Incidents("default", Memory())
    take(incidents, finding(detection(), tries=5))
    notice: Notification = incidents.drain()[1][0]

    take(incidents, finding(detection(), at_us=START_US + MINUTE_US, tries=5))

    assert notice.incident.event_count == 5


def test_an_incident_is_acknowledged_while_it_lives() -> None:
    """Somebody is on it; of an unknown one nobody can be."""
    incidents = Incidents("default", Memory())
    (one,) = take(incidents, finding(detection()))

    assert incidents.acknowledge(one.id, "ann")
    assert not incidents.acknowledge("NOSUCH", "ann")
    assert one.acknowledged_by == "ann"


def test_who_guesses_now_is_written_out() -> None:
    """Of guessing that people hear of, the newest fifty names stand there; those before are counted."""
    incidents = Incidents("default", Memory())
    site = detection("surge", primary="mailwarden.site")

    for number in range(100):
        severity = "low" if number < 60 else "high"
        take(incidents, finding(site, "default", START_US + number, severity, address=[f"2001:db8::{number:x}"]))
    (surge,) = incidents.drain()[0]

    assert surge.entities["source.ip"] == [f"2001:db8::{number:x}" for number in (*range(40, 50), *range(60, 100))]
    assert surge.entity_counts["source.ip"] == pytest.approx(100, abs=3)


def test_the_fastest_pace_is_told() -> None:
    """Who tries a hundred times a minute is not said to try a few an hour because that rule saw it first."""
    incidents = Incidents("default", Memory())

    (one, *_) = take(
        incidents,
        finding(detection("steady_guessing"), severity="low"),
        finding(detection("fast_guessing"), at_us=START_US + MINUTE_US, severity="low"),
        finding(detection("slow_guessing"), at_us=START_US + 2 * MINUTE_US, severity="low"),
        finding(detection("other_rule"), at_us=START_US + 3 * MINUTE_US, severity="low"),
    )

    assert one.lead == "fast_guessing"


def test_what_a_sentence_names_is_of_one_moment() -> None:
    """Share and counts are those of the worst moment seen, never the share of one and the counts of another."""
    incidents = Incidents("default", Memory())

    def seen(share: int, recipients: int, *, fired: bool) -> Finding:
        one = finding(detection(), at_us=START_US + recipients * 1_000_000, fired=fired)
        return msgspec.structs.replace(one, measure=share, values={"recipients": recipients})

    one = take(incidents, seen(8, 65, fired=True))[0]
    moments = []
    for share, recipients in ((10, 67), (9, 80)):
        take(incidents, seen(share, recipients, fired=False))
        moments.append((one.values["measure"], one.values["recipients"]))

    assert moments == [(10, 67), (10, 67)]
