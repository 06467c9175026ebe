"""What was said of mail that was not taken is found by provider and class, without reading the whole archive."""

from pathlib import Path

import pytest
from deliveries import NOON, event, make_small_parts

from mailwarden.parsers.event import Event
from mailwarden.pipeline.archive import Archive, Index, newest_refusals
from mailwarden.pipeline.archive import refusals as asked


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    make_small_parts(monkeypatch)


def failed(second: int, text: str, provider: str | None = "google", klass: str | None = "rate_limit") -> Event:
    """Make a delivery that was not taken."""
    return event(
        second, mail_provider=provider, mail_bounce_class=klass, mail_delivery_status="deferred", smtp_reply_text=text,
        destination_domain="mx.example.net",
    )  # fmt: skip


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Nine full files, in one of them a rare refusal, in each a frequent one; a further one among the newest events."""
    directory = tmp_path / "archive"
    writer = Archive.open(directory, 0)
    for batch in range(1, 10):
        rows = [event(batch * 50 + n, mail_delivery_status="sent", mail_provider="google") for n in range(39)]
        rows.append(failed(batch * 50 + 39, f"often {batch}"))
        if batch == 2:
            rows.append(failed(batch * 50 + 39, "rare", None, None))
        writer.write(batch, rows)
    writer.write(10, [failed(600, "newest", "yahoo", "reputation")])
    return directory


def said(archive: Path, index: Index, *pairs: tuple[str, str], from_s: int = 0) -> list[str]:
    """Give what was said."""
    return [one["smtp.reply.text"] for one in newest_refusals(index, pairs, NOON + from_s * 1_000_000)]


def test_the_newest_of_each_is_found(archive: Path, tmp_path: Path) -> None:
    """Of each provider and class the newest part of the archive is read that holds it; mail that was taken is none."""
    index = Index(archive, tmp_path / "index")
    index.build()

    assert said(archive, index, ("google", "rate_limit")) == ["often 9"]
    assert said(archive, index, ("other", "other")) == ["rare"]
    assert said(archive, index, ("yahoo", "reputation"), ("google", "rate_limit")) == ["newest", "often 9"]
    assert said(archive, index, ("google", "unknown_user")) == []
    assert said(archive, index) == []


def test_what_is_older_is_not_wanted(archive: Path, tmp_path: Path) -> None:
    """Only what was said from an instant on counts."""
    index = Index(archive, tmp_path / "index")
    index.build()

    assert said(archive, index, ("other", "other"), from_s=140) == []
    assert said(archive, index, ("yahoo", "reputation"), from_s=86_400) == []


def test_one_answer_reads_few_parts(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many are asked for, an answer takes no longer than it may; what is rare is left out first."""
    index = Index(archive, tmp_path / "index")
    index.build()
    monkeypatch.setattr(asked, "_PLACES", 1)

    assert said(archive, index, ("google", "rate_limit"), ("other", "other")) == ["often 9"]


def test_an_index_of_an_earlier_version_is_made_anew(archive: Path, tmp_path: Path) -> None:
    """One that knows nothing of refusals is taken away and replaced."""
    kept = tmp_path / "index"
    kept.mkdir()
    old = kept / "2026-02-16.batch-000000001.names"
    old.write_bytes(b"\0" * 8)
    index = Index(archive, kept)

    assert index.build() == 9
    assert not old.exists()
    assert said(archive, index, ("other", "other")) == ["rare"]
