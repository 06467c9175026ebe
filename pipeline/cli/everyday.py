"""What went as it should in the logs that were read: logins by protocol, deliveries, what filters found."""

from collections import Counter
from collections.abc import Callable, Mapping

from mailwarden.alerts.words.escape import printable
from mailwarden.alerts.words.translate import N_, Translator
from mailwarden.pipeline.answers.words import PROTOCOLS

__all__ = ["normal_text"]

_Count = Callable[[Translator, int], str]
_STATUSES: dict[str, _Count] = {
    "sent": lambda say, n: say.count("{number} delivery", "{number} deliveries", n),
    "deferred": lambda say, n: say.count("{number} deferred", "{number} deferred", n),
    "bounced": lambda say, n: say.count("{number} bounced", "{number} bounced", n),
}
_FAILED = {"spf": "SPF", "dkim": "DKIM", "dmarc": "DMARC"}
_CHECKED: dict[str, _Count] = {
    "greylist": lambda say, n: say.count("{number} greylisted", "{number} greylisted", n),
    "spam": lambda say, n: say.count("{number} taken for spam", "{number} taken for spam", n),
    "malware": lambda say, n: say.count("{number} with a virus", "{number} with a virus", n),
}


def _checked(totals: Mapping[tuple[str, str, str, str], int], tongue: Translator) -> list[str]:
    """Say what filters found: of several that check the same, the one that found most."""
    found: dict[str, Counter[str]] = {}
    for (name, method, result, module), count in totals.items():
        if name == "check" and (result in ("fail", "softfail") or not result):
            found.setdefault(method, Counter())[module] += count
    said = []
    for method, by_module in found.items():
        number = max(by_module.values())
        say = _CHECKED.get(method)
        if say is not None:
            said.append(say(tongue, number))
        elif method in _FAILED:
            values = {"method": _FAILED[method]}
            said.append(tongue.count("{number} failed {method}", "{number} failed {method}", number, values))
    return said


def normal_text(totals: Mapping[tuple[str, str, str, str], int], tongue: Translator) -> str:
    """Say what went as it should: logins by protocol and deliveries."""
    parts = []
    logins: Counter[str] = Counter()
    clear = unknown = 0
    delivered: Counter[str] = Counter()
    for (name, first, second, _), count in totals.items():
        if name == "login":
            logins[first] += count
            clear += count if second == "no" else 0
            unknown += count if second == "unknown" else 0
        elif name == "delivery":
            delivered[second] += count
    number = logins.total()
    if number:
        by = [f"{PROTOCOLS.get(name, printable(name))} {count:,}" for name, count in logins.most_common(4) if name]
        if not clear and not unknown:
            by.append(tongue.gettext("all with TLS"))
        elif clear:
            by.append(tongue.count("{number} without TLS", "{number} without TLS", clear))
        text = tongue.count("{number} login", "{number} logins", number)
        parts.append(tongue.say(N_("{logins} ({by})"), {"logins": text, "by": tongue.gettext(", ").join(by)}))
    parts += [say(tongue, delivered[status]) for status, say in _STATUSES.items() if delivered[status]]
    parts += _checked(totals, tongue)
    return tongue.say(N_("Normal: {parts}"), {"parts": " · ".join(parts)}) if parts else ""
