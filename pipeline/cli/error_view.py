"""How a kind of error is shown: what it means, how to mend it, an example."""

from collections.abc import Iterator
from itertools import groupby

from mailwarden.alerts.words.errors import ErrorKind
from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.pipeline.cli.terminal import Line, Span

__all__ = ["error_data", "error_list", "error_view"]

_INDENT = "    "


def error_view(kind: ErrorKind, tongue: Translator) -> Iterator[Line]:
    """Say what a kind of error means."""
    yield [Span(f"{kind.code}  {tongue.gettext(kind.title)}", "strong")]
    yield []
    yield [f"  {tongue.gettext(kind.means)}"]
    yield []
    yield [f"→ {tongue.gettext(kind.mend)}"]
    for head, example in ((N_("Wrong"), kind.wrong), (N_("Right"), kind.right)):
        if example:
            yield []
            yield [Span(tongue.say(N_("{heading}:"), {"heading": tongue.gettext(head)}), "faint")]
            yield from ([f"{_INDENT}{line}"] for line in example.rstrip().split("\n"))


def error_list(kinds: list[ErrorKind], tongue: Translator) -> Iterator[Line]:
    """List kinds of error by what they are about."""
    for number, (group, several) in enumerate(groupby(kinds, lambda kind: kind.group)):
        yield from [[]] if number else []
        yield [Span(tongue.gettext(group), "strong")]
        yield from ([f"  {kind.code}  {tongue.gettext(kind.title)}"] for kind in several)


def error_data(kind: ErrorKind, tongue: Translator) -> dict[str, str]:
    """Give a kind of error for JSON."""
    words = {name: tongue.gettext(getattr(kind, name)) for name in ("group", "title", "means", "mend")}
    examples = {name: text for name, text in (("wrong", kind.wrong), ("right", kind.right)) if text}
    return {"error.code": kind.code, **words, **examples}
