"""Standard input is read once, without waiting for lines that are not there."""

import gzip
import os
from pathlib import Path

from mailwarden.pipeline.sources.standard_input import StandardInput


def test_lines_are_given_when_they_are_whole() -> None:
    """A pipe gives pieces; the last line needs no LF."""
    reading, writing = os.pipe()
    source = StandardInput(descriptor=reading)
    assert source.read() is None
    os.write(writing, b"one\ntw")
    first = source.read()
    assert source.read() is None
    os.write(writing, b"o\nthree")
    second = source.read()
    os.close(writing)
    third = source.read()

    assert [chunk and (chunk.offset, chunk.data) for chunk in (first, second, third)] == [
        (0, b"one\n"),
        (4, b"two\n"),
        (8, b"three"),
    ]
    assert source.read() is None
    assert source.exhausted
    assert source.problems == []
    os.close(reading)


def test_compressed_and_empty_input_are_told(tmp_path: Path) -> None:
    """A pipe cannot be unpacked by name; the message says how."""
    for data, word in ((gzip.compress(b"x\n"), "zcat"), (b"", "gave nothing")):
        path = tmp_path / "input"
        path.write_bytes(data)
        with path.open("rb") as file:
            source = StandardInput(descriptor=file.fileno())
            assert source.read() is None
        assert source.exhausted
        assert word in source.problems[0]
