"""Is a service there: what `mailwarden`, `doctor` and a second service ask."""

import subprocess
import sys
import threading
from pathlib import Path

from mailwarden.pipeline.service.lock import Lock, is_held, lock_path

_HOLDER = """
import sys
from pathlib import Path
from mailwarden.pipeline.service.lock import Lock
with Lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_lock_is_held_as_long_as_its_process_lives(tmp_path: Path) -> None:
    """A service that is killed is known to be gone at once, however lately it wrote."""
    lock = lock_path(tmp_path)
    assert is_held(lock) is False
    words = [sys.executable, "-c", _HOLDER, str(lock)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert is_held(lock) is True

        holder.kill()
        holder.wait()

    assert lock.exists()
    assert is_held(lock) is False


def test_who_asks_keeps_no_service_from_starting(tmp_path: Path) -> None:
    """Asking takes the lock for a moment, which a service that starts just then waits for."""
    lock, done = lock_path(tmp_path), threading.Event()
    lock.touch()

    def ask() -> None:
        while not done.is_set():
            is_held(lock)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        for _ in range(50):
            with Lock(lock):
                pass
    finally:
        done.set()
        asking.join()


def test_two_who_ask_do_not_take_each_other_for_a_service(tmp_path: Path) -> None:
    """Any number of people may look at once; none of them is the service."""
    lock = lock_path(tmp_path)
    lock.touch()
    found: set[bool | None] = set()

    def ask() -> None:
        found.update(is_held(lock) for _ in range(500))

    asking = [threading.Thread(target=ask) for _ in range(4)]
    for one in asking:
        one.start()
    for one in asking:
        one.join()

    assert found == {False}
