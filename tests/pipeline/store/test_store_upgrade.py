"""What an older version kept is known to this one."""

from pathlib import Path

import msgspec
import sqlalchemy

from mailwarden.alerts.detection.memories import memories
from mailwarden.alerts.detection.windows import Window, add
from mailwarden.alerts.detectors import load_detectors
from mailwarden.alerts.facts.usual import Usual
from mailwarden.alerts.state.blob import encode
from mailwarden.parsers.event import Event
from mailwarden.pipeline.store import Store
from mailwarden.pipeline.store.upgrade import migrate, stamp

ODD = "\udcff@example.org"


class _Burst(msgspec.Struct, array_like=True):
    """As `sending_burst` kept it."""

    window: Window
    last_us: int


class _FanOut(msgspec.Struct, array_like=True):
    """As `domain_fan_out` kept it."""

    domains: Window
    usual: Usual
    last_us: int


def _old_rows() -> list[tuple[str, str, int, int, bytes]]:
    window = Window()
    add(window, 5_000_000, 3_600_000_000, 7)
    domains = Window(values={ODD: 3})  # which msgpack cannot say
    usual, long = Usual(), Window(values={f"{n:x}": n for n in range(100)})  # long enough to be compressed
    return [
        ("detector.domain_fan_out", "anna@example.org", 1, 900, encode(_FanOut(domains, usual, 5_000_000))),
        ("detector.domain_fan_out", "ben@example.org", 1, 800, encode(_FanOut(long, usual, 6_000_000))),
        ("detector.sending_burst", "anna@example.org", 1, 700, encode(_Burst(window, 5_000_000))),
        ("detector.mail_bomb", "site", 1, 600, b"\x90"),
    ]


def test_detectors_know_what_each_kept_by_itself(tmp_path: Path) -> None:
    """What detectors knew of an account, a row each until revision 0003, stands in the one record that they share now."""
    path = tmp_path / "mailwarden.db"
    Store.open(path).close()
    engine = sqlalchemy.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        stamp(connection, "0003")
        for row in _old_rows():
            connection.exec_driver_sql(
                "INSERT INTO state (kind, key, version, expires_us, blob) VALUES (?,?,?,?,?)", row
            )
        migrate(connection)
    engine.dispose()

    with Store.open(path) as store:
        assert [len(store.states(kind)) for kind in ("detectors.account_mail", "detector.mail_bomb")] == [2, 1]
        assert not store.states("detector.sending_burst") and not store.states("detector.domain_fan_out")
        detectors = load_detectors()
        kept = dict(zip((one.detection.name for one in detectors), memories(detectors, store)[0], strict=True))
        event = Event()
        anna, ben = "anna@example.org", "ben@example.org"

        assert kept["sending_burst"].recall(anna, event).window.total == 7
        assert kept["domain_fan_out"].recall(anna, event).domains.values == {ODD: 3}
        assert len(kept["domain_fan_out"].recall(ben, event).domains.values) == 100
        assert kept["sending_burst"].recall(ben, event).last_us == 0
