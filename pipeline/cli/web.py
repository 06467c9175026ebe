"""`mailwarden web`: the page."""

import contextlib
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import click

from mailwarden.alerts.words.translate import N_, translator
from mailwarden.pipeline.cli import options
from mailwarden.pipeline.cli.root import Command
from mailwarden.pipeline.cli.session import session
from mailwarden.pipeline.cli.terminal import Span, tell, write
from mailwarden.pipeline.configuration.configuration import Configuration
from mailwarden.pipeline.configuration.web import parse_address

__all__ = ["command"]


@click.command(
    "web",
    cls=Command,
    examples=[
        ("mailwarden web", "on this machine only; prints a link that lets you in"),
        ("mailwarden web --link", "another link into the page that runs"),
        ("mailwarden web --password", "the hash of a password, for web.people in the configuration"),
    ],
)
@click.option("--listen", metavar="ADDRESS", help="Where to listen (default: web.listen, else 127.0.0.1:8742).")
@click.option("--link", is_flag=True, help="Print a link into the page that runs, and end.")
@click.option("--password", is_flag=True, help="Ask for a password, print its hash, and end.")
@options.state
@click.pass_context
def command(context: click.Context, listen: str | None, link: bool, password: bool, state: Path | None) -> None:
    """Show what the service knows as a page in the browser.

    By default only this machine reaches it, and a link that works once lets in. Beyond it, people sign in: see `web` in the
    configuration. The page changes nothing on the server; it shows commands, and you run them.
    """
    if password:
        from mailwarden.pipeline.web.people import hash_password

        tongue = translator(Configuration().spoken())  # the one that there is may not be finished
        text, again = tongue.gettext("Password"), tongue.gettext("Once more")
        write([[hash_password(click.prompt(text, hide_input=True, confirmation_prompt=again, err=True))]])
        return
    now = session(context)
    configuration = replace(now.configuration, state=state) if state is not None else now.configuration
    address = parse_address(listen or configuration.web.listen)
    if link:
        from mailwarden.pipeline.web.sessions import make_link

        scheme = "https" if configuration.web.certificate else "http"
        base = configuration.web.url or f"{scheme}://{address}"
        write([[f"{base}/sign-in?token={make_link(configuration.state_directory, time.time())}"]])
        return
    from mailwarden.pipeline.runner import wall_clock
    from mailwarden.pipeline.web.server import make_desk, serve

    configuration.state_directory.mkdir(mode=0o750, parents=True, exist_ok=True)
    desk = make_desk(configuration, now.zone, address, wall_clock)

    def said(url: str) -> None:
        if desk.links is not None and _is_journal():
            tell(now.tongue.gettext("The page runs. A link into it:  mailwarden web --link"))
            return
        text = N_("Open this once, within ten minutes:") if desk.links is not None else N_("The page is at:")
        tell(now.tongue.gettext(text))
        write([[Span(url, "command")]])

    serve(desk, address, said)


def _is_journal() -> bool:
    """Whether what we print goes into the journal, where others read it (systemd.exec(5), $JOURNAL_STREAM)."""
    with contextlib.suppress(OSError):
        status = os.fstat(sys.stdout.fileno())
        return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"
    return False
