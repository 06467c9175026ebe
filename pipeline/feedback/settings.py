"""The `feedback:` part of the configuration as values: which places are looked at for reports of others, and how often."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from mailwarden.parsers.errors import ConfigurationError, WrongValueError, coded
from mailwarden.pipeline.configuration.secret import read_secret

__all__ = ["FeedbackSetting", "Mailbox", "is_this_machine", "mailbox_of"]

_LEAST = timedelta(minutes=1)
_PORTS = {"implicit": 993, "starttls": 143, "none": 143}
Tls = Literal["implicit", "starttls", "none"]
Afterwards = Literal["leave", "mark_read", "delete"]


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A folder of an IMAP server. `password` is as written; its secret is put in by `resolved` and never shown."""

    host: str
    user: str
    password: str = field(repr=False)
    folder: str = "INBOX"
    port: int = 993
    tls: Tls = "implicit"
    authorities: str | None = None  # PEM file of those who may have signed the server's certificate
    afterwards: Afterwards = "leave"

    def __str__(self) -> str:
        """Name it for people, and in the store: without what changes (port, password)."""
        return f"imap:{self.user}@{self.host}/{self.folder}"

    def secret(self, environment: Mapping[str, str] = os.environ) -> str:
        """Give the password.

        Raises:
            ConfigurationError: The variable or file that it names is not there.
        """
        try:
            return read_secret(self.password, environment)
        except WrongValueError as error:
            raise ConfigurationError(
                [
                    coded(
                        error.said.code,
                        "feedback: password of {mailbox}: {error}",
                        mailbox=self,
                        error=error.said,
                    )
                ]
            ) from None


@dataclass(frozen=True, slots=True)
class FeedbackSetting:
    """What is read, and how often. Nothing configured: nothing is read."""

    every: timedelta = timedelta(minutes=15)
    paths: tuple[Path, ...] = ()
    mailboxes: tuple[Mailbox, ...] = ()

    @classmethod
    def of(cls, settings: Mapping[str, Any], every: timedelta | None) -> "FeedbackSetting":
        """Take over settings that were found right."""
        return cls(
            every=max(every or timedelta(minutes=15), _LEAST),
            paths=tuple(Path(os.path.expanduser(one)) for one in settings.get("paths", ())),  # noqa: PTH111
            mailboxes=tuple(_mailbox(one) for one in settings.get("mailboxes", ())),
        )

    @property
    def wanted(self) -> bool:
        """Whether anything is to be read."""
        return bool(self.paths or self.mailboxes)


def _mailbox(one: Mapping[str, Any]) -> Mailbox:
    tls: Tls = one.get("tls", "implicit")
    authorities = one.get("authorities")
    return Mailbox(
        one["host"],
        one["user"],
        one["password"],
        one.get("folder", "INBOX"),
        one.get("port", _PORTS[tls]),
        tls,
        os.path.expanduser(authorities) if authorities else None,  # noqa: PTH111
        one.get("afterwards", "leave"),
    )


def is_this_machine(host: str) -> bool:
    """Say whether a password may go there unencrypted: nobody else sees it on the way."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def mailbox_of(url: str, password: str, known: Sequence[Mailbox] = ()) -> Mailbox:
    """Read `imaps://user@host/folder`; one that is configured is taken with all that is set of it.

    Raises:
        ValueError: It is no such address.
    """
    parts = urlsplit(url)
    try:
        host, port, user = parts.hostname, parts.port, unquote(parts.username or "")
    except ValueError:
        host = port = None
        user = ""
    if parts.scheme != "imaps" or not host or not user or parts.password or parts.query or parts.fragment:
        raise WrongValueError(
            coded("MW6205", '"{url}" is no mailbox. Write it like  imaps://reports@mail.example.org/INBOX', url=url)
        )
    found = Mailbox(host, user, password, unquote(parts.path.strip("/")) or "INBOX", port or 993)
    return next((one for one in known if str(one) == str(found)), found)
