"""How long it takes from a written line to the outbox, at a steady pace, and what an idle service costs.

    python -m bench.latency [--rate 1000] [--seconds 20] [--idle 20]

Writes a log at so many lines a second, takeovers among everyday logins, and follows it with a real service. The time of a
notice is when its row can be read in the outbox by another process, less when its line was written.
"""

import argparse
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "alerts"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "promises"))

from pager import paging
from watcher import Watcher, until

_SLICE_S = 0.01
_EACH = 200  # lines between two takeovers


def line(program: str, text: str) -> bytes:
    return f"{datetime.now(UTC).isoformat(timespec='microseconds')} mx1 {program}: {text}\n".encode()


def everyday(number: int) -> bytes:
    user = f"person{number % 500}@example.org"
    return line(
        "dovecot",
        f"imap-login: Login: user=<{user}>, method=PLAIN, rip=192.0.2.{number % 200}, lip=198.51.100.1, mpid=7, TLS, "
        f"session=<{number}>",
    )


def takeover(number: int) -> list[bytes]:
    """Give an account's mail from home, then in bulk from elsewhere: the last line makes a critical notice."""
    user, made = f"victim{number}@example.org", []
    for place, (address, recipients) in enumerate([("192.0.2.250", 1), (f"198.18.{number % 250}.7", 30)]):
        queue_id = f"{number:05X}{place:05X}"
        made.append(
            line("postfix/smtpd[7]", f"{queue_id}: client=a[{address}], sasl_method=PLAIN, sasl_username={user}")
        )
        made.append(line("postfix/qmgr[7]", f"{queue_id}: from=<{user}>, size=9, nrcpt={recipients} (queue active)"))
    return made


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(rate: int, seconds: int, idle: int) -> None:
    with tempfile.TemporaryDirectory() as directory, paging() as pager:
        log = Path(directory) / "mail.log"
        log.touch()
        route = {"at_least": "medium", "group_wait": "0s"}
        settings = {
            "sources": [str(log)],
            "alerts": {"channels": {"pager": pager.url}, "routes": [route]},
        }
        watcher = Watcher(Path(directory), settings, clock="wall")
        watcher.start()
        until(watcher.is_ready, "the service to begin")
        assert watcher.process is not None
        pid = watcher.process.pid
        written: dict[str, float] = {}
        seen: dict[str, float] = {}
        began, done, number = time.monotonic(), 0, 0
        cpu = cpu_s(pid)
        with log.open("ab", buffering=0) as file, closing(sqlite3.connect(watcher.database, timeout=30)) as store:

            def look() -> None:
                now = time.monotonic()
                for (account,) in store.execute(
                    "SELECT primary_value FROM incidents WHERE cause = 'takeover' AND (SELECT COUNT(*) FROM outbox) > 0"
                ):
                    seen.setdefault(account, now)

            while (now := time.monotonic()) < began + seconds:
                due = int((now - began) * rate)
                while done < due:
                    if done % _EACH == 0:
                        file.write(b"".join(takeover(number)))
                        written[f"victim{number}@example.org"] = time.monotonic()
                        number += 1
                        done += 4
                    file.write(everyday(done))
                    done += 1
                look()
                time.sleep(_SLICE_S / 2)
            busy = (cpu_s(pid) - cpu) / seconds

            def is_seen() -> bool:
                look()
                return len(seen) == len(written)

            until(is_seen, f"{len(written)} incidents")
        took = sorted(seen[account] - written[account] for account in written)
        print(
            f"{done / seconds:,.0f} lines/s for {seconds} s, {len(took)} notices: "
            f"half within {took[len(took) // 2] * 1000:.0f} ms, 99 of 100 within "
            f"{took[min(len(took) - 1, len(took) * 99 // 100)] * 1000:.0f} ms, all within {took[-1] * 1000:.0f} ms; "
            f"CPU {busy:.1%} of a core"
        )
        until(lambda: watcher.lines() >= done, "all lines to be read")
        cpu, began = cpu_s(pid), time.monotonic()
        time.sleep(idle)
        print(f"idle: {(cpu_s(pid) - cpu) / (time.monotonic() - began):.2%} of a core over {idle} s")
        print(subprocess.run(["grep", "VmHWM", f"/proc/{pid}/status"], capture_output=True, text=True).stdout.strip())
        watcher.stop()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--idle", type=int, default=20)
    asked = parser.parse_args()
    measure(asked.rate, asked.seconds, asked.idle)


if __name__ == "__main__":
    main()
