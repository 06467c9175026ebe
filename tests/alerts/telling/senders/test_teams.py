"""Teams gets a card whose texts are no Markdown, through the workflow that Apprise calls."""

import json
from datetime import UTC
from typing import Any

import pytest
from notices import NOON_US, incident, notification
from receiver import Receiver, receiving

from mailwarden.alerts.telling.channels import Channel, Channels
from mailwarden.alerts.telling.message import Message
from mailwarden.alerts.telling.parcels import Writer
from mailwarden.alerts.telling.render import render
from mailwarden.alerts.terms import Evidence

HOSTILE = "helo=<[click](http://evil.example) **x** `![i](http://evil.example/a.png)>"


class _Plain:
    """What the plugin calls as `requests`: the same, without TLS, which the receiver does not speak."""

    def __getattr__(self, name: str) -> Any:
        import requests

        return getattr(requests, name)

    def post(self, url: str, **options: Any) -> Any:
        import requests

        return requests.post(url.replace("https://", "http://"), **options)


def sent(message: Message, monkeypatch: pytest.MonkeyPatch) -> Receiver:
    """Send a message to a workflow."""
    from apprise.plugins import workflows

    monkeypatch.setattr(workflows, "requests", _Plain())
    with receiving() as receiver:
        url = f"workflows://{receiver.address}/643a8f8c/SigNature"
        Channels([Channel(name="ops", url=url)]).send("ops", message)
    return receiver


def test_a_card_says_every_line_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line is a block of its own, commands can be copied, log text is no link, and the button leads to the page."""
    notice = notification(incident(evidence=[Evidence("/var/log/mail.log", 1, HOSTILE)]))
    text = render(notice)
    message = Message(id="n-1", title=text.title, body=text.body, tone=text.tone, link="https://warden.example.org/i/X")

    (post,) = sent(message, monkeypatch).posts

    content = post.json["attachments"][0]["content"]
    runs = [run for block in content["body"] for run in block["inlines"]]
    said = ["".join(run["text"] for run in block["inlines"]) for block in content["body"]]
    assert said == [text.title, *text.body.replace("`", "").split("\n")]
    assert {block["type"] for block in content["body"]} == {"RichTextBlock"}
    assert next(run["text"] for run in runs if run.get("fontType") == "Monospace").startswith(
        "doveadm auth cache flush"
    )
    assert "\\" not in json.dumps(said, ensure_ascii=False)
    assert content["actions"] == [
        {"type": "Action.OpenUrl", "title": "mailwarden", "url": "https://warden.example.org/i/X"}
    ]
    assert runs[0]["color"] == "Attention"


def test_a_message_leads_to_what_it_tells_of() -> None:
    """What keeps a link (a card, a pager, Alertmanager) gets that of the incident; of several, that of the first page."""
    one, other = notification(incident("a@example.org")), notification(incident("b@example.org"), id="n-2")
    writer = Writer(Channels([Channel(name="x", url="json://localhost")]), tuple, "https://warden.example.org/", UTC)

    single = writer.single("x", one, ["n-1"], NOON_US).message
    digest = writer.digest("x", [(one, ["n-1"]), (other, ["n-2"])], NOON_US).message

    assert single.link == f"https://warden.example.org/i/{one.incident.id}"
    assert digest.link == "https://warden.example.org/"
