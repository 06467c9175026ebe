"""Is the service alive, and how far behind is it: the one line that stands on every page and goes on living there."""

from pathlib import Path
from typing import Literal

import msgspec

from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.pipeline.showing.liveness import read_liveness
from mailwarden.pipeline.store import Reader

__all__ = ["Pulse", "Source", "pulse_text", "read_pulse", "read_sources"]

Tone = Literal["ok", "watch", "critical"]

_AMBER_S = 65.0  # 60, and what the tick of a quiet server may be late
_RED_S = 300.0  # as `doctor` has it
_FILE = "/"


class Source(msgspec.Struct, frozen=True):
    """Where lines come from. `there` None: it cannot be seen from here; `written_us` 0: not known."""

    name: str
    there: bool | None
    written_us: int


class Pulse(msgspec.Struct, frozen=True):
    """How the service is.

    Args:
        tone: ok; watch from a minute behind; critical from five, when the service has ended, and when a source is lost.
        lag_s: Seconds since it last wrote or read; None where it has never run.
        lost: Sources that are gone.
        mark: Changes with what is open.
        ended: No service lives; False also where that cannot be seen.
        ahead_s: Seconds that the newest line is dated ahead of this machine's clock; 0 where they agree.
    """

    tone: Tone
    lag_s: float | None
    lost: tuple[str, ...] = ()
    mark: str = ""
    ended: bool = False
    ahead_s: float = 0.0


def read_sources(reader: Reader) -> list[Source]:
    """List the sources that the service reads now, as they stand on the disk."""
    positions = reader.store.positions()
    newest = max((one.get("merged_us", 0) for one in positions.values()), default=0)
    names = [name for name, one in positions.items() if one.get("merged_us", 0) == newest]  # others are no longer read
    return [_source(name) for name in sorted(names)]


def _source(name: str) -> Source:
    if not name.startswith(_FILE):
        return Source(name, None, 0)
    try:
        return Source(name, True, int(Path(name).stat().st_mtime * 1_000_000))
    except FileNotFoundError:
        return Source(name, False, 0)
    except OSError:
        return Source(name, None, 0)


def read_pulse(reader: Reader, now_us: int, domains: tuple[str, ...] | None = None) -> Pulse:
    """Look how the service is; its mark tells of incidents about some domains, or of all."""
    lag_s, ended, ahead_s = read_liveness(reader.store, now_us)
    has_read = int(reader.store.meta("stream_us") or 0) or reader.store.positions()
    if not has_read:  # a store that somebody made, and nobody reads into
        return Pulse("watch", None, (), reader.fingerprint(domains), ended)
    lost = tuple(one.name for one in read_sources(reader) if one.there is False)
    tone: Tone = "critical" if lost or ended or lag_s >= _RED_S else "watch" if lag_s >= _AMBER_S else "ok"
    return Pulse(tone, lag_s, lost, reader.fingerprint(domains), ended, ahead_s)


def pulse_text(pulse: Pulse, tongue: Translator) -> str:
    """Say it in a few words."""
    if pulse.lag_s is None:
        return tongue.gettext("not watching yet")
    values = {"lag": tongue.duration(round(pulse.lag_s)), "source": pulse.lost[0] if pulse.lost else ""}
    if pulse.lost:
        return tongue.say(N_("lost: {source}"), values)
    if pulse.ended:
        return tongue.say(N_("not running, last sign {lag} ago"), values)
    if pulse.tone == "critical":
        return tongue.say(N_("nothing read for {lag}"), values)
    return tongue.say(N_("reading, {lag} behind"), values)
