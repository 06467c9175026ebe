"""What probes found is kept with the batch that took it up, as states that held from then until then."""

from pathlib import Path

from mailwarden.pipeline.store import Commit, Listing, Posture, Store

HOUR_US = 3_600_000_000
ZONE = "zen.spamhaus.org"


def _listing(at_us: int, state: str, *codes: str) -> Listing:
    return Listing("192.0.2.5", ZONE, at_us, at_us, state, "Spamhaus ZEN", 1.0, codes, "")


def _posture(at_us: int, state: str, now: str = "") -> Posture:
    return Posture("example.org", "spf", "example.org", at_us, at_us, state, now=now, details={"lookups": 3})


def test_a_state_that_holds_is_one_row(tmp_path: Path) -> None:
    """Seen again, it is prolonged: what was seen first and last are told apart."""
    with Store.open(tmp_path / "a.db") as store:
        for number in range(1, 4):
            store.commit(Commit(number, listings=[_listing(number * HOUR_US, "clear")]))

        assert store.standing.listings(history=True) == [
            Listing("192.0.2.5", ZONE, HOUR_US, 3 * HOUR_US, "clear", "Spamhaus ZEN", 1.0)
        ]


def test_all_states_are_the_history(tmp_path: Path) -> None:
    """Listed with another code is another state, and the newest is what holds."""
    states = [("clear",), ("suspected", "127.0.0.4"), ("listed", "127.0.0.4"), ("listed", "127.0.0.2"), ("clear",)]
    with Store.open(tmp_path / "a.db") as store:
        for number, (state, *codes) in enumerate(states, 1):
            store.commit(Commit(number, listings=[_listing(number * HOUR_US, state, *codes)]))

        told = [(one.state, *one.codes) for one in store.standing.listings(history=True)]
        assert told == states
        assert [one.state for one in store.standing.listings()] == ["clear"]
        assert len(store.standing.listings(history=True, since_us=4 * HOUR_US)) == 2


def test_posture_keeps_what_was_and_what_is(tmp_path: Path) -> None:
    """A record that changed begins a row, the same record prolongs it."""
    with Store.open(tmp_path / "a.db") as store:
        for number, now in enumerate(["v=spf1 -all", "v=spf1 -all", "v=spf1 +all"], 1):
            store.commit(Commit(number, postures=[_posture(number * HOUR_US, "ok", now)]))

        told = [(one.now, one.since_us, one.checked_us) for one in store.standing.postures(history=True)]
        assert told == [("v=spf1 -all", HOUR_US, 2 * HOUR_US), ("v=spf1 +all", 3 * HOUR_US, 3 * HOUR_US)]
        assert [one.details for one in store.standing.postures()] == [{"lookups": 3}]


def test_what_is_older_than_a_year_is_forgotten(tmp_path: Path) -> None:
    """The history does not grow for ever."""
    with Store.open(tmp_path / "a.db") as store:
        store.commit(Commit(1, listings=[_listing(HOUR_US, "clear")]))
        store.commit(Commit(2, listings=[_listing(500 * 24 * HOUR_US, "listed", "127.0.0.2")]))

        assert [one.state for one in store.standing.listings(history=True)] == ["listed"]


def test_the_inbox_holds_lines_until_their_batch_is_committed(tmp_path: Path) -> None:
    """What was not taken up is still there after a restart; what was, is gone with its batch."""
    with Store.open(tmp_path / "a.db") as store:
        store.inbox.add(["one", "two", "three"])
        first, second, _ = store.inbox.read(10)
        store.commit(Commit(1, consumed_inbox=second.id))
    with Store.open(tmp_path / "a.db") as store:
        store.inbox.add(["four"])

        assert first.line == "one"
        assert [one.line for one in store.inbox.read(10)] == ["three", "four"]
