"""Whatever an attacker writes into whichever field, every sender's message is well-formed and moves nothing."""

import email
import email.policy
import json
import re
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from notices import NOON_US, incident, notification

from mailwarden.alerts.telling.message import Message
from mailwarden.alerts.telling.render import render
from mailwarden.alerts.telling.senders.alertmanager import alerts_of
from mailwarden.alerts.telling.senders.mail import mail_of
from mailwarden.alerts.telling.senders.pagerduty import event_of
from mailwarden.alerts.telling.senders.webhook import body_of
from mailwarden.alerts.terms import Evidence

HOSTILE = st.text(st.characters(exclude_categories=()), max_size=200) | st.sampled_from(
    [
        "a\r\nBcc: eve@evil.example",
        "\x1b]0;x\x07",
        "\u202e",
        "\udcff",
        "</p><script>",
        "=?utf-8?q?x?=",
        "\x00",
        "`x`",
        "",
    ]
)
UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
KINDS = ["opened", "worse", "repeated", "escalated", "acknowledged", "ended", "returned", "summary"]


def texts(value: Any) -> list[str]:
    """Give every text in a structure, keys included."""
    if isinstance(value, dict):
        return [text for pair in value.items() for part in pair for text in texts(part)]
    if isinstance(value, list | tuple):
        return [text for part in value for text in texts(part)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("language", ["en", "ja"])
@settings(max_examples=40, deadline=None)
@given(st.sampled_from(KINDS), HOSTILE, HOSTILE, HOSTILE, HOSTILE)
def test_no_field_breaks_a_message(language: str, kind: str, account: str, host: str, line: str, who: str) -> None:
    """Account, host, site, log line and the name of who is on it: data stays valid, mail keeps its headers and markup."""
    told = incident(
        account,
        hosts=[host],
        site=host or "mx1",
        evidence=[Evidence(line, 1, line)],
        acknowledged_by=who,
        entities={"mailwarden.account": [account], "source.ip": [line]},
    )
    notice = notification(told, kind)
    text = render(notice, language, zone=UTC, defang=True)
    message = Message(id="n-1", title=text.title, body=text.body, about=(notice,), sent_us=NOON_US)

    for data in (event_of(message, "KEY"), alerts_of(message), body_of(message)):
        json.dumps(data, ensure_ascii=False).encode("utf-8")
        assert not any(UNSEEN.search(part) for part in texts(data))
    raw = mail_of(message, "a@example.org", ("b@example.net",), language).as_bytes()
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert (mail["To"], mail["Bcc"], mail["From"]) == ("b@example.net", None, "mailwarden <a@example.org>")
    # A space beside what is encoded may belong to a word; of what looks encoded the words are what counts.
    assert re.sub("[ \u00a0]", "", mail["Subject"]) == re.sub("[ \u00a0]", "", text.title)
    page = mail.get_body(("html",))
    assert page is not None
    assert "<script" not in page.get_content()
