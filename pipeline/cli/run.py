"""`mailwarden run`: follow the logs."""

import click

from mailwarden.alerts.words.translate import with_code
from mailwarden.pipeline.cli.root import Command
from mailwarden.pipeline.cli.session import nobody_told, session
from mailwarden.pipeline.cli.terminal import tell

__all__ = ["command"]


@click.command(
    "run",
    cls=Command,
    examples=[
        ("sudo mailwarden run", "with /etc/mailwarden/mailwarden.yml, where it is there"),
        ("mailwarden run --config my.yml", "with another configuration"),
        ("mailwarden run --config demo.yml --clock stream", "replay old logs as they grow"),
    ],
)
@click.option(
    "--clock",
    type=click.Choice(["wall", "stream"]),
    default="wall",
    show_default=True,
    help="What time goes by while no line comes; `stream` for old logs.",
)
@click.pass_context
def command(context: click.Context, clock: str) -> None:
    """Watch: follow the logs and tell people when something goes wrong.

    Follows for ever, through rotation and restarts: nothing is lost, nothing is told twice. SIGTERM ends it cleanly,
    SIGHUP reads the configuration again. Of days that went by while it did not run, or that a replay passed at once, the
    last alone gets its report; for the others: mailwarden report --from DAY --to DAY.
    """
    from mailwarden.pipeline.service.service import run

    now = session(context)
    silent = nobody_told(now)
    if silent:
        tell(with_code(silent, "MW4111"))
    run(now.configuration, clock=clock)
