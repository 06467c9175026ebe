"""What is written for a channel bears the name that people know the server by."""

from datetime import UTC

import pytest
from notices import NOON_US, incident, notification

from mailwarden.alerts.incidents.incident import Notification
from mailwarden.alerts.telling import parcels
from mailwarden.alerts.telling.channels import Channel, Channels
from mailwarden.alerts.telling.parcels import Writer
from mailwarden.alerts.telling.senders.alertmanager import alerts_of

WRITER = Writer(
    Channels([Channel(name="chat", url="json://127.0.0.1:9")]), lambda: (), None, UTC, called="mx9.example.org"
)


def of_site(name: str, **fields: object) -> Notification:
    """Give a notification about a whole site, of logs that name no host."""
    return notification(incident(site=name, primary=("mailwarden.site", name), hosts=[], **fields))


@pytest.mark.parametrize(("site", "known_as"), [("default", "mx9.example.org"), ("offices", "offices")])
def test_a_site_without_a_name_is_told_by_what_its_server_is_called(site: str, known_as: str) -> None:
    """Nobody reads a word of ours for it: in the title, as the site, as what it is about; a name that was given stays."""
    message = WRITER.single("chat", of_site(site), ["n-1"], NOON_US).message

    (alert,) = alerts_of(message)
    assert message.title.startswith(f"● CRITICAL {known_as.partition('.')[0]}: ")
    assert [alert["labels"][label] for label in ("site", "entity")] == [known_as] * 2


def test_a_digest_names_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one whose sentences cannot be written."""
    two = [(of_site("default"), ["n-1"]), (of_site("default"), ["n-2"])]
    whole = WRITER.digest("chat", two, NOON_US).message
    monkeypatch.setattr(parcels, "render_digest", None)
    bare = WRITER.digest("chat", two, NOON_US).message

    assert whole.title.startswith("● mx9: 2 notices in one")
    assert bare.title == "● takeover: mx9.example.org"
    assert "default" not in whole.body + bare.body


def test_an_incident_of_an_account_keeps_its_account() -> None:
    """Only what the site is called is filled in."""
    message = WRITER.single("chat", notification(incident("ana@example.org", site="default")), ["n-1"], NOON_US).message

    assert message.about[0].incident.primary == ("mailwarden.account", "ana@example.org")
