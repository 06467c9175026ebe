"""A real name server on loopback: unbound, with what a test says that the world holds."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

PROGRAM = shutil.which("unbound") or "/usr/sbin/unbound"
_PATIENCE_S = 20


def free_port() -> int:
    """Give a port that is free for UDP and TCP."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            udp.bind(("127.0.0.1", 0))
            port: int = udp.getsockname()[1]
            try:
                tcp.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def zone(name: str, kind: str, records: Sequence[str] = ()) -> str:
    """Write a local zone: `static`, `redirect`, `deny`, `refuse`, `always_nodata`, with its records."""
    lines = [f'local-zone: "{name.rstrip(".")}." {kind}']
    lines += [f"local-data: '{record}'" for record in records]
    return "\n".join(lines)


@contextmanager
def unbound(directory: Path, zones: Sequence[str], more: str = "") -> Iterator[int]:
    """Run it while the block lasts; give its port."""
    port = free_port()
    settings = f"""server:
  interface: 127.0.0.1
  port: {port}
  do-ip6: no
  do-daemonize: no
  username: ""
  chroot: ""
  directory: "{directory}"
  pidfile: "{directory}/unbound.pid"
  use-syslog: no
  verbosity: 0
  module-config: "iterator"
  num-threads: 1
  unblock-lan-zones: yes
""" + "\n".join([*zones, more])
    path = directory / "unbound.conf"
    path.write_text(settings, "utf-8")
    with (directory / "unbound.log").open("wb") as log:
        process = subprocess.Popen([PROGRAM, "-d", "-c", str(path)], stdout=log, stderr=log)
    try:
        _wait_for(port, process, directory)
        yield port
    finally:
        process.terminate()
        process.wait(_PATIENCE_S)


def _wait_for(port: int, process: "subprocess.Popen[bytes]", directory: Path) -> None:
    until_s = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until_s:
        if process.poll() is not None:
            raise AssertionError((directory / "unbound.log").read_text())
        with socket.socket() as tcp:
            if tcp.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError("unbound does not begin")
