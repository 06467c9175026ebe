"""One HTTP request, with its time-outs and without surprises: the only door to urllib3.

No redirect is followed (a redirected POST arrives empty and looks accepted), nothing is tried again here (the outbox
does that), and of an answer no more is read than may be shown.
"""

import email.utils
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from mailwarden.alerts.words.library_words import heard
from mailwarden.parsers.errors import Coded, DeliveryError, coded

__all__ = ["call"]

_SHOWN_BYTES = 2000
_load_lock = threading.Lock()
_pool: Any = None


def call(
    method: str,
    url: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    connect_s: float,
    answer_s: float,
    now_us: int = 0,
) -> None:
    """Send a request and return when it was accepted (a status of 200 to 299).

    Args:
        method: GET or POST.
        url: Where to; http or https.
        body: What is sent.
        headers: Beside those that HTTP needs.
        connect_s: How long a connection may take.
        answer_s: How long the service may be silent.
        now_us: The time of day, against which a date in Retry-After is held.

    Raises:
        DeliveryError: It was not accepted; with the time for which the service wants to be left alone, where it said so.
    """
    import urllib3

    timeout = urllib3.Timeout(connect=connect_s, read=answer_s)
    try:
        answer = _manager().request(
            method,
            url,
            body=body,
            headers={"User-Agent": "mailwarden", **(headers or {})},
            timeout=timeout,
            retries=False,
            redirect=False,
            preload_content=False,
        )
        try:
            text = answer.read(_SHOWN_BYTES).decode("utf-8", "replace") if answer.status >= 300 else ""
        finally:
            answer.close()
    except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        raise DeliveryError(_why(error)) from None
    if not 200 <= answer.status < 300:
        said = coded("MW4105", "answered {status}", status=answer.status)
        if text := " ".join(text.split()):
            said = coded("MW4105", "answered {status}: {text}", status=answer.status, text=text)
        raise DeliveryError(said, _retry_after_s(answer.headers.get("Retry-After"), now_us), answer.status)


def _manager() -> Any:
    global _pool
    with _load_lock:
        if _pool is None:
            import urllib3

            _pool = urllib3.PoolManager(num_pools=8, maxsize=2)
    return _pool


def _why(error: Exception) -> Coded:
    """Say what went wrong without the address, which may hold a secret."""
    import urllib3

    if isinstance(error, urllib3.exceptions.NameResolutionError):
        return coded("MW4104", "cannot be reached (its name is not found)")
    if isinstance(error, urllib3.exceptions.NewConnectionError):
        return coded("MW4104", "cannot be reached (no connection)")
    if isinstance(error, urllib3.exceptions.TimeoutError):
        return coded("MW4104", "no answer in time")
    if isinstance(error, urllib3.exceptions.SSLError):
        return coded("MW4104", "TLS failed: {error}", error=heard(error))
    if isinstance(error, urllib3.exceptions.ProtocolError):
        return coded("MW4104", "closed the connection without an answer")
    return coded("MW4104", "{kind}: {error}", kind=type(error).__name__, error=error)


def _retry_after_s(value: str | None, now_us: int) -> float | None:
    """Read Retry-After: seconds or a date. Source: RFC 9110, section 10.2.3."""
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdecimal():
        return float(value[:9])
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    now = datetime.fromtimestamp(now_us // 1_000_000, UTC)
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds())
