"""What people see of incidents: the verdict first, whole commands, at most 25 lines of 80 columns."""

import fcntl
import os
import re
import struct
import termios
from collections import Counter
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from incidents import START_US, everyday, incident, taken_over

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.words.translate import translator
from mailwarden.pipeline.cli import incident_view
from mailwarden.pipeline.cli import scan_view as scan_view_module
from mailwarden.pipeline.cli.incident_view import top_level
from mailwarden.pipeline.cli.scan_view import scan_view
from mailwarden.pipeline.cli.show import story_view, urgent_view
from mailwarden.pipeline.cli.terminal import line_text, page_width
from mailwarden.pipeline.showing.columns import columns, shorten, wrap
from mailwarden.pipeline.showing.incident_json import as_data
from mailwarden.pipeline.showing.jsonl import json_line
from mailwarden.pipeline.showing.sentences import Sentences
from mailwarden.pipeline.store import FoundCount

TOTALS = {
    ("lines", "event", "postfix", "smtpd"): 50_000,
    ("lines", "event", "dovecot", "imap-login"): 49_980,
    ("login", "imap", "1.3", ""): 8_574,
    ("login", "pop3", "1.3", ""): 1_712,
    ("delivery", "local", "sent", ""): 10_934,
}


class Listed:
    """Incidents as a store gives them."""

    def __init__(self, incidents: list[Incident]) -> None:
        self._incidents = incidents

    def worst(self, limit: int = -1) -> Iterator[Incident]:
        """Give the worst first."""
        found = top_level(self._incidents)
        return iter(found if limit < 0 else found[:limit])

    def counts(self) -> list[FoundCount]:
        """Count those that are told by themselves, as all of them are."""
        each = Counter((one.severity, one.category) for one in top_level(self._incidents))
        return [FoundCount(*kind, True, number) for kind, number in each.items()]


def shown(one: Incident, everyone: list[Incident], **how: Any) -> list[str]:
    """Show an incident as `mailwarden show` does."""
    sentences = Sentences(everyone, translator("en"), UTC)
    return [line_text(line) for line in (*urgent_view(one, sentences), *story_view(one, everyone, sentences, **how))]


def scanned(incidents: list[Incident], **fields: Any) -> Any:
    """Make the result of a scan of the needle's size."""
    defaults = {
        "lines": 100_000,
        "understood": 99_980,
        "not_understood": 20,
        "first_us": START_US,
        "last_us": START_US + 1_860_000_000,
        "seconds": 2.1,
        "problems": [],
        "year_assumed": 2025,
        "totals": TOTALS,
    }
    return SimpleNamespace(found=Listed(incidents), **(defaults | fields))


def view(incidents: list[Incident], language: str = "en", everything: bool = False, **fields: Any) -> list[str]:
    """Show a scan as text."""
    sentences = Sentences(incidents, translator(language), UTC)
    return [line_text(line) for line in scan_view(scanned(incidents, **fields), sentences, everything=everything)]


def test_details_are_looked_for_where_they_were_kept() -> None:
    """After `scan --state` the command that shows an incident names the state."""
    incidents = [taken_over()]
    sentences = Sentences(incidents, translator("en"), UTC)

    lines = scan_view(scanned(incidents), sentences, state=Path("my state"))

    assert any("mailwarden show " in text and "--state 'my state'" in text for text in map(line_text, lines))


def test_a_sentence_that_does_not_fit_shows_that_it_goes_on() -> None:
    """A next step of more than two rows ends in an ellipsis, not in the middle of what it says."""
    path = "/home/webkunde/public_html/wp-content/uploads/2026/03"
    sending = incident(
        "sending", ("mailwarden.script", path), severity="medium", advice="script", values={"script": path}
    )

    lines = view([sending])

    at = next(number for number, line in enumerate(lines) if "Next: " in line)
    assert lines[at + 1].endswith("…")


def test_the_needle_is_in_line_four() -> None:
    """The verdict is the first thing said, the account stands in line 4, the next step is whole."""
    lines = view([*everyday(), taken_over()])

    assert lines[0].startswith("1 critical, 34 minor. Read 100,000 lines of Postfix and Dovecot")
    assert "walter.rossi1969@nova0.test was taken over and sends spam" in lines[3]
    assert any("doveadm kick walter.rossi1969@nova0.test" in line for line in lines)
    assert any("22 addresses guessing, 6 relay probes, 5 address harvests" in line for line in lines)
    assert "10,286 logins (IMAP 8,574, POP3 1,712, all with TLS) · 10,934 deliveries" in "\n".join(lines)


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("serious", [0, 1, 2, 3, 4, 7, 40])
@pytest.mark.parametrize("minor", [[], everyday()[:1], everyday()[1:2], everyday()])
def test_never_more_than_a_screen(language: str, serious: int, minor: list[Incident]) -> None:
    """Whatever was found, it fits 25 lines of 80 columns."""
    found = [taken_over(f"user{n}@example.org") for n in range(serious)]

    lines = view([*found, *minor], language)

    assert len(lines) <= 25
    assert max(map(columns, lines)) <= 80


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("width", [40, 50, 60, 72])
def test_a_narrow_terminal_gets_rows_of_its_width(language: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a phone nothing runs over the edge but a command, which is copied; all that a wide page says stands there."""
    said = set(" ".join(view([*everyday(), taken_over()], language)).split()) - {"·"} if language == "en" else set()
    for module in (incident_view, scan_view_module):
        monkeypatch.setattr(module, "page_width", lambda: width)

    lines = view([*everyday(), taken_over()], language)

    assert max(columns(line) for line in lines if "doveadm" not in line) <= width
    assert len(lines) <= 25 * 80 // width
    assert said <= set(" ".join(lines).split())
    assert "walter.rossi1969@nova0.test" in " ".join(lines)


@pytest.mark.parametrize("name", ["u" * 300, "\x1b[31m" * 50, "\u202e" * 90, "名" * 200, "a b " * 100, "{0.__class__}"])
def test_a_hostile_name_changes_nothing_but_itself(name: str) -> None:
    """A name of any length and content neither breaks the view nor escapes it."""
    lines = view([taken_over(name), *everyday()])

    assert len(lines) <= 25
    assert max(map(columns, lines)) <= 80
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202e]", "".join(lines))
    assert lines[0].startswith("1 critical, 34 minor.")


def test_all_shows_all() -> None:
    """With --all every incident is shown in full."""
    lines = view([taken_over(), *everyday()], everything=True)

    assert sum(line.startswith(("●", "■")) for line in lines) == 35


def test_children_stand_in_their_parents_story() -> None:
    """What belongs to another incident is not told by itself."""
    parent = taken_over()
    child = incident(parent=parent.id)

    lines = view([parent, child])

    assert lines[0].startswith("1 critical.")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"lines": 0, "understood": 0, "not_understood": 0, "last_us": 0, "totals": {}}, "Nothing was read"),
        (
            {"understood": 0, "not_understood": 0, "totals": {}},
            "No mail log: not one line was understood. Give the log of a mail",
        ),
        ({}, "✓ Nothing wrong was found."),
        ({"problems": ["mail.log.1: is broken."]}, "▲ Nothing wrong was found in what could be read."),
    ],
)
def test_no_false_calm(fields: dict[str, Any], said: str) -> None:
    """That nothing was read or understood is not that nothing is wrong."""
    assert view([], **fields)[0].startswith(said)


def test_show_tells_the_whole_story() -> None:
    """`show` has what to do with whole commands, why, how, proof, doubt, and how to silence it."""
    one = taken_over()
    child = incident(parent=one.id)

    text = "\n".join(shown(one, [one, child]))

    for part in ("Do now", "Why", "How", "Proof", "With it", "Could it be harmless?", "Silence"):
        assert part in text
    assert "1 of 72" in text
    assert "T1078 T1586.002" in text


def test_show_says_what_was_found_in_words_and_names_whom() -> None:
    """How it went is told by sentences, once each; names stand there, and of what is cut is said how to see it."""
    one = taken_over()
    children = [
        incident(primary=("mailwarden.network", f"198.18.{n}.0/24"), parent=one.id, lead="fast_guessing")
        for n in range(9)
    ]
    one.timeline = [
        *one.timeline,
        (START_US + 1_829_000_000, "fast_guessing"),
        (START_US + 1_830_000_000, "send_from_new_network"),
    ]
    one.entities["email.to.address"] = [f"reader{n}@example.com" for n in range(20)]
    one.entity_counts["email.to.address"] = 291
    everyone = [one, *children]

    def told(everything: bool) -> str:
        return " ".join(" ".join(shown(one, everyone, everything=everything, titles={})).split())

    assert "00:30:28 walter.rossi1969@nova0.test was taken over and sends spam (×2, last 00:30:30)" in told(False)
    assert "00:30:29 198.18.0.7 guesses passwords" in told(False)
    assert "Recipients reader0@example.com" in told(False)
    assert "and 4 more (--all)" in told(False)
    assert "reader19@example.com and 271 more" in told(True)
    assert "more (--all)" not in told(True)


def test_show_names_no_step_that_leads_back_to_itself() -> None:
    """A step whose command is to call `show` is the names that stand below."""
    one = incident("guessing", ("mailwarden.site", "default"), advice="guessing_site")
    assert any(
        step.command and "mailwarden show" in step.command for step in Sentences([one], translator("en")).steps(one)
    )

    lines = shown(one, [one])

    assert not any("mailwarden show" in line for line in lines)


def test_json_has_the_promised_keys() -> None:
    """`scan --json` gives exactly the keys of the contract, ASCII only, whatever bytes the evidence holds."""
    one = taken_over("jos\udce9@example.org")

    data = as_data(one, Sentences([one], translator("en")))

    assert list(data) == [
        "incident.id", "site", "category", "categories", "rules", "title", "severity", "status", "primary", "entities",
        "opened_at", "first_seen", "last_seen", "event_count", "toll", "evidence", "advice", "techniques", "parent", "previous",
    ]  # fmt: skip
    assert data["primary"] == {"user.name": "jos\udce9@example.org"}
    assert data["entities"]["source.ip"] == ["198.18.10.60"]
    assert json_line(data).isascii()
    assert b"\\udce9" not in json_line(data)


def test_words_break_where_each_script_breaks() -> None:
    """English breaks at blanks, Japanese between characters but never before its punctuation; addresses never."""
    assert wrap("one two three", 7, 7) == ["one two", "three"]
    assert wrap("パスワード。推測", 10, 10) == ["パスワー", "ド。推測"]
    assert wrap("a@example.orgが送信", 16, 16) == ["a@example.orgが", "送信"]
    assert columns(shorten("名" * 50, 11)) <= 11


@pytest.mark.parametrize(("there", "width"), [(200, 80), (46, 46), (20, 40)])
def test_a_page_is_as_wide_as_a_narrow_terminal(there: int, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a phone sentences break at blanks, and not where the screen ends."""
    leader, follower = os.openpty()
    try:
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, there, 0, 0))
        with os.fdopen(os.dup(follower), "w") as terminal:
            monkeypatch.setattr("sys.stdout", terminal)

            assert page_width() == width
    finally:
        os.close(leader)
        os.close(follower)


def test_a_page_in_a_pipe_has_eighty_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes to a file is the same wherever it was made."""
    with (tmp_path / "out").open("w") as file:
        monkeypatch.setattr("sys.stdout", file)

        assert page_width() == 80
