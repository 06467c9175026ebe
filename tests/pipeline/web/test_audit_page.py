"""Who came in and what was asked for, as those see it who act for all."""

from pathlib import Path

from incidents import taken_over
from served import Client, Served, served
from test_pages import CUSTOMER, HOSTILE, OPERATOR, VIEWER, words

from mailwarden.alerts.words.translate import translator
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

    view = audit_view(path, [], translator("en"))

    assert [one.who for one in view.noted] == [f"p{n}" for n in range(2999, 2899, -1)]
    assert audit_view(tmp_path / "none", [], translator("en")).noted == []
