"""The settings under `alerts`, as the alerts know them. The schema has checked their structure."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

from mailwarden.alerts.telling.flood import FloodLimit
from mailwarden.alerts.telling.hours import Hours, parse_hours
from mailwarden.alerts.telling.matchers import Matchers
from mailwarden.alerts.telling.muting import Inhibition, Maintenance, Muting
from mailwarden.alerts.telling.routes import Escalation, Route
from mailwarden.parsers.errors import ConfigurationError, WrongValueError, coded
from mailwarden.pipeline.configuration.secret import read_secret
from mailwarden.pipeline.configuration.times import parse_duration, read_instant

__all__ = ["Alerting", "HeartbeatSetting", "read_alerting"]

_MATCHERS = ("at_least", "severity", "category", "host", "domain")


@dataclass(frozen=True, slots=True)
class HeartbeatSetting:
    """Where it is told every so often that the service lives. `url` is as written, and a secret."""

    url: str = field(repr=False)
    interval_s: float = 300.0
    method: str = "GET"

    def resolved(self, environment: Mapping[str, str] = os.environ) -> str:
        """Give the address with its secrets.

        Raises:
            ConfigurationError: A variable or a file that it names is not there, or what comes of it is no such address.
        """
        try:
            url = read_secret(self.url, environment)
        except WrongValueError as error:
            raise ConfigurationError(
                [coded(error.said.code, "alerts.heartbeat.url: {error}", error=error.said)]
            ) from None
        if not url.startswith(("http://", "https://")):
            raise ConfigurationError([coded("MW2114", "alerts.heartbeat.url: is no http or https address.")])
        return url


@dataclass(frozen=True, slots=True)
class Alerting:
    """Who is told, when, and how often, but for the channels themselves."""

    route: Route
    muting: Muting
    flood: FloodLimit
    heartbeat: HeartbeatSetting | None = None


def read_alerting(alerts: Any, zone: tzinfo) -> Alerting:
    """Read them.

    Raises:
        ValueError: An instant or span of hours is none; `alert_faults.py` has told so before.
    """
    flood, beat = alerts.get("flood", {}), alerts.get("heartbeat")
    usual = FloodLimit()
    return Alerting(
        route=Route(quiet_hours=_spans(alerts.get("quiet_hours")), routes=tuple(map(_route, alerts.get("routes", ())))),
        muting=Muting(
            maintenance=tuple(_maintenance(one, zone) for one in alerts.get("maintenance", ())),
            inhibitions=tuple(
                Inhibition(source=_matchers(one["source"]), target=_matchers(one["target"]), equal=_names(one, "equal"))
                for one in alerts.get("inhibit", ())
            ),
            zone=zone,
        ),
        flood=FloodLimit(
            flood.get("notices", usual.notices),
            _seconds(flood.get("within"), usual.window_s),
            _seconds(flood.get("digest_interval"), usual.digest_s),
        ),
        heartbeat=HeartbeatSetting(beat["url"], _seconds(beat.get("interval"), 300.0), beat.get("method", "GET"))
        if beat
        else None,
    )


def _route(route: Any) -> Route:
    return Route(
        **_conditions(route),
        time=_spans(route.get("time")) or (),
        receivers=_names(route, "receivers"),
        group_wait_s=_optional(route.get("group_wait")),
        group_interval_s=_optional(route.get("group_interval")),
        repeat_interval_s=_optional(route.get("repeat_interval")),
        quiet_hours=_spans(route.get("quiet_hours")),
        escalations=tuple(
            Escalation(_seconds(step["after"], 0.0), tuple(step["receivers"])) for step in route["escalate"]
        )
        if "escalate" in route
        else None,
        goes_on=route.get("continue", False),
        routes=tuple(map(_route, route.get("routes", ()))),
    )


def _maintenance(window: Any, zone: tzinfo) -> Maintenance:
    return Maintenance(
        meant=_matchers(window),
        hours=_spans(window.get("time")) or (),
        from_us=read_instant(window["from"], zone) if "from" in window else None,
        until_us=read_instant(window["until"], zone) if "until" in window else None,
        because=window.get("because", ""),
    )


def _matchers(settings: Any) -> Matchers:
    return Matchers(**_conditions(settings))


def _conditions(settings: Any) -> dict[str, Any]:
    return {
        name: value if name == "at_least" else tuple(value)
        for name in _MATCHERS
        if (value := settings.get(name)) is not None
    }


def _names(settings: Any, name: str) -> tuple[str, ...]:
    return tuple(settings.get(name, ()))


def _spans(written: Any) -> tuple[Hours, ...] | None:
    """Read one span, a list of them, or `none`; None where nothing is written."""
    if written is None:
        return None
    if written == "none":
        return ()
    return tuple(map(parse_hours, [written] if isinstance(written, str) else written))


def _optional(text: str | None) -> float | None:
    if text is None:
        return None
    return 0.0 if text == "never" else parse_duration(text).total_seconds()


def _seconds(text: str | None, otherwise: float) -> float:
    return otherwise if text is None else parse_duration(text).total_seconds()
