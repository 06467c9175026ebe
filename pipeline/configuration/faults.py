"""Find every fault of a configuration: what its schema says, then what no schema can say."""

import ipaddress
import json
import re
from collections.abc import Mapping
from datetime import UTC
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from mailwarden.alerts.words.escape import printable
from mailwarden.alerts.words.translate import N_
from mailwarden.parsers.errors import ConfigurationError, changed, said_of, worded
from mailwarden.pipeline.configuration.marked_yaml import Marked, Path_
from mailwarden.pipeline.configuration.times import parse_duration, read_instant

__all__ = ["Fault", "exception_fields", "faults_of"]


class Fault(NamedTuple):
    """What is wrong, and where."""

    line: int
    message: str
    where: Path_ = ()

    @property
    def said(self) -> str:
        """The fault as it is told, behind file and line."""
        message = changed(self.message, printable)
        return worded("{place}: {message}", place=_name(self.where), message=message) if self.where else message


def faults_of(marked: Marked, known_rules: list[str]) -> list[Fault]:
    """List every fault in the order of the lines; meaning is looked at only where the structure is right."""
    said = worded("duplicate key; only one can hold. Remove one.")
    faults = [Fault(marked.line(where), said, where) for where in marked.twice] + _structure(marked)
    return sorted(faults or _Meaning(marked, known_rules).faults, key=lambda fault: (fault.line, str(fault.said)))


# ---------------------------------------------------------------------- the structure: what the schema says


def _structure(marked: Marked) -> list[Fault]:
    import jsonschema

    schema = json.loads(Path(__file__).with_name("configuration.schema.json").read_text("utf-8"))
    faults = []
    for error in jsonschema.Draft202012Validator(schema).iter_errors(marked.value):
        where: Path_ = tuple(error.absolute_path)
        if error.validator == "additionalProperties":
            known = list(error.schema.get("properties", {}))
            for key in error.instance:
                if key not in known:
                    faults.append(Fault(marked.line((*where, key)), _unknown("setting", key, known), where))
        elif error.validator == "required":
            missing = next(key for key in error.validator_value if key not in error.instance)
            faults.append(Fault(marked.line(where), worded('"{missing}" is missing. Add it.', missing=missing), where))
        elif error.validator == "pattern" and error.parent is None and "propertyNames" in map(str, error.schema_path):
            said = worded(
                'the name "{name}" holds more than letters, digits, dot, hyphen and underscore. Rename it.',
                name=error.instance,
            )
            faults.append(Fault(marked.line((*where, error.instance)), said, where))
        else:
            faults.append(Fault(marked.line(where), _mismatch(error), where))
    return faults


def _mismatch(error: Any) -> str:
    """Say in our words what a value is not."""
    value, asked = error.instance, error.validator_value
    shown = _shown(value)
    if error.validator == "enum":
        words = [str(word) for word in asked]
        meant = get_close_matches(str(value), words, 1)
        if meant:
            mend = worded('Did you mean "{meant}"?', meant=meant[0])
            return worded("{shown} is not one of {words}. {mend}", shown=shown, words=", ".join(words), mend=mend)
        return worded("{shown} is not one of {words}.", shown=shown, words=", ".join(words))
    if error.validator == "type":
        kinds = [asked] if isinstance(asked, str) else asked
        expected: object = worded(_KINDS[kinds[0]])
        for kind in kinds[1:]:
            expected = worded("{first} or {second}", first=expected, second=worded(_KINDS[kind]))
        if "string" in kinds and not isinstance(value, list | dict):
            return worded('{shown} is not {expected}. Write it in quotes: "…".', shown=shown, expected=expected)
        return worded("{shown} is not {expected}.", shown=shown, expected=expected)
    if error.validator == "oneOf":
        forms = ", ".join(one["required"][0] for one in asked)
        return worded("names none of {forms}, or several. Write one entry for each.", forms=forms)
    if error.validator == "pattern":
        if asked.startswith("^https?"):
            return worded("{shown} is no address of a page. Write it like https://example.org/hook.", shown=shown)
        if "mon" in asked:
            return worded(
                '{shown} is no span of hours. Write it like "22:00-07:00" or "sat,sun 00:00-24:00".', shown=shown
            )
        if "smhdw" in asked:
            if "never" in asked:
                return worded("{shown} is not a duration. Write 10m, 2h or 1d, or never.", shown=shown)
            return worded("{shown} is not a duration. Write 10m, 2h or 1d.", shown=shown)
        return worded('{shown} is not a time of day. Write it like "07:00".', shown=shown)
    if error.validator == "minimum":
        return worded("{shown} is too small. Write {asked} or more.", shown=shown, asked=asked)
    if error.validator == "maximum":
        return worded("{shown} is too large. Write {asked} or less.", shown=shown, asked=asked)
    return worded("{shown} is empty. Give a value or leave the setting out.", shown=shown)  # minLength, minItems, …


_KINDS = {
    "string": N_("text"),
    "object": N_("a group of settings (name: value)"),
    "array": N_("a list ([a, b] or lines with -)"),
    "boolean": N_("true or false"),
    "integer": N_("a whole number"),
}


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        if not value:
            return worded("an empty value")
        return worded("a list") if isinstance(value, list) else worded("a group of settings")
    if value is None:
        return worded('"nothing"')
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f'"{text[:60]}…"' if len(text) > 61 else f'"{text}"'


def _unknown(kind: str, name: str, known: list[str]) -> str:
    meant = get_close_matches(name, known, 1)
    names = ", ".join(sorted(known)[:20]) or worded("none")
    mend = worded('Did you mean "{meant}"?', meant=meant[0]) if meant else worded("Known: {names}.", names=names)
    return worded(_UNKNOWN[kind], name=name, mend=mend)


_UNKNOWN = {
    "setting": N_('unknown setting "{name}". {mend}'),
    "rule": N_('unknown rule "{name}". {mend}'),
    "channel": N_('unknown channel "{name}". {mend}'),
}


def _name(where: Path_) -> str:
    """Write a place as people do: alerts.channels.ops, sources[0].path."""
    text = ""
    for part in where:
        text += f"[{part}]" if isinstance(part, int) else f".{printable(part)}"
    return text.removeprefix(".")


# ---------------------------------------------------------------------- the meaning: what no schema can say


class _Meaning:
    """Checks of a configuration whose structure is right."""

    def __init__(self, marked: Marked, known_rules: list[str]) -> None:
        self._marked = marked
        self.faults: list[Fault] = []
        settings = marked.value
        self._zone(("timezone",), settings.get("timezone"))
        for place, source in enumerate(settings.get("sources", ())):
            self._source(("sources", place), source)
        for name in ("networks", "relays", "monitors", "proxies", "webmail"):
            for place, text in enumerate(settings.get("site", {}).get(name, ())):
                self._network(("site", name, place), text)
        for place, text in enumerate(settings.get("blocklist", {}).get("allow", ())):
            self._network(("blocklist", "allow", place), text)
        for name, rule in settings.get("rules", {}).items():
            if name not in known_rules:
                self._add(("rules", name), _unknown("rule", name, known_rules), ("rules",))
            for place, text in enumerate((rule or {}).get("except", ())):
                if isinstance(text, str) and exception_fields(text) is None:
                    self._add(("rules", name, "except", place), worded(_NO_NETWORK, text=text))
        self._alerts(settings)
        self._probes(settings.get("probes", {}))
        self._feedback(settings.get("feedback", {}))

    def _add(self, place: Path_, message: str, where: Path_ | None = None) -> None:
        self.faults.append(Fault(self._marked.line(place), message, place if where is None else where))

    def _feedback(self, feedback: Mapping[str, Any]) -> None:
        from mailwarden.pipeline.feedback.settings import is_this_machine

        for number, one in enumerate(feedback.get("mailboxes", ())):
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
            [((), resolver)] if isinstance(resolver, str) else [((n,), t) for n, t in enumerate(resolver)]
        ):
            try:
                server_of(text)
            except ValueError as error:
                self._add(("probes", "resolver", *place), said_of(error))
        for number, text in enumerate(probes.get("addresses", ())):
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
        channels = alerts.get("channels", {})
        for name, channel in channels.items():
            said = _url_fault(channel if isinstance(channel, str) else channel["url"])
            if said:
                self._add(("alerts", "channels", name), worded("{said} Alerts to it would be lost.", said=said))
        for place, route in enumerate(alerts.get("routes", ())):
            self._route(("alerts", "routes", place), route, list(channels))
        for place, window in enumerate(alerts.get("maintenance", ())):
            self._maintenance(("alerts", "maintenance", place), window)
        if alerts.get("heartbeat") and not alerts["heartbeat"]["url"].startswith(
            ("http://", "https://", "file:", "${")
        ):
            self._add(("alerts", "heartbeat", "url"), worded("is no http or https address."))
        for place, name in enumerate(settings.get("report", {}).get("receivers", ())):
            self._receiver(("report", "receivers", place), name, list(channels))
            self._reader(("report", "receivers", place), name, channels)
        for kind in ("servers", "domains"):
            for whose, receivers in settings.get("report", {}).get(kind, {}).items():
                for place, name in enumerate(receivers):
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
        for number, name in enumerate(route.get("receivers", ())):
            self._receiver((*place, "receivers", number), name, channels)
        for number, step in enumerate(route.get("escalate", ())):
            for which, name in enumerate(step["receivers"]):
                self._receiver((*place, "escalate", number, "receivers", which), name, channels)
        for number, inner in enumerate(route.get("routes", ())):
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
                worded("{unknown} What is sent to it would be lost.", unknown=_unknown("channel", name, channels)),
            )

    def _reader(self, place: Path_, name: str, channels: Any) -> None:
        channel = channels.get(name, "")
        url = channel if isinstance(channel, str) else channel["url"]
        if url.partition("://")[0].lower() in _PAGERS:
            self._add(
                place,
                worded('"{name}" is a pager: each report would be an incident there. Name another channel.', name=name),
            )


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
