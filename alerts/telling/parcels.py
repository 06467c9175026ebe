"""Make messages of deliveries: one for each incident, or a digest when there are too many for a channel."""

import hashlib
import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import tzinfo
from typing import Protocol

import msgspec

from mailwarden.alerts.incidents.incident import Incident, Notification
from mailwarden.alerts.telling.delivery import Delivery
from mailwarden.alerts.telling.lines import BODY_LIMIT, TITLE_LIMIT, Rendered
from mailwarden.alerts.telling.message import Limits, Message
from mailwarden.alerts.telling.own_words import OwnWords, WordsFault
from mailwarden.alerts.telling.render import render, render_digest, render_plain, words_of
from mailwarden.alerts.telling.render_own import HEARTBEAT, render_fault
from mailwarden.alerts.telling.report_text import missing_text, report_text
from mailwarden.alerts.terms import UNNAMED
from mailwarden.alerts.words.translate import N_
from mailwarden.parsers.errors import coded

__all__ = ["JOINED", "Parcel", "Sender", "Writer", "joined"]

_log = logging.getLogger(__name__)

JOINED = frozenset({"opened", "worse", "repeated", "returned"})
"""Kinds that say the same when they come together."""

Group = tuple[Notification, list[str]]
"""One notification and the ids of the deliveries that it stands for."""

DIGEST = "digest-"
"""Begins the id of a message that stands for several incidents."""


class Sender(Protocol):
    """What an outbox needs of channels: `Channels` is one."""

    @property
    def names(self) -> list[str]:
        """All channels, in the order of the configuration."""

    def language(self, name: str) -> str:
        """Give a channel's language."""

    def limits(self, name: str) -> Limits:
        """Give what a channel takes."""

    def has_life(self, name: str) -> bool:
        """Say whether a channel keeps incidents of its own, which it must hear the end of."""

    def is_program(self, name: str) -> bool:
        """Say whether a program reads it, which wants each notice by itself."""

    def is_mail(self, name: str) -> bool:
        """Say whether a mail program shows it, which makes links of whatever looks like one."""

    def for_customer(self, name: str) -> bool:
        """Say whether whoever reads it has no shell on the server."""

    def send(self, name: str, message: Message) -> None:
        """Send, or raise DeliveryError."""


class Parcel(msgspec.Struct):
    """One message for one channel and the deliveries that it carries; or the news that channel `about` fails."""

    message: Message
    ids: list[str]
    digest: bool = False
    counts: bool = True  # towards a flood
    about: str | None = None


class Writer:
    """Writes messages for the channels, in their language and within their limits."""

    def __init__(
        self,
        sender: Sender,
        others: Callable[[], Iterable[str]],
        link: str | None,
        zone: tzinfo,
        reports: Callable[[str], bytes | None] = lambda _: None,
        called: str = "",
        own_words: Callable[[str], OwnWords | None] = lambda _: None,
    ) -> None:
        self._own_words = own_words
        self._sender = sender
        self._reports = reports
        self._others = others
        self._link = link
        self._zone = zone
        self._called = called

    def single(self, channel: str, notification: Notification, ids: list[str], now_us: int) -> Parcel:
        """Tell one notification."""
        notification = self._named(notification)
        limits = self._limits(channel)
        try:
            text = render(
                notification,
                self._sender.language(channel),
                others=self._others(),
                link=self._link,
                zone=self._zone,
                title_limit=limits.title,
                body_limit=limits.body,
                defang=self._sender.is_mail(channel),
                for_customer=self._sender.for_customer(channel),
            )
        except Exception:  # one sentence that cannot be written must silence neither this alert nor the others
            _log.exception("outbox: notice %s", notification.id)
            text = self._plain(channel, [notification], notification.id)
        else:
            text = self._in_own_words(channel, notification, text, limits)
        return Parcel(self._message(text, (notification,), now_us), ids)

    def _plain(self, channel: str, notifications: Sequence[Notification], id_: str) -> Rendered:
        is_customer = self._sender.for_customer(channel)
        return render_plain(notifications, id_, *self._limits(channel), for_customer=is_customer)

    def _in_own_words(self, channel: str, notification: Notification, ours: Rendered, limits: Limits) -> Rendered:
        """Write it as the operator's template says, where the channel has one that can be filled; else as we do."""
        own = self._own_words(channel)
        if own is None or notification.incident.lead == HEARTBEAT:
            return ours
        words = words_of(
            notification,
            ours,
            self._sender.language(channel),
            others=self._others(),
            link=self._link,
            zone=self._zone,
            for_customer=self._sender.for_customer(channel),
        )
        try:
            return own.message(ours, words, *limits)
        except WordsFault as fault:
            said = N_("channel {channel}: its template, line {line}: {fault} This notice was sent in our words.")
            _log.warning(coded("MW4114", said, channel=channel, line=fault.line, fault=fault.said))
            return ours

    def report(self, channel: str, notification: Notification, ids: list[str], now_us: int) -> Parcel:
        """Send a report: whole as mail, elsewhere as much of it as there is room for."""
        name = notification.incident.primary[1]
        language, is_customer = self._sender.language(channel), self._sender.for_customer(channel)
        raw = self._reports(name)
        limits = self._limits(channel)
        if raw is None:
            values = notification.incident.values
            title, body = missing_text(name, values, language, for_customer=is_customer)
            text = Rendered(id=notification.id, title=title, body=body, tone="warning")
            return Parcel(self._message(text, (), now_us), ids, counts=False)
        said = report_text(raw, name, limits, language, for_customer=is_customer)
        message = self._message(Rendered(id=notification.id, title=said[0], body=said[1], tone="info"), (), now_us)
        if self._sender.is_mail(channel):
            message = msgspec.structs.replace(message, mail=raw)
        return Parcel(message, ids, counts=False)

    def digest(self, channel: str, groups: Sequence[Group], now_us: int, id_: str | None = None) -> Parcel:
        """Tell many as one; `id_` names a digest that was decided before."""
        ids = [id for _, members in groups for id in members]
        notifications = [self._named(notification) for notification, _ in groups]
        id_ = id_ or DIGEST + hashlib.blake2b("\0".join(sorted(ids)).encode(), digest_size=10).hexdigest()
        limits = self._limits(channel)
        try:
            text = render_digest(
                notifications,
                self._sender.language(channel),
                digest_id=id_,
                others=self._others(),
                link=self._link,
                zone=self._zone,
                title_limit=limits.title,
                body_limit=limits.body,
                for_customer=self._sender.for_customer(channel),
            )
        except Exception:  # as above
            _log.exception("outbox: notice %s", id_)
            text = self._plain(channel, notifications, id_)
        return Parcel(self._message(text, tuple(notifications), now_us), ids, digest=True)

    def news(self, channel: str, about: str, error: str, since_us: int, waiting: int, now_us: int) -> Parcel:
        """Tell by one channel that another one fails."""
        limits = self._limits(channel)
        text = render_fault(
            about,
            error,
            since_us=since_us,
            waiting=waiting,
            language=self._sender.language(channel),
            zone=self._zone,
            title_limit=limits.title,
            body_limit=limits.body,
        )
        return Parcel(self._message(text, (), now_us), [], about=about)

    def over(self, id_: str, now_us: int) -> Parcel:
        """End what an earlier message said, for a channel that keeps a list."""
        return Parcel(Message(id=id_, title="", body="", over=(id_,), sent_us=now_us), [], counts=False)

    def _named(self, notification: Notification) -> Notification:
        """Give it with the name that people know the server by, where the site has none of its own."""
        incident = notification.incident
        if incident.site != UNNAMED or not self._called:
            return notification
        name, value = incident.primary
        primary = (name, self._called if name == "mailwarden.site" else value)
        named = msgspec.structs.replace(incident, site=self._called, primary=primary)
        return msgspec.structs.replace(notification, incident=named)

    def _limits(self, channel: str) -> Limits:
        """Give the room that a message has, where a service without titles puts ours into its body."""
        title, body = self._sender.limits(channel)
        title_limit = min(TITLE_LIMIT, title or TITLE_LIMIT)
        return Limits(title_limit, max(1, min(BODY_LIMIT, body - (0 if title else title_limit + 2))))

    def _message(self, text: Rendered, about: tuple[Notification, ...], now_us: int) -> Message:
        return Message(
            id=text.id,
            title=text.title,
            body=text.body,
            tone=text.tone,
            about=about,
            sent_us=now_us,
            link=self._where(about),
        )

    def _where(self, about: tuple[Notification, ...]) -> str | None:
        """Give where on the page a message is shown: its incident, or the first page where it tells of several."""
        if self._link is None or len(about) != 1 or about[0].kind == "summary":
            return self._link
        return f"{self._link.rstrip('/')}/i/{about[0].incident.id}"


def joined(deliveries: dict[str, Delivery]) -> list[Group]:
    """Make one notification of the turns of an incident that are due together.

    Its end stands by itself after a critical one; another whose beginning waited until then is told by its end alone.
    """
    groups: dict[tuple[str, str], Group] = {}
    for id, delivery in sorted(deliveries.items(), key=lambda item: _turn(item[1].notification)):
        newest = delivery.notification
        incident = newest.incident
        goes_on = (incident.id, "goes on")
        if newest.kind in JOINED:
            first, ids = groups.get(goes_on, (newest, []))
            now = _since(first.incident, incident)
            groups[goes_on] = (msgspec.structs.replace(first, incident=now, at_us=newest.at_us), [*ids, id])
        elif newest.kind == "ended":
            waited: list[str] = []
            if goes_on in groups and groups[goes_on][0].incident.severity != "critical":
                waited = groups.pop(goes_on)[1]
            _, before = groups.pop((incident.id, "ended"), (newest, []))
            groups[incident.id, "ended"] = (newest, [*before, *waited, id])
        else:
            groups[incident.id, id] = (newest, [id])
    return list(groups.values())


def _since(first: Incident, now: Incident) -> Incident:
    """Give an incident as it is, with what was told of it as it was at the first of several turns that come together."""
    news = now.news if first is now else [*first.news, *(one for one in now.news if one not in first.news)]
    return msgspec.structs.replace(
        now,
        told_count=first.told_count,
        told_severity=first.told_severity,
        told_lead=first.told_lead,
        news=news,
    )


def _turn(notification: Notification) -> tuple[int, int]:
    """Order the turns of an incident, several of which may fall on one instant."""
    return notification.at_us, notification.incident.told
