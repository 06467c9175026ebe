"""A report in a chat: its verdict as the title, as many of its lines as there is room for, and where the rest stands."""

import email
import email.policy
from collections.abc import Mapping

from mailwarden.alerts.telling.message import Limits
from mailwarden.alerts.words.escape import chat
from mailwarden.alerts.words.translate import N_, translator
from mailwarden.parsers.errors import unpacked

__all__ = ["missing_text", "report_text"]

_MORE = N_("The whole report: `mailwarden report {day}`")
_MISSING = N_("The report {report} is missing")
_WHY = N_("It could not be written, or is there no more: {reason}")
_TRY = N_("It could not be written, or is there no more: {reason}\nTry it: `{command}`")


def missing_text(
    name: str, values: Mapping[str, object], language: str, *, for_customer: bool = False
) -> tuple[str, str]:
    """Give title and body of what is told instead of a report that is not there.

    Args:
        name: The report's, which begins with its first day.
        values: `reason` (packed in `worded`) and `command`, as far as they are known.
        language: The reader's.
        for_customer: Whether the reader has no shell on the server.
    """
    tongue = translator(language)
    command = str(values.get("command") or f"mailwarden report {_days(name)}")
    told = {
        "report": name,
        "reason": tongue.worded(unpacked(values.get("worded") or values.get("reason") or "–")),
        "command": command,
    }
    return chat(f"▲ {tongue.say(_MISSING, told)}"), "\n".join(
        map(chat, tongue.say(_WHY if for_customer else _TRY, told).split("\n"))
    )


def report_text(raw: bytes, name: str, limits: Limits, language: str, *, for_customer: bool = False) -> tuple[str, str]:
    """Give title and body of a report.

    Args:
        raw: The report as a mail.
        name: Its name, which begins with its first day.
        limits: How much the channel takes, in characters.
        language: In which the last line is written.
        for_customer: Whether the reader has no shell on the server.
    """
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    part = mail.get_body(("plain",))
    text = part.get_content() if part is not None else ""
    lines = [chat(line) for line in str(text).splitlines()]
    title = chat(str(mail["Subject"] or name))
    more = "" if for_customer else translator(language).say(_MORE, {"day": _days(name)})
    kept: list[str] = []
    room = limits.body - len(more) - 2
    for line in lines:
        if room < len(line) + 1:
            break
        kept.append(line)
        room -= len(line) + 1
    if len(title) > limits.title:
        title = title[: limits.title - 1] + "…"
    return title, "\n".join([*kept, *([] if len(kept) == len(lines) else ["…"]), *([more] if more else [])])


def _days(name: str) -> str:
    """Give how the command asks for the days of a report's name."""
    first, dashes, last = name.partition("--")
    return f"--from {first} --to {last}" if dashes else first.partition(".")[0]
