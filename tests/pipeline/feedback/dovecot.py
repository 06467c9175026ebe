"""A real Dovecot on loopback, for one user, with a certificate of a test authority."""

import grp
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from certificates import Authority
from unbound import free_port

__all__ = ["PASSWORD", "USER", "Dovecot", "running"]

USER, PASSWORD = "reports@example.org", "s3cret-pässword"


@dataclass(frozen=True)
class Dovecot:
    """Where it listens, and where its mail is."""

    tls_port: int
    plain_port: int
    maildir: Path
    authorities: Path

    def deliver(self, data: bytes, name: str) -> None:
        """Put a message into the inbox, as a delivery agent would."""
        written = self.maildir / "tmp" / name
        written.write_bytes(data)
        written.rename(self.maildir / "new" / name)

    def flags(self) -> list[str]:
        """Give the flags of every message, as the names of its files tell them."""
        return sorted(
            file.name.partition(":2,")[2] for part in ("new", "cur") for file in (self.maildir / part).iterdir()
        )


PROGRAM = shutil.which("dovecot") or "/usr/sbin/dovecot"
_PATIENCE_S = 20


@contextmanager
def running(authority: Authority, *names: str, more: str = "") -> Iterator[Dovecot]:
    """Run it while the block lasts; `names`: those that its certificate bears."""
    directory = Path(tempfile.mkdtemp(prefix="dovecot-"))  # below no folder that only its maker may enter
    directory.chmod(0o755)
    maildir = directory / "Maildir"
    for part in ("tmp", "new", "cur"):
        (maildir / part).mkdir(parents=True)
    me = pwd.getpwuid(os.geteuid())
    reader = pwd.getpwnam("nobody") if me.pw_uid == 0 else me  # Dovecot gives no mail to root
    for folder in (maildir, *maildir.iterdir()):
        folder.chmod(0o777)
    owners = "" if me.pw_uid == 0 else _owners(me)
    tls_port, plain_port = free_port(), free_port()
    certificate = authority.certificate(*names)
    settings = directory / "dovecot.conf"
    settings.write_text(
        f"""
base_dir = {directory}/run
state_dir = {directory}/state
log_path = {directory}/dovecot.log
protocols = imap
listen = 127.0.0.1
{owners}
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{certificate}
disable_plaintext_auth = no
auth_mechanisms = plain login
mail_location = maildir:{maildir}
first_valid_uid = 1
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {directory}/users
}}
userdb {{
  driver = static
  args = uid={reader.pw_uid} gid={reader.pw_gid} home={directory}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {plain_port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
service anvil {{
  chroot =
}}
{more}
""",
        "utf-8",
    )
    (directory / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n", "utf-8")
    process = subprocess.Popen([PROGRAM, "-F", "-c", str(settings)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        _wait_for(tls_port, process, directory)
        yield Dovecot(tls_port, plain_port, maildir, authority.path)
    finally:
        process.terminate()
        process.wait(_PATIENCE_S)
        assert process.stderr is not None
        process.stderr.close()
        shutil.rmtree(directory, ignore_errors=True)


def _owners(me: pwd.struct_passwd) -> str:
    """Let one user be everybody; as root, Dovecot's own users are."""
    group = grp.getgrgid(me.pw_gid).gr_name
    return f"default_internal_user = {me.pw_name}\ndefault_internal_group = {group}\ndefault_login_user = {me.pw_name}"


def _wait_for(port: int, process: subprocess.Popen[bytes], directory: Path) -> None:
    ends = time.monotonic() + _PATIENCE_S
    while time.monotonic() < ends:
        if process.poll() is not None:
            assert process.stderr is not None
            raise AssertionError(process.stderr.read().decode())
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError((directory / "dovecot.log").read_text())
