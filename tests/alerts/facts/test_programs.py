"""Mail programs are told apart by the shape of their Message-IDs; what is new is strange for a day, and for no longer."""

import pytest

from mailwarden.alerts.facts.programs import Programs, bits, learn_program, shape

_DAY_US = 86_400_000_000
_SECOND_US = 1_000_000
_ALIKE = [
    ("0AC9E1B2-77D1-4F3C-9B7E-6A5C2D1E0F3A@example.org", "FFFFFFFF-1111-2222-3333-444444444444@example.org"),
    ("0ac9e1b2-77d1-4f3c-9b7e-6a5c2d1e0f3a@mail.example.org", "<9b7e6a5c-4f3c-1d1e-8f3a-0ac9e1b277d1@example.org>"),
    ("000001da5c3f$9e2b4c60$db01e520$@example.org", "004601da5c3f$1e2b4c60$5b01e520$@example.org"),
    ("CAOB+q1=abc_dEfGhIjKlMnOpQrStUvWxYz0123456789-ABCd@mail.gmail.com", "CA" + "aB3" * 16 + "@mail.gmail.com"),
    ("168700000012.1234.7123456789012345678@vps", "168700000999.77.7123456789012345699@vps"),
    ("7be1c2d3e4f5a6b7c8d9e0f1a2b3c4d5@example.org", "00112233445566778899aabbccddeeff@example.org"),
    ("20260302101112.4F7A01B2C@mx1.example.org", "20260303101112.ABCDEF012@mx1.example.org"),
]


@pytest.mark.parametrize(("one", "other"), _ALIKE)
def test_a_program_keeps_its_shape(one: str, other: str) -> None:
    """Two messages of one program have the same shape, with or without brackets and host."""
    assert shape(one, "example.org") == shape(other, "example.org")


def test_programs_differ() -> None:
    """No two of these programs have the same shape, and the name behind the @ counts."""
    shapes = [shape(one, "example.org") for one, _ in _ALIKE]

    assert len(set(shapes)) == len(_ALIKE)
    assert shape("7be1c2d3e4f5a6b7c8d9e0f1a2b3c4d5@localhost", "example.org") not in shapes


@pytest.mark.parametrize("text", ["", "@", "<>", "x" * 100_000, "@" * 1000, "\udcff@\udcff", "a@[192.0.2.1]"])
def test_whatever_a_client_writes_has_a_shape(text: str) -> None:
    """A Message-ID is the client's to choose: no text of it costs more than others, and none fails."""
    assert 0 <= shape(text, "example.org") < 1 << 32


def write(programs: Programs, form: int, count: int, at_us: int) -> int:
    """Write messages in one shape, an hour apart; give when the last was written."""
    for _ in range(count):
        at_us += 3_600 * _SECOND_US
        learn_program(programs, form, at_us)
    return at_us


def test_a_new_program_is_strange_for_a_day() -> None:
    """After forty messages of one program another is worth nearly as many bits as it can be."""
    programs = Programs()
    now = write(programs, 1, 40, _DAY_US)

    assert bits(programs, 1, now) == 0
    assert bits(programs, 2, now) == 5.8
    write(programs, 2, 3, now)
    assert bits(programs, 2, now + _DAY_US // 2) > 4
    assert bits(programs, 2, now + 2 * _DAY_US) == 0


def test_of_who_hardly_wrote_nothing_is_strange() -> None:
    """Before ten messages nobody knows which programs an account has."""
    programs = Programs()
    now = write(programs, 1, 9, _DAY_US)

    assert bits(programs, 2, now) == 0


def test_who_often_has_new_programs_is_used_to_it() -> None:
    """Where one message in three is the first of its shape, another new one says little."""
    programs, now = Programs(), _DAY_US
    for number in range(30):
        now = write(programs, number, 1, write(programs, 1000, 2, now) + _DAY_US)

    assert 0 < bits(programs, 2000, now) < 2


def test_a_thief_teaches_one_new_program_a_day() -> None:
    """Hundreds of messages, each in a shape of its own, do not make new ones ordinary."""
    programs = Programs()
    now = write(programs, 1, 60, _DAY_US)
    for number in range(300):
        learn_program(programs, 100 + number, now + number * _SECOND_US)

    assert programs.firsts == 1
    assert bits(programs, 5000, now + 400 * _SECOND_US) == 5
    assert len(programs.seen) <= 12
