"""Hand a message to a service: by a way of our own where there is one, else by Apprise, whose only door this is.

Our own ways are for services that keep incidents of their own, and for mail, which has threads (`senders/`).
Apprise knows some 250 services by their URL. It is imported when the first message leaves (0.2 s), told to show our
name and no picture from elsewhere, to follow no redirect (a redirected POST arrives empty and looks accepted), and
never to answer with an address that holds a password: `DeliveryError` names the service and what it said, with every
part of the URL that may be secret blotted out.
"""

import logging
import re
import threading
import warnings
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import msgspec

from mailwarden.alerts.telling.message import Limits, Message
from mailwarden.alerts.telling.own_words import OwnWords
from mailwarden.alerts.telling.senders.address import Address, blot, read_address
from mailwarden.alerts.telling.senders.alertmanager import Alertmanager
from mailwarden.alerts.telling.senders.mail import Mail, MailServer
from mailwarden.alerts.telling.senders.pagerduty import PagerDuty
from mailwarden.alerts.telling.senders.sender import Sender, Timeouts
from mailwarden.alerts.telling.senders.teams import card_of
from mailwarden.alerts.telling.senders.webhook import Webhook
from mailwarden.alerts.words.escape import markdown, printable
from mailwarden.alerts.words.library_words import heard
from mailwarden.parsers.errors import Coded, ConfigurationError, DeliveryError, changed, coded, joined

__all__ = ["Channel", "Channels", "schema_of"]

_log = logging.getLogger(__name__)

CONNECT_S = 4.0
ANSWER_S = 8.0
TOTAL_S = 20.0  # Apprise stops waiting for one service then
_load_lock = threading.Lock()
_UNREACHED = "A Connection error occurred"  # as Apprise begins to say that no answer came
_asset: Any = None


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """A way to reach people: its name in the configuration, its Apprise URL (a secret), and the readers' language."""

    name: str
    url: str
    language: str = "en"
    template: str = ""  # of the operator's own words; empty: ours
    customer: bool = False  # whoever reads it has no shell on the server

    def __repr__(self) -> str:
        return f"Channel(name={self.name!r}, service={schema_of(self.url)!r}, language={self.language!r})"


def schema_of(url: str) -> str:
    """Give the part of an Apprise URL that may be shown: `tgram` of `tgram://token/chat`."""
    scheme, found, _ = url.partition("://")
    return scheme.lower() if found and re.fullmatch(r"[a-z0-9]{1,20}", scheme, re.IGNORECASE) else "?"


class Channels:
    """The channels of the configuration, by name."""

    def __init__(
        self, channels: Iterable[Channel], *, connect_s: float = CONNECT_S, answer_s: float = ANSWER_S
    ) -> None:
        self._channels = {channel.name: channel for channel in channels}
        self._own_words: dict[str, OwnWords | None] = {}
        self._connect_s = connect_s
        self._answer_s = answer_s

    @property
    def names(self) -> list[str]:
        """The channels in the order of the configuration."""
        return list(self._channels)

    def language(self, name: str) -> str:
        """Give the language that a channel's readers speak."""
        return self._channels[name].language if name in self._channels else "en"

    def for_customer(self, name: str) -> bool:
        """Say whether a channel's readers have no shell on the server."""
        return name in self._channels and self._channels[name].customer

    def own_words(self, name: str) -> OwnWords | None:
        """Give the template of a channel; None where it has none."""
        if name not in self._own_words:
            source = self._channels[name].template if name in self._channels else ""
            self._own_words[name] = OwnWords(source) if source else None
        return self._own_words[name]

    def check(self) -> None:
        """Look at every URL without sending anything.

        Raises:
            ConfigurationError: with all URLs that no service understands.
        """
        faults = []
        for channel in self._channels.values():
            try:
                self._sender(channel)
            except DeliveryError as error:
                faults.append(error.said)
        if faults:
            raise ConfigurationError(faults)

    def limits(self, name: str) -> Limits:
        """Give what a channel's service takes, or what nearly all take when the channel cannot be used at all."""
        try:
            return self._sender(self._channels[name]).limits
        except (DeliveryError, KeyError):
            return Limits(250, 1000)

    def has_life(self, name: str) -> bool:
        """Say whether a channel keeps incidents of its own, which must be acknowledged and end there too."""
        return schema_of(self._url(name)) in _LIVES

    def is_program(self, name: str) -> bool:
        """Say whether a program reads it, which wants every notice by itself."""
        return schema_of(self._url(name)) in _PROGRAMS

    def is_mail(self, name: str) -> bool:
        """Say whether a mail program shows it."""
        return schema_of(self._url(name)) in _MAIL

    def mail_server(self, name: str) -> MailServer | None:
        """Give how a mail channel's mail leaves; None for another channel, or where it cannot be used at all."""
        channel = self._channels.get(name)
        try:
            return _mail_server(self._service(channel)) if channel and self.is_mail(name) else None
        except DeliveryError:
            return None

    def send(self, name: str, message: Message) -> None:
        """Send one message and return when the service has accepted it.

        Raises:
            DeliveryError: The service refused it, could not be reached, or took too long.
        """
        channel = self._channels.get(name)
        if channel is None:
            raise DeliveryError(
                coded(
                    "MW4101",
                    'channel "{name}": not in the configuration. Add it under alerts.channels.',
                    name=printable(name),
                )
            )
        sender = self._sender(channel)
        try:
            sender.send(message)
        except DeliveryError as error:
            said = changed(error.said, lambda text: blot(text, channel.url))
            raise DeliveryError(
                coded(
                    error.said.code, '{service} "{name}": {said}', service=sender.name, name=printable(name), said=said
                ),
                error.retry_after_s,
                error.status,
            ) from None

    def _url(self, name: str) -> str:
        return self._channels[name].url if name in self._channels else ""

    def _sender(self, channel: Channel) -> Sender:
        schema = schema_of(channel.url)
        timeouts = Timeouts(self._connect_s, self._answer_s)
        try:
            if schema in _OWN:
                return _OWN[schema](read_address(channel.url), timeouts)
        except DeliveryError as error:
            said = coded(
                error.said.code,
                'channel "{name}": {said}. Alerts to it would be lost.',
                name=printable(channel.name),
                said=error.said,
            )
            raise DeliveryError(said) from None
        service = self._service(channel)
        if schema in _MAIL:
            return Mail(_mail_server(service), timeouts, channel.language)
        return _Apprise(service, _FORMS.get(schema))

    def _service(self, channel: Channel) -> Any:
        apprise, asset = _apprise()
        try:
            service = apprise.Apprise.instantiate(channel.url, asset=asset)
        except Exception:  # its text may hold the URL
            service = None
        if service is None:
            schema = schema_of(channel.url)
            form = _form_of(schema)
            if form:
                raise DeliveryError(
                    coded(
                        "MW4103",
                        'channel "{name}": the URL "{schema}://…" is not complete. It is written like  {form}  (see {page}). '
                        "Alerts to it would be lost.",
                        name=printable(channel.name),
                        schema=schema,
                        form=form[0],
                        page=form[1],
                    )
                )
            raise DeliveryError(
                coded(
                    "MW4102",
                    'channel "{name}": no service understands the URL "{schema}://…". '
                    "Alerts to it would be lost. See  https://appriseit.com  for the form of each service's URL.",
                    name=printable(channel.name),
                    schema=schema,
                )
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


def _form_of(schema: str) -> tuple[str, str] | None:
    """Give the shortest form of a service's URL that names who is told, and the page about it; None: no such service."""
    from apprise.manager_plugins import NotificationManager

    services = NotificationManager()
    if schema not in services:
        return None
    templates: tuple[str, ...] = services[schema].templates
    wanted = (
        "{password}@{host}/{targets}" if schema in _MAIL else "{targets}"
    )  # hardly a mail server takes mail without
    form = min([one for one in templates if wanted in one] or templates, key=len, default="{schema}://…")
    return form.replace("{schema}", schema), services[schema].setup_url or "https://appriseit.com/services/"


def _notify(service: Any, message: Message) -> Coded | None:
    """Give what went wrong, or None when the service has accepted the message."""
    title, body, form = message.title, message.body, "text"
    if service.service_name in _MARKED:
        title, body, form = markdown(title), markdown(body), "markdown"
    apprise, asset = _apprise()
    sender = apprise.Apprise(asset=asset)
    sender.add(service)
    result = sender.notify(title=title, body=body, notify_type=message.tone, body_format=form)
    if result:
        return None
    said = [
        heard(entry["message"] if isinstance(entry, dict) else entry.message)
        for outcome in result
        for attempt in outcome
        for entry in attempt
        if (entry["level"] if isinstance(entry, dict) else entry.level) in ("WARNING", "ERROR")
    ]
    if not said:
        return coded("MW4104", "no answer in time")
    whole = joined(said, " ")
    code = "MW4104" if any(one.startswith(_UNREACHED) for one in said) else "MW4105"
    return coded(code, whole.msgid, **whole.values)


class _Apprise:
    """One of Apprise's services."""

    has_life = False
    is_program = False
    is_mail = False

    def __init__(self, service: Any, form: Callable[[Message], dict[str, Any]] | None = None) -> None:
        self._service = service
        self._form = form  # gives the payload where Apprise's own loses something
        self.name = str(getattr(service, "service_name", None) or type(service).__name__)
        self.limits = Limits(int(service.title_maxlen), int(service.body_maxlen))

    def send(self, message: Message) -> None:
        service = self._service
        if isinstance(getattr(service, "headers", None), dict):
            service.headers["X-Mailwarden-Id"] = message.id
        if self._form is not None:
            payload = self._form(message)
            service.gen_payload = lambda *_, **__: payload
        try:
            said = _notify(service, message)
        except Exception as error:  # a plugin's own fault must cost this delivery only
            _log.debug("plugin failed", exc_info=True)
            said = coded("MW4105", "{kind}: {error}", kind=type(error).__name__, error=error)
        if said is not None:
            raise DeliveryError(said)


def _mail_server(service: Any) -> MailServer:
    """Take out of Apprise's mail service what it made of the URL."""
    named = [*service.targets, *((False, address) for address in (*service.cc, *service.bcc))]
    return MailServer(
        host=service.smtp_host or service.host,
        port=int(service.port or 25),
        security=str(getattr(service.secure_mode, "value", service.secure_mode)),
        user=service.user or "",
        password=service.password or "",
        sender=service.from_addr[1],
        receivers=tuple(dict.fromkeys(address for _, address in named)),
        verify=bool(service.verify_certificate),
    )


_OWN: dict[str, Callable[[Address, Timeouts], Sender]] = {
    "pagerduty": PagerDuty,
    "alertmanager": partial(Alertmanager, tls=False),
    "alertmanagers": partial(Alertmanager, tls=True),
    "webhook": partial(Webhook, tls=False),
    "webhooks": partial(Webhook, tls=True),
}
_FORMS: dict[str, Callable[[Message], dict[str, Any]]] = {"workflow": card_of, "workflows": card_of}
_MARKED = frozenset({"Google Chat"})  # of plain text Apprise puts backslashes into commands there
_MAIL = frozenset({"mailto", "mailtos"})
_PROGRAMS = frozenset({"alertmanager", "alertmanagers", "webhook", "webhooks"})
_LIVES = _PROGRAMS | {"pagerduty"}
