"""`mailwarden explain`: how a log line was read, or what a remote server's reply means."""

import sys
from importlib import import_module

import click

from mailwarden.alerts.words.escape import printable
from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.parsers.errors import coded
from mailwarden.parsers.event import Event, to_ecs
from mailwarden.pipeline.cli import options
from mailwarden.pipeline.cli.lines import reader_for
from mailwarden.pipeline.cli.root import Command
from mailwarden.pipeline.cli.session import session
from mailwarden.pipeline.cli.terminal import Line, Span, Style, write
from mailwarden.pipeline.showing.columns import columns, pad

__all__ = ["command"]

_ENVELOPE = (
    "@timestamp",
    "mailwarden.time.quality",
    "host.hostname",
    "process.name",
    "process.pid",
    "service.name",
    "mail.service",
    "log.syslog.priority",
    "log.level",
    "container.name",
)
_KINDS: dict[str, tuple[Style, str]] = {
    "event": ("ok", N_("✓ understood")),
    "ignored": ("faint", N_("■ not a mail program: passed over")),
    "pipeline_error": (
        "watch",
        N_("▲ not understood: no pattern knows this text. It is counted; see  mailwarden unparsed"),
    ),
}


@click.command(
    "explain",
    cls=Command,
    examples=[
        ("mailwarden explain 'Nov 23 00:00:01 mx1 postfix/smtpd[7]: connect from unknown[192.0.2.1]'", ""),
        ("tail -1 /var/log/mail.log | mailwarden explain -", ""),
        ("mailwarden explain --reply '421 4.7.0 [TSS04] Messages from 192.0.2.5 temporarily deferred'", ""),
    ],
)
@click.argument("lines", nargs=-1, metavar="LINE|-")
@click.option("--reply", is_flag=True, help="Take it for replies of remote servers, one a line: text, a FILE, or -.")
@click.option("--mx", metavar="HOST", help="The remote server that gave the replies, where they do not say.")
@click.option("--json", "as_json", is_flag=True, help="With --reply: one JSON object a line.")
@options.timezone
@options.year
@click.pass_context
def command(
    context: click.Context,
    lines: tuple[str, ...],
    reply: bool,
    mx: str | None,
    as_json: bool,
    zone: str | None,
    year: int | None,
) -> None:
    """Say how a log line was read.

    Shows what was taken from around the message, which format and pattern read it, and every field that it gave.
    Several arguments are one line whose quotes were forgotten. With --reply: what remote servers' replies say about us.
    """
    if reply:
        from mailwarden.pipeline.cli.replies import explain_replies

        explain_replies(lines, mx, session(context, own=True).tongue, as_json=as_json)
        return
    if not lines:
        raise click.UsageError(coded("MW8103", "Give the line, or - to read it from standard input."), context)
    if as_json or mx:
        raise click.UsageError(
            coded("MW8106", "--json and --mx go with --reply; for lines as JSON: mailwarden parse"), context
        )
    now = session(context, own=True)
    zone = zone or now.configuration.timezone
    text = sys.stdin.buffer.read().decode("utf-8", "surrogateescape") if lines == ("-",) else " ".join(lines)
    reader = reader_for("-", zone, year)
    shown: list[Line] = []
    for line in text.removesuffix("\n").split("\n"):
        event = reader.read(line)
        shown += [*_view(line, event, now.tongue), []]
    write(shown[:-1])


def _view(line: str, event: Event, tongue: Translator) -> list[Line]:
    style, said = _KINDS.get(event.event_kind, _KINDS["pipeline_error"])
    lines: list[Line] = [
        [Span(tongue.gettext(said), style)],
        [],
        [Span(tongue.gettext("The line"), "faint")],
        [f"  {printable(event.event_original or line)}"],
    ]
    fields = to_ecs(event)
    lines.append([Span(tongue.gettext("Around the message"), "faint")])
    around = {name: value for name, value in fields.items() if name in _ENVELOPE}
    stamped = [name for name in around if name != "mailwarden.time.quality"]
    nothing = tongue.gettext("nothing: no stamp and no program name was found")
    lines += _table(around) if stamped else [[f"  {nothing}"]]
    words = [tongue.gettext("Format"), tongue.gettext("Pattern")]
    width = max(map(columns, words)) + 1
    form, pattern = (Span(pad(word, width), "faint") for word in words)
    lines.append([form, printable(event.event_module or tongue.gettext("none"))])
    patterns = _patterns(line, event)
    if patterns:
        lines.append([pattern, ", ".join(patterns)])
    lines.append([Span(tongue.gettext("The event"), "faint")])
    lines += _table({name: value for name, value in fields.items() if name not in _ENVELOPE})
    return lines


def _table(fields: dict[str, object]) -> list[Line]:
    width = max(map(len, fields))
    return [[f"  {name:<{width}}  {printable(str(value))}"] for name, value in fields.items()]


def _patterns(line: str, event: Event) -> list[str]:
    """Name the patterns that read the message: it is what begins behind one of the line's first blanks."""
    if event.event_kind != "event" or not event.event_module:
        return []
    form = getattr(import_module(f"mailwarden.parsers.formats.{event.event_module}"), "FORMAT", None)
    if form is None:
        return []
    start = 0
    for _ in range(14):
        bare = Event()
        bare.process_name = event.process_name
        found = form.explain(bare, line[start:])
        if found:
            return [str(name) for name in found]
        start = line.find(" ", start) + 1
        if not start:
            break
    return []
