"""Postfix's lines under a tag that does not name the program."""

import re
from pathlib import Path

import yaml

from mailwarden.parsers import formats
from mailwarden.parsers.envelope import Reader
from mailwarden.parsers.event import Event

_SAMPLES = Path(formats.__path__[0]) / "postfix.yaml"
_TAGGED = re.compile(r"[A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} (\S+) postfix[^\s/]*/(\S+?)\[([0-9]+)\]: (.*)$")


def _read(line: str) -> Event:
    return Reader(year=2026).read(line)


def test_what_is_said_does_not_hang_on_the_tag() -> None:
    """Of a hundred samples, rsyslog's short tag costs the meaning of fewer than four: debug lines and TLS notes."""
    other = []
    compared = 0
    for sample in yaml.safe_load(_SAMPLES.read_text(encoding="utf-8")):
        for line in sample.get("lines") or [sample["line"]]:
            tagged = _TAGGED.match(line)
            if tagged is None:
                continue
            host, _, pid, text = tagged.groups()
            full, short = _read(line), _read(f"<22>1 2026-03-03T04:05:06.789012+00:00 {host} postfix {pid} - -  {text}")
            compared += 1
            if [
                (one.event_action, one.event_reason, one.source_ip, one.user_name, one.mail_queue_id)
                for one in (full, short)
            ] != [(full.event_action, full.event_reason, full.source_ip, full.user_name, full.mail_queue_id)] * 2:
                other.append(f"{line}  {short.process_name} {short.event_action}")

    assert compared > 200
    assert len(other) < 0.04 * compared, other
