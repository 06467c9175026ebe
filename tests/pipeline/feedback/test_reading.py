"""Reports of others: read once, whatever they come in; hostile, damaged and foreign ones are told and passed over."""

import gzip
import json
import mailbox
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from reports import COMPLAINT, DMARC, TLS, mailed, nested, zipped

from mailwarden.pipeline.cli.root import root
from mailwarden.pipeline.feedback.reading import read_reports
from mailwarden.pipeline.feedback.unpack import LARGEST
from mailwarden.pipeline.places import store_path
from mailwarden.pipeline.store import Store

FORMS = {
    "r.xml": DMARC.encode(),
    "r.xml.gz": gzip.compress(DMARC.encode()),
    "r.zip": zipped(**{"r.xml": DMARC.encode()}),
    "r.eml": mailed(gzip.compress(DMARC.encode())),
    "namespace.xml": DMARC.replace("<feedback>", '<feedback xmlns="http://dmarc.org/dmarc-xml/0.1">').encode(),
}


@pytest.mark.parametrize("name", FORMS)
def test_an_aggregate_in_any_form(tmp_path: Path, name: str) -> None:
    """Plain, gzip, zip and attached: the same report."""
    (tmp_path / name).write_bytes(FORMS[name])

    (found,) = read_reports([tmp_path / name])

    assert found.report is not None
    assert (found.report.kind, found.report.domain, found.report.organisation) == ("dmarc", "example.org", "google.com")
    assert (found.report.total, found.report.failed, found.report.sources) == (47, 7, {"203.0.113.9": 7})


def test_tls_reports_and_complaints(tmp_path: Path) -> None:
    """A TLS report counts its sessions, a complaint names whose mail it is about."""
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(json.dumps(TLS).encode()))
    (tmp_path / "b.eml").write_text(COMPLAINT)

    tls, complaint = (found.report for found in read_reports([tmp_path]))

    assert tls is not None and (tls.total, tls.failed, tls.domain) == (93, 3, "example.org")
    assert complaint is not None and (complaint.domain, complaint.sources) == ("example.org", {"192.0.2.25": 1})


def test_maildir_and_mbox(tmp_path: Path) -> None:
    """Both kinds of mailboxes are read whole, and what is no report is passed over."""
    maildir = mailbox.Maildir(tmp_path / "Maildir", create=True)
    box = mailbox.mbox(tmp_path / "box", create=True)
    for text in (COMPLAINT, "From: a@example.net\nSubject: hello\n\nhello\n"):
        maildir.add(text)
        box.add(text)
    box.close()

    for path in (tmp_path / "Maildir", tmp_path / "box"):
        found = list(read_reports([path]))
        assert [one.report is not None for one in found].count(True) == 1
        assert [one.fault for one in found if one.report is None] == ["it holds no report"]


BOMB = gzip.compress(b"<feedback>" + b"\0" * (20 * 1024 * 1024))
ENTITIES = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>' + DMARC.split("\n", 1)[1].replace(
    "google.com", "&b;"
)
HOSTILE = {
    "bomb.gz": (BOMB, "far more"),
    "bomb.zip": (zipped(**{"a.xml": b"\0" * (20 * 1024 * 1024)}), "far more"),
    "many.zip": (zipped(**{f"{n}.xml": DMARC.encode() for n in range(20)}), "20 files"),
    "entities.xml": (ENTITIES.encode(), "entities"),
    "external.xml": (
        ('<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>' + DMARC.split("\n", 1)[1]).encode(),
        "entities",
    ),
    "cut.xml": (DMARC[:300].encode(), "not well-formed"),
    "cut.gz": (gzip.compress(DMARC.encode())[:-20], "cut off"),
    "cut.zip": (zipped(**{"r.xml": DMARC.encode()})[:120], "damaged"),
    "other.xml": (b"<html><body/></html>", "no DMARC aggregate"),
    "other.json": (b'{"hello": 1}', "no TLS report"),
    "deep.json": (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, "no TLS report"),
    "nobody.eml": (COMPLAINT.replace("news@example.org", "").encode(), "names no domain"),
    "parts.eml": (nested(300), "50 parts"),
    "nested.eml": (nested(1500), "parts within parts"),
    "enclosed.eml": (b"Content-Type: message/rfc822\n\n" * 3000, "parts within parts"),
    "boundaries.eml": (b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\n" * 100_000, "lines and parts"),
    "bzip2.zip": (zipped(zipfile.ZIP_BZIP2, **{"r.xml": b"\0" * (64 << 20)}), "no report is"),
    "lzma.zip": (zipped(zipfile.ZIP_LZMA, **{"r.xml": DMARC.encode()}), "no report is"),
    "text.txt": (b"hello", "no report"),
    "empty": (b"", "no report"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_and_damaged_ones_are_passed_over(tmp_path: Path, name: str) -> None:
    """Each is told with its reason, and the report beside it is read all the same."""
    data, why = HOSTILE[name]
    (tmp_path / name).write_bytes(data)
    (tmp_path / "zz-good.xml").write_text(DMARC)

    bad, good = read_reports([tmp_path])

    assert bad.report is None
    assert why in bad.fault
    assert good.report is not None


def test_a_report_of_more_sessions_than_there_can_be(tmp_path: Path) -> None:
    """Its numbers are cut down to what can be counted."""
    summary = {"total-successful-session-count": 10**30, "total-failure-session-count": 10**4000}
    report = TLS | {"policies": [{"policy": {"policy-domain": "example.org"}, "summary": summary}]}
    (tmp_path / "r.json").write_text(json.dumps(report))

    (found,) = read_reports([tmp_path])

    assert found.report is not None
    assert (found.report.total, found.report.failed) == (2 * 10**9, 10**9)


def test_an_encrypted_zip_file_is_passed_over(tmp_path: Path) -> None:
    """Its flag says so; nothing is unpacked."""
    data = bytearray(zipped(**{"r.xml": DMARC.encode()}))
    data[6] |= 1
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "r.zip").write_bytes(data)

    (found,) = read_reports([tmp_path])

    assert "encrypted" in found.fault


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    """Its size is enough."""
    with (tmp_path / "huge.xml").open("wb") as file:
        file.truncate(LARGEST + 1)

    (found,) = read_reports([tmp_path])

    assert "more than a report may have" in found.fault


def test_a_file_that_is_moved_meanwhile_stops_no_other(tmp_path: Path) -> None:
    """Mail programs move mail while a folder is read; what stands behind it is read none the less, and nothing is said."""
    (tmp_path / "a.xml").write_text(DMARC)
    (tmp_path / "b.json").write_text(json.dumps(TLS))

    def wanted(file: Path) -> bool:
        if file.name == "a.xml":
            file.rename(tmp_path / "moved")
        return True

    found = list(read_reports([tmp_path], wanted=wanted))

    assert [one.where for one in found] == [str(tmp_path / "b.json")]
    assert found[0].is_report


def test_foreign_and_repeated_ones(tmp_path: Path) -> None:
    """What is about others, and what was read before, counts for nothing."""
    (tmp_path / "a.xml").write_text(DMARC)
    (tmp_path / "b.xml").write_text(DMARC)
    (tmp_path / "c.xml").write_text(DMARC.replace("example.org", "example.net"))

    first, again, foreign = read_reports([tmp_path], ours=["example.org"])

    assert first.report is not None
    assert again.fault == "it was read before"
    assert "example.net" in foreign.fault
    assert [one.report for one in read_reports([tmp_path / "a.xml"], known=[first.digest])] == [None]


def call(*words: str | Path) -> Result:
    """Run the command."""
    return CliRunner().invoke(root, ["feedback", *map(str, words)])


def test_reports_reach_the_service_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They wait in the inbox for the next batch; a second call adds nothing."""
    monkeypatch.setenv("LANG", "C.UTF-8")
    state = tmp_path / "state"
    state.mkdir()
    Store.open(store_path(state)).close()
    (tmp_path / "b.eml").write_text(COMPLAINT)

    first, second = call(tmp_path / "b.eml", "--state", state), call(tmp_path / "b.eml", "--state", state)

    assert "complaint about example.org" in first.stdout
    assert "it was read before" in second.stdout
    with Store.open(store_path(state), read_only=True) as store:
        (waiting,) = store.inbox.read(10)
    assert " mailwarden-probe: report {" in waiting.line


def test_without_a_service_they_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As words and as data; a hostile name moves no cursor."""
    monkeypatch.setenv("LANG", "C.UTF-8")
    (tmp_path / "a.xml").write_text(DMARC.replace("google.com", "evil\u202egoogle"))

    told = call(tmp_path / "a.xml", "--state", tmp_path)
    data = call(tmp_path / "a.xml", "--state", tmp_path, "--json")

    assert "7 of 47 messages failed" in told.stdout
    assert "\u202e" not in told.stdout
    assert json.loads(data.stdout)["failed"] == 7


def test_half_a_character_in_a_report_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A TLS report that spells one is shown, given as data, and kept for the service."""
    monkeypatch.setenv("LANG", "C.UTF-8")
    (tmp_path / "a.json").write_text(json.dumps(TLS | {"organization-name": "evil\ud800"}))
    state = tmp_path / "state"
    state.mkdir()
    Store.open(store_path(state)).close()

    data = call(tmp_path / "a.json", "--state", state, "--json")
    told = call(tmp_path / "a.json", "--state", tmp_path)

    assert (data.exception, told.exception) == (None, None)
    assert json.loads(data.stdout)["organisation"] == "evil\ufffd"
    assert "evil" in told.stdout
