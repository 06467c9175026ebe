"""What filters say of a message, in the words of RFC 8601: SPF, DKIM, DMARC, ARC, spam and viruses."""

from collections.abc import Collection

from mailwarden.parsers.event import Event

__all__ = ["QUEUE_ID", "judge_spam", "number", "read_tests", "result_word", "set_result", "virus"]

QUEUE_ID = r"(?=[A-Za-z]{0,31}[0-9]|[0-9A-F]{9,})([0-9A-Za-z]{5,32})"
"""A mail server's queue id where a filter writes it in front of its text: no word of the text looks so."""

_RESULTS = {
    word: result
    for result, words in {
        "pass": ("pass", "allow", "ok", "success"),
        "fail": ("fail", "reject", "hardfail", "bad", "invalid"),
        "softfail": ("softfail", "soft_fail", "soft fail"),
        "neutral": ("neutral",),
        "none": ("none", "na", "unknown"),
        "temperror": ("temperror", "tempfail", "temp_error", "dnsfail", "error", "temp error"),
        "permerror": ("permerror", "permfail", "perm_error", "perm error"),
        "policy": ("policy",),
    }.items()
    for word in words
}
_OUTCOMES = {"pass": "success", "fail": "failure", "softfail": "failure"}
_SYMBOLS_MAX = 100
_TESTS = (
    ("SPF_PASS", "spf", "pass"), ("SPF_FAIL", "spf", "fail"), ("SPF_SOFTFAIL", "spf", "softfail"),
    ("SPF_NEUTRAL", "spf", "neutral"), ("SPF_NONE", "spf", "none"), ("DKIM_INVALID", "dkim", "fail"),
    ("DKIM_VALID", "dkim", "pass"), ("DMARC_PASS", "dmarc", "pass"), ("DMARC_REJECT", "dmarc", "fail"),
    ("DMARC_QUAR", "dmarc", "fail"), ("DMARC_NONE", "dmarc", "fail"), ("DMARC_MISSING", "dmarc", "none"),
)  # fmt: skip
"""SpamAssassin's names of what SPF, DKIM and DMARC came to (rules/25_spf.cf, 25_dkim.cf, 25_dmarc.cf of 4.0)."""


def result_word(text: str) -> str | None:
    """Give the result that a filter's word stands for, in RFC 8601's spelling; None where it is none."""
    return _RESULTS.get(text.lower())


def set_result(event: Event, method: str, result: str) -> None:
    """Make an event the verdict of one method.

    Args:
        event: The event.
        method: `spf`, `dkim` or `dmarc`.
        result: As `result_word` gives it.
    """
    event.event_action = f"{method}-verdict"
    event.event_outcome = _OUTCOMES.get(result, "unknown")
    event.event_reason = f"{method}_fail" if result == "fail" else None
    event.set(f"mail.{method}.result", result)


def number(text: str) -> float | None:
    """Give a score, or None where the text is none (`-`, `nan`, `x`)."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if value - value == 0 else None  # neither endless nor nan: JSON has no word for them


def judge_spam(
    event: Event, *, is_spam: bool, score: float | None = None, threshold: float | None = None,
    action: str | None = None, symbols: list[str] | None = None,
) -> None:  # fmt: skip
    """Make an event the verdict on a message's content."""
    event.event_action = "filter-verdict"
    event.event_outcome = "failure" if is_spam else "success"
    if is_spam:
        event.event_reason = "spam"
    for name, value in (
        ("score", score), ("threshold", threshold), ("action", action), ("symbols", (symbols or [])[:_SYMBOLS_MAX]),
    ):  # fmt: skip
        if value is not None and value != []:
            event.set(f"mail.spam.{name}", value)


def read_tests(event: Event, names: Collection[str]) -> None:
    """Set what the tests of SpamAssassin that matched say of SPF, DKIM and DMARC."""
    for name, method, result in _TESTS:
        if name in names:
            event.set(f"mail.{method}.result", result)


def virus(event: Event, name: str) -> None:
    """Make an event the finding of a virus."""
    event.event_action, event.event_outcome, event.event_reason = "filter-verdict", "failure", "malware"
    event.set("mail.virus.name", name.strip() or "unknown")
