"""An incident in words: its title, its reason and its steps, filled, translated and printable."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, tzinfo

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.risk.words import risk_line
from mailwarden.alerts.telling.filling import short_id, values_of
from mailwarden.alerts.telling.next_step import advice_key
from mailwarden.alerts.telling.render import worst_part
from mailwarden.alerts.words.advice import Step, customer_steps, steps
from mailwarden.alerts.words.escape import printable
from mailwarden.alerts.words.translate import N_, Translator

__all__ = ["Sentences", "span_of", "years_of"]


class Sentences:
    """Writes the incidents of one store for one reader.

    Args:
        incidents: All of the store, or those that are shown.
        tongue: The reader's language.
        zone: In which times are shown.
        ids: All ids of the store, among which a short one must be unambiguous; those of `incidents` where not given.
        for_customer: The reader has no shell on the server: what to do is what can be done in a panel and a mail program.
    """

    def __init__(
        self,
        incidents: Iterable[Incident],
        tongue: Translator,
        zone: tzinfo = UTC,
        *,
        ids: Sequence[str] | None = None,
        for_customer: bool = False,
    ) -> None:
        self._ids = [incident.id for incident in incidents] if ids is None else ids
        self.tongue = tongue
        self.zone = zone
        self._for_customer = for_customer

    def short(self, id_: str) -> str:
        """Give what a person types for an incident."""
        return short_id(id_, self._ids)

    def title(self, incident: Incident) -> str:
        """Give the sentence that judges."""
        return self._say(incident.title, incident)

    def why(self, incident: Incident) -> str:
        """Give the reason, as a sentence, and what makes it worse than that; of what is another's a customer hears nothing."""
        why = self._whole(incident.why, incident)
        part = "" if self._for_customer else printable(worst_part(incident, self.tongue, self.zone))
        return self.tongue.say(N_("{first} {second}"), {"first": why, "second": part}) if part else why

    def risk(self, incident: Incident) -> str:
        """Give how the sending server stood when it was last told; empty where the incident says nothing of it."""
        return printable(risk_line(incident.values, self.tongue))

    def harmless(self, incident: Incident) -> str:
        """Give what it could be instead; empty where the rule does not say."""
        return self._whole(incident.harmless, incident) if incident.harmless else ""

    def steps(self, incident: Incident) -> list[Step]:
        """Give what to do, the most urgent first; printable."""
        key, values = advice_key(incident), self._values(incident)
        if self._for_customer:
            return [Step(printable(step.text)) for step in customer_steps(key, values, self.tongue)]
        found = steps(key, incident.modules, values, self.tongue)
        return [Step(printable(step.text), printable(step.command) if step.command else None) for step in found]

    def time(self, at_us: int, near_us: int | None = None) -> str:
        """Give an instant."""
        return self.tongue.time(at_us, zone=self.zone, near_us=near_us)

    def _say(self, msgid: str, incident: Incident) -> str:
        return printable(self.tongue.say(msgid, self._values(incident), zone=self.zone))

    def _whole(self, msgid: str, incident: Incident) -> str:
        return printable(self.tongue.sentence(msgid, self._values(incident), zone=self.zone))

    def _values(self, incident: Incident) -> dict[str, object]:
        values = values_of(incident, self.short(incident.id), self.tongue)
        if incident.hosts:
            values["host"] = incident.hosts[0]
        return values


def span_of(first_us: int, last_us: int, tongue: Translator, zone: tzinfo) -> str:
    """Write a stretch of time as short as it can be read: 23 Nov 00:00-00:31 UTC."""
    first, last = (datetime.fromtimestamp(us / 1_000_000, UTC).astimezone(zone) for us in (first_us, last_us))
    name = last.tzname() or ""
    if first.date() == last.date():
        return f"{_day(first, tongue)} {first:%H:%M}–{last:%H:%M} {name}".strip()
    return f"{_day(first, tongue)} {first:%H:%M} – {_day(last, tongue)} {last:%H:%M} {name}".strip()


def years_of(first_us: int, last_us: int, zone: tzinfo) -> str:
    """Write the year of a stretch of time, or its first and its last: 2026, 2025–2026."""
    first, last = (datetime.fromtimestamp(us / 1_000_000, UTC).astimezone(zone).year for us in (first_us, last_us))
    return str(last) if first == last else f"{first}–{last}"


def _day(moment: datetime, tongue: Translator) -> str:
    if tongue.language == "ja":
        return f"{moment.month}月{moment.day}日"
    # Never the locale's: `scan` is the same everywhere.
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    return f"{moment.day} {months[moment.month - 1]}"
