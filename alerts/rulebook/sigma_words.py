"""What rules of others say in Sigma's general words, in ours: log sources, field names, keywords, and what is left out.

A rule that was written for another system names `src_ip` where we say `source.ip`, searches whole lines for keywords, and
holds nothing of what our incidents need. What has the same meaning here is taken over; what has none is refused by name.
"""

from collections.abc import Mapping
from typing import Any

from sigma.conditions import ConditionFieldEqualsValueExpression, ConditionValueExpression
from sigma.types import SigmaNumber, SigmaString, SpecialChars

from mailwarden.alerts.words.translate import N_
from mailwarden.parsers.errors import WrongValueError, coded
from mailwarden.parsers.servers import SERVERS

__all__ = ["FOREIGN_FIELDS", "adapt", "adopted", "field_name", "module_of"]

FOREIGN_FIELDS: Mapping[str, str] = {
    "c-ip": "source.ip",
    "c-username": "user.name",
    "client_ip": "source.ip",
    "dest_ip": "destination.ip",
    "dest_port": "destination.port",
    "dst_ip": "destination.ip",
    "dst_port": "destination.port",
    "host": "host.hostname",
    "hostname": "host.hostname",
    "message": "event.original",
    "msg": "event.original",
    "process": "process.name",
    "program": "process.name",
    "recipient": "email.to.address",
    "sender": "email.from.address",
    "source_ip": "source.ip",
    "src_ip": "source.ip",
    "src_port": "source.port",
    "user": "user.name",
    "username": "user.name",
}
"""Our names for those of Sigma's taxonomy (its appendix) and of common conversions, in lower case."""

_SERVERS = tuple(name for name, server in SERVERS.items() if server.is_server)
_PRODUCTS = ("mail", "linux", "unix", *_SERVERS)
_SERVICES = ("mail", "maillog", "syslog", *_SERVERS, "pam")
_CATEGORIES = ("authentication", "email", "mail")
_MODULES = (*_SERVERS, "pam")


def module_of(product: str | None, service: str | None, category: str | None) -> str | None:
    """Give the server whose lines a log source means; None for those of all.

    Raises:
        ValueError: It means logs that are not read here.
    """
    for key, given, known in (
        ("product", product, _PRODUCTS),
        ("service", service, _SERVICES),
        ("category", category, _CATEGORIES),
    ):
        if given is not None and given.lower() not in known:
            raise WrongValueError(
                coded(
                    "MW3212",
                    'logsource.{key}: "{given}" is none of the logs that are read here ({known}).'
                    " Write  logsource: {product: mail}  where the rule is about mail",
                    key=key,
                    given=given,
                    known=", ".join(known),
                )
            )
    named = [word.lower() for word in (service, product) if word is not None and word.lower() in _MODULES]
    return named[0] if named else None


def field_name(name: str) -> str:
    """Give our name of a field."""
    return FOREIGN_FIELDS.get(name.lower(), name)


def adapt(node: Any) -> Any:
    """Put our names into a parsed condition; a keyword becomes a search through the whole line."""
    if isinstance(node, ConditionValueExpression):
        if not isinstance(node.value, SigmaString | SigmaNumber):
            return node
        word = node.value if isinstance(node.value, SigmaString) else SigmaString(str(node.value))
        anywhere = SpecialChars.WILDCARD_MULTI + word + SpecialChars.WILDCARD_MULTI
        return ConditionFieldEqualsValueExpression("event.original", anywhere)
    if isinstance(node, ConditionFieldEqualsValueExpression):
        node.field = field_name(str(node.field))
        return node
    if hasattr(node, "args"):
        node.args = [adapt(child) for child in node.args]
    return node


def adopted(rule: Any, *, group_by: list[str], fields: list[str], counts: bool) -> dict[str, Any]:
    """Say what a rule of others leaves out: what an incident of it is about, why, and what to do."""
    about = [*group_by, *(name for name in ("source.ip", "user.name") if name in fields)]
    primary = about[0] if about else "mailwarden.site"
    title = str(rule.title).replace("{", "{{").replace("}", "}}")
    return {
        "id": str(rule.id or rule.name or rule.title),
        "cause": "protocol",
        "category": "protocol_abuse",
        "primary": "mailwarden.account" if primary == "user.name" else primary,
        "entities": ["source.ip", "mailwarden.account"],
        "title": title + ": {entity}",
        "why": N_("{measure} within {span} (fires at {threshold})") if counts else N_("one such event suffices"),
        "harmless": ", ".join(map(str, rule.falsepositives or ())).replace("{", "{{").replace("}", "}}"),
        "advice": "look",
    }
