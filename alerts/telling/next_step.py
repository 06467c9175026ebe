"""The one thing to do next about an incident, and where all of it is told."""

from collections.abc import Mapping

from mailwarden.alerts.incidents.incident import Incident, Notification
from mailwarden.alerts.telling.headline import beginnings
from mailwarden.alerts.telling.lines import Line, cut
from mailwarden.alerts.words.advice import Step, customer_steps, steps
from mailwarden.alerts.words.translate import N_, Translator

__all__ = ["advice_key", "customer_next", "customer_step", "next_step", "page_of", "step_of", "told_step", "way_on"]

_COMMAND_LIMIT = 240

_AGAIN = {  # what lets a trouble that ended begin again, by the advice about it
    "takeover": N_("see that the password of {account} was changed, or it begins again"),
    "relay_open": N_("see that the relay was closed, or it begins again"),
    "script": N_("see that the script was mended, or it begins again"),
}

# What the advice is about when the incident does not say.
_ADVICE = {
    "guessing": "guessing_network",
    "takeover": "takeover",
    "relay": "relay_open",
    "sending": "sending_burst",
    "listed": "blocklist_named",
    "protocol": "protocol_abuse",
    "service": "service_error",
    "config": "look",
}


def advice_key(incident: Incident) -> str:
    """Give the key of the advice for an incident: its own, or the one for its cause."""
    return incident.advice or _ADVICE.get(incident.cause, "look")


def next_step(tongue: Translator, notification: Notification, values: Mapping[str, object], limit: int) -> str:
    """Give the one next step; where a message is shorter than it, as much of it as ends with a command that can be typed."""
    step = step_of(tongue, notification, values)
    said = told_step(step, tongue)
    show = f"mailwarden show {values['id']}"
    for text in (step.text, *beginnings(step.text), tongue.gettext("look at it")):
        if len(said) <= limit:
            break
        said = told_step(Step(text, show), tongue)
    return said


def customer_next(tongue: Translator, notification: Notification, values: Mapping[str, object]) -> str:
    """Give the next step of somebody without a shell as a sentence; nothing where it is over."""
    step = customer_step(tongue, notification, values)
    return told_step(step, tongue) if step.text else ""


def step_of(tongue: Translator, notification: Notification, values: Mapping[str, object]) -> Step:
    """Give the next step, cut to what a message has room for, with a command that is shorter than that."""
    incident, show = notification.incident, f"mailwarden show {values['id']}"
    if notification.kind == "summary":  # it stands for several, and for none that could be shown
        return Step(tongue.gettext("look at what is open"), "mailwarden")
    again = _AGAIN.get("takeover" if incident.cause == "takeover" else advice_key(incident))
    if notification.kind == "ended" and again and ("{account}" not in again or "account" in values):
        return Step(cut(tongue.say(again, values), _COMMAND_LIMIT), show)
    if notification.kind in ("ended", "acknowledged"):
        return Step(tongue.gettext("look at how it went"), show)
    step: Step = steps(advice_key(incident), incident.modules, values, tongue)[0]
    is_long = step.command is not None and len(step.command) > _COMMAND_LIMIT  # what is shown there has it whole
    return Step(cut(step.text, _COMMAND_LIMIT), show if is_long else step.command)


def customer_step(tongue: Translator, notification: Notification, values: Mapping[str, object]) -> Step:
    """Give what somebody without a shell is to do first; nothing where it is over."""
    if notification.kind in ("ended", "acknowledged", "summary"):
        return Step("")
    return Step(cut(customer_steps(advice_key(notification.incident), values, tongue)[0].text, _COMMAND_LIMIT))


def told_step(step: Step, tongue: Translator) -> str:
    """Say what to do, with its command where it has one."""
    if step.command is None:
        return tongue.say(N_("Next: {text}"), {"text": step.text})
    return tongue.say(N_("Next: {text}: {command}"), {"text": step.text, "command": f"`{step.command}`"})


def page_of(notification: Notification, short: str, link: str | None) -> str:
    """Give where on the page it is told; empty without a page."""
    if not link:
        return ""
    return f"{link.rstrip('/')}/{'' if notification.kind == 'summary' else f'i/{short}'}"


def way_on(tongue: Translator, notification: Notification, short: str, link: str | None) -> list[Line]:
    """Say where all of it is told, and how it is taken up or silenced, each line with its weight."""
    page = page_of(notification, short, link)
    if notification.kind in ("ended", "summary", "acknowledged"):
        return [Line(page, 3)] if page else []
    proof = tongue.say(N_("Proof and more: {command}"), {"command": f"`mailwarden show {short}`"})
    lines = [Line(f"{proof} · {page}" if page else proof, 5)]
    ways = {
        "on_it": f"`mailwarden silence {short} --on-it`",
        "normal": f"`mailwarden silence {short}`",
        "command": f"`mailwarden silence {short}`",
    }
    if notification.kind in ("repeated", "escalated"):
        ways["command"] = ways["on_it"]
        lines.append(Line(tongue.say(N_("Somebody is on it? {command}"), ways), 4))
    elif notification.incident.severity == "critical":
        lines.append(Line(tongue.say(N_("On it? {on_it} · Normal here? {normal}"), ways), 6))
    else:
        lines.append(Line(tongue.say(N_("Is this normal here? {command}"), ways), 4))
    return lines
