"""`mailwarden check`: how a domain stands with receivers, seen from outside."""

import asyncio
import ipaddress
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from mailwarden.alerts.terms import SEVERITIES
from mailwarden.parsers.errors import UsageError, coded, said_of
from mailwarden.pipeline.cli.root import Command
from mailwarden.pipeline.cli.session import Session, session
from mailwarden.pipeline.cli.terminal import write
from mailwarden.pipeline.showing.jsonl import json_line

if TYPE_CHECKING:
    from mailwarden.pipeline.probes.checkup import Checkup

__all__ = ["command"]


def _address(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return tuple(str(ipaddress.ip_address(value)) for value in values)
    except ValueError as error:
        raise click.BadParameter(coded("MW8105", "{error}. Write it like 192.0.2.25.", error=error)) from None


def _servers(
    _context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]
) -> tuple[tuple[str, int], ...]:
    from mailwarden.pipeline.probes.settings import server_of

    try:
        return tuple(server_of(value) for value in values)
    except ValueError as error:
        raise click.BadParameter(said_of(error)) from None


@click.command(
    "check",
    cls=Command,
    examples=[
        ("mailwarden check example.org", "what its records, certificates and block lists say"),
        ("mailwarden check example.org --address 192.0.2.25", "of the address that its mail leaves from"),
        ("mailwarden check example.org --json --fail-on high", "for a script"),
    ],
)
@click.argument("domain")
@click.option(
    "--address", "addresses", multiple=True, metavar="IP", callback=_address, help="From which its mail leaves."
)
@click.option("--selector", "selectors", multiple=True, metavar="NAME", help="A DKIM selector of it.")
@click.option("--helo", metavar="NAME", help="What its mail server calls itself.")
@click.option(
    "--resolver", "servers", multiple=True, metavar="IP[:PORT]", callback=_servers, help="The name server to ask."
)
@click.option("--no-ports", is_flag=True, help="Look up names alone; connect to no mail server.")
@click.option("--json", "json_", is_flag=True, help="One finding a line, as JSON.")
@click.option("--fail-on", type=click.Choice(SEVERITIES), help="Leave with 1 where something is at least this bad.")
@click.pass_context
def command(
    context: click.Context,
    domain: str,
    addresses: tuple[str, ...],
    selectors: tuple[str, ...],
    helo: str | None,
    servers: tuple[tuple[str, int], ...],
    no_ports: bool,
    json_: bool,
    fail_on: str | None,
) -> int:
    """Look at a domain as receivers of its mail do.

    Asks name servers, block lists and the domain's own mail hosts; needs no log and no rights. What nobody answers is told
    apart from what is right and from what is wrong. Leaves with 3 where nothing could be found out.
    """
    from mailwarden.pipeline.cli.check_view import view
    from mailwarden.pipeline.probes.report import findings, is_blind, worst

    now = session(context, own=True)
    checked = _look(now, _domain(domain), addresses, selectors, helo, servers, not no_ports)
    if json_:
        for one in findings(checked):
            sys.stdout.buffer.write(json_line(one) + b"\n")
        sys.stdout.buffer.flush()
    else:
        write(view(checked, now.tongue))
    if is_blind(checked):
        return 3
    return 1 if fail_on and worst(checked) >= SEVERITIES.index(fail_on) else 0


def _domain(text: str) -> str:
    """Give a domain as name servers know it."""
    name = text.strip().rpartition("@")[2].rstrip(".").lower()
    try:
        spelt = name.encode("idna").decode("ascii")
    except UnicodeError:
        spelt = ""
    labels = spelt.split(".")
    if (
        len(labels) < 2
        or len(spelt) > 253
        or not all(label.replace("-", "").replace("_", "").isalnum() for label in labels)
    ):
        raise UsageError(coded("MW8105", '"{text}" is no domain. Write it like example.org.', text=text))
    return spelt


def _look(
    now: Session,
    domain: str,
    addresses: tuple[str, ...],
    selectors: tuple[str, ...],
    helo: str | None,
    servers: tuple[tuple[str, int], ...],
    ports: bool,
) -> "Checkup":
    from mailwarden.pipeline.probes.checkup import Asked, check_up
    from mailwarden.pipeline.probes.resolver import Resolver, system_servers

    settings = now.configuration.probes
    asked = Asked(
        domain=domain,
        addresses=addresses,
        selectors=selectors or settings.selectors.get(domain, ()),
        helo=helo,
        ports=ports,
        without=settings.without,
        keys=settings.keys(),
    )

    async def run() -> Any:
        resolver = Resolver(servers or settings.resolvers or system_servers())
        return await check_up(resolver, asked, datetime.now(UTC))

    found: Checkup = asyncio.run(run())
    return found
