"""INF-04: a server takes no mail any more, and nothing says why.

Nothing was accepted for three times as long as its pauses usually are at such an hour of the week (`alerts/facts/usual.py`, of
the minutes of each day's longest pause), and at least an hour. While that is not known, and on a server with next to no
mail, a whole day (Lightmeter's figure) is told as `low`. It is noticed as time passes, not when the next line comes.

A pause must also be one that chance does not explain: twenty messages at least were to be expected in it, by what each hour of
working days and of weekends brought so far (were they independent, one such pause in 500 million; holidays halve and quarter
them). A server with a dozen messages a day is not silent after an afternoon: a day without any is told as `low`.

Of a time in which no log holds a line of anything, only the first day counts: behind it nobody knows what was taken. Logs
that were put together from different weeks would else say that a server took no mail for months.
"""

from collections.abc import Iterable

import msgspec

from mailwarden.alerts.detection.detector import Detector, Fired
from mailwarden.alerts.facts.usual import Usual, learn, usual_of
from mailwarden.alerts.terms import Detection
from mailwarden.parsers.event import Event

__all__ = ["DETECTOR"]

_MINUTE_US = 60_000_000
_HOUR_US = 60 * _MINUTE_US
_DAY_US = 24 * _HOUR_US
_TIMES_USUAL = 3
_BEAT_US = 10 * _MINUTE_US
_BRIEF_US = _MINUTE_US  # pauses below it teach nothing
_HOSTS = 16
_EXPECTED = 20  # messages
_HOURS = 48  # of a working day, and of a day of the weekend
_TAUGHT = 8  # days of which an hour's usual is the faded mean
_MONDAY = 3  # 1 January 1970 was a Thursday
_LINE = 400


class _Host(msgspec.Struct, array_like=True):
    last_us: int = 0  # when it last accepted a message
    rank: int = 0  # where that line stands
    offset: int = 0
    line: str = ""
    module: str | None = None
    pauses: Usual = msgspec.field(default_factory=Usual)
    told_us: int = 0  # how long the silence was when it was last told; 0: it was not
    shown_us: int = 0  # when a beat last named it
    hour: int = 0  # the present one, since 1970,
    taken: int = 0  # and the messages of it
    hours: list[tuple[float, int]] = []  # by hour of working days and of weekends: messages, and days that taught


class _State(msgspec.Struct, array_like=True):
    hosts: dict[str, _Host] = {}
    last_us: int = 0
    beat_us: int = 0  # the newest beat,
    line_us: int = 0  # and about when the newest line of anything stood, as beats tell


class Silence(Detector[_State]):
    """How long each server has accepted nothing."""

    detection = Detection(
        name="silence",
        id="INF-04",
        version=3,
        cause="service",
        category="service_fault",
        severity="medium",
        title="{host} has taken no mail for {span}",
        why="no message was accepted for {span}; its longest pause at this time of the week: {usual_s} (fires at {limit})",
        harmless="a holiday, or the server was taken out of service",
        advice="silence",
        techniques=("T1489",),
        primary="host.hostname",
        entities=("event.module",),
        span_us=_HOUR_US,
        threshold=60,
    )
    actions = frozenset({"beat", "message-queued", "message-received"})
    state = _State
    ttl_us = 90 * _DAY_US

    def keys(self, event: Event) -> Iterable[str]:
        """Accepted mail, and the time that passes."""
        if event.event_action == "beat":
            return ("site",)
        facts = event.facts
        return ("site",) if facts is not None and "mailwarden.accepted" in facts else ()

    def update(self, state: _State, event: Event) -> Fired | None:
        """Learn a pause that is over, or look for one that is too long."""
        state.last_us = event.stream_us
        if event.event_action == "beat":
            _pass(state, event)
            return _look_at_all(state, event)
        is_blind = 0 < state.line_us < event.stream_us - _DAY_US
        name = event.host_hostname or "localhost"
        host = state.hosts.get(name)
        if host is None:
            if len(state.hosts) >= _HOSTS:
                return None
            host = state.hosts[name] = _Host(last_us=event.stream_us)
        pause_us = event.stream_us - host.last_us
        if pause_us >= _BRIEF_US and not is_blind:
            learn(host.pauses, host.last_us, pause_us // _MINUTE_US)
        host.last_us, host.told_us = event.stream_us, 0
        if is_blind:
            host.hour = 0  # what nobody saw teaches nothing
        _turn(host, event.stream_us)
        host.taken += 1
        host.rank, host.offset, host.line = event.source_rank, event.log_offset, event.event_original[:_LINE]
        host.module = event.event_module
        return None


def _pass(state: _State, beat: Event) -> None:
    """Note when lines were last read; where they come again, leave out of all silences what nobody saw."""
    if beat.facts is None or beat.facts.get("mailwarden.lines", 1):
        # Beats of a long gap are left out but for the last ones: its first one counts lines of before the gap.
        line_us = min(beat.stream_us, (state.beat_us or beat.stream_us) + _BEAT_US)
        unseen_us = line_us - state.line_us - _DAY_US
        if state.line_us and unseen_us > 0:
            for host in state.hosts.values():
                if host.last_us <= state.line_us:
                    host.last_us += unseen_us
        state.line_us = line_us
    state.beat_us = beat.stream_us


def _look_at_all(state: _State, beat: Event) -> Fired | None:
    """Give a server whose silence is new, or else, by turns, one of those that are still silent."""
    goes_on: tuple[_Host, Fired] | None = None
    for name, host in sorted(state.hosts.items(), key=lambda item: item[1].shown_us):
        fired = _look(name, host, beat, max(state.line_us, host.last_us) + _DAY_US)
        if fired is None:
            continue
        if fired.fired:
            host.shown_us = beat.stream_us
            return fired
        goes_on = goes_on or (host, fired)
    if goes_on is None:
        return None
    goes_on[0].shown_us = beat.stream_us
    return goes_on[1]


def _look(name: str, host: _Host, beat: Event, until_us: int) -> Fired | None:
    silent_us = min(beat.stream_us, until_us) - host.last_us
    if silent_us < _HOUR_US:
        return None
    usual = usual_of(host.pauses, host.last_us)
    limit_us = _DAY_US if usual is None else max(_HOUR_US, _TIMES_USUAL * usual * _MINUTE_US)
    if silent_us < limit_us:
        return None
    is_odd = usual is not None and _expected(host, host.last_us, host.last_us + silent_us) >= _EXPECTED
    if not is_odd and silent_us < _DAY_US:
        return None
    is_new = silent_us >= 2 * host.told_us
    if is_new:
        host.told_us = silent_us
    values = {
        "span_s": silent_us // 1_000_000,
        "usual": usual,
        "usual_s": None if usual is None else usual * 60,
        "limit_s": limit_us // 1_000_000,
        "threshold": limit_us // _MINUTE_US,
    }
    severity = "medium" if is_odd else "low"
    return Fired(silent_us // _MINUTE_US, 1 if is_new else 0, severity, values, is_new, shown=_last_line(name, host))


def _turn(host: _Host, now_us: int) -> None:
    """Let an hour that is over teach; what is more than can be told apart teaches no more."""
    hour = now_us // _HOUR_US
    if hour == host.hour:
        return
    if not host.hours:
        host.hours = [(0.0, 0)] * _HOURS
    for past in range(max(host.hour, hour - _HOURS) if host.hour else hour, hour):
        place = _place(past)
        mean, days = host.hours[place]
        days = min(days + 1, _TAUGHT)
        seen = min(host.taken, _EXPECTED) if past == host.hour else 0
        host.hours[place] = (round(mean + (seen - mean) / days, 2), days)
    host.hour, host.taken = hour, 0


def _place(hour: int) -> int:
    return hour % 24 + (24 if (hour // 24 + _MONDAY) % 7 >= 5 else 0)


def _expected(host: _Host, from_us: int, to_us: int) -> float:
    """Give how many messages are usually taken in a span of time."""
    expected = 0.0
    for hour in range(from_us // _HOUR_US, to_us // _HOUR_US + 1):
        share = min(to_us, (hour + 1) * _HOUR_US) - max(from_us, hour * _HOUR_US)
        expected += (host.hours[_place(hour)][0] if host.hours else 0.0) * share / _HOUR_US
    return expected


def _last_line(name: str, host: _Host) -> Event:
    """Give the last message's line, which is all there is to show."""
    event = Event()
    event.event_original, event.log_offset, event.source_rank = host.line, host.offset, host.rank
    event.event_module, event.host_hostname, event.stream_us = host.module, name, host.last_us
    return event


DETECTOR = Silence()
