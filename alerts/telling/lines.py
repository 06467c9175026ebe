"""The lines of a message, and what goes first when there is no room for all of them."""

import msgspec

from mailwarden.alerts.words.escape import chat, printable

__all__ = ["BODY_LIMIT", "LINE_LIMIT", "TITLE_LIMIT", "Line", "Rendered", "cut", "cut_quoted", "fit", "middle"]

TITLE_LIMIT = 60  # the shortest topic that a service in wide use allows
BODY_LIMIT = 900
# Characters of a line, and of one that quotes a log, of which a part still says something.
_LEAST, _QUOTE_LEAST = 40, 120
LINE_LIMIT = 10  # of the whole message, its title included


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """A message ready for a channel: escaped, and within its limits. `tone`: info, success, warning or failure."""

    id: str
    title: str
    body: str
    tone: str = "warning"


class Line(msgspec.Struct):
    """A line of the body; the one with the lowest worth goes first when room runs out, one without worth never."""

    text: str
    worth: int | None = None
    is_quote: bool = False  # ends with what stands between backticks, of which a part is better than nothing


def fit(lines: list[Line], limit: int) -> str:
    """Join the lines, escaped; while there are too many or they are too long, the least worthy goes."""
    kept = [Line(chat(line.text), line.worth, line.is_quote) for line in lines if line.text]
    while len(kept) > 1:
        size = sum(len(line.text) + 1 for line in kept) - 1
        loose = [line for line in kept if line.worth is not None]
        if not loose or (len(kept) < LINE_LIMIT and size <= limit):
            break
        worst = min(loose, key=lambda line: line.worth or 0)
        over = size - limit
        least = _QUOTE_LEAST if worst.is_quote else _LEAST
        if len(kept) < LINE_LIMIT and len(worst.text) - over >= least and (worst.is_quote or "`" not in worst.text):
            shorten = cut_quoted if worst.is_quote else cut
            worst.text = shorten(worst.text, len(worst.text) - over)
        else:
            kept.remove(worst)
    return cut("\n".join(line.text for line in kept), limit)


def cut(text: str, limit: int) -> str:
    """Shorten a text, and show that it was."""
    return text if len(text) <= limit else text[: max(0, limit - 1)] + "…"


def cut_quoted(text: str, limit: int) -> str:
    """Shorten a text that ends with a backtick, which it keeps."""
    return text if len(text) <= limit else f"{text[: max(0, limit - 2)]}…`"


def middle(text: str, limit: int) -> str:
    """Shorten a name so that one still sees which it is: an account by its beginning, a host by both ends."""
    safe = printable(text)
    if len(safe) <= limit:
        return safe
    if "@" in safe:
        return f"{safe[: limit - 1].rstrip('.')}…"
    tail = (limit - 1) // 2
    return safe[: limit - 1 - tail] + "…" + (safe[-tail:] if tail else "")
