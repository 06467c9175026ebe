"""What a forward's alert says is true of it."""

from mailwarden.alerts.detection.detector import Fired
from mailwarden.alerts.detectors.new_forward import DETECTOR, NewForward
from mailwarden.parsers.event import Event

DAY_US = 86_400_000_000
START_US = 20_000 * DAY_US


def sent_on(at_us: int) -> Event:
    """Make a message that goes on."""
    event = Event()
    event.stream_us, event.email_to_address, event.mail_original_recipient = (
        at_us,
        ["bob@example.net"],
        "bob@example.org",
    )
    return event


def test_far_more_through_an_old_forward_is_not_called_a_new_one() -> None:
    """It says how many went on, and what is usual."""
    state = NewForward.state()
    for day in range(20):
        DETECTOR.update(state, sent_on(START_US + day * DAY_US))

    found = [DETECTOR.update(state, sent_on(START_US + 20 * DAY_US + number)) for number in range(120)]
    fired = next(one for one in found if one is not None)

    assert isinstance(fired, Fired) and fired.detection is not None
    assert (fired.severity, fired.measure, fired.values["usual"]) == ("medium", 100, 1)
    assert "without this forward" not in fired.detection.why
    assert "now" not in fired.detection.title
