"""The server itself: it starts, stops, lacks something; and what its other parts say.

Source: crates/trc/src/event (descriptions and levels) of Stalwart 0.10 to 0.16.
"""

from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.stalwart.prefix import FORMAT, values_of
from mailwarden.parsers.life import UNAVAILABLE, failed, noted, started, stopped

__all__: list[str] = []

_NO_FAULTS = ("store.not-found ", "store.blob-missing-marker ")
_DISK_FULL = ("no space left", "disk full")


@FORMAT.pattern("server.startup ", "server.recovery-mode ", "server.bootstrap-mode ", "network.listen-start ")
def start(event: Event, rest: str) -> bool:  # noqa: ARG001
    """It starts, or begins to listen."""
    return started(event)


@FORMAT.pattern("server.shutdown ", "network.listen-stop ")
def stop(event: Event, rest: str) -> bool:  # noqa: ARG001
    """It stops, or no longer listens."""
    return stopped(event)


@FORMAT.pattern(
    "server.", "store.", "network.", "config.", "registry.", "resource.", "tls.n", "tls.m", "tls.c", "tls.e", "acme.", "purge.",
    "dns.", "telemetry.", "milter.", "mta-hook.", "limit.", "cluster.", "task-manager.", "task-queue.", "housekeeper.",
    "fts-index.", "cache.", "spam.", "sieve.", "manage.", "ai.llm-", "ai.api-",
)  # fmt: skip
def part(event: Event, rest: str) -> bool:
    """What a part says: a fault where it says so at the level `ERROR`, else a step."""
    if rest.startswith(("startup ", "recovery-mode ", "bootstrap-mode ", "listen-", "shutdown ")):
        return False
    if event.log_level != "error":
        return noted(event)
    said = values_of(event, rest.partition(" ")[2])
    text = " ".join(one for key in ("details", "reason") if (one := said.text(key)))
    event.set("error.message", text[:200])
    if any(words in text.lower() for words in _DISK_FULL):
        return failed(event, "disk_full")
    return failed(event, UNAVAILABLE if rest.startswith(_BACKENDS) else None)


_BACKENDS = (
    "foundationdb-error ", "mysql-error ", "postgresql-error ", "rocksdb-error ", "sqlite-error ", "ldap-error ",
    "elasticsearch-error ", "meilisearch-error ", "redis-error ", "s3-error ", "azure-error ", "pool-error ",
)  # fmt: skip


@FORMAT.pattern(
    "arc.", "calendar.", "dane.", "dkim.", "dmarc.", "eval.", "http.", "imap.", "incoming-report.", "iprev.", "jmap.",
    "mail-auth.", "manage-sieve.", "mta-sts.", "outgoing-report.", "pop3.", "push-subscription.", "spf.", "tls-rpt.",
    "web-dav.",
)  # fmt: skip
def other(event: Event, rest: str) -> bool:
    """What it says of records, reports, and of commands in mailboxes."""
    return not rest.startswith(("connection-", "raw-", "request-body ", "response-body ")) and noted(event)
