"""All that is wrong is told before the service begins, each with the file that it stands in."""

from pathlib import Path

import pytest

from mailwarden.parsers.errors import ConfigurationError
from mailwarden.pipeline.configuration.reading import load
from mailwarden.pipeline.service.readiness import ready


def test_every_fault_is_told_at_once_with_its_file(tmp_path: Path) -> None:
    """Secrets, channels, databases, keys and thresholds; one that is wrong hides no other."""
    path = tmp_path / "mailwarden.yml"
    path.write_text(
        "site: {databases: [none.mmdb]}\n"
        "probes: {keys: {spamhaus: a b}}\n"
        "rules: {dmarc_failures: {threshold: 3}}\n"
        "alerts: {channels: {ops: 'webhooks://'}, heartbeat: {url: 'file:/none'}}\n"
        "feedback: {mailboxes: [{host: imap.example.org, user: u, password: 'file:/none'}]}\n"
    )

    with pytest.raises(ConfigurationError) as caught:
        ready(load(path))

    faults = [fault.removeprefix(f"{path}: ") for fault in caught.value.faults]
    assert len(faults) == 6
    assert all(fault.startswith(str(path)) for fault in caught.value.faults)
    assert [fault.partition(":")[0] for fault in faults] == [
        'channel "ops"',
        "alerts.heartbeat.url",
        "probes.keys.spamhaus",
        "feedback",
        "site.databases",
        "rules.dmarc_failures.threshold",
    ]


def test_what_is_well_gives_the_rules(tmp_path: Path) -> None:
    """Nothing is begun, and nobody is called."""
    path = tmp_path / "mailwarden.yml"
    path.write_text("alerts: {channels: {ops: 'json://127.0.0.1:9'}}\n")

    book = ready(load(path))

    assert len(book.rules) > 50
    assert book.faults == ()
