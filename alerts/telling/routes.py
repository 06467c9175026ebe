"""Choose who is told, when, and how often.

The words are Alertmanager's: a tree of routes, receivers, continue, group wait, group interval, repeat interval. A
notification takes the first child that matches, and the next ones too while they say `continue`, down to the leaves;
what a route leaves open it takes from its parent. `low` and `info` are never told by themselves, whatever a route says:
they go into the report.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, tzinfo
from typing import Any, NamedTuple

from mailwarden.alerts.incidents.incident import Incident, Notification
from mailwarden.alerts.telling.hours import Hours, covering, end_of
from mailwarden.alerts.telling.matchers import Matchers
from mailwarden.alerts.terms import Severity, severity_rank
from mailwarden.parsers.errors import Coded, ConfigurationError, coded, worded

__all__ = ["Escalation", "Plan", "Route", "Router"]

_SECOND = 1_000_000
GROUP_WAIT_S = 30.0
GROUP_INTERVAL_S = 300.0
REPEAT_INTERVAL_S = 24 * 3600.0  # of critical ones: one message a day; others are not repeated unless a route says so
LEAST_REPEAT_S = 60.0  # time passes by whole minutes
TOLD_FROM: Severity = "medium"


class Escalation(NamedTuple):
    """Who is told as well when nobody has said “on it” so many seconds after the incident was first told."""

    after_s: float
    receivers: tuple[str, ...]


class Route(Matchers, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One knot of the tree. What is empty matches everything; what is None is taken from the parent.

    `time` holds when the notice was decided. Times are seconds; a repeat interval of 0 is never.
    """

    time: tuple[Hours, ...] = ()
    receivers: tuple[str, ...] = ()
    group_wait_s: float | None = None
    group_interval_s: float | None = None
    repeat_interval_s: float | None = None
    quiet_hours: tuple[Hours, ...] | None = None
    escalations: tuple[Escalation, ...] | None = None
    goes_on: bool = False  # `continue`
    routes: tuple["Route", ...] = ()

    def takes(self, incident: Incident, at_us: int, zone: tzinfo) -> bool:
        """Say whether an incident goes this way at a time."""
        return self.match(incident) and (not self.time or covering(self.time, at_us, zone))


class Plan(NamedTuple):
    """What a route says: who in turn (the next when one fails), and the waits in seconds. A repeat of 0 is never."""

    receivers: tuple[str, ...]
    group_wait_s: float = GROUP_WAIT_S
    group_interval_s: float = GROUP_INTERVAL_S
    repeat_interval_s: float = 0.0
    quiet_hours: tuple[Hours, ...] = ()
    escalations: tuple[Escalation, ...] = ()
    zone: tzinfo = UTC

    @property
    def way(self) -> str:
        """Name the way by its receivers."""
        return ",".join(self.receivers)

    def due_us(self, notification: Notification, told_us: int | None = None) -> int:
        """Give when a notification leaves.

        A critical one leaves at once. Others wait for what may join them, and for the end of the quiet hours. They keep
        their distance from the last notice of the same incident, which was told at `told_us`; so does the news of a
        critical incident that it got worse, for whoever was woken by it is at work.
        """
        at_us, incident = notification.at_us, notification.incident
        is_critical = incident.severity == "critical"
        if is_critical and not (notification.kind == "worse" and incident.told_severity == "critical"):
            return at_us
        due_us = at_us if is_critical else at_us + int(self.group_wait_s * _SECOND)
        if told_us is not None:
            due_us = max(due_us, told_us + int(self.group_interval_s * _SECOND))
        return self.shifted_us(notification, due_us)

    def shifted_us(self, notification: Notification, due_us: int) -> int:
        """Give the end of the quiet hours that hold an instant, or the instant; for a critical one there are none."""
        if notification.incident.severity == "critical":
            return due_us
        return end_of(self.quiet_hours, due_us, self.zone)

    def repeat_us(self, incident: Incident, told_us: int) -> int | None:
        """Give when an incident that goes on is told again; None: never, or no more since somebody is on it."""
        if not self.repeat_interval_s or incident.acknowledged_by:
            return None
        return told_us + int(max(self.repeat_interval_s, LEAST_REPEAT_S) * _SECOND)


class Router:
    """The tree of routes, and the channels that it may name.

    Args:
        root: The tree.
        channels: The names of all channels, in the order of the configuration.
        zone: In which hours are meant.
        customers: Those of the channels that are told what a route sends them by name, and nothing else.

    Raises:
        ConfigurationError: with every receiver that is no channel, and every wait below zero.
    """

    def __init__(
        self, root: Route, channels: Sequence[str], zone: tzinfo = UTC, customers: Collection[str] = ()
    ) -> None:
        self._root = root
        self._channels = tuple(channels)
        self._everybody = tuple(name for name in channels if name not in customers)
        self._zone = zone
        faults: list[Coded] = []
        self._check(root, "alerts.route", faults)
        if faults:
            raise ConfigurationError(faults)

    def plans(self, incident: Incident, at_us: int, kind: str = "opened") -> list[Plan]:
        """Give the ways of an incident's notices; none when it is for the report only. A summary is always told."""
        if kind != "summary" and severity_rank(incident.severity) < severity_rank(TOLD_FROM):
            return []
        plans: dict[str, Plan] = {}
        for chain in self._chains((self._root,), incident, at_us):
            plan = self._plan(chain, incident)
            if plan.receivers:
                plans.setdefault(plan.way, plan)
        return list(plans.values())

    def knows(self, name: str) -> bool:
        """Say whether a channel is in the configuration."""
        return name in self._channels

    def _chains(self, chain: tuple[Route, ...], incident: Incident, at_us: int) -> Iterator[tuple[Route, ...]]:
        """Give each path from the root to a leaf that the incident takes."""
        is_leaf = True
        for child in chain[-1].routes:
            if child.takes(incident, at_us, self._zone):
                is_leaf = False
                yield from self._chains((*chain, child), incident, at_us)
                if not child.goes_on:
                    return
        if is_leaf:
            yield chain

    def _plan(self, chain: tuple[Route, ...], incident: Incident) -> Plan:
        def own(name: str, otherwise: Any) -> Any:
            return next((value for route in reversed(chain) if (value := getattr(route, name)) is not None), otherwise)

        receivers = next((route.receivers for route in reversed(chain) if route.receivers), self._everybody)
        return Plan(
            receivers,
            own("group_wait_s", GROUP_WAIT_S),
            own("group_interval_s", GROUP_INTERVAL_S),
            own("repeat_interval_s", REPEAT_INTERVAL_S if incident.severity == "critical" else 0.0),
            own("quiet_hours", ()),
            own("escalations", ()),
            self._zone,
        )

    def _check(self, route: Route, where: str, faults: list[Coded]) -> None:
        for name in [*route.receivers, *(one for step in route.escalations or () for one in step.receivers)]:
            if name not in self._channels:
                faults.append(
                    coded(
                        "MW4101",
                        '{place}: unknown channel "{name}". Alerts to it would be lost. Known: {known}.',
                        place=f"{where}.receivers",
                        name=name,
                        known=", ".join(self._channels) or worded("none is set"),
                    )
                )
        for field in ("group_wait_s", "group_interval_s", "repeat_interval_s"):
            value = getattr(route, field)
            if value is not None and value < 0:
                said = coded(
                    "MW2109",
                    '{place}: "{value}" is below zero. Write 0 or more seconds.',
                    place=f"{where}.{field}",
                    value=value,
                )
                faults.append(said)
        for place, child in enumerate(route.routes):
            self._check(child, f"{where}.routes[{place}]", faults)
