"""Standard input is read once, without waiting for lines that are not there."""

import gzip
import os
from pathlib import Path
from threading import Thread

from mailwarden.pipeline.sources.opening import open_sources
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


def test_a_named_pipe_is_read(tmp_path: Path) -> None:
    """A shell hands over `<(zcat mail.log.1.gz)` as the path of a pipe: what comes out of it is read, in its order."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = Thread(target=path.write_bytes, args=(b"one\ntwo\n",))
    writer.start()
    (source,) = open_sources([str(path)])
    data = b""
    while not source.exhausted:
        chunk = source.read()
        data += chunk.data if chunk else b""
    writer.join()
    source.close()

    assert (source.name, data, source.problems) == (str(path), b"one\ntwo\n", [])


def test_an_empty_pipe_is_told_by_its_name(tmp_path: Path) -> None:
    """The program before it wrote nothing."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = Thread(target=path.write_bytes, args=(b"",))
    writer.start()
    (source,) = open_sources([str(path)])
    writer.join()
    while not source.exhausted:
        source.read()
    source.close()

    assert source.problems[0].startswith(f"{path}: gave nothing")
