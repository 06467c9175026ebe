"""Choose who is told, when, and how often.

The words are Alertmanager's: a tree of routes, receivers, group wait, group interval, repeat interval. A notification
takes the first child that matches, down to the leaf; what a route leaves open it takes from its parent. `low` and
`info` are never told by themselves, whatever a route says: they go into the report.
"""

import fnmatch
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from mailwarden.alerts.incident import Incident, Notification, Severity, severity_rank
from mailwarden.parsers.errors import ConfigurationError

__all__ = ["Flood", "Plan", "Route", "Router"]

_SECOND = 1_000_000
GROUP_WAIT_S = 30.0
GROUP_INTERVAL_S = 300.0
REPEAT_INTERVAL_S = 4 * 3600.0
TOLD_FROM: Severity = "medium"


class Route(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One knot of the tree. What is empty matches everything; what is None is taken from the parent.

    `host` takes shell patterns. Times are seconds.
    """

    at_least: Severity | None = None
    severity: tuple[Severity, ...] = ()
    category: tuple[str, ...] = ()
    host: tuple[str, ...] = ()
    receivers: tuple[str, ...] = ()
    group_wait_s: float | None = None
    group_interval_s: float | None = None
    repeat_interval_s: float | None = None
    routes: tuple["Route", ...] = ()

    def matches(self, incident: Incident) -> bool:
        """Say whether an incident goes this way."""
        if self.at_least and severity_rank(incident.severity) < severity_rank(self.at_least):
            return False
        if self.severity and incident.severity not in self.severity:
            return False
        if self.category and not {incident.category, *incident.categories} & set(self.category):
            return False
        hosts = incident.hosts or [incident.site]
        return not self.host or any(fnmatch.fnmatchcase(host, glob) for host in hosts for glob in self.host)


class Plan(NamedTuple):
    """What a notification's route says: who in turn (the next when one fails), and the waits in seconds."""

    receivers: tuple[str, ...]
    group_wait_s: float
    group_interval_s: float
    repeat_interval_s: float

    def due_us(self, notification: Notification, told_us: int | None = None) -> int:
        """Give when a notification leaves.

        A critical one leaves at once. Others wait for what may join them, and keep their distance from the last notice
        of the same incident, which was told at `told_us`.
        """
        at_us = notification.at_us
        if notification.incident.severity == "critical":
            return at_us
        due_us = at_us + int(self.group_wait_s * _SECOND)
        if told_us is not None:
            due_us = max(due_us, told_us + int(self.group_interval_s * _SECOND))
        return due_us

    def repeat_us(self, incident: Incident, told_us: int) -> int | None:
        """Give when an incident is told again, or None: only critical ones are, until somebody says “on it”."""
        if incident.severity != "critical" or incident.status != "open" or incident.acknowledged_by:
            return None
        return told_us + int(self.repeat_interval_s * _SECOND)


class Router:
    """The tree of routes, and the channels that it may name."""

    def __init__(self, root: Route, channels: Sequence[str]) -> None:
        """Take the tree.

        Raises:
            ConfigurationError: with every receiver that is no channel, and every wait below zero.
        """
        self._root = root
        self._channels = tuple(channels)
        faults: list[str] = []
        self._check(root, "alerts.route", faults)
        if faults:
            raise ConfigurationError(faults)

    def plan(self, incident: Incident, kind: str = "opened") -> Plan | None:
        """Give the way of an incident's notices, or None when it is for the report only. A summary is always told."""
        if kind != "summary" and severity_rank(incident.severity) < severity_rank(TOLD_FROM):
            return None
        plan = Plan((), GROUP_WAIT_S, GROUP_INTERVAL_S, REPEAT_INTERVAL_S)
        route: Route | None = self._root
        while route is not None:
            plan = _inherit(plan, route)
            route = next((child for child in route.routes if child.matches(incident)), None)
        receivers = plan.receivers or self._channels
        return plan._replace(receivers=receivers) if receivers else None

    def _check(self, route: Route, where: str, faults: list[str]) -> None:
        for name in route.receivers:
            if name not in self._channels:
                known = ", ".join(self._channels) or "none is set"
                faults.append(
                    f'{where}.receivers: unknown channel "{name}". Alerts to it would be lost. Known: {known}.'
                )
        for field in ("group_wait_s", "group_interval_s", "repeat_interval_s"):
            value = getattr(route, field)
            if value is not None and value < 0:
                faults.append(f'{where}.{field}: "{value}" is below zero. Write 0 or more seconds.')
        for place, child in enumerate(route.routes):
            self._check(child, f"{where}.routes[{place}]", faults)


class Flood:
    """Notice when a channel gets too much: then everything but the critical comes as one digest, once in the window."""

    def __init__(self, limit: int = 6, window_s: float = 600.0) -> None:
        self._limit = limit
        self._window_us = int(window_s * _SECOND)
        self._sent: Mapping[str, deque[int]] = defaultdict(deque)
        self._digest_us: dict[str, int] = {}

    def note(self, channel: str, now_us: int, *, digest: bool = False) -> None:
        """Count a message that a channel has accepted."""
        self._sent[channel].append(now_us)
        if digest:
            self._digest_us[channel] = now_us

    def room(self, channel: str, now_us: int) -> int:
        """Give how many more a channel takes one by one."""
        sent = self._sent[channel]
        while sent and sent[0] <= now_us - self._window_us:
            sent.popleft()
        return max(0, self._limit - len(sent))

    def digest_from_us(self, channel: str) -> int:
        """Give the earliest time of a channel's next digest; 0 when none was sent."""
        last_us = self._digest_us.get(channel)
        return 0 if last_us is None else last_us + self._window_us


def _inherit(plan: Plan, route: Route) -> Plan:
    def own(value: float | None, parents: float) -> float:
        return parents if value is None else value

    return Plan(
        route.receivers or plan.receivers,
        own(route.group_wait_s, plan.group_wait_s),
        own(route.group_interval_s, plan.group_interval_s),
        own(route.repeat_interval_s, plan.repeat_interval_s),
    )
