"""The route says who is told, when, and how often."""

import pytest
from notices import NOON_US, incident, notification

from mailwarden.alerts.routes import Flood, Plan, Route, Router
from mailwarden.parsers.errors import ConfigurationError

SECOND = 1_000_000
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
    plan = ROUTER.plan(incident(**fields))  # type: ignore[arg-type]

    assert plan is not None
    assert plan.receivers == receivers


@pytest.mark.parametrize("severity", ["low", "info"])
def test_minor_ones_are_for_the_report(severity: str) -> None:
    """Nothing below medium is told by itself, whatever a route says."""
    assert Router(Route(severity=(severity,), receivers=("chat",)), ["chat"]).plan(incident(severity=severity)) is None  # type: ignore[arg-type]


def test_a_summary_is_told_whatever_is_in_it() -> None:
    """What was found in old logs is summed up in one message, minor or not."""
    assert Router(Route(), ["chat"]).plan(incident(severity="low"), "summary") is not None


def test_without_receivers_every_channel_is_one() -> None:
    """The tree may be left out: then the channels are tried in their order, and without any nobody is told."""
    plan = Router(Route(), ["a", "b"]).plan(incident())

    assert plan == Plan(("a", "b"), 30.0, 300.0, 14400.0)
    assert Router(Route(), []).plan(incident()) is None


def test_critical_leaves_at_once_others_wait() -> None:
    """A critical notice waits for nothing; others 30 s, and five minutes after the last about the same incident."""
    plan = Plan(("a",), 30.0, 300.0, 14400.0)
    high = notification(incident(severity="high"))

    assert plan.due_us(notification()) == NOON_US
    assert plan.due_us(high) == NOON_US + 30 * SECOND
    assert plan.due_us(high, told_us=NOON_US - 10 * SECOND) == NOON_US + 290 * SECOND
    assert plan.due_us(notification(), told_us=NOON_US) == NOON_US


def test_only_critical_is_repeated_until_somebody_is_on_it() -> None:
    """A critical incident is told again after four hours, until it is acknowledged or over."""
    plan = Plan(("a",), 30.0, 300.0, 14400.0)

    assert plan.repeat_us(incident(), NOON_US) == NOON_US + 14400 * SECOND
    assert plan.repeat_us(incident(acknowledged_by="ann"), NOON_US) is None
    assert plan.repeat_us(incident(status="quiet"), NOON_US) is None
    assert plan.repeat_us(incident(severity="high"), NOON_US) is None


def test_faults_are_told_all_at_once() -> None:
    """Unknown channels and impossible waits are named with their place in the tree."""
    tree = Route(receivers=("slak",), routes=(Route(group_wait_s=-1, receivers=("chat", "pagr")),))

    with pytest.raises(ConfigurationError) as caught:
        Router(tree, ["chat"])

    assert [fault.split(":")[0] for fault in caught.value.faults] == [
        "alerts.route.receivers",
        "alerts.route.routes[0].receivers",
        "alerts.route.routes[0].group_wait_s",
    ]


def test_a_flood_has_room_for_six_in_ten_minutes() -> None:
    """The seventh has no room until the first is ten minutes old; a digest comes once in that time."""
    flood = Flood()
    for n in range(6):
        flood.note("chat", NOON_US + n * SECOND)

    assert flood.room("chat", NOON_US + 6 * SECOND) == 0
    assert flood.room("mail", NOON_US) == 6
    assert flood.room("chat", NOON_US + 600 * SECOND) == 1
    assert flood.digest_from_us("chat") == 0
    flood.note("chat", NOON_US, digest=True)
    assert flood.digest_from_us("chat") == NOON_US + 600 * SECOND
