"""The sections of a report, in the order in which they are read."""

from collections.abc import Callable

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.terms import severity_rank
from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.pipeline.answers.reading import size_text
from mailwarden.pipeline.answers.words import CLASSES, MEASURES, PROTOCOLS
from mailwarden.pipeline.report.document import Document, Grid, Note, Section, Story, Todo
from mailwarden.pipeline.report.figures import Attacks, Counted, Measure, Protocol
from mailwarden.pipeline.report.layout import cut
from mailwarden.pipeline.report.page import (
    UNDERSTOOD,
    Page,
    change_word,
    has,
    knows_usual,
    mark,
    number,
    of_mail,
    percent,
    provider_word,
    refusing,
    understood_ratio,
    usual_text,
    verdict,
)
from mailwarden.pipeline.report.who_sent import senders_section
from mailwarden.pipeline.rollup_span import OTHER

__all__ = ["document"]

_STORIES = 5  # incidents written out
_TODO = 5
_NUMBERS = 4  # columns of the table of providers that are its name and numbers
_PROTOCOLS = 4  # named in a sentence
_BLIND = N_(
    "Accounts here log in by names without a domain: whose they are is not known, and nothing of them is in this report."
    " site.default_domain says it, or logins by the whole address."
)
_ALL_CLEAR = N_("{logins} ({by}), all without TLS.")


def document(page: Page) -> Document:
    """Put a report into words."""
    tongue, figures = page.tongue, page.figures
    shape, tone = mark(page)
    judged = verdict(page)
    about = [page.domain or page.host]
    if page.domain is None:  # how much the server logs is not its customers' affair
        about.append(tongue.count("{number} line read", "{number} lines read", figures.lines))
    sections = [make(page) for make in _SECTIONS] if figures.lines or page.incidents else []
    return Document(
        language=tongue.language,
        verdict=judged,
        mark=shape,
        tone=tone,
        title=f"{shape} {page.domain or page.host}: {judged}" if page.domain or page.host else f"{shape} {judged}",
        about=" · ".join(part for part in about if part),
        sections=sections,
    )


def _stories(page: Page) -> Section:
    """What happened, the worst first, with the next step of what needs a person."""
    worth = [one for one in page.incidents if severity_rank(one.severity) >= severity_rank("medium")]
    shown = (worth or page.incidents)[:_STORIES]
    return Section(
        name="incidents",
        heading=page.tongue.gettext("Incidents"),
        is_calm=not shown,
        stories=[_story(one, page, is_worth=one in worth) for one in shown],
        stories_total=len(page.incidents),
    )


def _story(incident: Incident, page: Page, *, is_worth: bool) -> Story:
    sentences = page.sentences
    step = None
    if is_worth and incident.status != "closed":
        first = sentences.steps(incident)[0]
        step = Todo(first.text, first.command)
    return Story(
        short=sentences.short(incident.id),
        severity=incident.severity,
        title=sentences.title(incident),
        state=_state(incident, page),
        why=sentences.why(incident) if incident.why else "",
        is_worth=is_worth,
        todo=step,
    )


def _state(incident: Incident, page: Page) -> str:
    """Say how an incident stands; what came to it after the report's time stands in its sentences, so from when they are."""
    tongue = page.tongue
    state = _turn(incident, page)
    if incident.last_seen_us < page.figures.to_us:
        return state
    at = tongue.time(incident.last_seen_us, zone=page.zone, near_us=0)
    return tongue.say(N_("{state}, as of {at}"), {"state": state, "at": at})


def _turn(incident: Incident, page: Page) -> str:
    tongue, figures = page.tongue, page.figures
    if incident.status == "closed":
        return tongue.gettext("ended")
    if incident.opened_us >= figures.from_us:
        return tongue.gettext("returned") if incident.previous else tongue.gettext("new")
    if incident.worse_us >= figures.from_us:
        return tongue.gettext("worse")
    return tongue.gettext("open")


def _todo(page: Page) -> Section:
    """At most five steps, of the worst incidents first; each once."""
    steps: list[Todo] = []
    for incident in page.incidents:
        if len(steps) >= _TODO:
            break
        if severity_rank(incident.severity) < severity_rank("medium") or incident.status == "closed":
            continue
        for step in page.sentences.steps(incident)[:2]:
            text = step.text[:1].upper() + step.text[1:] if page.tongue.language == "en" else step.text
            found = Todo(text, step.command)
            if found not in steps:
                steps.append(found)
    return Section(name="todo", heading=page.tongue.gettext("To do"), is_calm=not steps, todo=steps[:_TODO])


def _changes(page: Page) -> Section:
    """What left its usual band."""
    tongue, figures = page.tongue, page.figures
    heading = tongue.gettext("What changed")
    head = ["", tongue.gettext("counted"), tongue.gettext("usual"), ""]
    measures = sorted(figures.measures.values(), key=lambda one: not one.changed)
    rows = [
        [
            tongue.gettext(MEASURES[one.name]),
            number(tongue, one.count),
            usual_text(tongue, one.usual),
            _band(tongue, one),
        ]
        for one in measures
        if one.count or one.changed
    ]
    changed = sum(one.changed for one in measures)
    grid = Grid(head, rows, len(rows), changed)
    if not knows_usual(figures):
        said = tongue.gettext("No history yet: after 7 days numbers get their usual value beside them.")
        return Section(name="changes", heading=heading, said=said, grid=grid)
    if not changed:
        return Section(
            name="changes",
            heading=heading,
            said=tongue.gettext("Everything counted is near its usual value."),
            grid=grid,
        )
    return Section(name="changes", heading=heading, said=heading, is_calm=False, grid=grid)


def _band(tongue: Translator, measure: Measure) -> str:
    if measure.usual is None:
        return ""
    return change_word(tongue, measure) or tongue.gettext("normal")


def _connections(page: Page) -> Section:
    tongue, figures = page.tongue, page.figures
    heading = tongue.gettext("How people connect")
    logins = sum(one.logins for one in figures.protocols)
    if not logins:
        return Section(name="connections", heading=heading)
    clear = sum(one.clear for one in figures.protocols)
    named = bool(clear and figures.clear_accounts)
    encrypted = sum(one.encrypted for one in figures.protocols)
    names = {one.name: PROTOCOLS.get(one.name) or one.name or "?" for one in figures.protocols}
    by = tongue.gettext(", ").join(
        f"{cut(names[one.name], 12)} {number(tongue, one.logins)}" for one in figures.protocols[:_PROTOCOLS]
    )
    values: dict[str, object] = {
        "logins": tongue.count("{number} login", "{number} logins", logins),
        "by": by,
        "clear": clear,
        "unknown": logins - clear - encrypted,
    }
    head = [tongue.gettext(word) for word in (N_("protocol"), N_("logins"), N_("accounts"), N_("TLS"), N_("fetched"))]
    rows = [
        [
            names[one.name],
            number(tongue, one.logins),
            number(tongue, one.accounts) if page.server is None else "",
            _tls(one, tongue),
            size_text(one.fetched_bytes, tongue) if one.fetched_bytes else "",
        ]
        for one in figures.protocols
    ]
    grid = Grid(head, rows, len(rows), 0, [one.logins / logins for one in figures.protocols])
    if clear:  # whose they are stands below; of one server it is told for the site
        said = N_("{logins} ({by}), {clear} of them without TLS.") if clear < logins else _ALL_CLEAR
    elif encrypted == logins:
        said = N_("{logins} ({by}), all with TLS.")
    elif not encrypted:
        said = N_("{logins} ({by}); the log does not tell whether with TLS.")
    else:
        said = N_("{logins} ({by}), none seen without TLS ({unknown} not known).")
    return Section(name="connections", heading=heading, said=tongue.say(said, values), is_calm=not named, grid=grid)


def _in_clear(page: Page) -> Section:
    """Who still lets a password cross the network as it is."""
    tongue, figures = page.tongue, page.figures
    heading = tongue.gettext("Accounts that come without TLS")
    if not figures.clear_accounts or not any(one.clear for one in figures.protocols):
        return Section(name="clear", heading=heading)
    head = [tongue.gettext(word) for word in (N_("account"), N_("protocol"), N_("logins"), N_("most often from"))]
    rows = [
        [one.name, PROTOCOLS.get(one.protocol, one.protocol), number(tongue, one.logins), one.network]
        for one in figures.clear_accounts
    ]
    grid = Grid(head, rows, figures.clear_total, figures.clear_total)
    notes = [Note("→ mailwarden people --without-tls")] if page.domain is None else []
    return Section(name="clear", heading=heading, said=heading, is_calm=False, grid=grid, notes=notes)


def _tls(one: Protocol, tongue: Translator) -> str:
    """Say which part of the logins was encrypted, and the oldest version where it is out of use."""
    if not one.encrypted:
        return "0 %" if one.clear == one.logins else tongue.gettext("not known")
    share = f"{percent(one.encrypted, one.logins, 1)} %"
    return f"{share} ({one.oldest_tls})" if one.oldest_tls.startswith(("ssl", "1.0", "1.1")) else share


def _vanishing(page: Page) -> Section:
    tongue, figures = page.tongue, page.figures
    heading = tongue.gettext("Mail that may vanish")
    if not figures.vanishing:
        return Section(name="vanishing", heading=heading)
    head = [tongue.gettext(word) for word in (N_("account"), N_("messages"), N_("most often from"))]
    rows = [[one.name, number(tongue, one.deleted), one.network] for one in figures.vanishing]
    return Section(
        name="vanishing",
        heading=heading,
        said=tongue.gettext("Mail that may be missed: deleted by POP3 while the account is also read by IMAP"),
        is_calm=False,
        grid=Grid(head, rows, figures.vanishing_total, figures.vanishing_total),
        notes=[Note("→ " + tongue.gettext("In that mail program, set: leave a copy on the server."))],
    )


def _deliveries(page: Page) -> Section:
    tongue, figures = page.tongue, page.figures
    heading = tongue.gettext("Delivery by provider")
    if not figures.providers:
        return Section(name="deliveries", heading=heading)
    bad = refusing(figures)
    head = [
        tongue.gettext(word) for word in (N_("provider"), N_("sent"), N_("deferred"), N_("bounced"), N_("main reason"))
    ]
    rows = [
        [
            provider_word(one.name, tongue),
            number(tongue, one.sent),
            number(tongue, one.deferred),
            number(tongue, one.bounced),
            tongue.gettext(CLASSES[one.klass]) if one.klass in CLASSES else one.klass,
        ]
        for one in [*bad, *(one for one in figures.providers if one not in bad)]
    ]
    if not any(one.klass for one in figures.providers):  # of a domain it is not counted
        head, rows = head[:-1], [row[:-1] for row in rows]
    grid = Grid(head, rows, len(rows), len(bad), worded=len(head) > _NUMBERS)
    said = tongue.gettext("Who did not take our mail") if bad else ""
    return Section(name="deliveries", heading=heading, said=said, is_calm=not bad, grid=grid)


def _attacks(page: Page) -> Section:
    tongue, attacks = page.tongue, page.figures.attacks
    heading = tongue.gettext("Login attacks")
    if not attacks.tries:
        return Section(name="attacks", heading=heading, said=tongue.gettext("No login failed."))
    calm = not page.figures.measures["failed_logins"].changed and not has(page, "auth_attack", "account_takeover")
    head = [tongue.gettext("network"), tongue.gettext("tries")]
    rows = _cells(tongue, attacks.networks.first)
    grid = _grid(head, rows, attacks.networks.total) if rows else None
    if page.domain is not None:  # from where is not told: others are tried from there too
        said = tongue.count(
            "{tries}, to {number} account of this domain.",
            "{tries}, to {number} accounts of this domain.",
            attacks.accounts.total + attacks.unknown_accounts,
            {"tries": tongue.count("{number} failed login", "{number} failed logins", attacks.tries)},
        )
        head = [tongue.gettext("account"), tongue.gettext("tries")]
        grid = _grid(head, _cells(tongue, attacks.accounts.first), attacks.accounts.total)
        return Section(name="attacks", heading=heading, said=said, is_calm=calm, grid=grid)
    if page.server is not None:  # from where, and whom, is told for the site
        said = tongue.say(
            N_("{tries} on this server."),
            {"tries": tongue.count("{number} failed login", "{number} failed logins", attacks.tries)},
        )
        return Section(name="attacks", heading=heading, said=said, is_calm=calm)
    return Section(name="attacks", heading=heading, said=_tried(attacks, tongue), is_calm=calm, grid=grid)


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


def _health(page: Page) -> Section:
    tongue, figures = page.tongue, page.figures
    heading = tongue.gettext("Log health")
    if page.domain is not None:  # the server's affair
        notes = [Note(tongue.gettext(_BLIND), "watch")] if figures.is_blind else []
        return Section(name="health", heading=heading, is_calm=not notes, notes=notes)
    values: dict[str, object] = {
        "lines": tongue.count("{number} line", "{number} lines", figures.lines),
        "ratio": percent(figures.understood, of_mail(figures), 2),
    }
    if not of_mail(figures):
        said = tongue.say(N_("{lines} read, none of them of a mail server."), values)
        return Section(name="health", heading=heading, said=said)
    notes = []
    if understood_ratio(figures) < UNDERSTOOD:
        notes += [Note(f"{number(tongue, one.lines)} × {one.sample}") for one in page.unparsed]
        notes.append(Note("→ mailwarden unparsed"))
    if figures.data_loss:
        text = tongue.count(
            "{number} notice in the logs that lines were lost.",
            "{number} notices in the logs that lines were lost.",
            figures.data_loss,
        )
        notes.append(Note(text, "watch"))
    if figures.late:
        text = tongue.count(
            "{number} line came behind later ones of other logs: what it began may be told as later.",
            "{number} lines came behind later ones of other logs: what they began may be told as later.",
            sum(figures.late.values()),
        )
        notes.append(Note(text, "minor"))
    if figures.attacks.backend_errors:
        text = tongue.count(
            "{number} login without a verdict: the login service was slow or failed, or the client left.",
            "{number} logins without a verdict: the login service was slow or failed, or the client left.",
            figures.attacks.backend_errors,
        )
        notes.append(Note(text, "minor"))
    if page.waiting:
        text = tongue.count(
            "{number} alert was not delivered yet.", "{number} alerts were not delivered yet.", page.waiting
        )
        notes.append(Note(text, "watch", "mailwarden doctor"))
    said = tongue.say(N_("{lines} read, {ratio} % of the mail servers' understood."), values)
    return Section(name="health", heading=heading, said=said, is_calm=not notes, notes=notes)


_SECTIONS: tuple[Callable[[Page], Section], ...] = (
    _stories,
    _todo,
    _changes,
    _connections,
    _in_clear,
    _vanishing,
    _deliveries,
    senders_section,
    _attacks,
    _health,
)


def _grid(head: list[str], rows: list[list[str]], total: int) -> Grid:
    return Grid(head, rows, total, total)


def _cells(tongue: Translator, counted: list[Counted]) -> list[list[str]]:
    """Write names and their counts; what was counted together, beyond what is named in an hour, comes last."""
    named = sorted(counted, key=lambda one: one.name == OTHER)
    return [
        [tongue.gettext("all others") if one.name == OTHER else one.name, number(tongue, one.count)] for one in named
    ]
