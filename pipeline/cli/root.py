"""The command `mailwarden`: finds the commands, and turns whatever ends them into a message and an exit code.

Exit codes: 0 well; 1 findings, only where `--fail-on` asks; 2 usage or configuration; 3 runtime; 130 interrupted.
"""

import errno
import os
import re
import stat
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from typing import Any

import click

from mailwarden import __version__
from mailwarden.alerts.words.translate import N_, Translator, paragraphs
from mailwarden.parsers.errors import ConfigurationError, MailwardenError, UsageError, coded, worded
from mailwarden.parsers.system_errors import reason
from mailwarden.pipeline.cli.helping import Context, option_rows, slip_text, tongue
from mailwarden.pipeline.cli.terminal import announce, answered, tell

__all__ = ["COMMANDS", "Command", "Face", "Group", "examples", "root"]

COMMANDS: dict[str, str] = {  # in the order a person meets them; each lives in a module of its name
    "scan": "Look back: read logs and say what went wrong in them.",
    "run": "Watch: follow the logs and tell people when something goes wrong.",
    "show": "Show one incident: what to do, why, how it went, and the lines that prove it.",
    "find": "Tell the story of a message, an address or an account.",
    "people": "Say who reads mail how, and who sends.",
    "risk": "Say how near our addresses and domains are to a block.",
    "feedback": "Read what others report about our mail.",
    "report": "Write the report of a day.",
    "explain": "Say how a log line was read.",
    "silence": "Stop being told about an incident, and say why.",
    "unparsed": "Show the lines of mail programs that were not understood.",
    "check": "Look at a domain as receivers of its mail do.",
    "doctor": "Check that mailwarden sees everything and can reach you.",
    "web": "Show what the service knows as a page in the browser.",
    "setup": "Set up watching: three questions, and everything is shown before it is written.",
    "parse": "Turn every log line into one JSON object.",
    "rules": "List, show, test, tune and lint the detection rules.",
    "blocklist": "Show which addresses may be blocked, why and until when, and which are spared.",
    "backtest": "Try a change on what happened here: which incidents would come, and which would go?",
}
MORE = ("parse", "rules", "blocklist", "backtest")
_ANNOUNCED = {  # what takes long to answer, and is said meanwhile
    "scan": N_("Reading the logs …"),
    "find": N_("Looking for it …"),
    "report": N_("Writing the report …"),
    "explain": N_("Reading the line …"),
    "doctor": N_("Looking at everything …"),
    "rules": N_("Reading the rules …"),
    "backtest": N_("Trying it on what happened …"),
}
# What is written past `terminal.write`, or typed, or at once.
_AS_DATA = ("-h", "--help", "--json", "--form", "--list", "--queue-ids", "--reply")
_IDS = re.compile(r"\[?(?:MW)?[0-9]{4}\]?", re.IGNORECASE)  # of errors: looked up at once


@dataclass
class Face:
    """What was asked of every command alike."""

    debug: bool = False
    config: str | None = None
    tongue: Translator | None = None  # of the configuration, once it was read


class Command(click.Command):
    """A command whose help is: usage, one sentence, examples, options."""

    context_class = Context

    def __init__(self, *args: Any, examples: Sequence[tuple[str, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = examples
        self.params.extend(_common())

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sentence, then the examples."""
        super().format_help_text(ctx, formatter)
        examples(self.examples, formatter)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options."""
        with formatter.section("Options"):
            formatter.write_dl(option_rows(self, ctx))


class Group(click.Group):
    """A group whose unknown commands are answered with the one that was meant."""

    context_class = Context

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, then the commands."""
        with formatter.section("Options"):
            formatter.write_dl(option_rows(self, ctx))
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, each with its first sentence."""
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl([(name, tongue().gettext(paragraphs(one.help or "")[0])) for name, one in found if one])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which one was probably meant."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            meant = get_close_matches(name, self.list_commands(ctx), 1)
            mend = worded("See: {command} --help", command=ctx.command_path)
            if meant:
                mend = worded("Did you mean `{meant}`?", meant=meant[0])
            raise click.UsageError(coded("MW8101", "No command `{name}`. {mend}", name=name, mend=mend), ctx)
        return super().resolve_command(ctx, args)


class _Root(Group):
    """The command `mailwarden` itself: imports a command when it is called, not before."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse a word without content, in whichever command: a script's variable is empty, and would mean something else."""
        for word in args:
            option, gives, value = word.partition("=")
            if not word.strip() or (gives and not value.strip() and option.startswith("--")):
                said = coded(
                    "MW8107",
                    "The word {word} is empty. Give a value, or leave it out; in a script, look at the variable.",
                    word=f"{option}{gives}" if gives else '""',
                )
                raise click.UsageError(said, ctx)
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; before it is imported, say what is being done where that takes long and nobody types."""
        is_asked = args[0] == "doctor" and any(map(_IDS.fullmatch, args[1:]))
        if (
            args[0] in _ANNOUNCED
            and not is_asked
            and not any(word == "-" or word.startswith(_AS_DATA) for word in args)
        ):
            announce(tongue().gettext(_ANNOUNCED[args[0]]))
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"mailwarden.pipeline.cli.{cmd_name}")
        command = module.command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands from the table, so that help imports none of them."""
        rows = [(name, tongue().gettext(said)) for name, said in COMMANDS.items()]
        with formatter.section("Commands"):
            formatter.write_dl([row for row in rows if row[0] not in MORE])
        with formatter.section(N_("More")):
            formatter.write_dl([row for row in rows if row[0] in MORE])

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_help_text(ctx, formatter)
        examples(
            [
                ("mailwarden", N_("is all well? (or what was found on this machine)")),
                ("sudo mailwarden scan", N_("look back over the logs of this machine")),
                ("mailwarden setup", N_("watch from now on")),
            ],
            formatter,
        )

    def main(self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any) -> Any:  # type: ignore[override]
        """Run a command and leave the process with its exit code."""
        _open_all()
        face = Face()
        extra.pop("standalone_mode", None)
        try:
            code = super().main(args, prog_name, standalone_mode=False, obj=face, **extra)
            sys.stdout.flush()
        except Exception as error:
            if face.debug:
                raise
            code = _say(error, face.tongue or tongue())
        except SystemExit:  # click leaves so, and only so, where whoever read our result has enough of it
            _let_go()
            code = 0
        except KeyboardInterrupt:
            code = 130
        answered()
        sys.exit(code if isinstance(code, int) else 0)


def _let_go() -> None:
    """Send what is still buffered for a closed pipe to nowhere, or Python complains of it at its end."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 1)
    os.close(devnull)


def _say(error: Exception, speaker: Translator) -> int:
    """Tell what ended a command; give its exit code."""
    if isinstance(error, click.Abort):
        return 130
    if isinstance(error, click.ClickException):
        message = slip_text(error, speaker)
        if isinstance(error, click.UsageError) and "--help" not in message:
            path = error.ctx.command_path if error.ctx else "mailwarden"
            message = f"{message}\n{speaker.say(N_('See: {command} --help'), {'command': path})}"
        tell(message)
        return 2
    if isinstance(error, ConfigurationError):
        tell("\n".join(map(speaker.told, error.faults)))
        return 2
    if isinstance(error, MailwardenError):
        tell(speaker.error(error))
        return 2 if isinstance(error, UsageError) else 3
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else _output_place(error, speaker)
        said = N_("{where}{reason}. Nothing more was done.")
        tell(speaker.told(coded("MW9002", said, where=where, reason=reason(error))))
        return 3
    own = N_("mailwarden {version} has a fault of its own: {kind}: {error}")
    tell(speaker.told(coded("MW9001", own, version=__version__, kind=type(error).__name__, error=error)))
    tell(speaker.gettext("Call the command again with --debug and send what it prints to the project."))
    return 3


def _output_place(error: OSError, speaker: Translator) -> str:
    """Name the standard output where it is what could not be written: the error of a write does not tell.

    That is so where the disk beneath it is full, or it is a device that takes nothing.
    """
    if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return ""
    try:
        is_device = stat.S_ISCHR(os.fstat(1).st_mode)
        is_full = is_device or not os.fstatvfs(1).f_bavail
    except OSError:
        return ""
    return speaker.gettext("standard output: ") if is_full else ""


def _open_all() -> None:
    """Open what whoever started us has closed, or the next file would be taken for the output."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    sys.stdin = sys.stdin or open(0, closefd=False)  # noqa: SIM115
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115


def examples(rows: Sequence[tuple[str, str]], formatter: click.HelpFormatter) -> None:
    """Write examples as they are typed, each with what it does."""
    if not rows:
        return
    width = max(len(line) for line, _ in rows)
    with formatter.section(N_("Examples")):
        for line, what in rows:
            said = tongue().gettext(what) if what else ""
            formatter.write(f"  {line:<{width}}   {said}\n" if said else f"  {line}\n")


def _debug(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        ctx.ensure_object(Face).debug = True


def _plain(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        ctx.color = False


def _config(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is not None:
        ctx.ensure_object(Face).config = value


def _common() -> list[click.Parameter]:
    """Give the options that every command has."""
    return [
        click.Option(
            ["--config"],
            metavar="FILE",
            callback=_config,
            expose_value=False,
            help="The configuration, instead of the one found.",
        ),
        click.Option(["--no-color"], is_flag=True, callback=_plain, expose_value=False, help="No colour."),
        click.Option(
            ["--debug"],
            is_flag=True,
            is_eager=True,
            callback=_debug,
            expose_value=False,
            help="Show where an error arose.",
        ),
    ]


@click.group(
    cls=_Root,
    invoke_without_command=True,
    params=_common(),
    epilog='Completion with Tab: eval "$(_MAILWARDEN_COMPLETE=bash_source mailwarden)"; also zsh_source, fish_source.',
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, message="mailwarden %(version)s")
@click.pass_context
def root(ctx: click.Context) -> None:
    """Read what mail servers log, and say early and once what is going wrong."""
    if ctx.invoked_subcommand is None:
        from mailwarden.pipeline.cli.state import show_state

        show_state(ctx.ensure_object(Face))
