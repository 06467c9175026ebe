"""Find what no schema can say of who is told: channels that would lose what is sent, receivers that are none."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC
from difflib import get_close_matches
from typing import Any

from mailwarden.parsers.errors import Coded, ConfigurationError, WrongValueError, coded, worded
from mailwarden.pipeline.configuration.marked_yaml import Path_
from mailwarden.pipeline.configuration.soundness import sound_items
from mailwarden.pipeline.configuration.structure import unknown
from mailwarden.pipeline.configuration.times import read_instant

__all__ = ["AlertFaults"]

Add = Callable[[Path_, Coded], None]
"""Takes a fault: where it stands, and what is wrong."""

_PAGERS = frozenset({"pagerduty", "alertmanager", "alertmanagers"})

# Ours and the commonest of Apprise's schemas; what is like one of these and none that is known is a slip.
_SERVICES = (
    "alertmanager",
    "alertmanagers",
    "apprise",
    "apprises",
    "discord",
    "gchat",
    "gotify",
    "gotifys",
    "json",
    "jsons",
    "line",
    "mailto",
    "mailtos",
    "matrix",
    "matrixs",
    "mmost",
    "mmosts",
    "mqtt",
    "mqtts",
    "msteams",
    "ntfy",
    "ntfys",
    "opsgenie",
    "pagerduty",
    "pbul",
    "pover",
    "rocket",
    "rockets",
    "ses",
    "signal",
    "signals",
    "slack",
    "sns",
    "splunk",
    "tgram",
    "twilio",
    "webexteams",
    "webhook",
    "webhooks",
    "whatsapp",
    "workflows",
    "xml",
    "xmls",
    "zulip",
)


class AlertFaults:
    """Checks of `alerts:` and of who gets reports.

    Args:
        add: Takes each fault.
        whole: The configuration as it stands.
        settings: Of it what is sound.
    """

    def __init__(self, add: Add, whole: Any, settings: Any) -> None:
        self._add = add
        alerts = settings.get("alerts", {})
        named = _beneath(whole, "alerts", "channels")  # a channel with a fault is there all the same
        channels = {**dict.fromkeys(named, ""), **alerts.get("channels", {})}
        for name, channel in alerts.get("channels", {}).items():
            said = _url_fault(channel if isinstance(channel, str) else channel["url"])
            if said:
                self._add(
                    ("alerts", "channels", name), coded(said.code, "{said} Alerts to it would be lost.", said=said)
                )
        for place, route in sound_items(alerts.get("routes", ())):
            self._route(("alerts", "routes", place), route, list(channels))
        for place, window in sound_items(alerts.get("maintenance", ())):
            self._maintenance(("alerts", "maintenance", place), window)
        if alerts.get("heartbeat") and not alerts["heartbeat"]["url"].startswith(
            ("http://", "https://", "file:", "${")
        ):
            self._add(("alerts", "heartbeat", "url"), coded("MW2114", "is no http or https address."))
        self._reports(settings.get("report", {}), channels)

    def _reports(self, report: Mapping[str, Any], channels: Mapping[str, Any]) -> None:
        for place, name in sound_items(report.get("receivers", ())):
            self._reader(("report", "receivers", place), name, channels)
        for kind in ("servers", "domains"):
            for whose, receivers in report.get(kind, {}).items():
                for place, name in sound_items(receivers):
                    self._reader(("report", kind, whose, place), name, channels)

    def _route(self, place: Path_, route: Any, channels: list[str]) -> None:
        for number, name in sound_items(route.get("receivers", ())):
            self._receiver((*place, "receivers", number), name, channels)
        for number, step in sound_items(route.get("escalate", ())):
            for which, name in sound_items(step["receivers"]):
                self._receiver((*place, "escalate", number, "receivers", which), name, channels)
        for number, inner in sound_items(route.get("routes", ())):
            self._route((*place, "routes", number), inner, channels)

    def _maintenance(self, place: Path_, window: Any) -> None:
        if not {"time", "from", "until"} & set(window):
            self._add(
                place,
                coded("MW4107", "has neither time nor from nor until: nothing would ever be told. Say when it is."),
            )
        instants = []
        for name in ("from", "until"):
            try:
                instants += [read_instant(window[name], UTC)] if name in window else []
            except WrongValueError as error:
                self._add((*place, name), error.said)
        if len(instants) == 2 and instants[0] >= instants[1]:
            self._add((*place, "until"), coded("MW4107", "is not after from. The window would never be."))

    def _receiver(self, place: Path_, name: str, channels: list[str]) -> None:
        if name not in channels:
            said = unknown("channel", name, channels)
            self._add(place, coded(said.code, "{unknown} What is sent to it would be lost.", unknown=said))

    def _reader(self, place: Path_, name: str, channels: Mapping[str, Any]) -> None:
        self._receiver(place, name, list(channels))
        channel = channels.get(name, "")
        url = channel if isinstance(channel, str) else channel["url"]
        if url.partition("://")[0].lower() in _PAGERS:
            self._add(
                place,
                coded(
                    "MW4108",
                    '"{name}" is a pager: each report would be an incident there. Name another channel.',
                    name=name,
                ),
            )


def _beneath(value: Any, *names: str) -> list[str]:
    """Give the names in a group of settings; none where it is no group."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return list(value) if isinstance(value, dict) else []


def _url_fault(url: str) -> Coded | None:
    """Say what is wrong with an Apprise URL, as far as its service tells; the URL itself is a secret."""
    service, found, _ = url.partition("://")
    if url.startswith(("file:", "${")):
        return None
    if re.fullmatch(r"[^\s:/@]+@[^\s:/@]+", url):  # and no password before it
        return coded(
            "MW4103",
            "is a mail address. Write  mailtos://USER:PASSWORD@SERVER?to={address}  with a server other than the watched one.",
            address=url[:80],
        )
    if not found:
        return coded("MW4103", "is no Apprise URL (service://…). See  https://appriseit.com")
    meant = get_close_matches(service.lower(), _SERVICES, 1, 0.7)
    if not meant or service.lower() in _SERVICES:
        return None  # common, or not like any common one: it is looked at when it is first used
    from mailwarden.alerts.telling.channels import Channel, Channels

    try:
        Channels([Channel(name="", url=url)]).check()
    except ConfigurationError:
        mend = worded('Did you mean "{meant}"?', meant=meant[0])
        return coded("MW4102", 'unknown service "{service}". {mend}', service=service[:40], mend=mend)
    return None
