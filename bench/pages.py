"""Measure the page over a large store: each view, over loopback, as a browser asks for it, and how soon one can be used.

    python -m bench.pages [--events 10000000] [--incidents 10000] [--keep DIRECTORY] [--write]

The store is generated: 30 days of counts of a server with 3,000 accounts under steady attack, incidents of every state, and
an archive of deliveries and logins. `--keep` leaves it there and takes it up again; `--write` renews bench/PAGES.md.
"""

import argparse
import http.client
import os
import platform
import random
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import uvicorn

from bench.chromium import Seen, browse
from mailwarden.alerts.incidents.incident import Incident, incident_id
from mailwarden.alerts.terms import SEVERITIES, Evidence
from mailwarden.parsers.event import Event
from mailwarden.pipeline.archive import Archive
from mailwarden.pipeline.configuration.configuration import Configuration, SiteSetting
from mailwarden.pipeline.places import store_path
from mailwarden.pipeline.store import Commit, RollupKey, Store
from mailwarden.pipeline.web.app import make_app
from mailwarden.pipeline.web.desk import Desk
from mailwarden.pipeline.web.people import People
from mailwarden.pipeline.web.sessions import COOKIE, Links

HOUR_US = 3_600_000_000
DAYS = 30
BATCH = 50_000
ACCOUNTS = [f"person{n}@domain{n % 40}.example.org" for n in range(3000)]
ROUNDS = 7


def incidents(count: int, now_us: int) -> Iterator[Incident]:
    """Make incidents of every state, with all that they may hold."""
    chance = random.Random(7)
    for n in range(count):
        account = ACCOUNTS[n % len(ACCOUNTS)]
        is_account = n % 3 == 0
        primary = (
            ("mailwarden.account", account)
            if is_account
            else ("mailwarden.network", f"198.{18 + n // 65536}.{n % 256}.0/24")
        )
        at_us = now_us - chance.randrange(DAYS * 24) * HOUR_US
        line = f"Nov 23 00:00:{n % 60:02} mx1 postfix/smtpd[{n}]: unknown[198.18.0.7]: SASL LOGIN failed, {account}"
        yield Incident(
            id=incident_id("default", "guessing", *primary, str(n)),
            site="default",
            cause="guessing",
            primary=primary,
            category="account_takeover" if is_account else "auth_attack",
            severity=SEVERITIES[min(4, chance.randrange(20) // 4)] if n % 10 == 0 else "low",
            title="{entity} guesses passwords",
            why="{count} tries from a network that nobody here uses (fires at {threshold} within {span})",
            values={"entity": primary[1], "count": n, "measure": 10, "span_s": 600, "threshold": 10},
            rules=["fast_guessing", "slow_guessing"],
            status=("open", "quiet", "closed")[min(2, chance.randrange(8))],
            entities={"source.ip": [f"198.18.{k}.{n % 256}" for k in range(50)], "user.name": ACCOUNTS[:50]},
            evidence=[Evidence("/var/log/mail.log", n * 100 + k, line) for k in range(10)],
            evidence_count=200,
            timeline=[(at_us + k, "fast_guessing") for k in range(20)],
            opened_us=at_us,
            first_seen_us=at_us,
            last_seen_us=at_us + HOUR_US,
            event_count=n,
            modules=["postfix"],
            hosts=["mx1"],
        )


def counts(now_us: int) -> dict[RollupKey, int]:
    """Make thirty-five days of counts, so that there is a usual."""
    chance = random.Random(7)
    made: dict[RollupKey, int] = {}
    start = now_us - now_us % (24 * HOUR_US) - (DAYS + 5) * 24 * HOUR_US
    for hour_us in range(start, now_us, HOUR_US):
        _count_hour(made, hour_us, chance)
        if (hour_us - start) % (24 * HOUR_US) == 0:
            _count_day(made, hour_us, chance)
    return made


def _count_hour(made: dict[RollupKey, int], hour_us: int, chance: random.Random) -> None:
    """Add what is counted by the hour."""
    for module in ("postfix", "dovecot"):
        for program in ("smtpd", "qmgr", "cleanup", "smtp", "lmtp", "imap-login"):
            made[hour_us, "lines", "event", module, program] = chance.randrange(500, 3000)
    made[hour_us, "lines", "pipeline_error", "postfix", "smtpd"] = chance.randrange(3)
    for n in range(300):
        made[hour_us, "auth_network", f"198.18.{n % 256}.0/24#{n // 256}", "stranger", ""] = chance.randrange(1, 9)
    for reason in ("bad_password", "unknown_user"):
        for protocol in ("imap", "smtp", "pop3"):
            made[hour_us, "auth_failure", "dovecot", reason, protocol] = chance.randrange(40)
    for protocol in ("imap", "pop3", "smtp"):
        for tls in ("1.2", "1.3", "no"):
            made[hour_us, "login", protocol, tls, ""] = chance.randrange(200)
    for n in range(40):
        for status, klass in (("sent", ""), ("deferred", "rate_limit"), ("bounced", "unknown_user")):
            made[hour_us, "delivery", f"provider{n}.example", status, klass] = chance.randrange(1, 50)


def _count_day(made: dict[RollupKey, int], day_us: int, chance: random.Random) -> None:
    """Add what is counted by the day."""
    for account in ACCOUNTS:
        made[day_us, "login_account", account, "imap", "1.3"] = chance.randrange(1, 40)
        for net in ("192.0.2.0/24", "198.51.100.0/24"):
            made[day_us, "login_network", account, "imap", net] = chance.randrange(1, 20)
        for trait, most in (("hours", 12), ("sessions", 40), ("bytes", 50_000_000)):
            made[day_us, "read_trait", account, "imap", trait] = chance.randrange(1, most)
        made[day_us, "sent", account, "account", ""] = chance.randrange(1, 20)
        made[day_us, "sent_recipients", account, "account", ""] = chance.randrange(20, 60)
        for trait in ("days", "hours", "single", "tried", "strange"):
            made[day_us, "sent_trait", account, "account", trait] = chance.randrange(1, 20)
    for n in range(2000):
        made[day_us, "auth_account", f"guess{n}@example.org", "unknown", ""] = 1


def events(count: int, now_us: int) -> Iterator[list[Event]]:
    """Make events: three of four of a message, the fourth a login."""
    start = now_us - DAYS * 24 * HOUR_US
    step = DAYS * 24 * HOUR_US // count
    for batch in range(0, count, BATCH):
        made = []
        for n in range(batch, min(batch + BATCH, count)):
            one = Event()
            one.timestamp_us = one.stream_us = start + n * step
            one.event_kind, one.event_module, one.host_hostname = "event", "postfix", "mx1"
            account = ACCOUNTS[n * 7919 % len(ACCOUNTS)]
            one.event_original = f"Nov 23 00:00:00 mx1 postfix/smtp[{n}]: {n // 3:010X}: to=<{account}>, status=sent"
            if n % 4 == 3:
                one.event_action, one.user_name, one.source_ip = "auth-success", account, f"100.64.{n % 250}.7"
            else:
                one.event_action, one.mail_queue_id = "delivery", f"{n // 4:010X}"
                one.email_from_address, one.email_to_address = [account], [f"friend{n % 90_000}@example.net"]
                one.mail_delivery_status, one.smtp_reply_text = "sent", "250 2.0.0 Ok: queued"
                one.mailwarden_account = account
            made.append(one)
        yield made


def generate(directory: Path, event_count: int, incident_count: int, now_us: int) -> None:
    """Write the store and the archive."""
    archive = Archive.open(directory / "archive", 0)
    for batch, made in enumerate(events(event_count, now_us), 1):
        archive.write(batch, made)
    with Store.open(store_path(directory)) as store:
        store.commit(
            Commit(
                event_count // BATCH + 2,
                incidents=list(incidents(incident_count, now_us)),
                rollups=counts(now_us),
                meta={"stream_us": str(now_us)},
            )
        )


def serve(directory: Path, now_us: int) -> tuple[Desk, int]:
    """Serve the page on a free port."""
    configuration = Configuration(language="en", state=directory, site=SiteSetting(name="mx1"))
    links = Links(directory, lambda: now_us / 1_000_000)
    clock = time.monotonic()
    desk = Desk(configuration, UTC, People([], []), links, lambda: now_us + int((time.monotonic() - clock) * 1_000_000))
    config = uvicorn.Config(
        make_app(desk),
        host="127.0.0.1",
        port=0,
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
    )
    config.load()
    listener = config.bind_socket()
    server = uvicorn.Server(config)
    threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True).start()
    while not server.started:
        time.sleep(0.01)
    return desk, int(listener.getsockname()[1])


def ask(port: int, path: str, cookie: str) -> tuple[float, bytes, str]:
    """Ask once; give seconds, the body, and the cookie that was set."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    began = time.perf_counter()
    connection.request("GET", path, headers={"Cookie": cookie})
    response = connection.getresponse()
    body = response.read()
    took = time.perf_counter() - began
    assert response.status in (200, 303), (path, response.status, body[:500])
    return took, body, (response.headers["Set-Cookie"] or "").partition(";")[0]


def first_page_bytes(port: int, cookie: str) -> int:
    """Sum up the first page and all that it loads."""
    _, body, _ = ask(port, "/", cookie)
    files = re.findall(r'(?:href|src)="(/static/[^"]+)"', body.decode())
    return len(body) + sum(len(ask(port, path, cookie)[1]) for path in files)


Row = tuple[str, float, float, float, int]


def measure(directory: Path, now_us: int) -> tuple[list[Row], int, float, list[Seen]]:
    """Ask for each view.

    Returns:
        (path, cpu, median, worst, bytes) of each, the first page's bytes, the seconds of indexing, and what a browser saw.
    """
    desk, port = serve(directory, now_us)
    began = time.perf_counter()
    while desk.index.build(20):
        pass
    indexing = time.perf_counter() - began
    assert desk.links is not None
    cookie = ask(port, f"/sign-in?token={desk.links.make()}", "")[2]
    with desk.reader() as reader:
        worst = reader.store.ask("SELECT id FROM incidents WHERE severity = 'critical' LIMIT 1")[0][0]
    queue = f"{12_345:010X}"
    paths = [
        "/", "/incidents", "/incidents?state=all&page=150", "/incidents?state=all&q=person7", f"/i/{worst}",
        f"/messages?what={queue}", "/messages?what=friend77@example.net", f"/messages?what={ACCOUNTS[7]}",
        "/messages?what=100.64.7.7", "/messages?what=nobody@example.com", "/people", "/people?days=30",
        "/people?protocol=pop3&kind=clear", "/senders", "/senders?days=30", "/delivery",
        "/delivery?days=30", "/reputation", "/reports", "/health", "/metrics", "/api/v1/incidents", "/api/v1/status",
    ]  # fmt: skip
    customer = f"{COOKIE}={desk.sessions.begin('customer', 'viewer', ('domain7.example.org',))}"
    asked = [(path, path, cookie) for path in paths] + [("/ of a customer", "/", customer)]
    rows = []
    for called, path, who in asked:
        times, used = [], []
        for _ in range(ROUNDS):
            before = time.process_time()
            times.append(ask(port, path, who))
            used.append(time.process_time() - before)
        seconds = [took for took, _, _ in times]
        rows.append((called, statistics.median(used), statistics.median(seconds), max(seconds), len(times[-1][1])))
    secret = desk.sessions.begin("operator", "operator", None)
    return (
        rows,
        first_page_bytes(port, cookie),
        indexing,
        browse(port, secret, ROUNDS, ["/", "/incidents", f"/i/{worst}"]),
    )


def report(directory: Path, now_us: int, words: tuple[str, ...]) -> tuple[str, float, float, int, int]:
    """Write a report in a process of its own; give (words, cpu and wall seconds, MiB at most, bytes of the mail)."""
    day = f"{datetime.fromtimestamp(now_us / 1_000_000 - 24 * 3600, UTC):%Y-%m-%d}"
    program = (  # the kernel counts what the parent had for the child's ru_maxrss; VmHWM is its own
        "import os, sys; from mailwarden.__main__ import main\n"
        "try: main()\n"
        "finally: print(os.times(), open('/proc/self/status').read(), file=sys.stderr)"
    )
    target = directory / "report.eml"
    command = [*words, *(() if "week" in words else (day,)), "--format", "mail", "--output", str(target)]
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", program, "report", *command, "--state", str(directory)],
        capture_output=True,
        text=True,
        check=True,
    )
    took = time.perf_counter() - began
    used = sum(float(value) for value in re.findall(r"\b(?:user|system)=([\d.]+)", done.stderr))
    peak = re.search(r"VmHWM:\s+(\d+) kB", done.stderr)
    assert peak is not None
    return " ".join(("report", *words)), used, took, int(peak[1]) // 1024, target.stat().st_size


def main() -> None:
    """Generate, measure, tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--incidents", type=int, default=10_000)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        directory = asked.keep or Path(temporary)
        stamp = directory / "now"
        now_us = int(stamp.read_text()) if stamp.exists() else time.time_ns() // 1000
        if not stamp.exists():
            directory.mkdir(parents=True, exist_ok=True)
            generate(directory, asked.events, asked.incidents, now_us)
            stamp.write_text(str(now_us))
        rows, size, indexing, seen = measure(directory, now_us)
        reports = [report(directory, now_us, words) for words in ((), ("week",), ("--domain", "domain7.example.org"))]
    once = f"Indexing the archive once: {indexing:.0f} s." if indexing > 1 else "The archive was indexed before."
    lines = [
        "# The page over a large store",
        "",
        f"`python -m bench.pages --events {asked.events} --incidents {asked.incidents}`, {datetime.now(UTC):%Y-%m-%d}, Python",
        f"{platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} meanwhile. {ROUNDS} requests each",
        "over loopback, client and server in one process; `cpu` is what both together used of one core.",
        f"First page with all that it loads: {size / 1000:.0f} kB. {once}",
        "",
        "| view | cpu ms | median ms | worst ms | kB |",
        "|---|---|---|---|---|",
        *(
            f"| `{path}` | {cpu * 1000:.0f} | {middle * 1000:.0f} | {worst * 1000:.0f} | {size_ / 1000:.0f} |"
            for path, cpu, middle, worst, size_ in rows
        ),
        "",
        "In Chromium, milliseconds from asking for a view, median and worst: its last byte, when it can be used",
        "(domInteractive), when all that it loads is there, when the first live event has come. `again`: with what the",
        "browser kept of an earlier visit.",
        "",
        "| view | | answered | interactive | loaded | live |",
        "|---|---|---|---|---|---|",
        *(
            f"| `{one.path}` | {'again' if one.cached else 'first'} |"
            + "|".join(f" {middle:.0f}, {worst:.0f} " for middle, worst in one[2:])
            + "|"
            for one in seen
        ),
        "",
        "Reports from the same store, each by `mailwarden report` in a process of its own, as the service writes them:",
        "",
        "| report | cpu s | wall s | MiB at most | kB of mail |",
        "|---|---|---|---|---|",
        *(
            f"| `{words}` | {cpu:.1f} | {wall:.1f} | {peak} | {size_ / 1000:.0f} |"
            for words, cpu, wall, peak, size_ in reports
        ),
    ]
    print("\n".join(lines))
    if asked.write:
        Path(__file__).with_name("PAGES.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
