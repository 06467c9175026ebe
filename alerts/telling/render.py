"""Write what a person receives: at most ten lines that say what happened, to whom, since when, and the one next step.

A title of 60 characters (the shortest topic that a service in wide use allows) and a body of 900 (nothing is split).
What does not fit is cut from the evidence first; the sentence that judges and the next step are the last to go.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, tzinfo

from mailwarden.alerts.incidents.incident import Incident, Notification
from mailwarden.alerts.incidents.severity import SEVERITY_WORDS, severity_shape, severity_word
from mailwarden.alerts.risk.words import risk_line
from mailwarden.alerts.telling.cost import cost_lines
from mailwarden.alerts.telling.filling import filled_in, short_id, values_of
from mailwarden.alerts.telling.headline import TURNS, about, host_of, title_of
from mailwarden.alerts.telling.lines import BODY_LIMIT, LINE_LIMIT, TITLE_LIMIT, Line, Rendered, cut, fit
from mailwarden.alerts.telling.next_step import (
    customer_next,
    customer_step,
    next_step,
    page_of,
    step_of,
    told_step,
    way_on,
)
from mailwarden.alerts.telling.own_words import Words
from mailwarden.alerts.telling.proof import proofs
from mailwarden.alerts.telling.render_own import HEARTBEAT, render_heartbeat
from mailwarden.alerts.terms import severity_rank
from mailwarden.alerts.words.advice import Step
from mailwarden.alerts.words.escape import chat
from mailwarden.alerts.words.translate import N_, Translator, translator

__all__ = [
    "render",
    "render_digest",
    "render_plain",
    "words_of",
    "worst_part",
]

_WHY_LIMIT = 360
_MOST_NEWS = 2
_TOLD_LIMIT = 120  # of an incident that is one of several

_OF_RISK = ("server_risk", "domain_risk")
_TONES = {"critical": "failure", "high": "warning", "medium": "warning", "low": "info", "info": "info"}


def render(
    notification: Notification,
    language: str = "en",
    *,
    others: Iterable[str] = (),
    link: str | None = None,
    zone: tzinfo = UTC,
    title_limit: int = TITLE_LIMIT,
    body_limit: int = BODY_LIMIT,
    defang: bool = False,
    for_customer: bool = False,
) -> Rendered:
    """Write one notification for chat, mail or a pager.

    Args:
        notification: What is told; its text may come from an attacker.
        language: `en` or `ja`.
        others: The ids of the other incidents that are known, to find the shortest one for this.
        link: Where the local page stands, such as `http://localhost:8742`; None without one.
        zone: In which times are shown.
        title_limit: Characters of the title.
        body_limit: Characters of the body; below 200 little more than the sentence and the next step remain.
        defang: Whether log lines are written so that nothing in them becomes a link.
        for_customer: Whether the reader has no shell on the server: no command helps him.
    """
    if notification.incident.lead == HEARTBEAT:
        return render_heartbeat(notification, language, zone=zone, title_limit=title_limit, body_limit=body_limit)
    tongue = translator(language)
    incident = notification.incident
    others = list(others)
    short = short_id(incident.id, others)
    values = values_of(incident, short, tongue)
    fresh = _fresh(tongue, incident, zone)
    title, whole = title_of(tongue, notification, values, title_limit, zone, fresh[-1] if fresh else "")
    lines = [] if whole else [Line(_what(tongue, notification, values, zone), 9)]
    unsaid = [one for one in fresh if chat(one) not in title]
    lines += _story(tongue, notification, values, zone, others, unsaid, for_customer=for_customer)
    if for_customer:
        lines.append(Line(customer_next(tongue, notification, values)))
        lines += proofs(tongue, notification, defang=defang)
        lines.append(Line(page_of(notification, short, link), 5))
    else:
        lines.append(Line(next_step(tongue, notification, values, body_limit)))
        lines += proofs(tongue, notification, defang=defang)
        lines += way_on(tongue, notification, short, link)
    lines.append(Line(tongue.say(N_("Notice {id}"), {"id": notification.id[:64]}), 8))
    tone = "success" if notification.kind in ("ended", "acknowledged") else _TONES.get(incident.severity, "warning")
    return Rendered(id=notification.id, title=title, body=fit(lines, body_limit), tone=tone)


def render_digest(
    notifications: Sequence[Notification],
    language: str = "en",
    *,
    digest_id: str,
    others: Iterable[str] = (),
    link: str | None = None,
    zone: tzinfo = UTC,
    title_limit: int = TITLE_LIMIT,
    body_limit: int = BODY_LIMIT,
    for_customer: bool = False,
) -> Rendered:
    """Write many notifications as one message, the worst first, when there are too many to be told one by one."""
    tongue = translator(language)
    known = {*others, *(notification.incident.id for notification in notifications)}
    ranked = sorted(notifications, key=lambda each: (each.kind == "ended", -severity_rank(each.incident.severity)))
    worst, is_over = ranked[0].incident, ranked[0].kind == "ended"
    counts = Counter(
        TURNS["ended"] if each.kind == "ended" else SEVERITY_WORDS[each.incident.severity] for each in ranked
    )
    parts = tongue.gettext(", ").join(f"{tongue.gettext(word)} {number}" for word, number in counts.items())
    title = tongue.count(
        "{number} notice in one: {parts}", "{number} notices in one: {parts}", len(ranked), {"parts": parts}
    )
    hosts = {host_of(each.incident) for each in ranked}
    where = tongue.say(N_("{host}: {text}"), {"host": hosts.pop(), "text": title}) if len(hosts) == 1 else title
    shape = "✓" if is_over else severity_shape(worst.severity)
    title = chat(f"{shape} {where}") if len(chat(f"{shape} {where}")) <= title_limit else chat(f"{shape} {title}")
    lines = []
    for place, each in enumerate(ranked[: LINE_LIMIT - (5 if link else 4)]):
        lines.append(Line(_in_a_line(tongue, each.incident, known, zone, each.kind), 7 - place))
    if len(ranked) > len(lines):
        rest = len(ranked) - len(lines)
        lines.append(Line(tongue.count("and {number} more", "and {number} more", rest), 1))
    look = tongue.gettext("look at how it went") if is_over else tongue.gettext("look at the worst first")
    show = None if for_customer else f"mailwarden show {short_id(worst.id, known)}"
    if show or link:
        lines.append(Line(told_step(Step(look, show), tongue)))
    lines.append(Line(f"{link.rstrip('/')}/" if link else "", 3))
    lines.append(Line(tongue.say(N_("Notice {id}"), {"id": digest_id}), 8))
    tone = "success" if is_over else _TONES.get(worst.severity, "warning")
    return Rendered(id=digest_id, title=cut(title, title_limit), body=fit(lines, body_limit), tone=tone)


def _in_a_line(tongue: Translator, incident: Incident, known: Iterable[str], zone: tzinfo, kind: str = "opened") -> str:
    """Say an incident in one line of several: shape, id, what happened."""
    short = short_id(incident.id, known)
    shape = "✓" if kind == "ended" else severity_shape(incident.severity)
    text = tongue.say(incident.title, values_of(incident, short, tongue), zone=zone)
    fresh = _fresh(tongue, incident, zone) if kind == "worse" else []
    if fresh:
        text = about(incident, fresh[-1], tongue)[0]
    if kind in TURNS:
        word = tongue.say(TURNS[kind], {"word": severity_word(incident.severity, tongue)})
        text = tongue.say(N_("{word}: {text}"), {"word": word, "text": text})
    elif kind in ("quiet", "closed"):
        last = tongue.time(incident.last_seen_us, zone=zone)
        text = tongue.say(N_("{text} (quiet since {last})"), {"text": text, "last": last})
    return cut(f"{shape} {short} {text}", _TOLD_LIMIT)


def render_plain(
    notifications: Sequence[Notification],
    id: str,
    title_limit: int = TITLE_LIMIT,
    body_limit: int = BODY_LIMIT,
    *,
    for_customer: bool = False,
) -> Rendered:
    """Write what is beyond doubt, where the sentences cannot be written: a bare alert is better than none."""
    ranked = sorted(notifications, key=lambda each: -severity_rank(each.incident.severity))
    lines = [
        f"{severity_shape(each.incident.severity)} {each.incident.primary[1]}" for each in ranked[: LINE_LIMIT - 3]
    ]
    if not for_customer:
        lines = [f"{line}: `mailwarden show {each.incident.id}`" for line, each in zip(lines, ranked, strict=False)]
    worst = ranked[0].incident
    title = cut(chat(f"{severity_shape(worst.severity)} {worst.cause}: {worst.primary[1]}"), title_limit)
    body = cut("\n".join(chat(line) for line in [*lines, f"Notice {id}"]), body_limit)
    return Rendered(id=id, title=title, body=body, tone=_TONES.get(worst.severity, "warning"))


def words_of(
    notification: Notification,
    ours: Rendered,
    language: str,
    *,
    others: Iterable[str] = (),
    link: str | None = None,
    zone: tzinfo = UTC,
    for_customer: bool = False,
) -> Words:
    """Give the parts of a message for a template of the operator's; all but `ours` as `render` takes it."""
    tongue, incident = translator(language), notification.incident
    short = short_id(incident.id, others)
    values = values_of(incident, short, tongue)
    step = (customer_step if for_customer else step_of)(tongue, notification, values)
    return Words(
        title=ours.title,
        body=ours.body,
        kind=notification.kind,
        severity=incident.severity,
        word=severity_word(incident.severity, tongue),
        host=chat(host_of(incident)),
        about=chat(incident.primary[1]),
        what=chat(_what(tongue, notification, values, zone)),
        why=chat(tongue.sentence(incident.why, values, zone=zone)),
        first=tongue.time(incident.first_seen_us, zone=zone, near_us=notification.at_us),
        last=tongue.time(incident.last_seen_us, zone=zone, near_us=notification.at_us),
        events=incident.event_count,
        next=chat(step.text),
        command=chat(step.command or ""),
        id=short,
        link=f"{link.rstrip('/')}/i/{short}" if link else "",
    )


def worst_part(incident: Incident, tongue: Translator, zone: tzinfo) -> str:
    """Say what makes an incident as bad as it is, where that is a part of its story; else nothing."""
    part = incident.worst_part
    if part is None:
        return ""
    text = tongue.say(part.title, filled_in(part.values, part.primary, tongue), zone=zone)
    return tongue.say(N_("Its worst part: {text}."), {"text": text})


def _what(tongue: Translator, notification: Notification, values: Mapping[str, object], zone: tzinfo) -> str:
    """Say what happened; of what is over, what it was."""
    said = tongue.sentence(notification.incident.title, values, zone=zone)
    return tongue.say(N_("It was: {text}"), {"text": said}) if notification.kind == "ended" else said


def _story(
    tongue: Translator,
    notification: Notification,
    values: Mapping[str, object],
    zone: tzinfo,
    others: Iterable[str],
    fresh: Sequence[str],
    *,
    for_customer: bool,
) -> list[Line]:
    incident = notification.incident
    kind = notification.kind
    near = notification.at_us
    lines = []
    if kind == "summary":
        known = {*others, *(one.id for one in notification.named)}
        told = [_in_a_line(tongue, one, known, zone, one.status) for one in notification.named[: LINE_LIMIT - 5]]
        lines += [Line(text, 5 - place) for place, text in enumerate(told)]
    if kind == "worse":
        lines += _grown(tongue, incident, fresh)
    costs = cost_lines(incident, tongue, is_over=kind == "ended") if kind in ("worse", "ended") else []
    is_known = kind == "worse" and incident.told_lead == incident.lead != ""  # it was told, and has not changed
    if kind != "acknowledged" and not is_known and not (kind == "ended" and costs):
        lines.append(Line(cut(tongue.sentence(incident.why, values, zone=zone), _WHY_LIMIT), 8))
        if kind == "opened" and not for_customer:  # it may be another's
            lines.append(Line(cut(worst_part(incident, tongue, zone), _TOLD_LIMIT), 8))
    if kind not in ("acknowledged", "ended") and incident.lead not in _OF_RISK:  # whose sentence says it
        lines.append(Line(risk_line(incident.values, tongue), 4 if kind == "worse" else 6))
    if kind != "summary":
        lines.append(Line(_when(tongue, notification, zone, near), 6))
    return lines + [Line(cut(text, _WHY_LIMIT), 7) for text in costs]


def _grown(tongue: Translator, incident: Incident, fresh: Sequence[str]) -> list[Line]:
    """Say what is worse than when people were last told, and nothing that they know."""
    lines = []
    if incident.told_severity and incident.told_severity != incident.severity:
        now, before = severity_word(incident.severity, tongue), severity_word(incident.told_severity, tongue)
        lines.append(Line(tongue.say(N_("Now {now}, was {before}."), {"now": now, "before": before}), 7))
    for text in fresh:
        lines.append(Line(cut(tongue.say(N_("New: {text}."), {"text": text}), _TOLD_LIMIT), 8))
    return lines


def _fresh(tongue: Translator, incident: Incident, zone: tzinfo) -> list[str]:
    """Say what was found since people were last told, the newest last."""
    found = [news for news in incident.news if news.title != incident.title and news.rule not in _OF_RISK]
    return [
        tongue.say(news.title, filled_in(news.values, news.primary, tongue), zone=zone) for news in found[-_MOST_NEWS:]
    ]


def _when(tongue: Translator, notification: Notification, zone: tzinfo, near: int) -> str:
    incident = notification.incident
    times = {
        "first": tongue.time(incident.first_seen_us, zone=zone, near_us=near),
        "last": tongue.time(incident.last_seen_us, zone=zone, near_us=near),
        "lasted": tongue.duration((incident.last_seen_us - incident.first_seen_us) / 1_000_000),
        "count": incident.event_count,
    }
    if notification.kind == "worse" and incident.event_count > incident.told_count > 0:
        times["told"] = incident.told_count
        return tongue.say(N_("{count} events by now, {told} when it was last told; last seen {last}."), times)
    if notification.kind == "ended" and incident.first_seen_us == incident.last_seen_us:
        return tongue.say(N_("Quiet since {last}."), times)
    if notification.kind == "ended":
        return tongue.count(
            "Quiet since {last}. It lasted {lasted}: {count} event.",
            "Quiet since {last}. It lasted {lasted}: {count} events.",
            incident.event_count,
            times,
        )
    if notification.kind == "returned":
        return tongue.say(N_("It had ended, and is back since {first}, last seen {last}."), times)
    if notification.kind == "acknowledged":
        times["who"] = incident.acknowledged_by or "?"
        return tongue.say(N_("{who} is on it. Since {first}, last seen {last}."), times)
    if notification.kind == "repeated":
        return tongue.say(N_("Since {first}, last seen {last}. Nobody has said “on it” yet."), times)
    if notification.kind == "escalated":
        said = N_("Since {first}, last seen {last}. Nobody has said “on it” yet, so you are told as well.")
        return tongue.say(said, times)
    if incident.first_seen_us == incident.last_seen_us:
        return tongue.say(N_("Seen at {first}."), times)
    return tongue.say(N_("Since {first}, last seen {last}."), times)
