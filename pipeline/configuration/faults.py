"""Find every fault of a configuration: what its schema says, then what no schema can say."""

import ipaddress
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any
from zoneinfo import ZoneInfo

from mailwarden.alerts.words.translate import N_
from mailwarden.parsers.errors import Coded, WrongValueError, coded, worded
from mailwarden.pipeline.configuration.alert_faults import AlertFaults
from mailwarden.pipeline.configuration.known_sound import is_known_sound, remember
from mailwarden.pipeline.configuration.marked_yaml import Marked, Path_
from mailwarden.pipeline.configuration.soundness import sound, sound_items
from mailwarden.pipeline.configuration.structure import Fault, broken, faults_of_structure, unknown
from mailwarden.pipeline.configuration.times import parse_duration

__all__ = ["Fault", "exception_fields", "faults_of"]


def faults_of(marked: Marked, known_rules: list[str]) -> list[Fault]:
    """List every fault in the order of the lines; the meaning is looked at of all parts whose structure is right."""
    said = coded("MW2105", "duplicate key; only one can hold. Remove one.")
    faults = [Fault(marked.line(where), said, where) for where in marked.twice]
    settings = marked.value
    if not is_known_sound(settings):
        structure = list(faults_of_structure(marked))
        faults += structure
        if structure:
            settings = sound(settings, broken)
        else:
            remember(settings)
    faults += _Meaning(marked, settings, known_rules).faults
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
                    self._add(("rules", name, "except", place), coded("MW2114", _NO_NETWORK, text=text))
        AlertFaults(self._add, marked.value, settings)
        self._keep(settings.get("keep", {}))
        self._probes(settings.get("probes", {}))
        self._feedback(settings.get("feedback", {}))

    def _add(self, place: Path_, message: Coded, where: Path_ | None = None) -> None:
        self.faults.append(Fault(self._marked.line(place), message, place if where is None else where))

    def _feedback(self, feedback: Mapping[str, Any]) -> None:
        from mailwarden.pipeline.feedback.settings import is_this_machine

        for number, one in sound_items(feedback.get("mailboxes", ())):
            if one.get("tls") == "none" and not is_this_machine(one["host"]):
                said = coded(
                    "MW2122",
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
            except WrongValueError as error:
                self._add(("probes", "resolver", *place), error.said)
        for number, text in sound_items(probes.get("addresses", ())):
            try:
                ipaddress.ip_address(text)
            except ValueError:
                self._add(
                    ("probes", "addresses", number),
                    coded("MW2114", '"{text}" is no address. Write it like 192.0.2.25.', text=text),
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
            self._add(place, coded("MW2115", 'no time zone "{name}". {mend}', name=name, mend=mend))

    def _source(self, place: Path_, source: Any) -> None:
        if isinstance(source, str):
            return
        given = [name for name in ("path", "journal", "docker") if name in source]
        if len(given) != 1:
            self._add(
                place,
                coded(
                    "MW2118", "give exactly one of path, journal and docker. Write a further entry for each other one."
                ),
            )
        if source.get("journal") is False or source.get("docker") is False:
            self._add(place, coded("MW2118", "false says nothing here. Remove the entry."))
        self._zone((*place, "timezone"), source.get("timezone"))

    def _keep(self, keep: Mapping[str, str]) -> None:
        for what, least in (("reports", "2d"), ("alerts", "2d"), ("counts", "35d")):
            kept = keep.get(what)
            if kept is not None and parse_duration(kept) < parse_duration(least):
                self._add(
                    ("keep", what),
                    coded(
                        "MW2109",
                        '"{kept}" is too short: at least {least}. Write {least} or more.',
                        kept=kept,
                        least=least,
                    ),
                )

    def _network(self, place: Path_, text: str) -> None:
        try:
            ipaddress.ip_network(text)
        except ValueError:
            try:
                mend = worded('Did you mean "{meant}"?', meant=ipaddress.ip_network(text, strict=False))
            except ValueError:
                mend = worded("Write it like 192.0.2.1, 192.0.2.0/24 or 2001:db8::/32.")
            self._add(place, coded("MW2114", '"{text}" is not an address or network. {mend}', text=text, mend=mend))


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
