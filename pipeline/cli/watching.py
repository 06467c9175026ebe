"""What `mailwarden` alone says where it watches: whether it does, what is open, whom it tells, and what to do next."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.incidents.severity import severity_shape, severity_word
from mailwarden.alerts.terms import severity_rank
from mailwarden.alerts.words.escape import printable
from mailwarden.alerts.words.translate import N_
from mailwarden.pipeline.answers.failing import failing_channels
from mailwarden.pipeline.cli.incident_view import style_of, top_level
from mailwarden.pipeline.cli.session import Session, nobody_told
from mailwarden.pipeline.cli.silence import silenced
from mailwarden.pipeline.cli.terminal import Line, Span, page_width
from mailwarden.pipeline.showing.columns import columns, shorten
from mailwarden.pipeline.showing.liveness import read_liveness
from mailwarden.pipeline.showing.sentences import Sentences
from mailwarden.pipeline.store import Reader, Store

__all__ = ["watching"]

_SHOWN = 5  # incidents
_BEHIND_S = 120.0  # a quiet server ticks each minute
_DAY_US = 86_400_000_000


def watching(now: Session, path: Path, start: str) -> Iterator[Line]:
    """Say how the service that keeps a database is, and what it has found.

    Args:
        now: The session.
        path: The database.
        start: The command that starts the service.
    """
    now_us = time.time_ns() // 1000
    with Store.open(path, read_only=True) as store:
        incidents = _open([*store.incidents(status="open"), *store.incidents(status="quiet")])
        sentences = Sentences(incidents, now.tongue, now.zone, ids=store.found.ids())
        quiet = silenced(store.silences(), incidents, now_us)
        pulse = _pulse(store, now, start, now_us)
        told = list(_told(store, now, sentences, now_us))
    found = sorted(top_level(incidents), key=lambda one: one.id in quiet)  # what is told comes first
    yield pulse
    yield from _found(found, quiet, sentences)
    yield from told
    if found and severity_rank(found[0].severity) > 0 and found[0].id not in quiet:
        command = f"mailwarden show {sentences.short(found[0].id)}"
        yield [now.tongue.say(N_("Next: {text}"), {"text": command})]


def _open(alive: list[Incident]) -> list[Incident]:
    """Give the open incidents, and a quiet one of whose story an open one is part: it is what is told."""
    known = {one.id: one for one in alive}
    shown: dict[str, Incident] = {}
    for one in alive:
        incident: Incident | None = one if one.status == "open" else None
        while incident is not None and incident.id not in shown:
            shown[incident.id] = incident
            incident = known.get(incident.parent or "")
    return list(shown.values())


def _pulse(store: Store, now: Session, start: str, now_us: int) -> Line:
    """Say whether it watches: the lock says whether the service lives, the database's file whether its main loop turns."""
    tongue = now.tongue
    lag_s, ended, _ = read_liveness(store, now_us)
    values: dict[str, object] = {
        "host": now.configuration.called,
        "lag": tongue.duration(int(lag_s)),
        "command": start,
    }
    if ended:
        said = N_("Nothing is watched: the service does not run; its last sign was {lag} ago. Start it:  {command}")
        return [Span("● " + printable(tongue.say(said, values)), "critical")]
    if lag_s > _BEHIND_S:
        said = tongue.say(N_("Nothing has been read for {lag}. Why:  mailwarden doctor"), values)
        return [Span(f"▲ {said}", "watch")]
    lines = dict.fromkeys(("event", "pipeline_error"), 0)
    for _, kind, _, _, number in store.rollup_sums(now_us - _DAY_US, now_us, ("lines",)):
        if kind in lines:
            lines[kind] += number
    parts = [tongue.say(N_("Watching {host}, {lag} behind"), values)]
    if ours := sum(lines.values()):
        share = {"understood_ratio": lines["event"] / ours}
        parts.append(tongue.say(N_("{understood_ratio} understood"), share))
    return [Span("✓ ", "ok"), printable(" · ".join(parts))]


def _found(found: Sequence[Incident], quiet: set[str], sentences: Sentences) -> Iterator[Line]:
    tongue = sentences.tongue
    for incident in found[:_SHOWN]:
        mark = f"{severity_shape(incident.severity)} {severity_word(incident.severity, tongue)}"
        said = " · " + tongue.gettext("silenced") if incident.id in quiet else ""
        title = shorten(
            sentences.title(incident),
            page_width() - columns(mark) - 4 - len(sentences.short(incident.id)) - columns(said),
        )
        yield [
            Span(mark, style_of(incident.severity)),
            f"  {sentences.short(incident.id)}  {title}",
            Span(said, "faint"),
        ]
    if len(found) > _SHOWN:
        more = tongue.count("and {number} more open", "and {number} more open", len(found) - _SHOWN)
        critical = sum(1 for one in found[_SHOWN:] if one.severity == "critical")
        bad = tongue.count("{number} of them critical", "{number} of them critical", critical)
        yield [more, tongue.gettext(", "), Span(f"● {bad}", "critical")] if critical else [more]
    if not found:
        yield [Span("✓ ", "ok"), tongue.gettext("Nothing is wrong that needs you.")]


def _told(store: Store, now: Session, sentences: Sentences, now_us: int) -> Iterator[Line]:
    """Say what keeps people from being told: what waits, the channels that fail and what they said, or that there is none."""
    tongue = now.tongue
    counts = store.outbox_counts(now_us)  # else it still waits for what belongs to it
    if counts.waiting and counts.oldest_us:
        said = tongue.count(
            "{number} notice waits to be delivered since {since}:  mailwarden doctor",
            "{number} notices wait to be delivered since {since}:  mailwarden doctor",
            counts.waiting,
            {"since": sentences.time(counts.oldest_us, now_us)},
        )
        yield [Span(f"▲ {said}", "watch")]
        for name, one in failing_channels(Reader(store)).items():
            yield ["  ", printable(tongue.say(N_("{name}: {says}"), {"name": name, "says": tongue.told(one.said)}))]
    if silent := nobody_told(now):
        yield [Span(f"▲ {silent}", "watch")]
