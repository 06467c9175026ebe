"""What fail2ban's and CrowdSec's own rules make of the same log.

fail2ban: the failures that its filters `postfix[mode=auth]` and `dovecot` find (`fail2ban-regex`), and the ban that its jails'
defaults come to: 5 of one address in 10 minutes, for 10 minutes. It has no replay in the log's own time, hence the
count here. CrowdSec: its replay (`-dsn file://…`) with the parsers and scenarios of its postfix and dovecot collections, a
local API on loopback, and the alerts that it stored. Both act on addresses; neither knows of accounts.
"""

import ast
import os
import shutil
import sqlite3
import subprocess
from collections import defaultdict, deque
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

__all__ = ["Ban", "crowdsec", "fail2ban"]

_FILTERS = ("postfix[mode=auth]", "dovecot")
_MAX_RETRY, _FIND_TIME_S, _BAN_TIME_S = 5, 600, 600  # jail.conf of fail2ban 1.0
_ITEMS = {
    "parsers/s00-raw": ("syslog-logs",),
    "parsers/s01-parse": ("postfix-logs", "postscreen-logs", "dovecot-logs"),
    "parsers/s02-enrich": ("dateparse-enrich",),
    "scenarios": ("postfix-spam", "dovecot-spam"),
}
_CONFIG = """\
common: {{daemonize: false, log_media: stdout, log_level: warning, working_dir: .}}
config_paths:
  config_dir: {0}
  data_dir: {0}/data
  simulation_path: {0}/simulation.yaml
  hub_dir: {0}/hub
  index_path: {0}/hub/.index.json
  notification_dir: {0}/notifications
  plugin_dir: {0}/plugins
crowdsec_service: {{acquisition_path: {0}/acquis.yaml, parser_routines: 1}}
cscli: {{output: human}}
db_config: {{log_level: warning, type: sqlite, db_path: {0}/data/crowdsec.db, use_wal: true}}
api:
  client: {{insecure_skip_verify: false, credentials_path: {0}/credentials.yaml}}
  server: {{log_level: warning, listen_uri: "127.0.0.1:{1}", profiles_path: {0}/profiles.yaml}}
prometheus: {{enabled: false}}
"""


class Ban(NamedTuple):
    """An address that was acted on, and when (seconds since the epoch)."""

    address: str
    at_s: float


def fail2ban(log: Path) -> list[Ban] | None:
    """Give fail2ban's bans; None where it is not installed."""
    if shutil.which("fail2ban-regex") is None:
        return None
    bans: list[Ban] = []
    for name in _FILTERS:
        command = ["fail2ban-regex", "--raw", "--usedns", "no", "-o", "row", str(log), name]
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        rows = (ast.literal_eval(line.rstrip(",")) for line in out.splitlines() if line.startswith("['"))
        bans += _bans(sorted((float(at), str(address)) for address, at, _ in rows))
    return sorted(bans, key=lambda one: one.at_s)


def _bans(failures: list[tuple[float, str]]) -> list[Ban]:
    recent: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=_MAX_RETRY))
    until: dict[str, float] = {}
    bans = []
    for at, address in failures:
        if at < until.get(address, 0):
            continue
        own = recent[address]
        own.append(at)
        if len(own) == _MAX_RETRY and at - own[0] <= _FIND_TIME_S:
            bans.append(Ban(address, at))
            until[address] = at + _BAN_TIME_S
            own.clear()
    return bans


def crowdsec(log: Path, scratch: Path, port: int) -> list[Ban] | None:
    """Give CrowdSec's alerts; None where it is not found.

    Args:
        log: What it reads.
        scratch: A directory for its configuration and database.
        port: A free one of loopback, for its local API.
    """
    root = Path(os.environ.get("CROWDSEC_ROOT", "/"))  # where its package was unpacked, if it is not installed
    program, hub = root / "usr/bin/crowdsec", root / "usr/share/crowdsec/hub"
    if not program.exists():
        return None
    for kind, names in _ITEMS.items():
        (scratch / kind).mkdir(parents=True)
        for name in names:
            (scratch / kind / f"{name}.yaml").symlink_to(hub / kind / "crowdsecurity" / f"{name}.yaml")
    (scratch / "hub").mkdir()
    for item in hub.iterdir():
        (scratch / "hub" / item.name).symlink_to(item)
    for name in ("patterns", "profiles.yaml", "simulation.yaml", "acquis.yaml"):
        (scratch / name).symlink_to(root / "etc/crowdsec" / name)
    (scratch / "data").mkdir()
    (scratch / "credentials.yaml").touch()
    config = scratch / "config.yaml"
    config.write_text(_CONFIG.format(scratch, port), encoding="utf-8")
    register = [str(root / "usr/bin/cscli"), "-c", str(config), "machines", "add", "bench", "--auto", "--force"]
    subprocess.run(register, check=True, capture_output=True)
    replay = [str(program), "-c", str(config), "-dsn", f"file://{log}", "-type", "syslog"]
    subprocess.run(replay, check=True, capture_output=True)
    with closing(sqlite3.connect(scratch / "data" / "crowdsec.db")) as store:
        rows = store.execute("SELECT source_ip, stopped_at FROM alerts").fetchall()
    return [Ban(address, datetime.fromisoformat(at).timestamp()) for address, at in rows]
