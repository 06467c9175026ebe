"""`doctor` says when name servers or block lists do not answer, and that this is no listing."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from faults import Reply, answering

from mailwarden.pipeline.cli.root import root


def _checks(tmp_path: Path, script: object, more: str = "") -> dict[str, dict[str, str]]:
    configuration = tmp_path / "mailwarden.yml"
    with answering(script) as server:  # type: ignore[arg-type]
        configuration.write_text(f"state: {tmp_path}\nprobes: {{resolver: '127.0.0.1:{server.port}'{more}}}\n", "utf-8")
        done = CliRunner().invoke(root, ["doctor", "--json", "--config", str(configuration)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return {record["name"]: record for record in map(json.loads, done.stdout.splitlines())}


def test_a_public_resolver(tmp_path: Path) -> None:
    """Spamhaus refuses it: the code is shown, that it is no listing is said, and what to set."""

    def script(name: str, type_: str) -> Reply:
        if type_ == "NS":
            return ["a.root.test."]
        return ["127.255.255.254"] if name.endswith("spamhaus.org") else None

    checks = _checks(tmp_path, script)

    assert checks["name server"]["state"] == "ok"
    assert checks["block lists"]["state"] == "warning"
    refused = checks["Spamhaus ZEN (127.255.255.254), Spamhaus DBL (127.255.255.254)"]
    assert "set probes.resolver" in refused["says"]
    assert "no listing" in refused["says"]


def test_no_name_server(tmp_path: Path) -> None:
    """Then nothing is checked, and that is all that is said."""
    checks = _checks(tmp_path, lambda name, type_: "servfail")

    assert checks["name server"]["state"] == "warning"
    assert "block lists" not in checks


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (", enabled: false", "switched off"),
        (", keys: {spamhaus: '${NOT_SET_X}'}", "${NOT_SET_X} is not in the environment"),
        (", keys: {abusix: 'file:/nowhere/key'}", 'secret file "/nowhere/key"'),
    ],
)
def test_settings_of_probes(tmp_path: Path, more: str, says: str) -> None:
    """What is switched off, and a key that is not there, are told by name."""
    checks = _checks(tmp_path, lambda name, type_: None, more)

    assert says in checks["probes"]["says"]
