"""Who came in and what was asked for, as those see it who act for all."""

import json
import multiprocessing
from pathlib import Path

import pytest
from incidents import taken_over
from served import Client, Served, served
from test_pages import CUSTOMER, HOSTILE, OPERATOR, VIEWER, words

from mailwarden.alerts.words.translate import translator
from mailwarden.pipeline.web import audit as module
from mailwarden.pipeline.web.audit import Audit, audit_paths
from mailwarden.pipeline.web.views.audits import audit_view


def let_in(page: Served, name: str) -> Client:
    """Sign somebody in."""
    client = page.client(let_in=False)
    assert client.sign_in(name, "correct horse").status == 303
    return client


def test_who_came_in_is_seen_by_those_who_act_for_all(directory: Path) -> None:
    """Who was let in or not, what was asked for and why, who may come in; a name that wants to be markup is text."""
    with served(directory, people=[OPERATOR, VIEWER, CUSTOMER]) as page:
        page.client(let_in=False).sign_in(HOSTILE, "guessed")
        ana = let_in(page, "ana")
        ana.post(f"/i/{taken_over().id}/silence", {"csrf": ana.csrf(), "because": "a newsletter"})
        answer = ana.get("/audit")
        others = [let_in(page, name).get("/audit").status for name in ("vic", "cus")]
        nobody = page.client(let_in=False).get("/audit").status

    text = words(answer.text)
    assert "ana ■ asked for a silence" in text
    assert "a newsletter" in text
    assert "ana ✓ came in by password 127.0.0.1" in text
    assert "▲ was not let in" in text
    assert "cus · looks and acts · sees nova0.test" in text
    assert "<script>alert" not in answer.text
    assert "argon2" not in answer.text
    assert (others, nobody) == ([403, 403], 303)


def test_a_log_that_was_written_over_is_shown_as_far_as_it_can_be_read(tmp_path: Path) -> None:
    """A line that is cut or no entry is left out; of a long log the newest hundred stand there."""
    path = tmp_path / "web-audit.jsonl"
    entry = '{"@timestamp": "2026-11-23T00:30:28.000Z", "event.action": "sign-in", "user.name": "p%d"}\n'
    path.write_text("\x00[]\n{}\nnull\n" + "".join(entry % n for n in range(3000)) + '{"@timestamp": "x"}\n{"@time')

    view = audit_view([path], [], translator("en"))

    assert [one.who for one in view.noted] == [f"p{n}" for n in range(2999, 2899, -1)]
    assert audit_view([tmp_path / "none"], [], translator("en")).noted == []


def entries(directory: Path) -> list[str]:
    """Give who stands in the audit log of a directory, the oldest first."""
    lines = [
        line for path in reversed(audit_paths(directory)) if path.exists() for line in path.read_text().splitlines()
    ]
    return [json.loads(line)["user.name"] for line in lines]


def write_many(directory: Path, name: str, number: int) -> None:
    """Write as a page does that was started beside another."""
    log = Audit(directory, lambda: 0)
    for n in range(number):
        log.note("sign-in", f"{name}{n}", "192.0.2.1")


def test_a_log_that_is_full_makes_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written takes no more than so many files of such a size; the newest hundred are shown from however many of them."""
    monkeypatch.setattr(module, "_FULL", 2000)
    log = Audit(tmp_path, lambda: 0)
    for n in range(200):
        log.note("sign-in", f"p{n}", "192.0.2.1")
    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    view = audit_view(log.paths, [], translator("en"))

    assert len(sizes) == 5
    assert max(sizes) <= 2000
    assert all(path.stat().st_mode & 0o777 & ~0o640 == 0 for path in tmp_path.iterdir())
    kept = entries(tmp_path)
    assert kept == [f"p{n}" for n in range(200 - len(kept), 200)]
    assert 60 < len(kept) < 100
    assert [one.who for one in view.noted] == kept[::-1]


def test_two_pages_lose_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that write at once, and both find the file full, leave every entry, each whole."""
    monkeypatch.setattr(module, "_FULL", 15_000)
    fork = multiprocessing.get_context("fork")
    writers = [fork.Process(target=write_many, args=(tmp_path, name, 200)) for name in ("a", "b")]
    for one in writers:
        one.start()
    for one in writers:
        one.join()

    assert sorted(entries(tmp_path)) == sorted(f"{name}{n}" for name in "ab" for n in range(200))
    assert len(list(tmp_path.iterdir())) > 2


def test_a_file_that_cannot_be_moved_grows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather a long file than an entry lost: as where it may only be appended to."""
    monkeypatch.setattr(module, "_FULL", 2000)
    (tmp_path / "web-audit.jsonl.3").touch()
    (tmp_path / "web-audit.jsonl.4").mkdir()

    write_many(tmp_path, "p", 50)

    written = (tmp_path / "web-audit.jsonl").read_text().splitlines()
    assert [json.loads(line)["user.name"] for line in written] == [f"p{n}" for n in range(50)]


def test_strangers_wash_nothing_away(tmp_path: Path) -> None:
    """Of refusals from ten thousand addresses some hundreds are written down, and how many more there were; every act is."""
    now_us = 0
    log = Audit(tmp_path, lambda: now_us)
    for n in range(10_000):
        log.note("sign-in-failed", "root", f"2001:db8:{n:x}::1", how="password")
    log.note("acknowledge", "ana", "192.0.2.1", incident="FZJ")
    now_us += 3_600_000_000
    log.note("sign-in-failed", "root", "2001:db8::1", how="password")

    lines = [json.loads(line) for line in (tmp_path / "web-audit.jsonl").read_text().splitlines()]
    view = audit_view(log.paths, [], translator("en"))

    assert len(lines) == 502
    assert [one["event.action"] for one in lines[-2:]] == ["acknowledge", "sign-in-failed"]
    assert view.noted[0].about == "by password; 9,500 more were refused before, and are not written down"
