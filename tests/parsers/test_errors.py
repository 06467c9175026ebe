"""An error knows how it was worded, whatever becomes of it on its way to a person."""

import json

import pytest

from mailwarden.parsers.errors import (
    ConfigurationError,
    UsageError,
    Worded,
    WrongValueError,
    below,
    changed,
    code_of,
    coded,
    joined,
    packed,
    placed,
    said_of,
    unpacked,
    worded,
)
from mailwarden.parsers.system_errors import reason

INNER = coded("MW4104", "no answer in {seconds} s", seconds=8)
SAID = coded(INNER.code, 'channel "{name}": {said}', name="ops", said=INNER)


def test_what_was_kept_as_json_is_known_again() -> None:
    """The English is the same, and each part knows its message; mere text, as older versions kept it, stays text."""
    again = unpacked(json.loads(json.dumps(packed(SAID))))

    assert isinstance(again, Worded)
    assert (again, again.msgid, again.values) == (SAID, SAID.msgid, {"name": "ops", "said": "no answer in 8 s"})
    assert isinstance(again.values["said"], Worded)
    assert unpacked(packed("closed")) == unpacked("closed") == "closed"
    assert unpacked({"msgid": 1}) == "{'msgid': 1}"


def test_a_change_reaches_what_fills_a_sentence_and_not_the_sentence() -> None:
    """So a secret is blotted out and a control spelt out, and the sentence can still be translated."""
    blotted = changed(
        worded("answered: {text}", text=worded("{word}!", word="answered token")),
        lambda text: text.replace("answered", "…"),
    )

    assert isinstance(blotted, Worded)
    assert (blotted, blotted.msgid) == ("answered: … token!", "answered: {text}")


def test_sentences_that_are_joined_stay_worded() -> None:
    """With something between; of none there is none."""
    both = joined((INNER, "x"), "; ")

    assert both == "no answer in 8 s; x"
    assert both.values == {"part0": INNER, "part1": "x"}
    assert joined((), "; ") == ""


def test_what_an_error_says_is_worded_where_it_was() -> None:
    """Of ours, of Python's with a worded sentence, and of all faults of a configuration."""
    faults = said_of(ConfigurationError([SAID, INNER]))

    assert said_of(UsageError(SAID)) is SAID
    assert said_of(ValueError(INNER)) is INNER
    assert type(said_of(ValueError("x"))) is str
    assert said_of(WrongValueError(INNER)) is INNER
    assert (faults, isinstance(faults, Worded)) == (f"{SAID}\n{INNER}", True)


def test_an_id_goes_with_what_is_said_wherever_it_goes() -> None:
    """Behind a place, above another sentence, changed, kept as JSON; what was kept before there were ids has none."""
    whole = below([SAID, placed("/var/log", INNER)], worded("It is tried again."))
    kept = unpacked(json.loads(json.dumps(packed(whole))))

    assert [code_of(one) for one in (SAID, whole, kept, changed(whole, str.upper))] == ["MW4104"] * 4
    assert isinstance(kept, Worded)
    assert [code_of(part) for part in kept.values.values()] == ["MW4104", "MW4104", ""]
    assert code_of(unpacked({"msgid": "x", "values": {}})) == code_of("x") == ""


@pytest.mark.parametrize(
    ("error", "said", "is_worded"),
    [
        (PermissionError(13, "Permission denied", "/var/log/mail.log"), "Permission denied", True),
        (OSError("Connection unexpectedly closed"), "Connection unexpectedly closed", True),
        (OSError(201, "a disk says what nobody knows"), "a disk says what nobody knows", False),
    ],
)
def test_the_systems_words_are_messages_where_they_are_known(error: OSError, said: str, is_worded: bool) -> None:
    """Others are told as they are."""
    assert reason(error) == said
    assert isinstance(reason(error), Worded) == is_worded
