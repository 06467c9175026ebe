"""Health: is mailwarden itself well? Sources, lag, what was not understood, channels, disk, versions."""

import json
import platform
import shutil
import sqlite3
from pathlib import Path

import msgspec

from mailwarden import __version__
from mailwarden.alerts.words.translate import Translator, with_code
from mailwarden.pipeline.answers.failing import failing_channels
from mailwarden.pipeline.store import OutboxCounts, Reader
from mailwarden.pipeline.web.jobs import Jobs
from mailwarden.pipeline.web.pulse import Pulse, Source, read_sources
from mailwarden.pipeline.web.views.measures import lines_of_day

__all__ = ["HealthView", "health_view"]

_SHAPES = 15
_SOURCES = 8
_CHECKS = 12
_CHECKS_S = 300.0
_FAULT = 300  # characters of what a failed `doctor` said
_ORDER = ("critical", "watch", "minor", "ok")
_TONES = {"ok": "ok", "warning": "watch", "error": "critical"}


class Shape(msgspec.Struct, frozen=True):
    """Lines of one kind that nobody understands."""

    program: str
    lines: int
    sample: str


class Channel(msgspec.Struct, frozen=True):
    """A channel that fails: what it said, and how many notices wait for it."""

    name: str
    said: str
    waiting: int


class Checked(msgspec.Struct, frozen=True):
    """One check of `doctor`."""

    name: str
    tone: str
    word: str
    says: str
    mend: str


class HealthView(msgspec.Struct, frozen=True):
    """How mailwarden is. `checks` None: they are being made; `checks_fault`: why there are none."""

    pulse: Pulse
    sources: list[Source]  # those that are lost, then those that were written last
    more_sources: list[Source]
    lines: int
    understood: int
    of_mail: int
    shapes: list[Shape]
    more_shapes: int
    counts: OutboxCounts
    channels: list[Channel]
    free: str
    store: str
    directory: str
    checks: list[Checked] | None  # the worst first
    checks_fault: str
    checks_shown: int
    faults: int  # of the checks, and channels that fail
    tone: str
    versions: list[tuple[str, str]]


def health_view(
    reader: Reader, jobs: Jobs, pulse: Pulse, configuration: str | None, tongue: Translator, now_us: int
) -> HealthView:
    """Look at everything that is about mailwarden itself."""
    kinds = lines_of_day(reader, now_us)
    shapes = reader.store.unparsed()
    sources = sorted(read_sources(reader), key=lambda one: (one.there is not False, -one.written_us, one.name))
    path = reader.store.path
    channels = _channels(reader, tongue)
    checks, fault = _checks(jobs, configuration, str(path.parent), tongue)
    tones = [
        pulse.tone,
        *(one.tone for one in checks or ()),
        *("critical" for _ in channels),
        *(["watch"] if fault else []),
    ]
    return HealthView(
        pulse=pulse,
        sources=sources[:_SOURCES],
        more_sources=sources[_SOURCES:],
        lines=sum(kinds.values()),
        understood=kinds["event"],
        of_mail=kinds["event"] + kinds["pipeline_error"],
        shapes=[Shape(f"{one.module} {one.program}".strip(), one.lines, one.sample) for one in shapes[:_SHAPES]],
        more_shapes=max(0, len(shapes) - _SHAPES),
        counts=reader.store.outbox_counts(now_us),
        channels=channels,
        free=f"{shutil.disk_usage(path.parent).free / 1e9:.1f} GB",
        store=f"{_size(path) / 1e6:.1f} MB",
        directory=str(path.parent),
        checks=checks,
        checks_fault=fault,
        checks_shown=max(_CHECKS, sum(one.tone != "ok" for one in checks or ())),
        faults=sum(tone in ("critical", "watch") for tone in tones[1:]),
        tone=min((tone for tone in tones if tone != "minor"), key=_ORDER.index),
        versions=[
            ("mailwarden", __version__),
            ("Python", platform.python_version()),
            ("SQLite", sqlite3.sqlite_version),
        ],
    )


def _channels(reader: Reader, tongue: Translator) -> list[Channel]:
    return [Channel(name, tongue.told(one.said), one.waiting) for name, one in failing_channels(reader).items()]


def _checks(
    jobs: Jobs, configuration: str | None, directory: str, tongue: Translator
) -> tuple[list[Checked] | None, str]:
    """Give what `doctor` found, and why it found nothing; None while it looks."""
    words = [
        "mailwarden",
        "doctor",
        "--json",
        "--words",
        tongue.language,
        *(["--config", configuration] if configuration else []),
    ]
    # The state is that of the page, where the configuration names none.
    made = jobs.get(words, _CHECKS_S, {"STATE_DIRECTORY": directory})
    if made is None:
        return None, ""
    found = []
    for line in made.out.splitlines():
        try:
            one = json.loads(line)
            state = str(one["state"])
            word = {
                "ok": tongue.gettext("ok"),
                "warning": tongue.gettext("to mend"),
                "error": tongue.gettext("broken"),
            }.get(state, tongue.gettext("not checked"))
            says = with_code(one["says"], one.get("error.code", ""))
            found.append(Checked(one["name"], _TONES.get(state, "minor"), word, says, one.get("mend", "")))
        except (ValueError, KeyError, TypeError):
            continue
    fault = "" if found else tongue.told(made.fault).strip().partition("\n")[0][:_FAULT]
    return sorted(found, key=lambda one: _ORDER.index(one.tone)), fault


def _size(path: Path) -> int:
    return sum(one.stat().st_size for one in path.parent.glob(f"{path.name}*") if one.is_file())
