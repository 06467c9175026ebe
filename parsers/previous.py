"""What is kept of an event: of the line before, for those that hang on it, and of one on which a pattern failed."""

from typing import Any

from mailwarden.parsers.event import Event
from mailwarden.parsers.pieces import PIECES_MAX

__all__ = ["OWN_FIELDS", "Others", "fail", "recalled", "remembered"]

_HEADER_FIELDS = {
    "timestamp_us",
    "mailwarden_time_quality",
    "event_original",
    "host_hostname",
    "process_name",
    "process_pid",
    "service_name",
    "mail_service",
    "container_name",
    "event_module",
}
OWN_FIELDS = ("timestamp_us", "mailwarden_time_quality", "event_original", "event_id", "container_name")
"""What a repetition does not take from the line it repeats."""


_HOSTS_KEPT = 32


class Others:
    """The last event of each host, but for the one that wrote the line before.

    Args:
        kept: What a snapshot held.
    """

    def __init__(self, kept: list[list[Any] | None] | None = None) -> None:
        events = [event for one in kept or [] if (event := recalled(one)) is not None]
        self._events: dict[str | None, Event] = {event.host_hostname: event for event in events}

    def keep(self, previous: Event | None, host: str | None) -> None:
        """Keep the last event of a host while another one writes."""
        if previous is None:
            return
        self._events.pop(host, None)
        self._events[host] = previous
        if len(self._events) > _HOSTS_KEPT:
            del self._events[next(iter(self._events))]

    def last(self, host: str | None) -> Event | None:
        """Give the last event of a host."""
        return self._events.get(host)

    def snapshot(self) -> list[list[Any] | None]:
        """Give what the next lines may hang on, as JSON."""
        return [remembered(event) for event in self._events.values()]


def fail(event: Event, error: Exception) -> None:
    """Make a line on which a pattern failed one that is not understood, with no field that was set half."""
    for name in vars(event).keys() - _HEADER_FIELDS:
        delattr(event, name)
    event.event_kind = "pipeline_error"
    event.set("error.type", type(error).__name__)
    event.set("error.message", str(error)[:200])


def remembered(event: Event | None) -> list[Any] | None:
    """Give what the next lines may hang on, as JSON."""
    if event is None:
        return None
    return [
        event.event_original[:PIECES_MAX],
        event.timestamp_us,
        event.mailwarden_time_quality,
        event.host_hostname,
        event.event_id,
    ]


def recalled(kept: list[Any] | None) -> Event | None:
    """Make the event again, as far as the next lines hang on it."""
    if kept is None:
        return None
    event = Event()
    event.event_original, event.timestamp_us, event.mailwarden_time_quality, event.host_hostname, event.event_id = kept
    return event
