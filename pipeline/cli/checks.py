"""What `doctor` looks at. Each check says how it stands, what that means, and how to mend it; none raises."""

import contextlib
import glob
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from mailwarden.alerts.facts.visitors import PROXIES, proxy_users
from mailwarden.alerts.rulebook.rule_files import rule_files
from mailwarden.alerts.rulebook.rulebook import Rulebook
from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.parsers.envelope import Reader
from mailwarden.parsers.errors import ConfigurationError, MailwardenError, coded
from mailwarden.parsers.system_errors import reason
from mailwarden.pipeline.cli.alert_checks import channel_checks, heartbeat_checks
from mailwarden.pipeline.cli.check_state import Check
from mailwarden.pipeline.cli.feedback_checks import feedback_checks
from mailwarden.pipeline.cli.probe_checks import probe_checks
from mailwarden.pipeline.cli.session import Session
from mailwarden.pipeline.places import is_there, store_path
from mailwarden.pipeline.showing.liveness import read_liveness
from mailwarden.pipeline.sources.journal import journal_barred

__all__ = ["Check", "all_checks"]

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
_SHOWN = 3  # broken rules
_PROPOSED = 5  # networks


def all_checks(session: Session, *, send: bool = False) -> Iterator[Check]:
    """Look at everything, one check after the other."""
    path, tongue = session.configuration.path, session.tongue
    yield Check(tongue.gettext("configuration"), "ok", str(path) if path else tongue.gettext("none; the defaults hold"))
    try:
        book = session.configuration.rulebook()
    except MailwardenError as error:
        book = Rulebook(())
        yield Check.failed(tongue.gettext("rules"), error.said, tongue)
    else:
        yield _rules(book, session)
    yield from _logs(session)
    yield _auth_verbose(tongue)
    yield _clock(tongue)
    yield _databases(book, session)
    yield from _service(session)
    yield from _proxies(session)
    yield from probe_checks(session)
    yield from feedback_checks(session)
    yield from channel_checks(session, send)
    yield from heartbeat_checks(session, send)
    yield from _disk(session)


def _rules(book: Rulebook, session: Session) -> Check:
    tongue = session.tongue
    name = tongue.gettext("rules")
    if book.faults:
        told = [tongue.worded(fault) for fault in book.faults[:_SHOWN]]
        if more := len(book.faults) - len(told):
            told.append(tongue.count("{number} more", "{number} more", more))
        return Check(name, "error", "; ".join(told), "mailwarden rules lint", book.faults[0].code)
    directory = session.configuration.rules_directory
    values = {"number": len(book.rules), "own": len(rule_files(directory)) if directory else 0}
    return Check(name, "ok", tongue.say(N_("{number} are loaded, {own} of them your own"), values))


# ---------------------------------------------------------------------- the logs


def _logs(session: Session) -> Iterator[Check]:
    configured, tongue = session.configuration.sources, session.tongue
    if not configured:
        yield from _discovered(session)
        return
    for source in configured:
        if source.kind == "journal":
            yield _journal(tongue)
        elif source.kind == "docker":
            yield Check("docker", "not checked", tongue.gettext("its containers are read as they come"), code="MW1303")
        elif any(sign in source.path for sign in "*?["):
            matches = sorted(glob.glob(source.path, recursive=True))[:_MATCHES]  # noqa: PTH207 (an absolute pattern)
            if not matches:
                yield Check(
                    tongue.say(N_("log {path}"), {"path": source.path}),
                    "warning",
                    tongue.gettext("nothing fits this pattern yet"),
                    tongue.gettext("Check the pattern."),
                    "MW1104",
                )
            yield from (_log(Path(match), session) for match in matches)
        else:
            yield _log(Path(source.path), session)


def _discovered(session: Session) -> Iterator[Check]:
    discovery, tongue = session.discovery, session.tongue
    for one in discovery.found:
        if one.kind == "files":
            yield _log(Path(one.path), session)
        elif one.kind == "journal":
            yield _journal(tongue)
        else:
            yield Check(f"docker {one.path}", "ok", tongue.gettext("readable"))
    for problem in discovery.unreadable:
        yield Check.failed(tongue.gettext("log"), problem, tongue)
    if not discovery.found and not discovery.unreadable:
        yield Check(
            tongue.gettext("logs"),
            "error",
            tongue.gettext("no mail log was found: nothing can be seen"),
            tongue.gettext(
                "Name them under sources: in mailwarden.yml. Postfix writes to syslog (install rsyslog) or to maillog_file."
            ),
            "MW1101",
        )


def _log(path: Path, session: Session) -> Check:
    tongue = session.tongue
    name = tongue.say(N_("log {path}"), {"path": str(path)})
    try:
        if path.is_dir():
            return Check(name, "ok", tongue.gettext("a directory"))
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL_BYTES))
            tail = file.read()
            written_s = os.fstat(file.fileno()).st_mtime
    except FileNotFoundError:
        says = tongue.gettext("is not there; nothing is read from it")
        return Check(name, "error", says, tongue.gettext("Check sources: in the configuration."), "MW1103")
    except PermissionError:
        return Check(
            name,
            "error",
            tongue.say(N_("not readable by user {user}: nothing is read from it"), {"user": str(os.geteuid())}),
            tongue.gettext("Run as root, or:  usermod -aG adm USER"),
            "MW1102",
        )
    except OSError as error:
        return Check.failed(name, coded("MW1109", "cannot be read: {error}", error=reason(error)), tongue)
    zone = session.zone
    reader = Reader(zone=zone, hint_year_us=int(written_s * 1_000_000))
    lines = tail.split(b"\n")[1 if size > _TAIL_BYTES else 0 :]
    events = reader.read_lines([line.decode("utf-8", "surrogateescape") for line in lines if line])
    ours = [event for event in events if event.event_kind != "ignored"]
    if not ours:
        says = tongue.gettext("holds no line of a mail server at its end")
        return Check(name, "warning", says, tongue.gettext("Is it the right file?"), "MW1110")
    missed = sum(event.event_kind == "pipeline_error" for event in ours)
    if missed > max(2, len(ours) * _UNPARSED_SHARE * 10):
        values = {"missed": missed, "lines": len(ours)}
        says = tongue.say(N_("{missed} of its last {lines} lines are not understood"), values)
        return Check(name, "warning", says, "mailwarden unparsed", "MW1111")
    ahead_s = max(event.timestamp_us for event in ours) / 1_000_000 - written_s
    if ahead_s > _SKEW_S or (ahead_s < -_SKEW_S and _whole_zone(ahead_s)):
        hours = {"hours": f"{ahead_s / 3600:+.1f}"}
        return Check(
            name,
            "warning",
            tongue.say(
                N_("its newest line is stamped {hours} h from when it was written: clock or time zone is wrong"), hours
            ),
            tongue.gettext("Set timezone: for this source."),
            "MW1204",
        )
    age = tongue.duration(max(0.0, time.time() - written_s))
    return Check(name, "ok", tongue.say(N_("readable, newest line {age} old"), {"age": age}))


def _whole_zone(skew_s: float) -> bool:
    """Say whether a skew looks like a zone: a whole number of half hours, up to fourteen hours."""
    off_s = abs(skew_s) % _ZONE_STEP_S
    return (
        abs(skew_s) <= 14 * 3600
        and min(off_s, _ZONE_STEP_S - off_s) <= 2
        and abs(skew_s) > _ZONE_STEP_S - _ZONE_SLACK_S
    )


def _journal(tongue: Translator) -> Check:
    name = tongue.gettext("journal")
    if shutil.which("journalctl") is None:
        return Check(name, "not checked", _missing("journalctl", tongue), code="MW1301")
    said = None if journal_barred() else _output("journalctl", "-q", "-n", "1", "-o", "cat", "--facility=mail")
    if said is None:
        mend = tongue.gettext("Run as root, or:  usermod -aG systemd-journal USER")
        return Check(name, "error", tongue.gettext("cannot be read"), mend, "MW1301")
    if not said.strip():
        says = tongue.gettext("holds no line of a mail server (or none that this user may read)")
        return Check(name, "warning", says, code="MW1110")
    return Check(name, "ok", tongue.gettext("readable"))


def _auth_verbose(tongue: Translator) -> Check:
    name = "dovecot auth_verbose"
    if shutil.which("doveconf") is None:
        return Check(name, "not checked", _missing("doveconf", tongue), code="MW1113")
    said = _output("doveconf", "-h", "auth_verbose")
    if said is None:
        return Check(name, "not checked", _silent("doveconf", tongue), code="MW1113")
    if said.strip() == "yes":
        return Check(name, "ok", tongue.gettext("on: failed logins carry their reason"))
    return Check(
        name,
        "warning",
        tongue.gettext("off: it is not seen whether a guessed account exists or a password was wrong"),
        tongue.gettext("Set auth_verbose = yes in /etc/dovecot/conf.d/10-logging.conf and reload Dovecot."),
        "MW1112",
    )


def _clock(tongue: Translator) -> Check:
    name = tongue.gettext("clock")
    well = Check(name, "ok", tongue.gettext("set by the network"))
    if Path("/run/systemd/timesync/synchronized").exists():
        return well
    if shutil.which("timedatectl") is None:
        return Check(name, "not checked", _missing("timedatectl", tongue), code="MW1206")
    said = _output("timedatectl", "show", "-p", "NTPSynchronized", "--value")
    if said is None:
        return Check(name, "not checked", _silent("timedatectl", tongue), code="MW1206")
    if said.strip() == "yes":
        return well
    says = tongue.gettext("not set by the network: times may be wrong")
    return Check(name, "warning", says, "timedatectl set-ntp true", "MW1205")


def _databases(book: Rulebook, session: Session) -> Check:
    """Say which rules cannot look because nobody knows where addresses are."""
    from mailwarden.alerts.facts.geography import Geography

    tongue = session.tongue
    name = tongue.gettext("databases")
    try:
        paths = session.configuration.as_site().databases
        knows = Geography(paths).knows()
    except ConfigurationError as error:
        return Check.failed(name, error.said, tongue, tongue.gettext("Check site.databases in the configuration."))
    blind = [rule.detection.name for rule in book.rules if rule.detection.needs and rule.detection.needs not in knows]
    if not blind:
        return Check(name, "ok", tongue.gettext(", ").join(paths))
    says = tongue.say(
        N_("country, place or provider of addresses is not known; these rules see nothing: {rules}"),
        {"rules": tongue.gettext(", ").join(blind)},
    )
    mend = tongue.gettext(
        "Put MMDB files (GeoLite2, DB-IP Lite, IPinfo Lite) into /var/lib/GeoIP, or name them: site.databases"
    )
    return Check(name, "not checked", says, mend, "MW6104")


def _proxies(session: Session) -> Iterator[Check]:
    """Propose labels for networks from which many accounts log in, the biggest first."""
    from mailwarden.pipeline.store import Store

    path, tongue = store_path(session.configuration.state_directory), session.tongue
    site = session.configuration.as_site()
    try:
        if not path.exists():
            return
        with Store.open(path, read_only=True) as store:
            found = {net: proxy_users(blob) for net, blob in store.states(PROXIES)}
    except (MailwardenError, OSError):  # told by the check of the service
        return
    fresh = [(users, net) for net, users in found.items() if not site.is_proxy(net.partition("/")[0], net)]
    for users, net in sorted(fresh, reverse=True)[:_PROPOSED]:
        says = tongue.say(
            N_("{users} accounts log in from it: it is taken for a proxy, an office or a webmail"), {"users": users}
        )
        mend = tongue.say(N_("If it is yours, say so:  labels: proxy: [{network}]"), {"network": net})
        yield Check(tongue.say(N_("network {network}"), {"network": net}), "ok", says, mend)


def _missing(program: str, tongue: Translator) -> str:
    return tongue.say(N_("{program} is not installed here"), {"program": program})


def _silent(program: str, tongue: Translator) -> str:
    return tongue.say(N_("{program} gave no answer"), {"program": program})


# ---------------------------------------------------------------------- mailwarden itself


def _service(session: Session) -> Iterator[Check]:
    from mailwarden.pipeline.store import Store

    path, tongue = store_path(session.configuration.state_directory), session.tongue
    name = tongue.gettext("service")
    try:
        if not path.exists():
            says = tongue.gettext("has never run here: nothing is watched")
            yield Check(name, "warning", says, "mailwarden setup", "MW5301")
            return
        with Store.open(path, read_only=True) as store:
            counts = store.outbox_counts(time.time_ns() // 1000 - _ALIVE_S * 1_000_000)
            unparsed = store.unparsed()
            lag_s, ended, _ = read_liveness(store, time.time_ns() // 1000)
            begun = {name for name, position in store.positions().items() if position["source"].get("begun", True)}
    except MailwardenError as error:
        yield Check.failed(tongue.gettext("state"), error.said, tongue)
        return
    except OSError as error:
        says = f"{path.parent}: {tongue.worded(reason(error))}"
        yield Check(tongue.gettext("state"), "error", says, "sudo mailwarden doctor", "MW5106")
        return
    if ended:
        says = tongue.say(
            N_("does not run: nothing is watched; its last sign was {age} ago"), {"age": tongue.duration(round(lag_s))}
        )
        yield Check(name, "error", says, "systemctl status mailwarden", "MW5301")
    elif lag_s > _ALIVE_S:
        says = tongue.say(N_("nothing was read for {age}"), {"age": tongue.duration(lag_s)})
        yield Check(name, "error", says, "systemctl status mailwarden", "MW5302")
    else:
        yield Check(name, "ok", tongue.gettext("reads as lines come"))
        yield from (_unread(path, tongue) for path in _followed(session) if path not in begun)
    if counts.waiting and counts.oldest_us:
        since = tongue.time(counts.oldest_us, zone=session.zone, near_us=time.time_ns() // 1000)
        says = tongue.count(
            "{number} waits since {since}", "{number} wait since {since}", counts.waiting, {"since": since}
        )
        yield Check(tongue.gettext("alerts"), "error", says, "mailwarden doctor --send", "MW4109")
    missed = sum(shape.lines for shape in unparsed)
    if missed:
        says = tongue.count(
            "{number} line of mail programs was not understood",
            "{number} lines of mail programs were not understood",
            missed,
        )
        yield Check(tongue.gettext("unparsed"), "warning", says, "mailwarden unparsed", "MW1111")


def _followed(session: Session) -> Iterator[str]:
    """Name the logs that the service is to follow and that hold something."""
    sources = session.configuration.sources
    stated = [one.path for one in sources if one.kind == "files"]
    for path in stated if sources else [one.path for one in session.discovery.found if one.kind == "files"]:
        with contextlib.suppress(OSError):
            if Path(path).is_file() and Path(path).stat().st_size:
                yield path


def _unread(path: str, tongue: Translator) -> Check:
    """What this user may read, the service's user need not be allowed to."""
    says = tongue.say(
        N_("has read nothing from {path}: it may not be allowed to, or runs with other settings"), {"path": path}
    )
    mend = "journalctl -u mailwarden; systemctl restart mailwarden"
    return Check(tongue.gettext("service"), "error", says, mend, "MW5303")


def _disk(session: Session) -> Iterator[Check]:
    directory, tongue = session.configuration.state_directory, session.tongue
    name = tongue.gettext("disk")
    while not is_there(directory) and directory != directory.parent:
        directory = directory.parent
    try:
        usage = shutil.disk_usage(directory)
    except OSError as error:
        yield Check(name, "not checked", f"{directory}: {session.tongue.worded(reason(error))}", code="MW5305")
        return
    values = {"free": f"{usage.free / 1e9:.1f}", "directory": str(directory)}
    free = tongue.say(N_("{free} GB free on the disk of {directory}"), values)
    if usage.free < min(_LEAST_FREE, usage.total * _LEAST_FREE_SHARE):
        mend = tongue.gettext("Free some: when it is full, nothing can be remembered.")
        yield Check(name, "error", free, mend, "MW5304")
    else:
        yield Check(name, "ok", free)


def _output(*words: str) -> str | None:
    """Run a program of the system; give what it says, None where it fails or hangs."""
    try:
        done = subprocess.run(words, capture_output=True, timeout=_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None
