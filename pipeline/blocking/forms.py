"""The block list as each program reads it.

Nothing in it is written by an attacker: addresses in their one spelling, names of our rules, ids and times. Each form ends
by itself: nftables and CrowdSec by their own timeouts, the others because the file is written anew without the entry.
"""

import json
from collections.abc import Callable, Sequence

from mailwarden.alerts.blocklist import Entry
from mailwarden.parsers.event import iso

__all__ = ["FORMS", "written"]

_S = 1_000_000
_LINE = 400  # elements in one statement of nft


def written(form: str, entries: Sequence[Entry], now_us: int) -> str:
    """Write entries in one of the forms."""
    return FORMS[form](entries, now_us)


def _text(entries: Sequence[Entry], now_us: int) -> str:
    """One address or network a line; behind # the reason and the end."""
    return _head(now_us, len(entries)) + "".join(f"{one.value} # {_reason(one)}\n" for one in entries)


def _csf(entries: Sequence[Entry], now_us: int) -> str:
    """As `csf.deny` takes it in by `Include`. "do not delete" keeps csf from dropping lines by its own limit.

    Source: csf's own readme and csf.deny, whose comments begin with #.
    """
    return _head(now_us, len(entries)) + "".join(f"{one.value} # do not delete - {_reason(one)}\n" for one in entries)


def _nftables(entries: Sequence[Entry], now_us: int) -> str:
    """Two sets with timeouts, replaced as one transaction: `nft -f FILE`. What is done with them is a rule of yours."""
    lines = [
        "#!/usr/sbin/nft -f",
        f"# mailwarden, {iso(now_us)}. Use:  nft add rule inet filter input ip saddr @blocked4 drop",
        "add table inet mailwarden",
    ]
    for family, kind in (("4", "ipv4_addr"), ("6", "ipv6_addr")):
        name = f"inet mailwarden blocked{family}"
        lines.append(f"add set {name} {{ type {kind}; flags interval, timeout; }}")
        lines.append(f"flush set {name}")
        elements = [
            f'{one.value} timeout {max(1, (one.until_us - now_us) // _S)}s comment "{one.rule[:60]} {one.incident}"'
            for one in entries
            if (":" in one.value) == (family == "6")
        ]
        for begin in range(0, len(elements), _LINE):
            lines.append(f"add element {name} {{ {', '.join(elements[begin : begin + _LINE])} }}")
    return "\n".join(lines) + "\n"


def _fail2ban(entries: Sequence[Entry], _: int) -> str:
    """Lines for a jail of its own to read (docs/blocklist.md has its filter)."""
    return "".join(
        f"{iso(one.seen_us // _S * _S).replace('+00:00', 'Z')} mailwarden[1]: block {one.address}"
        f" until {iso(one.until_us // _S * _S).replace('+00:00', 'Z')}: {one.rule} {one.incident}\n"
        for one in sorted(entries, key=lambda one: (one.seen_us, one.value))
    )


def _crowdsec(entries: Sequence[Entry], now_us: int) -> str:
    """Decisions: `cscli decisions import -i FILE`. Source: docs.crowdsec.net, cscli decisions import."""
    decisions = [
        {
            "duration": f"{max(1, (one.until_us - now_us) // _S)}s",
            "reason": f"mailwarden/{one.rule}",
            "scope": "range" if "/" in one.value else "ip",
            "type": "ban",
            "value": one.value,
        }
        for one in entries
    ]
    return json.dumps(decisions, indent=0) + "\n"


def _json(entries: Sequence[Entry], now_us: int) -> str:
    """What a webhook gets: the whole list."""
    data = {
        "made_at": iso(now_us),
        "entries": [
            {
                "value": one.value,
                "address": one.address,
                "until": iso(one.until_us),
                "reason": one.rule,
                "category": one.category,
                "severity": one.severity,
                "event_count": one.events,
                "incident.id": one.incident,
                "last_seen": iso(one.seen_us),
            }
            for one in entries
        ],
    }
    return json.dumps(data) + "\n"


def _head(now_us: int, number: int) -> str:
    return f"# mailwarden, {iso(now_us // _S * _S)}: {number} entries. Written anew; do not edit.\n"


def _reason(one: Entry) -> str:
    return f"{one.rule}, {one.events} events, until {iso(one.until_us // _S * _S)}, mailwarden show {one.incident}"


FORMS: dict[str, Callable[[Sequence[Entry], int], str]] = {
    "text": _text,
    "nftables": _nftables,
    "fail2ban": _fail2ban,
    "crowdsec": _crowdsec,
    "csf": _csf,
    "json": _json,
}
"""By the name that it has in `blocklist.outputs`."""
