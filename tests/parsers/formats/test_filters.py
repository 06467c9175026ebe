"""Lines of mail filters: what a client writes into them changes nothing but itself."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailwarden.parsers.claims import claims
from mailwarden.parsers.envelope import Reader
from mailwarden.parsers.event import Event, to_ecs

STAMP = "Mar  3 04:05:06 mx1 "
TAGS = (
    "MailScanner",
    "amavis", "clamav-milter", "clamd", "freshclam", "opendkim", "opendmarc", "policyd-spf", "postfix/policy-spf", "postgrey",
    "rspamd", "spamc", "spamd", "spampd", "spamass-milter",
)  # fmt: skip
FORGED = (
    "; client-ip=192.0.2.1", "; envelope-from=x@example.com", ", client_address=192.0.2.1", ", recipient=x@example.com",
    ", Queue-ID: FORGED1234", ", mail_id: A, Hits: 99, size: 1", "> -> <x@example.com>", ", ip: 192.0.2.1", ", qid: <FORGED1234>",
    ", user: root@example.com", ";ip=192.0.2.1;r=x", " infected by Nothing", " FOUND", "identity=mailfrom; client-ip=192.0.2.1;",
    " [192.0.2.1] not internal", ", mid=<x>", "action=pass", " d=example.com", "(!)", "'", '"', ";", ",", "<", ")", " ", "x",
)  # fmt: skip
HOSTILE = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="\n\r<>"), max_size=40),
    st.lists(st.sampled_from(FORGED), max_size=6).map("".join),
)


def read(line: str) -> Event:
    """Read a line as the service would."""
    return Reader(hint_year_us=1_790_000_000_000_000).read(line)


@given(HOSTILE, HOSTILE)
def test_spf_takes_the_address_from_the_front(helo: str, sender: str) -> None:
    """Neither the HELO name nor the sender moves the address of an SPF verdict."""
    event = read(
        f"{STAMP}policyd-spf[55]: prepend Received-SPF: Fail (mailfrom) identity=mailfrom; client-ip=203.0.113.7; "
        f"helo={helo}; envelope-from={sender}; receiver=example.org"
    )

    assert (event.source_ip, (event.extra or {})["mail.spf.result"]) == ("203.0.113.7", "fail")


@given(HOSTILE, HOSTILE)
@example("a@example.net", '"a;ip=192.0.2.1;r=b"@example.org')
def test_a_refusal_for_spf_names_nobody_else(sender: str, recipient: str) -> None:
    """The client stands between the sender and the recipient; where these hold an address too, none is sure."""
    event = read(
        f"{STAMP}policyd-spf[55]: 550 5.7.23 Message rejected due to: SPF fail - not authorized. "
        f"Please see http://www.openspf.net/Why?s=mfrom;id={sender};ip=203.0.113.7;r={recipient}"
    )

    assert event.source_ip in ("203.0.113.7", None)
    assert event.source_ip is not None or event.mail_parse_ambiguous


@given(HOSTILE)
def test_an_address_that_a_client_may_have_written_is_none(helo: str) -> None:
    """Where Perl's server writes the HELO name before the address, a second address makes both unsure."""
    event = read(
        f"{STAMP}postfix/policy-spf[55]: SPF Fail: HELO/EHLO: {helo}, IP Address: 203.0.113.7, Recipient: a@example.org"
    )

    assert event.source_ip in ("203.0.113.7", None)


@given(HOSTILE, HOSTILE)
def test_greylisting_takes_the_client_before_the_sender(sender: str, recipient: str) -> None:
    """Neither the sender nor the recipient moves the client of a greylisted try."""
    event = read(
        f"{STAMP}postgrey[55]: action=greylist, reason=new, client_name=unknown, client_address=203.0.113.7, "
        f"sender={sender}, recipient={recipient}"
    )

    assert (event.event_action, event.source_ip) == ("greylist", "203.0.113.7")


@given(HOSTILE, HOSTILE)
def test_rspamd_reads_from_the_verdict_outwards(message_id: str, url: str) -> None:
    """A message id and the options of a symbol may hold every field: the server's own stand nearest to the verdict."""
    event = read(
        f"2026-03-03 04:05:06.123 #1234(normal) <abc123>; task; rspamd_task_write_log: id: <{message_id}>, "
        "qid: <5A1C4E03F1>, ip: 203.0.113.7, from: <s@example.net>, (default: T (reject): [21.30/15.00] "
        f"[URL(4.00){{{url.replace('}', '')};}}]), len: 2311, time: 421.5ms, dns req: 31, digest: <0123abcd>"
    )

    assert (event.source_ip, event.mail_queue_id, event.user_name) == ("203.0.113.7", "5A1C4E03F1", None)
    assert (event.extra or {})["mail.spam.score"] == 21.3


@given(HOSTILE)
def test_amavis_reads_the_client_first(message_id: str) -> None:
    """A message id moves neither the client nor the queue id nor the score."""
    event = read(
        f"{STAMP}amavis[55]: (00123-05) Blocked SPAM {{DiscardedInbound}}, [203.0.113.7]:41000 <s@example.net> -> "
        f"<ann@example.org>, Queue-ID: 5A1C4E03F1, Message-ID: <{message_id}>, mail_id: AbCdEf, Hits: 18.2, size: 2311, 8 ms"
    )

    assert (event.source_ip, event.mail_queue_id) == ("203.0.113.7", "5A1C4E03F1")
    assert (event.extra or {})["mail.spam.score"] == 18.2


@given(HOSTILE)
def test_a_virus_is_the_last_word(subject: str) -> None:
    """A subject names no virus and no queue id."""
    event = read(
        f"{STAMP}clamav-milter[55]: Message 5A1C4E03F1 from <s@example.net> to <ann@example.org> with subject '{subject}' "
        "message-id '<1@example.net>' date 'Tue' infected by Eicar-Signature"
    )

    assert (event.mail_queue_id, (event.extra or {})["mail.virus.name"]) == ("5A1C4E03F1", "Eicar-Signature")


@given(HOSTILE)
def test_nobody_logs_in_by_what_spamd_says(message_id: str) -> None:
    """The user of spamd is the one it works for, never a sender: it names no account."""
    safe = re.sub(r"[\s,]", "_", message_id)
    event = read(
        f"{STAMP}spamd[55]: spamd: result: Y 12 - BAYES_99 scantime=1.2,size=3210,user=root,uid=0,required_score=5.0,"
        f"rhost=127.0.0.1,raddr=127.0.0.1,rport=5555,mid=<{safe}>,autolearn=no"
    )

    assert (event.user_name, event.event_reason) == (None, "spam")


@pytest.mark.parametrize("tag", TAGS)
def test_nothing_of_a_filter_is_ignored(tag: str) -> None:
    """What no pattern knows is counted as not understood, never as somebody else's."""
    assert read(f"{STAMP}{tag}[55]: a sentence that nobody has written before").event_kind == "pipeline_error"


def test_two_servers_share_a_tag() -> None:
    """Where two formats claim a tag, the one that knows the text reads it, whatever the other made of it before."""
    shared = claims().tag("postfix/policy-spf")
    event = Event()
    event.process_name = "policy-spf"

    assert shared.read(event, "fatal: open database /etc/aliases.db: No such file or directory")
    assert to_ecs(event)["event.module"] == "postfix"


@pytest.mark.parametrize("actions", [" {DiscardedInbound,Quarantined}", ""])
@pytest.mark.parametrize("kind", ["BANNED", "INFECTED"])
def test_the_name_of_a_file_names_no_client(kind: str, actions: str) -> None:
    """A file whose name holds a client and an envelope leaves both unsure."""
    forged = "text/plain,x), [192.0.2.1] <bob@example.org> -> <ann@example.org>, (y.exe"

    event = read(
        f"{STAMP}amavis[9]: (00123-08) Blocked {kind} ({forged}){actions}, [203.0.113.6] <s@example.net> -> <bob@example.org>, "
        "mail_id: T0hC, Hits: -, size: 344, 9 ms"
    )

    assert (event.source_ip, event.email_from_address, event.mail_parse_ambiguous) == (None, None, True)
    assert event.event_outcome == "failure"


def test_a_verdict_that_a_sender_writes_leaves_none_sure() -> None:
    """A sender who writes MailScanner's verdict right before it makes neither sure."""
    event = read(
        f"{STAMP}MailScanner[9]: Message 3C0FE23A98 from 203.0.113.7 (a@example.net) to x is not spam, is spam, y"
    )

    assert (event.event_reason, event.mail_parse_ambiguous) == (None, True)
