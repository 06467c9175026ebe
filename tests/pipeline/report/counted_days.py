"""Days that were counted, for tests of reports."""

from datetime import UTC, date, timedelta
from typing import Any

from mailwarden.alerts.incidents.incident import Incident, incident_id
from mailwarden.pipeline.report import build
from mailwarden.pipeline.report.figures import day_start_us
from mailwarden.pipeline.store import Commit, RollupKey, Store

TODAY = date(2026, 3, 3)
HOUR = 3_600_000_000

QUIET = {
    ("lines", "event", "postfix", "smtpd"): 20_000,
    ("lines", "event", "dovecot", "imap-login"): 9_990,
    ("lines", "pipeline_error", "dovecot", "imap"): 6,
    ("message", "inbound", "", ""): 2_100,
    ("message", "outbound", "", ""): 4_510,
    ("delivery", "google", "sent", ""): 3_000,
    ("delivery", "microsoft_365", "sent", ""): 1_500,
    ("delivery", "microsoft_365", "bounced", "unknown_user"): 10,
    ("delivery", "local", "sent", ""): 2_100,
    ("sent_recipients", "ana@example.org", "account", ""): 40,
    ("sent", "ana@example.org", "account", ""): 30,
    ("login", "imap", "1.3", ""): 800,
    ("login", "pop3", "1.2", ""): 100,
    ("login_account", "ana@example.org", "imap", "1.3"): 800,
    ("auth_failure", "dovecot", "wrong_password", "imap"): 110,
    ("auth_network", "198.51.100.0/24", "stranger", ""): 100,
    ("auth_network", "192.0.2.0/24", "known", ""): 10,
    ("auth_account", "ana@example.org", "exists", ""): 60,
}

Words = tuple[str, str, str, str]


class Days:
    """Fills a store day by day."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def add(self, day: date, counts: dict[Words, int], zone: Any = UTC) -> None:
        start = day_start_us(day, zone)
        rollups: dict[RollupKey, int] = {(start, *words): count for words, count in counts.items()}
        self.commit(rollups=rollups)

    def weeks(self, counts: dict[Words, int], days: int = 30) -> None:
        for back in range(1, days + 1):
            self.add(TODAY - timedelta(days=back), counts)

    def commit(self, **changes: Any) -> None:
        self.store.commit(Commit(self.store.batch_number() + 1, **changes))

    def text(self, day: date = TODAY, **options: Any) -> str:
        return build(self.store, day, **options).as_text()


def incident(value: str = "ana@example.org", severity: str = "critical", **fields: Any) -> Incident:
    at = day_start_us(TODAY, UTC) + HOUR
    made = Incident(
        id=incident_id("mx1", "takeover", "user.name", value, None),
        site="mx1",
        cause="takeover",
        primary=("user.name", value),
        category="account_takeover",
        severity=severity,
        title="{account} was taken over and sends spam",
        why="",
        opened_us=at,
        first_seen_us=at,
        last_seen_us=at,
    )
    for name, field in fields.items():
        setattr(made, name, field)
    return made
