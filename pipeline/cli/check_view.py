"""What `mailwarden check` shows: the verdict, what is wrong and what to do, what nobody knows, what is in order."""

from collections.abc import Iterable, Mapping

from mailwarden.alerts.detection.listing_detector import listing_severity
from mailwarden.alerts.incidents.severity import severity_shape
from mailwarden.alerts.terms import severity_rank
from mailwarden.alerts.words.escape import printable
from mailwarden.alerts.words.posture import CHECKS, MEANINGS, REASONS, in_words, severity_of
from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.pipeline.cli.terminal import Line, Span, Style
from mailwarden.pipeline.probes.checkup import Checkup
from mailwarden.pipeline.probes.lists import Look
from mailwarden.pipeline.probes.outcome import Outcome
from mailwarden.pipeline.probes.words import hint_of, why_blind
from mailwarden.pipeline.showing.columns import columns

__all__ = ["view"]

_STYLES: dict[str, Style] = {"critical": "critical", "high": "critical", "medium": "watch", "low": "minor"}
_FROM = {
    "stated": N_("as you said"),
    "spf": N_("from its SPF record"),
    "mx": N_("its mail hosts"),
}
_VERDICT_AT = severity_rank("medium")


def view(checked: Checkup, tongue: Translator) -> list[Line]:
    """Give the lines."""
    wrong = sorted(
        (one for one in checked.outcomes if one.state == "wrong"),
        key=lambda one: -severity_rank(severity_of(one.state, one.reason)),
    )
    listed = [look for look in checked.lists.looks if look.judgement.state == "listed"]
    if checked.is_there is False:
        said = tongue.say(N_("● There is no domain {domain}."), {"domain": checked.domain})
        return [
            [Span(printable(said), "critical")],
            _step(tongue.gettext("check how it is spelt, and whether it was renewed")),
        ]
    lines: list[Line] = [*_verdict(checked, wrong, listed, tongue), *_seen(checked, tongue), []]
    lines += _listings(listed, tongue)
    for one in wrong:
        lines += _outcome(one, tongue)
    lines += _unknown(checked, tongue)
    lines += _in_order(checked, tongue)
    lines += _meanings({one.check for one in wrong}, bool(listed), tongue)
    return lines


def _verdict(checked: Checkup, wrong: list[Outcome], listed: list[Look], tongue: Translator) -> list[Line]:
    ranks = [severity_rank(severity_of(one.state, one.reason)) for one in wrong]
    for subject in _subjects(listed):
        weight = sum(look.judgement.weight for look in listed if look.subject == subject)
        ranks.append(severity_rank(listing_severity(weight)))
    bad, rest = sum(rank >= _VERDICT_AT + 1 for rank in ranks), sum(rank <= _VERDICT_AT for rank in ranks)
    values = {"domain": checked.domain}
    known = [one for one in checked.outcomes if one.state in ("ok", "wrong")]
    if not known and not any(look.judgement.state != "no answer" for look in checked.lists.looks):
        said = tongue.say(N_("? Nothing is known of {domain}: no name server answers."), values)
        return [
            [Span(printable(said), "watch")],
            [f"  → {tongue.gettext('set --resolver to a name server that answers')}"],
        ]
    if bad:
        said = tongue.count(
            "● {domain}: {number} thing is to be mended now.",
            "● {domain}: {number} things are to be mended now.",
            bad,
            values,
        )
        return [[Span(printable(said), "critical")]]
    if any(rank == _VERDICT_AT for rank in ranks):
        said = tongue.count(
            "▲ {domain}: nothing that stops its mail, {number} thing is worth mending.",
            "▲ {domain}: nothing that stops its mail, {number} things are worth mending.",
            rest,
            values,
        )
        return [[Span(printable(said), "watch")]]
    return [[Span(printable(tongue.say(N_("✓ {domain}: all that was seen is well."), values)), "ok")]]


def _subjects(looks: Iterable[Look]) -> list[str]:
    return sorted({look.subject for look in looks})


def _seen(checked: Checkup, tongue: Translator) -> list[Line]:
    """Say how sure it is: what was looked at, and how much of it answered."""
    answered = {zone.list.zone for zone in checked.lists.zones if not zone.reason}
    asked = {zone.list.zone for zone in checked.lists.zones}
    unknown = sum(one.state in ("no answer", "not checked") for one in checked.outcomes)
    values = {
        "addresses": tongue.names(list(checked.addresses)),
        "whence": tongue.gettext(_FROM[checked.found_from]),
        "answered": len(answered),
        "asked": len(asked),
    }
    said = tongue.say(N_("Seen: {addresses} ({whence}); {answered} of {asked} block lists answered"), values)
    if not checked.addresses:
        said = tongue.say(N_("Seen: no address; {answered} of {asked} block lists answered"), values)
    if unknown:
        said += tongue.count("; {number} check has no answer", "; {number} checks have no answer", unknown)
    lines: list[Line] = [[Span(printable(said), "faint")]]
    if not checked.addresses:
        lines.append([f"  → {tongue.gettext('name the address that its mail leaves from: --address IP')}"])
    if checked.lists.rewritten:
        said = tongue.gettext("your resolver makes up addresses for names that do not exist: use another one")
        lines.append([Span(f"  → {said}", "watch")])
    return lines


def _listings(listed: list[Look], tongue: Translator) -> list[Line]:
    lines: list[Line] = []
    for subject in _subjects(listed):
        own = [look for look in listed if look.subject == subject]
        severity = listing_severity(sum(look.judgement.weight for look in own))
        for look in sorted(own, key=lambda look: -look.judgement.weight):
            values = {
                "subject": subject,
                "list": look.list.name,
                "means": "; ".join(map(tongue.gettext, look.judgement.means)),
            }
            lines.append(_headed(severity, look.list.name, tongue.say(N_("{subject} is on it: {means}"), values)))
            hint = hint_of(look.judgement.hint, tongue)
            lines += [_step(hint)] if hint else []
            lines += [[Span(f"    {printable(look.words)}", "faint")]] if look.words else []
        urls = dict.fromkeys(look.list.delist for look in own if look.list.delist and look.judgement.weight > 0)
        lines.append(
            _step(tongue.gettext("find and stop what caused it; who asks first to be taken off is listed again"))
        )
        lines += [_step(tongue.say(N_("then ask for removal: {url}"), {"url": url})) for url in urls]
    return lines


def _outcome(one: Outcome, tongue: Translator) -> list[Line]:
    reason = REASONS[one.reason]
    values = values_of(one, tongue)
    lines = [_headed(reason.severity, tongue.gettext(CHECKS[one.check]), tongue.say(reason.what, values))]
    return [*lines, _step(tongue.say(reason.mend, values))] if reason.mend else lines


def values_of(one: Outcome, tongue: Translator) -> Mapping[str, object]:
    """Give what fills the sentences about an outcome."""
    about = {"subject": one.subject, "name": one.name, "now": one.now, "should": one.should or "?"}
    return in_words({**about, **one.details}, tongue)


def _headed(severity: str, name: str, said: str) -> Line:
    gap = " " * max(1, 14 - columns(name))
    return [
        Span(f"{severity_shape(severity)} ", _STYLES.get(severity, "minor")),
        Span(printable(name), "strong"),
        gap,
        printable(said),
    ]


def _step(said: str) -> Line:
    return [f"  → {printable(said)}"]


def _unknown(checked: Checkup, tongue: Translator) -> list[Line]:
    """Say what nobody knows, what is so for one reason in one line."""
    lines: list[Line] = []
    blind: dict[str, dict[str, None]] = {}
    for one in checked.outcomes:
        name = tongue.gettext(CHECKS[one.check])
        if one.reason == "no_answer":
            blind.setdefault(str(one.details.get("why")), {})[name] = None
        elif one.state in ("no answer", "not checked"):
            reason, values = REASONS[one.reason], values_of(one, tongue)
            said = tongue.say(N_("{name}: {says}"), {"name": name, "says": tongue.say(reason.what, values)})
            lines.append([Span("? ", "faint"), printable(said)])
            lines += [_step(tongue.say(reason.mend, values))] if reason.mend else []
    for zone in checked.lists.zones:
        if zone.reason:
            blind.setdefault(zone.reason, {})[zone.list.name] = None
    for word, names in blind.items():
        values = {"name": tongue.names(list(names)), "says": why_blind(word, tongue)}
        lines.append([Span("? ", "faint"), printable(tongue.say(N_("{name}: {says}"), values))])
    return lines


def _meanings(checks: set[str], is_listed: bool, tongue: Translator) -> list[Line]:
    """Say what the words mean, of those that something is wrong with."""
    words = [text for check, text in MEANINGS.items() if check in checks]
    if is_listed:
        words.append(N_("block list: names addresses that sent spam; receivers ask it before they take mail"))
    if not words:
        return []
    return [
        [],
        [Span(tongue.gettext("What the words mean"), "faint")],
        *([f"  {tongue.gettext(one)}"] for one in words),
    ]


def _in_order(checked: Checkup, tongue: Translator) -> list[Line]:
    well = dict.fromkeys(one.check for one in checked.outcomes if one.state == "ok" and not one.reason)
    optional = dict.fromkeys(
        one.check for one in checked.outcomes if one.state == "ok" and one.reason.endswith("_absent")
    )
    bad = {one.check for one in checked.outcomes if one.state == "wrong"}
    lines: list[Line] = []
    names = [tongue.gettext(CHECKS[check]) for check in well if check not in bad]
    clear = {look.list.zone for look in checked.lists.looks if look.judgement.state == "clear"}
    clear -= {look.list.zone for look in checked.lists.looks if look.judgement.state != "clear"}
    if clear:
        names.append(tongue.count("not on {number} block list", "not on {number} block lists", len(clear)))
    if names:
        said = tongue.say(N_("In order: {names}"), {"names": tongue.gettext(", ").join(names)})
        lines.append([Span("✓ ", "ok"), printable(said)])
    if optional:
        values = {"names": tongue.gettext(", ").join(tongue.gettext(CHECKS[check]) for check in optional)}
        lines.append(
            [Span("  ", "faint"), printable(tongue.say(N_("Not published, which is allowed: {names}"), values))]
        )
    return lines
