"""A number of the first page in words: what it counts, what is usual, how the two compare; also those of one customer."""

from collections.abc import Sequence
from datetime import tzinfo

import msgspec

from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.pipeline.store import Reader
from mailwarden.pipeline.web.views.domain_measures import measure_domains
from mailwarden.pipeline.web.views.measures import Measure

__all__ = ["OwnNumbers", "OwnRow", "Row", "measure_word", "own_numbers", "row_of"]

_PRECISE = 10  # from here on digits behind the point say nothing
_DOMAINS = 3  # that are written out


class Row(msgspec.Struct, frozen=True):
    """A number of some time: in words, as it is, and how it compares."""

    name: str
    word: str
    count: int
    usual: str
    mark: str  # ▲ or ▼ where it left its band
    compared: str


class OwnRow(msgspec.Struct, frozen=True):
    """A number of a customer's: of the last day that is over, and so far on the day that goes on."""

    row: Row
    so_far: int
    mark: str  # ▲ where already more than usual was counted


class OwnNumbers(msgspec.Struct, frozen=True):
    """What a customer's domains did. `domains`: in words; `day_us` and `today_us`: when the two days began."""

    domains: str
    day_us: int
    today_us: int
    rows: list[OwnRow]
    history: bool
    is_blind: bool

    @property
    def is_calm(self) -> bool:
        """Whether all of it is known, and as usual."""
        return self.history and not self.is_blind and not any(one.mark or one.row.mark for one in self.rows)


def own_numbers(
    reader: Reader, domains: Sequence[str], tongue: Translator, zone: tzinfo, present_us: int
) -> OwnNumbers:
    """Give the numbers of some domains."""
    measures = measure_domains(reader, domains, present_us, zone)
    named = tongue.gettext(", ").join(domains[:_DOMAINS])
    if len(domains) > _DOMAINS:
        named += " " + tongue.count("and {number} more", "and {number} more", len(domains) - _DOMAINS)
    return OwnNumbers(
        domains=named,
        day_us=measures.day_us,
        today_us=measures.today_us,
        rows=[
            OwnRow(row_of(one, tongue), so_far.count, "▲" if so_far.changed else "")
            for one, so_far in zip(measures.numbers, measures.so_far, strict=True)
        ],
        history=any(one.usual is not None for one in measures.numbers),
        is_blind=measures.is_blind,
    )


_WORDS = {
    "written": N_("Mail sent"),
    "failed_logins": N_("Failed logins"),
    "received": N_("Mail received"),
    "arrived": N_("Mail into mailboxes here"),
    "sent": N_("Mail delivered elsewhere"),
    "deferred": N_("Mail that had to wait"),
    "bounced": N_("Mail returned"),
    "rejected": N_("Mail refused by us"),
    "logins": N_("Logins"),
    "clear_logins": N_("Logins without TLS"),
    "not_understood": N_("Lines not understood"),
}


def measure_word(name: str, tongue: Translator) -> str:
    """Give the name of a number."""
    return tongue.gettext(_WORDS[name])


def _usual_number(value: float, tongue: Translator) -> str:
    """Write a usual value or how many times it was; what is small keeps a digit behind the point, or a half would be nothing."""
    return tongue.value("number", round(value) if value >= _PRECISE else value)


def row_of(one: Measure, tongue: Translator) -> Row:
    """Put a number and its usual into words."""
    if one.usual is None:
        return Row(one.name, measure_word(one.name, tongue), one.count, "", "", "")
    usual = _usual_number(one.usual, tongue)
    if not one.changed:
        return Row(one.name, measure_word(one.name, tongue), one.count, usual, "", tongue.gettext("normal"))
    up = one.count > one.usual
    compared = tongue.gettext("new") if not one.usual else tongue.gettext("gone")
    if one.usual and one.count:
        compared = tongue.say(N_("{factor}×"), {"factor": _usual_number(one.count / one.usual, tongue)})
    return Row(one.name, measure_word(one.name, tongue), one.count, usual, "▲" if up else "▼", compared)
