"""The Sigma documents of one rule file, as pySigma reads them: which of them is the finding, and what the others are for it.

What is wrong is told with its place in the file and with its mend. With the compiler, its conditions and its words the
door to pySigma.
"""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from sigma.correlations import SigmaCorrelationRule
from sigma.exceptions import SigmaConditionError, SigmaError, SigmaRegularExpressionError
from sigma.rule import SigmaRule

from mailwarden.alerts.rule_lines import RuleLines
from mailwarden.alerts.sigma_words import field_name

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
}


class RuleFault(Exception):
    """What is wrong with one rule file, where in it, and how to mend it."""

    def __init__(self, said: str, place: tuple[str | int, ...] = (), mend: str = "Mend or remove this file.") -> None:
        super().__init__(said)
        self.place = place
        self.mend = mend


class RuleDocuments:
    """The Sigma documents of one file: each by its name or id, and which of them is the finding."""

    def __init__(self, lines: RuleLines, fields: frozenset[str] | None) -> None:
        self.lines = lines
        self.fields = fields
        self.used: list[str] = []
        if lines.twice:
            place = lines.twice[0]
            raise RuleFault(f'"{place[-1]}" is given twice; only one can hold', place, "Remove one.")
        self.all = _parsed(lines)
        self.number = {id(document): number for number, document in enumerate(self.all)}
        self.by_name: dict[str, Any] = {}
        for number, document in enumerate(self.all):
            for key, name in (("id", document.id), ("name", document.name)):
                if name is not None and self.by_name.setdefault(str(name), document) is not document:
                    raise RuleFault(
                        f'the {key} "{name}" is that of another rule in this file', (number, key), "Change it."
                    )
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
                said = f'correlation names the rule "{one.reference}", which is not in the same file'
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
            mend = f'Did you mean "{meant[0]}"?' if meant else "mailwarden explain LINE  shows what a line has."
            where = place or self.lines.field(self.number[id(document)], name)
            raise RuleFault(f'no event has a field "{name}": this rule could never fire', where, mend)
        self.used.append(ours)
        return ours

    def _finding(self) -> Any:
        """Give the one document that no other names; the last where they name each other in a circle."""
        for document in self.all:
            self._follow(document, (document,))
        named = {id(base) for document in self.all for base in self.referred(document)}
        roots = [document for document in self.all if id(document) not in named]
        if len(roots) > 1:
            said = f'holds {len(roots)} rules that nothing joins: "{roots[0].title}" and "{roots[1].title}"'
            raise RuleFault(said, self.at(roots[1]), "Write one file for each.")
        return roots[0]

    def _follow(self, document: Any, way: tuple[Any, ...]) -> None:
        for base in self.referred(document):
            if any(base is one for one in way):
                names = " → ".join(str(one.name or one.title) for one in (*way, base))
                raise RuleFault(
                    f"the correlations go round in a circle: {names}", self.at(base, "correlation", "rules")
                )
            self._follow(base, (*way, base))


def _parsed(lines: RuleLines) -> list[Any]:
    """Let pySigma read the documents; tell the first fault it finds with its line."""
    for number in range(len(lines.values)):
        given = lines.text((number, "correlation", "timespan"))
        if given is not None and (not _TIMESPAN.fullmatch(given) or not int(given[:-1])):
            place = (number, "correlation", "timespan")
            raise RuleFault(f'"timespan: {given}" is not a duration', place, "Write 10m, 2h or 1d.")
    rules = []
    for number, document in enumerate(lines.values):
        if document is not None:
            rules.append(_read(document, number))
    if not rules:
        raise RuleFault("holds no rule")
    return rules


def _read(document: Any, number: int) -> SigmaRule | SigmaCorrelationRule:
    if not isinstance(document, dict):
        raise RuleFault("holds no Sigma rule, which is a group of settings (title, logsource, detection …)", (number,))
    for key, mend in (("filter", "Write  except:  under rules: instead."), ("action", "Write the rule out.")):
        if key in document:
            raise RuleFault(f'Sigma\'s "{key}" is not supported', (number, key), mend)
    kind = SigmaCorrelationRule if "correlation" in document else SigmaRule
    try:
        rule: SigmaRule | SigmaCorrelationRule = kind.from_dict(document, collect_errors=True)
    except SigmaError as error:
        raise RuleFault(told(error), (number, *_PLACES.get(type(error).__name__, ()))) from None
    except (AttributeError, TypeError, ValueError, KeyError) as error:  # values of a kind that pySigma does not expect
        raise RuleFault(f"no Sigma rule: {error}", (number,)) from None
    for fault in rule.errors:
        raise RuleFault(told(fault), (number, *_PLACES.get(type(fault).__name__, ())))
    return rule


def told(error: Exception) -> str:
    """Say what is wrong, with the feature where the library does not name it."""
    if isinstance(error, SigmaRegularExpressionError):
        return f"|re: {error}; only what matches in linear time is taken (RE2: no back reference, no look-around)"
    if isinstance(error, SigmaConditionError):
        return f"condition: {error}"
    return str(error)
