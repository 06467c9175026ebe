"""The service itself: starts and stops, counters, and troubles that are nobody's attack."""

from mailwarden.parsers.address import ip
from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.postfix.fields import whole
from mailwarden.parsers.formats.postfix.program import FORMAT

__all__: list[str] = []

_SCRIPT = ("postfix-script", "master", "postfix", "postfix-tls-script")


def _told(event: Event, action: str, outcome: str | None = None) -> bool:
    event.event_action = action
    event.event_outcome = outcome
    return True


@FORMAT.pattern("daemon started -- version ", programs=("master",))
@FORMAT.pattern("starting the Postfix mail system", programs=_SCRIPT)
def started(event: Event, _rest: str) -> bool:
    return _told(event, "service-start", "success")


@FORMAT.pattern("terminating on signal ", programs=("master", "postlogd"))
@FORMAT.pattern("stopping the Postfix mail system", programs=_SCRIPT)
@FORMAT.pattern("aborting the Postfix mail system", programs=_SCRIPT)
def stopped(event: Event, _rest: str) -> bool:
    return _told(event, "service-stop")


@FORMAT.pattern("reload -- version ", programs=("master",))
@FORMAT.pattern("refreshing the Postfix mail system", programs=_SCRIPT)
def reloaded(event: Event, _rest: str) -> bool:
    """Read that a configuration was read anew."""
    return _told(event, "config-change", "success")


@FORMAT.pattern("table ")
def table_changed(event: Event, rest: str) -> bool:
    return rest.endswith(" has changed -- restarting") and _told(event, "config-change", "success")


@FORMAT.pattern("the Postfix mail system is ", programs=_SCRIPT)
@FORMAT.pattern("waiting for the Postfix mail system to terminate", programs=_SCRIPT)
@FORMAT.pattern("Postfix is running with backwards-compatible default settings")
@FORMAT.pattern("Postfix is using backwards-compatible default setting")
@FORMAT.pattern("using backwards-compatible default setting ")
@FORMAT.pattern("See http://www.postfix.org/COMPATIBILITY_README.html for details")
@FORMAT.pattern("See https://www.postfix.org/COMPATIBILITY_README.html for details")
@FORMAT.pattern("To disable backwards compatibility use ")
@FORMAT.pattern("name_mask: ")
@FORMAT.pattern("dict_nis_init: ")
@FORMAT.pattern("for instructions see the bounce(5) manual")
@FORMAT.pattern("set_eugid: ")
def noted(event: Event, _rest: str) -> bool:
    return _told(event, "statistics")


@FORMAT.pattern("statistics: max ", programs=("anvil",))
def peak(event: Event, rest: str) -> bool:
    """Read `connection rate 61/60s for (smtp:A) at …`, or `cache size 4 at …`."""
    what, _, rest = rest.partition(" for (")
    words = what.split(" ")
    at = next((i for i, word in enumerate(words) if word[:1].isdecimal()), 0)
    value = whole(words[at].partition("/")[0])
    if value is None:
        return False
    event.event_action = "statistics"
    event.mail_rate_value = value
    if rest:
        service, _, address = rest.partition(") at ")[0].partition(":")
        event.mail_service = service or None
        event.source_ip = ip(address)
    return True


@FORMAT.pattern("statistics: ", programs=("scache",))
@FORMAT.pattern("statistics: ", programs=("verify", "tlsmgr", "tlsproxy"))
def cache_statistics(event: Event, _rest: str) -> bool:
    return _told(event, "statistics")


@FORMAT.pattern("cache ", programs=("postscreen", "verify", "tlsmgr", "smtpd"))
def cache_cleanup(event: Event, rest: str) -> bool:
    return " full cleanup: retained=" in rest and _told(event, "statistics")
