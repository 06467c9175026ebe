"""What `doctor` says of channels and of the heartbeat."""

import json
import re
import time
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from notices import notification
from receiver import receiving

from mailwarden.alerts.telling.delivery import Delivery, pack
from mailwarden.parsers.errors import coded
from mailwarden.pipeline.cli.root import root
from mailwarden.pipeline.places import store_path
from mailwarden.pipeline.service.heartbeat import HEARTBEAT, Beat
from mailwarden.pipeline.store import Commit, Store


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place with a state and no configuration."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    monkeypatch.setenv("LANG", "C.UTF-8")
    (tmp_path / "state").mkdir()
    Store.open(store_path(tmp_path / "state")).close()
    return tmp_path


def checks(place: Path, settings: str, *words: str, name: str) -> list[tuple[str, str]]:
    """Run `doctor`; give state and text of the checks of a name."""
    (place / "mailwarden.yml").write_text(settings, "utf-8")
    lines = CliRunner().invoke(root, ["doctor", "--json", *words]).stdout.splitlines()
    return [(one["state"], one["says"]) for one in map(json.loads, lines) if one["name"] == name]


@pytest.mark.parametrize(
    ("url", "warned"),
    [
        ("mailto://127.0.0.1?from=a@example.org&to=b@example.org", True),
        ("mailtos://u:p@localhost?to=b@example.org", True),
        ("mailtos://u:p@mx1.example.org?to=b@example.org", True),
        ("mailtos://u:p@192.0.2.1?to=b@example.org", False),
        ("webhook://127.0.0.1:9/", False),
    ],
)
def test_mail_through_the_watched_server_is_advised_against(place: Path, url: str, warned: bool) -> None:
    """When the server fails that is watched, an alert over it reaches nobody."""
    said = checks(place, f'site: {{hosts: [mx1]}}\nalerts: {{channels: {{me: "{url}"}}}}', name="channel me")

    assert any(state == "warning" and "which is watched" in says for state, says in said) is warned


def test_a_channel_that_takes_nothing_now_is_not_called_well(place: Path) -> None:
    """That its address is well-formed is no comfort while what waits for it is refused."""
    waits = Delivery(
        notification=notification(), receivers=("me",), failed={"me": coded("MW4105", "answered {status}", status=500)}
    )
    with Store.open(store_path(place / "state")) as store:
        store.commit(Commit(1, outbox=[("n-1", 5, pack(waits))]))

    said = checks(place, "alerts: {channels: {me: 'webhook://127.0.0.1:9/'}}", name="channel me")

    assert said == [("error", "does not take what waits for it: answered 500")]


@pytest.mark.parametrize(
    ("beat", "state", "says"),
    [
        (None, "not checked", "was not called yet"),
        (Beat(ok_us=-60), "ok", "got through 6[0-9] s ago"),
        (Beat(ok_us=-7200), "error", "the service does not watch"),
        (Beat(ok_us=-9000, failed_us=-10, since_us=-900, fails=3, error="answered 500"), "error", "answered 500"),
    ],
)
def test_the_heartbeat_stands_as_the_service_keeps_it(place: Path, beat: Beat | None, state: str, says: str) -> None:
    """Never called, well, late, or failing: each is a state of its own."""
    now_us = time.time_ns() // 1000
    if beat is not None:
        kept = {
            name: now_us + value * 1_000_000 if name.endswith("_us") and value else value
            for name, value in msgspec.structs.asdict(beat).items()
        }
        with Store.open(store_path(place / "state")) as store:
            store.set_meta(HEARTBEAT, json.dumps(kept))

    ((found, said),) = checks(place, "alerts: {heartbeat: {url: http://127.0.0.1:9/}}", name="heartbeat")

    assert found == state
    assert re.search(says, said)


def test_the_heartbeat_is_tried_with_send(place: Path) -> None:
    """--send calls it once; what refuses is told without its address."""
    with receiving() as receiver:
        settings = f"alerts: {{heartbeat: {{url: 'http://{receiver.address}/sekrit0815'}}}}"
        well = checks(place, settings, "--send", name="heartbeat")
        receiver.status = 404
        gone = checks(place, settings, "--send", name="heartbeat")

    assert well == [("ok", "took the call")]
    assert gone == [("error", "answered 404: {}")]
    assert len(receiver.posts) == 2


def test_a_secret_that_is_missing_is_told(place: Path) -> None:
    """An address that cannot be put together is an error with its mend."""
    ((state, says),) = checks(place, "alerts: {heartbeat: {url: 'https://x/${NOT_SET_X}'}}", name="heartbeat")

    assert state == "error"
    assert "${NOT_SET_X} is not in the environment" in says


@pytest.mark.parametrize(
    ("status", "mend"),
    [
        (401, "key or password"),
        (404, "at this address"),
        (429, "Wait a while"),
        (500, "on its side"),
        (400, "Write its URL anew"),
    ],
)
def test_the_mend_of_a_channel_is_that_of_what_it_answered(place: Path, status: int, mend: str) -> None:
    """Nobody looks for a fault in the configuration where the service itself has one."""
    with receiving() as receiver:
        receiver.status = status
        settings = f"probes: {{enabled: false}}\nalerts: {{channels: {{me: 'webhook://{receiver.address}/'}}}}"
        (place / "mailwarden.yml").write_text(settings, "utf-8")
        lines = CliRunner().invoke(root, ["doctor", "--json", "--send"]).stdout.splitlines()

    (check,) = [one for one in map(json.loads, lines) if one["name"] == "channel me"]

    assert (check["state"], f"answered {status}" in check["says"]) == ("error", True)
    assert mend in check["mend"]
