"""Find what a server writes about mail, without being told where."""

import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from mailwarden.parsers.errors import Coded, placed, worded
from mailwarden.pipeline.places import ensure_readable, is_directory, is_file, is_there
from mailwarden.pipeline.sources.docker import containers
from mailwarden.pipeline.sources.family import Member, members, stem
from mailwarden.pipeline.sources.journal import JOURNALS, journal_barred
from mailwarden.pipeline.sources.sample import programs_of
from mailwarden.pipeline.sources.wording import unreadable

__all__ = ["Discovery", "Found", "discover"]

# In this order: what is for mail alone comes first, so that the rest is left out where it holds the same.
# Each line stands in one of these only: Dovecot's own files by level, iRedMail's by service.
_PARTS = (
    "var/log/dovecot.log",
    "var/log/dovecot-info.log",
    "var/log/dovecot/dovecot.log",
    "var/log/dovecot/imap.log",
    "var/log/dovecot/pop3.log",
    "var/log/dovecot/lmtp.log",
    "var/log/dovecot/lda.log",
    "var/log/dovecot/sieve.log",
)
_USUAL = (
    "var/log/mail.log",  # Debian, Ubuntu
    "var/log/maillog",  # Red Hat, cPanel, DirectAdmin, FreeBSD, OpenBSD
    "var/log/mail",  # SUSE: a file, or a directory
    "var/log/mail/mail.log",
    "var/log/postfix.log",
    "usr/local/psa/var/log/maillog",  # Plesk
    "var/log/zimbra.log",
    "opt/zimbra/log/audit.log",  # its logins
    "opt/zimbra/log/nginx.log",
    "var/log/exim4/mainlog",  # Debian
    "var/log/exim_mainlog",  # cPanel
    "var/log/exim/mainlog",  # DirectAdmin, FreeBSD
    "var/log/exim/main.log",  # Red Hat (EPEL)
    "var/log/haraka.log",  # its file
    "var/log/haraka",  # a directory
    "opt/stalwart/logs",  # Stalwart's directory: from 0.12 on, and before
    "opt/stalwart-mail/logs",
    "var/log/kumomta",  # a directory of segments
    "var/log/qmail/send/current",  # multilog's present file
    "var/log/qmail/qmail-send/current",
    *_PARTS,
    "var/log/rspamd/rspamd.log",
    "var/log/sogo/sogo.log",
    "var/log/roundcube/userlogins.log",  # where it is switched on, all logins; else the refused ones in errors.log
    "var/log/roundcube/errors.log",  # Debian, ISPConfig, HestiaCP
    "var/log/roundcubemail/userlogins.log",
    "var/log/roundcubemail/errors.log",  # Red Hat, Mail-in-a-Box
    "var/log/mail.info",
    "var/log/mail.warn",
    "var/log/mail.err",
    "var/log/syslog",
    "var/log/messages",
    "var/log/user.log",
)
_REJECTLOGS = ("var/log/exim4/rejectlog", "var/log/exim_rejectlog", "var/log/exim/rejectlog", "var/log/exim/reject.log")
_STALE_S = 7 * 86_400  # nothing for a week while others were written: the server writes elsewhere now
_TIMEOUT_S = 3.0
_LOGS_OF_DOVECOT = ("log_path", "info_log_path", "debug_log_path")

Run = Callable[[Sequence[str]], str]


class Found(NamedTuple):
    """A place to read from."""

    kind: Literal["files", "journal", "docker"]
    path: str  # of the newest file; the container's name; empty for the journal
    programs: tuple[str, ...]  # the servers that write there: postfix, dovecot, exim …
    size_bytes: int  # with rotated files


class Discovery(NamedTuple):
    """What was found, and what was passed over: each a line that says why."""

    found: list[Found]
    left_out: list[str]
    unreadable: list[Coded]


class _Log(NamedTuple):
    path: Path
    programs: Counter[str]
    size_bytes: int
    modified: float


def _run(command: Sequence[str]) -> str:
    program = shutil.which(command[0], path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin:/sbin")
    if program is None:
        return ""
    try:
        done = subprocess.run(
            [program, *command[1:]],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
            text=True,
            errors="replace",
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout


def _stated_by_dovecot(run: Run) -> list[str]:
    """Ask Dovecot where it writes; each level into a file of its own."""
    # `doveadm log find` knows too, but finds out by writing a line of each level, "Fatal" among them, into the log.
    stated = run(("doveconf", "-h", *_LOGS_OF_DOVECOT)).splitlines()
    return [path for path in dict.fromkeys(stated) if path.startswith("/") and not path.startswith("/dev/")]


def _stated(run: Run, by_dovecot: list[str]) -> Iterator[str]:
    """Ask the servers where they write."""
    path = run(("postconf", "-h", "maillog_file")).strip()
    if path.startswith("/"):
        yield path
    yield from by_dovecot
    for entry in run(("exim", "-bP", "log_file_path")).partition("=")[2].split(":"):
        path = entry.strip().partition("\n")[0]
        if path.startswith("/"):
            # %s is main, reject or panic; %D and %M are the day and month, which the file names of a family bear.
            yield re.sub(r"[-._]?%[DM]", "", path.replace("%s", "main"))


class _Search:
    def __init__(self, root: Path, run: Run) -> None:
        self._root = root
        by_dovecot = _stated_by_dovecot(run)
        self._stated = list(_stated(run, by_dovecot))
        self._parts = {*(f"/{path}" for path in _PARTS), *by_dovecot}
        self.left_out: list[str] = []
        self.unreadable: list[Coded] = []

    def shown(self, path: Path) -> str:
        return "/" + str(path.relative_to(self._root)) if self._root != Path("/") else str(path)

    def paths(self) -> list[Path]:
        stated = [self._root / path.lstrip("/") for path in self._stated]
        paths: dict[Path, None] = {}
        for path in [*stated, *(self._root / usual for usual in _USUAL)]:
            if is_directory(path):
                try:
                    families = {stem(file) for file in path.iterdir() if is_file(file)}
                except OSError as error:
                    self.unreadable.append(placed(self.shown(path), unreadable(error)))
                    continue
                paths.update(dict.fromkeys(sorted(families, key=lambda file: (len(file.name), file.name))))
            else:
                paths[path] = None
        return list(paths)

    def logs(self) -> list[_Log]:
        logs: list[_Log] = []
        seen: set[tuple[int, int]] = set()
        for path in self.paths():
            log = self._log(path, seen)
            if log is not None:
                logs.append(log)
        return logs

    def _log(self, path: Path, seen: set[tuple[int, int]]) -> _Log | None:
        """Look at a log and, where its newest file is empty, at the ones before."""
        size, modified = 0, 0.0
        programs: Counter[str] = Counter()
        for _, file in reversed(self._files(path)):
            try:
                status = file.stat()
                ensure_readable(file)
            except FileNotFoundError:
                continue
            except OSError as error:
                self.unreadable.append(placed(self.shown(file), unreadable(error)))
                return None
            if (status.st_dev, status.st_ino) in seen and not size:
                return None
            seen.add((status.st_dev, status.st_ino))
            size += status.st_size
            modified = max(modified, status.st_mtime)
            if not programs and status.st_size:
                programs = programs_of(file)
        return _Log(path, programs, size, modified) if programs else None

    @staticmethod
    def _files(path: Path) -> list[Member]:
        return members(path) if is_directory(path.parent) else []

    def _is_part(self, path: Path) -> bool:
        """Say whether the lines of a file stand in no other, though another one has the same program."""
        return f"/{path.relative_to(self._root)}" in self._parts

    def choose(self, logs: list[_Log]) -> list[Found]:
        """Take each program from the first log that has it."""
        newest = max((log.modified for log in logs), default=0.0)
        owners: dict[str, Path] = {}
        found: list[Found] = []
        for log in logs:
            name = self.shown(log.path)
            if newest - log.modified > _STALE_S:
                said = worded(
                    "{name}: nothing was written to it for a week. Name it to read it all the same.", name=name
                )
                self.left_out.append(said)
                continue
            new = [program for program in log.programs if program not in owners]
            if not new and not self._is_part(log.path):
                others = ", ".join(sorted({self.shown(owners[program]) for program in log.programs}))
                programs = ", ".join(sorted(log.programs))
                said = worded(
                    "{name}: holds lines of {programs}, which are read from {others}.",
                    name=name,
                    programs=programs,
                    others=others,
                )
                self.left_out.append(said)
                continue
            owners.update(dict.fromkeys(new, log.path))
            found.append(Found("files", name, tuple(sorted(log.programs)), log.size_bytes))
        for usual in _REJECTLOGS:
            if "exim" in owners and is_there(self._root / usual):
                self.left_out.append(
                    worded(
                        "/{name}: the same refusals stand in {other}, which is read.",
                        name=usual,
                        other=self.shown(owners["exim"]),
                    )
                )
        return found

    def docker(self) -> list[Found]:
        place = self._root / "var/lib/docker/containers"
        try:
            there = containers(place) if place.exists() else {}
        except OSError as error:
            self.unreadable.append(placed(self.shown(place), unreadable(error)))
            return []
        found = []
        for name, log in there.items():
            programs = programs_of(log)
            if programs:
                found.append(Found("docker", name, tuple(sorted(programs)), log.stat().st_size))
        return found

    def journal(self, found: list[Found]) -> list[Found]:
        if not any(is_directory(self._root / place) for place in JOURNALS):
            return []
        files = [one.path for one in found if one.kind == "files"]
        if files:
            self.left_out.append(worded("journal: the same lines are read from {files}.", files=", ".join(files)))
            return []
        barred = journal_barred(self._root)
        if barred is not None:
            self.unreadable.append(placed("journal", unreadable(barred)))
            return []
        return [Found("journal", "", (), 0)]


def discover(root: Path = Path("/"), *, run: Run | None = None) -> Discovery:
    """Look where mail servers usually write and where these say that they do.

    Each program of a host is taken from one stream: Debian writes mail to mail.log, to syslog and to the journal.

    Args:
        root: Where the file system begins.
        run: Gives the output of a command, or nothing; None: run it, but only where `root` is the real one.
    """
    search = _Search(root, run or (_run if root == Path("/") else lambda _: ""))
    found = search.choose(search.logs())
    found += search.docker()
    found += search.journal(found)
    return Discovery(found, search.left_out, search.unreadable)
