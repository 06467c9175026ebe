"""Nobody is framed: what strangers type into logins, greetings, envelopes, headers and replies blames nobody else.

The lines are those of real servers (Postfix 3.7 and 3.10, Dovecot 2.3 and 2.4, Exim 4.96), before which a client at 198.18.5.0/24
tried forty names that imitate log lines, accounts and addresses, greeted as this server, claimed its people as senders, wrote
logins into Subject and Message-ID, and had its mail forwarded to a server whose replies name a login and a queue id of ours.
"""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from mailwarden.pipeline.cli.root import root

LOGS = Path(__file__).parent / "framing"
INNOCENT = ("192.0.2.", "198.51.100.")


@pytest.mark.parametrize(
    "logs",
    [["postfix37_dovecot23"], ["postfix310_dovecot24"], ["exim496"], ["exim_dovecot23", "exim496"]],
    ids=" ".join,
)
def test_only_who_did_it_is_blamed(logs: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever was typed, the incidents are about the client that typed it, and no address that it named is part of one."""
    settings = tmp_path / "settings.yml"
    settings.write_text("site: {domains: [example.org]}\n")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    paths = [str(LOGS / f"{name}.log.gz") for name in logs]

    done = CliRunner().invoke(
        root, ["--config", str(settings), "scan", "--json", "--timezone", "UTC", *paths], catch_exceptions=False
    )

    found = [json.loads(line) for line in done.stdout.splitlines()]
    blamed = {
        value for one in found for value in one["primary"].values() if one["primary"].keys() != {"mailwarden.site"}
    }
    addresses = {value for one in found for value in one["entities"].get("source.ip", [])}
    assert blamed == {"198.18.5.0/24"}
    assert addresses <= {"198.18.5.7", "198.18.5.8"}
    assert not [one for one in found if one["severity"] not in ("low", "info")]
