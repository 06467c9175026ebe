"""The part of the configuration that is about the page: where it listens, and who may look at it."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from mailwarden.parsers.errors import Coded, ConfigurationError, UsageError, WrongValueError, coded

__all__ = ["Address", "Person", "Token", "WebSetting", "parse_address", "read_web"]

DEFAULT = "127.0.0.1:8742"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a password: its hash, or where that stands; `domains` None: sees everything."""

    name: str
    password: str = field(repr=False)
    role: Literal["viewer", "operator"] = "viewer"
    domains: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """A program that may read."""

    name: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        """Give it as a URL has it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class WebSetting:
    """All that is set of the page."""

    listen: str = DEFAULT
    url: str | None = None
    certificate: Path | None = None
    key: Path | None = None
    proxies: tuple[str, ...] = ()
    people: tuple[Person, ...] = ()
    tokens: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names under which it is reached, beside that of this machine."""
        host = urlsplit(self.url or "").hostname
        return (host,) if host else ()

    def resolved(
        self, secret: Callable[[str, Mapping[str, str]], str], environment: Mapping[str, str] = os.environ
    ) -> tuple[list[Person], list[Token]]:
        """Give people and programs with their secrets.

        Raises:
            ConfigurationError: With every secret that is not there.
        """
        people: list[Person] = []
        tokens: list[Token] = []
        faults: list[Coded] = []
        for one in self.people:
            try:
                people.append(replace(one, password=secret(one.password, environment)))
            except WrongValueError as error:
                faults.append(
                    coded(
                        error.said.code,
                        "web.people.{name}.password: {error}",
                        name=one.name,
                        error=error.said,
                    )
                )
        for name, text in self.tokens:
            try:
                tokens.append(Token(name, secret(text, environment)))
            except WrongValueError as error:
                faults.append(coded(error.said.code, "web.tokens.{name}: {error}", name=name, error=error.said))
        faults += [
            coded(
                "MW2124",
                "web.people.{name}.password: is no argon2 hash. Make one:  mailwarden web --password",
                name=one.name,
            )
            for one in people
            if not one.password.startswith("$argon2")
        ]
        faults += [
            coded(
                "MW2124",
                "web.tokens.{name}: is shorter than 20 characters, so it can be guessed. Make one:  openssl rand -hex 20",
                name=one.name,
            )
            for one in tokens
            if len(one.secret) < 20
        ]
        if faults:
            raise ConfigurationError(faults)
        return people, tokens


def parse_address(text: str) -> Address:
    """Read where to listen: `127.0.0.1:8742`, `[::1]:8742`, `8742`.

    Raises:
        UsageError: It is none of these.
    """
    host, _, port = text.rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    if not port.isdecimal() or not 0 <= int(port) <= 65535:
        raise UsageError(
            coded(
                "MW7101", '"{text}" is no address to listen at. Write it like 127.0.0.1:8742 or [::1]:8742.', text=text
            )
        )
    return Address(host, int(port))


def read_web(settings: Any) -> WebSetting:
    """Take the checked settings under `web:`."""
    people = tuple(
        Person(
            name,
            one["password"],
            one.get("role", "viewer"),
            tuple(domain.lower() for domain in one["domains"]) if "domains" in one else None,
        )
        for name, one in settings.get("people", {}).items()
    )
    return WebSetting(
        listen=settings.get("listen", DEFAULT),
        url=settings.get("url", "").rstrip("/") or None,
        certificate=Path(settings["certificate"]) if "certificate" in settings else None,
        key=Path(settings["key"]) if "key" in settings else None,
        proxies=tuple(settings.get("proxies", ())),
        people=people,
        tokens=tuple(settings.get("tokens", {}).items()),
    )
