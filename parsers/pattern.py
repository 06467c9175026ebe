"""The patterns of one server: how its lines are told apart, and which of them is which.

A format module makes one `Format`, and declares each shape of line as a function under the literal text that proves it:

    postfix = Format("postfix", prepare=_peel)

    @postfix.pattern("connect from ", programs=("smtpd",))
    def connect(event: Event, rest: str) -> bool: ...

A pattern gets the text behind its literal and returns whether the line is its own; it sets nothing before it is sure.
Beside the module stands `<name>.yaml` with samples, each naming its pattern. A pattern without a sample, or a sample that
two patterns match, fails the build.
"""

from collections.abc import Callable
from copy import copy
from typing import NamedTuple

from mailwarden.parsers.event import Event

__all__ = ["Format", "Index", "Pattern", "Read"]

Read = Callable[[Event, str], bool]
_READERS_KEPT = 256  # programs; whoever may write to syslog may invent more
_HEAD = 4  # literals are found by their first four characters: the shortest first words that differ ("from", "SASL")


class Pattern(NamedTuple):
    """One shape of line: its name, the literal text that proves it, and what reads the rest."""

    name: str
    literal: str
    anywhere: bool  # the literal stands somewhere in the text; `read` then gets the whole text
    programs: tuple[str, ...]  # empty: every program of the format
    read: Read

    def matches(self, event: Event, text: str) -> bool:
        """Try this pattern alone; True where the line is its own."""
        if self.anywhere:
            return self.literal in text and self.read(event, text)
        return text.startswith(self.literal) and self.read(event, text[len(self.literal) :])


class Index(NamedTuple):
    """The patterns of one program, by the first characters of their literal; the rest in order of declaration."""

    heads: dict[str, tuple[tuple[str, int, Read], ...]]
    others: tuple[tuple[str, Read], ...]

    def read(self, event: Event, text: str) -> bool:
        """Let the pattern read the text that knows it; `pipeline_error` where none does."""
        for literal, length, read in self.heads.get(text[:_HEAD], ()):
            if text[:length] == literal and read(event, text[length:]):
                return True
        return self.read_elsewhere(event, text)

    def read_elsewhere(self, event: Event, text: str) -> bool:
        """Let a pattern whose literal stands anywhere read the text, after all others have been asked."""
        for literal, read in self.others:
            if literal in text and read(event, text):
                return True
        event.event_kind = "pipeline_error"
        return False


class Format:
    """One server's wording.

    Args:
        name: The format's name; also of its module, its samples and its id in settings and docs.
        programs: Program names (`process.name`) that belong to this server.
        prepare: Takes what stands before every text (a level word, a queue id) off it, sets the fields that proves,
            and returns what is left for the patterns.
    """

    def __init__(
        self, name: str, programs: tuple[str, ...], prepare: Callable[[Event, str], str] | None = None
    ) -> None:
        self.name = name
        self.programs = frozenset(programs)
        self.patterns: list[Pattern] = []
        self._prepare = prepare
        self._indices: dict[str | None, Index] = {}
        self._readers: dict[str | None, Read] = {}

    def pattern(self, *literals: str, programs: tuple[str, ...] = (), anywhere: bool = False) -> Callable[[Read], Read]:
        """Declare a shape of line under the literal text that proves it, or under several, each of which does.

        Args:
            literals: Text that every such line holds; at least four characters, unless `anywhere`.
            programs: The programs that write it; empty for all of the format.
            anywhere: The literal stands behind text that a client chooses; `read` then gets the whole text.
        """
        for literal in literals:
            if not literal.strip() or (not anywhere and len(literal) < _HEAD):
                raise ValueError(f"literal {literal!r} is too short to prove a pattern")

        def declare(read: Read) -> Read:
            self.patterns += [Pattern(read.__name__, literal, anywhere, programs, read) for literal in literals]
            self._indices.clear()
            self._readers.clear()
            return read

        return declare

    def read(self, event: Event, text: str) -> bool:
        """Fill the event from the text of a line of this server; `pipeline_error` where no pattern knows it."""
        return self.reader(event.process_name)(event, text)

    def reader(self, program: str | None) -> Read:
        """Give what reads the texts of one program, with all that can be looked up beforehand."""
        read = self._readers.get(program)
        if read is None:
            read = self._make_reader(program)
            if len(self._readers) < _READERS_KEPT:
                self._readers[program] = read
        return read

    def _make_reader(self, _program: str | None) -> Read:
        """Make what reads the texts of one program; formats of many lines know shorter ways than this."""
        name, prepare, index = self.name, self._prepare, self.index

        def read(event: Event, text: str) -> bool:
            event.event_module = name
            if prepare is not None:
                text = prepare(event, text)
            return index(event.process_name).read(event, text)

        return read

    def explain(self, event: Event, text: str) -> list[str]:
        """Name every pattern that would read this text (one, where all is well)."""
        if self._prepare is not None:
            text = self._prepare(event, text)
        return [
            p.name
            for p in self.patterns
            if (not p.programs or event.process_name in p.programs) and p.matches(copy(event), text)
        ]

    def index(self, program: str | None) -> Index:
        """Give the patterns of one program."""
        index = self._indices.get(program)
        if index is not None:
            return index
        heads: dict[str, list[tuple[str, int, Read]]] = {}
        others: list[tuple[str, Read]] = []
        for p in self.patterns:
            if p.programs and program not in p.programs:
                continue
            if p.anywhere:
                others.append((p.literal, p.read))
            else:
                heads.setdefault(p.literal[:_HEAD], []).append((p.literal, len(p.literal), p.read))
        index = Index(
            {head: tuple(sorted(found, key=lambda one: -one[1])) for head, found in heads.items()}, tuple(others)
        )
        if len(self._indices) < _READERS_KEPT:
            self._indices[program] = index
        return index
