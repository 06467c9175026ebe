"""A cause that many share explains what comes of it: a full disk, a migration, new passwords for everybody, a surge."""

import pytest
from findings import DAY_US, HOUR_US, MINUTE_US, START_US, detection, finding, take, told
from memory import Memory

from mailwarden.alerts.detection.finding import Finding
from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.incidents.incidents import Incidents


def test_what_is_wrong_with_a_site_in_two_ways_is_two_incidents() -> None:
    """Passwords without TLS are not counted with new passwords; each comes back as the return of its own."""
    site = "mailwarden.site"
    plain = detection("plaintext", "config", site)._replace(advice="plaintext_auth")
    changed = detection("changed", "config", site)._replace(advice="passwords_changed")
    refused = detection("refused", "config", site)._replace(advice="plaintext_auth")
    store = Memory()
    incidents = Incidents("default", store)

    first, other, again = take(
        incidents,
        finding(plain, "default", account=["ann", "bob"]),
        finding(changed, "default", account=[f"user{number}" for number in range(9)]),
        finding(refused, "default", account=["carol"]),
    )
    incidents.tick(START_US + 9 * DAY_US)
    late, _ = take(incidents, *(finding(one, "default", START_US + 9 * DAY_US) for one in (plain, changed)))

    assert first is again
    assert (first.values["accounts"], other.values["accounts"]) == (3, 9)
    assert len({first.id, other.id, late.id}) == 3
    assert late.previous == first.id


@pytest.mark.parametrize(("cause", "parted"), [("service_failure", True), ("milter_failure", False)])
def test_a_shared_cause_explains_what_comes_of_it(cause: str, parted: bool) -> None:
    """The queue of a server whose disk is full grows for that; what has nothing to do with it explains nothing."""
    incidents = Incidents("default", Memory())

    head, queue = take(
        incidents,
        finding(detection(cause, "service", "event.module"), "postfix", severity="critical"),
        finding(detection("queue_growth", "service", "mailwarden.site"), "default", START_US + MINUTE_US),
    )

    assert queue.parent == (head.id if parted else None)


def test_people_who_cannot_log_in_sent_no_mail_that_it_cost() -> None:
    """A password service that is away is nobody's mail, though it names accounts."""
    incidents = Incidents("default", Memory())
    away = finding(detection("auth_backend_down", "service", "mailwarden.site"), "default", account=["ann", "bob"])
    away.event.event_action = "auth-error"

    (incident,) = take(incidents, away)

    assert incident.entities["mailwarden.account"] == ["ann", "bob"]
    assert not incident.senders


@pytest.mark.parametrize(
    ("rule", "address", "parted"),
    [
        ("strange_login", "203.0.113.9", True),
        ("strange_login", "198.51.100.9", False),  # somebody else, on the same evening
        ("strange_sending", "203.0.113.9", False),  # no copy of a mailbox sends
    ],
)
def test_ones_own_migration_explains_what_its_logins_look_like(rule: str, address: str, parted: bool) -> None:
    """Forty mailboxes are copied from one address at night: one story, not forty."""
    incidents, account = Incidents("default", Memory()), "bob@example.org"
    copying = detection("many_accounts_entered", "takeover", "mailwarden.network")

    login, head = take(
        incidents,
        finding(detection(rule, "takeover", "mailwarden.account"), account, severity="low", address=[address]),
        finding(copying, at_us=START_US + HOUR_US, severity="low", account=[account], address=["203.0.113.9"]),
    )

    assert login.parent == (head.id if parted else None)


@pytest.mark.parametrize(("rule", "parted"), [("stale_password", True), ("plaintext_login", False)])
def test_new_passwords_for_everybody_explain_old_ones(rule: str, parted: bool) -> None:
    """Devices that go on with the old password are part of the rollout; other weaknesses of an account are not."""
    incidents = Incidents("default", Memory())

    head, device = take(
        incidents,
        finding(detection("passwords_changed", "config", "mailwarden.site"), "default", severity="info"),
        finding(detection(rule, "config", "mailwarden.account"), "bob@example.org", START_US + HOUR_US, "info"),
    )

    assert device.parent == (head.id if parted else None)


def test_a_surge_in_the_weather_is_a_story_of_its_own() -> None:
    """The weather's incident never ends; what is loud after half a day without is told by itself, with its own names."""
    incidents = Incidents("default", Memory())
    site = detection(primary="mailwarden.site")

    def guessing(hours: int, severity: str, address: str) -> Incident:
        at_us = START_US + hours * HOUR_US
        return take(incidents, finding(site, "default", at_us, severity, address=[address]))[0]

    weather = [guessing(hour, "low", f"198.51.100.{hour}") for hour in range(20)]
    surge = [guessing(hour, "high", f"203.0.113.{hour}") for hour in (20, 24, 30)]
    later = [guessing(hour, "low", "198.51.100.9") for hour in range(31, 43)]
    second = guessing(43, "high", "203.0.113.43")

    assert len({one.id for one in weather}) == 1
    assert weather[0].status == "closed"
    assert {one.id for one in (*surge, *later)} == {surge[0].id}
    assert surge[0].previous == weather[0].id
    assert second.previous == surge[0].id
    assert "198.51.100.3" not in surge[0].entities["source.ip"]
    assert [kind for kind, _ in told(incidents)] == ["opened", "worse", "returned"]


def test_a_surge_is_a_story_of_its_own_whichever_of_its_findings_is_loud_first() -> None:
    """What goes on in the weather's window may exceed the usual before anything new fires: that makes no old story loud."""
    incidents = Incidents("default", Memory())
    spray, surge = (detection(name, primary="mailwarden.site") for name in ("spray", "surge"))
    old, during = ["198.51.100.1"], ["203.0.113.1"]

    take(incidents, finding(spray, "default", severity="low", address=old))
    for hour in range(1, 20):
        take(incidents, finding(spray, "default", START_US + hour * HOUR_US, "low", fired=False, address=old))
    late_us = START_US + 20 * HOUR_US
    (weather,) = take(incidents, finding(spray, "default", late_us, "high", fired=False, address=during))
    assert weather.severity == "low"
    (one,) = take(incidents, finding(surge, "default", late_us + 1, "high", address=during))

    assert one.previous == weather.id
    assert one.entities["source.ip"] == during
    assert told(incidents) == [("opened", "surge")]


_CHANGED = detection("passwords_changed", "config", "mailwarden.site")


def _behind_failures(who: str, at_us: int, severity: str = "low", rule: str = "success_after_failures") -> Finding:
    return finding(detection(rule, "takeover", "mailwarden.account"), who, at_us, severity, account=[who])


def test_new_passwords_for_everybody_explain_logins_behind_failures() -> None:
    """Those before it was noticed and those after it: one incident, not one for each account."""
    incidents = Incidents("default", Memory())

    *early, change, late = take(
        incidents,
        *(_behind_failures(f"user{number}@example.org", START_US + number * MINUTE_US) for number in range(3)),
        finding(_CHANGED, "default", START_US + 5 * MINUTE_US, "info"),
        _behind_failures("user9@example.org", START_US + HOUR_US),
    )

    assert {part.parent for part in (*early, late)} == {change.id}
    assert told(incidents) == []


@pytest.mark.parametrize(
    ("severity", "rule"), [("medium", "success_after_failures"), ("low", "strange_login"), ("critical", "spam")]
)
def test_new_passwords_explain_no_thief(severity: str, rule: str) -> None:
    """What is odd besides, or worse, stands by itself, also where it was part of it before."""
    incidents = Incidents("default", Memory())
    change, part = take(
        incidents,
        finding(_CHANGED, "default", START_US, "info"),
        _behind_failures("bob@example.org", START_US + MINUTE_US),
    )
    assert part.parent == change.id

    take(incidents, _behind_failures("bob@example.org", START_US + 2 * MINUTE_US, severity, rule))

    assert part.parent is None
    assert change.severity in ("info", "low")


def test_a_login_behind_failures_hours_before_was_not_the_change() -> None:
    """What happened the day before is explained by nothing that came later."""
    incidents = Incidents("default", Memory())
    (before,) = take(incidents, _behind_failures("bob@example.org", START_US))

    take(incidents, finding(_CHANGED, "default", START_US + 3 * HOUR_US, "info"))

    assert before.parent is None


@pytest.mark.parametrize(
    ("rule", "is_part"),
    [("queue_growth", True), ("disk_full", False), ("certificate_expired", False), ("lookup_down", False)],
)
def test_a_listing_explains_what_waits_and_no_other_trouble(rule: str, is_part: bool) -> None:
    """While we are on a block list, a full disk or a certificate that has expired is told as ever."""
    listed = detection("blocklist_confirmed", "listed", "mailwarden.site")
    trouble = detection(rule, "service", "mailwarden.site")
    incidents = Incidents("default", Memory())

    head, part = take(
        incidents,
        finding(listed, "default", START_US, "critical"),
        finding(trouble, "default", START_US + 10 * HOUR_US, "high"),
    )

    assert (part.parent == head.id) is is_part
