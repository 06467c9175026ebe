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


def test_instance_whose_name_is_all_of_the_tag() -> None:
    """rsyslog's short tag of another instance, or of a service with a name of its own, is read like Postfix's own."""
    line = "<20>1 2026-03-03T04:05:06+00:00 mx1 {} 7 - -  warning: unknown[203.0.113.7]: SASL LOGIN authentication failed: x"
    own, other = (_read(line.format(name)) for name in ("postfix", "postfix-smtps"))

    assert own.event_action == "auth-failure"
    assert (other.event_action, other.source_ip, other.process_name) == ("auth-failure", "203.0.113.7", "smtpd")
    assert other.service_name == "postfix-smtps"


def test_stranger_with_such_a_name() -> None:
    """A program that is called after Postfix is none of ours where no pattern knows its text."""
    event = _read("<30>1 2026-03-03T04:05:06+00:00 mx1 postfix-exporter 7 - -  Reading log events from mail.log")

    assert (event.event_kind, event.process_name) == ("ignored", "postfix-exporter")
