"""Silence of one server is told whatever the others do."""

from mailwarden.alerts.detectors.silence import DETECTOR, Silence
from mailwarden.parsers.event import Event

MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
START_US = 20_000 * 24 * HOUR_US


def event(action: str, at_us: int, host: str | None = None) -> Event:
    """Make an accepted message, or a beat."""
    made = Event()
    made.event_action, made.stream_us, made.host_hostname = action, at_us, host
    made.facts = {"mailwarden.accepted": True}
    return made


def silent(*begins: int) -> list[tuple[int, str | None, bool]]:
    """Let servers take their last mail at these hours; give what is found up to the third day: hour, server, whether new."""
    state = Silence.state()
    for number, hour in enumerate(begins):
        DETECTOR.update(state, event("message-queued", START_US + hour * HOUR_US, f"mx{number}"))
    found = []
    for beat in range(6 * 72):
        fired = DETECTOR.update(state, event("beat", START_US + max(begins) * HOUR_US + beat * 10 * MINUTE_US))
        if fired is not None and fired.shown is not None:
            found.append((max(begins) + beat // 6, fired.shown.host_hostname, fired.fired))
    return found


def test_a_second_server_that_falls_silent_is_told_too() -> None:
    """One that has been silent for hours hides no other."""
    assert [one[:2] for one in silent(0, 6) if one[2]][:2] == [(24, "mx0"), (30, "mx1")]
    assert [one[:2] for one in silent(0, 0) if one[2]][:2] == [(24, "mx0"), (24, "mx1")]


def test_of_a_time_without_a_line_only_a_day_counts() -> None:
    """Where no log holds anything for months, nobody knows what was taken; what is told does not grow with it."""
    state = Silence.state()
    DETECTOR.update(state, event("message-queued", START_US, "mx1"))
    spans = []
    for hour, lines in ((1, 9), (24 * 249, 0), (24 * 249 + 1, 5), (24 * 249 + 30, 5)):
        beat = event("beat", START_US + hour * HOUR_US)
        beat.facts = {"mailwarden.lines": lines}
        fired = DETECTOR.update(state, beat)
        spans.append(fired.values["span_s"] // 3600 if fired else None)

    assert spans[:2] == [None, 25]  # the last line stood an hour after the mail
    assert all(span is not None and span < 60 for span in spans[2:])
    DETECTOR.update(state, event("message-queued", START_US + (24 * 249 + 31) * HOUR_US, "mx1"))
    assert not any(most > 3 * 24 * 60 for part in state.hosts["mx1"].pauses.days.values() for most in part)


def test_each_silence_goes_on_as_long_as_it_does() -> None:
    """Of several silent servers each is named at least once in two hours, after which its incident would end."""
    hours = [hour for hour, host, _ in silent(*[0] * 10) if host == "mx7"]

    assert {hour // 2 for hour in hours} >= set(range(13, 35))
