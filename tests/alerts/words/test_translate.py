"""Messages are filled safely, in both languages."""

import subprocess
import sys
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwarden.alerts.words.translate import translator

NOON_US = 1_795_393_828_000_000  # 2026-11-23 00:30:28 UTC


@pytest.mark.parametrize(
    ("tag", "language"),
    [("ja_JP.UTF-8", "ja"), ("ja", "ja"), ("en_GB", "en"), ("C", "en"), ("de-AT", "en"), (None, "en")],
)
def test_language_is_read_as_lang_writes_it(tag: str | None, language: str) -> None:
    """A language that we do not speak is English."""
    assert language == translator(tag).language


@given(st.text(max_size=60))
def test_log_text_is_never_a_template(text: str) -> None:
    """What fills a message stands in it as it is, braces and all."""
    said = translator("en").say("{account} was taken over and sends spam", {"account": text, "secret": "S3CRET"})

    assert f"{text} was taken over and sends spam" == said


@pytest.mark.parametrize("template", ["{a.__class__}", "{a[0]}", "{a!r}", "{a:>9999999}", "{0}", "{}", "{", "}"])
def test_only_plain_names_are_filled(template: str) -> None:
    """No attribute, index, conversion or width is understood; such text stays."""
    assert template == translator("en").fill(template, {"a": "value", "0": "x", "": "y"})


def test_braces_and_missing_names() -> None:
    """A doubled brace is one, a name without a value is a question mark."""
    assert translator("en").fill("{{x}} {y}", {}) == "{x} ?"


@pytest.mark.parametrize(
    ("name", "value", "english", "japanese"),
    [
        ("count", 10286, "10,286", "10,286"),
        ("span_s", 26, "26 s", "26 秒"),
        ("span_s", 900, "15 min", "15 分"),
        ("span_s", 86400, "24 h", "24 時間"),
        ("span_s", 14 * 86400, "14 days", "14 日"),
        ("bounced_ratio", 0.314, "31.4 %", "31.4 %"),
        ("understood_ratio", 0.99996, "99.9 %", "99.9 %"),
        ("understood_ratio", 1.0, "100 %", "100 %"),
        ("first_us", NOON_US, "00:30:28 UTC", "00:30:28 UTC"),
        ("names", ["a", "b"], "a, b", "a、b"),
        ("names", ["a", "b", "c", "d", "e"], "a, b, c and 2 more", "a、b、c ほか 2 件"),
        ("tls", True, "yes", "はい"),
        ("list", None, "?", "?"),
    ],
)
def test_values_bear_their_unit(name: str, value: object, english: str, japanese: str) -> None:
    """A value is written by its type and the unit in its name."""
    assert english == translator("en").fill(f"{{{name}}}", {name: value})
    assert japanese == translator("ja").fill(f"{{{name}}}", {name: value})


def test_a_message_may_leave_the_unit_out() -> None:
    """`{span}` takes `span_s`."""
    assert translator("en").fill("within {span}", {"span_s": 900}) == "within 15 min"


def test_times_of_another_day_have_their_date() -> None:
    """A time is told with its date when it is not of today, in the zone that was asked for."""
    tokyo = ZoneInfo("Asia/Tokyo")
    later_us = NOON_US + 86_400_000_000

    assert translator("en").time(NOON_US, near_us=later_us) == "23 Nov 00:30:28 UTC"
    assert translator("ja").time(NOON_US, zone=tokyo, near_us=later_us) == "11月23日 09:30:28 JST"


def test_plurals() -> None:
    """English tells one from many; Japanese does not."""
    one, many = "{number} notice in one: {parts}", "{number} notices in one: {parts}"

    assert translator("en").count(one, many, 1, {"parts": "x"}) == "1 notice in one: x"
    assert translator("en").count(one, many, 2, {"parts": "x"}) == "2 notices in one: x"
    assert translator("ja").count(one, many, 2, {"parts": "x"}) == "通知 2 件のまとめ：x"


def test_english_costs_no_babel() -> None:
    """Whoever speaks English loads no catalog and nothing of Babel, YAML or Apprise."""
    code = (
        "import sys, mailwarden.alerts.telling.outbox, mailwarden.alerts.words.translate as t; t.translator('en').gettext('x');"
        "print([m for m in ('babel', 'apprise', 'yaml', 'requests') if m in sys.modules])"
    )

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert said.strip() == "[]"


def test_sentences_begin_and_end_as_their_language_does() -> None:
    """English begins with a capital, but no name does; Japanese has none, and its full stop even behind Latin letters."""
    english, japanese = translator("en"), translator("ja")

    assert english.sentence("the certificate is being replaced") == "The certificate is being replaced."
    assert english.sentence("{account} left", {"account": "carl"}) == "carl left."
    assert japanese.sentence("a VPN that leaves by another country each time").endswith(" VPN。")
    assert japanese.sentence("a mail program that mailwarden does not know yet").startswith("mailwarden")
