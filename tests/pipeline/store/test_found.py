"""What a store gives one by one is what it holds, in the order in which people are told it."""

from collections import Counter
from pathlib import Path

from mailwarden.alerts.incidents.incident import Incident, incident_id
from mailwarden.alerts.terms import SEVERITIES
from mailwarden.pipeline.cli.incident_view import top_level
from mailwarden.pipeline.store import Commit, FoundCount, Store

KINDS = [
    ("source.ip", "auth_attack"),
    ("mailwarden.account", "account_takeover"),
    ("mailwarden.network", "relay_abuse"),
]


def incidents() -> list[Incident]:
    """Make sixty incidents of all severities; every fifth is part of another, and one of what the store does not hold."""
    made: list[Incident] = []
    for number in range(60):
        name, category = KINDS[number % 3]
        primary = (name, f"name{number}")
        one = Incident(
            id=incident_id("mx1", "guessing", *primary, None),
            site="mx1",
            cause="guessing",
            primary=primary,
            category=category,
            severity=SEVERITIES[number % len(SEVERITIES)],
            title="{address}",
            why="",
        )
        one.opened_us, one.last_seen_us = 1000 - number // 2, number * 7 % 13
        if number % 5 == 4:
            one.parent = made[-1].id if number != 9 else "NOBODY"
        made.append(one)
    return made


def test_the_worst_come_first_and_all_are_counted(tmp_path: Path) -> None:
    """Order, counts and ids are those of the list that nobody need hold."""
    expected = incidents()
    alone = top_level(expected)
    with Store.open(tmp_path / "mailwarden.db") as store:
        store.commit(Commit(batch=1, incidents=expected))
        found = store.found

        assert [one.id for one in found] == [
            one.id for one in sorted(expected, key=lambda one: (one.opened_us, one.id))
        ]
        assert [one.id for one in found.worst()] == [one.id for one in alone]
        assert [one.id for one in found.worst(7)] == [one.id for one in alone[:7]]
        assert found.ids() == sorted(one.id for one in expected)
        counts = found.counts()

    kinds = Counter((one.severity, one.category, one in alone) for one in expected)
    assert sorted(counts) == sorted(FoundCount(*kind, number) for kind, number in kinds.items())
    first = dict.fromkeys((one.severity, one.category) for one in alone)
    assert [(one.severity, one.category) for one in counts if one.alone] == list(first)
