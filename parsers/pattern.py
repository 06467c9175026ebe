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
from dataclasses import dataclass
from typing import NamedTuple

from mailwarden.parsers.event import Event

__all__ = ["Format", "Pattern"]

Read = Callable[[Event, str], bool]
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


@dataclass(frozen=True, slots=True)
class _Index:
    """The patterns of one program, by the first characters of their literal; the rest in order of declaration."""

    heads: dict[str, tuple[tuple[str, int, Read], ...]]
    others: tuple[tuple[str, Read], ...]


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
        self._indices: dict[str | None, _Index] = {}

    def pattern(
        self, literal: str, *, programs: tuple[str, ...] = (), anywhere: bool = False
    ) -> Callable[[Read], Read]:
        """Declare a shape of line under the literal text that proves it.

        Args:
            literal: Text that every such line holds; at least four characters, unless `anywhere`.
            programs: The programs that write it; empty for all of the format.
            anywhere: The literal stands behind text that a client chooses; `read` then gets the whole text.
        """
        if not literal.strip() or (not anywhere and len(literal) < _HEAD):
            raise ValueError(f"literal {literal!r} is too short to prove a pattern")

        def declare(read: Read) -> Read:
            self.patterns.append(Pattern(read.__name__, literal, anywhere, programs, read))
            self._indices.clear()
            return read

        return declare

    def read(self, event: Event, text: str) -> None:
        """Fill the event from the text of a line of this server; `pipeline_error` where no pattern knows it."""
        event.event_module = self.name
        if self._prepare is not None:
            text = self._prepare(event, text)
        index = self._indices.get(event.process_name) or self._index(event.process_name)
        for literal, length, read in index.heads.get(text[:_HEAD], ()):
            if text.startswith(literal) and read(event, text[length:]):
                return
        for literal, read in index.others:
            if literal in text and read(event, text):
                return
        event.event_kind = "pipeline_error"

    def explain(self, event: Event, text: str) -> list[str]:
        """Name every pattern that would read this text (one, where all is well)."""
        if self._prepare is not None:
            text = self._prepare(event, text)
        return [
            p.name
            for p in self.patterns
            if (not p.programs or event.process_name in p.programs) and p.matches(Event(), text)
        ]

    def _index(self, program: str | None) -> _Index:
        heads: dict[str, list[tuple[str, int, Read]]] = {}
        others: list[tuple[str, Read]] = []
        for p in self.patterns:
            if p.programs and program not in p.programs:
                continue
            if p.anywhere:
                others.append((p.literal, p.read))
            else:
                heads.setdefault(p.literal[:_HEAD], []).append((p.literal, len(p.literal), p.read))
        index = _Index(
            {head: tuple(sorted(found, key=lambda one: -one[1])) for head, found in heads.items()}, tuple(others)
        )
        self._indices[program] = index
        return index
