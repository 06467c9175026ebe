"""Lines that are wider than the terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwarden.pipeline.cli.folding import folded
from mailwarden.pipeline.cli.terminal import Line, Span, line_text
from mailwarden.pipeline.showing.columns import columns, wrap


def rows(line: Line, width: int) -> list[str]:
    return [line_text(row) for row in folded(line, width)]


def test_lines_break_where_words_end_and_hang_under_their_text() -> None:
    """What follows a mark stands under the text behind it; colours go with their words."""
    line = [Span("▲ ", "watch"), "service: warning: ", Span("has never run here", "strong")]

    found = folded(line, 24)

    assert [line_text(row) for row in found] == ["▲ service: warning: has", "  never run here"]
    assert found[1][1] == Span("never run here", "strong")


def test_a_command_is_not_broken_where_it_fits_a_row() -> None:
    """Two blanks stand before a command within a sentence: it goes to the next row as a whole."""
    assert rows(["Nobody is told. To be told:  mailwarden setup --yes"], 40) == [
        "Nobody is told. To be told:",
        "  mailwarden setup --yes",
    ]


@pytest.mark.parametrize("line", [["short"], [Span("mailwarden silence 7K2 --because '…' --until worse", "command")]])
def test_what_fits_or_is_copied_stays_as_it_is(line: Line) -> None:
    """A command of a line of its own runs over the edge: broken, its first half could be run."""
    assert folded(line, 40) == [line]


@given(st.text("ab 名、。@-", max_size=200), st.integers(20, 60))
def test_nothing_is_lost_and_nothing_but_a_long_word_is_too_wide(text: str, width: int) -> None:
    """Of any text every character but blanks is there, in its order; a row too wide is a single word."""
    found = rows([text], width)

    assert "".join("".join(found).split()) == "".join(text.split())
    assert all(columns(row) <= width or len(row.split()) == 1 for row in found[:-1] if columns(text) > width)


@pytest.mark.parametrize("width", range(40, 80))
def test_no_word_leaves_its_end_alone_on_a_line(width: int) -> None:
    """Japanese breaks anywhere, but one or two letters on a last line read as a mistake; nothing is lost or wider."""
    text = "walter.rossi1969@nova0.test が乗っ取られ、迷惑メールを送信中です"

    rows = wrap(text, width)

    assert "".join(rows).replace(" ", "") == text.replace(" ", "")
    assert len(rows) == 1 or columns(rows[-1]) >= 6
    assert max(map(columns, rows)) <= width
