"""The report as text. A section that found something is a table of at most five rows; one that did not is one line."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date, tzinfo
from typing import NamedTuple

from mailwarden.alerts.escape import printable
from mailwarden.alerts.incident import Incident, severity_rank
from mailwarden.alerts.providers import provider_name
from mailwarden.alerts.render import severity_shape, severity_word
from mailwarden.alerts.translate import N_, Translator
from mailwarden.pipeline.cli.sentences import Sentences
from mailwarden.pipeline.cli.terminal import columns, wrap
from mailwarden.pipeline.report.figures import HISTORY_DAYS, Attacks, Counted, Figures, Measure, Provider
from mailwarden.pipeline.report.layout import WIDTH, Section, cut, date_text, more_text, pad, sentence, table
from mailwarden.pipeline.rollups import OTHER
from mailwarden.pipeline.store import Unparsed
from mailwarden.pipeline.words import CLASSES, MEASURES, PROTOCOLS

__all__ = ["Page", "page_text", "verdict"]

_ROWS = 5  # of a table, and of incidents
_LENGTH = 72  # lines: two screens of a laptop
_FEW = 5  # failed deliveries of a provider are worth a table from so many on, where they are
_RATIO = 0.05  # this part of its mail,
_MUCH = 200  # or so many
_MANY = 100  # recipients more or less than usual: what one newsletter makes of a person's mail
_UNDERSTOOD = 0.99  # below it the log is not well read

_ALL_CLEAR = N_("{logins} ({by}), all without TLS")
_TONES = {"critical": "critical", "high": "watch", "medium": "watch", "low": "minor", "info": "minor"}


class Page(NamedTuple):
    """A report and how its reader wants it."""

    tongue: Translator
    sentences: Sentences
    first: date
    last: date
    zone: tzinfo
    figures: Figures
    incidents: Sequence[Incident]
    unparsed: Sequence[Unparsed]
    waiting: int
    rows: int = _ROWS  # of a table, at most


def page_text(page: Page) -> str:
    """Write the report, with fewer rows a table where much happened."""
    text = ""
    for rows in range(_ROWS, 1, -1):
        text = _written(page._replace(rows=rows))
        if text.count("\n") <= _LENGTH:
            break
    return text


def _written(page: Page) -> str:
    mark = f"{_mark(page)} "
    first, *more = wrap(verdict(page), WIDTH - 2, WIDTH - 2)
    lines = [mark + first, *("  " + line for line in more)]
    if page.figures.lines or page.incidents:
        for make in _SECTIONS:
            section = make(page)
            apart = section.is_block and lines[-1] != ""
            lines += ["", *section.lines, ""] if apart else [*section.lines, *([""] if section.is_block else [])]
    return "\n".join(printable(line.rstrip()) for line in lines).rstrip() + "\n"


def verdict(page: Page) -> str:
    """Judge the time in a sentence."""
    tongue, figures = page.tongue, page.figures
    when = _when(page)
    tones = Counter(_TONES[one.severity] for one in page.incidents)
    parts = [
        tongue.count("{number} critical", "{number} critical", tones["critical"]),
        tongue.count("{number} to watch", "{number} to watch", tones["watch"]),
        tongue.count("{number} minor", "{number} minor", tones["minor"]),
    ]
    told = tongue.gettext(", ").join(
        part for part, tone in zip(parts, ("critical", "watch", "minor"), strict=True) if tones[tone]
    )
    if not figures.lines and not page.incidents:
        return tongue.say(
            N_("{when}: no line was read. Either mailwarden did not run, or its logs stood still."), {"when": when}
        )
    values: dict[str, object] = {"when": when, "told": told, "mail": _mail(page)}
    if tones["critical"] or tones["watch"]:
        return tongue.say(N_("{when}: {told}. {mail}"), values)
    if _is_doubtful(page):
        return tongue.say(N_("{when}: no trouble seen, but not all could be read or told, see below. {mail}"), values)
    if _refusing(figures):
        return tongue.say(N_("{when}: nothing urgent, but some mail was not taken, see below. {mail}"), values)
    if any(one.changed for one in figures.measures.values()):
        return tongue.say(N_("{when}: nothing urgent, but not all is as usual. {mail}"), values)
    if told:
        return tongue.say(N_("{when}: nothing that needs you ({told}). {mail}"), values)
    if figures.history_days < HISTORY_DAYS:  # what is normal is not known yet
        return tongue.say(N_("{when}: no trouble found. {mail}"), values)
    return tongue.say(N_("{when}: all normal. {mail}"), values)


# ---------------------------------------------------------------------- sections


def _incidents(page: Page) -> Section:
    """What happened, the worst first, with the next step of what needs a person."""
    tongue, sentences = page.tongue, page.sentences
    worth = [one for one in page.incidents if severity_rank(one.severity) >= severity_rank("medium")]
    shown = (worth or page.incidents)[:_ROWS]
    lines = []
    for one in shown:
        mark = f"{severity_shape(one.severity)} {severity_word(one.severity, tongue)}"
        row = f"{pad(mark, 11)} {pad(sentences.short(one.id), 5)} "
        room = WIDTH - columns(row)
        said = tongue.say(N_("{title} ({state})"), {"title": sentences.title(one), "state": _state(one, page)})
        title, *more = wrap(said, room, room - 2)
        lines.append(row + title)
        if more:  # a name can be as long as its owner likes
            lines.append(" " * columns(row) + ("… " if len(more) > 1 else "") + more[-1])
        if one in worth and one.status != "closed":
            lines += [" " * 18 + line for line in _next(one, sentences)]
    if len(page.incidents) > len(shown):
        lines.append(pad("", 18) + more_text(tongue, len(page.incidents) - len(shown)))
    return Section(lines, is_block=bool(lines))


def _next(incident: Incident, sentences: Sentences) -> list[str]:
    """Say what to do first, with its command; where that is long, where it stands."""
    room = WIDTH - 18
    look = f"mailwarden show {sentences.short(incident.id)}"
    step = sentences.steps(incident)[0]
    said = wrap(f"→ {step.text}", room, room - 2)
    if len(said) > 2:
        return [f"→ {look}"]
    command = step.command if step.command and columns(step.command) <= room - 2 else look
    return [said[0], *("  " + line for line in [*said[1:], command])]


def _changes(page: Page) -> Section:
    """What left its usual band."""
    tongue, figures = page.tongue, page.figures
    if figures.history_days < HISTORY_DAYS:
        return sentence(tongue.gettext("No history yet: after 7 days numbers get their usual value beside them."))
    changed = [one for one in figures.measures.values() if one.changed]
    if not changed:
        return sentence(tongue.gettext("Everything counted is near its usual value."))
    rows = [
        (tongue.gettext(MEASURES[one.name]), _number(tongue, one.count), _usual(tongue, one.usual), _word(tongue, one))
        for one in changed
    ]
    return table(
        tongue,
        page.rows,
        tongue.gettext("What changed"),
        ("", tongue.gettext("counted"), tongue.gettext("usual"), ""),
        rows,
        len(rows),
    )


def _attacks(page: Page) -> Section:
    tongue, attacks = page.tongue, page.figures.attacks
    if not attacks.tries:
        return sentence(tongue.gettext("No login failed."))
    said = _tried(attacks, tongue)
    if not page.figures.measures["failed_logins"].changed and not _has(page, "auth_attack", "account_takeover"):
        return sentence(said)
    head = (tongue.gettext("network"), tongue.gettext("tries"))
    rows = [(one.name, _number(tongue, one.count)) for one in attacks.networks.first]
    return table(tongue, page.rows, said, head, rows, attacks.networks.total)


def _tried(attacks: Attacks, tongue: Translator) -> str:
    """Say who failed to log in, and whether they tried accounts that exist."""
    strangers, known = attacks.stranger_tries, attacks.known_tries
    values: dict[str, object] = {
        "tries": tongue.count("{number} failed login", "{number} failed logins", attacks.tries),
        "networks": tongue.count("{number} network", "{number} networks", attacks.networks.total),
        "strangers": strangers,
        "known": known,
    }
    if not strangers:
        said = N_("{tries}, none by strangers.") if known else N_("{tries}; the log does not tell from where.")
        return tongue.say(said, values)
    if strangers == attacks.tries:
        who = tongue.count(
            "{tries}, by a stranger ({networks})", "{tries}, all by strangers ({networks})", strangers, values
        )
    elif known:
        who = tongue.say(N_("{tries}: {strangers} by strangers ({networks}), {known} by people known there"), values)
    else:
        who = tongue.say(N_("{tries}: {strangers} by strangers ({networks})"), values)
    whom = tongue.gettext("no account known here was tried")
    if attacks.accounts.total:
        whom = tongue.count(
            "{number} account known here was tried", "{number} accounts known here were tried", attacks.accounts.total
        )
    return tongue.say(N_("{who}; {whom}."), {"who": who, "whom": whom})


def _deliveries(page: Page) -> Section:
    tongue = page.tongue
    bad = _refusing(page.figures)
    if not bad:
        return Section()
    head = [
        tongue.gettext(word) for word in (N_("provider"), N_("sent"), N_("deferred"), N_("bounced"), N_("main reason"))
    ]
    rows = [
        (
            _provider(one.name, tongue),
            _number(tongue, one.sent),
            _number(tongue, one.deferred),
            _number(tongue, one.bounced),
            tongue.gettext(CLASSES[one.klass]) if one.klass in CLASSES else one.klass,
        )
        for one in bad
    ]
    return table(tongue, page.rows, tongue.gettext("Who did not take our mail"), head, rows, len(bad))


def _senders(page: Page) -> Section:
    tongue, figures = page.tongue, page.figures
    if not figures.senders:
        return Section()
    unusual = [one for one in figures.senders if one.usual is not None and _left(one.recipients, one.usual)]
    if not unusual and not _has(page, "outbound_spam"):
        return Section()
    head = [tongue.gettext(word) for word in (N_("sender"), N_("messages"), N_("recipients"), N_("usual"))] + [""]
    rows = [
        (
            one.name if one.kind == "account" else tongue.say(N_("{name} (script)"), {"name": one.name}),
            _number(tongue, one.messages),
            _number(tongue, one.recipients),
            _usual(tongue, one.usual),
            _word(
                tongue,
                Measure("", one.recipients, one.usual, one.usual is not None and _left(one.recipients, one.usual)),
            ),
        )
        for one in figures.senders
    ]
    return table(tongue, page.rows, tongue.gettext("Who sent most"), head, rows, figures.sender_count)


def _connections(page: Page) -> Section:
    tongue, figures = page.tongue, page.figures
    logins = sum(one.logins for one in figures.protocols)
    if not logins:
        return Section()
    clear = sum(one.clear for one in figures.protocols)
    encrypted = sum(one.encrypted for one in figures.protocols)
    by = tongue.gettext(", ").join(
        f"{PROTOCOLS.get(one.name) or cut(one.name or '?', 12)} {_number(tongue, one.logins)}"
        for one in figures.protocols[:4]
    )
    values: dict[str, object] = {
        "logins": tongue.count("{number} login", "{number} logins", logins),
        "by": by,
        "clear": clear,
        "unknown": logins - clear - encrypted,
    }
    if clear:
        said = N_("{logins} ({by}), {clear} of them without TLS") if clear < logins else _ALL_CLEAR
        head = (tongue.gettext("account without TLS"), tongue.gettext("logins"))
        rows = [(one.name, _number(tongue, one.count)) for one in figures.clear_accounts.first]
        return table(tongue, page.rows, tongue.say(said, values), head, rows, figures.clear_accounts.total)
    if encrypted == logins:
        return sentence(tongue.say(N_("{logins} ({by}), all with TLS."), values))
    if not encrypted:
        return sentence(tongue.say(N_("{logins} ({by}); the log does not tell whether with TLS."), values))
    return sentence(tongue.say(N_("{logins} ({by}), none seen without TLS ({unknown} not known)."), values))


def _vanishing(page: Page) -> Section:
    tongue, vanishing = page.tongue, page.figures.vanishing
    if not vanishing.total:
        return Section()
    head = (tongue.gettext("account"), tongue.gettext("messages"))
    said = tongue.gettext("Mail that may be missed: deleted by POP3 while the account is also read by IMAP")
    block = table(tongue, page.rows, said, head, _cells(tongue, vanishing.first), vanishing.total)
    step = "  → " + tongue.gettext("In that mail program, set: leave a copy on the server.")
    return Section([*block.lines, step], is_block=True)


def _health(page: Page) -> Section:
    tongue, figures = page.tongue, page.figures
    ratio = _understood(figures)
    values: dict[str, object] = {
        "lines": tongue.count("{number} line", "{number} lines", figures.lines),
        "ratio": _percent(figures.understood, _of_mail(figures), 2),
    }
    if not _of_mail(figures):
        return Section([tongue.say(N_("{lines} read, none of them of a mail server."), values)])
    lines = [tongue.say(N_("{lines} read, {ratio} % of the mail servers' understood."), values)]
    if ratio < _UNDERSTOOD:
        lines += [cut(f"  {_number(tongue, one.lines)} × {one.sample}", WIDTH) for one in page.unparsed]
        lines.append("  → mailwarden unparsed")
    if figures.data_loss:
        text = tongue.count(
            "{number} notice in the logs that lines were lost.",
            "{number} notices in the logs that lines were lost.",
            figures.data_loss,
        )
        lines.append(f"  ▲ {text}")
    if figures.attacks.backend_errors:
        text = tongue.count(
            "{number} login without a verdict: the login service was slow or failed, or the client left.",
            "{number} logins without a verdict: the login service was slow or failed, or the client left.",
            figures.attacks.backend_errors,
        )
        first, *more = wrap(f"■ {text}", WIDTH - 2, WIDTH - 4)
        lines += [f"  {first}", *(f"    {line}" for line in more)]
    if page.waiting:
        text = tongue.count(
            "{number} alert was not delivered yet.", "{number} alerts were not delivered yet.", page.waiting
        )
        lines.append(f"  ▲ {text}  → mailwarden doctor")
    return Section(lines, is_block=len(lines) > 1)


_SECTIONS: tuple[Callable[[Page], Section], ...] = (
    _incidents,
    _changes,
    _attacks,
    _deliveries,
    _senders,
    _connections,
    _vanishing,
    _health,
)


# ---------------------------------------------------------------------- words and cells


def _mark(page: Page) -> str:
    if page.incidents:
        worst = max(page.incidents, key=lambda one: severity_rank(one.severity)).severity
        if severity_rank(worst) >= severity_rank("medium"):
            return severity_shape(worst)
    return "✓" if page.figures.lines and not _is_doubtful(page) else "▲"


def _is_doubtful(page: Page) -> bool:
    """Say whether calm would be false: lines were lost or not understood, or nobody could be told."""
    figures = page.figures
    unread = not _of_mail(figures) or _understood(figures) < _UNDERSTOOD
    return bool(figures.data_loss or page.waiting or unread)


def _of_mail(figures: Figures) -> int:
    """Count the lines of mail servers."""
    return figures.understood + figures.not_understood


def _understood(figures: Figures) -> float:
    ours = _of_mail(figures)
    return figures.understood / ours if ours else 1.0


def _mail(page: Page) -> str:
    """Say in a few words how mail went."""
    tongue = page.tongue
    received, sent, deferred, bounced = (
        page.figures.measures[name].count for name in ("received", "sent", "deferred", "bounced")
    )
    if not sent + bounced + deferred:
        return tongue.count("{number} message received.", "{number} messages received.", received)
    ratio = _percent(sent, sent + bounced, 1)
    parts = [
        (received, N_("{number} received")),
        (sent, N_("{number} delivered ({ratio} %)")),
        (bounced, N_("{number} returned")),
        (deferred, N_("{number} had to wait")),
    ]
    told = [tongue.say(text, {"number": number, "ratio": ratio}) for number, text in parts if number]
    return tongue.say(N_("{mail}."), {"mail": tongue.gettext(", ").join(told)})


def _percent(part: int, whole: int, digits: int) -> str:
    """Write a share; 100 only where it is all."""
    if not whole:
        return "0"
    nearly_all = 100 - 10**-digits
    return f"{100.0 if part == whole else min(part / whole * 100, nearly_all):.{digits}f}"


def _state(incident: Incident, page: Page) -> str:
    tongue, figures = page.tongue, page.figures
    if incident.status == "closed":
        return tongue.gettext("ended")
    if incident.opened_us >= figures.from_us:
        return tongue.gettext("returned") if incident.previous else tongue.gettext("new")
    if incident.worse_us >= figures.from_us:
        return tongue.gettext("worse")
    return tongue.gettext("open")


def _when(page: Page) -> str:
    first = date_text(page.first, page.tongue)
    if page.first == page.last:
        return first
    return f"{first} – {date_text(page.last, page.tongue)}"


def _left(count: int, usual: float) -> bool:
    return abs(count - usual) >= _MANY and max(count, usual) >= 2 * min(count, usual)


def _refusing(figures: Figures) -> list[Provider]:
    """List the providers that did not take a good part of our mail."""
    failed = [(one, one.deferred + one.bounced) for one in sorted(figures.providers, key=lambda one: one.name == OTHER)]
    return [one for one, n in failed if n >= _FEW and (n >= _MUCH or n >= _RATIO * (one.sent + n))]


def _has(page: Page, *categories: str) -> bool:
    return any(
        one.category in categories and severity_rank(one.severity) >= severity_rank("medium") for one in page.incidents
    )


def _number(tongue: Translator, number: float) -> str:
    return tongue.value("number", number)


def _usual(tongue: Translator, usual: float | None) -> str:
    return "–" if usual is None else _number(tongue, round(usual))


def _word(tongue: Translator, measure: Measure) -> str:
    if not measure.changed or measure.usual is None:
        return ""
    if not measure.usual:
        return f"▲ {tongue.gettext('new')}"
    if not measure.count:
        return f"▼ {tongue.gettext('gone')}"
    return f"{'▲' if measure.count > measure.usual else '▼'} {_number(tongue, measure.count / measure.usual)}×"


def _provider(name: str, tongue: Translator) -> str:
    if name == OTHER:
        return tongue.gettext("all others")
    return provider_name(name)


def _cells(tongue: Translator, counted: Iterable[Counted]) -> list[tuple[str, str]]:
    return [(one.name, _number(tongue, one.count)) for one in counted]
