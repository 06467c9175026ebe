"""`mailwarden` alone: is all well? Or, where nothing is watched yet, what there is to watch."""

import os
from pathlib import Path

import click

from mailwarden.alerts.words.escape import printable
from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.parsers.errors import UsageError, coded
from mailwarden.parsers.servers import SERVERS
from mailwarden.parsers.system_errors import reason
from mailwarden.pipeline.cli.root import Face
from mailwarden.pipeline.cli.session import Session, session
from mailwarden.pipeline.cli.terminal import Line, Span, write
from mailwarden.pipeline.configuration.configuration import SourceSetting
from mailwarden.pipeline.places import UNIT_PATH, ensure_readable, is_directory, store_path

__all__ = ["show_state"]


def show_state(_face: Face) -> None:
    """Show how things are."""
    now = session(click.get_current_context())
    path = store_path(now.configuration.state_directory)
    try:
        there = path.exists()
    except OSError as error:
        raise UsageError(
            coded(
                "MW5106",
                "{path}: not readable ({reason}): it cannot be said whether all is well. Say the same with sudo.",
                path=path.parent,
                reason=reason(error),
            )
        ) from None
    if not there:
        write(_fresh(now))
        return
    from mailwarden.pipeline.cli.watching import watching

    write(watching(now, path, _start(now, has_run=True)))


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


def _start(now: Session, *, has_run: bool = False) -> str:
    """Give what makes it watch: what `setup` wrote, or who runs it by hand, is only to be started."""
    sudo = "sudo " if os.geteuid() else ""
    if UNIT_PATH.exists():
        return f"{sudo}systemctl enable --now mailwarden"
    if has_run or now.configuration.path is not None:
        return "mailwarden run"
    return f"{sudo}mailwarden setup"


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
        servers = tongue.gettext(", ").join(SERVERS[name].title if name in SERVERS else name for name in one.programs)
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
