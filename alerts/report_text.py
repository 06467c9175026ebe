"""A report in a chat: its verdict as the title, as many of its lines as there is room for, and where the rest stands."""

import email
import email.policy

from mailwarden.alerts.escape import chat
from mailwarden.alerts.message import Limits
from mailwarden.alerts.translate import N_, translator

__all__ = ["report_text"]

_MORE = N_("The whole report: `mailwarden report {day}`")


def report_text(raw: bytes, name: str, limits: Limits, language: str) -> tuple[str, str]:
    """Give title and body of a report.

    Args:
        raw: The report as a mail.
        name: Its name, which begins with its first day.
        limits: How much the channel takes, in characters.
        language: In which the last line is written.
    """
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    part = mail.get_body(("plain",))
    text = part.get_content() if part is not None else ""
    lines = [chat(line) for line in str(text).splitlines()]
    title = chat(str(mail["Subject"] or name))
    first, dashes, last = name.partition("--")
    day = f"--from {first} --to {last}" if dashes else first.partition(".")[0]
    more = translator(language).say(_MORE, {"day": day})
    kept: list[str] = []
    room = limits.body - len(more) - 2
    for line in lines:
        if room < len(line) + 1:
            break
        kept.append(line)
        room -= len(line) + 1
    if len(title) > limits.title:
        title = title[: limits.title - 1] + "…"
    return title, "\n".join([*kept, *([] if len(kept) == len(lines) else ["…"]), more])
