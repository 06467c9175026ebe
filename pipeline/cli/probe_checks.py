"""What `doctor` looks at of the probes: does the name server answer, and do the block lists answer it?"""

import asyncio
from collections.abc import Iterator

from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.parsers.errors import ConfigurationError
from mailwarden.pipeline.cli.check_state import Check
from mailwarden.pipeline.cli.session import Session
from mailwarden.pipeline.probes.settings import ProbesSetting

__all__ = ["probe_checks"]


def probe_checks(session: Session) -> Iterator[Check]:
    """Ask the name server, and have every list prove itself; nobody is asked about."""
    settings, tongue = session.configuration.probes, session.tongue
    if not settings.enabled:
        yield Check(
            tongue.gettext("probes"),
            "not checked",
            tongue.gettext("switched off: probes.enabled is false"),
            code="MW6103",
        )
        return
    try:
        keys = settings.keys()
    except ConfigurationError as error:
        says = "; ".join(map(tongue.worded, error.faults))
        yield Check(tongue.gettext("probes"), "error", says, code=error.said.code)
        return
    yield from asyncio.run(_ask(settings, keys, tongue))


async def _ask(settings: ProbesSetting, keys: dict[str, str], tongue: Translator) -> list[Check]:
    from mailwarden.pipeline.probes.blocklists import blocklists
    from mailwarden.pipeline.probes.lists import prove_lists
    from mailwarden.pipeline.probes.resolver import Resolver, system_servers
    from mailwarden.pipeline.probes.words import why_blind

    resolver = Resolver(settings.resolvers or system_servers())
    name = tongue.gettext("name server")
    servers = tongue.names([f"{host}:{port}" if port != 53 else host for host, port in resolver.servers])
    if not await resolver.prove():
        said = tongue.say(N_("{servers}: {why}"), {"servers": servers or "-", "why": why_blind(resolver.fault, tongue)})
        mend = tongue.gettext(
            "Set probes.resolver to a name server that answers; until then lists and records are not checked."
        )
        return [Check(name, "warning", said, mend, "MW6101")]
    checks = [Check(name, "ok", tongue.say(N_("{servers} answers"), {"servers": servers}))]
    states = await prove_lists(resolver, [one for one in blocklists() if one.zone not in settings.without], keys)
    blind: dict[str, list[str]] = {}
    for state in states:
        if state.reason:
            codes = f" ({', '.join(state.answered)})" if state.answered else ""
            blind.setdefault(state.reason, []).append(f"{state.list.name}{codes}")
    values = {"answered": sum(not state.reason for state in states), "asked": len(states)}
    said = tongue.say(N_("{answered} of {asked} answer"), values)
    checks.append(
        Check(tongue.gettext("block lists"), "warning" if blind else "ok", said, code="MW6102" if blind else "")
    )
    for word, names in blind.items():
        says = tongue.say(N_("{why}. This is no listing"), {"why": why_blind(word, tongue)})
        checks.append(Check(tongue.names(names), "not checked", says, code="MW6102"))
    return checks
