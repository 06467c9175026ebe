"""Read a channel's URL, and keep its secrets out of what is shown."""

import base64
import re
import urllib.parse
from typing import NamedTuple

from mailwarden.alerts.words.escape import printable
from mailwarden.parsers.errors import DeliveryError, coded

__all__ = ["Address", "blot", "read_address"]

_SAID = 200  # characters of a service's answer that are shown
_SECRET = 4  # a part of an URL this long may be a secret


class Address(NamedTuple):
    """The parts of a channel's URL. `netloc` is host and port, without user and password."""

    user: str
    password: str
    netloc: str
    path: str
    query: dict[str, str]

    def basic_auth(self) -> dict[str, str]:
        """Give the header that bears user and password. Source: RFC 7617."""
        pair = f"{self.user}:{self.password}".encode()
        return {"Authorization": "Basic " + base64.b64encode(pair).decode()}


def read_address(url: str) -> Address:
    """Take a URL apart.

    Raises:
        DeliveryError: It is none.
    """
    try:
        split = urllib.parse.urlsplit(url)
        netloc = split.netloc.rpartition("@")[2]
        _ = split.port  # raises where it is none
    except ValueError as error:
        raise DeliveryError(coded("MW4103", "is no URL: {error}", error=printable(str(error)))) from None
    query = {name: values[-1] for name, values in urllib.parse.parse_qs(split.query, keep_blank_values=True).items()}
    unquote = urllib.parse.unquote
    return Address(unquote(split.username or ""), unquote(split.password or ""), netloc, split.path, query)


def blot(said: str, url: str) -> str:
    """Blot out of an answer what stands in the URL beside its scheme and host, then make it fit to be shown."""
    try:
        split = urllib.parse.urlsplit(url)
    except ValueError:  # a bracket without its other half
        split = urllib.parse.SplitResult("", "", "", "", "")
    keep = {split.scheme, split.netloc.rpartition("@")[2].rpartition(":")[2]}  # the port, where there is one
    if split.hostname and "." in split.hostname:
        keep.add(split.hostname.lower())
    parts = re.split(r"[/:@?&=#,;\s]+", url.partition("://")[2])
    secrets = {form for part in parts for form in (part, urllib.parse.unquote(part)) if len(form) >= _SECRET}
    for secret in sorted(secrets, key=len, reverse=True):
        if secret.lower() not in keep:
            said = said.replace(secret, "…")
    said = printable(" ".join(said.split()))
    return said if len(said) <= _SAID else said[: _SAID - 1] + "…"
