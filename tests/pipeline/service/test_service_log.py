"""The service's log is in the language of who reads it."""

import logging

import pytest

from mailwarden.parsers.errors import worded
from mailwarden.pipeline.service.service_log import Problems, speaking, write_log

_log = logging.getLogger("mailwarden.tests")


def test_threads_warn_in_the_language_of_the_service(capsys: pytest.CaptureFixture[str]) -> None:
    """A worded line is translated; a traceback stays Python's, and below a warning nothing is written."""
    with speaking("ja"):
        _log.warning(worded("channel {channel}: {error}", channel="ops", error=worded("no answer in time")))
        _log.info(worded("channel {channel}: works again", channel="ops"))
        try:
            raise RuntimeError("100 % broken")
        except RuntimeError:
            _log.exception("outbox: notice %s", "n-1")
    _log.debug("after it")

    said = capsys.readouterr().err
    assert said.startswith("通知先 ops：時間内に応答がありません\noutbox: notice n-1\nTraceback")
    assert said.rstrip().endswith("RuntimeError: 100 % broken")
    assert "works again" not in said


def test_what_a_library_warns_of_is_not_said_beside_our_own_words(capsys: pytest.CaptureFixture[str]) -> None:
    """Apprise says of each try that it failed, in English, and so do we; what is worse than that is said."""
    with speaking("ja"):
        logging.getLogger("apprise").warning("A Connection error occurred sending JSON notification to 127.0.0.1.")
        logging.getLogger("urllib3.connectionpool").warning("Connection pool is full, discarding connection: %s", "x")
        logging.getLogger("apprise").error("no such plugin")

    assert capsys.readouterr().err == "no such plugin\n"


def test_english_stays_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    """Who asks for nothing reads what tests read."""
    write_log(worded("{path}: can be written again.", path="/x"), "en")

    assert capsys.readouterr().err == "/x: can be written again.\n"


def test_a_problem_is_said_once_until_it_is_over(capsys: pytest.CaptureFixture[str]) -> None:
    """What goes on fills no log; what was over and comes again is news."""
    problems = Problems("en")

    problems.say("the disk is full")
    problems.say("the disk is full")
    problems.forget("the disk is full")
    problems.say("the disk is full")

    assert capsys.readouterr().err == "the disk is full\n" * 2
