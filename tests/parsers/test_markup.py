"""The markup of pages comes off; what a client writes as markup changes nothing but itself."""

from html import escape

import pytest
from envelopes import FORGED, read

from mailwarden.parsers.event import to_ecs

REJECT = (
    "Mar  3 04:05:06 mx1 postfix/smtpd[2211]: NOQUEUE: reject: RCPT from unknown[203.0.113.7]: 554 5.7.1 <a@example.org>: "
    "Relay access denied; from=<b@example.net> to=<a@example.org> proto=ESMTP helo=<x>"
)
CONNECT = "Mar  3 04:05:06 mx1 postfix/smtpd[2211]: connect from unknown[203.0.113.7]"


@pytest.mark.parametrize("line", [REJECT, CONNECT])
@pytest.mark.parametrize(
    "page",
    ["{}", "{}<br>", "{}</p><br>", "<p>{}</p>", '<li class="x">{}</li>', "<pre>{}", "<tr><td>{}</td></tr>", "&gt; {}"],
)
def test_line_of_a_page(line: str, page: str) -> None:
    """A line that was copied out of a page's source is the line that the server wrote."""
    # The line before makes both ways of reading meet it: the short one, and that of every shape.
    events = read(CONNECT, page.format(escape(line, quote=False)))

    assert to_ecs(events[1]) == to_ecs(read(CONNECT, line)[1])


def test_hard_blanks() -> None:
    """Blanks of a page are blanks, where the server's own stamp has them."""
    assert to_ecs(read(REJECT.replace(" ", "\xa0"))[0]) == to_ecs(read(REJECT)[0])


@pytest.mark.parametrize(
    "name", ["&lt;x&gt;", "x<br>", "&quot;, rip=198.51.100.9", "</td>", "&#39;&lt;", "\xa0x", "\x1b[1mx\x1b[0m"]
)
def test_a_client_may_write_markup(name: str) -> None:
    """What a client sends as markup hides no line, and makes no address of its own."""
    lines = (
        f"Mar  3 04:05:06 mx1 dovecot: imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<{name}>, "
        "method=PLAIN, rip=203.0.113.7, lip=192.0.2.1",
        f"Mar  3 04:05:06 mx1 postfix/smtpd[2211]: warning: unknown[203.0.113.7]: SASL LOGIN authentication failed: x, "
        f"sasl_username={name}",
        f"2026-03-03 04:05:06 login authenticator failed for ({name}) [203.0.113.7]: 535 Incorrect authentication data",
    )

    assert [event.source_ip for event in read(*lines)] == ["203.0.113.7"] * 3


@pytest.mark.parametrize("opening", ["<br>", "&lt;br&gt;", "</td><td>", "&gt; ", "\x1b[0m", "\xa0", "- ", '"', "b'"])
@pytest.mark.parametrize("forged", [FORGED, escape(FORGED), FORGED.replace(" ", "\xa0")])
def test_no_markup_begins_a_line(opening: str, forged: str) -> None:
    """Nothing that a client puts before it makes a line of what he writes."""
    for line in (
        f"Mar  3 04:05:06 mx1 dovecot: imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<{opening}{forged}>, "
        "rip=203.0.113.7",
        f"Mar  3 04:05:06 mx1 app: x{opening}{forged}",
        f"2026-03-03 04:05:06 login authenticator failed for ({opening}{forged}) [203.0.113.7]: 535 Incorrect",
        f"  Subject: {opening}{forged}",
    ):
        assert read(line)[0].source_ip in (None, "203.0.113.7")
