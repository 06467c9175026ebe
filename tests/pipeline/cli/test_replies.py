"""`mailwarden explain --reply`: what replies of remote servers say."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mailwarden.alerts.words.replies import meaning
from mailwarden.alerts.words.translate import translator
from mailwarden.parsers.reply import classify, rules
from mailwarden.pipeline.cli.root import root

DEFERRED = "421 4.7.0 [TSS04] Messages from 192.0.2.5 temporarily deferred due to unexpected volume or user complaints"


def explain(*words: str, data: bytes = b"") -> list[dict[str, Any]]:
    """Run `explain --reply --json` and read what it says."""
    result = CliRunner().invoke(root, ["explain", "--reply", "--json", *words], input=data)
    assert result.exit_code == 0, result.output
    assert result.stdout_bytes.isascii()
    return [json.loads(line) for line in result.stdout_bytes.split(b"\n")[:-1]]


def test_each_reply_gives_one_object_in_order(tmp_path: Path) -> None:
    """From standard input and from a file alike; an empty line and bytes that are no text are replies too."""
    lines = [DEFERRED.encode(), b"", b"550 5.1.1 \xff unknown user", b"552 5.2.2 mailbox full"]
    path = tmp_path / "replies.txt"
    path.write_bytes(b"\n".join(lines))

    told = explain("-", data=b"\n".join(lines))

    assert [one["mail.bounce.class"] for one in told] == ["reputation", "other", "unknown_user", "mailbox_full"]
    assert told == explain(str(path))


def test_the_object_bears_the_names_of_events() -> None:
    """Provider, class, list, and whether it is for good, under the names that events have."""
    (said,) = explain("host mx.example.org[192.0.2.7] said: 554 5.7.1 192.0.2.5 blocked using zen.spamhaus.org")

    assert said["destination.domain"] == "mx.example.org"
    assert (said["smtp.reply.code"], said["smtp.reply.enhanced_code"]) == (554, "5.7.1")
    assert (said["mail.bounce.class"], said["mail.bounce.list"]) == ("blocklist", "spamhaus")
    assert said["mail.bounce.temporary"] is False
    assert said["mailwarden.reply.url"] == "https://check.spamhaus.org/"


def test_the_remote_server_may_be_told() -> None:
    """A hosted domain's reply counts to the provider whose exchanger gave it."""
    (said,) = explain("--mx", "example-org.mail.protection.outlook.com", "550 5.1.1 User unknown")

    assert said["mail.provider"] == "microsoft_365"


def test_words_for_people() -> None:
    """Without --json: what it means, what to do, and where to go; a hostile reply moves no cursor."""
    result = CliRunner().invoke(root, ["explain", "--reply", DEFERRED + " \x1b[2J"])

    assert result.exit_code == 0
    assert "(reputation, temporary)" in result.output.splitlines()[0]  # the verdict comes first, the reply below it
    assert result.output.startswith("● ")
    assert "Yahoo" in result.output
    assert "https://senders.yahooinc.com/smtp-error-codes" in result.output
    assert "\x1b" not in result.output


@pytest.mark.parametrize(
    ("text", "said"),
    [("hello", "▲ not judged"), ("999 x", "▲ not judged"), ("250 2.0.0 Ok: queued as ABC", "✓ accepted")],
)
def test_what_is_no_refusal_gets_no_verdict(text: str, said: str) -> None:
    """A text without a code is not called a permanent refusal, and neither is an acceptance."""
    result = CliRunner().invoke(root, ["explain", "--reply", text])

    assert result.output.splitlines()[0].startswith(said)
    assert "permanent" not in result.output


def test_every_rule_has_words_in_every_language() -> None:
    """Each class and kind that a rule gives is said in English and Japanese, in sentences of their own."""
    japanese = translator("ja")
    for rule in rules():
        verdict = classify(rule.example, None, None, rule.mx[0] if rule.mx else None)
        said = meaning(verdict)
        assert japanese.gettext(said.says) != said.says
        assert japanese.gettext(said.do) != said.do
        assert said.url or rule.provider == "any" or rule.klass not in ("blocklist", "reputation")


def test_options_for_replies_only() -> None:
    """`--json` of a log line is the work of `parse`, and the message says so."""
    result = CliRunner().invoke(root, ["explain", "--json", "hello"])

    assert result.exit_code == 2
    assert "mailwarden parse" in result.stderr
