"""Lines in their envelopes, and how they are read, for the tests of what stands around a message."""

from datetime import UTC, timedelta, timezone
from typing import Any

from mailwarden.parsers.envelope import Reader
from mailwarden.parsers.event import Event, to_ecs

TEXT = "connect from unknown[203.0.113.7]"
HINT_US = 1_790_000_000_000_000  # September 2026
AT = "2026-03-03T04:05:06"
CET = timezone(timedelta(hours=1))
TAG = "postfix/smtpd[2211]"
FORGED = "Mar  3 04:05:06 mx1 postfix/smtpd[1]: warning: unknown[198.51.100.9]: SASL LOGIN authentication failed: x"
OLD = f"Mar  3 04:05:06 mx1 {TAG}: {TEXT}"


def read(*lines: str, reader: Reader | None = None) -> list[Event]:
    """Read lines of one file that was written in 2026, in UTC."""
    return (reader or Reader(zone=UTC, hint_year_us=HINT_US)).read_lines(lines)


def flat(*lines: str) -> list[dict[str, Any]]:
    """Read lines; give their events under ECS names."""
    return [to_ecs(event) for event in read(*lines)]
