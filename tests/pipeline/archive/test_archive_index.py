"""Looking something up by the index finds what reading everything finds, and reads a part."""

import subprocess
import sys
from pathlib import Path

import pytest
from deliveries import event, make_small_parts

from mailwarden.pipeline.archive import Archive, Index, find, find_recent

DAY = 86_400_000_000


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    make_small_parts(monkeypatch)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Ten full files and some newest events: a message that comes back from a filter, and much else."""
    directory = tmp_path / "archive"
    writer = Archive.open(directory, 0)
    for batch in range(1, 22):
        rows = [
            event(
                batch * 20 + n,
                mail_queue_id=f"Q{batch}-{n}",
                email_to_address=[f"user{n}@example.org", "All@Example.org"],
            )
            for n in range(20)
        ]
        if batch in (3, 4, 15):
            rows.append(event(batch * 20 + 19, mail_queue_id="QX", email_message_id=f"m{batch != 15}@example.org"))
        if batch == 21:
            rows.append(
                event(batch * 20 + 19, mail_queue_id="QY", email_message_id="mFalse@example.org", user_name="Åsa")
            )
            rows.append(
                event(batch * 20 + 19, process_working_directory="/home/Ana", user_id="ana", mail_queue_id="QX")
            )
        if batch == 5:
            rows.append(event(batch * 20 + 19, file_path="/srv/form.php", mail_queue_id="Q5-1"))
        writer.write(batch, rows)
    return directory


def index(archive: Path, tmp_path: Path) -> Index:
    """Index all of an archive."""
    made = Index(archive, tmp_path / "index")
    while made.build(3):
        pass
    return made


@pytest.mark.parametrize(
    "what",
    [
        "Q7-3",
        "q7-3",
        "qx",
        "mTrue@example.org",
        "user5@example.org",
        "Åsa",
        "/home/ana",
        "ana",
        "/srv/form.php",
        "nobody",
        "",
        " ",
    ],
)
def test_the_index_finds_what_reading_everything_finds(archive: Path, tmp_path: Path, what: str) -> None:
    """Whatever is looked for, in either case, the same events come, in the same order."""
    assert find_recent(index(archive, tmp_path), what, most=1000).events == list(find(archive, what))


def test_what_is_not_indexed_yet_is_found_too(archive: Path, tmp_path: Path) -> None:
    """A page that has just been started answers fully, only slower."""
    assert find_recent(Index(archive, tmp_path / "none"), "Q7-3").events == list(find(archive, "Q7-3"))


def test_much_is_found_part_by_part(archive: Path, tmp_path: Path) -> None:
    """What stands everywhere is given from the newest part on; going on gives the rest, nothing twice."""
    made = index(archive, tmp_path)
    before, seen = "", []
    for _ in range(200):
        found = find_recent(made, "user5@example.org", before=before, most=4)
        seen += [row["mail.queue.id"] for row in found.events]
        before = found.before
        if not before:
            break

    assert sorted(seen) == sorted(row["mail.queue.id"] for row in find(archive, "user5@example.org"))


def test_a_name_is_found_where_it_stands_and_nowhere_else(archive: Path, tmp_path: Path) -> None:
    """A queue id is read from the one part of ten events that holds it."""
    made = index(archive, tmp_path)

    assert len(made.holding(["q7-3"])) == 1
    assert made.holding(["nobody"]) == []


def test_the_newest_events_are_found_as_they_come(tmp_path: Path) -> None:
    """An event is found as soon as its batch is written, and once, when it has moved into a full file."""
    writer = Archive.open(tmp_path / "archive", 0)
    made = Index(tmp_path / "archive", tmp_path / "index")
    for batch in range(1, 12):
        writer.write(batch, [event(batch, mail_queue_id=f"Q{batch}") for _ in range(5)])
        made.build()
        for earlier in range(1, batch + 1):
            assert len(find_recent(made, f"Q{earlier}").events) == 5


def test_a_batch_of_two_days_has_two_indexes(tmp_path: Path) -> None:
    """A name is looked for in the file of its day only, though both have the number of one batch."""
    half = 86_400 // 2
    writer = Archive.open(tmp_path / "archive", 0)
    writer.write(1, [event(half - 1, mail_queue_id="Q1"), event(half + 1, mail_queue_id="Q2")] + [event(half + 2)] * 50)
    made = index(tmp_path / "archive", tmp_path)

    (first,), (second,) = made.holding(["q1"]), made.holding(["q2"])

    assert first[0].parent != second[0].parent
    assert len(find_recent(made, "Q1").events) == len(find_recent(made, "Q2").events) == 1


def test_the_index_of_a_file_that_is_gone_goes_too(archive: Path, tmp_path: Path) -> None:
    """When the service makes room, the index does not outlive what it is of."""
    made = index(archive, tmp_path)
    before = len(list((tmp_path / "index").iterdir()))
    sorted(archive.glob("events/*/*.parquet"))[0].unlink()

    made.build()

    assert len(list((tmp_path / "index").iterdir())) == before - 1
    assert find_recent(made, "Q7-3").events == list(find(archive, "Q7-3"))


def test_a_broken_index_is_made_again(archive: Path, tmp_path: Path) -> None:
    """An index file that a crash cut to nothing is none, and is written anew."""
    made = index(archive, tmp_path)
    victim = sorted((tmp_path / "index").iterdir())[0]
    victim.write_bytes(b"")
    again = Index(archive, tmp_path / "index")

    assert find_recent(again, "Q1-3").events == list(find(archive, "Q1-3"))
    assert find_recent(made, "Q7-3").events == list(find(archive, "Q7-3"))
    assert again.build() == 1
    assert made.holding(["q1-3"]) == again.holding(["q1-3"])


def test_keeping_events_does_not_import_pandas(tmp_path: Path) -> None:
    """Neither the service that writes the archive nor the page that reads it pays for pandas."""
    code = (
        "import sys; from pathlib import Path; from mailwarden.pipeline.archive import *; from mailwarden.pipeline.archive "
        "import archive; from mailwarden.parsers.event import Event; archive._FULL = 2; d = Path(sys.argv[1]);"
        "e = Event(); e.stream_us = 1; e.mail_queue_id = 'Q'; a = Archive.open(d, 0); a.write(1, [e, e, e]);"
        "i = Index(d, d / 'i'); assert i.build() == 1; assert len(find_recent(i, 'q').events) == 3;"
        "print('pandas' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"
