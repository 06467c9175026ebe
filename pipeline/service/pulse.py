"""Keep the service going while no line comes: wake it for what is due, and tell systemd and whoever looks that it is alive.

systemd is told over the socket that it names (sd_notify(3)): ready, alive, ending. It restarts a service of which it
heard nothing for `WatchdogSec`; what it hears is that the main loop turns, not merely that the process exists. The page and
`doctor` see the same by the time of the database's file: over a log without a new line nothing is written into it.
"""

import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

__all__ = ["Pulse", "notify"]

_LOOK_S = 5.0


def notify(state: str) -> None:
    """Tell systemd a state such as `READY=1`; nothing where it did not start us."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):  # Linux's abstract sockets
        address = "\0" + address[1:]
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as end:
        end.connect(address)
        end.sendall(state.encode())


class Pulse:
    """The thread that looks every few seconds.

    Args:
        turns: Counts the turns of the main loop.
        is_due: Says whether something waits to be taken up, though no line comes.
        nudge: Wakes the main loop.
        store: The database.
    """

    def __init__(
        self, turns: Callable[[], int], is_due: Callable[[], bool], nudge: Callable[[], None], store: Path
    ) -> None:
        self._store = store
        self._turns = turns
        self._is_due = is_due
        self._nudge = nudge
        self._seen = -1
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="pulse", daemon=True)

    def start(self) -> None:
        """Begin, and tell systemd that the service is ready."""
        notify("READY=1")
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stopped.set()
        self._thread.join()

    def beat(self) -> None:
        """Look once."""
        if self._is_due():
            self._nudge()
        turns = self._turns()
        if turns != self._seen:
            self._seen = turns
            notify("WATCHDOG=1")
            with suppress(OSError):  # a disk that went away is told where it is written to
                os.utime(self._store)

    def _work(self) -> None:
        while not self._stopped.wait(_LOOK_S):
            self.beat()
