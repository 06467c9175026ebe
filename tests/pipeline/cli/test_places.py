"""What people are told of where addresses are: what cannot be seen without a database, and networks that many share."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mailwarden.alerts import detectors
from mailwarden.alerts.facts.ledger import Ledger
from mailwarden.alerts.facts.site import Site, place
from mailwarden.alerts.state.shelf import Shelves
from mailwarden.parsers.event import Event
from mailwarden.pipeline.cli.root import root
from mailwarden.pipeline.places import store_path
from mailwarden.pipeline.store import Commit, Store

DAY_US = 86_400_000_000
START_US = 20_500 * DAY_US
PLACES = Path(next(iter(detectors.__path__))) / "places.mmdb"
BLIND = {"carrier_guessing", "impossible_travel", "new_country"}


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep to a directory of one's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LANG", "C.UTF-8")


def call(*words: str) -> Result:
    """Run a command."""
    return CliRunner().invoke(root, list(words))


def check(name: str) -> dict[str, str] | None:
    """Give one of doctor's checks."""
    found = [json.loads(line) for line in call("doctor", "--json").stdout.splitlines()]
    return next((one for one in found if one["name"] == name), None)


def configure(text: str) -> None:
    """Write the configuration."""
    Path("mailwarden.yml").write_text(text)


def noted() -> set[str]:
    """Give the rules that the list says see nothing."""
    lines = call("rules", "list").stdout.splitlines()
    return {line.split()[1] for line in lines if "no database of addresses" in line}


def test_what_needs_a_database_says_so_where_there_is_none() -> None:
    """In `doctor`, with the mend, and in `rules list`."""
    configure("site: {databases: []}\n")

    found = check("databases")

    assert found is not None
    assert found["state"] == "not checked"
    assert all(name in found["says"] for name in BLIND)
    assert "site.databases" in found["mend"]
    assert noted() == BLIND


def test_with_a_database_nothing_is_blind() -> None:
    """Its path is named."""
    configure(f"site: {{databases: [{PLACES}]}}\n")

    found = check("databases")

    assert found is not None
    assert (found["state"], found["says"]) == ("ok", str(PLACES))
    assert noted() == set()


def test_a_database_that_cannot_be_read_is_an_error() -> None:
    """It was stated, so somebody relies on it."""
    configure("site: {databases: [missing.mmdb]}\n")

    found = check("databases")

    assert found is not None
    assert found["state"] == "error"
    assert "missing.mmdb" in found["says"]


def test_a_network_that_many_share_is_proposed_as_a_label(tmp_path: Path) -> None:
    """Until it bears the label."""
    (tmp_path / "state").mkdir()
    with Store.open(store_path(tmp_path / "state")) as store:
        ledger = Ledger(Site(), store)
        for day in range(2):
            for number in range(8):
                event = Event()
                event.event_action, event.source_ip, event.user_name = "auth-success", "192.0.2.80", f"user{number}"
                event.stream_us = START_US + day * DAY_US + number * 1_000_000 + day * 3_600_000_000
                place(event, Site())
                ledger.successes.take(event)
        store.commit(Commit(1, states=Shelves(ledger.shelves).drain()))
    configure("site: {databases: []}\n")

    proposed = check("network 192.0.2.0/24")
    configure("labels: {proxy: [192.0.2.0/24]}\n")
    labelled = check("network 192.0.2.0/24")

    assert proposed is not None
    assert "8 accounts" in proposed["says"]
    assert "labels: proxy: [192.0.2.0/24]" in proposed["mend"]
    assert labelled is None
