"""The Sigma documents of one rule file, as pySigma reads them: which of them is the finding, and what the others are for it.

What is wrong is told with its place in the file and with its mend. With the compiler, its conditions and its words the
door to pySigma.
"""

import ipaddress
import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from sigma.correlations import SigmaCorrelationRule
from sigma.exceptions import SigmaConditionError, SigmaError, SigmaRegularExpressionError, SigmaTypeError
from sigma.policy import default_policy
from sigma.policy.regex_engine import RE2RegexEngine
from sigma.rule import SigmaRule

from mailwarden.alerts.rulebook.rule_lines import MOST_VALUES, RuleLines
from mailwarden.alerts.rulebook.sigma_words import field_name
from mailwarden.alerts.words.library_words import heard
from mailwarden.alerts.words.translate import N_
from mailwarden.parsers.errors import Coded, coded, worded

__all__ = ["RuleDocuments", "RuleFault", "told"]

_TIMESPAN = re.compile(r"[0-9]{1,6}[smhdw]")
_PLACES: Mapping[str, tuple[str, ...]] = {  # where the faults that pySigma finds stand
    "SigmaTimespanError": ("correlation", "timespan"),
    "SigmaCorrelationConditionError": ("correlation", "condition"),
    "SigmaCorrelationTypeError": ("correlation", "type"),
    "SigmaCorrelationRuleError": ("correlation",),
    "SigmaConditionError": ("detection", "condition"),
    "SigmaModifierError": ("detection",),
    "SigmaRegularExpressionError": ("detection",),
    "SigmaTypeError": ("detection",),
    "SigmaValueError": ("detection",),
    "SigmaDetectionError": ("detection",),
    "SigmaIdentifierError": ("id",),
    "SigmaLevelError": ("level",),
    "SigmaStatusError": ("status",),
    "SigmaLogsourceError": ("logsource",),
    "SigmaTagError": ("tags",),
    **{
        f"Sigma{name}Error": (name.lower(),)
        for name in (
            "Author",
            "Date",
            "Description",
            "FalsePositives",
            "Fields",
            "License",
            "Modified",
            "References",
            "Related",
            "Scope",
            "Taxonomy",
            "Title",
        )
    },
}
_CODES = {  # of what pySigma refuses; all else is no rule of Sigma
    "SigmaConditionError": "MW3207",
    "SigmaCorrelationTypeError": "MW3206",
    "SigmaIdentifierError": "MW3107",
    "SigmaModifierError": "MW3206",
    "SigmaTimespanError": "MW3203",
}
_WRITTEN = re.compile(r"Sigma (?:rule )?(id|name|tag|title)\b")  # what a fault of no kind of its own speaks of
_MENDS: Mapping[str, str] = {  # where pySigma does not say what may stand there
    "SigmaCorrelationTypeError": N_("Known: event_count, value_count, value_sum, temporal, temporal_ordered."),
    "SigmaFalsePositivesError": N_("Write a list, like [one, another]."),
    "SigmaFieldsError": N_("Write a list, like [one, another]."),
    "SigmaIdentifierError": N_("Make one:  uuidgen"),
    "SigmaLevelError": N_("Write informational, low, medium, high or critical."),
    "SigmaModifierError": N_("Known: contains, startswith, endswith, all, re, cidr, exists, gt, gte, lt, lte, neq."),
    "SigmaLogsourceError": N_("Write  logsource: {product: mail}  into it."),
    "SigmaReferencesError": N_("Write a list, like [one, another]."),
    "SigmaTimespanError": N_("Write 10m, 2h or 1d."),
    "SigmaStatusError": N_("Write stable, test, experimental, deprecated or unsupported."),
    "SigmaTagError": N_("Write it like [attack.t1110.001]."),
    "SigmaTitleError": N_("Write what it finds, in some words."),
}


class _QuietEngine:
    """Compiles the expressions of rules as pySigma wants it; what is wrong with one is told once, by us."""

    def __init__(self) -> None:
        engine = RE2RegexEngine()
        self._re2 = engine._re2
        self.error = engine.error

    def compile(self, pattern: str, flags: int = 0) -> Any:
        """Compile an expression."""
        options = self._re2.Options()
        options.log_errors = False
        options.case_sensitive = not flags & re.IGNORECASE
        options.dot_nl = bool(flags & re.DOTALL)
        if flags & re.MULTILINE:
            pattern = f"(?m){pattern}"
        try:
            return self._re2.compile(pattern, options)
        except self.error as error:
            said = error.args[0]
            raise self.error(said.decode("utf-8", "replace") if isinstance(said, bytes) else said) from None


default_policy.regex_engine = _QuietEngine()


class RuleFault(Exception):
    """What is wrong with one rule file, where in it, and how to mend it."""

    def __init__(self, said: Coded, place: tuple[str | int, ...] = (), mend: str | None = None) -> None:
        super().__init__(said)
        self.said = said
        self.place = place
        self.mend = mend or worded("Mend or remove this file.")


class RuleDocuments:
    """The Sigma documents of one file: each by its name or id, and which of them is the finding."""

    def __init__(self, lines: RuleLines, fields: frozenset[str] | None) -> None:
        self.lines = lines
        self.fields = fields
        self.used: list[str] = []
        if lines.too_many is not None:
            said = coded("MW3103", "holds more than {most} values; aliases (*name) may multiply them", most=MOST_VALUES)
            raise RuleFault(said, lines.too_many, worded("Write less, or several rules."))
        if lines.twice:
            place = lines.twice[0]
            said = coded("MW3105", '"{key}" is given twice; only one can hold', key=place[-1])
            raise RuleFault(said, place, worded("Remove one."))
        self.all = _parsed(lines)
        self.number = {id(document): number for number, document in enumerate(self.all)}
        self.by_name: dict[str, Any] = {}
        for number, document in enumerate(self.all):
            for key, name in (("id", document.id), ("name", document.name)):
                if name is not None and self.by_name.setdefault(str(name), document) is not document:
                    said = coded(
                        "MW3107", 'the {key} "{name}" is that of another rule in this file', key=key, name=name
                    )
                    raise RuleFault(said, (number, key), worded("Change it."))
            self.by_name.setdefault(str(document.title), document)
        self.finding = self._finding()

    def at(self, document: Any, *keys: str) -> tuple[str | int, ...]:
        """Give the place of a key of a document."""
        return (self.number[id(document)], *keys)

    def referred(self, document: Any) -> list[Any]:
        """Give what a correlation names."""
        found = []
        for one in document.rules if isinstance(document, SigmaCorrelationRule) else ():
            base = self.by_name.get(str(one.reference))
            if base is None:
                said = coded(
                    "MW3210", 'correlation names the rule "{name}", which is not in the same file', name=one.reference
                )
                raise RuleFault(said, self.at(document, "correlation", "rules"))
            found.append(base)
        return found

    def use(self, document: Any, name: str, place: tuple[str | int, ...] | None = None) -> str:
        """Give our name of a field that a rule asks for.

        Raises:
            RuleFault: No event has it.
        """
        ours = field_name(name)
        if self.fields is not None and ours not in self.fields:
            meant = get_close_matches(ours, self.fields, 1, 0.75)
            mend = worded('Did you mean "{meant}"?', meant=meant[0]) if meant else _look()
            where = place or self.lines.field(self.number[id(document)], name)
            raise RuleFault(
                coded("MW3201", 'no event has a field "{name}": this rule could never fire', name=name), where, mend
            )
        self.used.append(ours)
        return ours

    def ensure_word(self, document: Any, field: str, word: str) -> None:
        """Refuse a word that a field never is, where all that it can be are known.

        Raises:
            RuleFault: It is none of them.
        """
        known = [one.partition("=")[2] for one in self.fields or () if one.startswith(f"{field}=")]
        if known and word not in known:
            meant = get_close_matches(word, known, 1, 0.6)
            mend = worded('Did you mean "{meant}"?', meant=meant[0]) if meant else _look()
            said = coded(
                "MW3202", 'no event has the {field} "{word}": this rule could never fire', field=field, word=word
            )
            raise RuleFault(said, self.lines.field(self.number[id(document)], field), mend)

    def _finding(self) -> Any:
        """Give the one document that no other names; the last where they name each other in a circle."""
        for document in self.all:
            self._follow(document, (document,))
        named = {id(base) for document in self.all for base in self.referred(document)}
        roots = [document for document in self.all if id(document) not in named]
        if len(roots) > 1:
            said = coded(
                "MW3106",
                'holds {number} rules that nothing joins: "{first}" and "{second}"',
                number=len(roots),
                first=roots[0].title,
                second=roots[1].title,
            )
            raise RuleFault(said, self.at(roots[1]), worded("Write one file for each."))
        return roots[0]

    def _follow(self, document: Any, way: tuple[Any, ...]) -> None:
        for base in self.referred(document):
            if any(base is one for one in way):
                names = " → ".join(str(one.name or one.title) for one in (*way, base))
                said = coded("MW3211", "the correlations go round in a circle: {names}", names=names)
                raise RuleFault(said, self.at(base, "correlation", "rules"))
            self._follow(base, (*way, base))


def _look() -> str:
    return worded("mailwarden explain LINE  shows what a line has.")


def _parsed(lines: RuleLines) -> list[Any]:
    """Let pySigma read the documents; tell the first fault it finds with its line."""
    for number in range(len(lines.values)):
        given = lines.text((number, "correlation", "timespan"))
        if given is not None and (not _TIMESPAN.fullmatch(given) or not int(given[:-1])):
            place = (number, "correlation", "timespan")
            said = coded("MW3203", '"timespan: {given}" is not a duration', given=given)
            raise RuleFault(said, place, worded("Write 10m, 2h or 1d."))
    rules = []
    for number, document in enumerate(lines.values):
        if document is not None:
            rules.append(_read(document, number))
    if not rules:
        raise RuleFault(coded("MW3104", "holds no rule"))
    return rules


def _read(document: Any, number: int) -> SigmaRule | SigmaCorrelationRule:
    if not isinstance(document, dict):
        said = coded("MW3104", "holds no Sigma rule, which is a group of settings (title, logsource, detection …)")
        raise RuleFault(said, (number,))
    mends = {"filter": worded("Write  except:  under rules: instead."), "action": worded("Write the rule out.")}
    for key, mend in mends.items():
        if key in document:
            raise RuleFault(coded("MW3206", 'Sigma\'s "{key}" is not supported', key=key), (number, key), mend)
    given = document.get("id")
    if given is not None and not isinstance(given, str):
        said = coded("MW3107", 'the id "{id}" is no text that names this rule alone', id=given)
        raise RuleFault(said, (number, "id"), worded(_MENDS["SigmaIdentifierError"]))
    detection = document.get("detection")
    if isinstance(detection, dict):
        _refuse_old(detection, number)
    kind = SigmaCorrelationRule if "correlation" in document else SigmaRule
    try:
        rule: SigmaRule | SigmaCorrelationRule = kind.from_dict(document, collect_errors=True)
    except SigmaError as error:
        raise _refused(error, number) from None
    except (AttributeError, TypeError, ValueError, KeyError) as error:  # values of a kind that pySigma does not expect
        raise RuleFault(coded("MW3104", "no Sigma rule: {error}", error=error), (number,)) from None
    for fault in rule.errors:
        raise _refused(fault, number)
    return rule


def _refuse_old(detection: dict[str, Any], number: int) -> None:
    """Refuse what Sigma had before correlations: a count or `near` behind a pipe, and its time frame.

    Raises:
        RuleFault: It is there.
    """
    written = detection.get("condition")
    for condition in written if isinstance(written, list) else [written]:
        _, pipe, old = str(condition).partition("|")
        if pipe:
            said = coded("MW3206", 'condition: Sigma\'s old "| {feature}" is not supported', feature=old.strip()[:60])
            kind = "temporal" if old.strip().startswith("near") else "event_count"
            if re.match(r"\s*count\(\s*[^)\s]", old):
                kind = "value_count"
            mend = worded(
                "Write a correlation of the type {type} below the rule (docs: A rule of your own).", type=kind
            )
            raise RuleFault(said, (number, "detection", "condition"), mend)
    if "timeframe" in detection:
        said = coded("MW3206", '"timeframe" is Sigma\'s old word: it counts nothing here')
        mend = worded("Write a correlation with a timespan below the rule (docs: A rule of your own).")
        raise RuleFault(said, (number, "detection", "timeframe"), mend)


def _refused(error: Exception, number: int) -> RuleFault:
    """Say where it stands that pySigma refuses, and how to mend it."""
    kind = type(error).__name__
    place, mend = _PLACES.get(kind, ()), _MENDS.get(kind)
    if isinstance(error, SigmaTypeError) and re.search(r"must be a string|datetime", str(error)):
        mend = N_("Write it in quotes, if it is text.")
    written = _WRITTEN.match(str(error))
    if written is not None:
        place = ("tags" if written[1] == "tag" else written[1],)
        mend = _MENDS["SigmaTagError"] if written[1] == "tag" else mend
    network = re.search(r": ([0-9A-Fa-f.:]{2,43}/[0-9]{1,3}) has host bits set", str(error))
    if network is not None:
        return RuleFault(told(error), (number, *place), worded("Write {network}.", network=_whole(network[1])))
    return RuleFault(told(error), (number, *place), worded(mend) if mend else None)


def _whole(network: str) -> str:
    return str(ipaddress.ip_network(network, strict=False))


def told(error: Exception) -> Coded:
    """Say what is wrong, with the feature where the library does not name it."""
    if isinstance(error, SigmaRegularExpressionError):
        return coded(
            "MW3208",
            "|re: {error}; only what matches in linear time is taken (RE2: no back reference, no look-around)",
            error=heard(error),
        )
    if isinstance(error, SigmaConditionError):
        place = re.search(r"\(at char ([0-9]{1,9})\), \(line:", str(error))  # the parser's own words are of no use
        if place is not None:
            return coded("MW3207", "condition: cannot be read from character {number} on", number=int(place[1]) + 1)
        return coded("MW3207", "condition: {error}", error=heard(str(error).rstrip(".")))
    if isinstance(error, SigmaTypeError) and (
        kind := re.search(r"Unsupported type: <class '([\w.]{1,60})'>", str(error))
    ):
        return coded("MW3104", "a value of the kind {kind} is not supported", kind=kind[1])
    return coded(_CODES.get(type(error).__name__, "MW3104"), "{error}", error=heard(str(error).rstrip(".")))
