"""The route says who is told, when, and how often."""

from zoneinfo import ZoneInfo

import pytest
from notices import NOON_US, incident, notification

from mailwarden.alerts.telling.flood import Flood
from mailwarden.alerts.telling.hours import parse_hours
from mailwarden.alerts.telling.routes import Escalation, Plan, Route, Router
from mailwarden.parsers.errors import ConfigurationError

SECOND = 1_000_000
HOUR_US = 3600 * SECOND
TREE = Route(
    receivers=("chat",),
    routes=(
        Route(
            at_least="critical",
            receivers=("pager", "chat"),
            routes=(Route(host=("test*",), receivers=("chat",), group_wait_s=5),),
        ),
        Route(category=("service_fault",), receivers=("mail",), repeat_interval_s=60),
        Route(severity=("medium",), host=("mx9.*",), group_interval_s=1, receivers=("mail", "chat")),
    ),
)
ROUTER = Router(TREE, ["chat", "pager", "mail"])


@pytest.mark.parametrize(
    ("fields", "receivers"),
    [
        ({}, ("pager", "chat")),
        ({"hosts": ["test1.example.org"]}, ("chat",)),
        ({"severity": "high"}, ("chat",)),
        ({"severity": "high", "category": "service_fault"}, ("mail",)),
        ({"severity": "high", "categories": ["service_fault"]}, ("mail",)),
        ({"severity": "medium", "hosts": ["mx9.example.org"]}, ("mail", "chat")),
        ({"severity": "medium", "hosts": []}, ("chat",)),
    ],
)
def test_the_first_match_down_to_the_leaf_is_taken(fields: dict[str, object], receivers: tuple[str, ...]) -> None:
    """A child that matches wins over its parent; what it leaves open comes from the parent."""
    (plan,) = ROUTER.plans(incident(**fields), NOON_US)  # type: ignore[arg-type]

    assert plan.receivers == receivers


@pytest.mark.parametrize("severity", ["low", "info"])
def test_minor_ones_are_for_the_report(severity: str) -> None:
    """Nothing below medium is told by itself, whatever a route says."""
    root = Route(severity=(severity,), receivers=("chat",))  # type: ignore[arg-type]

    assert Router(root, ["chat"]).plans(incident(severity=severity), NOON_US) == []


def test_a_summary_is_told_whatever_is_in_it() -> None:
    """What was found in old logs is summed up in one message, minor or not."""
    assert Router(Route(), ["chat"]).plans(incident(severity="low"), NOON_US, "summary") != []


def test_without_receivers_every_channel_is_one() -> None:
    """The tree may be left out: then the channels are tried in their order, and without any nobody is told."""
    plans = Router(Route(), ["a", "b"]).plans(incident(), NOON_US)

    assert plans == [Plan(("a", "b"), 30.0, 300.0, 86400.0)]
    assert Router(Route(), []).plans(incident(), NOON_US) == []


def test_a_customer_gets_what_a_route_names_him_for() -> None:
    """A tree without receivers means everybody who keeps the server, never a customer."""
    named = Route(domain=("shop.example",), receivers=("shop",))
    router = Router(Route(routes=(named,)), ["shop", "ops"], customers=["shop"])
    theirs = incident(entities={"user.domain": ["shop.example"]})

    assert [plan.receivers for plan in router.plans(incident(), NOON_US)] == [("ops",)]
    assert [plan.receivers for plan in router.plans(theirs, NOON_US)] == [("shop",)]
    assert Router(Route(), ["shop"], customers=["shop"]).plans(incident(), NOON_US) == []


def test_critical_leaves_at_once_others_wait() -> None:
    """A critical notice waits for nothing; others 30 s, and five minutes after the last about the same incident."""
    plan = Plan(("a",), 30.0, 300.0, 14400.0)
    high = notification(incident(severity="high"))

    assert plan.due_us(notification()) == NOON_US
    assert plan.due_us(high) == NOON_US + 30 * SECOND
    assert plan.due_us(high, told_us=NOON_US - 10 * SECOND) == NOON_US + 290 * SECOND
    assert plan.due_us(notification(), told_us=NOON_US) == NOON_US


@pytest.mark.parametrize(("told", "due_s"), [("critical", 300), ("high", 0)])
def test_what_is_critical_already_keeps_its_distance(told: str, due_s: int) -> None:
    """Whoever was woken hears five minutes later how much worse it got; a step to critical waits for nothing."""
    worse = notification(incident(told_severity=told), "worse")

    assert Plan(("a",), 30.0, 300.0, 14400.0).due_us(worse, told_us=NOON_US) == NOON_US + due_s * SECOND


@pytest.mark.parametrize(
    ("root", "severity", "repeat_s"),
    [
        (Route(), "critical", 86400.0),
        (Route(repeat_interval_s=14400.0), "critical", 14400.0),
        (Route(), "high", 0.0),
        (Route(repeat_interval_s=3600.0), "high", 3600.0),
        (Route(repeat_interval_s=0.0), "critical", 0.0),
        (Route(repeat_interval_s=3600.0, routes=(Route(repeat_interval_s=600.0),)), "critical", 600.0),
    ],
)
def test_the_route_decides_how_often_it_is_repeated(root: Route, severity: str, repeat_s: float) -> None:
    """Critical ones once a day and others never, unless a route says otherwise."""
    (plan,) = Router(root, ["a"]).plans(incident(severity=severity), NOON_US)

    assert plan.repeat_interval_s == repeat_s


def test_nothing_is_repeated_once_somebody_is_on_it() -> None:
    """The next repeat stands one interval after the last notice, at least a minute, until somebody is on it."""
    plan = Plan(("a",), repeat_interval_s=14400.0)

    assert plan.repeat_us(incident(), NOON_US) == NOON_US + 14400 * SECOND
    assert plan.repeat_us(incident(acknowledged_by="ann"), NOON_US) is None
    assert plan._replace(repeat_interval_s=0.0).repeat_us(incident(), NOON_US) is None
    assert plan._replace(repeat_interval_s=1.0).repeat_us(incident(), NOON_US) == NOON_US + 60 * SECOND


def test_continue_looks_at_the_routes_behind() -> None:
    """A route that says continue lets the ones behind it tell as well; nobody is told twice of the same."""
    root = Route(
        routes=(
            Route(receivers=("pager",), goes_on=True),
            Route(receivers=("chat",), goes_on=True),
            Route(receivers=("pager",)),
            Route(receivers=("mail",)),
        )
    )

    plans = Router(root, ["pager", "chat", "mail"]).plans(incident(), NOON_US)

    assert [plan.receivers for plan in plans] == [("pager",), ("chat",)]


@pytest.mark.parametrize(
    ("fields", "way"),
    [
        ({"account": "ann@shop.example"}, "shop"),
        ({"account": "ann@mail.shop.example"}, "shop"),
        ({"account": "ann@example.org"}, "all"),
        ({"account": "mx1", "entities": {"mailwarden.account": ["bob@SHOP.example"]}}, "shop"),
        ({"account": "ann@example.org", "entities": {"destination.domain": ["shop.example"]}}, "all"),
    ],
)
def test_a_route_may_be_for_a_domain(fields: dict[str, object], way: str) -> None:
    """What is about an account of a domain goes to its people; what was sent to it does not."""
    root = Route(receivers=("all",), routes=(Route(domain=("shop.example", "*.shop.example"), receivers=("shop",)),))

    (plan,) = Router(root, ["all", "shop"]).plans(incident(**fields), NOON_US)  # type: ignore[arg-type]

    assert plan.way == way


def test_a_route_may_be_for_hours_of_the_day() -> None:
    """At night another receiver is told: in the site's zone, not in that of the stamps."""
    root = Route(receivers=("chat",), routes=(Route(time=(parse_hours("22:00-07:00"),), receivers=("pager",)),))
    router = Router(root, ["chat", "pager"], ZoneInfo("Asia/Tokyo"))
    night_us = NOON_US + 14 * HOUR_US  # 23:30 in Tokyo

    assert [router.plans(incident(), at_us)[0].way for at_us in (NOON_US, night_us)] == ["chat", "pager"]


def test_quiet_hours_hold_all_but_the_critical() -> None:
    """A notice that is due at night waits for the morning; a critical one does not; a route may have none."""
    root = Route(quiet_hours=(parse_hours("22:00-07:00"),), routes=(Route(severity=("medium",), quiet_hours=()),))
    router = Router(root, ["chat"])

    def due_us(severity: str) -> int:
        notice = notification(incident(severity=severity))
        return router.plans(notice.incident, NOON_US)[0].due_us(notice)

    assert due_us("critical") == NOON_US
    assert due_us("high") == NOON_US - NOON_US % (24 * HOUR_US) + 7 * HOUR_US
    assert due_us("medium") == NOON_US + 30 * SECOND


def test_faults_are_told_all_at_once() -> None:
    """Unknown channels and impossible waits are named with their place in the tree."""
    tree = Route(
        receivers=("slak",),
        routes=(
            Route(group_wait_s=-1, receivers=("chat", "pagr")),
            Route(escalations=(Escalation(60, ("bos",)),)),
        ),
    )

    with pytest.raises(ConfigurationError) as caught:
        Router(tree, ["chat"])

    assert [fault.split(":")[0] for fault in caught.value.faults] == [
        "alerts.route.receivers",
        "alerts.route.routes[0].receivers",
        "alerts.route.routes[0].group_wait_s",
        "alerts.route.routes[1].receivers",
    ]


def test_a_flood_has_room_for_six_in_ten_minutes() -> None:
    """The seventh has no room until the first is ten minutes old; each channel has its own."""
    flood = Flood()
    for n in range(6):
        flood.note("chat", NOON_US + n * SECOND)

    assert flood.room("chat", NOON_US + 6 * SECOND) == 0
    assert flood.room("mail", NOON_US) == 6
    assert flood.room("chat", NOON_US + 600 * SECOND) == 1


def test_a_digest_comes_once_an_hour() -> None:
    """After a digest nothing goes out by itself, and no second digest, for an hour."""
    flood = Flood()
    assert flood.digest_from_us("chat") == 0

    flood.note("chat", NOON_US, digest=True)

    assert flood.digest_from_us("chat") == NOON_US + HOUR_US
    assert flood.room("chat", NOON_US + HOUR_US - SECOND) == 0
    assert flood.room("chat", NOON_US + HOUR_US) == 6
