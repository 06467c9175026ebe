"""The report of a day: its numbers, its incidents, and the two forms it takes."""

from collections.abc import Sequence
from datetime import UTC, date, tzinfo
from typing import Any

import msgspec

from mailwarden.alerts.incident import Incident, severity_rank
from mailwarden.alerts.translate import translator
from mailwarden.pipeline.cli.incident_json import as_data
from mailwarden.pipeline.cli.sentences import Sentences
from mailwarden.pipeline.report.document import Document
from mailwarden.pipeline.report.figures import Figures, measure_day
from mailwarden.pipeline.report.page import Page, verdict
from mailwarden.pipeline.report.sections import document
from mailwarden.pipeline.report.text import as_text
from mailwarden.pipeline.store import Store, Unparsed

__all__ = ["Report", "build"]


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

    def as_text(self) -> str:
        """Give the report for a terminal or a mail: at most two screens, nothing in it that a terminal obeys."""
        return as_text(self.document())

    def document(self) -> Document:
        """Give the report in its reader's words, for whatever form it is to take."""
        return document(self._page())

    def as_data(self) -> dict[str, Any]:
        """Give the report as data, times as epoch microseconds, incidents as `show --json` gives them."""
        page = self._page()
        return {
            "first": self.first.isoformat(),
            "last": self.last.isoformat(),
            "verdict": verdict(page),
            "incidents": [as_data(one, page.sentences) for one in self.incidents],
            "alerts_waiting": self.waiting,
            **msgspec.to_builtins(self.figures),
        }

    def _page(self) -> Page:
        tongue = translator(self.language)
        sentences = Sentences(self.incidents, tongue, self.zone, ids=self.names)
        return Page(
            tongue,
            sentences,
            self.first,
            self.last,
            self.zone,
            self.figures,
            self.incidents,
            self.unparsed,
            self.waiting,
        )


def build(
    store: Store, day: date, *, until: date | None = None, zone: tzinfo = UTC, language: str | None = None
) -> Report:
    """Make the report of a day, or of the days up to `until`.

    Raises:
        StoreError: The store cannot be read.
    """
    last = until or day
    figures = measure_day(store, day, last, zone)
    alive = _alive(store.incidents(since_us=figures.from_us), figures)
    unparsed = store.unparsed()[:3] if figures.not_understood else []
    waiting = store.outbox_counts().waiting
    return Report(day, last, zone, language or "en", figures, alive, store.incident_ids(), unparsed, waiting)


def _alive(incidents: Sequence[Incident], figures: Figures) -> list[Incident]:
    there = [one for one in incidents if one.first_seen_us < figures.to_us]
    ids = {one.id for one in there}
    alone = [one for one in there if one.parent not in ids]
    return sorted(
        alone, key=lambda one: (-severity_rank(one.severity), one.status == "closed", -one.event_count, one.id)
    )
