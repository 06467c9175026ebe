"""Sleeping ends when something is written."""

import threading
from pathlib import Path

from mailwarden.pipeline.sources.waker import Waker, sees

MOUNTS = """22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:50 / /var/log rw shared:2 - nfs4 server:/log rw
31 22 0:51 / /mnt/a\\040b rw - fuse.sshfs x rw
"""


def test_a_written_file_wakes_and_time_does_too(tmp_path: Path) -> None:
    """A look that finds nothing must not be the reason why a line waits."""
    waker = Waker()
    waker.watch({str(tmp_path)})
    woken = threading.Event()

    def sleep() -> None:
        waker.wait(20)
        woken.set()

    thread = threading.Thread(target=sleep)
    thread.start()
    (tmp_path / "mail.log").write_text("x\n")

    assert woken.wait(timeout=20)
    thread.join()
    waker.wait(0.001)
    waker.close()


def test_where_inotify_cannot_see_it_is_looked_at_often(tmp_path: Path) -> None:
    """Changes on NFS are made elsewhere; a pipe has no directory."""
    assert sees(Path("/home/x"), MOUNTS)
    assert not sees(Path("/var/log/mail"), MOUNTS)
    assert not sees(Path("/mnt/a b/c"), MOUNTS)
    waker = Waker()
    slow = waker.poll_s
    waker.watch(set())

    assert waker.poll_s < slow
    waker.close()


def test_a_directory_that_cannot_be_watched_is_looked_at_often(tmp_path: Path) -> None:
    """The kernel allows only so many watches; a directory may be gone."""
    waker = Waker()
    slow = waker.poll_s
    waker.watch({str(tmp_path / "gone")})

    assert waker.poll_s < slow
    waker.close()
