"""The lines that prove it stand in a message as far as there is room, and break out of it nowhere."""

import pytest
from notices import incident, notification

from mailwarden.alerts.telling.render import render
from mailwarden.alerts.terms import Evidence


def test_evidence_is_cut_before_meaning() -> None:
    """When room is short, the log lines go first, and the next step is there to the last."""
    long = incident(evidence=[Evidence("/var/log/mail.log", n, f"{n} " + "x" * 500) for n in range(10)])

    bodies = [render(notification(long), body_limit=limit).body for limit in (900, 520, 330, 200)]

    assert [body.count("Proof: mail.log") for body in bodies][-2:] == [0, 0]
    assert all("doveadm kick" in body for body in bodies)
    assert "291 recipients" in bodies[1]


def test_who_elsewhere_got_the_mail_is_named_by_domain_only() -> None:
    """Recipients of others are nobody's business in a chat; the account itself is what it is about."""
    line = (
        "mx1 postfix/smtp[7]: 4jYB: to=<Ann.B+x@gmail.example>, from=<walter.rossi1969@nova0.example>, status=bounced"
    )

    body = render(notification(incident(evidence=[Evidence("/var/log/mail.log", 1, line)]))).body

    assert "to=<…@gmail.example>" in body
    assert "Ann.B" not in body


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (
            r'1a <= a@b.example S=12 T="CHEAP \"PILLS\" now" from <a@b.example>',
            '1a <= …@b.example S=12 T="…" from <…@b.example>',
        ),
        (
            "2B: warning: header Subject: PILLS from x[192.0.2.1]; from=<x> from y[192.0.2.2]; from=<b@c.example> proto=ESMTP",
            "2B: warning: header Subject: … from y[192.0.2.2]; from=<…@c.example> proto=ESMTP",
        ),
        ("2B: warning: header Subject: PILLS", "2B: warning: header Subject: …"),
        ('(1-2) Passed SPAM, Subject: "PILLS", size: 7', '(1-2) Passed SPAM, Subject: "…", size: 7'),
    ],
)
def test_what_a_mail_is_called_is_not_told(line: str, shown: str) -> None:
    """A subject is its reader's, and where it is a spammer's, the alert would be taken for spam as well."""
    body = render(notification(incident(evidence=[Evidence("/var/log/mail.log", 1, line)]))).body

    assert f"Proof: mail.log: `{shown}`\n" in body


def test_a_long_log_line_keeps_its_beginning_and_its_end() -> None:
    """Who and when stand at the beginning, what the other server said at the end."""
    line = (
        "mx1 postfix/smtp[7]: 4jYB: status=bounced (host mx.example.net said: 550 "
        + "x" * 300
        + " blocked by list.example)"
    )

    body = render(notification(incident(evidence=[Evidence("/var/log/mail.log", 1, line)]))).body

    assert "Proof: mail.log: `mx1 postfix/smtp[7]: 4jYB: … xxx" in body
    assert "blocked by list.example)" in body


@pytest.mark.parametrize("stamp", ["Nov 23 00:30:28", "2026-11-23T00:30:28.123456+01:00"])
def test_a_long_log_line_loses_its_time_first(stamp: str) -> None:
    """When it was is said above; the words at the cut are whole."""
    said = " ".join(f"word{number}" for number in range(60))

    body = render(
        notification(incident(evidence=[Evidence("/var/log/mail.log", 1, f"{stamp} mx1 exim[7]: {said}")]))
    ).body

    proof = next(line for line in body.split("\n") if line.startswith("Proof: "))
    assert proof.startswith("Proof: mail.log: `mx1 exim[7]: word0 word1 word2 word3 … word39 ")
    assert proof.endswith(" word59`")


@pytest.mark.parametrize("limit", [900, 700, 620])
def test_a_log_line_is_no_markdown(limit: int) -> None:
    """What a stranger typed is a quote between backticks, cut or whole: no link, picture or emphasis in a chat."""
    line = (
        "mx1 postfix/smtpd[7]: helo=<`![x](http://evil.example/a.png) **now** [click](http://evil.example)>"
        + " y" * 200
    )

    body = render(notification(incident(evidence=[Evidence("/var/log/mail.log", 1, line)])), body_limit=limit).body

    (proof,) = [row for row in body.split("\n") if "postfix/smtpd" in row]
    assert proof.startswith("Proof: mail.log: `mx1 ")
    assert (proof[-1], proof.count("`")) == ("`", 2)
    assert all(row.count("`") % 2 == 0 for row in body.split("\n"))


def test_a_log_line_of_which_little_would_be_left_is_left_out() -> None:
    """Half a time stamp proves nothing."""
    long = incident(evidence=[Evidence("/var/log/mail.log", n, f"{n} " + "x " * 100) for n in range(2)])

    for limit in range(400, 900, 7):
        lines = render(notification(long), body_limit=limit).body.split("\n")
        assert all(len(line) >= 100 for line in lines if line.startswith("Proof: mail.log"))
