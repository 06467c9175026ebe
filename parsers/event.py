"""The event: what one log record says happened, under Elastic Common Schema names.

In Python a field carries its ECS name with underscores (`source.ip` is `source_ip`); rare fields stand in `extra` under
their dotted name. An unset field is None: parsers set only what the line proves. Instances are plain objects whose unset
fields are class attributes, because creating one and setting ten fields costs 0.3 µs that way, a third of a
keyword-filled struct with forty fields (measured on Python 3.11).
"""

from datetime import UTC, datetime, timedelta
from typing import Any

__all__ = ["ATTRIBUTES", "BRIEF", "ECS_NAMES", "Event", "briefly", "iso", "said", "to_ecs"]

BRIEF = frozenset({"connection-close", "connection-open", "message-id", "session-end"})
"""Actions that patterns can be brief about: of half the lines of a log no rule wants to know more."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Event:
    """What one log record says happened.

    Times are microseconds since the epoch, UTC. `event_kind` is `event` (understood), `ignored` (not a mail program) or
    `pipeline_error` (a mail program's line that no pattern knows).
    """

    # the envelope's
    timestamp_us: int = 0
    mailwarden_time_quality: str | None = None  # None is exact
    event_kind: str = "event"
    event_module: str | None = None  # the format that read it: postfix, dovecot, exim, pam, syslog
    event_count: int = 1
    event_id: str | None = None
    event_original: str = ""  # the line, secrets removed
    host_hostname: str | None = None
    process_name: str | None = None
    process_pid: int | None = None
    service_name: str | None = None
    mail_service: str | None = None
    log_level: str | None = None
    log_syslog_priority: int | None = None
    container_name: str | None = None

    # what happened
    event_action: str = "unparsed"
    event_outcome: str | None = None
    event_reason: str | None = None
    event_code: str | None = None

    # who and where
    source_ip: str | None = None
    source_port: int | None = None
    source_domain: str | None = None
    client_ip: str | None = None
    client_domain: str | None = None
    destination_ip: str | None = None
    destination_port: int | None = None
    destination_domain: str | None = None
    user_name: str | None = None
    user_domain: str | None = None
    user_id: str | None = None
    network_protocol: str | None = None

    # the session and its encryption
    mail_session_id: str | None = None
    mail_session_pid: int | None = None
    mail_sasl_method: str | None = None
    mail_auth_attempts: int | None = None
    tls_established: bool | None = None
    tls_version: str | None = None
    tls_version_protocol: str | None = None
    tls_cipher: str | None = None
    smtp_helo: str | None = None
    smtp_stage: str | None = None

    # the message and its way
    mail_queue_id: str | None = None
    mail_queue_orig_id: str | None = None
    mail_queue_remote_id: str | None = None
    mail_queue_parent_id: str | None = None
    mail_queue_child_id: str | None = None
    email_message_id: str | None = None
    email_from_address: list[str] | None = None
    email_to_address: list[str] | None = None
    email_subject: str | None = None
    mail_null_sender: bool | None = None
    mail_original_recipient: str | None = None
    mail_size: int | None = None
    mail_recipient_count: int | None = None
    mail_delivery_status: str | None = None
    mail_delivery_delay: float | None = None
    mail_delivery_relay: str | None = None
    mail_mailbox: str | None = None
    smtp_reply_code: int | None = None
    smtp_reply_enhanced_code: str | None = None
    smtp_reply_text: str | None = None
    mail_reject_temporary: bool | None = None
    mail_dnsbl_zone: str | None = None
    mail_rate_value: int | None = None
    mail_parse_ambiguous: bool | None = None
    mail_provider: str | None = None
    mail_bounce_class: str | None = None
    mail_bounce_list: str | None = None
    process_working_directory: str | None = None
    file_path: str | None = None

    extra: dict[str, Any] | None = None  # rare fields, under their dotted ECS name

    brief: frozenset[str] = frozenset()  # of the class: actions of which nobody asks more than is counted of them

    # set at admission
    stream_us: int = 0
    source_rank: int = 0
    log_offset: int = 0

    # facts, set by correlation and enrichment (`mailwarden.*`)
    mailwarden_attempts: int = 1
    mailwarden_site: str | None = None
    mailwarden_account: str | None = None
    mailwarden_network: str | None = None
    mailwarden_wide_network: str | None = None
    mailwarden_direction: str | None = None
    facts: dict[str, Any] | None = None

    def set(self, name: str, value: object) -> None:
        """Set a rare field by its dotted name."""
        if self.extra is None:
            self.extra = {}
        self.extra[name] = value


def briefly(actions: frozenset[str]) -> type[Event]:
    """Make a kind of event whose patterns may stop when one of these actions (of `BRIEF`) is sure.

    They set what is counted of it (`pipeline/rollups.py`), and nothing else.
    """
    kind = type("BriefEvent", (Event,), {"brief": actions})
    _share_keys(kind)
    return kind


def _share_keys(kind: type[Event]) -> None:
    """Let instances share the keys of the thirty fields set most often.

    CPython shares no more, and an event that sets any other gets a dictionary of its own, which costs 0.6 µs: as much as
    forty stores. Chosen so that fewest events of a Postfix and Dovecot log, folded, need one.
    """
    first = kind()
    for name in (
        "timestamp_us", "mailwarden_time_quality", "event_original", "host_hostname", "process_name", "process_pid",
        "service_name", "mail_service", "event_module", "event_action", "log_offset", "stream_us", "network_protocol",
        "source_ip", "event_outcome", "mail_queue_id", "source_domain", "source_port", "user_name", "mail_session_id",
        "mail_session_pid", "tls_established", "destination_ip", "mail_sasl_method", "extra", "mailwarden_site",
        "mailwarden_network", "mailwarden_account", "mailwarden_wide_network", "facts",
    ):  # fmt: skip
        setattr(first, name, None)


_share_keys(Event)

_INTERNAL = frozenset(
    {"brief", "timestamp_us", "extra", "facts", "stream_us", "source_rank", "event_original", "event_count"}
)
_LAST_WORDS = {  # names whose last part itself holds an underscore
    "mail_queue_orig_id": "mail.queue.orig_id",
    "mail_queue_remote_id": "mail.queue.remote_id",
    "mail_queue_parent_id": "mail.queue.parent_id",
    "mail_queue_child_id": "mail.queue.child_id",
    "email_message_id": "email.message_id",
    "mail_null_sender": "mail.null_sender",
    "mail_original_recipient": "mail.original_recipient",
    "mail_recipient_count": "mail.recipient_count",
    "smtp_reply_enhanced_code": "smtp.reply.enhanced_code",
    "tls_version_protocol": "tls.version_protocol",
    "process_working_directory": "process.working_directory",
    "mailwarden_wide_network": "mailwarden.wide_network",
}

ECS_NAMES: dict[str, str] = {
    attribute: _LAST_WORDS.get(attribute, attribute.replace("_", "."))
    for attribute in Event.__annotations__
    if attribute not in _INTERNAL
}
"""ECS name by Python attribute, for every field that a line can set."""

ATTRIBUTES: dict[str, str] = {name: attribute for attribute, name in ECS_NAMES.items()} | {
    "@timestamp": "timestamp_us",
    "event.count": "event_count",
    "event.original": "event_original",
}
"""Python attribute by ECS name."""


def iso(timestamp_us: int) -> str:
    """Write epoch microseconds as RFC 3339 in UTC, with as many fraction digits as are needed (0, 3 or 6)."""
    moment = _EPOCH + timedelta(microseconds=timestamp_us)
    if timestamp_us % 1_000_000 == 0:
        return moment.isoformat(timespec="seconds")
    return moment.isoformat(timespec="microseconds" if timestamp_us % 1000 else "milliseconds")


def said(event: Event) -> str:
    """Give what the program said, without what the way of the line put before it."""
    line, pid = event.event_original, event.process_pid
    mark = f"[{pid}]: " if pid is not None else ": "
    place = line.find(mark, 14)  # behind the stamp, whose colons no blank follows
    return line[place + len(mark) :].strip() if place >= 0 else line


def to_ecs(event: Event) -> dict[str, Any]:
    """Give the event as flat dotted ECS keys, unset fields left out, ready for JSON."""
    fields = vars(event)
    flat: dict[str, Any] = {}
    if event.timestamp_us:
        flat["@timestamp"] = iso(event.timestamp_us)
    flat["event.kind"] = event.event_kind
    for attribute, value in fields.items():
        name = ECS_NAMES.get(attribute)
        if name is not None and value is not None:
            flat[name] = value
    if event.event_count != 1:
        flat["event.count"] = event.event_count
    if event.extra:
        flat.update(event.extra)
    return flat
