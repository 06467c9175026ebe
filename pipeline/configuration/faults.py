"""Find every fault of a configuration: what its schema says, then what no schema can say."""

import ipaddress
import re
from collections.abc import Mapping
from datetime import UTC
from difflib import get_close_matches
from typing import Any
from zoneinfo import ZoneInfo

from mailwarden.alerts.words.translate import N_
from mailwarden.parsers.errors import ConfigurationError, said_of, worded
from mailwarden.pipeline.configuration.marked_yaml import Marked, Path_
from mailwarden.pipeline.configuration.soundness import sound, sound_items
from mailwarden.pipeline.configuration.structure import Fault, broken, faults_of_structure, unknown
from mailwarden.pipeline.configuration.times import parse_duration, read_instant

__all__ = ["Fault", "exception_fields", "faults_of"]


def faults_of(marked: Marked, known_rules: list[str]) -> list[Fault]:
    """List every fault in the order of the lines; the meaning is looked at of all parts whose structure is right."""
    said = worded("duplicate key; only one can hold. Remove one.")
    faults = [Fault(marked.line(where), said, where) for where in marked.twice]
    faults += faults_of_structure(marked)
    faults += _Meaning(marked, sound(marked.value, broken), known_rules).faults
    return sorted(faults, key=lambda fault: (fault.line, str(fault.said)))


# ---------------------------------------------------------------------- the meaning: what no schema can say


class _Meaning:
    """Checks of the settings whose structure is right.

    Args:
        marked: The configuration, with its lines.
        settings: Of it what is sound.
        known_rules: The names that `rules:` may hold.
    """

    def __init__(self, marked: Marked, settings: Any, known_rules: list[str]) -> None:
        self._marked = marked
        self.faults: list[Fault] = []
        self._zone(("timezone",), settings.get("timezone"))
        for place, source in sound_items(settings.get("sources", ())):
            self._source(("sources", place), source)
        for name in ("networks", "relays", "monitors", "proxies", "webmail"):
            for place, text in sound_items(settings.get("site", {}).get(name, ())):
                self._network(("site", name, place), text)
        for place, text in sound_items(settings.get("blocklist", {}).get("allow", ())):
            self._network(("blocklist", "allow", place), text)
        for name, rule in settings.get("rules", {}).items():
            if name not in known_rules:
                self._add(("rules", name), unknown("rule", name, known_rules), ("rules",))
            for place, text in sound_items((rule or {}).get("except", ())):
                if isinstance(text, str) and exception_fields(text) is None:
                    self._add(("rules", name, "except", place), worded(_NO_NETWORK, text=text))
        self._alerts(settings)
        self._probes(settings.get("probes", {}))
        self._feedback(settings.get("feedback", {}))

    def _add(self, place: Path_, message: str, where: Path_ | None = None) -> None:
        self.faults.append(Fault(self._marked.line(place), message, place if where is None else where))

    def _feedback(self, feedback: Mapping[str, Any]) -> None:
        from mailwarden.pipeline.feedback.settings import is_this_machine

        for number, one in sound_items(feedback.get("mailboxes", ())):
            if one.get("tls") == "none" and not is_this_machine(one["host"]):
                said = worded(
                    'without TLS the password goes to "{host}" for everybody to read. Use implicit or starttls.',
                    host=one["host"],
                )
                self._add(("feedback", "mailboxes", number, "tls"), said)

    def _probes(self, probes: Mapping[str, Any]) -> None:
        from mailwarden.pipeline.probes.settings import server_of

        resolver = probes.get("resolver", ())
        for place, text in (
            [((), resolver)] if isinstance(resolver, str) else [((n,), t) for n, t in sound_items(resolver)]
        ):
            try:
                server_of(text)
            except ValueError as error:
                self._add(("probes", "resolver", *place), said_of(error))
        for number, text in sound_items(probes.get("addresses", ())):
            try:
                ipaddress.ip_address(text)
            except ValueError:
                self._add(
                    ("probes", "addresses", number),
                    worded('"{text}" is no address. Write it like 192.0.2.25.', text=text),
                )

    def _zone(self, place: Path_, name: str | None) -> None:
        if name is None:
            return
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            from zoneinfo import available_timezones

            meant = get_close_matches(name, available_timezones(), 1, 0.7)
            mend = (
                worded('Did you mean "{meant}"?', meant=meant[0])
                if meant
                else worded("Write it like Europe/Berlin, Asia/Tokyo or UTC.")
            )
            self._add(place, worded('no time zone "{name}". {mend}', name=name, mend=mend))

    def _source(self, place: Path_, source: Any) -> None:
        if isinstance(source, str):
            return
        given = [name for name in ("path", "journal", "docker") if name in source]
        if len(given) != 1:
            self._add(
                place, worded("give exactly one of path, journal and docker. Write a further entry for each other one.")
            )
        if source.get("journal") is False or source.get("docker") is False:
            self._add(place, worded("false says nothing here. Remove the entry."))
        self._zone((*place, "timezone"), source.get("timezone"))

    def _network(self, place: Path_, text: str) -> None:
        try:
            ipaddress.ip_network(text)
        except ValueError:
            try:
                mend = worded('Did you mean "{meant}"?', meant=ipaddress.ip_network(text, strict=False))
            except ValueError:
                mend = worded("Write it like 192.0.2.1, 192.0.2.0/24 or 2001:db8::/32.")
            self._add(place, worded('"{text}" is not an address or network. {mend}', text=text, mend=mend))

    def _alerts(self, settings: Any) -> None:
        alerts = settings.get("alerts", {})
        named = _beneath(self._marked.value, "alerts", "channels")  # a channel with a fault is there all the same
        channels = {**dict.fromkeys(named, ""), **alerts.get("channels", {})}
        for name, channel in alerts.get("channels", {}).items():
            said = _url_fault(channel if isinstance(channel, str) else channel["url"])
            if said:
                self._add(("alerts", "channels", name), worded("{said} Alerts to it would be lost.", said=said))
        for place, route in sound_items(alerts.get("routes", ())):
            self._route(("alerts", "routes", place), route, list(channels))
        for place, window in sound_items(alerts.get("maintenance", ())):
            self._maintenance(("alerts", "maintenance", place), window)
        if alerts.get("heartbeat") and not alerts["heartbeat"]["url"].startswith(
            ("http://", "https://", "file:", "${")
        ):
            self._add(("alerts", "heartbeat", "url"), worded("is no http or https address."))
        for place, name in sound_items(settings.get("report", {}).get("receivers", ())):
            self._receiver(("report", "receivers", place), name, list(channels))
            self._reader(("report", "receivers", place), name, channels)
        for kind in ("servers", "domains"):
            for whose, receivers in settings.get("report", {}).get(kind, {}).items():
                for place, name in sound_items(receivers):
                    self._receiver(("report", kind, whose, place), name, list(channels))
                    self._reader(("report", kind, whose, place), name, channels)
        for what, least in (("reports", "2d"), ("alerts", "2d"), ("counts", "35d")):
            kept = settings.get("keep", {}).get(what)
            if kept is not None and parse_duration(kept) < parse_duration(least):
                self._add(
                    ("keep", what),
                    worded('"{kept}" is too short: at least {least}. Write {least} or more.', kept=kept, least=least),
                )

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
            self._add(place, worded("has neither time nor from nor until: nothing would ever be told. Say when it is."))
        instants = []
        for name in ("from", "until"):
            try:
                instants += [read_instant(window[name], UTC)] if name in window else []
            except ValueError as error:
                self._add((*place, name), said_of(error))
        if len(instants) == 2 and instants[0] >= instants[1]:
            self._add((*place, "until"), worded("is not after from. The window would never be."))

    def _receiver(self, place: Path_, name: str, channels: list[str]) -> None:
        if name not in channels:
            self._add(
                place,
                worded("{unknown} What is sent to it would be lost.", unknown=unknown("channel", name, channels)),
            )

    def _reader(self, place: Path_, name: str, channels: Any) -> None:
        channel = channels.get(name, "")
        url = channel if isinstance(channel, str) else channel["url"]
        if url.partition("://")[0].lower() in _PAGERS:
            self._add(
                place,
                worded('"{name}" is a pager: each report would be an incident there. Name another channel.', name=name),
            )


def _beneath(value: Any, *names: str) -> list[str]:
    """Give the names in a group of settings; none where it is no group."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return list(value) if isinstance(value, dict) else []


def _url_fault(url: str) -> str | None:
    """Say what is wrong with an Apprise URL, as far as its service tells; the URL itself is a secret."""
    service, found, _ = url.partition("://")
    if url.startswith(("file:", "${")):
        return None
    if re.fullmatch(r"[^\s:/@]+@[^\s:/@]+", url):  # and no password before it
        return worded(
            "is a mail address. Write  mailtos://USER:PASSWORD@SERVER?to={address}  with a server other than the watched one.",
            address=url[:80],
        )
    if not found:
        return worded("is no Apprise URL (service://…). See  https://appriseit.com")
    meant = get_close_matches(service.lower(), _SERVICES, 1, 0.7)
    if not meant or service.lower() in _SERVICES:
        return None  # common, or not like any common one: it is looked at when it is first used
    from mailwarden.alerts.telling.channels import Channel, Channels

    try:
        Channels([Channel(name="", url=url)]).check()
    except ConfigurationError:
        mend = worded('Did you mean "{meant}"?', meant=meant[0])
        return worded('unknown service "{service}". {mend}', service=service[:40], mend=mend)
    return None


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

_NO_NETWORK = N_(
    '"{text}" is a network of a size that is not counted in. Write it as /24 or /16 (IPv4), /64 or /48 (IPv6), '
    "or name the fields: {source.ip: …}."
)
_COUNTED = {(4, 24): "mailwarden.network", (6, 64): "mailwarden.network"} | {
    (4, 16): "mailwarden.wide_network",
    (6, 48): "mailwarden.wide_network",
}


def exception_fields(text: str) -> Mapping[str, Any] | None:
    """Turn the short form of an exception into fields; None for a network of a size in which nothing is counted."""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return {"mailwarden.account": text.lower()}
    if network.num_addresses == 1:
        return {"source.ip": str(network.network_address)}
    name = _COUNTED.get((network.version, network.prefixlen))
    return {name: str(network)} if name else None
