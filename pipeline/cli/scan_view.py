"""What `scan` shows: a verdict first, at most 25 lines of 80 columns whatever the input, and the next step.

A narrower terminal gets rows of its width: more of them, and the words of an incident begin further to the left.
"""

import shlex
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.telling.render import severity_shape, severity_word
from mailwarden.alerts.terms import severity_rank
from mailwarden.alerts.words.escape import printable
from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.pipeline.cli.everyday import normal_text
from mailwarden.pipeline.cli.sentences import Sentences, span_of, years_of
from mailwarden.pipeline.cli.terminal import Line, Span, Style, columns, page_width, shorten, wrap

__all__ = ["SERVERS", "Scanned", "block", "scan_view", "style_of", "top_level", "verdict"]

WIDTH = 80
LINES = 25
_MARGIN = 12  # columns of the mark and the word before every block
_NARROW, _NARROW_MARGIN = 60, 2  # columns from which on the mark has a column of its own; else it has a row
_WHY_LINES = 2
SERVERS = {
    "postfix": "Postfix",
    "dovecot": "Dovecot",
    "exim": "Exim",
    "opensmtpd": "OpenSMTPD",
    "sendmail": "Sendmail",
    "courier": "Courier",
    "haraka": "Haraka",
    "cyrus": "Cyrus IMAP",
    "uw_imap": "UW-IMAP",
    "rspamd": "Rspamd",
    "amavis": "amavis",
    "spamassassin": "SpamAssassin",
    "clamav": "ClamAV",
    "mailscanner": "MailScanner",
    "opendkim": "OpenDKIM",
    "opendmarc": "OpenDMARC",
    "policyd_spf": "policyd-spf",
    "postgrey": "Postgrey",
    "pam": "PAM",
}
_Count = Callable[[Translator, int], str]
_KINDS: dict[str, _Count] = {  # what the minor incidents of a category are called when they are only counted
    "auth_attack": lambda say, n: say.count("{number} address guessing", "{number} addresses guessing", n),
    "enumeration": lambda say, n: say.count("{number} address harvest", "{number} address harvests", n),
    "relay_abuse": lambda say, n: say.count("{number} relay probe", "{number} relay probes", n),
    "protocol_abuse": lambda say, n: say.count(
        "{number} client breaking the protocol", "{number} clients breaking the protocol", n
    ),
    "config_weakness": lambda say, n: say.count("{number} weak setting", "{number} weak settings", n),
    "service_fault": lambda say, n: say.count("{number} service fault", "{number} service faults", n),
    "blocklist_risk": lambda say, n: say.count(
        "{number} sign of a bad reputation", "{number} signs of a bad reputation", n
    ),
    "outbound_spam": lambda say, n: say.count("{number} unusual sender", "{number} unusual senders", n),
    "account_takeover": lambda say, n: say.count("{number} unusual login", "{number} unusual logins", n),
}


class Scanned(Protocol):
    """What the runner tells of a scan."""

    incidents: list[Incident]
    lines: int
    understood: int
    not_understood: int
    first_us: int
    last_us: int
    seconds: float
    problems: list[str]  # what could not be read, as people are told it
    year_assumed: int | None
    totals: dict[tuple[str, str, str, str], int]  # sums of the rollups, by name and words


def top_level(incidents: Sequence[Incident]) -> list[Incident]:
    """Give the incidents that are told by themselves, the worst first; the rest stands in the story of its parent."""
    ids = {incident.id for incident in incidents}
    alone = [incident for incident in incidents if incident.parent not in ids]
    return sorted(alone, key=lambda one: (-severity_rank(one.severity), -_weight(one), -one.last_seen_us, one.id))


def _weight(incident: Incident) -> int:
    """Put what concerns an account, a provider or the whole site before what a single stranger does."""
    stranger = incident.primary[0] in ("source.ip", "mailwarden.network", "mailwarden.wide_network")
    return 0 if stranger else 1


def style_of(severity: str) -> Style:
    """Give the style of a severity."""
    rank = severity_rank(severity)
    return "critical" if rank == severity_rank("critical") else "watch" if rank >= severity_rank("medium") else "minor"


def verdict(incidents: Sequence[Incident], tongue: Translator) -> str:
    """Judge in a few words: 1 critical, 34 minor."""
    counts = Counter(style_of(incident.severity) for incident in incidents)
    words: list[tuple[Style, str]] = [
        ("critical", N_("{number} critical")),
        ("watch", N_("{number} to watch")),
        ("minor", N_("{number} minor")),
    ]
    said = [tongue.say(msgid, {"number": counts[style]}) for style, msgid in words if counts[style]]
    return tongue.gettext(", ").join(said)


def scan_view(
    scanned: Scanned,
    sentences: Sentences,
    *,
    everything: bool = False,
    state: Path | None = None,
    told: bool = False,
) -> list[Line]:
    """Show the result of a scan.

    Args:
        scanned: The result.
        sentences: The words for its incidents.
        everything: List every incident, without a limit of lines.
        state: The directory of `--state`, whose usual values were known; None without one.
        told: There is a channel.
    """
    tongue = sentences.tongue
    found = top_level(scanned.incidents)
    head = _head(scanned, found, sentences)
    tail = _tail(scanned, found, sentences, state=state, told=told)
    if everything:
        body: list[Line] = []
        for incident in found:
            body += [*block(incident, sentences), []]
    else:
        most = LINES * WIDTH // page_width()  # a narrower page is longer, and says the same
        body = _body(found, sentences, most - len(head) - len(tail), tongue)
    return [*head, *body, *tail]


# ---------------------------------------------------------------------- the head


def _head(scanned: Scanned, found: Sequence[Incident], sentences: Sentences) -> list[Line]:
    tongue = sentences.tongue
    judged = verdict(found, tongue)
    if judged:
        first = tongue.say(N_("{verdict}."), {"verdict": judged})
    elif not scanned.lines:
        first = tongue.gettext("Nothing was read: there is not a single line.")
    elif not scanned.understood:
        first = tongue.gettext("No mail log: not one line was understood. Give the log of a mail server.")
    elif scanned.problems:  # told above; what could not be read may hold anything
        first = "▲ " + tongue.gettext("Nothing wrong was found in what could be read.")
    else:
        first = "✓ " + tongue.gettext("Nothing wrong was found.")
    style: Style = style_of(found[0].severity) if found else "ok" if first[0] == "✓" else "watch"
    gap = "" if first.endswith("。") else " "
    rows = wrap(gap.join([first, *_read(scanned, sentences)]), page_width())[: _rows(3)]
    head = rows[0]
    lines: list[Line] = [[Span(first, style), head.removeprefix(first)] if head.startswith(first) else [head]]
    return [*lines, *([row] for row in rows[1:]), []]


def _read(scanned: Scanned, sentences: Sentences) -> list[str]:
    tongue = sentences.tongue
    if not scanned.lines:
        return []
    modules = {words[2] for words in scanned.totals if words[0] == "lines" and words[1] == "event"}
    servers = [name for module, name in SERVERS.items() if module in modules]
    values: dict[str, object] = {
        "lines": tongue.count("{number} line", "{number} lines", scanned.lines),
        "servers": _joined(servers, tongue),
        "span": span_of(scanned.first_us, scanned.last_us, tongue, sentences.zone) if scanned.last_us else "",
        "year": years_of(scanned.first_us, scanned.last_us, sentences.zone) if scanned.last_us else "",
        "seconds": tongue.value("number", max(scanned.seconds, 0.1)),
    }
    if scanned.last_us:
        assumed = scanned.year_assumed is not None
        values["span"] = tongue.say(N_("{span} (year assumed: {year})") if assumed else N_("{span} ({year})"), values)
    if servers and scanned.last_us:
        read = tongue.say(N_("Read {lines} of {servers}, {span}, in {seconds} s."), values)
    else:
        read = tongue.say(N_("Read {lines} in {seconds} s."), values)
    said = [printable(read)]
    if scanned.not_understood:
        missed = tongue.count("{number} line not understood.", "{number} lines not understood.", scanned.not_understood)
        said.append(missed)
    return said


def _joined(names: Sequence[str], tongue: Translator) -> str:
    if len(names) < 2:
        return "".join(names)
    values = {"first": tongue.gettext(", ").join(names[:-1]), "last": names[-1]}
    return tongue.say(N_("{first} and {last}"), values)


def _rows(most: int) -> int:
    """Give how many rows a text of at most so many rows of a whole page may take here."""
    return most if page_width() >= WIDTH else 3 * most


# ---------------------------------------------------------------------- the incidents


def block(incident: Incident, sentences: Sentences, *, why_lines: int = _WHY_LINES) -> list[Line]:
    """Show one incident: mark, word, title and id; why; the next step."""
    style, margin = style_of(incident.severity), _margin()
    room = page_width() - margin
    mark = f"{severity_shape(incident.severity)} {severity_word(incident.severity, sentences.tongue)}"
    short = sentences.short(incident.id)
    if margin < _MARGIN:
        title = _at_most(_rows(2), wrap(sentences.title(incident), room), room)
        lines: list[Line] = [[Span(mark, style), "  ", Span(short, "command")]]
        lines += [[" " * margin, Span(row, "strong")] for row in title]
    else:
        title = _at_most(_rows(2), wrap(sentences.title(incident), room - len(short) - 2, room), room)
        gap = " " * max(2, room - columns(title[0]) - len(short))
        lines = [[Span(_padded(mark), style), Span(title[0], "strong"), gap, Span(short, "command")]]
        lines += [[" " * margin, Span(row, "strong")] for row in title[1:]]
    why = _at_most(_rows(why_lines), wrap(sentences.why(incident), room), room)
    lines += [[" " * margin, row] for row in why]
    lines += [[" " * margin, *row] for row in _next(incident, sentences, room)]
    return lines


def _margin() -> int:
    """Give the columns before the words of an incident."""
    return _MARGIN if page_width() >= _NARROW else _NARROW_MARGIN


def _at_most(most: int, rows: list[str], width: int) -> list[str]:
    """Keep so many rows of a sentence; the last one shows that it goes on."""
    if len(rows) <= most:
        return rows
    last = rows[most - 1]
    while columns(last) >= width:
        last = last[:-1]
    return [*rows[: most - 1], last.rstrip() + "…"]


def _next(incident: Incident, sentences: Sentences, width: int) -> list[Line]:
    """Give the next step in a line, or its command in a second one; a command is shown whole or not at all."""
    tongue = sentences.tongue
    step = sentences.steps(incident)[0]
    head = tongue.say(N_("Next: {text}"), {"text": step.text})
    if step.command is None:
        return [[row] for row in _at_most(_rows(2), wrap(printable(head), width), width)]
    command = step.command
    if columns(command) + 2 > max(width, WIDTH - _MARGIN):  # a narrow terminal breaks it, and it is copied whole
        command = f"mailwarden show {sentences.short(incident.id)}"
    rows: list[Line] = [[row] for row in _at_most(_rows(2), wrap(printable(head), width), width)]
    last = str(rows[-1][0])
    if columns(last) + 3 + columns(command) <= width:
        return [*rows[:-1], [last, "   ", Span(command, "command")]]
    return [*rows, ["  ", Span(command, "command")]]


def _line(incident: Incident, sentences: Sentences) -> Line:
    """Show one incident in one line."""
    mark = f"{severity_shape(incident.severity)} {severity_word(incident.severity, sentences.tongue)}"
    short = sentences.short(incident.id)
    room = page_width() - _MARGIN - len(short) - 2
    title = shorten(sentences.title(incident), room)
    gap = " " * (room + 2 - columns(title))
    return [Span(_padded(mark), style_of(incident.severity)), title, gap, Span(short, "command")]


def _padded(mark: str) -> str:
    return mark + " " * max(1, _MARGIN - columns(mark))


def _body(found: Sequence[Incident], sentences: Sentences, room: int, tongue: Translator) -> list[Line]:
    """Fit the incidents into `room` lines: the serious ones in full, then in a line each, what is left counted."""
    serious = [one for one in found if severity_rank(one.severity) >= severity_rank("medium")]
    minor = found[len(serious) :]
    lines: list[Line] = []
    kept_back = 4 if minor else 0  # for the minor ones
    for place, incident in enumerate(serious):
        rows = [*block(incident, sentences), []]
        left = len(serious) - place - 1
        if len(lines) + len(rows) + kept_back + min(left, 2) + bool(left) > room:
            return [
                *lines,
                *_lines_of(serious[place:], sentences, room - len(lines) - kept_back),
                *_minor(minor, sentences, kept_back, tongue, shown=False),
            ]
        lines += rows
    return [*lines, *_minor(minor, sentences, room - len(lines), tongue, shown=True)]


def _lines_of(incidents: Sequence[Incident], sentences: Sentences, room: int) -> list[Line]:
    fits = len(incidents) if len(incidents) < room else max(0, room - 2)
    lines = [_line(incident, sentences) for incident in incidents[:fits]]
    rest = len(incidents) - fits
    if rest:
        more = sentences.tongue.count("and {number} more (--all)", "and {number} more (--all)", rest)
        lines.append([" " * _MARGIN, more])
    return [*lines, []]


def _minor(
    minor: Sequence[Incident], sentences: Sentences, room: int, tongue: Translator, *, shown: bool
) -> list[Line]:
    """Show the first of the minor incidents where it is more than one stranger's doing, and count the others."""
    if not minor:
        return []
    lines: list[Line] = []
    rest = list(minor)
    while shown and rest and (_weight(rest[0]) or len(rest) == 1):
        rows = [*block(rest[0], sentences), []]
        if len(lines) + len(rows) + (4 if len(rest) > 1 else 0) > room:
            break
        lines += rows
        rest.pop(0)
    if not rest:
        return lines
    counts = Counter(incident.category for incident in rest)
    kinds = [_KINDS[category](tongue, number) for category, number in counts.most_common()]
    listed = tongue.gettext(", ").join(kinds)
    if len(rest) < len(minor):
        text = tongue.count("{number} more: {kinds}", "{number} more: {kinds}", len(rest), {"kinds": listed})
    else:
        text = listed
    mark = _padded(f"{severity_shape('low')} {severity_word('low', tongue)}")
    rows_ = wrap(f"{text} (--all)", page_width() - _MARGIN)[: _rows(3)]
    lines.append([Span(mark, "minor"), rows_[0]])
    lines += [[" " * _MARGIN, row] for row in rows_[1:]]
    return [*lines, []]


# ---------------------------------------------------------------------- the tail


def _tail(
    scanned: Scanned, found: Sequence[Incident], sentences: Sentences, *, state: Path | None, told: bool
) -> list[Line]:
    tongue = sentences.tongue
    lines: list[Line] = []
    normal = normal_text(scanned.totals, tongue)
    if normal:
        lines += [[row] for row in wrap(normal, page_width())[: _rows(2)]]
    if state is None and scanned.understood:
        said = tongue.gettext("No history yet: “usual” values start after 7 days of  mailwarden run")
        lines += [[Span(row, "faint")] for row in wrap(said, page_width())]
    ends = []
    if found:
        command = f"mailwarden show {sentences.short(found[0].id)}"
        if state is not None:
            command += printable(f" --state {shlex.quote(str(state))}")
        ends.append(tongue.say(N_("Details: {command}"), {"command": command}))
    if told:
        ends.append(tongue.say(N_("Keep watching: {command}"), {"command": "mailwarden run"}))
    else:
        ends.append(tongue.say(N_("Nobody is told yet: {command}"), {"command": "mailwarden setup"}))
    end = " · ".join(ends)
    if columns(end) <= page_width():
        return [*lines, [end]]
    return [*lines, *([row] for one in ends for row in _whole(one))]


def _whole(text: str) -> list[str]:
    """Break what ends in a command, unless one of its words, such as a path, would have to be cut."""
    rows = wrap(text, page_width())
    return rows if all(columns(word) <= page_width() for word in text.split()) else [text]
