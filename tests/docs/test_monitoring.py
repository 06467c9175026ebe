"""The rules and the dashboard for Prometheus are valid, do what they say, and ask for nothing that is not there."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from incidents import START_US, taken_over
from prometheus_client.parser import text_string_to_metric_families
from served import TOKEN, Client, served

from mailwarden.alerts.incidents.incident import Notification
from mailwarden.alerts.risk.outcomes import KIND
from mailwarden.alerts.risk.sender import Sender
from mailwarden.alerts.state.blob import encode
from mailwarden.alerts.telling.outbox import Delivery, pack
from mailwarden.pipeline.places import store_path
from mailwarden.pipeline.store import Commit, Listing, Posture, Store

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "monitoring"
NAME = re.compile(r"\bmailwarden_[a-z_]+\b")


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, set[str]]]:
    """What a scrape of a store with something of everything gives: the labels of each sample."""
    state = tmp_path_factory.mktemp("state")
    log = state / "mail.log"
    log.write_text("")
    incident = taken_over()
    notice = Delivery(notification=Notification(id="n", kind="opened", incident=incident, at_us=1), receivers=("ops",))
    rollups = {
        (START_US, "lines", "event", "postfix", "smtpd"): 1,
        (START_US, "delivery", "google", "sent", ""): 1,
        (START_US, "login", "imap", "1.3", ""): 1,
        (START_US, "auth_failure", "dovecot", "bad_password", "imap"): 1,
        (START_US, "reject", "postfix", "relay_denied", ""): 1,
    }
    with Store.open(store_path(state)) as store:
        store.commit(
            Commit(
                1, incidents=[incident], rollups=rollups, meta={"stream_us": str(START_US)}, outbox=[("n", 1, pack(notice))],
                states=[(KIND, "server mx1", 1, 1 << 62, encode(Sender(last_us=START_US, addresses={"192.0.2.25": 1})))],
                positions={str(log): {"merged_us": 1}},
                listings=[Listing("192.0.2.25", "bl.example", 1, 1, "listed", "Example BL", 1.0)],
                postures=[Posture("example.org", "spf", "example.org", 1, 1, "wrong")],
            )
        )  # fmt: skip
    with served(state) as page:
        text = Client(page.port).get("/metrics", Authorization=f"Bearer {TOKEN}").text
    yield {one.name: set(one.labels) for family in text_string_to_metric_families(text) for one in family.samples}


def expressions() -> list[str]:
    """Give every question that the rules and the dashboard put."""
    rules = yaml.safe_load((FOLDER / "alerts.yml").read_text())
    asked = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    dashboard = json.loads((FOLDER / "grafana.json").read_text())
    return asked + [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]


@pytest.mark.program("promtool")
def test_prometheus_takes_the_rules() -> None:
    """`promtool` finds no fault in the rules, and they fire when they should and only then."""
    for words in (["check", "rules", "alerts.yml"], ["test", "rules", "alerts.test.yml"]):
        done = subprocess.run(["promtool", *words], cwd=FOLDER, capture_output=True, text=True, check=False)

        assert done.returncode == 0, done.stdout + done.stderr


def test_only_what_is_there_is_asked_for(names: dict[str, set[str]]) -> None:
    """Each metric and each label of the rules and the dashboard is one that a scrape gives."""
    for expression in expressions():
        for name, selector in re.findall(r"\b(mailwarden_[a-z_]+)(?:\{([^}]*)\})?", expression):
            assert name in names, expression
            labels = set(re.findall(r"(\w+)\s*(?:=~|!=|!~|=)", selector)) - {"instance"}
            assert labels <= names[name], expression


def test_every_metric_is_described(names: dict[str, set[str]]) -> None:
    """The table of the documentation has every metric with its labels, and no other."""
    text = (FOLDER / "README.md").read_text()
    rows = re.findall(r"^\| (`mailwarden_[^|]*)\|([^|]*)\|", text, re.MULTILINE)
    described = {
        name: set(filter(None, re.split(r"[, ]+", labels))) for row, labels in rows for name in NAME.findall(row)
    }

    assert described == names
