"""Write what mailwarden has to tell of itself: a channel that fails, a heartbeat that does not get through."""

from datetime import UTC, tzinfo

from mailwarden.alerts.incidents.incident import Incident, Notification, incident_id
from mailwarden.alerts.incidents.severity import severity_word
from mailwarden.alerts.telling.lines import BODY_LIMIT, TITLE_LIMIT, Line, Rendered, cut, fit
from mailwarden.alerts.words.escape import chat
from mailwarden.alerts.words.translate import N_, translator
from mailwarden.parsers.errors import packed, unpacked

__all__ = ["HEARTBEAT", "heartbeat_notice", "render_fault", "render_heartbeat"]

HEARTBEAT = "heartbeat"
"""What leads an incident that stands for a heartbeat that does not get through."""


def render_fault(
    channel: str,
    error: str,
    *,
    since_us: int,
    waiting: int,
    language: str = "en",
    zone: tzinfo = UTC,
    title_limit: int = TITLE_LIMIT,
    body_limit: int = BODY_LIMIT,
) -> Rendered:
    """Tell by one channel that another one fails."""
    tongue = translator(language)
    values = {
        "channel": channel,
        "error": tongue.told(error),
        "since_us": since_us,
        "word": severity_word("high", tongue),
    }
    title = "▲ " + tongue.say(N_("{word} mailwarden: channel {channel} fails"), values)
    notice = f"fault-{channel}-{since_us}"
    lines = [
        Line(tongue.say(N_("What it said: {error}"), values), 4),
        Line(
            tongue.count(
                "{number} notice took another way or waits since {since}.",
                "{number} notices took another way or wait since {since}.",
                waiting,
                {"since": tongue.time(since_us, zone=zone)},
            ),
            3,
        ),
        Line(
            tongue.say(
                N_("Next: {text}: {command}"),
                {"text": tongue.gettext("mend the channel, then test it"), "command": "`mailwarden doctor --send`"},
            )
        ),
        Line(tongue.say(N_("Notice {id}"), {"id": notice}), 8),
    ]
    return Rendered(id=notice, title=cut(chat(title), title_limit), body=fit(lines, body_limit))


def heartbeat_notice(
    site: str, error: str, since_us: int, at_us: int, *, is_over: bool, every_s: float
) -> Notification:
    """Make the notice that the heartbeat does not get through since an instant, or does again."""
    incident = Incident(
        id=incident_id(site, "service", "heartbeat", str(since_us), None),
        site=site,
        cause="service",
        primary=("mailwarden.site", site),
        category="service_fault",
        severity="high",
        title=N_("the heartbeat does not get through"),
        why="",
        lead=HEARTBEAT,
        values={"error": str(error), "worded": packed(error), "every_s": every_s},
        status="quiet" if is_over else "open",
        opened_us=since_us,
        first_seen_us=since_us,
        last_seen_us=at_us,
        event_count=1,
        told=2 if is_over else 1,
    )
    kind = "ended" if is_over else "opened"
    return Notification(id=f"heartbeat-{since_us}-{kind}", kind=kind, incident=incident, at_us=at_us)


def render_heartbeat(
    notification: Notification,
    language: str = "en",
    *,
    zone: tzinfo = UTC,
    title_limit: int = TITLE_LIMIT,
    body_limit: int = BODY_LIMIT,
) -> Rendered:
    """Tell that the heartbeat does not get through, or does again."""
    tongue = translator(language)
    incident, is_over = notification.incident, notification.kind == "ended"
    values = {
        **incident.values,
        "error": tongue.told(unpacked(incident.values.get("worded") or incident.values.get("error", ""))),
        "word": tongue.gettext("ENDED") if is_over else severity_word("high", tongue),
        "since": tongue.time(incident.first_seen_us, zone=zone, near_us=notification.at_us),
        "lasted": tongue.duration((notification.at_us - incident.first_seen_us) / 1_000_000),
    }
    if is_over:
        title = "✓ " + tongue.say(N_("{word} mailwarden: the heartbeat gets through again"), values)
        lines = [
            Line(
                tongue.say(N_("It did not since {since}, for {lasted}. Incidents were told all the while."), values), 4
            ),
            Line(tongue.say(N_("Next: {text}"), {"text": tongue.gettext("nothing; this is for your peace of mind")})),
        ]
    else:
        title = "▲ " + tongue.say(N_("{word} mailwarden: the heartbeat does not get through"), values)
        lines = [
            Line(
                tongue.say(
                    N_("Called every {every}, its receiver has not answered as it should since {since}: {error}"),
                    values,
                ),
                6,
            ),
            Line(
                tongue.gettext(
                    "Who watches it may think that mailwarden is down. It is not: incidents are told. But if it went down"
                    " now, nobody would notice."
                ),
                4,
            ),
            Line(
                tongue.say(
                    N_("Next: {text}: {command}"),
                    {
                        "text": tongue.gettext("mend alerts.heartbeat or the way to it, then test it"),
                        "command": "`mailwarden doctor --send`",
                    },
                )
            ),
        ]
    lines.append(Line(tongue.say(N_("Notice {id}"), {"id": notification.id}), 8))
    tone = "success" if is_over else "warning"
    return Rendered(id=notification.id, title=cut(chat(title), title_limit), body=fit(lines, body_limit), tone=tone)
