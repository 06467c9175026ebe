"""What rules and detectors find, as sentences with places."""

from collections.abc import Iterable, Mapping

from mailwarden.alerts.detectors import load_detectors, load_named
from mailwarden.alerts.rulebook.rule import Rule
from mailwarden.pipeline.configuration.configuration import Configuration

__all__ = ["titles_of", "titles_of_all"]


def titles_of_all(configuration: Configuration) -> Mapping[str, str]:
    """Give those of every rule and detector by name: it takes a quarter of a second."""
    found = [rule.detection for rule in configuration.rulebook().rules]
    found += [detector.detection for detector in load_detectors()]
    return {one.name: one.title for one in found}


def titles_of(rules: Iterable[Rule], names: Iterable[str]) -> Mapping[str, str]:
    """Give those of some rules, and of the detectors among some names."""
    found = [rule.detection for rule in rules]
    found += [detector.detection for detector in load_named(frozenset(names))]
    return {one.name: one.title for one in found}
