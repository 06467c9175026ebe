"""Whatever is done to a log, and whenever the service stops: each line comes once, in order."""

import gzip
import json
import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from mailwarden.pipeline.sources.files import FileSource

_KEPT = 12


class Host:
    """A log with its writer, its logrotate and its reader."""

    def __init__(self, directory: Path) -> None:
        self.log = directory / "mail.log"
        self.log.touch()
        self.written = b""
        self.got = b""
        self.number = 0
        self.source = FileSource(self.log, follow=True, rotations=True)

    def write(self, count: int) -> None:
        data = b""
        for _ in range(count):
            self.number += 1
            data += b"Mar  3 04:05:06 mx1 postfix/smtpd[%d]: %s\n" % (self.number, b"x" * (self.number % 97))
        self.put(data)

    def write_half(self, count: int) -> None:
        """Write a line in two pieces, between which the reader looks."""
        self.number += 1
        data = b"Mar  3 04:05:06 mx1 dovecot[%d]: half\n" % self.number
        self.put(data[: 5 + count])
        self.read(1000)
        self.put(data[5 + count :])

    def put(self, data: bytes) -> None:
        with self.log.open("ab") as file:
            file.write(data)
        self.written += data

    def read(self, limit: int) -> None:
        chunk = self.source.read(limit)
        if chunk is not None:
            self.got += chunk.data

    def drain(self) -> None:
        for _ in range(1000):
            before = len(self.got)
            self.read(1 << 16)
            if len(self.got) == before:
                return

    def restart(self) -> None:
        position = json.loads(json.dumps(self.source.position()))
        self.source.close()
        self.source = FileSource(self.log, follow=True, rotations=True)
        self.source.restore(position)

    def shift(self) -> None:
        for number in range(_KEPT, 0, -1):
            for end in ("", ".gz"):
                old = self.log.with_name(f"mail.log.{number}{end}")
                if old.exists():
                    old.rename(self.log.with_name(f"mail.log.{number + 1}{end}"))

    def rotate(self) -> None:
        self.shift()
        self.log.rename(self.log.with_name("mail.log.1"))
        self.log.touch()

    def copytruncate(self) -> None:
        self.shift()
        shutil.copy(self.log, self.log.with_name("mail.log.1"))
        os.truncate(self.log, 0)

    def pack(self, number: int) -> None:
        plain = self.log.with_name(f"mail.log.{number}")
        if plain.exists():
            packed = plain.with_name(plain.name + ".gz")
            packed.write_bytes(gzip.compress(plain.read_bytes()))
            os.utime(packed, ns=(plain.stat().st_atime_ns, plain.stat().st_mtime_ns))
            plain.unlink()

    def remake(self) -> None:
        """Delete and create, which loses what was not read: so it is read before."""
        self.drain()
        self.log.unlink()
        self.log.touch()


_STEPS = st.one_of(
    st.tuples(st.just("write"), st.integers(1, 40)),
    st.tuples(st.just("write"), st.integers(1, 3)),
    st.tuples(st.just("write_half"), st.integers(1, 20)),
    st.tuples(st.just("read"), st.sampled_from([64, 700, 4096, 1 << 17])),
    st.tuples(st.just("drain")),
    st.tuples(st.just("restart")),
    st.tuples(st.just("rotate")),
    st.tuples(st.just("copytruncate")),
    st.tuples(st.just("pack"), st.integers(1, 4)),
    st.tuples(st.just("remake")),
)


@settings(max_examples=150, deadline=None)
@given(steps=st.lists(_STEPS, max_size=40))
def test_each_line_comes_once_in_order_through_any_rotation_and_restart(steps: list[tuple[str, int]]) -> None:
    """No gap, nothing twice, for any schedule of growth, rotation, compression and restart."""
    with tempfile.TemporaryDirectory() as directory:
        host = Host(Path(directory))
        rotations = 0
        for name, *arguments in steps:
            rotations += name in ("rotate", "copytruncate")
            if rotations > _KEPT:
                break
            getattr(host, name)(*arguments)
            assert host.written.startswith(host.got)
        host.drain()
        host.source.close()

        assert host.got == host.written
