"""What is committed comes back whole, and nothing else does."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from mailwarden.alerts.incidents.incident import Incident, Judged, incident_id
from mailwarden.alerts.incidents.verdict import inputs_of
from mailwarden.alerts.terms import Evidence
from mailwarden.parsers.errors import StoreError, UsageError
from mailwarden.pipeline.store import Act, Commit, OutboxCounts, Store, Unparsed

HOUR = 3_600_000_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "mailwarden.db") as opened:
        yield opened


def incident(value: str = "alice@example.org", *, id: str | None = None, **fields: object) -> Incident:
    made = Incident(
        id=id or incident_id("mx1", "takeover", "user.name", value, None),
        site="mx1",
        cause="takeover",
        primary=("user.name", value),
        category="account_takeover",
        severity="critical",
        title="{account} was taken over",
        why="a network it had not used before",
    )
    for name, field in fields.items():
        setattr(made, name, field)
    return made


def test_a_new_store_is_empty(store: Store) -> None:
    """A new store knows nothing, and says so without an error."""
    assert store.batch_number() == 0
    assert store.positions() == {}
    assert store.incidents() == []
    assert store.unparsed() == []
    assert store.meta("zone") is None
    assert store.load_state("ledger", "alice") is None
    assert not store.may_have("ledger", "alice")
    assert store.outbox_counts() == OutboxCounts(0, 0, None)
    assert store.first_rollup_us() is None


def test_everything_survives_reopening(tmp_path: Path) -> None:
    """All parts of a commit are there after the file was closed and opened again."""
    path = tmp_path / "mailwarden.db"
    one = incident(evidence=[Evidence("/var/log/mail.log", 42, "a line")], timeline=[(1, "opened")])
    commit = Commit(
        batch=1,
        states=[("ledger", "alice", 1, 100, b"\x00blob")],
        incidents=[one],
        outbox=[("n1", 5, b"notice")],
        rollups={(0, "lines", "event", "postfix", "smtpd"): 3},
        positions={"mail.log": {"offset": 42, "birth": "1:2"}},
        meta={"zone": "UTC"},
        unparsed={("postfix", "smtpd", "odd <>"): (2, "odd thing")},
    )

    with Store.open(path) as store:
        store.commit(commit)
    with Store.open(path) as store:
        assert store.batch_number() == 1
        assert store.load_state("ledger", "alice") == b"\x00blob"
        assert store.may_have("ledger", "alice")
        assert store.incidents() == [one]
        assert store.outbox_due(5, 10) == [("n1", 5, b"notice")]
        assert store.rollups(0, HOUR) == [(0, "lines", "event", "postfix", "smtpd", 3)]
        assert store.positions() == {"mail.log": {"offset": 42, "birth": "1:2"}}
        assert store.meta("zone") == "UTC"
        assert store.unparsed() == [Unparsed("postfix", "smtpd", "odd <>", 2, "odd thing")]


def test_what_a_new_store_never_held_is_known_without_looking(store: Store) -> None:
    """A key that was written may be there, and one of another kind or name is not."""
    store.commit(Commit(1, states=[("ledger", "alice", 1, 100, b"x")]))

    assert store.may_have("ledger", "alice")
    assert not store.may_have("ledger", "bob")
    assert not store.may_have("window", "alice")


def test_states_are_set_changed_and_deleted(store: Store) -> None:
    """A state is replaced by its next value and gone when its blob is None."""
    store.commit(Commit(1, states=[("a", "x", 1, 9, b"1"), ("a", "y", 1, 9, b"2"), ("b", "x", 1, 9, b"3")]))
    store.commit(Commit(2, states=[("a", "y", 2, 9, b"4"), ("a", "x", 1, 0, None), ("a", "never", 1, 0, None)]))

    assert store.load_state("a", "x") is None
    assert store.load_state("a", "y") == b"4"
    assert store.load_state("b", "x") == b"3"


def test_only_what_expired_is_swept(store: Store) -> None:
    """The sweep takes what expired by then, and nothing that the same commit sets."""
    store.commit(Commit(1, states=[("a", "old", 1, 10, b"1"), ("a", "young", 1, 11, b"2")]))

    store.commit(Commit(2, expired_us=10, states=[("a", "new", 1, 9, b"3")]))

    assert store.load_state("a", "old") is None
    assert store.load_state("a", "young") == b"2"
    assert store.load_state("a", "new") == b"3"


def test_bytes_that_are_no_text_can_be_kept(store: Store) -> None:
    """A byte that is not UTF-8, which anyone can put into a log, stops no commit and comes back in the evidence."""
    odd = "m\udcfcller\x00@example.org"
    one = incident(odd, evidence=[Evidence("/var/log/\udcff.log", 1, odd)], values={"account": odd})

    store.commit(
        Commit(
            1,
            states=[("a", odd, 1, 9, b"1"), ("a", "mü", 1, 9, b"2")],
            incidents=[one],
            outbox=[(odd, 1, b"")],
            rollups={(0, "x", odd, "", ""): 1},
            positions={odd: {"path": odd}},
            meta={"m": odd},
            unparsed={("postfix", odd, odd): (1, odd)},
        )
    )

    assert store.load_state("a", odd) == b"1"
    assert store.load_state("a", "mü") == b"2"
    assert store.incidents() == [one]
    assert list(store.positions().values()) == [{"path": odd}]
    store.commit(Commit(2, states=[("a", odd, 1, 0, None)]))
    assert store.load_state("a", odd) is None


def test_an_incident_of_an_older_version(store: Store) -> None:
    """What an earlier mailwarden wrote, with the reasons unpacked, or as JSON for its odd bytes, is read and written anew."""
    reason = Judged(version=1, at_us=1, severity="high", span_us=2, counted=[("", 9, 5)], fields={"a": "b"})
    old, odd = incident(judged={"rule": reason}), incident("\udcff@example.org", judged={"rule": reason})
    as_json = json.dumps(msgspec.to_builtins(odd)).encode()
    store.commit(Commit(1, incidents=[incident(), incident("\udcff@example.org")]))
    with sqlite3.connect(store.path) as connection:
        connection.execute("UPDATE incidents SET blob = ? WHERE id = ?", (msgspec.msgpack.encode(old), old.id))
        connection.execute("UPDATE incidents SET blob = ? WHERE id = ?", (as_json, odd.id))
    connection.close()

    read = store.incidents()
    odd.judged["another"] = b"\xff\x00"
    store.commit(Commit(2, incidents=[odd]))

    assert sorted([old.id, odd.id]) == sorted(one.id for one in read)
    assert all(inputs_of(one, "rule") == reason for one in read)
    assert store.incident(odd.id) == odd


def test_counts_are_added_up(store: Store) -> None:
    """Rollups and unparsed counts of several batches add up; the first sample stays."""
    store.commit(Commit(1, rollups={(0, "x", "a", "", ""): 2}, unparsed={("postfix", "smtpd", "t"): (2, "first")}))
    store.commit(
        Commit(
            2,
            rollups={(0, "x", "a", "", ""): 3, (HOUR, "x", "a", "", ""): 4, (HOUR, "x", "b", "", ""): 1},
            unparsed={("postfix", "smtpd", "t"): (1, "second")},
        )
    )

    assert store.rollups(0, HOUR) == [(0, "x", "a", "", "", 5)]
    assert store.rollup_sums(0, 2 * HOUR) == [("x", "a", "", "", 9), ("x", "b", "", "", 1)]
    assert store.rollup_sums(0, 2 * HOUR, ("x", "x")) == store.rollup_sums(0, 2 * HOUR)
    assert store.rollup_sums(0, 2 * HOUR, ("y",)) == []
    assert list(store.rollup_keys(HOUR)) == [(HOUR, "x", "a", "", ""), (HOUR, "x", "b", "", "")]
    assert store.first_rollup_us() == 0
    assert store.unparsed() == [Unparsed("postfix", "smtpd", "t", 3, "first")]


def test_no_count_is_too_large(store: Store) -> None:
    """A number that a line claims and that no database holds ends no service: counting stops below it."""
    key = (0, "read_trait", "bob", "imap", "bytes")

    store.commit(Commit(1, rollups={key: 10**30}))
    store.commit(Commit(2, rollups={key: 10**18}))

    assert store.rollups(0, HOUR) == [(*key, 10**15)]


def test_incidents_by_status_and_time(store: Store) -> None:
    """Incidents are found by status and by when they were last seen, in the order they opened; a later one replaces."""
    first = incident("a@example.org", opened_us=1, last_seen_us=10)
    second = incident("b@example.org", opened_us=2, last_seen_us=20, status="closed")
    store.commit(Commit(1, incidents=[second, first]))

    assert store.incidents() == [first, second]
    assert store.incidents(status="open") == [first]
    assert store.incidents(since_us=11) == [second]
    assert store.incidents(status="open", since_us=11) == []
    first.status = "quiet"
    store.commit(Commit(2, incidents=[first]))
    assert store.incidents(status="quiet") == [first]


def test_an_incident_by_the_start_of_its_id(store: Store) -> None:
    """A prefix in either case finds its incident; one that fits several is refused with the ids that would do."""
    one, two = incident("a@example.org", id="7K2AB"), incident("b@example.org", id="7K2AC")
    store.commit(Commit(1, incidents=[one, two, incident("c@example.org", id="7K2")]))

    assert store.incident("7k2ab") == one
    assert store.incident("7K2") is not None
    assert store.incident("7K3") is None
    assert store.incident("７Ｋ２") is None
    with pytest.raises(UsageError, match=r"7K2AB \(takeover of a@example.org\), 7K2AC"):
        store.incident("7K2A")
    with pytest.raises(UsageError, match="at least 3"):
        store.incident("7K")


def test_a_notification_is_decided_once(store: Store) -> None:
    """What is in the outbox already is not set back by being decided again."""
    store.commit(Commit(1, outbox=[("n1", 5, b"first"), ("n2", 9, b"other")]))
    store.outbox_update("n1", 50, False, b"tried once")
    store.commit(Commit(2, outbox=[("n1", 5, b"first")]))

    assert store.outbox_due(49, 10) == [("n2", 9, b"other")]
    assert store.outbox_due(50, 1) == [("n2", 9, b"other")]
    assert store.outbox_due(50, 2) == [("n2", 9, b"other"), ("n1", 50, b"tried once")]
    assert store.outbox_counts() == OutboxCounts(2, 0, 5)
    assert store.outbox_counts(9) == OutboxCounts(1, 0, 5)  # the other is to leave later, and is not late
    store.outbox_update("n1", 50, True, b"")
    assert store.outbox_due(99, 10) == [("n2", 9, b"other")]
    assert store.outbox_counts() == OutboxCounts(1, 1, 9)


def test_acts_of_another_process(store: Store) -> None:
    """An act asked for beside the running service waits until a batch takes it up."""
    with Store.open(store.path) as other:
        first = other.add_act("acknowledge", {"incident": "7K2", "by": "root"}, 5)
        second = other.add_act("acknowledge", {"incident": "7K3"}, 6)

    assert store.pending_acts() == [
        Act(first, "acknowledge", {"incident": "7K2", "by": "root"}, 5),
        Act(second, "acknowledge", {"incident": "7K3"}, 6),
    ]
    store.commit(Commit(1, consumed_acts=[first]))
    assert [act.id for act in store.pending_acts()] == [second]


def test_silences_in_force(store: Store) -> None:
    """A silence holds, taken up or not, until an act ends it by its number."""
    first = store.add_act("silence", {"incident": "7K2", "until": "worse"}, 1)
    second = store.add_act("silence", {"incident": "7K3"}, 2)
    store.commit(Commit(1, consumed_acts=[first]))

    store.add_act("end_silence", {"silence": second}, 3)
    store.add_act("end_silence", {}, 3)

    assert [act.id for act in store.silences()] == [first]


def test_another_thread_has_its_own_connection(store: Store) -> None:
    """The delivery thread reads and writes while the fold's thread goes on committing."""
    store.commit(Commit(1, outbox=[(f"n{n}", n, b"") for n in range(50)]))
    faults: list[BaseException] = []

    def deliver() -> None:
        try:
            for id_, due, blob in store.outbox_due(100, 100):
                store.outbox_update(id_, due, True, blob)
        except BaseException as error:
            faults.append(error)

    thread = threading.Thread(target=deliver)
    thread.start()
    for batch in range(2, 30):
        store.commit(Commit(batch, states=[("a", str(batch), 1, 9, b"x")]))
        assert store.load_state("a", str(batch)) == b"x"
    thread.join()

    assert faults == []
    assert store.outbox_counts() == OutboxCounts(0, 50, None)


def test_two_services_on_one_store(store: Store) -> None:
    """A second service that commits a batch number again is refused, and changes nothing."""
    store.commit(Commit(1, states=[("a", "x", 1, 9, b"first")]))

    with Store.open(store.path) as other, pytest.raises(StoreError, match="another mailwarden"):
        other.commit(Commit(1, states=[("a", "x", 1, 9, b"second")]))

    assert store.load_state("a", "x") == b"first"


def test_shapes_of_odd_lines_are_bounded(store: Store) -> None:
    """Whoever can write odd lines fills no disk with them; the frequent shapes stay."""
    for batch in range(1, 7):
        shapes = {("postfix", "smtpd", f"odd {batch} {number}"): (1, "odd") for number in range(500)}
        store.commit(Commit(batch, unparsed={("postfix", "smtpd", "often"): (9, "often"), **shapes}))

    assert len(store.unparsed()) == 2000
    assert store.unparsed()[0] == Unparsed("postfix", "smtpd", "often", 54, "often")
