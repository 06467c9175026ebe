"""Hand a message to a service: the only door to Apprise.

Apprise knows some 250 services by their URL. It is imported when the first message leaves (0.2 s), told to show our
name and no picture from elsewhere, to follow no redirect (a redirected POST arrives empty and looks accepted), and
never to answer with an address that holds a password: `DeliveryError` names the service and what it said, with every
part of the URL that may be secret blotted out.
"""

import logging
import re
import threading
import urllib.parse
import warnings
from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from mailwarden.alerts.escape import printable
from mailwarden.parsers.errors import ConfigurationError, DeliveryError

__all__ = ["Channel", "Channels", "Limits", "Message", "schema_of"]

_log = logging.getLogger(__name__)

CONNECT_S = 4.0
ANSWER_S = 8.0
TOTAL_S = 20.0  # Apprise stops waiting for one service then
_SAID = 200  # characters of a service's answer that are shown
_SECRET = 4  # a part of an URL this long may be a secret
_load_lock = threading.Lock()
_asset: Any = None


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """A way to reach people: its name in the configuration, its Apprise URL (a secret), and the readers' language."""

    name: str
    url: str
    language: str = "en"

    def __repr__(self) -> str:
        return f"Channel(name={self.name!r}, service={schema_of(self.url)!r}, language={self.language!r})"


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel carries. `id` is the same when it is sent again; `tone` is what Apprise colours it by."""

    id: str
    title: str
    body: str
    tone: str = "warning"  # info, success, warning, failure


class Limits(NamedTuple):
    """How many characters a service takes; a title of 0 means that it goes into the body."""

    title: int
    body: int


def schema_of(url: str) -> str:
    """Give the part of an Apprise URL that may be shown: `tgram` of `tgram://token/chat`."""
    scheme, found, _ = url.partition("://")
    return scheme if found and re.fullmatch(r"[a-z0-9]{1,20}", scheme, re.IGNORECASE) else "?"


class Channels:
    """The channels of the configuration, by name."""

    def __init__(
        self, channels: Iterable[Channel], *, connect_s: float = CONNECT_S, answer_s: float = ANSWER_S
    ) -> None:
        self._channels = {channel.name: channel for channel in channels}
        self._connect_s = connect_s
        self._answer_s = answer_s

    @property
    def names(self) -> list[str]:
        """The channels in the order of the configuration."""
        return list(self._channels)

    def language(self, name: str) -> str:
        """Give the language that a channel's readers speak."""
        return self._channels[name].language if name in self._channels else "en"

    def check(self) -> None:
        """Look at every URL without sending anything.

        Raises:
            ConfigurationError: with all URLs that no service understands.
        """
        faults = []
        for channel in self._channels.values():
            try:
                self._service(channel)
            except DeliveryError as error:
                faults.append(str(error))
        if faults:
            raise ConfigurationError(faults)

    def limits(self, name: str) -> Limits:
        """Give what a channel's service takes, or what nearly all take when the channel cannot be used at all."""
        try:
            service = self._service(self._channels[name])
        except (DeliveryError, KeyError):
            return Limits(250, 1000)
        return Limits(int(service.title_maxlen), int(service.body_maxlen))

    def send(self, name: str, message: Message) -> None:
        """Send one message and return when the service has accepted it.

        Raises:
            DeliveryError: The service refused it, could not be reached, or took too long.
        """
        channel = self._channels.get(name)
        if channel is None:
            raise DeliveryError(f'channel "{printable(name)}": not in the configuration. Add it under alerts.channels.')
        service = self._service(channel)
        if isinstance(getattr(service, "headers", None), dict):
            service.headers["X-Mailwarden-Id"] = message.id
        try:
            said = _notify(service, message)
        except Exception as error:  # a plugin's own fault must cost this delivery only
            _log.debug("plugin failed", exc_info=True)
            said = f"{type(error).__name__}: {error}"
        if said is not None:
            raise DeliveryError(f'{_name(service)} "{printable(name)}": {_blot(said, channel.url)}')

    def _service(self, channel: Channel) -> Any:
        apprise, asset = _apprise()
        try:
            service = apprise.Apprise.instantiate(channel.url, asset=asset)
        except Exception:  # its text may hold the URL
            service = None
        if service is None:
            schema = schema_of(channel.url)
            raise DeliveryError(
                f'channel "{printable(channel.name)}": no service understands the URL "{schema}://…". '
                "Alerts to it would be lost. See  https://appriseit.com  for the form of each service's URL."
            )
        service.socket_connect_timeout = self._connect_s
        service.socket_read_timeout = self._answer_s
        return service


def _apprise() -> tuple[Any, Any]:
    global _asset
    with _load_lock, warnings.catch_warnings():
        # Apprise's mail plugin imports it when the plugins are first listed.
        warnings.filterwarnings("ignore", "'imghdr' is deprecated", DeprecationWarning)
        import apprise

        if _asset is None:
            _asset = apprise.AppriseAsset(
                app_id="mailwarden",
                app_desc="mailwarden",
                app_url="",
                image_url_mask="",
                image_url_logo="",
                image_path_mask=False,
                http_redirects=False,
                async_mode=False,
                allow_templates=False,
                pem_autogen=False,
                pgp_autogen=False,
                secure_logging=True,
                service_timeout=TOTAL_S,
                storage_mode="memory",
            )
            apprise.Apprise.instantiate("json://localhost", asset=_asset)
            logging.getLogger("apprise").addHandler(logging.NullHandler())
    return apprise, _asset


def _notify(service: Any, message: Message) -> str | None:
    """Give what went wrong, or None when the service has accepted the message."""
    apprise, asset = _apprise()
    sender = apprise.Apprise(asset=asset)
    sender.add(service)
    result = sender.notify(title=message.title, body=message.body, notify_type=message.tone, body_format="text")
    if result:
        return None
    said = [
        entry["message"] if isinstance(entry, dict) else entry.message
        for outcome in result
        for attempt in outcome
        for entry in attempt
        if (entry["level"] if isinstance(entry, dict) else entry.level) in ("WARNING", "ERROR")
    ]
    return " ".join(said) or "no answer in time"


def _name(service: Any) -> str:
    return str(getattr(service, "service_name", None) or type(service).__name__)


def _blot(said: str, url: str) -> str:
    """Blot out of an answer what stands in the URL beside its scheme and host, then make it fit to be shown."""
    try:
        split = urllib.parse.urlsplit(url)
    except ValueError:  # a bracket without its other half
        split = urllib.parse.SplitResult("", "", "", "", "")
    keep = (
        {split.scheme, (split.hostname or "").lower()} if split.hostname and "." in split.hostname else {split.scheme}
    )
    parts = re.split(r"[/:@?&=#,;\s]+", url.partition("://")[2])
    secrets = {form for part in parts for form in (part, urllib.parse.unquote(part)) if len(form) >= _SECRET}
    for secret in sorted(secrets, key=len, reverse=True):
        if secret.lower() not in keep:
            said = said.replace(secret, "…")
    said = printable(" ".join(said.split()))
    return said if len(said) <= _SAID else said[: _SAID - 1] + "…"
