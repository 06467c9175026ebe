"""Every event that was committed can be found again, once, and no other."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from mailwarden.parsers.errors import StoreError
from mailwarden.parsers.event import Event, to_ecs
from mailwarden.pipeline.archive import Archive, find
from mailwarden.pipeline.archive import archive as module
from mailwarden.pipeline.archive.archive import files

DAY = 86_400_000_000
NOON = 20_500 * DAY + DAY // 2


def event(at_us: int = NOON, **fields: Any) -> Event:
    made = Event()
    made.timestamp_us = made.stream_us = at_us
    made.log_offset = 5
    made.event_original = "a line"
    made.event_action = "delivery"
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def events(count: int, first: int = 0, at_us: int = NOON) -> list[Event]:
    return [event(at_us, user_name="ana", mail_session_id=f"s{number}") for number in range(first, first + count)]


def sessions(directory: Path) -> list[str]:
    return [row["mail.session.id"] for row in find(directory, "ana")]


def numbers(count: int) -> list[str]:
    return [f"s{number}" for number in range(count)]


@pytest.fixture(autouse=True)
def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FULL", 10)


def test_an_event_comes_back_as_it_was(tmp_path: Path) -> None:
    """All fields of an event come back under their ECS names, rare ones too, whether it stands in a full file or not."""
    full = event(
        email_to_address=["bob@example.org", "eve@example.org"],
        mail_delivery_delay=1.5,
        tls_established=True,
        mail_size=7,
        event_count=3,
        mailwarden_attempts=0,
        mailwarden_account="ana@example.org",
        extra={"dovecot.del_count": 4, "rspamd.symbols": ["A", "B"]},
        facts={"mailwarden.pair.known": object()},
    )
    archive = Archive.open(tmp_path, 0)

    archive.write(1, [full])
    few = list(find(tmp_path, "BOB@example.org"))
    archive.write(2, events(10))
    filed = list(find(tmp_path, "eve@example.org"))

    assert few == filed == [to_ecs(full) | {"event.original": "a line"}]


def test_files_stand_by_day_and_batch(tmp_path: Path) -> None:
    """A full batch becomes a file of its day; a batch over midnight becomes one of each day."""
    archive = Archive.open(tmp_path, 0)

    archive.write(12, events(12))
    archive.write(13, [*events(3, 12), *events(3, 15, NOON + DAY)])

    names = [str(path.relative_to(tmp_path)) for path in files(tmp_path)]
    assert names == [
        "events/2026-02-16/batch-000000012.parquet",
        "events/2026-02-16/batch-000000013.parquet",
        "events/2026-02-17/batch-000000013.parquet",
    ]
    assert sessions(tmp_path) == numbers(18)


def test_small_batches_become_one_file(tmp_path: Path) -> None:
    """The batches of a live service are gathered until they fill a file; none is lost or there twice at any time."""
    archive = Archive.open(tmp_path, 0)

    for batch in range(1, 26):
        archive.write(batch, events(1, batch - 1))
        assert sessions(tmp_path) == numbers(batch)

    assert [path.name for path in files(tmp_path)] == ["batch-000000010.parquet", "batch-000000020.parquet"]


def test_a_new_day_ends_the_file(tmp_path: Path) -> None:
    """What a quiet day brought becomes its file with the first event of the next."""
    archive = Archive.open(tmp_path, 0)

    archive.write(1, events(2))
    archive.write(2, events(1, 2, NOON + DAY))

    assert [path.parent.name for path in files(tmp_path)] == ["2026-02-16", "2026-02-17"]
    assert sessions(tmp_path) == numbers(3)


@pytest.mark.parametrize("sizes", [(3, 3, 3), (3, 12, 3), (3, 3, 12), (12, 3, 12), (9, 1, 1), (9, 1, 9)])
@pytest.mark.parametrize("committed", [0, 1, 2, 3])
def test_a_crash_before_the_commit(tmp_path: Path, sizes: Sequence[int], committed: int) -> None:
    """A batch that was written but not committed is gone at the next start, and there once when it is read again."""
    archive = Archive.open(tmp_path, 0)
    total = 0
    for batch in range(1, min(committed + 1, 3) + 1):
        archive.write(batch, events(sizes[batch - 1], total))
        total += sizes[batch - 1]

    again = Archive.open(tmp_path, committed)
    kept = sum(sizes[:committed])
    assert sessions(tmp_path) == numbers(kept)
    for batch in range(committed + 1, 6):
        again.write(batch, events(4, kept))
        kept += 4
        assert sessions(tmp_path) == numbers(kept)


def test_a_batch_written_again(tmp_path: Path) -> None:
    """A batch whose commit failed and is tried again replaces what it wrote, small or large."""
    archive = Archive.open(tmp_path, 0)

    for batch, size in ((1, 3), (2, 3), (3, 5), (4, 2)):
        total = len(sessions(tmp_path))
        for _ in range(3):
            archive.write(batch, events(size, total))
            assert sessions(tmp_path) == numbers(total + size)


def test_a_record_that_was_cut(tmp_path: Path) -> None:
    """A power cut in the middle of an append costs the batch that was not committed, and no other."""
    archive = Archive.open(tmp_path, 0)
    archive.write(1, events(2))
    archive.write(2, events(2, 2))
    newest = tmp_path / "events" / "newest.msgpack"
    os.truncate(newest, newest.stat().st_size - 3)

    assert sessions(tmp_path) == numbers(2)
    Archive.open(tmp_path, 1).write(2, events(2, 2))
    assert sessions(tmp_path) == numbers(4)


def test_an_archive_of_another_database(tmp_path: Path) -> None:
    """When the database was lost or restored, what it does not know of is set aside and not removed."""
    archive = Archive.open(tmp_path, 0)
    for batch in range(1, 4):
        archive.write(batch, events(12, 12 * (batch - 1)))
    archive.write(4, events(2, 36))

    Archive.open(tmp_path, 1)

    assert sessions(tmp_path) == numbers(12)
    aside = sorted(path.name for path in tmp_path.rglob("*.set-aside"))
    assert aside == [
        "batch-000000002.parquet.set-aside",
        "batch-000000003.parquet.set-aside",
        "newest.msgpack.set-aside",
    ]


def test_values_that_no_column_holds(tmp_path: Path) -> None:
    """Bytes that are no text are spelled out, and a number that is too large is left out; nothing stops the archive."""
    odd = event(user_name="ana", mail_session_id="s\udcff", process_pid=1 << 70, extra={"x": "\udcff"})
    archive = Archive.open(tmp_path, 0)

    archive.write(1, [odd])
    few = list(find(tmp_path, "ana"))
    archive.write(2, [odd] * 10)
    filed = list(find(tmp_path, "ana"))

    assert {row["mail.session.id"] for row in few + filed} == {"s\\xff"}
    assert all("process.pid" not in row for row in few + filed)


def test_the_story_of_a_message(tmp_path: Path) -> None:
    """Who asks for an address gets every line of its messages: before it was named, behind a filter, in the mailbox."""
    told = [
        event(mail_queue_id="A1", host_hostname="mx1", event_action="message-received", source_ip="192.0.2.7"),
        event(mail_queue_id="A1", host_hostname="mx2", event_action="message-received"),
        event(mail_queue_id="A1", host_hostname="mx1", email_message_id="m1@example.org"),
        event(mail_queue_id="A1", host_hostname="mx1", email_to_address=["bob@example.org"]),
        event(mail_queue_id="B2", mail_queue_orig_id="A1", host_hostname="mx1"),
        event(mail_queue_id="B2", host_hostname="mx1", event_action="message-removed"),
        event(email_message_id="m1@example.org", event_action="delivery", mail_mailbox="INBOX"),
        event(mail_queue_id="C3", host_hostname="mx1"),
        event(NOON + 40 * DAY, mail_queue_id="A1", host_hostname="mx1"),
    ]
    archive = Archive.open(tmp_path, 0)
    for batch, one in enumerate(told, 1):
        archive.write(batch, [one])

    expected = [to_ecs(told[n]) | {"event.original": "a line"} for n in (0, 2, 3, 4, 5, 6)]
    for what in ("Bob@Example.org", "<m1@example.org>", "b2", "192.0.2.7", "::ffff:192.0.2.7"):
        assert list(find(tmp_path, what)) == expected, what
    assert list(find(tmp_path, "nobody")) == []
    assert list(find(tmp_path, " ")) == []


def test_no_archive(tmp_path: Path) -> None:
    """Where nothing was archived, nothing is found."""
    assert list(find(tmp_path / "none", "ana")) == []


def test_a_damaged_file(tmp_path: Path) -> None:
    """A damaged file is named, with what to do."""
    Archive.open(tmp_path, 0).write(1, events(12))
    files(tmp_path)[0].write_bytes(b"PAR1 nothing PAR1")

    with pytest.raises(StoreError, match=r"batch-000000001\.parquet: cannot be read.*Move it away"):
        list(find(tmp_path, "ana"))


def test_no_room(tmp_path: Path) -> None:
    """An archive that cannot be written says so, and what to do."""
    (tmp_path / "events").write_text("")

    with pytest.raises(StoreError, match=r"archive cannot be written.*read again"):
        Archive.open(tmp_path, 0)


def test_the_archive_is_not_imported_to_be_named() -> None:
    """Who only names the archive does not pay for pyarrow."""
    import subprocess
    import sys

    code = "import sys, mailwarden.pipeline.archive; sys.exit('pyarrow' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
