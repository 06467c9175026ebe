"""What `doctor` looks at of alerts: the channels, the way that mail takes, the heartbeat."""

import ipaddress
import socket
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mailwarden.alerts.words.translate import N_
from mailwarden.parsers.errors import ConfigurationError, DeliveryError, MailwardenError, coded
from mailwarden.parsers.system_errors import reason
from mailwarden.pipeline.cli.check_state import Check
from mailwarden.pipeline.cli.session import Session
from mailwarden.pipeline.places import store_path

if TYPE_CHECKING:
    from mailwarden.pipeline.answers.failing import Failing

__all__ = ["channel_checks", "heartbeat_checks"]

_URL = N_("Write its URL anew under alerts.channels in {path}, then  mailwarden doctor --send")
_WAY = N_(
    "See that this machine reaches it (name, port, firewall), and that {path} names the right one under alerts.channels."
    " Then  mailwarden doctor --send"
)
_SECRET = N_(
    "For the service:  systemctl edit mailwarden  with [Service] and Environment=NAME=…; or let {path} name a file that root"
    " may read:  file:/etc/mailwarden/{name}.url"
)
_LATE = 3  # intervals without a beat: it does not beat any more


def channel_checks(session: Session, send: bool) -> Iterator[Check]:
    """Look at each channel; send it a test message where that is asked for."""
    from mailwarden.alerts.telling.channels import Channels
    from mailwarden.alerts.telling.message import trial

    settings, tongue = session.configuration.channels, session.tongue
    if not settings:
        says = tongue.gettext("none is set: nobody is told of anything")
        yield Check(tongue.gettext("channels"), "warning", says, "mailwarden setup", "MW4111")
    failing = _failing(session)
    for setting in settings:
        name = tongue.say(N_("channel {name}"), {"name": setting.name})
        values: dict[str, object] = {"name": setting.name, "path": session.configuration.path or "mailwarden.yml"}
        try:
            channels = Channels([setting.resolve(tongue.language)])
            channels.check()
            server = channels.mail_server(setting.name)
            if server is not None and _through_watched(session, server.host):
                yield Check(
                    name,
                    "warning",
                    tongue.say(
                        N_(
                            "its mail leaves through {host}, which is watched: when that fails or is blocked, nobody is told"
                        ),
                        {"host": server.host},
                    ),
                    tongue.gettext("Send alerts through another server, or add a channel that is no mail."),
                    "MW4112",
                )
            if not send and setting.name in failing:
                said = {"said": tongue.worded(failing[setting.name].said)}
                says = tongue.say(N_("does not take what waits for it: {said}"), said)
                yield Check(name, "error", says, "mailwarden doctor --send", "MW4109")
                continue
            if not send:
                yield Check(name, "ok", tongue.gettext("its address is well-formed; try it with --send"))
                continue
            text = tongue.gettext("This is a test. You will be told here when something goes wrong with your mail.")
            channels.send(setting.name, trial(tongue.gettext("mailwarden: test"), text, time.time_ns() // 1000))
            yield Check(name, "ok", tongue.gettext("took the test message"))
        except DeliveryError as error:
            yield Check.failed(name, error.said, tongue, tongue.say(_mend(error.status), values))
        except ConfigurationError as error:
            mend = _SECRET if "$" in setting.url or setting.url.startswith("file:") else _URL
            yield Check.failed(name, error.said, tongue, tongue.say(mend, values))
        except MailwardenError as error:
            yield Check.failed(name, error.said, tongue, tongue.say(_URL, values))


def _failing(session: Session) -> "dict[str, Failing]":
    from mailwarden.pipeline.answers.failing import failing_channels
    from mailwarden.pipeline.store import Reader, Store

    path = store_path(session.configuration.state_directory)
    try:
        if not path.exists():
            return {}
        with Store.open(path, read_only=True) as store:
            return failing_channels(Reader(store))
    except (MailwardenError, OSError):  # told by the check of the service
        return {}


def _mend(status: int | None) -> str:
    """Say what helps against a status of HTTP (RFC 9110, section 15; 429: RFC 6585), where it tells more than that it failed."""
    if status in (401, 403):
        return N_("It does not accept the key or password in alerts.channels. Mend it, then  mailwarden doctor --send")
    if status in (404, 405, 410):
        return N_("Nothing takes messages at this address. Mend it in alerts.channels, then  mailwarden doctor --send")
    if status == 429:
        return N_("It wants fewer messages. Wait a while, then  mailwarden doctor --send")
    if status is not None and status >= 500:
        return N_("The fault is on its side. See whether the service works, then  mailwarden doctor --send")
    return _WAY if status is None else _URL


def _through_watched(session: Session, host: str) -> bool:
    """Say whether mail to this host leaves through a server that is watched: this machine, or one of the site's."""
    site = session.configuration.site
    host = host.lower().rstrip(".")
    names = {name.lower() for name in (*site.hosts, socket.gethostname())}
    return host in names or host.partition(".")[0] in names or _is_here(host)


def _is_here(host: str) -> bool:
    """Say whether a name or address is this machine's: only then can one listen at it."""
    try:
        addresses = {one[4][0] for one in socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)}
    except (OSError, UnicodeError):  # no answer is no proof
        return False
    for address in addresses:
        family = socket.AF_INET6 if ipaddress.ip_address(address).version == 6 else socket.AF_INET
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.bind((address, 0))
        except OSError:
            continue
        return True
    return False


def heartbeat_checks(session: Session, send: bool) -> Iterator[Check]:
    """Look at the heartbeat as the service keeps it, or call it once where a test is asked for."""
    from mailwarden.pipeline.service.heartbeat import HEARTBEAT, beat_of, beat_once
    from mailwarden.pipeline.store import Store

    alerting, tongue = session.configuration.alerting, session.tongue
    if alerting is None or alerting.heartbeat is None:
        return
    setting, name = alerting.heartbeat, tongue.gettext("heartbeat")
    mend = tongue.gettext("Mend alerts.heartbeat in the configuration or the way to it, then  mailwarden doctor --send")
    path = store_path(session.configuration.state_directory)
    try:
        if send:
            error = beat_once(setting.resolved(), setting.method)
            if error is None:
                yield Check(name, "ok", tongue.gettext("took the call"))
            else:
                yield Check.failed(name, error, tongue, mend)
            return
        setting.resolved()
        beat = beat_of(None)
        if path.exists():
            with Store.open(path, read_only=True) as store:
                beat = beat_of(store.meta(HEARTBEAT))
    except MailwardenError as error:
        yield Check.failed(name, error.said, tongue, mend)
        return
    except OSError as error:
        said = coded("MW5106", "{place}: {message}", place=path.parent, message=reason(error))
        yield Check.failed(name, said, tongue)
        return
    now_us = time.time_ns() // 1000
    last_us = max(beat.ok_us, beat.failed_us)
    if beat.fails:
        since = tongue.time(beat.since_us, zone=session.zone, near_us=now_us)
        values: dict[str, object] = {"since": since, "error": tongue.worded(beat.said)}
        says = tongue.say(N_("does not get through since {since}: {error}"), values)
        yield Check(name, "error", says, mend, "MW4113")
    elif not last_us:
        yield Check(name, "not checked", tongue.gettext("was not called yet; try it with --send"), code="MW4115")
    elif now_us - last_us > _LATE * setting.interval_s * 1_000_000:
        last = {"last": tongue.time(last_us, zone=session.zone, near_us=now_us)}
        says = tongue.say(N_("was called last at {last}: the service does not watch"), last)
        yield Check(name, "error", says, "systemctl status mailwarden", "MW5301")
    else:
        age = tongue.duration((now_us - last_us) // 1_000_000)
        yield Check(name, "ok", tongue.say(N_("got through {age} ago"), {"age": age}))
