"""Escaping holds against what an attacker can write into a log line."""

import csv
import io
import unicodedata
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwarden.alerts.words.escape import cell, chat, html, markdown, printable

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=80)


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("walter.rossi1969@nova0.test", "walter.rossi1969@nova0.test"),
        ("山田太郎　様 naïve 😀", "山田太郎　様 naïve 😀"),
        ("\x1b[2J\x1b]0;owned\x07", "\\x1b[2J\\x1b]0;owned\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("first\nsecond\r\tthird", "first\\x0asecond\\x0d\\x09third"),
        ("user\u202egnp.exe", "user\\u202egnp.exe"),
        ("\u2066a\u2069", "\\u2066a\\u2069"),
        ("pay\u200bpal\ufeff", "pay\\u200bpal\\ufeff"),
        ("caf\udce9", "caf\\xe9"),
        ("\ud800", "\\ud800"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("line\u2028break", "line\\u2028break"),
    ],
)
def test_printable_spells_what_would_not_be_seen(text: str, safe: str) -> None:
    """Controls, bidi marks, zero-width characters and stray bytes are spelt; letters of any language stay."""
    assert safe == printable(text)


@given(ANY_TEXT)
def test_printable_leaves_nothing_unseen(text: str) -> None:
    """No text gets a control, a format character or a surrogate through, and a second pass changes nothing."""
    safe = printable(text)

    assert not [each for each in safe if unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp")]
    assert not set(safe) & set("\u200b\u200e\u200f\u202a\u202e\u2066\u2069\ufeff")
    assert safe == printable(safe)


@pytest.mark.parametrize(
    "call", ["@everyone", "@here", "@channel", "@EVERYONE", "<@U024BE7LH>", "<!channel>", "<@&1>", "<#1>"]
)
def test_chat_calls_nobody(call: str) -> None:
    """A mention in a log line is broken, so that no service finds it."""
    said = chat(f"helo={call} x@everyone")

    assert call not in said
    assert "@everyone" not in said
    assert said.replace("\u200b", "") == f"helo={call} x@everyone"


@pytest.mark.parametrize("address", ["bob@here.example.org", "ann@channel-7.example.org", "a.b@everyone.example.org"])
def test_chat_keeps_addresses_whole(address: str) -> None:
    """An address can be copied from a message, whatever its domain is called."""
    assert address == chat(address)


def test_chat_does_not_trust_a_zero_width_space_of_the_log() -> None:
    """The invisible break in our own messages cannot be forged by log text."""
    assert chat("@\u200beveryone") == "@\\u200beveryone"


@given(ANY_TEXT)
def test_html_makes_one_text_node(text: str) -> None:
    """No text opens or closes an element or ends an attribute, and a browser shows what `printable` shows."""
    seen: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert tag == "b"
            seen.append(attrs[0][1] or "")

        def handle_data(self, data: str) -> None:
            seen.append(data)

    safe = html(text)
    reader = Reader(convert_charrefs=True)
    reader.feed(f'<b title="{safe}">')
    reader.close()

    assert not set("<>\"'") & set(safe)
    assert [printable(text)] == seen


@pytest.mark.parametrize(
    "formula",
    [
        "=HYPERLINK(1)",
        "+1+cmd|' /C calc'!A0",
        "-2+3",
        "@SUM(A1)",
        " =1+1",
        "\t=1+1",
        "\r=1+1",
        "＝1+1",
        "%0A-1+1",
        "|cmd",
    ],
)
def test_cell_runs_no_formula(formula: str) -> None:
    """A cell that a spreadsheet would run starts with an apostrophe."""
    assert cell(formula)[0] == "'"


def test_cell_keeps_numbers_and_words() -> None:
    """Numbers stay numbers and words stay as they are."""
    kept = ["-5", "+3.5", "12 %", "bob@example.org", 'a,b"c']

    assert kept == [cell(each) for each in kept]
    row = io.StringIO()
    csv.writer(row).writerow([cell("a\n=b")])
    assert row.getvalue() == "a\\x0a=b\r\n"


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("Next: end it: `kick a_b@example.org`", "Next: end it: `kick a_b@example.org`"),
        ("a_b *c* <users/all> [x](http://y)", r"a\_b \*c\* \<users/all\> \[x\]\(http://y\)"),
        ("odd ` one", r"odd \` one"),
        ("first `a*b`\nsecond *c*", "first `a*b`\nsecond \\*c\\*"),
        ("R&D", r"R\&D"),
    ],
)
def test_markdown_leaves_commands_as_they_are(text: str, marked: str) -> None:
    """Outside of commands nothing means anything; what stands between backticks can be copied."""
    assert markdown(text) == marked
