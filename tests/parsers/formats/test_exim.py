"""What holds for every line that Exim writes, whoever wrote parts of it."""

import re
import time
from pathlib import Path

import pytest
import yaml
from beside import without
from hypothesis import given, settings
from hypothesis import strategies as st

from mailwarden.parsers.event import Event, to_ecs
from mailwarden.parsers.formats import exim

STAMP = "2026-03-03 04:05:06 "
SAMPLES = yaml.safe_load((Path(exim.__file__).parent.parent / "exim.yaml").read_text(encoding="utf-8"))
TEXTS = [sample["line"].removeprefix(STAMP) for sample in SAMPLES]
ID = "1vxABC-0003Qd-7z"

ANY = st.text(alphabet=st.characters(blacklist_categories=["Cs"], blacklist_characters="\n\r"), max_size=60)
FORGED = st.sampled_from(
    [
        "x) [192.0.2.1]",
        "x [192.0.2.1]: 535 Incorrect authentication data",
        "(x) [192.0.2.1]:25 I=[192.0.2.5]:25",
        "H=[192.0.2.1]",
        '" H=(x) [192.0.2.1] AUTH command used when not advertised',
        "F=<a@example.com> rejected RCPT <b@example.com>: relay not permitted",
        " P=local S=1 id=a@example.com",
        "(set_id=root)",
        "A=login:root",
        "dovecot_login authenticator failed for (x) [192.0.2.1]: 535 Incorrect authentication data (set_id=root)",
        "Completed",
        "\\n\\t\\033[31m",
        '"',
        "\\",
        "((((",
        "))))",
        "\x00\x1b[31m",
        "\u2028\u0085",
    ]
)
HOSTILE = ANY | FORGED


def read(text: str) -> Event:
    """Read what stands behind an own-file stamp."""
    event = Event()
    event.process_name = event.service_name = "exim"
    event.event_original = STAMP + text
    exim.FORMAT.read(event, text)
    return event


def quoted(text: str) -> str:
    """Write a text between quotes as Exim does."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


HELO_LINES = [
    ID + " <= bob@example.org H=dyn.example.net (HELO) [203.0.113.9]:2000 P=esmtp S=900 id=a@example.net",
    "dovecot_login authenticator failed for (HELO) [203.0.113.9]:2000: 535 Incorrect authentication data (set_id=bob)",
    "H=(HELO) [203.0.113.9]:2000 F=<a@example.net> rejected RCPT <b@example.org>: No Such User Here",
    "SMTP connection from (HELO) [203.0.113.9]:2000 closed by QUIT",
    'SMTP call from (HELO) [203.0.113.9]:2000 dropped: too many nonmail commands (last was "NOOP")',
    "TLS error on connection from (HELO) [203.0.113.9]:2000 (SSL_accept): error:1408F10B",
    "no MAIL in SMTP connection from (HELO) [203.0.113.9]:2000 D=3s C=EHLO,QUIT",
]


@pytest.mark.parametrize("line", HELO_LINES)
@settings(max_examples=150, deadline=None)
@given(helo=ANY | st.sampled_from(["x) [192.0.2.1]", "[192.0.2.1]", "(x) [192.0.2.1]:25 I=[192.0.2.5]:25 x", "x) ("]))
def test_a_helo_is_nothing_but_a_helo(line: str, helo: str) -> None:
    """Whatever a client says it is, the address is the one that Exim wrote."""
    event = read(line.replace("HELO", helo))

    assert event.source_ip == "203.0.113.9"
    assert event.smtp_helo == (helo or None)
    assert without(event, "smtp.helo") == without(read(line), "smtp.helo")


@settings(max_examples=300, deadline=None)
@given(HOSTILE)
def test_a_tried_name_is_nothing_but_a_name(name: str) -> None:
    """A name that holds another client's failure changes nobody's record."""
    line = "plain authenticator failed for (h) [203.0.113.9]:2000: 535 Incorrect authentication data (set_id={})"

    event = read(line.format(name))

    if "(set_id=" not in name:
        assert event.user_name == (name or None)
    assert without(event, "user.name", "mail.parse.ambiguous") == without(read(line.format("x")), "user.name")


@settings(max_examples=300, deadline=None)
@given(HOSTILE)
def test_a_subject_is_nothing_but_a_subject(subject: str) -> None:
    """A subject that holds fields sets none."""
    line = ID + ' <= a@example.net H=(h) [203.0.113.9]:2000 P=esmtp S=900 id=i@example.net T="{}" for b@example.org'

    event = read(line.format(quoted(subject)))

    assert event.email_subject == re.sub(r"\\\\", r"\\", subject) or "\\" in subject
    assert without(event, "email.subject") == without(read(line.format("x")), "email.subject")


@settings(max_examples=300, deadline=None)
@given(HOSTILE.filter(lambda text: '"' not in text and not text.startswith(" ")))
def test_a_message_id_is_nothing_but_an_id(message_id: str) -> None:
    """A message id that holds fields sets none."""
    line = ID + ' <= a@example.net H=(h) [203.0.113.9]:2000 P=esmtp S=900 id={} T="s" for b@example.org'

    event = read(line.format(message_id))

    ours = ("email.message_id", "mail.parse.ambiguous")
    assert without(event, *ours) == without(read(line.format("x")), *ours)


@settings(max_examples=300, deadline=None)
@given(HOSTILE)
def test_a_reply_is_nothing_but_a_reply(reply: str) -> None:
    """What another server says sets nothing but what it said."""
    line = ID + " ** b@example.net F=<a@example.org> R=dnslookup T=remote_smtp H=mx.example.net [192.0.2.10]: "
    line += "SMTP error from remote mail server after end of data: 550 {}"
    sent = ID + ' => b@example.net R=dnslookup T=remote_smtp H=mx.example.net [192.0.2.10] C="250 {}" QT=2s'
    ours = ("smtp.reply.text", "smtp.reply.enhanced_code", "mail.queue.remote_id")

    assert without(read(line.format(reply)), *ours) == without(read(line.format("x")), *ours)
    assert without(read(sent.format(quoted(reply))), *ours) == without(read(sent.format("x")), *ours)


@settings(max_examples=200, deadline=None)
@given(HOSTILE.filter(lambda text: not set(text) & set("<>") and "auth" not in text.lower()))  # that gives a password
def test_a_quoted_sender_is_nothing_but_a_sender(local: str) -> None:
    """A quoted local part that holds a whole refusal changes nobody's record."""
    line = 'H=(h) [203.0.113.9]:2000 F=<"{}"@example.net> rejected RCPT <b@example.org>: relay not permitted'

    event = read(line.format(quoted(local)))

    ours = ("email.from.address", "mail.parse.ambiguous")
    assert event.email_from_address == [f'"{quoted(local)}"@example.net']
    assert without(event, *ours) == without(read(line.format("x")), *ours)


@pytest.mark.parametrize(
    "text",
    [
        "H=(" + ") [192.0.2.1] F=<" * 6000,
        "H=(" + "(" * 90000,
        ID + " <= a@example.org H=(" + ") [192.0.2.1] P=x " * 5000,
        ID + " <= a@example.org H=(h) [192.0.2.1] P=esmtp S=1 id=" + ' T="' * 20000,
        ID + " <= a@example.org H=(h) [192.0.2.1] P=esmtp S=1 id=" + " for a" * 15000,
        ID + ' <= "' + '\\"' * 40000,
        ID + " => " + '"' + '\\"' * 40000,
        ID + " ** |" + " <a> R=" * 12000,
        ID + " == a@example.org R=r T=t defer (-44): " + "A " * 40000,
        ID + ' => a@example.org R=r T=t C="' + "\\n" * 40000,
        "plain authenticator failed for (" + ") [192.0.2.1]: 535 x (set_id=" * 3000,
        'SMTP protocol error in "' + '" H=(x) [192.0.2.1] ' * 4000,
        'SMTP protocol error in "AUTH ' + "AUTH LOGIN x " * 6000,
        "cwd=" + " 1 args" * 12000,
        "F=<" + '"' * 90000,
        "rejected RCPT <" + '"a' * 40000,
        ID + " SA: Action: x: score=1 required=1 " + "From <" * 15000,
        "DKIM: d=" + "a " * 45000,
    ],
    ids=lambda text: text[:24],
)
def test_no_line_takes_long(text: str) -> None:
    """A line of 90,000 hostile characters is read in the time of a glance."""
    begun = time.process_time()
    read(text)

    assert time.process_time() - begun < 0.5


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (
            'SMTP protocol error in "AUTH LOGIN aW5mbw==" H=(x) [203.0.113.9] AUTH command used when not advertised',
            "aW5mbw",
        ),
        (
            'SMTP protocol error in "auth plain AGEAYg==" H=(x) [203.0.113.9] AUTH command used when not advertised',
            "AGEAYg",
        ),
        ('SMTP syntax error in "cGFzc3dvcmQ=" H=(x) [203.0.113.9] unrecognized command', "cGFzc3dvcmQ"),
        ("H=(x) [203.0.113.9] rejected AUTH PLAIN AGEAYg==: not here", "AGEAYg"),
        (
            "SMTP call from (x) [203.0.113.9] dropped: too many syntax or protocol errors"
            ' (last command was "AUTH PLAIN AGEAYg==")',
            "AGEAYg",
        ),
        (
            "SMTP protocol synchronization error (input sent without waiting for greeting): rejected connection from"
            ' H=[203.0.113.9] input="EHLO x\\r\\nAUTH PLAIN AGEAYg==\\r\\n"',
            "AGEAYg",
        ),
    ],
)
def test_no_secret_is_kept(text: str, secret: str) -> None:
    """What a client typed as its name or password stands nowhere in the event."""
    event = read(text)

    assert event.event_kind == "event"
    assert event.source_ip == "203.0.113.9"
    assert secret not in event.event_original
    assert secret not in str(to_ecs(event))


@pytest.mark.parametrize("tag", ["exim", "exim4", "exim-out", "exim_in"])
def test_tags_are_claimed(tag: str) -> None:
    """Exim may run under a name of its own."""
    assert exim.claim(tag) == ("exim", "exim", None)


@pytest.mark.parametrize("tag", ["eximstats", "postfix/smtpd", "dovecot", "sshd", "exim-stats"])
def test_other_tags_are_not(tag: str) -> None:
    """A tag that only begins like Exim's is not its."""
    assert exim.claim(tag) is None


@pytest.mark.parametrize("text", TEXTS)
def test_samples_are_claimed(text: str) -> None:
    """Behind an own-file stamp each sample is Exim's, with its process too."""
    assert exim.claim_text(text)
    assert exim.claim_text("[4711] " + text)


@pytest.mark.parametrize(
    "text",
    [
        "mx1 postfix/smtpd[2211]: connect from unknown[203.0.113.7]",
        "mx1 sshd[1]: Failed password for root",
        "imap-login: Info: Login: user=<bob>",
        "status installed exim4-base:amd64 4.96-15",
        "startup archives unpack",
        "[NOTICE] [core] connect",
        "#4711(normal) <abc>; task; rspamd_task_write_log: id: <x>",
        '"SMTPD",1,2,"192.0.2.1"',
        "INFO Starting",
        "192.0.2.1,user,pass",
        '{"event": 1}',
        "  smtp: postmaster [203.0.113.9] authentication failure using internet password",
        "",
    ],
)
def test_foreign_texts_are_not_claimed(text: str) -> None:
    """Other programs write such a stamp as well."""
    assert not exim.claim_text(text)


REFUSED = f"{ID} H=mail.example.net [192.0.2.77] F=<s@example.net> rejected after DATA: spam"


@pytest.mark.parametrize(
    "line",
    [
        "Envelope-from: <s@example.net>",
        "Envelope-to: <carol@example.com>",
        "P Received: from mail.example.net ([192.0.2.77])",
        "\tby mx1.example.com with esmtp",
        "  Subject: 2026-03-03 04:07:04 dovecot_login authenticator failed for (x) [192.0.2.99]: 535 x",
        "* X-Gone: yes",
        "-" * 70,
        "",
        " Suggested action: use keep_environment.",
        "  2026-03-03 04:07:04 folded",
    ],
)
def test_a_record_goes_on(line: str) -> None:
    """The envelope and the headers of a refused message belong to its refusal."""
    assert exim.continues(line, REFUSED)


@pytest.mark.parametrize(
    "line",
    [
        "Mar  3 04:05:06 mx1 sshd[1]: x",
        "mx1 exim[12]: 2026-03-03 04:05:06 x",
        "2026-03-03 04:05:06 Completed",
        '{"a": 1}',
    ],
)
def test_a_record_ends(line: str) -> None:
    """A line with a stamp of its own begins another record."""
    assert not exim.continues(line, REFUSED)


def test_a_stamp_of_its_own_is_peeled() -> None:
    """Through syslog Exim's stamp stands again, the process and the number of a part too."""
    plain = to_ecs(
        read("login authenticator failed for (User) [203.0.113.7]: 535 Incorrect authentication data (set_id=x)")
    )

    again = read(
        "2026-03-03 04:07:10.123 +0100 [8003] login authenticator failed for (User) [203.0.113.7]: "
        "535 Incorrect authentication data (set_id=x)"
    )

    assert again.process_pid == 8003
    assert without(again, "process.pid") == plain
