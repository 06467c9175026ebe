"""State is the same whatever is in memory, and no more of it is there than is used."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from memory import Memory

from mailwarden.alerts.state import shelf
from mailwarden.alerts.state.shelf import Shelf, Shelves
from mailwarden.alerts.state.weight import weigh


class Count(msgspec.Struct, array_like=True):
    """What a key holds."""

    number: int = 0
    expires_us: int = 1_000


def shelf_of(store: Memory) -> "Shelf[Count]":
    """Make a shelf of counts."""
    return Shelf("count", 1, Count, lambda one: one.expires_us, store)


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["put", "get", "delete", "commit", "restart", "sweep", "turn", "pack", "shed"]),
        st.sampled_from("abcd"),
    ),
    min_size=30,
    max_size=60,
)


@settings(max_examples=250, deadline=None)
@given(ACTS, st.sampled_from([0, 2, 5]))
def test_a_shelf_is_a_dict_whatever_is_in_memory(acts: list[tuple[str, str]], turns_every: int) -> None:
    """Commits, restarts, packing, eviction and sweeping change nothing that a reader sees."""
    store = Memory()
    kept = shelf_of(store)
    expected: dict[str, tuple[int, int]] = {}
    swept_us = 0

    def seen(key: str) -> tuple[int, int] | None:
        found = kept.get(key)
        return None if found is None else (found.number, found.expires_us)

    for number, (act, key) in enumerate(acts):
        if act == "put":
            expires_us = number + 10
            kept.put(key, Count(number, expires_us))
            expected[key] = (number, expires_us)
        elif act == "delete":
            kept.delete(key)
            expected.pop(key, None)
        elif act == "sweep":
            swept_us = number
            kept.sweep(number)
            expected = {one: value for one, value in expected.items() if value[1] > number}
        elif act == "turn":
            kept.turn()
        elif act == "pack":
            kept.pack(0.5)
        elif act == "shed":
            kept.shed(0.5)
        elif act in ("commit", "restart"):
            store.commit(kept.drain(), swept_us)
            if turns_every and not number % turns_every:
                kept.turn()
            if act == "restart":
                kept = shelf_of(store)
        elif act == "get":
            assert seen(key) == expected.get(key)
    assert {key: seen(key) for key in "abcd"} == {key: expected.get(key) for key in "abcd"}
    store.commit(kept.drain(), swept_us)
    kept = shelf_of(store)
    assert {key: seen(key) for key in "abcd"} == {key: expected.get(key) for key in "abcd"}


def test_a_new_value_outlives_the_packed_one() -> None:
    """What was packed of a key is forgotten when it is put anew, though nobody has looked at it before."""
    store = Memory()
    one = shelf_of(store)
    one.put("a", Count(1))
    one.turn()
    one.turn()
    store.commit(one.drain())
    one.put("a", Count(2))
    store.commit(one.drain())
    one.turn()
    one.turn()

    assert one.get("a") == Count(2)


def test_nothing_is_loaded_at_start_and_each_key_once() -> None:
    """A key is read when it is first touched; one that was never written is not asked for."""
    store = Memory()
    first = shelf_of(store)
    assert first.get("a") is None
    first.put("a", Count(1))
    store.commit(first.drain())
    assert store.loads == 0

    second = shelf_of(store)
    assert [second.get("a"), second.get("a")] == [Count(1), Count(1)]
    assert store.loads == 1


def test_only_what_changed_is_written() -> None:
    """A key that was only read gives no row; one that was deleted gives its absence."""
    store = Memory()
    one = shelf_of(store)
    one.put("a", Count(1, 7))
    one.put("b", Count(2))
    store.commit(one.drain())

    one.get("a")
    assert one.drain() == []
    one.delete("b")
    assert one.drain() == [("count", "b", 1, 0, None)]


def test_what_waits_for_a_commit_is_packed_where_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two commits far more is kept than memory holds as objects, within the budget, and all of it is written."""
    monkeypatch.setattr(shelf, "BUDGET_BYTES", 1_000_000)
    store = Memory()
    one = Shelf("texts", 1, Texts, lambda one: one.expires_us, store)
    both, number = Shelves([one]), 0
    while both.make_room():
        for _ in range(10):
            one.put(str(number), Texts([f"{number}.{each}" for each in range(50)]))
            number += 1
        assert sum(one.held()) < 1_060_000

    assert number * weigh(Texts([f"1000.{each}" for each in range(50)])) > 3_000_000
    rows = both.drain()
    assert sorted(row[1] for row in rows) == sorted(str(each) for each in range(number))
    store.commit(rows)
    assert one.get("0") == Texts([f"0.{each}" for each in range(50)])
    assert one.get(str(number - 1)) == Texts([f"{number - 1}.{each}" for each in range(50)])


def test_what_was_not_touched_leaves_memory_not_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever comes, what shelves hold stays near their budget; an old key is read again, as it was."""
    monkeypatch.setattr(shelf, "BUDGET_BYTES", 20_000)
    store = Memory()
    one, other = shelf_of(store), Shelf("other", 1, Count, lambda one: one.expires_us, store)
    both, most_bytes = Shelves([one, other]), 0
    for number in range(500):
        one.put(str(number), Count(number))
        other.put("always", Count(number))
        most_bytes = max(most_bytes, sum(sum(each.held()) for each in (one, other)))
        if number % 5 == 0 or both.is_full():
            store.commit(both.drain())

    assert 10_000 < most_bytes < 30_000
    assert other.get("always") == Count(499)
    assert store.loads == 0
    assert one.get("0") == Count(0)
    assert store.loads == 1


@pytest.mark.parametrize(("beside", "keys"), [(0, 31), (20_000, 16), (1_000_000, 12)])
def test_open_incidents_leave_less_to_state(monkeypatch: pytest.MonkeyPatch, beside: int, keys: int) -> None:
    """What incidents take is not there for what is remembered, but for three eighths of the budget."""
    monkeypatch.setattr(shelf, "BUDGET_BYTES", 40_000)
    one = shelf_of(Memory())
    both = Shelves([one], beside=lambda: beside)

    for number in range(100):
        if both.is_full():
            break
        one.put(str(number), Count(number))

    assert number == keys


@pytest.mark.parametrize("key", ["bob\udcff@example.org", "a\x1fb", "名前"])
def test_keys_may_be_any_text(key: str) -> None:
    """An attacker chooses account names, bytes that are no text among them."""
    store = Memory()
    one = shelf_of(store)
    one.put(key, Count(3))
    store.commit(one.drain())

    assert shelf_of(store).get(key) == Count(3)


class Texts(msgspec.Struct, array_like=True):
    """What takes much more memory than bytes."""

    texts: list[str] = []
    expires_us: int = 1_000


class Text(msgspec.Struct, array_like=True):
    """What a key holds in a later version."""

    text: str = ""
    expires_us: int = 1_000


def test_what_is_full_is_not_full_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a flood of keys that nobody touches again, a commit makes room: what follows does not commit at every turn."""
    monkeypatch.setattr(shelf, "BUDGET_BYTES", 200_000)
    store = Memory()
    one = Shelf("text", 1, Text, lambda one: one.expires_us, store)
    both, number = Shelves([one]), 0
    while not both.is_full():
        number += 1
        one.put(str(number), Text("x" * 600))
    store.commit(both.drain())
    one.put("always", Text("y"))
    store.commit(both.drain())

    assert not both.is_full()
    assert one.get("1") == Text("x" * 600)


def test_state_of_another_version_is_not_read() -> None:
    """An upgrade that changes a shape begins it anew, and leaves the old one alone."""
    store = Memory()
    old = shelf_of(store)
    old.put("a", Count(3))
    store.commit(old.drain())

    new = Shelf("count", 2, Text, lambda one: one.expires_us, store)
    found = new.get("a")
    new.put("a", Text("three"))
    store.commit(new.drain())

    assert found is None
    assert shelf_of(store).get("a") == Count(3)
    assert Shelf("count", 2, Text, lambda one: one.expires_us, store).get("a") == Text("three")


def test_what_a_key_takes_is_known_from_what_was_written_of_late() -> None:
    """Values that grow are reckoned as what they have grown to, within a third."""
    one = Shelf("text", 1, Text, lambda one: one.expires_us, Memory())
    for size in (10, 5_000, 20_000):
        for number in range(3_000):
            one.put(str(number), Text(f"{number:0{size}}"))
        one.drain()

    held = one.held()

    assert held.old == held.packed == 0
    assert held.young == pytest.approx(3_000 * 20_300, rel=0.33)
