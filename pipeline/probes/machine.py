"""What this machine says of its own mail server: what it calls itself, where its mail goes, what signs it, which lists it asks.

Only reads: the server's own words for its settings (`postconf`, `exim -bP`), and the files of signers and filters. What is not
there, or may not be read, is simply not known.
"""

import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from mailwarden.pipeline.probes.blocklists import Dead, dead_lists
from mailwarden.pipeline.probes.outcome import Outcome
from mailwarden.pipeline.probes.server_settings import DOVECOT, POSTFIX, judge_settings

__all__ = ["Machine", "lists_asked", "read_machine"]

_TIMEOUT_S = 10
_MOST_BYTES = 1 << 20
_LIST_FILES = (
    "etc/postfix/main.cf",
    "etc/postfix/master.cf",
    "etc/exim4/exim4.conf.template",
    "etc/exim4/exim4.conf",
    "etc/exim.conf",
    "etc/exim/exim.conf",
    "etc/rspamd/local.d/rbl.conf",
)
_RESTRICTION = re.compile(r"\b(reject_rbl_client|reject_rhsbl_(?:client|sender|helo|reverse_client))\s+([^\s,]{1,300})")
_PARAMETER = re.compile(
    r"\b(postscreen_dnsbl_sites|dnslists|rbl)\s*=([^\n]{0,2000}(?:\n[ \t]+[^\n]{0,2000}){0,50})"  # goes on in indented lines
)
_ZONE = re.compile(
    r"(?<![\w.@/-])((?:[a-z0-9_-]{1,63}\.){1,8}[a-z]{2,24})(=[0-9.\[\];,/-]+)?(?:\*-?\d+)?(?![\w@/-])", re.IGNORECASE
)
_REFUSES = ("spamhaus.org",)  # refuses with codes of its own (its news 788)
_SELECTORS = (
    ("etc/opendkim.conf", re.compile(r"^\s*(Domain|Selector)\s+(\S{1,253})", re.MULTILINE)),
    (
        "etc/rspamd/local.d/dkim_signing.conf",
        re.compile(r'^\s*(domain|selector)\s*=\s*"([^"\n]{1,253})"', re.MULTILINE),
    ),
)
_KEY_TABLE = re.compile(r"^\s*\S+\s+([A-Za-z0-9.-]{1,253}):([A-Za-z0-9_.-]{1,63}):", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Machine:
    """What was read; empty where nothing says so."""

    helo: str | None = None
    smarthost: str | None = None
    addresses: tuple[str, ...] = ()  # that packets leave from, private ones too
    selectors: tuple[tuple[str, str], ...] = ()  # domain ("" for any) and selector
    settings: tuple[Outcome, ...] = field(default=())  # of the mail server and its filter, judged


def read_machine(root: Path = Path("/"), host: str | None = None) -> Machine:
    """Read all of it; takes some tenths of a second, and nothing from the network."""
    name = host or socket.gethostname()
    settings = _postfix() if root == Path("/") else {}
    helo = settings.get("smtp_helo_name") or settings.get("myhostname")
    if not helo and root == Path("/"):
        helo = _said("exim", "-bP", "primary_hostname").partition("=")[2].strip() or None
    if helo is not None and "$" in helo:
        helo = settings.get("myhostname") or None
    relay = settings.get("relayhost", "").strip("[] ").partition("]")[0].partition(":")[0]
    found = [*lists_asked(root, name)]
    if root == Path("/"):
        dovecot = {one: value for one in DOVECOT if (value := _said("doveconf", "-h", one).strip())}
        found += judge_settings(name, settings, dovecot)
    return Machine(helo, relay or None, tuple(_addresses()), tuple(_selectors(root)), tuple(found))


def _postfix() -> dict[str, str]:
    said = _said("postconf", "myhostname", "smtp_helo_name", "relayhost", *POSTFIX)
    pairs = (line.partition("=") for line in said.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs if value.strip()}


def _said(*words: str) -> str:
    """Run a program of the system; give what it says, nothing where it fails or hangs."""
    try:
        done = subprocess.run(words, capture_output=True, timeout=_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""


def _addresses() -> Iterator[str]:
    """Give the addresses that packets to the world would leave from. No packet is sent: UDP only notes where to."""
    for family, somewhere in ((socket.AF_INET, "198.51.100.1"), (socket.AF_INET6, "2001:db8::1")):
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as one:
            one.connect((somewhere, 9))
            yield str(one.getsockname()[0]).partition("%")[0]


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""


def _selectors(root: Path) -> Iterator[tuple[str, str]]:
    for name, pattern in _SELECTORS:
        found = {key.lower(): value for key, value in pattern.findall(_text(root / name))}
        domain = found.get("domain", "").lower()
        if "selector" in found:
            yield ("" if "/" in domain or ":" in domain else domain, found["selector"])
    for name in ("etc/opendkim/KeyTable", "etc/opendkim/key.table", "etc/dkimkeys/KeyTable"):
        for domain, selector in _KEY_TABLE.findall(_text(root / name)):
            yield domain.lower(), selector


def lists_asked(root: Path, host: str) -> Iterator[Outcome]:
    """Judge the block lists that the mail server and its filter are set up to ask (CFG-04, CFG-05)."""
    dead = {one.zone: one for one in dead_lists()}
    for name in _LIST_FILES:
        file = f"/{name}"
        seen: set[str] = set()
        text = "\n".join(line for line in _text(root / name).splitlines() if not line.lstrip().startswith("#"))
        for found in [*_RESTRICTION.finditer(text), *_PARAMETER.finditer(text)]:
            for zone, codes in _ZONE.findall(found[2]):
                zone = zone.lower()
                if zone not in seen:
                    seen.add(zone)
                    yield _judge(host, file, zone, bool(codes), found[1], dead)


def _judge(host: str, file: str, zone: str, is_filtered: bool, way: str, dead: dict[str, Dead]) -> Outcome:
    now = f"{way} {zone}"
    details: dict[str, object] = {"file": file, "zone": zone}
    parts = zone.split(".")
    ended = next((one for place in range(len(parts)) if (one := dead.get(".".join(parts[place:])))), None)

    def told(state: str, reason: str = "", should: str = "") -> Outcome:
        return Outcome(host, "lists", f"{file} {zone}", state, reason, now, should, details)  # type: ignore[arg-type]

    if ended is not None:
        details["ends"] = ended.ended
        return told("wrong", "lists_dead_all" if ended.lists_all else "lists_dead")
    if not is_filtered and zone.endswith(_REFUSES) and way.startswith(("reject_", "postscreen")):
        return told("wrong", "lists_unfiltered", f"{zone}=127.0.0.[2..11]")
    return told("ok")
