"""What an incident has cost: what went out, what became of it, who got in, and whose mail suffered."""

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.incidents.toll import Toll, is_mail
from mailwarden.alerts.words.translate import N_, Translator

__all__ = ["cost_lines"]

_NAMED = 3


def cost_lines(incident: Incident, tongue: Translator, *, is_over: bool = True) -> list[str]:
    """Give what an incident has cost so far, in sentences; none where that is not known.

    That nothing came of it is worth a sentence only when it is over.
    """
    lines = []
    if incident.toll is not None and is_mail(incident.cause, incident.primary[0]):
        lines.append(_mail(incident.toll, tongue, is_over=is_over))
    elif incident.toll is not None:
        lines += [_tries(incident, tongue), _logins(incident.toll, tongue)]
    elif incident.cause == "guessing":
        lines.append(_tries(incident, tongue))
    if incident.cause in ("listed", "service"):
        lines.append(_whose(incident, tongue))
    return [line for line in lines if line]


def _mail(toll: Toll, tongue: Translator, *, is_over: bool) -> str:
    """Say what somebody sent since it was noticed. What waits and what was taken out of the queue look alike in a log."""
    if not (toll.messages or toll.taken or toll.refused):
        return tongue.gettext("No mail of theirs was seen since it was noticed.") if is_over else ""
    left = toll.recipients - toll.taken - toll.refused
    values = {
        "messages": tongue.count("{number} message", "{number} messages", toll.messages),
        "recipients": tongue.count("{number} recipient", "{number} recipients", toll.recipients),
        "taken": toll.taken,
        "refused": toll.refused,
        "left": left,
    }
    said = N_("Mail since it was noticed: {messages} to {recipients}; {taken} taken, {refused} refused.")
    if not toll.messages:
        said = N_("No more mail since it was noticed; of the mail before it, {taken} taken, {refused} refused.")
    elif left < 0:  # what was on its way when it was noticed
        said = N_(
            "Mail since it was noticed: {messages} to {recipients}. With what was on its way then, {taken} taken,"
            " {refused} refused."
        )
    elif left > 0:
        said = N_(
            "Mail since it was noticed: {messages} to {recipients}; {taken} taken, {refused} refused, {left} still open."
        )
    return tongue.say(said, values)


def _tries(incident: Incident, tongue: Translator) -> str:
    """Say how many tries there were on how many accounts, from how many addresses."""
    tries = tongue.count("{number} try", "{number} tries", incident.event_count)
    accounts, addresses = incident.values.get("accounts", 0), incident.values.get("addresses", 0)
    if not accounts or not addresses:
        return ""
    values = {
        "tries": tries,
        "accounts": tongue.count("{number} account", "{number} accounts", int(accounts)),
        "addresses": tongue.count("{number} address", "{number} addresses", int(addresses)),
    }
    return tongue.say(N_("{tries} on {accounts}, from {addresses}."), values)


def _logins(toll: Toll, tongue: Translator) -> str:
    """Say who came in from where the guessers are."""
    if not toll.logins:
        return tongue.gettext("Nobody was seen to log in from there since it was noticed.")
    return tongue.say(N_("Logged in from there meanwhile: {names}."), {"names": _few(toll.logins, tongue)})


def _whose(incident: Incident, tongue: Translator) -> str:
    """Say whose mail was refused or waits, the most frequent first."""
    ranked = sorted(incident.senders, key=lambda name: (-incident.senders[name], name))
    names = [name for name in ranked if name]
    return tongue.say(N_("Whose mail it was: {names}."), {"names": _few(names, tongue)}) if names else ""


def _few(names: list[str], tongue: Translator) -> str:
    """Name the first, count the others."""
    text = tongue.gettext(", ").join(names[:_NAMED])
    more = len(names) - _NAMED
    if more <= 0:
        return text
    return tongue.count("{names} and {number} more", "{names} and {number} more", more, {"names": text})
