"""What tells a thief's login from its owner's, and what does not."""

import pytest

from mailwarden.alerts.facts import suspicion
from mailwarden.parsers.event import Event

JOURNEY = {"mailwarden.surprise": 15.0, "mailwarden.source.range": 5.0}
TOLD = 16


def points(facts: dict[str, object]) -> float:
    """Weigh a login with these facts, of an account whose devices went on."""
    event = Event()
    event.facts = {"mailwarden.user.undisturbed": True} | {
        name if name.startswith("mailwarden.") else f"mailwarden.{name}": value for name, value in facts.items()
    }
    return suspicion.points(event)


def test_a_journey_is_never_told_by_itself() -> None:
    """A network, a country, an hour and a range unlike those known come together abroad; so does a typo."""
    assert points(JOURNEY | {"source.failures": 2, "user.failing_networks": 1}) < TOLD


@pytest.mark.parametrize(
    "facts",
    [
        {"mailwarden.surprise": 5.0, "source.others": 8},
        {"mailwarden.surprise": 2.0, "source.others": 8, "source.ghosts": 3},
        {"mailwarden.surprise": 2.0, "source.range": 5.0, "source.failures": 12},
        {"mailwarden.surprise": 5.0, "source.range": 5.0, "source.failures": 1, "user.failing_networks": 40},
        JOURNEY | {"protocol.new": True, "protocol.switch": True},
        {"mailwarden.surprise": 4.0, "source.range": 4.0, "source.others": 8, "source.sprayed": 9, "rollout": True},
        {
            "mailwarden.surprise": 5.0,
            "source.range": 5.0,
            "source.failures": 1,
            "user.failing_networks": 40,
            "rollout": True,
        },
    ],
)
def test_a_thief_is_told(facts: dict[str, object]) -> None:
    """Sprayed, with or without names that nobody has; guessed from where guessers are; guessed by many; fetched;
    from where guessers are on a day of new passwords."""
    assert points(facts) >= TOLD


@pytest.mark.parametrize(
    "facts",
    [
        {"mailwarden.surprise": 6.0, "source.failures": 60, "user.failing_networks": 6},
        {"mailwarden.surprise": 6.0, "source.range": 2.5, "source.failures": 60, "source.others": 8, "rollout": True},
        {
            "source.failures": 9,
            "user.failing_networks": 40,
            "protocol.new": True,
            "protocol.switch": True,
            "user.elsewhere": True,
        },
        {"mailwarden.surprise": 6.0, "source.others": 8, "source.shared": True},
        {"mailwarden.surprise": 6.0, "user.failing_networks": 40, "user.usual_tries": 30.0},
        {"mailwarden.surprise": 1.0, "source.range": -4.0, "source.failures": 60, "source.others": 3},
    ],
)
def test_an_owner_is_not(facts: dict[str, object]) -> None:
    """A phone with an old password on the move; a rollout; an office; an account that is always guessed at; a carrier; an account
    of which nothing is known."""
    assert points(facts) < TOLD
