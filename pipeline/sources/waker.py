"""Sleep until a directory changes: by inotify where it works, by looking often where it does not, and slowly always."""

import contextlib
import logging
import os
import select
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from watchdog.observers.api import BaseObserver

__all__ = ["Waker", "sees"]

_LOG = logging.getLogger(__name__)
_SEEN_POLL_S = 2.0  # what no watch reported is found this late
_BLIND_POLL_S = 0.1  # a look costs some microseconds a file
_BURST_S = 0.01  # writers come in bursts: one look for all of them
# File systems whose changes are made elsewhere, so that inotify here does not hear of them (inotify(7), "Limitations").
_REMOTE = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "virtiofs", "vboxsf", "afs", "ceph", "glusterfs"})


def sees(directory: Path, mounts: str) -> bool:
    """Ask whether inotify hears of every change in a directory; `mounts` is the text of /proc/self/mountinfo."""
    best, kind = "", ""
    place = str(directory)
    for line in mounts.splitlines():
        fields, _, rest = line.partition(" - ")
        point = fields.split(" ")[4].encode().decode("unicode_escape") if fields.count(" ") >= 4 else ""
        if point and len(point) >= len(best) and (place + "/").startswith(point.rstrip("/") + "/"):
            best, kind = point, rest.partition(" ")[0]
    return kind not in _REMOTE and not kind.startswith("fuse")


class Waker:
    """An event that is set when something may be there to read."""

    def __init__(self) -> None:
        # A pipe rather than an Event, whose lock a signal handler that calls `wake` could find held by its own thread.
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._reading, False)
        os.set_blocking(self._writing, False)
        self._observer: BaseObserver | None = None
        self._watched: set[str] = set()
        self.poll_s = _SEEN_POLL_S

    def watch(self, directories: Iterable[str]) -> None:
        """Wake when a file in one of these directories is written, made, moved or removed; none: look often."""
        places = set(directories)
        if not places:  # a pipe, or a directory that is not there yet
            self.poll_s = _BLIND_POLL_S
        for directory in sorted(places - self._watched):
            self._watched.add(directory)
            try:
                mounts = Path("/proc/self/mountinfo").read_text(errors="replace")
            except OSError:
                mounts = ""  # not Linux: watchdog has other means there
            if not (sees(Path(directory).resolve(), mounts) and self._schedule(directory)):
                self.poll_s = _BLIND_POLL_S

    def _schedule(self, directory: str) -> bool:
        from watchdog.events import (  # 0.03 s that a scan need not pay
            FileCreatedEvent,
            FileDeletedEvent,
            FileModifiedEvent,
            FileMovedEvent,
            FileSystemEvent,
            FileSystemEventHandler,
        )
        from watchdog.observers import Observer

        wake = self.wake

        class Handler(FileSystemEventHandler):
            def on_any_event(self, event: FileSystemEvent) -> None:  # noqa: ARG002
                wake()

        try:
            if self._observer is None:
                observer = Observer()
                observer.daemon = True
                observer.start()
                self._observer = observer
            self._observer.schedule(
                Handler(),
                directory,
                event_filter=[FileModifiedEvent, FileCreatedEvent, FileMovedEvent, FileDeletedEvent],
            )
        except OSError as error:  # fs.inotify.max_user_watches is reached, or the directory is gone
            _LOG.info("%s: no watch (%s), looked at every %s s instead", directory, error, _BLIND_POLL_S)
            return False
        return True

    def wake(self) -> None:
        """Wake who waits; may be called from any thread and from a signal handler."""
        if self._writing >= 0:
            with contextlib.suppress(BlockingIOError):  # it is full of wakes that nobody has looked at yet
                os.write(self._writing, b"\0")

    def clear(self) -> None:
        """Forget what happened so far; to be called before looking, so that nothing after it is missed."""
        with contextlib.suppress(BlockingIOError):
            while len(os.read(self._reading, 4096)) == 4096:
                pass

    def wait(self, timeout_s: float) -> None:
        """Sleep until something happens, at most this long."""
        if select.select([self._reading], [], [], min(timeout_s, self.poll_s))[0]:
            time.sleep(_BURST_S)

    def close(self) -> None:
        """End the watches."""
        if self._observer is not None:
            self._observer.stop()
            self._observer.join()
            self._observer = None
        if self._writing >= 0:
            reading, writing, self._reading, self._writing = self._reading, self._writing, -1, -1
            os.close(writing)
            os.close(reading)
