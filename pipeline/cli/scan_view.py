"""What `scan` shows: a verdict first, at most 25 lines of 80 columns whatever the input, and the next step.

A narrower terminal gets rows of its width: more of them, and the words of an incident begin further to the left.
"""

import shlex
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.incidents.severity import severity_shape, severity_word
from mailwarden.alerts.terms import severity_rank
from mailwarden.alerts.words.escape import printable
from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.parsers.servers import SERVERS
from mailwarden.pipeline.cli.everyday import normal_text
from mailwarden.pipeline.cli.incident_view import (
    MARGIN,
    WIDTH,
    block,
    is_strangers,
    padded,
    row_of,
    rows_of,
    style_of,
)
from mailwarden.pipeline.cli.terminal import Line, Span, Style, page_width
from mailwarden.pipeline.showing.columns import columns, wrap
from mailwarden.pipeline.showing.sentences import Sentences, span_of, years_of

__all__ = ["Found", "FoundCount", "Scanned", "alone", "scan_view", "verdict"]

LINES = 25
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


class FoundCount(Protocol):
    """How many incidents there are of a kind."""

    @property
    def severity(self) -> str:
        """One of the severities."""

    @property
    def category(self) -> str:
        """One of the categories."""

    @property
    def alone(self) -> bool:
        """Whether they are told by themselves, and are not part of another's story."""

    @property
    def number(self) -> int:
        """How many."""


class Found(Protocol):
    """The incidents that were found: more than memory may be for."""

    def worst(self, limit: int = -1) -> Iterator[Incident]:
        """Give those that are told by themselves, the worst first."""

    def counts(self) -> Sequence[FoundCount]:
        """Count them all."""


class Scanned(Protocol):
    """What the runner tells of a scan."""

    @property
    def found(self) -> Found:
        """The incidents."""

    lines: int
    understood: int
    not_understood: int
    first_us: int
    last_us: int
    seconds: float
    problems: list[str]  # what could not be read, as people are told it
    year_assumed: int | None
    totals: dict[tuple[str, str, str, str], int]  # sums of the rollups, by name and words


def alone(counts: Sequence[FoundCount]) -> Counter[str]:
    """Give how many incidents are told by themselves, by severity."""
    found: Counter[str] = Counter()
    for one in counts:
        found[one.severity] += one.number * one.alone
    return found


def verdict(severities: Mapping[str, int], tongue: Translator) -> str:
    """Judge in a few words, by how many there are of each severity: 1 critical, 34 minor."""
    counts: Counter[Style] = Counter()
    for severity, number in severities.items():
        counts[style_of(severity)] += number
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
) -> Iterator[Line]:
    """Show the result of a scan.

    Args:
        scanned: The result.
        sentences: The words for its incidents.
        everything: List every incident, without a limit of lines.
        state: The directory of `--state`, whose usual values were known; None without one.
        told: There is a channel.
    """
    worst = next(scanned.found.worst(1), None)
    counts = [one for one in scanned.found.counts() if one.alone]
    head = _head(scanned, worst, counts, sentences)
    tail = _tail(scanned, worst, sentences, state=state, told=told)
    yield from head
    if everything:
        for incident in scanned.found.worst():
            yield from [*block(incident, sentences), []]
    else:
        most = LINES * WIDTH // page_width()  # a narrower page is longer, and says the same
        yield from _body(scanned.found, counts, sentences, max(1, most - len(head) - len(tail)))
    yield from tail


# ---------------------------------------------------------------------- the head


def _head(scanned: Scanned, worst: Incident | None, counts: Sequence[FoundCount], sentences: Sentences) -> list[Line]:
    tongue = sentences.tongue
    judged = verdict(alone(counts), tongue)
    if judged:
        first = tongue.say(N_("{verdict}."), {"verdict": judged})
    elif not scanned.lines and scanned.problems:
        first = tongue.gettext("Nothing was read; why stands above.")
    elif not scanned.lines:
        first = tongue.gettext("Nothing was read: there is not a single line.")
    elif not scanned.understood:
        first = tongue.gettext("No mail log: not one line was understood. Give the log of a mail server.")
    elif scanned.problems:  # told above; what could not be read may hold anything
        first = "▲ " + tongue.gettext("Nothing wrong was found in what could be read.")
    else:
        first = "✓ " + tongue.gettext("Nothing wrong was found.")
    style: Style = style_of(worst.severity) if worst else "ok" if first[0] == "✓" else "watch"
    gap = "" if first.endswith("。") else " "
    rows = wrap(gap.join([first, *_read(scanned, sentences)]), page_width())[: rows_of(3)]
    head = rows[0]
    lines: list[Line] = [[Span(first, style), head.removeprefix(first)] if head.startswith(first) else [head]]
    return [*lines, *([row] for row in rows[1:]), []]


def _read(scanned: Scanned, sentences: Sentences) -> list[str]:
    tongue = sentences.tongue
    if not scanned.lines:
        return []
    modules = {words[2] for words in scanned.totals if words[0] == "lines" and words[1] == "event"}
    servers = [server.title for module, server in SERVERS.items() if module in modules]
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


# ---------------------------------------------------------------------- the incidents


def _body(found: Found, counts: Sequence[FoundCount], sentences: Sentences, room: int) -> list[Line]:
    """Fit the incidents into `room` lines: the serious ones in full, then in a line each, what is left counted."""
    shown = list(found.worst(room))  # none takes less than a line
    serious = [one for one in shown if _is_serious(one.severity)]
    left = sum(one.number for one in counts if _is_serious(one.severity))
    minor: Counter[str] = Counter()
    for one in counts:
        if not _is_serious(one.severity):
            minor[one.category] += one.number
    lines: list[Line] = []
    kept_back = 4 if minor else 0  # for the minor ones
    for place, incident in enumerate(serious):
        rows = [*block(incident, sentences), []]
        left -= 1
        if len(lines) + len(rows) + kept_back + min(left, 2) + bool(left) > room:
            return [
                *lines,
                *_lines_of(serious[place:], left + 1, sentences, room - len(lines) - kept_back),
                *_minor([], minor, sentences, kept_back),
            ]
        lines += rows
    return [*lines, *_minor(shown[len(serious) :], minor, sentences, room - len(lines))]


def _is_serious(severity: str) -> bool:
    return severity_rank(severity) >= severity_rank("medium")


def _lines_of(incidents: Sequence[Incident], number: int, sentences: Sentences, room: int) -> list[Line]:
    """Show so many incidents in a line each, as far as there is room; of the others how many there are."""
    fits = number if number < room else max(0, room - 2)
    lines = [row_of(incident, sentences) for incident in incidents[:fits]]
    rest = number - fits
    if rest:
        more = sentences.tongue.count("and {number} more (--all)", "and {number} more (--all)", rest)
        lines.append([" " * MARGIN, more])
    return [*lines, []]


def _minor(shown: Sequence[Incident], counts: Counter[str], sentences: Sentences, room: int) -> list[Line]:
    """Show the first of the minor incidents where it is more than one stranger's doing, and count the others.

    Args:
        shown: Those that may be shown in full, the worst first.
        counts: How many there are, by category; those that are shown are taken out.
        sentences: The words for them.
        room: Lines.
    """
    tongue, all_ = sentences.tongue, counts.total()
    lines: list[Line] = []
    for incident in shown:
        if is_strangers(incident) and counts.total() > 1:
            break
        rows = [*block(incident, sentences), []]
        if len(lines) + len(rows) + (4 if counts.total() > 1 else 0) > room:
            break
        lines += rows
        counts[incident.category] -= 1
    rest = counts.total()
    if not rest:
        return lines
    kinds = [_KINDS[category](tongue, number) for category, number in counts.most_common() if number]
    text = tongue.gettext(", ").join(kinds)
    if rest < all_:
        text = tongue.count("{number} more: {kinds}", "{number} more: {kinds}", rest, {"kinds": text})
    mark = padded(f"{severity_shape('low')} {severity_word('low', tongue)}")
    first, *others = wrap(f"{text} (--all)", page_width() - MARGIN)[: rows_of(3)]
    lines.append([Span(mark, "minor"), first])
    return [*lines, *([" " * MARGIN, row] for row in others), []]


# ---------------------------------------------------------------------- the tail


def _tail(
    scanned: Scanned, worst: Incident | None, sentences: Sentences, *, state: Path | None, told: bool
) -> list[Line]:
    tongue = sentences.tongue
    lines: list[Line] = []
    if not scanned.lines and scanned.problems:  # what to do stands with them
        return lines
    normal = normal_text(scanned.totals, tongue)
    if normal:
        lines += [[row] for row in wrap(normal, page_width())[: rows_of(2)]]
    if state is None and scanned.understood:
        said = tongue.gettext("No history yet: “usual” values start after 7 days of  mailwarden run")
        lines += [[Span(row, "faint")] for row in wrap(said, page_width())]
    ends = []
    if worst:
        command = f"mailwarden show {sentences.short(worst.id)}"
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
