"""Packed files are unpacked piece by piece, whatever they hold."""

import bz2
import gzip
import lzma
import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import zstandard

from mailwarden.pipeline.sources.birth import Birth
from mailwarden.pipeline.sources.compression import CompressedError, Unpacker, compression_of

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "xz": lzma.compress,
    "bzip2": bz2.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}
KINDS = pytest.mark.parametrize("kind", PACKERS)
_DICE = random.Random(1)
LOG = b"".join(b"%08d %s\n" % (number, _DICE.randbytes(20).hex().encode()) for number in range(5000))
PIECE = 1 << 16
OVER = 8 << 20  # what one step may give beyond what was asked for


@contextmanager
def unpacker(path: Path, data: bytes) -> Iterator[Unpacker]:
    path.write_bytes(data)
    descriptor = os.open(path, os.O_RDONLY)
    kind = compression_of(data)
    assert kind is not None
    try:
        yield Unpacker(descriptor, kind)
    finally:
        os.close(descriptor)


def read_all(unpacker: Unpacker) -> bytes:
    return b"".join(iter(lambda: unpacker.read(PIECE), b""))


@KINDS
def test_what_was_packed_comes_out(tmp_path: Path, kind: str) -> None:
    """In pieces, the whole log, also where streams stand one after another (`cat a.gz b.gz`) and where a tape padded it."""
    packed = PACKERS[kind](LOG) + PACKERS[kind](b"more\n") + b"\0" * 100

    with unpacker(tmp_path / "log", packed) as opened:
        assert opened.read(10)
        assert opened.read(10)
    with unpacker(tmp_path / "log", packed) as opened:
        assert read_all(opened) == LOG + b"more\n"
        assert opened.place == len(packed)


@KINDS
def test_a_bomb_fills_no_memory(tmp_path: Path, kind: str) -> None:
    """What is packed into a few kilobytes is given in pieces of about the size that was asked for."""
    with unpacker(tmp_path / "log", PACKERS[kind](b"\0" * (32 << 20))) as opened:
        for _ in range(4):
            assert len(opened.read(PIECE)) <= PIECE + OVER


@KINDS
def test_what_stands_before_a_broken_place_is_given(tmp_path: Path, kind: str) -> None:
    """And then the fault, at every further look."""
    packed = bytearray(PACKERS[kind](LOG) + PACKERS[kind](LOG))
    place = len(packed) * 3 // 4
    packed[place : place + 40] = bytes(40)

    with unpacker(tmp_path / "log", bytes(packed)) as opened:
        found = b""
        with pytest.raises(CompressedError):
            while piece := opened.read(PIECE):
                found += piece
        assert found.startswith(LOG)  # gzip may give wrong bytes behind it: its sum stands at the end
        with pytest.raises(CompressedError):
            opened.read(PIECE)


@KINDS
def test_a_file_that_is_cut_off_is_told(tmp_path: Path, kind: str) -> None:
    """It gives what it has."""
    packed = PACKERS[kind](LOG)
    with unpacker(tmp_path / "log", packed[: len(packed) // 2]) as opened:
        found = b""
        with pytest.raises(CompressedError, match="before its end mark"):
            while piece := opened.read(PIECE):
                found += piece
        assert LOG.startswith(found)


@pytest.mark.timeout(10)
def test_a_pipe_in_the_place_of_a_file_holds_nobody_up(tmp_path: Path) -> None:
    """Whoever owns the directory may put one there between two looks; it counts as a file that was moved away."""
    os.mkfifo(tmp_path / "mail.log")

    with pytest.raises(FileNotFoundError):
        Birth(tmp_path / "mail.log")
