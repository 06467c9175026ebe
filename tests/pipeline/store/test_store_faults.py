"""What can befall the file: each is told in words, and none costs a batch that was committed."""

import json
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy
from click.testing import CliRunner

from mailwarden.parsers.errors import StoreError
from mailwarden.pipeline.cli.root import root
from mailwarden.pipeline.store import Commit, Store, database, upgrade
from mailwarden.pipeline.store.database import REVISION
from mailwarden.pipeline.store.upgrade import begun, migrate, stamp

HALF_A_COMMIT = """
import os, signal, sys
from pathlib import Path
from mailwarden.pipeline.store import Commit, Store, committing as module

def die(connection, sql, rows):
    if rows:
        connection.executemany(sql, rows)
    if sql is module._SET_POSITION:
        os.kill(os.getpid(), signal.SIGKILL)

opened = Store.open(Path(sys.argv[1]))
module.many = die
states = [("a", str(n), 1, 9, b"new" * 1000) for n in range(20_000)]
opened.commit(Commit(2, states=states, rollups={(0, "x", "", "", ""): 1}, positions={"log": {"offset": 2}}))
"""

BARRED = """
import sqlite3, sys
holder = sqlite3.connect(sys.argv[1], isolation_level=None)
holder.execute("PRAGMA locking_mode = EXCLUSIVE")
holder.execute("BEGIN EXCLUSIVE")
holder.execute("INSERT INTO meta VALUES ('held', 'yes')")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database of one committed batch."""
    path = tmp_path / "mailwarden.db"
    with Store.open(path) as store:
        store.commit(
            Commit(
                1,
                states=[("a", str(n), 1, 9, b"old") for n in range(100)],
                rollups={(0, "x", "", "", ""): 1},
                positions={"log": {"offset": 1}},
            )
        )
    return path


def test_a_kill_within_a_commit_leaves_the_batch_before(path: Path) -> None:
    """A process killed when most of a commit was written, more of it than memory holds, leaves nothing of it behind."""
    killed = subprocess.run([sys.executable, "-c", HALF_A_COMMIT, path], check=False)

    assert killed.returncode == -signal.SIGKILL
    with Store.open(path) as store:
        assert store.batch_number() == 1
        assert store.positions() == {"log": {"offset": 1}}
        assert store.load_state("a", "7") == b"old"
        assert store.load_state("a", "7000") is None
        assert store.rollups(0, 1) == [(0, "x", "", "", "", 1)]
        store.commit(Commit(2))


def test_a_commit_that_fails_leaves_nothing_behind(path: Path) -> None:
    """A fault in the middle of a commit undoes its first half, and the store goes on."""
    with Store.open(path) as store:
        with pytest.raises(TypeError):
            store.commit(Commit(2, states=[("a", "7", 1, 9, b"new")], positions={"log": {"offset": object()}}))

        assert store.batch_number() == 1
        assert store.load_state("a", "7") == b"old"
        store.commit(Commit(2, states=[("a", "7", 1, 9, b"new")]))
        assert store.load_state("a", "7") == b"new"


def test_locked(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that another process keeps locked is named, with the command that shows who it is."""
    monkeypatch.setattr(database, "BUSY_S", 0.05)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")

    with Store.open(path) as store:
        with pytest.raises(StoreError, match=f"{path}: locked by another process.*fuser -v {path}"):
            store.commit(Commit(2))
        assert store.load_state("a", "7") == b"old"  # readers are never locked out
        holder.execute("ROLLBACK")
        store.commit(Commit(2))
    holder.close()


@pytest.fixture
def barred(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A database that another process keeps to itself: who only reads is locked out, too."""
    monkeypatch.setattr(database, "BUSY_S", 0.05)
    words = [sys.executable, "-c", BARRED, path]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with sqlite3.connect(path, timeout=0.05) as other, pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("SELECT 1 FROM meta")  # the lock holds
        other.close()
        yield path
        holder.kill()


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize(
    "words", ["", "show ZBO", "silence ZBO --because x", "people", "risk", "report", "unparsed", "run"]
)
def test_every_command_says_who_bars_its_database(
    barred: Path, words: str, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is the matter, that nothing was done, and the command that shows who it is: in one line, without a traceback."""
    monkeypatch.setenv("STATE_DIRECTORY", str(barred.parent))
    monkeypatch.setenv("LANGUAGE", language)

    result = CliRunner().invoke(root, words.split())

    assert result.exit_code == 3
    said = result.stderr.strip().splitlines()[-1]
    assert said.startswith(f"{barred}: locked by another process" if language == "en" else f"{barred}：別のプロセス")
    assert said.endswith(f"fuser -v {barred}  [MW5108]")
    assert "Traceback" not in result.output


def test_doctor_says_who_bars_the_database(barred: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`doctor` goes on with its other checks."""
    monkeypatch.setenv("STATE_DIRECTORY", str(barred.parent))

    checks = {
        one["name"]: one for one in map(json.loads, CliRunner().invoke(root, ["doctor", "--json"]).stdout.splitlines())
    }

    assert checks["state"]["state"] == "error"
    assert f"fuser -v {barred}" in checks["state"]["says"]
    assert "disk" in checks


def test_full_disk(path: Path) -> None:
    """A batch for which there is no room is refused whole, and kept once there is."""
    states = [("a", str(n), 1, 9, b"new" * 1000) for n in range(1000)]
    with Store.open(path) as store:
        store._load("PRAGMA max_page_count = 50")
        with pytest.raises(StoreError, match=r"no space left.*Nothing of this batch was kept.*Free space"):
            store.commit(Commit(2, states=states))

        assert store.batch_number() == 1
        assert store.load_state("a", "7") == b"old"
        store._load("PRAGMA max_page_count = 1000000")
        store.commit(Commit(2, states=states))
        assert store.load_state("a", "7") == b"new" * 1000


def test_newer(path: Path) -> None:
    """A database of a newer version is not touched, and the message says that it is newer."""
    with sqlite3.connect(path) as other:
        other.execute("UPDATE alembic_version SET version_num = '9999'")
    other.close()
    before = path.read_bytes()

    with pytest.raises(StoreError, match=r'newer mailwarden \(revision "9999"'):
        Store.open(path)

    assert path.read_bytes() == before


def test_older(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An older database is brought up to date by whoever may write, and left alone by whoever may only read."""
    with sqlite3.connect(path) as other:
        other.execute("UPDATE alembic_version SET version_num = '0000'")
    other.close()
    asked: list[str] = []

    def run(connection: sqlalchemy.Connection) -> None:
        asked.append("migrate")
        stamp(connection, REVISION)

    monkeypatch.setattr(upgrade, "migrate", run)
    with pytest.raises(StoreError, match="older mailwarden"):
        Store.open(path, read_only=True)
    Store.open(path).close()
    Store.open(path).close()

    assert asked == ["migrate"]


def test_a_new_file_has_the_tables_that_the_revisions_make(tmp_path: Path) -> None:
    """The short way to a new database and the long one, through every revision, end with the very same tables."""
    created, migrated = tmp_path / "created.db", tmp_path / "migrated.db"
    Store.open(created).close()
    engine = sqlalchemy.create_engine(f"sqlite:///{migrated}", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection, begun(connection):
        migrate(connection)
    engine.dispose()

    assert _tables(created) == _tables(migrated)


def _tables(path: Path) -> dict[tuple[str, str], str]:
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
        version = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    connection.close()
    assert version == [(REVISION,)]
    return {(kind, name): " ".join(re.sub(r"([(),])", r" \1 ", sql or "").split()) for kind, name, sql in rows}


def test_another_program(tmp_path: Path) -> None:
    """The database of another program is refused and stays as it is."""
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE bookmarks (url)")
    other.close()

    with pytest.raises(StoreError, match=r'another program.*"bookmarks"'):
        Store.open(path)


@pytest.mark.parametrize("content", [b"no database at all, only text " * 100, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_not_a_database(tmp_path: Path, content: bytes) -> None:
    """A file that is something else is refused with what it means, and stays as it is."""
    path = tmp_path / "mailwarden.db"
    path.write_bytes(content)

    for read_only in (False, True):
        with pytest.raises(StoreError, match=f"{path}: (not a database|damaged)"):
            Store.open(path, read_only=read_only)

    assert path.read_bytes() == content


def test_damaged(path: Path) -> None:
    """A damaged page is told when it is met, whether by reading or by writing."""
    data = bytearray(path.read_bytes())
    data[2048:] = b"\xa5" * (len(data) - 2048)
    path.write_bytes(data)

    with pytest.raises(StoreError, match=r"damaged.*backup"), Store.open(path) as store:
        store.load_state("a", "7")


def test_no_database_to_read(tmp_path: Path) -> None:
    """Reading before anything was recorded creates nothing."""
    path = tmp_path / "none" / "mailwarden.db"

    with pytest.raises(StoreError, match=r"no database yet.*mailwarden run"):
        Store.open(path, read_only=True)

    assert not path.parent.exists()


def test_reading_changes_nothing(path: Path) -> None:
    """Who opens the store to read cannot write, and leaves no file behind."""
    with Store.open(path, read_only=True) as store:
        assert store.load_state("a", "7") == b"old"
        with pytest.raises(StoreError, match="not writable by user"):
            store.commit(Commit(2))
        with pytest.raises(StoreError, match="not writable by user"):
            store.add_act("silence", {}, 1)


def test_reading_beside_the_service(path: Path) -> None:
    """A reader sees each batch once it is committed, while the service holds the file open."""
    with Store.open(path) as service, Store.open(path, read_only=True) as reader:
        service.commit(Commit(2, states=[("a", "7", 1, 9, b"new")]))

        assert reader.load_state("a", "7") == b"new"
        assert reader.batch_number() == 2


@pytest.mark.root
def test_a_folder_that_may_only_be_read(path: Path) -> None:
    """Somebody who may read the file but not write beside it can still read it; writing is refused by name."""
    for folder in path.parents:
        if folder.owner() == "root" and folder.stat().st_mode & 0o077 == 0 and "pytest" in str(folder):
            folder.chmod(0o755)
    path.chmod(0o644)
    script = (
        "import os, pwd, sys\n"
        "from pathlib import Path\n"
        "from mailwarden.pipeline.store import Store\n"
        "from mailwarden.parsers.errors import StoreError\n"
        "path = Path(sys.argv[1])\n"
        "os.setgid(65534); os.setuid(65534)\n"
        "with Store.open(path, read_only=True) as store: print(store.load_state('a', '7'))\n"
        "try: Store.open(path)\n"
        "except StoreError as error: print(error)\n"
    )

    said = subprocess.run([sys.executable, "-c", script, path], check=False, capture_output=True, text=True)

    assert said.stderr == ""
    assert said.stdout.startswith("b'old'\n")
    assert "not writable by user" in said.stdout


def test_the_file_is_not_for_everybody(tmp_path: Path) -> None:
    """Who writes to whom is for the service and its group alone."""
    path = tmp_path / "var" / "mailwarden.db"

    Store.open(path).close()

    assert path.stat().st_mode & 0o007 == 0
    assert path.parent.stat().st_mode & 0o007 == 0


def test_a_place_that_cannot_be_made(tmp_path: Path) -> None:
    """A place where no file can be made is told with what to do."""
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreError, match=r"cannot be created by user .*Nothing can be remembered"):
        Store.open(tmp_path / "file" / "mailwarden.db")
