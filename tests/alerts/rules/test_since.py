"""An incident begins with the first line that counts, not with the one that was one too many."""

import pytest

from mailwarden.pipeline.trial.cases import Subject, cases_of, subjects, try_case

MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
SUBJECTS = {one.name: one for one in subjects()}


def firing(one: Subject) -> int:
    """Give how long before it fired what the first case of a detector tells of had begun."""
    case = next(case for case in cases_of(one.cases) if case.fires)
    told = next(incident for incident in try_case(one, case).raised if one.name in incident.rules)
    return told.opened_us - told.first_seen_us


@pytest.mark.parametrize(
    ("name", "least_us"),
    [
        ("account_targeted", MINUTE_US),
        ("company_entered", 8 * HOUR_US),
        ("filter_down", 2 * MINUTE_US),
        ("lookup_down", 2 * MINUTE_US),
        ("nobody_let_in", 2 * MINUTE_US),
        ("strange_sending", HOUR_US),
        ("volume_ramp", 23 * HOUR_US),
    ],
)
def test_what_is_counted_is_dated_from_its_first_line(name: str, least_us: int) -> None:
    """Whoever reads of it must know since when."""
    began_us = firing(SUBJECTS[name])

    assert least_us <= began_us <= 24 * HOUR_US
