"""What stands for a text is of that text alone, whoever chose it."""

from zlib import crc32

from mailwarden.alerts.state.mark import is_among, keyed_mark, mark, mark_text, new_key

_ALIKE = ("me+sedbrokw@example.net", "me+oiypeckh@example.net")
"""Two addresses of one mailbox with the same CRC-32."""


def test_addresses_that_were_made_alike_are_two() -> None:
    """Tags that give two addresses the same checksum do not make them one."""
    one, other = _ALIKE

    assert crc32(one.encode()) == crc32(other.encode())
    assert mark(one) != mark(other)
    assert mark_text(one) != mark_text(other)
    assert is_among(one, [mark(one)])
    assert not is_among(one, [mark(other)])


def test_what_was_marked_before_is_known() -> None:
    """A mark of 32 bits that was stored before goes on to stand for its text."""
    assert is_among("ana@example.org", {crc32(b"ana@example.org")})
    assert not is_among("ana@example.org", {crc32(b"bob@example.org")})


def test_any_text_has_a_mark() -> None:
    """Bytes that were no UTF-8 have one, too."""
    assert mark("\udcff@example.org") != mark("\udcfe@example.org")


def test_a_key_is_the_same_in_every_run() -> None:
    """Of the same log the same marks; of another first recipient, or another moment, others; without a key the checksum."""
    key = new_key("ana@example.org", 5)

    assert keyed_mark("bob@example.org", key) == keyed_mark("bob@example.org", new_key("ana@example.org", 5))
    assert keyed_mark("bob@example.org", key) != keyed_mark("bob@example.org", new_key("ana@example.org", 6))
    assert keyed_mark("bob@example.org", key) != keyed_mark("bob@example.org", new_key("eve@example.org", 5))
    assert keyed_mark("bob@example.org", b"") == crc32(b"bob@example.org")
