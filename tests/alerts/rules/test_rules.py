"""Every rule and detector does what its cases say, and an alert of it has everything that its reader needs."""

import ipaddress
import re
from importlib.resources import files
from pathlib import Path

import pytest
from sigma.collection import SigmaCollection
from sigma.plugins import InstalledSigmaPlugins
from sigma.validation import SigmaValidator

from mailwarden.alerts.incidents.incident import Notification
from mailwarden.alerts.rulebook.rule_files import rule_files
from mailwarden.alerts.telling.render import render
from mailwarden.alerts.words.advice import advice_keys
from mailwarden.pipeline.trial.cases import Case, Subject, cases_of, subjects, try_case

SUBJECTS = subjects()
CASES = [(one, case) for one in SUBJECTS for case in cases_of(one.cases)]
_LEAST = 3


@pytest.mark.parametrize(("one", "case"), CASES, ids=[f"{one.name}: {case.name}" for one, case in CASES])
def test_a_case_comes_to_what_it_says(one: Subject, case: Case) -> None:
    """Read, correlated, enriched and judged, the lines raise an incident, or none; its alert can be read."""
    verdict = try_case(one, case)

    assert verdict.fault is None
    for incident in verdict.raised[:1]:
        told = Notification(id="n", kind="opened", incident=incident, at_us=incident.last_seen_us)
        for language, ahead in (("en", "Next: "), ("ja", "次の操作：")):
            alert = render(told, language)
            text = f"{alert.title}\n{alert.body}"
            assert not alert.title.endswith("…"), "no title ends in the middle of what it says"
            assert sum(line.startswith(ahead) for line in text.split("\n")) == 1
            left_open = re.search(r"\{[a-z_]+\}|(?<![\w\"=])None\b|[:：] ?\?$|（\?）", text, re.MULTILINE)
            assert not left_open, "nothing is left open"


@pytest.mark.parametrize("one", SUBJECTS, ids=lambda one: one.name)
def test_there_are_cases_of_each_kind(one: Subject) -> None:
    """Three cases must fire, three lifelike ones must stay silent, and one shows a way around."""
    cases = cases_of(one.cases)

    assert sum(case.fires for case in cases if not case.evades) >= _LEAST
    assert sum(not case.fires for case in cases if not case.evades) >= _LEAST
    assert any(case.evades for case in cases)
    assert len({case.name for case in cases}) == len(cases)


@pytest.mark.parametrize("one", SUBJECTS, ids=lambda one: one.name)
def test_its_reader_is_told_all(one: Subject) -> None:
    """An alert says what happened, why it is one, what it could be instead, and what to do."""
    detection = one.rule.detection if one.rule is not None else one.detector and one.detector.detection

    assert detection is not None
    assert detection.name == one.name
    assert all((detection.title, detection.why, detection.harmless))
    assert detection.advice in advice_keys()
    assert detection.span_us > 0


def test_cases_speak_of_nobody_real() -> None:
    """Only addresses for documentation, and private ones, stand in the cases."""
    ours = [ipaddress.ip_network(text) for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "127.0.0.0/8")]
    ours.append(ipaddress.ip_network("192.168.0.0/16"))
    for one in SUBJECTS:
        text = one.cases.read_text("utf-8")
        for found in re.findall(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])", text):
            assert any(ipaddress.ip_address(found) in network for network in ours), f"{one.cases.name}: {found}"


def test_our_rules_pass_the_checks_of_sigma() -> None:
    """What `sigma check` of sigma-cli looks at, all at once, but the two that fetch lists; CI runs sigma-cli itself."""
    known = InstalledSigmaPlugins.autodiscover(include_backends=False, include_pipelines=False).validators
    fetching = {"attacktag", "d3_fendtag"}
    ours = rule_files(Path(str(files("mailwarden.alerts"))) / "rules")
    validator = SigmaValidator({validator for name, validator in known.items() if name not in fetching})
    collection = SigmaCollection.merge([SigmaCollection.load_ruleset([path]) for path in ours])

    issues = validator.validate_rules(collection.rules)

    assert fetching < set(known)
    assert [f"{type(issue).__name__}: {[str(rule.source) for rule in issue.rules]}" for issue in issues] == []


_GATHERING = [one for one in SUBJECTS if one.detector is not None and one.detector.gathers]


@pytest.mark.parametrize("one", _GATHERING, ids=lambda one: one.name)
def test_a_detector_that_counts_shows_what_it_counted(one: Subject) -> None:
    """Of several events its incident began with the first of what it counts, and lines before the last stand in it."""
    raised = [
        incident
        for case in cases_of(one.cases)
        if case.fires
        for incident in try_case(one, case).raised
        if incident.rules == [one.name]
    ]

    assert any(incident.first_seen_us < incident.opened_us and len(incident.evidence) > 1 for incident in raised)
