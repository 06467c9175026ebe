"""An incident is named by what is short and clear."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailwarden.alerts.telling.filling import short_id


@pytest.mark.parametrize(
    ("others", "expected"),
    [([], "ABC"), (["ABD2"], "ABC"), (["ABC2"], "ABCD"), (["ABCDEF2", "XYZ"], "ABCDEFG"), (["ABCDEFGH"], "ABC")],
)
def test_short_id_is_the_shortest_that_is_clear(others: list[str], expected: str) -> None:
    """Three characters, or as many more as it takes to tell it from the others."""
    assert short_id("ABCDEFGH", others) == expected


@settings(deadline=None)
@given(st.lists(st.text("AB2", min_size=8, max_size=8), min_size=1, max_size=30, unique=True))
def test_short_ids_are_unambiguous(ids: list[str]) -> None:
    """No short id is the beginning of another incident's id."""
    for own in ids:
        short = short_id(own, ids)
        assert len(short) >= 3
        assert [each for each in ids if each.startswith(short)] == [own]
