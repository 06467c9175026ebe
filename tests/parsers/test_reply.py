"""The reply classifier, rule by rule."""

from pathlib import Path

import pytest

from mailwarden.parsers.reply import CLASSES, Rule, classify, provider_of, rules


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.id)
def test_each_rule_reads_its_own_example(rule: Rule) -> None:
    """The example of a rule is matched by no rule before it."""
    verdict = classify(rule.example, None, None, rule.mx[0] if rule.mx else None)

    assert verdict.rule_id == rule.id
    assert verdict.klass in CLASSES


def test_ids_are_unique() -> None:
    """No two rules bear one id."""
    ids = [rule.id for rule in rules()]

    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    "text",
    [
        "<spamhaus@example.org>: Recipient address rejected: User unknown in virtual mailbox table",
        "<blacklist.reputation@example.org>... User unknown",
        "The email account that you tried to reach does not exist. (in reply to RCPT TO command)",
    ],
)
def test_plain_bounce_is_no_listing(text: str) -> None:
    """An unknown user is an unknown user, whatever words the address holds."""
    assert classify(text, 550, "5.1.1", "mx.example.org").klass == "unknown_user"


def test_refusal_by_one_person_is_no_listing() -> None:
    """A recipient who blocks us says nothing about our address."""
    assert classify("You have been blocked by the recipient", 550, None, None).klass == "other"


def test_list_is_named() -> None:
    """A list that no rule knows is named by the reply."""
    verdict = classify("Client host [192.0.2.5] blocked using bl.example.net; see there", 554, "5.7.1", None)

    assert (verdict.klass, verdict.list, verdict.scope) == ("blocklist", "bl.example.net", "ip")


def test_wording_of_one_provider_is_not_read_into_another() -> None:
    """Freenet's bare word `blocked` means a reputation only at Freenet."""
    text = "554 5.7.1 mail from here is blocked"

    assert classify(text, 554, "5.7.1", "emig.freenet.de").klass == "reputation"
    assert classify(text, 554, "5.7.1", "mx.example.org").klass == "other"
    assert classify(text, 554, "5.7.1", None).klass == "other"


def test_provider_is_found_by_the_longest_suffix() -> None:
    """Microsoft's consumer and business exchangers are told apart."""
    assert provider_of("gmail-smtp-in.l.google.com.") == "google"
    assert provider_of("example-org.mail.protection.outlook.com") == "microsoft_365"
    assert provider_of("hotmail-com.olc.protection.outlook.com") == "microsoft_consumer"
    assert provider_of("mx.example.org") is None


def test_status_alone_decides_last() -> None:
    """Where the text says nothing, the RFC 3463 status does."""
    assert classify("Requested action not taken", 552, "5.2.2", None).klass == "mailbox_full"
    assert classify("Requested action not taken", 550, "5.1.1", None).klass == "unknown_user"
    assert classify("", None, None, None).rule_id is None


WORDINGS = [
    line.split("\t", 1) for line in (Path(__file__).parents[1] / "data" / "replies.tsv").read_text("utf-8").splitlines()
]


@pytest.mark.parametrize(("klass", "text"), WORDINGS, ids=[text[:60] for _, text in WORDINGS])
def test_wording_of_no_one_in_particular(klass: str, text: str) -> None:
    """What servers usually write is read by its words, whoever wrote it."""
    assert classify(text, None, None, None).klass == klass


def test_a_reply_of_several_lines_is_one_text() -> None:
    """A code in the middle of a longer reply, or Exim's written line break, parts no words."""
    said = "550-5.7.1 Our system has detected that this message is{}likely unsolicited mail."

    for between in (" 550-5.7.1 ", r"\n550-5.7.1 ", r"\n", " "):
        verdict = classify(said.format(between), 550, None, "gmail-smtp-in.l.google.com")
        assert (verdict.klass, verdict.rule_id) == ("spam_content", "google-spam")


@pytest.mark.parametrize(
    ("mx", "provider"),
    [
        ("lsean.ezweb.ne.jp", "kddi"),
        ("mx.i.softbank.jp", "softbank"),
        ("mfsmax.docomo.ne.jp", "ntt_docomo"),
        ("mx.biglobe.ne.jp", "biglobe"),
        ("mx1.so-net.ne.jp", "so_net"),
        ("mx.nifty.com", "nifty"),
        ("mx.plala.or.jp", "plala"),
        ("mx.ocn.ad.jp", "ocn"),
        ("mx1.mail.yahoo.co.jp", "yahoo_jp"),
        ("mx01.mail.icloud.com", "apple"),
        ("mx00.emig.gmx.net", "united_internet"),
        ("mx-ha.web.de", "united_internet"),
        ("smtp-in.orange.fr", "orange"),
        ("mxbiz1.qq.com", "tencent"),
        ("163mx01.mxmail.netease.com", "netease"),
        ("mxs.mail.ru", "mail_ru"),
        ("mx.yandex.net", "yandex"),
        ("mail.protonmail.ch", "proton"),
        ("smtpin.zoho.eu", "zoho"),
        ("esa1.example.iphmx.com", "cisco"),
        ("mxa-00123.gslb.pphosted.com", "proofpoint"),
        ("eu-smtp-inbound-1.mimecast.com", "mimecast"),
        ("d1.ess.barracudanetworks.com", "barracuda"),
        ("example.in.tmes.trendmicro.com", "trendmicro"),
        ("example-org.h-v1.mx.microsoft", "microsoft_365"),
    ],
)
def test_provider_of_hosted_domains(mx: str, provider: str) -> None:
    """A domain counts to the provider that its mail exchanger belongs to."""
    assert classify("550 5.1.1 User unknown", 550, "5.1.1", mx).provider == provider


def test_provider_is_named_by_the_reply_where_nobody_told_the_host() -> None:
    """The host or page that a reply names tells who gave it; the recipient's address does not."""
    outlook = "550 5.5.0 Requested action not taken: mailbox unavailable [AM6.eop-eur03.prod.protection.outlook.com]"

    assert classify(outlook, None, None, None).provider == "microsoft"
    assert classify("550 5.1.1 No such account. abc123 - gsmtp", None, None, None).provider == "google"
    assert classify("550 5.1.1 <carol@mx.yandex.ru>: User unknown", None, None, None).provider is None
    assert classify(outlook, None, None, "mx.example.org").provider is None


def test_status_codes_of_the_registry_decide_where_words_do_not() -> None:
    """Enhanced status codes are read as the IANA registry has them."""
    said = {
        "5.1.6": "unknown_user",
        "5.2.2": "mailbox_full",
        "4.3.1": "mailbox_full",
        "5.3.4": "too_big",
        "4.5.3": "rate_limit",
        "5.7.10": "tls",
        "5.7.17": "unknown_user",
        "5.7.20": "policy_auth",
        "5.7.25": "policy_auth",
        "5.7.28": "rate_limit",
    }

    read = {
        status: classify("Requested action not taken", int(status[0]) * 100 + 50, status, None).klass for status in said
    }

    assert read == said


def test_a_listed_link_is_no_listing_of_the_sender() -> None:
    """A link in somebody's mail that stands on a list of domains does not put us on that list; a listed sender does."""
    links = ["Message contains a URL listed in dbl.spamhaus.org", "Blocked: blacklisted URL in message (Spamhaus DBL)"]
    sender = "Sender address [a@example.com] blocked using dbl.spamhaus.org; see URL https://www.spamhaus.org/query/dbl?domain=x"

    found = [classify(text, 554, "5.7.1", "mx.example.net") for text in (*links, sender)]

    assert [one.klass for one in found] == ["spam_content", "spam_content", "blocklist"]
