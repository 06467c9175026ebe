"""The thread that has reports of others read every so often, by a process of its own, and wakes the service for them."""

import subprocess
import sys
import threading
from collections.abc import Callable, Collection
from pathlib import Path

import msgspec

from mailwarden.alerts.facts.ours import KIND, learned
from mailwarden.parsers.errors import MailwardenError, below, code_of, coded, packed, said_of, unpacked, worded
from mailwarden.pipeline.feedback.job import Job
from mailwarden.pipeline.feedback.settings import FeedbackSetting
from mailwarden.pipeline.store import Store

__all__ = ["Collector"]

_FIRST_S = 20.0  # the service has other things to do when it begins
_MOST_SAID = 20  # lines a round
_PATIENCE_S = 900.0  # a round that takes longer is given up; the next one goes on where it was


class Collector:
    """Reads on and on, until it is stopped.

    Args:
        setting: Which places, how often.
        domains: Those that are stated to be ours.
        path: The database.
        nudge: Called when something may wait in the inbox.
        say: Told what the operator must know.
        first_s: How long the first round waits.
    """

    def __init__(
        self,
        setting: FeedbackSetting,
        domains: Collection[str],
        path: Path,
        nudge: Callable[[], None],
        say: Callable[[str], None],
        first_s: float = _FIRST_S,
    ) -> None:
        self._setting, self._domains, self._path = setting, domains, path
        self._nudge, self._say = nudge, say
        self._first_s = first_s
        self._process: subprocess.Popen[bytes] | None = None
        self._guard = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="feedback", daemon=True)

    def start(self) -> None:
        """Begin.

        Raises:
            ConfigurationError: A password is not there.
        """
        Job.of(self._setting, ())
        self._thread.start()

    def stop(self) -> None:
        """End; what is under way is given up, and read again."""
        with self._guard:
            self._stopped.set()
            if self._process is not None:
                self._process.kill()
        self._thread.join()

    def _work(self) -> None:
        wait_s = self._first_s
        while not self._stopped.wait(wait_s):
            wait_s = self._setting.every.total_seconds()
            try:
                self._round()
            except (MailwardenError, OSError) as error:
                again = worded("It is tried again in {minutes} min.", minutes=f"{wait_s / 60:g}")
                said = said_of(error)
                self._say(below([coded(code_of(said) or "MW9002", "feedback: {error}", error=said)], again))

    def _round(self) -> None:
        with Store.open(self._path, read_only=True) as store:
            ours = {*self._domains, *learned(store.states(KIND)).domains}
        job = msgspec.json.encode(Job.of(self._setting, ours))
        command = [sys.executable, "-m", "mailwarden.pipeline.feedback", str(self._path)]
        with self._guard:
            if self._stopped.is_set():
                return
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
        try:
            said, _ = self._process.communicate(job, _PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            said, _ = self._process.communicate()
            late = coded(
                "MW6207",
                "feedback: a round took more than {minutes} min and was given up.",
                minutes=f"{_PATIENCE_S / 60:g}",
            )
            said += b"\n" + msgspec.json.encode(packed(late))
        finally:
            with self._guard:
                self._process = None
        if self._stopped.is_set():
            return
        for line in said.decode("utf-8", "replace").splitlines()[-_MOST_SAID:]:
            if line.strip():
                self._say(_heard(line))
        self._nudge()


def _heard(line: str) -> str:
    """Give what the process said: packed, or, where it broke, in Python's words."""
    try:
        return unpacked(msgspec.json.decode(line))
    except msgspec.DecodeError:
        return line
