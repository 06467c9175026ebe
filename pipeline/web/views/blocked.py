"""Whether those whom an incident is about stand on our block list, until when, and why not where they are spared."""

from datetime import tzinfo

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.pipeline.blocking import read_blocklist
from mailwarden.pipeline.configuration.configuration import Configuration
from mailwarden.pipeline.store import Store

__all__ = ["blocked_lines"]


def blocked_lines(
    store: Store, configuration: Configuration, incident: Incident, tongue: Translator, zone: tzinfo, now_us: int
) -> list[str]:
    """Say what the block list does about an incident; nothing where no list is kept."""
    setting = configuration.blocklist
    if not setting.outputs:
        return []
    listed = read_blocklist(store, setting, configuration.as_site(), now_us, of=[incident])
    lines = []
    if listed.entries:
        values = {
            "names": tongue.names([one.value for one in listed.entries]),
            "until": tongue.time(max(one.until_us for one in listed.entries), zone=zone, near_us=now_us),
        }
        said = N_("On the block list until {until}: {names}.")
        if setting.dry_run:
            said = N_("Would be on the block list until {until}: {names}; blocklist.dry_run is on.")
        lines.append(tongue.say(said, values))
    by_reason: dict[str, list[str]] = {}
    for one in listed.spared:
        by_reason.setdefault(one.why, []).append(one.address)
    for why, addresses in by_reason.items():
        values = {"names": tongue.names(addresses), "why": tongue.gettext(why)}
        lines.append(tongue.say(N_("Not on the block list: {names} ({why})."), values))
    return lines
