"""What `doctor` looks at. Each check says how it stands, what that means, and how to mend it; none raises."""

import glob
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from mailwarden.parsers.envelope import Reader
from mailwarden.parsers.errors import MailwardenError
from mailwarden.pipeline.cli.session import Session
from mailwarden.pipeline.configuration import store_path
from mailwarden.pipeline.sources.discovery import discover

__all__ = ["Check", "all_checks"]

State = Literal["ok", "warning", "error", "not checked"]

_MATCHES = 20  # files of a pattern that are looked at
_TAIL_BYTES = 64 * 1024
_SKEW_S = 120  # a quiet server's newest line may be old; its newest line cannot be newer than its file
_ZONE_STEP_S = 1800  # zones differ by whole half hours (a few by 45 min)
_ZONE_SLACK_S = 90
_LEAST_FREE = 500 * 1024 * 1024
_LEAST_FREE_SHARE = 0.03
_UNPARSED_SHARE = 0.005  # INF-06
_ALIVE_S = 300
_TIMEOUT_S = 10


@dataclass(frozen=True)
class Check:
    """How one thing stands."""

    name: str
    state: State
    says: str
    mend: str = ""

    def as_data(self) -> dict[str, str]:
        """Give it for JSON."""
        return asdict(self)


def all_checks(session: Session, *, send: bool = False) -> Iterator[Check]:
    """Look at everything, one check after the other."""
    path = session.configuration.path
    yield Check("configuration", "ok", str(path) if path else "none; the defaults hold")
    yield from _logs(session)
    yield _auth_verbose()
    yield _clock()
    yield from _service(session)
    yield from _channels(session, send)
    yield from _disk(session)


# ---------------------------------------------------------------------- the logs


def _logs(session: Session) -> Iterator[Check]:
    configured = session.configuration.sources
    if not configured:
        yield from _discovered(session)
        return
    for source in configured:
        if source.kind == "journal":
            yield _journal()
        elif source.kind == "docker":
            yield Check("docker", "not checked", "its containers are read as they come")
        elif any(sign in source.path for sign in "*?["):
            matches = sorted(glob.glob(source.path, recursive=True))[:_MATCHES]  # noqa: PTH207 (an absolute pattern)
            if not matches:
                yield Check(f"log {source.path}", "warning", "nothing fits this pattern yet", "Check the pattern.")
            yield from (_log(Path(match), session) for match in matches)
        else:
            yield _log(Path(source.path), session)


def _discovered(session: Session) -> Iterator[Check]:
    discovery = discover()
    for one in discovery.found:
        if one.kind == "files":
            yield _log(Path(one.path), session)
        elif one.kind == "journal":
            yield _journal()
        else:
            yield Check(f"docker {one.path}", "ok", "readable")
    for problem in discovery.unreadable:
        yield Check("log", "error", problem)
    if not discovery.found and not discovery.unreadable:
        yield Check(
            "logs",
            "error",
            "no mail log was found: nothing can be seen",
            "Name them under sources: in mailwarden.yml. Postfix writes to syslog (install rsyslog) or to maillog_file.",
        )


def _log(path: Path, session: Session) -> Check:
    name = f"log {path}"
    try:
        if path.is_dir():
            return Check(name, "ok", "a directory")
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL_BYTES))
            tail = file.read()
            written_s = os.fstat(file.fileno()).st_mtime
    except FileNotFoundError:
        return Check(name, "error", "is not there; nothing is read from it", "Check sources: in the configuration.")
    except PermissionError:
        return Check(
            name,
            "error",
            f"not readable by user {os.geteuid()}: nothing is read from it",
            "Run as root, or:  usermod -aG adm USER",
        )
    except OSError as error:
        return Check(name, "error", f"cannot be read: {error.strerror}")
    zone = session.zone
    reader = Reader(zone=zone, hint_year_us=int(written_s * 1_000_000))
    lines = tail.split(b"\n")[1 if size > _TAIL_BYTES else 0 :]
    events = reader.read_lines([line.decode("utf-8", "surrogateescape") for line in lines if line])
    ours = [event for event in events if event.event_kind != "ignored"]
    if not ours:
        return Check(name, "warning", "holds no line of a mail server at its end", "Is it the right file?")
    missed = sum(event.event_kind == "pipeline_error" for event in ours)
    if missed > max(2, len(ours) * _UNPARSED_SHARE * 10):
        return Check(
            name, "warning", f"{missed} of its last {len(ours)} lines are not understood", "mailwarden unparsed"
        )
    ahead_s = max(event.timestamp_us for event in ours) / 1_000_000 - written_s
    if ahead_s > _SKEW_S or (ahead_s < -_SKEW_S and _whole_zone(ahead_s)):
        steps = round(ahead_s / 3600, 1)
        return Check(
            name,
            "warning",
            f"its newest line is stamped {steps:+} h from when it was written: clock or time zone is wrong",
            "Set timezone: for this source.",
        )
    age = session.tongue.duration(max(0.0, time.time() - written_s))
    return Check(name, "ok", f"readable, newest line {age} old")


def _whole_zone(skew_s: float) -> bool:
    """Say whether a skew looks like a zone: a whole number of half hours, up to fourteen hours."""
    off_s = abs(skew_s) % _ZONE_STEP_S
    return (
        abs(skew_s) <= 14 * 3600
        and min(off_s, _ZONE_STEP_S - off_s) <= 2
        and abs(skew_s) > _ZONE_STEP_S - _ZONE_SLACK_S
    )


def _journal() -> Check:
    if shutil.which("journalctl") is None:
        return Check("journal", "not checked", "journalctl is not installed")
    said = _output("journalctl", "-q", "-n", "1", "-o", "cat", "--facility=mail")
    if said is None:
        return Check("journal", "error", "cannot be read", "Run as root, or:  usermod -aG systemd-journal USER")
    if not said.strip():
        return Check("journal", "warning", "holds no line of a mail server (or none that this user may read)")
    return Check("journal", "ok", "readable")


def _auth_verbose() -> Check:
    name = "dovecot auth_verbose"
    if shutil.which("doveconf") is None:
        return Check(name, "not checked", "doveconf is not installed here")
    said = _output("doveconf", "-h", "auth_verbose")
    if said is None:
        return Check(name, "not checked", "doveconf gave no answer")
    if said.strip() == "yes":
        return Check(name, "ok", "on: failed logins carry their reason")
    return Check(
        name,
        "warning",
        "off: it is not seen whether a guessed account exists or a password was wrong",
        "Set auth_verbose = yes in /etc/dovecot/conf.d/10-logging.conf and reload Dovecot.",
    )


def _clock() -> Check:
    if Path("/run/systemd/timesync/synchronized").exists():
        return Check("clock", "ok", "set by the network")
    if shutil.which("timedatectl") is None:
        return Check("clock", "not checked", "timedatectl is not installed")
    said = _output("timedatectl", "show", "-p", "NTPSynchronized", "--value")
    if said is None:
        return Check("clock", "not checked", "timedatectl gave no answer")
    if said.strip() == "yes":
        return Check("clock", "ok", "set by the network")
    return Check("clock", "warning", "not set by the network: times may be wrong", "timedatectl set-ntp true")


# ---------------------------------------------------------------------- mailwarden itself


def _service(session: Session) -> Iterator[Check]:
    from mailwarden.pipeline.store import Store

    path = store_path(session.configuration.state_directory)
    try:
        if not path.exists():
            yield Check("service", "warning", "has never run here: nothing is watched", "mailwarden setup")
            return
        with Store.open(path, read_only=True) as store:
            counts = store.outbox_counts()
            unparsed = store.unparsed()
            stream_us = int(store.meta("stream_us") or 0)
        written_s = max(one.stat().st_mtime for one in path.parent.glob(f"{path.name}*"))
    except (MailwardenError, OSError) as error:
        yield Check("state", "error", str(error))
        return
    lag_s = time.time() - max(written_s, stream_us / 1_000_000)
    if lag_s > _ALIVE_S:
        age = session.tongue.duration(lag_s)
        yield Check("service", "error", f"nothing was read for {age}", "systemctl status mailwarden")
    else:
        yield Check("service", "ok", "reads as lines come")
    if counts.waiting and counts.oldest_us and time.time() - counts.oldest_us / 1_000_000 > _ALIVE_S:
        since = session.tongue.time(counts.oldest_us, zone=session.zone, near_us=time.time_ns() // 1000)
        yield Check("alerts", "error", f"{counts.waiting} wait since {since}", "mailwarden doctor --send")
    missed = sum(shape.lines for shape in unparsed)
    if missed:
        yield Check(
            "unparsed", "warning", f"{missed:,} lines of mail programs were not understood", "mailwarden unparsed"
        )


def _channels(session: Session, send: bool) -> Iterator[Check]:
    from mailwarden.alerts.channels import Channels, Message

    settings = session.configuration.channels
    if not settings:
        yield Check("channels", "warning", "none is set: nobody is told of anything", "mailwarden setup")
    for setting in settings:
        name = f"channel {setting.name}"
        mend = "Mend alerts.channels in the configuration, then  mailwarden doctor --send"
        try:
            channels = Channels([setting.resolve(session.tongue.language)])
            channels.check()
            if not send:
                yield Check(name, "ok", "its address is well-formed; try it with --send")
                continue
            text = "This is a test. You will be told here when something goes wrong with your mail."
            channels.send(setting.name, Message(id="test", title="mailwarden: test", body=text, tone="info"))
            yield Check(name, "ok", "took the test message")
        except MailwardenError as error:
            yield Check(name, "error", str(error), mend)


def _disk(session: Session) -> Iterator[Check]:
    directory = session.configuration.state_directory
    while not directory.exists() and directory != directory.parent:
        directory = directory.parent
    try:
        usage = shutil.disk_usage(directory)
    except OSError as error:
        yield Check("disk", "not checked", f"{directory}: {error.strerror}")
        return
    free = f"{usage.free / 1e9:.1f} GB free on the disk of {directory}"
    if usage.free < min(_LEAST_FREE, usage.total * _LEAST_FREE_SHARE):
        yield Check("disk", "error", free, "Free some: when it is full, nothing can be remembered.")
    else:
        yield Check("disk", "ok", free)


def _output(*words: str) -> str | None:
    """Run a program of the system; give what it says, None where it fails or hangs."""
    try:
        done = subprocess.run(words, capture_output=True, timeout=_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None
