"""`mailwarden` alone: is all well? Or, where nothing is watched yet, what there is to watch."""

import os
import time
from pathlib import Path

import click

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.telling.render import severity_shape, severity_word
from mailwarden.alerts.terms import severity_rank
from mailwarden.alerts.words.escape import printable
from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.parsers.errors import UsageError, worded
from mailwarden.parsers.system_errors import reason
from mailwarden.pipeline.cli.incident_view import style_of, top_level
from mailwarden.pipeline.cli.root import Face
from mailwarden.pipeline.cli.scan_view import SERVERS
from mailwarden.pipeline.cli.session import Session, nobody_told, session
from mailwarden.pipeline.cli.silence import silenced
from mailwarden.pipeline.cli.terminal import Line, Span, page_width, write
from mailwarden.pipeline.configuration.configuration import SourceSetting
from mailwarden.pipeline.places import UNIT_PATH, ensure_readable, is_directory, last_alive_s, store_path
from mailwarden.pipeline.showing.columns import columns, shorten
from mailwarden.pipeline.showing.sentences import Sentences

__all__ = ["show_state"]

_SHOWN = 5
_BEHIND_US = 120_000_000  # a quiet server ticks each minute


def show_state(_face: Face) -> None:
    """Show how things are."""
    now = session(click.get_current_context())
    path = store_path(now.configuration.state_directory)
    try:
        there = path.exists()
    except OSError as error:
        raise UsageError(
            worded(
                "{path}: not readable ({reason}): it cannot be said whether all is well. Say the same with sudo.",
                path=path.parent,
                reason=reason(error),
            )
        ) from None
    write(_watching(now, path) if there else _fresh(now))


def _watching(now: Session, path: Path) -> list[Line]:
    from mailwarden.pipeline.store import Store

    tongue = now.tongue
    with Store.open(path, read_only=True) as store:
        incidents = _open([*store.incidents(status="open"), *store.incidents(status="quiet")])
        ids = store.found.ids()
        stream_us = int(store.meta("stream_us") or 0)
        counts = store.outbox_counts()
        quiet = silenced(store.silences(), incidents, time.time_ns() // 1000)
    sentences = Sentences(incidents, tongue, now.zone, ids=ids)
    behind_us = time.time_ns() // 1000 - max(stream_us, int(last_alive_s(path) * 1_000_000))
    values: dict[str, object] = {"site": now.configuration.site.name, "lag": tongue.duration(behind_us / 1_000_000)}
    lines: list[Line] = []
    if behind_us <= _BEHIND_US:
        lines.append([Span("✓ ", "ok"), printable(tongue.say(N_("Watching {site}, newest line {lag} ago."), values))])
    else:
        said = tongue.say(N_("Nothing has been read for {lag}. Why:  mailwarden doctor"), values)
        lines.append([Span(f"▲ {said}", "watch")])
    found = sorted(top_level(incidents), key=lambda one: one.id in quiet)  # what is told comes first
    for incident in found[:_SHOWN]:
        mark = f"{severity_shape(incident.severity)} {severity_word(incident.severity, tongue)}"
        said = " · " + tongue.gettext("silenced") if incident.id in quiet else ""
        title = shorten(
            sentences.title(incident),
            page_width() - columns(mark) - 4 - len(sentences.short(incident.id)) - columns(said),
        )
        lines.append(
            [Span(mark, style_of(incident.severity)), f"  {sentences.short(incident.id)}  {title}", Span(said, "faint")]
        )
    if len(found) > _SHOWN:
        more = tongue.count("and {number} more open", "and {number} more open", len(found) - _SHOWN)
        critical = sum(1 for one in found[_SHOWN:] if one.severity == "critical")
        bad = tongue.count("{number} of them critical", "{number} of them critical", critical)
        lines.append([more, tongue.gettext(", "), Span(f"● {bad}", "critical")] if critical else [more])
    if not found:
        lines.append([Span("✓ ", "ok"), tongue.gettext("Nothing is wrong that needs you.")])
    now_us = time.time_ns() // 1000
    if counts.waiting and counts.oldest_us and counts.oldest_us < now_us:  # else it still waits for what belongs to it
        waiting = {"since": sentences.time(counts.oldest_us, now_us)}
        said = tongue.count(
            "{number} notice waits to be delivered since {since}:  mailwarden doctor",
            "{number} notices wait to be delivered since {since}:  mailwarden doctor",
            counts.waiting,
            waiting,
        )
        lines.append([Span(f"▲ {said}", "watch")])
    silent = nobody_told(now)
    if silent:
        lines.append([Span(f"▲ {silent}", "watch")])
    if found and severity_rank(found[0].severity) > 0 and found[0].id not in quiet:
        command = f"mailwarden show {sentences.short(found[0].id)}"
        lines.append([tongue.say(N_("Next: {text}"), {"text": command})])
    return lines


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


def _fresh(now: Session) -> list[Line]:
    tongue = now.tongue
    lines: list[Line] = [[Span(tongue.gettext("mailwarden is not watching yet."), "strong")]]
    if now.configuration.sources:
        lines += [[tongue.say(N_("To be read, as {path} says:"), {"path": str(now.configuration.path)})]]
        lines += [_source(source, tongue) for source in now.configuration.sources]
    else:
        lines += _found_here(now)
    look_back = "sudo mailwarden scan" if os.geteuid() else "mailwarden scan"
    lines.append([tongue.say(N_("Look back: {command}"), {"command": look_back})])
    lines.append([tongue.say(N_("Watch: {command}"), {"command": _start(now)})])
    return lines


def _start(now: Session) -> str:
    """Give what makes it watch: what `setup` wrote is only to be started."""
    if now.configuration.path is None:
        return "sudo mailwarden setup" if os.geteuid() else "mailwarden setup"
    if UNIT_PATH.exists():
        return "sudo systemctl enable --now mailwarden" if os.geteuid() else "systemctl enable --now mailwarden"
    return "mailwarden run"


def _source(source: SourceSetting, tongue: Translator) -> Line:
    """Show a source of the configuration, and why it cannot be read where it cannot."""
    if source.kind != "files":
        return [Span("  ✓ ", "ok"), printable("  ".join([source.kind, *source.names]))]
    if any(sign in source.path for sign in "*?[") or is_directory(Path(source.path)):
        return [Span("  ✓ ", "ok"), printable(source.path)]
    try:
        ensure_readable(Path(source.path))
    except OSError as error:
        return [Span("  ✗ ", "watch"), printable(f"{source.path}: {tongue.worded(reason(error))}")]
    return [Span("  ✓ ", "ok"), printable(source.path)]


def _found_here(now: Session) -> list[Line]:
    tongue, discovery = now.tongue, now.discovery
    found: list[Line] = []
    for one in discovery.found:
        servers = tongue.gettext(", ").join(SERVERS.get(name, name) for name in one.programs)
        size = _size(one.size_bytes) if one.size_bytes else ""
        parts = [part for part in (one.path or tongue.gettext("the journal of systemd"), servers, size) if part]
        found.append([Span("  ✓ ", "ok"), printable("  ".join(parts))])
    found += [[Span("  ✗ ", "watch"), printable(problem)] for problem in discovery.unreadable]
    if found:
        return [[tongue.gettext("Found here:")], *found]
    return [[tongue.gettext("No mail log was found in the usual places. Name one:  mailwarden scan FILE")]]


def _size(size_bytes: float) -> str:
    for unit in ("B", "kB", "MB"):
        if size_bytes < 1000:
            return f"{size_bytes:.0f} {unit}"
        size_bytes /= 1000
    return f"{size_bytes:.1f} GB"
