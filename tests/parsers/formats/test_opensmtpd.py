"""What holds for every line that OpenSMTPD writes, whoever wrote parts of it."""

import time

import pytest
from beside import without
from hypothesis import given, settings
from hypothesis import strategies as st

from mailwarden.parsers.claims import claims
from mailwarden.parsers.event import Event, to_ecs
from mailwarden.parsers.formats import opensmtpd

STAMP = "Mar  3 04:05:06 mx1 smtpd[222]: "
S = "7f3a9c0011223344"
E = "aabbccdd00112233"

ANY = st.text(alphabet=st.characters(blacklist_categories=["Cs"], blacklist_characters="\n\r"), max_size=60)
FORGED = st.sampled_from(
    [
        "x result=ok",
        'x" result="250 2.0.0 Ok"',
        " address=192.0.2.1 host=trusted.example.org",
        f"{S} smtp authentication user=root result=ok",
        "> to=<root@example.org>",
        'relay="192.0.2.1 (mx.example.org)"',
        'stat="250 2.0.0 Ok: queued as FORGED"',
        '"',
        "\\",
        "<>",
        "\x00\x1b[31m",
        "\u2028\u0085",
    ]
)
HOSTILE = ANY | FORGED


def read(text: str) -> Event:
    """Read what stands behind the tag."""
    event = Event()
    event.process_name, event.service_name = "smtpd", "opensmtpd"
    event.event_original = STAMP + text
    opensmtpd.FORMAT.read(event, text)
    return event


@settings(max_examples=300, deadline=None)
@given(HOSTILE)
def test_a_tried_name_is_nothing_but_a_name(name: str) -> None:
    """A name that holds a result of its own changes nobody's record, in the words of 6.0 either."""
    line = S + " smtp authentication user={} result=permfail"
    old = S + " smtp event=authentication user={} address=203.0.113.9 host=<unknown> result=permfail"

    assert without(read(line.format(name)), "user.name") == without(read(line.format("x")), "user.name")
    assert without(read(old.format(name)), "user.name") == without(read(old.format("x")), "user.name")
    assert read(old.format(name)).source_ip == "203.0.113.9"


@settings(max_examples=300, deadline=None)
@given(HOSTILE)
def test_a_command_is_nothing_but_a_command(typed: str) -> None:
    """What a client sends sets no answer of ours."""
    event = read(
        f'{S} smtp failed-command command="RCPT TO:<{typed}>" result="501 5.1.3 Recipient address syntax error"'
    )

    assert (event.smtp_reply_code, event.smtp_reply_text) == (501, "Recipient address syntax error")
    assert (event.event_action, event.smtp_stage) == ("reject", "RCPT")


@settings(max_examples=300, deadline=None)
@given(HOSTILE)
def test_a_reply_is_nothing_but_a_reply(reply: str) -> None:
    """What another server says sets nothing but what it said."""
    line = (
        f"{S} mta delivery evpid={E} from=<a@example.org> to=<b@example.net> rcpt=<-> "
        f'source="192.0.2.5" relay="192.0.2.10 (mx.example.net)" delay=3s result="PermFail" stat="550 '
    )
    ours = ("smtp.reply.text", "smtp.reply.enhanced_code", "mail.queue.remote_id")

    assert without(read(line + reply + '"'), *ours) == without(read(line + 'x"'), *ours)


@pytest.mark.parametrize(
    ("tag", "module"),
    [
        ("smtpd", "opensmtpd"),
        ("postfix/smtpd", "postfix"),
        ("postfix/submission/smtpd", "postfix"),
        ("sendmail", "sendmail"),
        ("postfix/sendmail", "postfix"),
        ("sm-mta", "sendmail"),
        ("sm-msp-queue", "sendmail"),
    ],
)
def test_whose_tag_it_is(tag: str, module: str) -> None:
    """Servers that name their programs alike are told apart by the tag."""
    form = claims().tag(tag).format

    assert form is not None
    assert form.name == module


@pytest.mark.parametrize(
    "text",
    [
        f"{S} smtp authentication user=" + " result=ok" * 9000,
        f"{S} smtp event=authentication user=" + " address=1 host=x" * 5000 + " result=ok",
        f'{S} smtp failed-command command="RCPT TO:<' + ' A=b" result="' * 7000 + '550 x"',
        f'{S} smtp failed-command command="RCPT TO:<' + " A=b" * 20000 + '" result="550 x"',
        f"{S} smtp envelope evpid={E} from=<" + "> to=<" * 15000,
        f"{S} mta delivery evpid={E} from=<" + "> to=<" * 15000,
        f'{S} mta delivery evpid={E} from=<> to=<> rcpt=<> source="" relay="' + '" delay=1s result="Ok" stat="' * 3000,
        f"{S} mda delivery evpid={E} from=<> to=<> user=" + " delay=1s result=" * 5000,
        f"relay: Ok for {E}: session={S}, from=<" + ">, to=<" * 12000,
        f"smtp-in: Failed command on session {S}: " + '" => ' * 18000,
        f"smtp-in: Accepted message aabbccdd on session {S}: from=<" + ">, to=<" * 12000,
    ],
    ids=lambda text: text[:40],
)
def test_no_line_takes_long(text: str) -> None:
    """A line of 90,000 hostile characters is read in the time of a glance."""
    begun = time.process_time()
    read(text)

    assert time.process_time() - begun < 0.5


@pytest.mark.parametrize("command", ["AUTH PLAIN AGEAYg==", "AUTH\tPLAIN\tAGEAYg==", "AGEAYg=="])
def test_what_was_typed_as_a_password_is_not_kept(command: str) -> None:
    """A password that stands in a refused command, or as one, is taken out of the line."""
    event = read(f'{S} smtp failed-command command="{command}" result="503 5.5.1 Invalid command: x"')

    assert "AGEAYg" not in event.event_original
    assert "AGEAYg" not in str(to_ecs(event))
