"""The `probes:` part of the configuration as values, and the secrets in it."""

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from mailwarden.parsers.errors import Coded, ConfigurationError, WrongValueError, coded
from mailwarden.pipeline.configuration.secret import read_secret

__all__ = ["ProbesSetting", "server_of"]

_PORT = 53
_LEAST = timedelta(minutes=15)  # what lists allow for one address
_PORTS = (25, 465, 587, 993, 995)
_SERVER = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::(\d{1,5}))?|([0-9.]+)(?::(\d{1,5}))?|([0-9A-Fa-f:]+)")


@dataclass(frozen=True, slots=True)
class ProbesSetting:
    """What is asked of the world, whom it is asked of, and how often. Secrets are never shown."""

    enabled: bool = True
    resolvers: tuple[tuple[str, int], ...] = ()  # empty: those of this machine
    addresses: tuple[str, ...] = ()  # from which mail leaves; empty: found out
    domains: tuple[str, ...] = ()
    selectors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    helo: str | None = None
    smarthost: bool | None = None  # all mail leaves through another's server; None: found out
    without: frozenset[str] = frozenset()  # zones that are not asked
    every: timedelta = timedelta(hours=1)
    ports: tuple[int, ...] = _PORTS
    keys_as_written: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, settings: Mapping[str, Any], every: timedelta | None) -> "ProbesSetting":
        """Take over settings that were found right."""
        resolver = settings.get("resolver", ())
        return cls(
            enabled=settings.get("enabled", True),
            resolvers=tuple(server_of(one) for one in ([resolver] if isinstance(resolver, str) else resolver)),
            addresses=tuple(str(ipaddress.ip_address(one)) for one in settings.get("addresses", ())),
            domains=tuple(one.lower().rstrip(".") for one in settings.get("domains", ())),
            selectors={name.lower(): tuple(found) for name, found in settings.get("selectors", {}).items()},
            helo=settings.get("helo"),
            smarthost=settings.get("smarthost"),
            without=frozenset(settings.get("without", ())),
            every=max(every or timedelta(hours=1), _LEAST),
            ports=tuple(settings.get("ports", _PORTS)),
            keys_as_written=dict(settings.get("keys", {})),
        )

    def keys(self, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
        """Give the keys of lists with their secrets put in.

        Raises:
            ConfigurationError: A variable or file that one names is not there, or holds no key.
        """
        found: dict[str, str] = {}
        faults: list[Coded] = []
        for name, text in self.keys_as_written.items():
            try:
                found[name] = _key(text, environment)
            except WrongValueError as error:
                faults.append(coded(error.said.code, "probes.keys.{name}: {error}", name=name, error=error.said))
        if faults:
            raise ConfigurationError(faults)
        return found


def server_of(text: str) -> tuple[str, int]:
    """Read the address of a resolver, with its port where it is another than 53.

    Raises:
        ValueError: It is none.
    """
    found = _SERVER.fullmatch(text.strip())
    if found is None:
        raise WrongValueError(
            coded(
                "MW2125",
                '"{text}" is no address of a name server. Write 127.0.0.1, 127.0.0.1:5353 or [::1]:5353.',
                text=text,
            )
        )
    host, port = found[1] or found[3] or found[5], int(found[2] or found[4] or _PORT)
    if not 0 < port < 1 << 16:
        raise WrongValueError(coded("MW2125", '"{text}": {port} is no port.', text=text, port=port))
    try:
        return str(ipaddress.ip_address(host)), port
    except ValueError:
        raise WrongValueError(
            coded("MW2125", '"{text}" is no address of a name server. Write it like 127.0.0.1.', text=text)
        ) from None


def _key(text: str, environment: Mapping[str, str]) -> str:
    value = read_secret(text, environment)
    if re.fullmatch(r"[A-Za-z0-9_-]{4,63}", value) is None:  # it becomes a label of a name
        raise WrongValueError(coded("MW2125", "is no key: letters, digits and hyphens are asked for."))
    return value
