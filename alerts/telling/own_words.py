"""Messages in an operator's own words: a Jinja template, whose first line is the title and the rest the body.

It is filled with the parts of our own message, each escaped as for chat already, so that a log line can neither call a person
nor break out of its place; what the operator writes himself stays as he wrote it. It runs in Jinja's sandbox, reads no
file and knows no name but those of `Words`. Where it cannot be filled, or says nothing, our own message is sent.
"""

from functools import cached_property
from typing import Any

import msgspec

from mailwarden.alerts.telling.lines import Rendered, cut
from mailwarden.parsers.errors import Coded, coded

__all__ = ["OwnWords", "Words", "WordsFault", "example"]

_MOST = 20_000  # characters that are written, however long a template would go on
_CALLED = "template"
_OF_LOOPS = {"loop"}


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What a template may name. Texts are escaped, in the language of the channel; times are those of its zone."""

    title: str  # of our own message
    body: str
    kind: str  # opened, worse, repeated, escalated, acknowledged, ended, returned, summary
    severity: str  # critical, high, medium, low, info
    word: str  # the same in the reader's language
    host: str
    about: str  # the account, network, provider … that it is about
    what: str  # the sentence that judges
    why: str
    first: str
    last: str
    events: int
    next: str  # what to do first
    command: str  # for it; empty where there is none
    id: str  # as people type it
    link: str  # to the page; empty without one


class WordsFault(Exception):
    """A template is wrong; `line` counts from 1."""

    def __init__(self, line: int, said: Coded) -> None:
        super().__init__(str(said))
        self.line, self.said = line, said


class OwnWords:
    """One template.

    Args:
        source: Its text.
    """

    def __init__(self, source: str) -> None:
        self._source = source

    def check(self) -> None:
        """Look at it without sending anything.

        Raises:
            WordsFault: It cannot be read, names what is not there, or says nothing.
        """
        from jinja2 import nodes

        tree = self._parsed()
        known = set(Words.__struct_fields__)
        set_here = {name.name for name in tree.find_all(nodes.Name) if name.ctx != "load"}
        for name in tree.find_all(nodes.Name):
            if name.name not in known | set_here | _OF_LOOPS:
                names = ", ".join(sorted(known))
                said = coded("MW4114", '"{name}" is none of what can be said: {names}.', name=name.name, names=names)
                raise WordsFault(name.lineno, said)
        self.written(example())

    def message(self, ours: Rendered, words: Words, title_limit: int, body_limit: int) -> Rendered:
        """Give a message in these words, cut to the limits of its channel.

        Raises:
            WordsFault: It cannot be filled.
        """
        title, body = self.written(words)
        return Rendered(id=ours.id, title=cut(title, title_limit), body=cut(body or title, body_limit), tone=ours.tone)

    def written(self, words: Words) -> tuple[str, str]:
        """Give the title and the body that it makes.

        Raises:
            WordsFault: It cannot be filled, or says nothing.
        """
        from jinja2 import TemplateError

        text = ""
        try:
            for piece in self._template.generate(**msgspec.structs.asdict(words)):
                text += piece
                if len(text) > _MOST:
                    break
        except (
            TemplateError,
            ArithmeticError,
            AttributeError,
            LookupError,
            RuntimeError,
            TypeError,
            ValueError,
        ) as error:
            said = coded("MW4114", "cannot be filled: {error}.", error=str(error)[:200].rstrip("."))
            raise WordsFault(_line_of(error), said) from error
        title, _, body = text.strip().partition("\n")
        if not title.strip():
            raise WordsFault(1, coded("MW4114", "says nothing. Its first line is the title, the rest the body."))
        return title.strip(), body.strip()

    def _parsed(self) -> Any:
        from jinja2 import TemplateSyntaxError

        try:
            return self._environment.parse(self._source)
        except TemplateSyntaxError as error:
            said = coded("MW4114", "cannot be read: {error}.", error=(error.message or "")[:200].rstrip("."))
            raise WordsFault(error.lineno, said) from None

    @cached_property
    def _environment(self) -> Any:
        from jinja2 import StrictUndefined
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        made = ImmutableSandboxedEnvironment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
        made.globals.clear()  # `range` and the like: a loop over them would keep everybody waiting
        return made

    @cached_property
    def _template(self) -> Any:
        self._parsed()
        return self._environment.from_string(self._source)


def _line_of(error: BaseException) -> int:
    """Give the line of the template at which it failed: Jinja writes it into the traceback."""
    line, frame = 1, error.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code.co_filename == f"<{_CALLED}>":
            line = frame.tb_lineno
        frame = frame.tb_next
    return line


def example() -> Words:
    """Give words as a takeover has them, to try a template with."""
    return Words(
        title="● CRITICAL mx1: ana@example.org was taken over and sends spam",
        body="291 recipients within 15 min from 198.51.100.7, a network it had not used before (fires at 20).",
        kind="opened",
        severity="critical",
        word="CRITICAL",
        host="mx1",
        about="ana@example.org",
        what="ana@example.org was taken over and sends spam.",
        why="291 recipients within 15 min from 198.51.100.7, a network it had not used before (fires at 20).",
        first="00:30:28 UTC",
        last="00:30:54 UTC",
        events=291,
        next="change the password of ana@example.org, then end its open sessions",
        command="doveadm auth cache flush; doveadm kick ana@example.org",
        id="7K2",
        link="http://localhost:8742/i/7K2",
    )
