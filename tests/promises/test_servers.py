"""Of every server the same story is found: somebody guesses, an account is taken over and sends spam, a provider refuses.

And of every server an ordinary day stays calm, and nothing of what it writes is left ununderstood.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from servers.exchange import Exchange
from servers.hmailserver import HMailServer
from servers.kerio import Kerio
from servers.kumomta import KumoMta
from servers.maddy import Maddy
from servers.mailenable import MailEnable
from servers.mdaemon import MDaemon
from servers.mox import Mox
from servers.server import Server
from servers.stalwart import Stalwart

from mailwarden.parsers.envelope import Reader
from mailwarden.pipeline.cli.root import root

SERVERS: list[type[Server]] = [Exchange, HMailServer, Kerio, KumoMta, Maddy, MailEnable, MDaemon, Mox, Stalwart]
PEOPLE = [f"{name}@example.org" for name in ("ann", "bob", "carol", "dan", "eve", "office")]
HOMES = {one: f"192.0.2.{10 + n}" for n, one in enumerate(PEOPLE)}
ABROAD, GUESSER = "198.51.100.66", "203.0.113.7"
REFUSAL = (
    550,
    "5.7.1 [192.0.2.5] Our system has detected that this message is likely suspicious due to the very low reputation of "
    "the sending IP address",
)


def ordinary(server: Server, hours: int = 10) -> None:
    """Let people read and write, and others write to them; some mistype, some write to nobody."""
    for hour in range(hours):
        for n, one in enumerate(PEOPLE):
            server.reads(one, HOMES[one])
            server.wait(200)
            server.sends(one, HOMES[one], [f"friend{n}@example.net"], {})
            server.wait(200)
            server.receives(f"friend{n}@example.net", "198.51.100.20", one)
            server.wait(150)
        if hour == 4:
            server.refuses_login(PEOPLE[1], HOMES[PEOPLE[1]])
            server.wait(5)
            server.refuses_recipient("who@example.net", "198.51.100.21", "nobody@example.org", relay=False)
            server.wait(45)


def scanned(server: Server, place: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Give the incidents that `mailwarden scan --json` finds."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(place))
    monkeypatch.setenv("XDG_STATE_HOME", str(place))
    (place / "settings.yml").write_text("site: {domains: [example.org]}\n")
    log = place / "server.log"
    log.write_text("".join(f"{line}\n" for line in server.lines))
    arguments = [
        "--config",
        str(place / "settings.yml"),
        "scan",
        "--json",
        "--timezone",
        "UTC",
        "--year",
        "2026",
        str(log),
    ]
    done = CliRunner().invoke(root, arguments, catch_exceptions=False)
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("kind", SERVERS, ids=lambda kind: kind.module)
def test_an_ordinary_day_is_calm(kind: type[Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is woken by what happens every day."""
    server = kind()
    ordinary(server)

    assert [one["title"] for one in scanned(server, tmp_path, monkeypatch) if one["severity"] != "low"] == []


@pytest.mark.parametrize("kind", SERVERS, ids=lambda kind: kind.module)
def test_every_line_is_understood(kind: type[Server]) -> None:
    """Each line is this server's, and a pattern knows it."""
    server = kind()
    ordinary(server, 5)

    events = Reader(year=2026).read_lines(server.lines)
    events = [one for one in events if not one.event_original.startswith("#")]  # names of columns

    assert {event.event_module for event in events} == {kind.module}
    assert {event.event_kind for event in events} == {"event"}


@pytest.mark.parametrize("kind", SERVERS, ids=lambda kind: kind.module)
def test_guessing_from_one_address(kind: type[Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each try counts once, and is his who made it."""
    server = kind()
    ordinary(server, 1)
    for n in range(60):
        server.refuses_login(f"user{n}@example.org", GUESSER)
        server.wait(4)

    found = [one for one in scanned(server, tmp_path, monkeypatch) if one["category"] == "auth_attack"]

    assert found
    assert {address for one in found for address in one["entities"].get("source.ip", [])} == {GUESSER}
    assert max(one["event_count"] for one in found) == 60


@pytest.mark.parametrize("kind", SERVERS, ids=lambda kind: kind.module)
def test_a_takeover(kind: type[Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who guesses a password and sends spam with it is told, with the account and its recipients."""
    server = kind()
    ordinary(server)
    for n in range(30):
        server.refuses_login("office@example.org", f"203.0.113.{n + 1}")
        server.wait(10)
    for n in range(12):
        server.sends("office@example.org", ABROAD, [f"victim{n}.{m}@example{m}.net" for m in range(5)], {})
        server.wait(20)

    severity = "critical" if server.names_the_refused else "medium"
    found = [one for one in scanned(server, tmp_path, monkeypatch) if one["severity"] == severity]

    assert [one["primary"] for one in found] == [{"user.name": "office@example.org"}]
    assert ABROAD in found[0]["entities"]["source.ip"]


@pytest.mark.parametrize("kind", [one for one in SERVERS if one.tells_deliveries], ids=lambda kind: kind.module)
def test_a_provider_refuses(kind: type[Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal for our reputation is told, with the provider's name."""
    server = kind()
    ordinary(server, 3)
    for n in range(5):
        server.sends(PEOPLE[n], HOMES[PEOPLE[n]], [f"someone{n}@gmail.com"], {"gmail.com": REFUSAL})
        server.wait(100)

    found = [one for one in scanned(server, tmp_path, monkeypatch) if one["severity"] in ("high", "critical")]

    assert {"google"} <= {value for one in found for value in one["entities"].get("mail.provider", [])}


@pytest.mark.parametrize("kind", SERVERS, ids=lambda kind: kind.module)
def test_strangers_are_refused(kind: type[Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks for addresses, or tries to relay, is recorded with the address he came from."""
    server = kind()
    ordinary(server, 1)
    for n in range(40):
        server.refuses_recipient("x@example.net", GUESSER, f"name{n}@example.org", relay=False)
        server.wait(5)
        server.refuses_recipient("x@example.net", GUESSER, f"name{n}@example.com", relay=True)
        server.wait(5)

    found = scanned(server, tmp_path, monkeypatch)

    expected = {"enumeration", "relay_abuse"} if server.names_the_unknown else {"relay_abuse"}
    assert expected <= {one["category"] for one in found}
    assert {address for one in found for address in one["entities"].get("source.ip", [])} == {GUESSER}
