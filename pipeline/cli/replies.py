"""`mailwarden explain --reply`: what the replies of remote servers say about us, one reply a line."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mailwarden.alerts.words.escape import printable
from mailwarden.alerts.words.providers import list_name, provider_name
from mailwarden.alerts.words.replies import is_temporary, meaning
from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.parsers.reply import Verdict, classify
from mailwarden.parsers.reply_text import Reply, read_reply
from mailwarden.pipeline.cli.terminal import Line, Span, Style, write
from mailwarden.pipeline.showing.columns import columns
from mailwarden.pipeline.showing.jsonl import json_line
from mailwarden.pipeline.showing.story import begun

__all__ = ["explain_replies"]

_OURS: dict[str, Style] = {  # what tells of our own standing, and how much
    "blocklist": "critical",
    "reputation": "critical",
    "policy_auth": "watch",
    "rate_limit": "watch",
    "spam_content": "watch",
}
_SHAPES: dict[Style, str] = {"critical": "●", "watch": "▲", "minor": "■"}
_NO_REPLY = N_("not judged: no code, such as 550, and no words that are known. Give the whole reply, as it is logged.")
_ACCEPTED = N_("accepted: nothing was refused")


def explain_replies(words: tuple[str, ...], host: str | None, tongue: Translator, *, as_json: bool) -> None:
    """Classify replies and write what they mean.

    Args:
        words: A file, `-` or nothing for standard input; anything else is a reply itself.
        host: The remote server, where a reply does not name it.
        tongue: The reader's language.
        as_json: One object a line, in the order of the replies, instead of words.
    """
    replies = (read_reply(line, host) for line in _lines(words))
    judged = ((one, classify(one.text, one.code, one.enhanced, one.host)) for one in replies)
    if as_json:
        out = sys.stdout.buffer
        for reply, verdict in judged:
            out.write(json_line(_fields(reply, verdict, tongue)) + b"\n")
        out.flush()
    else:
        write(_views(judged, tongue))


def _lines(words: tuple[str, ...]) -> Iterator[str]:
    if len(words) == 1 and words[0] != "-" and Path(words[0]).is_file():
        with Path(words[0]).open(encoding="utf-8", errors="surrogateescape", newline="\n") as file:
            yield from (line.rstrip("\r\n") for line in file)
    elif words in ((), ("-",)):
        for line in sys.stdin.buffer:
            yield line.decode("utf-8", "surrogateescape").rstrip("\r\n")
    else:
        yield " ".join(words)


def _fields(reply: Reply, verdict: Verdict, tongue: Translator) -> dict[str, Any]:
    """Give a verdict under the names that events bear, unset ones left out."""
    said = meaning(verdict)
    fields = {
        "smtp.reply.code": reply.code,
        "smtp.reply.enhanced_code": reply.enhanced,
        "smtp.reply.text": reply.text[:1000],
        "destination.domain": reply.host,
        "mail.provider": verdict.provider,
        "mail.bounce.class": verdict.klass,
        "mail.bounce.kind": verdict.kind if verdict.kind != verdict.klass else None,
        "mail.bounce.list": verdict.list,
        "mail.bounce.scope": verdict.scope,
        "mail.bounce.rule_id": verdict.rule_id,
        "mail.bounce.temporary": is_temporary(verdict, reply.code),
        "mailwarden.reply.means": tongue.gettext(said.says),
        "mailwarden.reply.next": tongue.gettext(said.do),
        "mailwarden.reply.url": said.url,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _views(judged: Iterable[tuple[Reply, Verdict]], tongue: Translator) -> Iterator[Line]:
    first = True
    for reply, verdict in judged:
        if not reply.text:
            continue
        if not first:
            yield []
        first = False
        yield from _view(reply, verdict, tongue)


def _view(reply: Reply, verdict: Verdict, tongue: Translator) -> Iterator[Line]:
    said, text = meaning(verdict), printable(reply.text)
    if verdict.klass == "other" and (reply.code is None or reply.code < 400):
        if reply.code is None:
            yield [Span(f"▲ {tongue.gettext(_NO_REPLY)}", "watch")]
        else:
            yield [Span(f"✓ {tongue.gettext(_ACCEPTED)}", "ok")]
        yield [Span(f"  {text}", "faint")]
        return
    lasting = tongue.gettext("temporary") if is_temporary(verdict, reply.code) else tongue.gettext("permanent")
    kind = verdict.klass if verdict.kind == verdict.klass else f"{verdict.klass}, {verdict.kind}"
    style = _OURS.get(verdict.klass, "minor")
    means = {"text": begun(tongue.gettext(said.says)), "kind": kind, "lasting": lasting}
    judged = printable(tongue.say(N_("{text} ({kind}, {lasting})"), means))
    yield [Span(f"{_SHAPES[style]} {judged}", style)]
    rows = [
        (tongue.gettext("Reply"), text),
        (tongue.gettext("Provider"), provider_name(verdict.provider) if verdict.provider else None),
        (tongue.gettext("List"), list_name(verdict.list) if verdict.list else None),
        (tongue.gettext("Next"), tongue.gettext(said.do)),
        (tongue.gettext("See"), said.url),
    ]
    width = max(columns(name) for name, value in rows if value)
    for name, value in rows:
        if value:
            yield [Span(f"  {name}{' ' * (width - columns(name))}  ", "faint"), printable(value)]
