"""What an account handed in is found by its login, whatever its mail claims."""

import pytest

from mailwarden.parsers.envelope import Reader
from mailwarden.parsers.event import to_ecs
from mailwarden.pipeline.answers.queued import queued, spellings

POSTFIX = """\
smtpd[1]: 0717217EB2B: client=unknown[203.0.113.7], sasl_method=PLAIN, sasl_username=Bob@example.org
qmgr[2]: 0717217EB2B: from=<ceo@bank.example>, size=300, nrcpt=1 (queue active)
smtpd[1]: 077F917EB63: client=unknown[198.51.100.7], sasl_method=PLAIN, sasl_username=ana@example.org
qmgr[2]: 077F917EB63: from=<bob@example.org>, size=300, nrcpt=1 (queue active)
smtpd[1]: 07BB517EB64: client=unknown[203.0.113.8]
qmgr[2]: 07BB517EB64: from=<bob@example.org>, size=300, nrcpt=1 (queue active)
smtpd[1]: 08F1517EB65: client=unknown[203.0.113.7], sasl_method=PLAIN, sasl_username=bob@example.org
"""


def ids(log: str, *who: str) -> list[str]:
    """Read Postfix's lines, and give what waits of somebody's mail."""
    reader = Reader()
    lines = [f"Nov 26 18:59:{number:02} mx1 postfix/{line}" for number, line in enumerate(log.splitlines())]
    return queued([to_ecs(reader.read(line)) for line in lines], who or ["bob@example.org"])


def test_forged_senders_are_found_and_those_who_are_forged_are_not() -> None:
    """The login counts: neither what its mail claims, nor who else claims its address."""
    assert ids(POSTFIX) == ["0717217EB2B", "08F1517EB65"]


def test_what_a_machine_hands_in_without_a_login_is_found_by_its_address() -> None:
    """A trusted client has no login; a client that logs in is known by its login alone."""
    assert ids(POSTFIX, "203.0.113.8") == ["07BB517EB64"]
    assert ids(POSTFIX, "203.0.113.7") == []


def test_what_has_left_is_not_named() -> None:
    """An id that is free again may be another's message by now."""
    gone = POSTFIX + "qmgr[2]: 0717217EB2B: removed\n"
    again = (
        POSTFIX
        + "smtpd[1]: 0717217EB2B: client=unknown[198.51.100.7], sasl_method=PLAIN, sasl_username=ana@example.org\n"
    )

    assert ids(gone) == ids(again) == ["08F1517EB65"]


def test_copies_of_the_server_itself_are_followed() -> None:
    """A filter hands the message in anew, with or without telling whose it was; a bounce waits because of it."""
    log = """\
smtpd[1]: AAAAAA1: client=unknown[203.0.113.7], sasl_method=PLAIN, sasl_username=bob@example.org
smtpd[3]: BBBBBB1: client=localhost[127.0.0.1], orig_queue_id=AAAAAA1, orig_client=unknown[203.0.113.7]
smtp[4]: AAAAAA1: to=<v@example.net>, relay=x[127.0.0.1]:10024, delay=1, dsn=2.0.0, status=sent (250 Ok: queued as BBBBBB1)
qmgr[2]: AAAAAA1: removed
smtpd[1]: AAAAAA2: client=unknown[203.0.113.7], sasl_method=PLAIN, sasl_username=bob@example.org
smtpd[3]: BBBBBB2: client=localhost[127.0.0.1]
smtp[4]: AAAAAA2: to=<v@example.net>, relay=x[127.0.0.1]:10024, delay=1, dsn=2.0.0, status=sent (250 Ok: queued as BBBBBB2)
qmgr[2]: AAAAAA2: removed
bounce[5]: BBBBBB2: sender non-delivery notification: CCCCCC2
"""
    assert ids(log) == ["BBBBBB1", "BBBBBB2", "CCCCCC2"]


@pytest.mark.parametrize("reply", ["077F917EB63", "ALL", "-", "0717217EB2B;reboot"])
def test_a_receiver_names_no_mail_of_ours(reply: str) -> None:
    """What a stranger's server replies holds nobody's message, and is no command."""
    log = POSTFIX + (
        "smtp[4]: 08F1517EB65: to=<v@example.net>, relay=mx.example.net[203.0.113.250]:25, delay=1, delays=0/0/0/1, "
        f"dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as {reply})\n"
    )
    assert ids(log) == ["0717217EB2B", "08F1517EB65"]


def test_exim_is_read_alike() -> None:
    """Exim logs the login behind its authenticator's name."""
    reader = Reader()
    lines = [
        "2026-11-26 18:59:18 1xWegi-0007oR-2G <= ceo@bank.example H=(pc) [203.0.113.7] P=esmtpa A=login:bob@example.org S=228",
        "2026-11-26 18:59:18 1xWegi-0007oR-2J <= bob@example.org H=(pc) [198.51.100.7] P=esmtpa A=login:ana@example.org S=228",
        "2026-11-26 18:59:18 1xWegi-0007oR-2L <= bob@example.org H=(pc) [203.0.113.7] P=esmtpa A=login:bob@example.org S=228",
        "2026-11-26 18:59:19 1xWegi-0007oR-2L Completed",
    ]
    assert queued([to_ecs(reader.read(line)) for line in lines], ["bob@example.org"]) == ["1xWegi-0007oR-2G"]


def test_an_account_is_looked_for_under_both_its_names() -> None:
    """A server that logs bare names means those of the default domain."""
    assert spellings("Carl@Example.org ", "example.org") == ["carl@example.org", "carl"]
    assert spellings("carl", "example.org") == ["carl", "carl@example.org"]
    assert spellings("carl@example.net", "example.org") == ["carl@example.net"]
    assert spellings("<carl>", None) == ["carl"]


def test_an_opensmtpd_message_waits_until_its_last_recipient_has_it() -> None:
    """OpenSMTPD logs no end of a message: it waits while one of its envelopes does."""
    received = {"event.action": "message-received", "mail.queue.id": "aabbccdd", "user.name": "bob@example.org"}
    one = {"mail.queue.id": "aabbccdd", "opensmtpd.evpid": "aabbccdd00000001"}
    two = {"mail.queue.id": "aabbccdd", "opensmtpd.evpid": "aabbccdd00000002"}
    queued_ = [{**each, "event.action": "message-queued"} for each in (one, two)]
    sent = {**one, "event.action": "delivery", "mail.delivery.status": "sent"}
    deferred = {**two, "event.action": "delivery", "mail.delivery.status": "deferred"}
    removed = {**two, "event.action": "message-removed"}

    assert queued([received, *queued_, sent, deferred], {"bob@example.org"}) == ["aabbccdd"]
    assert queued([received, *queued_, sent, deferred, removed], {"bob@example.org"}) == []


def test_an_envelope_is_of_the_message_whose_id_it_begins_with() -> None:
    """Who asks for an envelope of OpenSMTPD's is told of its message."""
    assert spellings("aabbccdd00000001", None) == ["aabbccdd00000001", "aabbccdd"]


@pytest.mark.parametrize(
    ("what", "names"),
    [
        ("/home/A/public_html/form.php", ["/home/a/public_html/form.php", "/home/a/public_html"]),
        ("/home/a/public_html/", ["/home/a/public_html"]),
        ("/form.php", ["/form.php"]),
        ("/", ["/"]),
    ],
)
def test_a_script_is_found_by_the_directory_that_it_ran_in(what: str, names: list[str]) -> None:
    """Exim logs the directory alone."""
    assert spellings(what, "example.org") == names
