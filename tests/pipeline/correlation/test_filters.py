"""What filters say of messages is joined with the messages: whose they are, and that each counts once."""

from mailwarden.alerts.detectors import load_detectors
from mailwarden.alerts.facts.ours import learned
from mailwarden.alerts.facts.site import Site
from mailwarden.alerts.rulebook.rulebook import load_rules
from mailwarden.alerts.state.shelf import Shelves
from mailwarden.parsers.envelope import Reader
from mailwarden.parsers.event import Event
from mailwarden.pipeline.fold import Fold
from mailwarden.pipeline.trial.replay import Nowhere

SUBMITTED = (
    "postfix/submission/smtpd[2301]: 5A1C4E03F1: client=unknown[192.0.2.77], sasl_method=PLAIN, "
    "sasl_username=bob@example.org"
)
RSPAMD = (
    "2026-03-03 04:05:08.123 #1234(normal) <abc123>; task; rspamd_task_write_log: id: <1@example.org>, qid: <5A1C4E03F1>, "
    "ip: 192.0.2.77, {user}from: <bob@example.org>, (default: T (reject): [21.30/15.00] [X(4.00){{}}]), len: 2311, time: 4ms"
)
REFUSED = (
    "postfix/cleanup[6117]: 5A1C4E03F1: milter-reject: END-OF-MESSAGE from unknown[192.0.2.77]: 5.7.1 Spam message rejected; "
    "from=<bob@example.org> to=<u@example.net> proto=ESMTP helo=<pc>"
)


def fold() -> Fold:
    """Make a fold with all rules, that keeps nothing."""
    return Fold(
        Site(name="mx", domains=frozenset({"example.org"})),
        load_rules(),
        load_detectors(),
        Nowhere(),
        lambda _: "mail.log",
    )


def take(one: Fold, *lines: str) -> list[Event]:
    """Fold lines, which bear a syslog header unless they begin with a date."""
    events = []
    for number, line in enumerate(lines):
        text = line if line.startswith("2026") else f"2026-03-03T04:05:{6 + number:02}+00:00 mx1 {line}"
        event = Reader(year=2026).read(text)
        event.stream_us = event.timestamp_us
        events.append(event)
    one.take(events)
    return events


def test_a_filter_and_the_server_tell_of_one_message_once() -> None:
    """A message that Rspamd judges and Postfix refuses is one verdict on its sender."""
    _, judged, refused = take(fold(), SUBMITTED, RSPAMD.format(user="user: bob@example.org, "), REFUSED)

    assert (judged.facts or {})["mailwarden.content.sender"] == "bob@example.org"
    assert "mailwarden.content.sender" not in (refused.facts or {})


def test_a_file_that_names_no_host_is_of_the_host_whose_message_it_names() -> None:
    """Rspamd's own file names neither the host nor, here, the login: the message of that number does."""
    _, judged = take(fold(), SUBMITTED, RSPAMD.format(user=""))

    assert (judged.host_hostname, judged.mailwarden_account) == ("mx1", "bob@example.org")


def test_spam_from_outside_is_nobodys() -> None:
    """What arrives from elsewhere and is spam blames no sender of ours."""
    _, judged = take(fold(), "postfix/smtpd[2301]: 5A1C4E03F1: client=unknown[192.0.2.77]", RSPAMD.format(user=""))

    assert "mailwarden.content.sender" not in (judged.facts or {})


def test_a_signature_teaches_the_selector() -> None:
    """A selector that our own signer uses is known from then on."""
    one = fold()

    take(one, SUBMITTED, "opendkim[55]: 5A1C4E03F1: DKIM-Signature field added (s=mail, d=example.org)")

    known = learned((key, blob) for _, key, _, _, blob in Shelves(one.ours.shelves).drain() if blob is not None)
    assert known.selectors == (("example.org", "mail"),)


def test_results_are_counted() -> None:
    """Results of SPF, DKIM and DMARC, greylisting and spam are counted by the hour."""
    one = fold()

    take(
        one,
        "policyd-spf[55]: prepend Received-SPF: Fail (mailfrom) identity=mailfrom; client-ip=203.0.113.7; helo=x; "
        "envelope-from=a@b.example; receiver=c",
        "opendmarc[55]: 5A1C4E03F1: example.net fail",
        "postgrey[55]: action=greylist, reason=new, client_name=unknown, client_address=203.0.113.7, recipient=ann@example.org",
        "spamd[55]: spamd: identified spam (12.3/5.0) for u:1001 in 1.2 seconds, 3210 bytes.",
    )
    counted = {words[1:]: count for words, count in one.rollups.drain().items() if words[1] == "check"}

    assert counted == {
        ("check", "spf", "fail", "policyd_spf"): 1,
        ("check", "dmarc", "fail", "opendmarc"): 1,
        ("check", "greylist", "", "postgrey"): 1,
    }


def test_cyrus_tells_the_encryption_before_the_login() -> None:
    """The version of TLS of a Cyrus session stands on the login; the next client of the process has none of it."""
    _, first, _, second = take(
        fold(),
        "cyrus/pop3[77]: starttls: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits new) no authentication",
        "cyrus/pop3[77]: login: [192.0.2.7] bob plaintext+TLS User logged in SESSIONID=<s1>",
        "cyrus/pop3[77]: counts: retr=<0> top=<0> dele=<0>",
        "cyrus/pop3[77]: login: [192.0.2.8] ann plaintext User logged in SESSIONID=<s2>",
    )

    assert (first.tls_version, first.tls_established) == ("1.3", True)
    assert (second.tls_version, second.tls_established) == (None, False)


def test_cyrus_serves_the_next_client_without_a_line_between() -> None:
    """Who left an encrypted IMAP session without a login lends its encryption to nobody who logs in without."""
    _, plain, refused = take(
        fold(),
        "cyrus/imap[77]: starttls: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits new) no authentication",
        "cyrus/imap[77]: login: [192.0.2.8] ann plaintext User logged in SESSIONID=<s2>",
        "cyrus/imap[77]: badlogin: [192.0.2.8] plaintext (ann) [SASL(-13): authentication failure: checkpass failed]",
    )

    assert (plain.tls_version, plain.tls_established) == (None, False)
    assert (refused.tls_version, refused.tls_established) == (None, None)


def test_cyrus_saslauthd_and_pam_tell_of_one_try() -> None:
    """Only Cyrus knows the client: what saslauthd and PAM say of the same password counts no second try."""
    told = take(
        fold(),
        "saslauthd[900]: pam_unix(imap:auth): authentication failure; logname= uid=0 euid=0 tty= ruser= rhost=  user=bob",
        "saslauthd[900]: do_auth         : auth failure: [user=bob] [service=imap] [realm=] [mech=pam] [reason=PAM auth error]",
        "cyrus/imap[77]: badlogin: [203.0.113.7] plaintext (bob) [SASL(-13): authentication failure: checkpass failed]",
    )

    assert [event.mailwarden_attempts for event in told] == [0, 0, 1]
    assert all(event.event_action == "auth-failure" for event in told)


def test_what_a_filter_hands_back_is_nobodys_where_the_log_begins_behind_its_arrival() -> None:
    """It is not taken for mail that a program of this machine wrote."""
    handed = take(
        fold(),
        "postfix/smtpd[2]: 6B1C4E03F1: client=localhost[127.0.0.1]",
        "postfix/qmgr[3]: 6B1C4E03F1: from=<bob@example.org>, size=700, nrcpt=1 (queue active)",
        "postfix/amavis/smtp[4]: 5A1C4E03F1: to=<u@example.net>, relay=127.0.0.1[127.0.0.1]:10026, delay=9, dsn=2.0.0, "
        "status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 6B1C4E03F1)",
        "postfix/smtp[5]: 6B1C4E03F1: to=<u@example.net>, relay=mx.example.net[198.51.100.9]:25, delay=1, dsn=2.0.0, "
        "status=sent (250 2.0.0 Ok: queued as X1)",
    )[-1]

    assert handed.source_ip is None
    assert handed.mailwarden_direction == "inbound"
    assert "mailwarden.way.client" not in (handed.facts or {})
