"""One record of state for all that detectors remember of an account's mail, which was a row for each detector."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from alembic import op

from mailwarden.alerts.state.blob import decoder, encode

revision = "0004"
down_revision = "0003"

_KIND = "detectors.account_mail"
_DETECTORS = (
    "bounce_ratio",
    "delivery_outcomes",
    "domain_fan_out",
    "internal_mass_mail",
    "recipient_novelty",
    "sending_burst",
    "sending_ceiling",
    "strange_sending",
    "template_burst",
    "unusual_hours",
)
_OLD = ", ".join(f"'detector.{name}'" for name in _DETECTORS)
_SET_STATE = "INSERT INTO state (kind, key, version, expires_us, blob) VALUES (?, ?, 1, ?, ?)"


def upgrade() -> None:
    """Gather the rows of each account into one."""
    driver: Any = op.get_bind().connection.driver_connection
    rows = driver.execute(f"SELECT key, kind, expires_us, blob FROM state WHERE kind IN ({_OLD}) ORDER BY key")  # noqa: S608
    driver.executemany(_SET_STATE, _gathered(rows))
    driver.execute(f"DELETE FROM state WHERE kind IN ({_OLD})")  # noqa: S608 - the names above


def _gathered(rows: Iterable[tuple[str, str, int, bytes]]) -> Iterator[tuple[str, str, int, bytes]]:
    read = decoder(object)
    for key, of_key in groupby(rows, lambda row: row[0]):
        parts: dict[str, object] = {}
        expires_us = 0
        for _, kind, until_us, blob in of_key:
            parts[kind.removeprefix("detector.")] = read(blob)
            expires_us = max(expires_us, until_us)
        yield _KIND, key, expires_us, encode(parts)
