"""Read the three kinds of reports: DMARC aggregates (RFC 7489), TLS reports (RFC 8460), complaints (RFC 5965)."""

import ipaddress
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from mailwarden.parsers.errors import coded
from mailwarden.parsers.json_text import read_json
from mailwarden.pipeline.feedback.unpack import ReportError

__all__ = ["Report", "read_complaint", "read_dmarc", "read_tls"]

_ROWS = 20_000
_TEXT = 255
_SOURCES = 50  # addresses a report keeps
_MOST_SESSIONS = 10**9  # of a domain in a day; a larger number is a joke
_DIGITS = 11  # of the second of a date
_DATE = 64  # characters
_RESULTS = frozenset(  # RFC 8460, 4.3.1 and 4.3.2
    {
        "starttls-not-supported",
        "certificate-host-mismatch",
        "certificate-expired",
        "certificate-not-trusted",
        "validation-failure",
        "tlsa-invalid",
        "dnssec-invalid",
        "dane-required",
        "sts-policy-fetch-error",
        "sts-policy-invalid",
        "sts-webpki-invalid",
    }
)


class Report(msgspec.Struct, frozen=True):
    """What one report says. `failed` of `total`: messages without DMARC, sessions without TLS, or one complaint."""

    kind: str  # dmarc, tls, complaint
    id: str
    organisation: str
    domain: str  # of ours
    total: int
    failed: int
    sources: dict[str, int] = {}  # address -> messages of it that failed
    reasons: dict[str, int] = {}  # RFC 8460, 4.3 -> sessions that failed so
    until_us: int = 0  # the end of what it is about; 0: it does not say


def read_dmarc(data: bytes) -> Report:
    """Read a DMARC aggregate.

    Raises:
        ReportError: It is none, or not well-formed, or holds entities.
    """
    try:
        root = fromstring(data, forbid_dtd=True)
    except DefusedXmlException:
        raise ReportError(coded("MW6206", "the XML defines entities, as no report does")) from None
    except (ParseError, ValueError, LookupError):
        raise ReportError(coded("MW6206", "the XML is not well-formed or cut off")) from None
    space = root.tag.partition("}")[0] + "}" if root.tag.startswith("{") else ""
    if root.tag != f"{space}feedback":
        raise ReportError(coded("MW6206", "the XML is no DMARC aggregate"))

    def text(node: Any, path: str) -> str:
        found = node.find("/".join(space + part for part in path.split("/")))
        return (found.text or "").strip()[:_TEXT] if found is not None else ""

    domain = text(root, "policy_published/domain").lower().rstrip(".")
    if not domain:
        raise ReportError(coded("MW6206", "the aggregate names no domain"))
    total, failed, sources = 0, 0, dict[str, int]()
    for number, record in enumerate(root.iter(f"{space}record")):
        if number >= _ROWS:
            raise ReportError(coded("MW6206", "an aggregate of more than {number} rows", number=_ROWS))
        count = text(record, "row/count")
        messages = int(count) if count.isascii() and count.isdigit() and len(count) < 10 else 0
        total += messages
        results = {text(record, f"row/policy_evaluated/{one}").lower() for one in ("dkim", "spf")}
        if "pass" in results:
            continue
        failed += messages
        source = _address(text(record, "row/source_ip"))
        if source and (source in sources or len(sources) < _SOURCES):
            sources[source] = sources.get(source, 0) + messages
    name, end = text(root, "report_metadata/org_name"), text(root, "report_metadata/date_range/end")
    until_us = int(end) * 1_000_000 if end.isascii() and end.isdigit() and len(end) <= _DIGITS else 0
    id_ = text(root, "report_metadata/report_id")
    return Report("dmarc", id_ or "?", name or "?", domain, total, failed, sources, until_us=until_us)


def _address(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


class _Summary(msgspec.Struct):
    total_successful_session_count: int = msgspec.field(name="total-successful-session-count", default=0)
    total_failure_session_count: int = msgspec.field(name="total-failure-session-count", default=0)


class _Policy(msgspec.Struct):
    policy_domain: str = msgspec.field(name="policy-domain", default="")


class _Failure(msgspec.Struct):
    result_type: str = msgspec.field(name="result-type", default="")
    failed_session_count: int = msgspec.field(name="failed-session-count", default=0)


class _Policies(msgspec.Struct):
    summary: _Summary
    policy: _Policy
    failure_details: list[_Failure] = msgspec.field(name="failure-details", default_factory=list)


class _Span(msgspec.Struct):
    end_datetime: str = msgspec.field(name="end-datetime", default="")


class _Tls(msgspec.Struct):
    policies: list[_Policies]
    date_range: _Span = msgspec.field(name="date-range", default_factory=_Span)
    organization_name: str = msgspec.field(name="organization-name", default="?")
    report_id: str = msgspec.field(name="report-id", default="?")


def read_tls(data: bytes) -> Report:
    """Read a TLS report.

    Raises:
        ReportError: It is none.
    """
    try:
        found = msgspec.convert(read_json(data.decode("utf-8-sig")), _Tls)
    except (ValueError, RecursionError, msgspec.ValidationError):
        raise ReportError(coded("MW6206", "the JSON is no TLS report, or cut off")) from None
    if not found.policies or not found.policies[0].policy.policy_domain:
        raise ReportError(coded("MW6206", "the TLS report names no domain"))
    good = sum(_sessions(one.summary.total_successful_session_count) for one in found.policies)
    bad = sum(_sessions(one.summary.total_failure_session_count) for one in found.policies)
    domain = found.policies[0].policy.policy_domain.lower().rstrip(".")[:_TEXT]
    reasons: dict[str, int] = {}
    for failure in (failure for one in found.policies for failure in one.failure_details):
        if failure.result_type in _RESULTS:
            failed = _sessions(failure.failed_session_count)
            reasons[failure.result_type] = reasons.get(failure.result_type, 0) + failed
    return Report(
        "tls",
        found.report_id[:_TEXT],
        found.organization_name[:_TEXT],
        domain,
        good + bad,
        bad,
        reasons=reasons,
        until_us=_instant(found.date_range.end_datetime),
    )


def _sessions(count: int) -> int:
    """Give a number of sessions that there can be."""
    return min(max(0, count), _MOST_SESSIONS)


def _instant(text: str) -> int:
    """Read an RFC 3339 instant; 0 where it is none."""
    try:
        at = datetime.fromisoformat(text[:_DATE])
    except ValueError:
        return 0
    return round((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1_000_000)


def _mail_date(text: str) -> int:
    """Read the date of a mail header; 0 where it is none."""
    try:
        at = parsedate_to_datetime(text[:_DATE])
        return round((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1_000_000)
    except (ValueError, TypeError, OverflowError):
        return 0


def read_complaint(message: Message) -> Report | None:
    """Read a complaint in abuse format; None where a message is none.

    Raises:
        ReportError: It says that it is one, and names nobody of ours.
    """
    part = next((one for one in message.walk() if one.get_content_type() == "message/feedback-report"), None)
    if part is None:
        return None
    held = part.get_payload()
    fields = held[0] if isinstance(held, list) and held else None
    if not isinstance(fields, Message):
        raise ReportError(coded("MW6206", "the complaint holds no fields"))
    sender = str(fields.get("Original-Mail-From") or "").strip(" <>\t")
    domain = str(fields.get("Reported-Domain") or sender.rpartition("@")[2]).strip().lower().rstrip(".")[:_TEXT]
    if not domain:
        raise ReportError(coded("MW6206", "the complaint names no domain"))
    agent = str(fields.get("User-Agent") or message.get("From") or "?")[:_TEXT]
    id_ = str(message.get("Message-ID") or "?")[:_TEXT]
    source = _address(str(fields.get("Source-IP") or "").strip())
    arrived = str(fields.get("Arrival-Date") or fields.get("Received-Date") or message.get("Date") or "")
    return Report("complaint", id_, agent, domain, 1, 1, {source: 1} if source else {}, until_us=_mail_date(arrived))
