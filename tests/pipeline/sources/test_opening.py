"""What a person names becomes sources."""

import bz2
import gzip
import json
import lzma
from pathlib import Path

from mailwarden.pipeline.sources.docker import DockerSource
from mailwarden.pipeline.sources.opening import open_sources
from mailwarden.pipeline.sources.source import Source

LINE = "Mar  3 04:05:06 mx1 postfix/smtpd[7]: connect from unknown[203.0.113.7]\n"
OTHER = "2026-03-03 04:05:06 status installed libc6:amd64 2.36\n"


def read(sources: list[Source]) -> dict[str, str]:
    found = {}
    for source in [*sources, *(new for parent in sources for new in parent.found())]:
        while (chunk := source.read()) is not None:
            found[source.name] = found.get(source.name, "") + chunk.data.decode()
    return found


def test_the_files_of_one_log_are_one_source_read_from_the_oldest_on(tmp_path: Path) -> None:
    """A shell expands mail.log* in its own order."""
    (tmp_path / "mail.log").write_text("c\n")
    (tmp_path / "mail.log.1").write_text("b\n")
    (tmp_path / "mail.log.10").write_text("a\n")
    (tmp_path / "mail.log.2").write_text("not named\n")
    names = [str(tmp_path / name) for name in ("mail.log", "mail.log.1", "mail.log.10")]

    sources = open_sources([*names, names[0]])

    assert read(sources) == {names[0]: "a\nb\nc\n"}


def test_the_file_that_is_named_is_read_whatever_stands_beside_it(tmp_path: Path) -> None:
    """Copies of a log that were packed in several ways do not hide each other."""
    names = [tmp_path / f"export.{ending}" for ending in ("gz", "xz", "bz2")]
    for name, pack in zip(names, (gzip.compress, lzma.compress, bz2.compress), strict=True):
        name.write_bytes(pack(f"{name.suffix}\n".encode()))

    found = [read(open_sources([str(name)])) for name in names]

    assert found == [{str(name): f"{name.suffix}\n"} for name in names]


def test_a_pattern_gives_a_source_for_each_log(tmp_path: Path) -> None:
    """Quoted patterns are expanded here, rotations belong to their log."""
    for name, text in (("a.log", "2\n"), ("a.log.1", "1\n"), ("b.log", "3\n"), ("c.txt", "4\n")):
        (tmp_path / name).write_text(text)

    found = read(open_sources([str(tmp_path / "*.log*")]))

    assert found == {str(tmp_path / "a.log"): "1\n2\n", str(tmp_path / "b.log"): "3\n"}


def test_of_a_directory_only_what_servers_of_mail_write_is_read(tmp_path: Path) -> None:
    """`mailwarden scan /var/log` leaves the package manager's log alone."""
    (tmp_path / "mail.log").write_text(LINE)
    (tmp_path / "dpkg.log").write_text(OTHER)
    (tmp_path / "lastlog").write_bytes(b"\0\1\2" * 1000)

    assert read(open_sources([str(tmp_path)])) == {str(tmp_path / "mail.log"): LINE}


def test_a_pattern_or_directory_that_gives_nothing_is_told(tmp_path: Path) -> None:
    """Nothing read looks like nothing wrong, so it is said."""
    (tmp_path / "dpkg.log").write_text(OTHER)
    for name, word in ((str(tmp_path / "*.nothing"), "matches this pattern"), (str(tmp_path), "in this directory")):
        sources = open_sources([name])

        assert read(sources) == {}
        assert word in sources[0].problems[0]


def test_containers_are_found_by_their_name(tmp_path: Path) -> None:
    """Docker's json-file driver puts a log beside each container's configuration."""
    for place, name in (("a" * 64, "postfix-mailcow"), ("b" * 64, "redis")):
        (tmp_path / place).mkdir()
        (tmp_path / place / "config.v2.json").write_text(json.dumps({"Name": f"/{name}", "State": {}}))
        (tmp_path / place / f"{place}-json.log").write_text(json.dumps({"log": "x\n", "stream": "stdout"}) + "\n")

    source = DockerSource(("postfix-mailcow", "dovecot-mailcow"), place=tmp_path)

    assert list(read([source])) == ["docker:postfix-mailcow/" + "a" * 12]
    assert 'no container "dovecot-mailcow"' in source.problems[0]
    assert "postfix-mailcow, redis" in source.problems[0]
