"""The systemd journal, as journalctl gives it."""

import contextlib
import re
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mailwarden.parsers.errors import Coded, coded, placed
from mailwarden.parsers.system_errors import reason
from mailwarden.pipeline.admission.batch import Chunk
from mailwarden.pipeline.places import ensure_readable
from mailwarden.pipeline.sources.pipes import Pipe
from mailwarden.pipeline.sources.source import BLOCK_BYTES, Hint, Source
from mailwarden.pipeline.sources.wording import unreadable

__all__ = ["JOURNALS", "JournalSource", "journal_barred"]

JOURNALS = ("var/log/journal", "run/log/journal")
"""Where journald keeps what it has, below the root: for good, and until the next boot (systemd-journald(8))."""

_CURSOR = re.compile(rb'"__CURSOR"\s*:\s*"([^"\\]{1,512})"')
_AGAIN_S = 5.0  # journald itself may be restarting
_MACHINE = Path("/etc/machine-id")
_HARMLESS = ("-- No entries --", "-- Logs begin", "-- Journal begins")


def journal_barred(root: Path = Path("/")) -> OSError | None:
    """Say why the journal of the system cannot be read; None where it can, or has nothing yet.

    journalctl does not fail then: it shows whoever asks what he wrote himself, which says nothing of the mail server.
    """
    barred: OSError | None = None
    for directory in (root / place for place in JOURNALS):
        try:
            machines = sorted(directory.iterdir()) if directory.is_dir() else []
        except OSError as error:
            barred, machines = error, []
        for machine in machines:
            try:
                ensure_readable(machine / "system.journal")
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as error:
                barred = error
            else:
                return None
    return barred


class JournalSource:
    """Entries of the journal, one JSON object a line (systemd, journalctl(1), `-o json`).

    Args:
        identifiers: Only what these programs wrote (SYSLOG_IDENTIFIER); none: everything.
        rank: Its place in the configured order.
        follow: Go on when everything was read; else end there.
        since: Where a first reading begins, as journalctl's `--since` takes it.
    """

    def __init__(
        self, identifiers: Sequence[str] = (), rank: int = 0, *, follow: bool = False, since: str | None = None
    ) -> None:
        self.name = "journal:" + ",".join(identifiers)
        self.rank = rank
        self.exhausted = False
        self.problems: list[Coded] = []
        self.hint = Hint()
        self._identifiers = tuple(identifiers)
        self._follow = follow
        self._since = since
        self._cursor = ""
        self._offset = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._lines: Pipe | None = None
        self._words: Pipe | None = None
        self._not_before_s = 0.0
        self._merges, self._refused = True, False

    def read(self, limit_bytes: int = BLOCK_BYTES) -> Chunk | None:
        """Give whole entries that are there now, or None."""
        if self.exhausted or (self._process is None and not self._begin()):
            return None
        assert self._lines is not None and self._words is not None
        self._listen(self._words.read(BLOCK_BYTES))
        data = self._lines.read(limit_bytes)
        if self._lines.ended and not data.endswith(b"\n"):
            data = data[: data.rfind(b"\n") + 1]  # cut off when journalctl was ended: it comes again behind the cursor
        if data:
            start, self._offset = self._offset, self._offset + len(data)
            last = data.rfind(b"\n", 0, -1) + 1
            found = _CURSOR.search(data, last)
            if found is not None:
                self._cursor = found[1].decode()
            return Chunk(self.name.removesuffix(":"), "journal", start, data)
        if self._lines.ended:
            self._end()
        return None

    def _begin(self) -> bool:
        if time.monotonic() < self._not_before_s:
            return False
        program = shutil.which("journalctl")
        if program is None:
            self._tell(
                coded(
                    "MW1301",
                    "there is no journalctl here. Nothing was read. Name the log file at which your server writes.",
                )
            )
            self._rest()
            return False
        barred = journal_barred()
        if barred is not None:
            self._tell(unreadable(barred))
        arguments = [program, "--output=json", "--no-pager", "--quiet", "--all"]
        arguments += [f"--identifier={name}" for name in self._identifiers]
        if self._follow:
            arguments += ["--follow", "--lines=all", *self._every_boot()]
        if self._cursor:
            arguments.append(f"--after-cursor={self._cursor}")
        elif self._since is not None:
            arguments.append(f"--since={self._since}")
        try:
            process = subprocess.Popen(
                arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
            )
        except OSError as error:
            self._tell(
                coded(
                    "MW1301",
                    'journalctl cannot be started: "{reason}". Nothing was read. Run  journalctl -n1  to see why.',
                    reason=reason(error),
                )
            )
            self._rest()
            return False
        assert process.stdout is not None and process.stderr is not None
        self._process = process
        self._lines, self._words = Pipe(process.stdout.fileno()), Pipe(process.stderr.fileno())
        return True

    def _every_boot(self) -> list[str]:
        """Say that lines before the last boot are wanted too: `--follow` alone leaves them out since systemd 251.

        Nor does it know this boot where a unit of a container may not see its id (LXC, nspawn, ProtectKernelTunables=).
        `--merge` leaves no boot out, and other machines' entries are left out by their id; some releases refuse it
        together with `--follow` (systemd#24565) and take `--boot=all`, which those that do not refuse it disregard.
        """
        if not self._merges:
            return ["--boot=all"]
        machine = ""
        with contextlib.suppress(OSError):
            machine = _MACHINE.read_text("ascii").strip()
        return ["--merge", f"_MACHINE_ID={machine}"] if machine else ["--merge"]

    def _rest(self) -> None:
        self._not_before_s = time.monotonic() + _AGAIN_S
        self.exhausted = not self._follow

    def _end(self) -> None:
        """Ask what journalctl ended with; start it again behind the last entry when following."""
        process = self._process
        assert process is not None and self._words is not None
        code = process.wait()
        while not self._words.ended:
            self._listen(self._words.read(BLOCK_BYTES))
        self.close()
        if self._refused:
            self._refused = False
            return
        if code != 0:
            self._tell(
                coded(
                    "MW1301",
                    "journalctl ended with code {code}. What it had given was read. Run  journalctl -n1  to see why.",
                    code=code,
                )
            )
        self._rest()

    def _listen(self, words: bytes) -> None:
        for line in words.decode("utf-8", "replace").splitlines():
            word = line.strip()
            if self._merges and "--merge" in word:
                self._merges, self._refused = False, True
            elif word and not word.startswith(_HARMLESS):
                self._tell(
                    coded(
                        "MW1301",
                        'journalctl says "{said}". Entries may be missing. '
                        "Run as root, or as a member of the group systemd-journal.",
                        said=word[:200],
                    )
                )

    def _tell(self, what: Coded) -> None:
        problem = placed(self.name, what)
        if problem not in self.problems and len(self.problems) < 20:
            self.problems.append(problem)

    def ends(self) -> None:
        """Know nothing: every entry bears its whole date."""

    def progress(self) -> tuple[int, int]:
        """Give the bytes read; how many there are nobody knows."""
        return self._offset, 0

    def position(self) -> dict[str, Any]:
        """Give the cursor of the last entry read."""
        return {"cursor": self._cursor, "offset": self._offset}

    def restore(self, position: dict[str, Any]) -> None:
        """Go on behind the entry of the cursor."""
        self._cursor, self._offset = position["cursor"], position["offset"]

    def found(self) -> list[Source]:
        """Give nothing."""
        return []

    def watched(self) -> set[str]:
        """Name nothing: it is a pipe."""
        return set()

    def close(self) -> None:
        """End journalctl."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()
