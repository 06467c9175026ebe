"""The reply classifier, rule by rule."""

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
