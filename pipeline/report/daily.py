"""The report of a day: its numbers, its incidents, and the two forms it takes."""

import time
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from email.message import EmailMessage
from typing import Any

import msgspec

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.risk.parts import NAMELESS
from mailwarden.alerts.terms import severity_rank
from mailwarden.alerts.words.translate import N_, translator
from mailwarden.pipeline.answers.natures import suspects
from mailwarden.pipeline.answers.risks import read_risks
from mailwarden.pipeline.report.as_it_was import as_it_was
from mailwarden.pipeline.report.csv import as_csv
from mailwarden.pipeline.report.document import Document, Section
from mailwarden.pipeline.report.domain import concerns
from mailwarden.pipeline.report.figures import Figures, day_start_us, measure_day
from mailwarden.pipeline.report.follow_up import seen_of_late
from mailwarden.pipeline.report.html import as_html
from mailwarden.pipeline.report.layout import date_text
from mailwarden.pipeline.report.lists import lists_section, measure_lists
from mailwarden.pipeline.report.mail import as_mail
from mailwarden.pipeline.report.names import measure_names, names_section
from mailwarden.pipeline.report.page import Page, verdict
from mailwarden.pipeline.report.pictures import Picture, attacks_picture, weeks_picture
from mailwarden.pipeline.report.risk import AtRisk, measure_risks, risk_section
from mailwarden.pipeline.report.sections import document
from mailwarden.pipeline.report.text import as_text
from mailwarden.pipeline.report.trends import Hours, by_hour
from mailwarden.pipeline.report.week import Weekly, measure_week, week_sections
from mailwarden.pipeline.showing.incident_json import as_data
from mailwarden.pipeline.showing.sentences import Sentences
from mailwarden.pipeline.store import Listing, Posture, Store, Unparsed

__all__ = ["Report", "build"]

_OLD_US = 86_400_000_000  # a report that is made by the next evening tells what has ended meanwhile; a later one what was then


class Report(msgspec.Struct, frozen=True):
    """What happened on a day, or on several."""

    first: date
    last: date
    zone: tzinfo
    language: str
    figures: Figures
    incidents: list[Incident]  # alive in that time and told by themselves, the worst first
    names: list[str]  # ids of all incidents, among which a short one must be unambiguous
    unparsed: list[Unparsed]
    waiting: int  # notifications not delivered
    host: str = ""
    domain: str | None = None
    server: str | None = None
    hours: Hours | None = None
    weekly: Weekly | None = None
    risks: list[AtRisk] = []
    names_seen: list[Posture] = []
    lists_heard: list[Listing] = []
    before: list[Incident] = []  # of a weekly report: what was told since the week before it began
    is_old: bool = False  # of a time so long over that incidents and risk are told as they stood then

    def as_text(self) -> str:
        """Give the report for a terminal or a mail: at most two screens, nothing in it that a terminal obeys."""
        return as_text(self.document())

    def document(self) -> Document:
        """Give the report in its reader's words, for whatever form it is to take."""
        made = self._with_standing(document(self._page()))
        if self.is_old and (self.incidents or self.risks):
            at = next((n for n, one in enumerate(made.sections) if one.name == "changes"), len(made.sections))
            made = msgspec.structs.replace(made, sections=[*made.sections[:at], self._as_of(), *made.sections[at:]])
        if self.weekly is None:
            return made
        at = next((n for n, one in enumerate(made.sections) if one.name == "changes"), len(made.sections))
        own = week_sections(self.weekly, self.before, self._page().sentences)
        return msgspec.structs.replace(made, sections=[*made.sections[:at], *own, *made.sections[at:]])

    def _as_of(self) -> Section:
        """Say of which time the state of things is, and what is not known of it any more."""
        tongue = translator(self.language)
        said = N_(
            "This report was made later. Incidents and risk stand in it as they did at the end of {day}; not kept are how many "
            "of an incident's events were of that time, what weighed in a risk, and which alerts waited."
        )
        text = tongue.say(said, {"day": date_text(self.last, tongue)})
        return Section(name="as_of", heading=tongue.gettext("As of that day"), said=text)

    def _with_standing(self, made: Document) -> Document:
        """Put how we stand with others before the log's own health."""
        at = next((n for n, one in enumerate(made.sections) if one.name == "health"), len(made.sections))
        tongue = translator(self.language)
        own = [
            risk_section(self.risks, tongue, self.zone),
            lists_section(self.lists_heard, tongue),
            names_section(
                self.names_seen, tongue, is_blind=self.server is None and bool(made.sections) and not self.lists_heard
            ),
        ]
        return msgspec.structs.replace(made, sections=[*made.sections[:at], *own, *made.sections[at:]])

    def picture(self) -> Picture | None:
        """Give the lines of the last weeks, or the chart of failed logins; None where there is nothing to draw."""
        tongue = translator(self.language)
        attacks = None if self.hours is None else attacks_picture(self.hours, tongue, self.zone)
        if self.weekly is None:
            return attacks
        return weeks_picture(self.weekly.weeks, tongue, attacks.alt if attacks else "") or attacks

    def is_quiet(self) -> bool:
        """Say whether nothing in it needs anybody: no incident to look at, no doubt, nothing left its usual."""
        return self.document().is_quiet

    def as_html(self) -> str:
        """Give the report as one HTML page that needs nothing else."""
        return as_html(self.document(), self.picture())

    def as_csv(self) -> str:
        """Give its tables for a spreadsheet."""
        return as_csv(self.document())

    def as_mail(self, domain: str, moment: datetime) -> EmailMessage:
        """Give it as a mail without sender and recipient; the same report always has the same Message-ID."""
        name = f"report.{self.first.isoformat()}.{self.last.isoformat()}.{self.domain or self.server or 'all'}.{self.language}"
        return as_mail(self.document(), self.picture(), domain=domain, moment=moment, name=name)

    def as_data(self) -> dict[str, Any]:
        """Give the report as data, times as epoch microseconds, incidents as `show --json` gives them."""
        page = self._page()
        return {
            "first": self.first.isoformat(),
            "last": self.last.isoformat(),
            "verdict": verdict(page),
            "incidents": [as_data(one, page.sentences) for one in self.incidents],
            "alerts_waiting": self.waiting,
            "made_later": self.is_old,
            **msgspec.to_builtins(self.figures),
            "risks": msgspec.to_builtins(self.risks),
            "names": [one._asdict() for one in self.names_seen],
            "listings": [one._asdict() for one in self.lists_heard],
            **({"week": msgspec.to_builtins(self.weekly)} if self.weekly is not None else {}),
        }

    def _page(self) -> Page:
        tongue = translator(self.language)
        has_no_shell = self.domain is not None
        sentences = Sentences(self.incidents, tongue, self.zone, ids=self.names, for_customer=has_no_shell)
        return Page(
            tongue=tongue,
            sentences=sentences,
            first=self.first,
            last=self.last,
            zone=self.zone,
            figures=self.figures,
            incidents=self.incidents,
            unparsed=self.unparsed,
            waiting=self.waiting,
            host=self.host,
            domain=self.domain,
            server=self.server,
        )


def build(
    store: Store,
    day: date,
    *,
    until: date | None = None,
    zone: tzinfo = UTC,
    language: str | None = None,
    host: str = "",
    domain: str | None = None,
    server: str | None = None,
    weekly: bool = False,
) -> Report:
    """Make the report of a day, or of the days up to `until`.

    Args:
        store: What was counted.
        day: The first day.
        until: The last day; None: the first.
        zone: Whose midnight begins a day.
        language: The reader's.
        host: Named in the report.
        domain: Make it for a person responsible for this domain: nothing of others is in it.
        server: Make it of one server of several, by the name that its lines bear; people and senders are the site's affair.
        weekly: Tell also what only weeks tell, of the week that ends with the last day.

    Raises:
        StoreError: The store cannot be read.
    """
    last = until or day
    domain = domain.lower() if domain else None
    to_us = day_start_us(last + timedelta(days=1), zone)
    is_old = int(store.meta("stream_us") or 0) >= to_us + _OLD_US
    seen = store.incidents(since_us=day_start_us(day, zone))
    if is_old:
        seen = [then for one in seen if (then := as_it_was(one, to_us)) is not None]
    alive = _alive(seen, to_us)
    server = server.lower() if server else None
    standings, _ = read_risks(store, called=host or NAMELESS)
    figures = measure_day(store, day, last, zone, domain, server, suspects(alive))
    if domain is not None:
        alive = [one for one in alive if concerns(one, domain)]
    if server is not None:
        alive = [one for one in alive if server in map(str.lower, one.hosts)]
    of_site = domain is None and server is None
    before_us = day_start_us(last - timedelta(days=13), zone)
    before = seen_of_late(store, before_us) if weekly and of_site else []
    return Report(
        first=day,
        last=last,
        zone=zone,
        language=language or "en",
        figures=figures,
        incidents=alive,
        names=store.found.ids(),
        unparsed=store.unparsed()[:3] if of_site and figures.not_understood and not is_old else [],
        waiting=store.outbox_counts(time.time_ns() // 1000).waiting if of_site and not is_old else 0,
        host=server or host,
        domain=domain,
        server=server,
        hours=by_hour(store, day, last, zone) if of_site else None,
        weekly=measure_week(store, last, zone, alive, before, standings) if weekly and of_site else None,
        risks=measure_risks(standings, figures.from_us, figures.to_us, domain, server),
        names_seen=measure_names(store, figures.from_us, figures.to_us, domain) if server is None else [],
        lists_heard=measure_lists(store, figures.from_us, figures.to_us, domain) if server is None else [],
        before=before,
        is_old=is_old,
    )


def _alive(incidents: Sequence[Incident], to_us: int) -> list[Incident]:
    there = [one for one in incidents if one.first_seen_us < to_us]
    ids = {one.id for one in there}
    alone = [one for one in there if one.parent not in ids]
    return sorted(
        alone, key=lambda one: (-severity_rank(one.severity), one.status == "closed", -one.event_count, one.id)
    )
