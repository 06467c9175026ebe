"""What Microsoft Teams is sent through a workflow: a card whose texts are shown as they are.

Apprise makes one block of Markdown of a message, in which commands and addresses get backslashes before their dots and
dashes, and ends of lines are lost. A `TextRun` is no Markdown: nothing in it becomes a link, and it can be copied.
Source: Adaptive Cards 1.4, schema explorer: RichTextBlock, TextRun, Action.OpenUrl.
"""

from typing import Any

from mailwarden.alerts.telling.message import Message

__all__ = ["card_of"]

_COLOURS = {"failure": "Attention", "warning": "Warning", "success": "Good", "info": "Default"}


def card_of(message: Message) -> dict[str, Any]:
    """Give the card for a message: a block a line, commands and log lines in a fixed width, a button to the page."""
    title = {
        "type": "TextRun",
        "text": message.title,
        "weight": "Bolder",
        "size": "Large",
        "color": _COLOURS.get(message.tone, "Default"),
    }
    blocks = [_block([title]), *(_block(_runs(line)) for line in message.body.split("\n"))]
    content: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": blocks,
        "msteams": {"width": "full"},
    }
    if message.link:
        content["actions"] = [{"type": "Action.OpenUrl", "title": "mailwarden", "url": message.link}]
    card = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": content}
    return {"type": "message", "attachments": [card]}


def _block(runs: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": runs}


def _runs(line: str) -> list[dict[str, Any]]:
    """Give a line in pieces; what stands between backticks is a command or a quote."""
    parts = line.split("`")
    if len(parts) % 2 == 0:
        parts = [line]
    runs = [(part, place % 2 == 1) for place, part in enumerate(parts) if part] or [(" ", False)]
    return [{"type": "TextRun", "text": text, **({"fontType": "Monospace"} if fixed else {})} for text, fixed in runs]
