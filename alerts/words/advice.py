"""Say what to do now, with the command for this server.

The steps are data (`advice.yaml`, and `customer_advice.yaml` for who has no shell there); this fills them. Attackers
choose account names, so a value reaches a command only quoted for the shell, and not at all when it could be taken for an
option, for a pattern, or for a network that is far too wide.
"""

import functools
import ipaddress
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

import msgspec

from mailwarden.alerts.words.escape import printable
from mailwarden.alerts.words.posture import REASONS
from mailwarden.alerts.words.translate import N_, Translator, translator
from mailwarden.parsers.data_file import read_data
from mailwarden.parsers.servers import servers_where

__all__ = ["Step", "advice_keys", "advised", "customer_advice_keys", "customer_steps", "steps"]

_FALLBACK = "look"
_PLACE = re.compile(r"\{([a-z_]+)(?::(uri|domain|owner))?\}")
# Beside what the shell reads: masks (doveadm takes * and ? in user names), and what ends a code span in chat.
_UNFIT = re.compile(r"[*?`]")
_LONGEST = 320  # RFC 3696, errata 1690: 64 + 1 + 255
_WIDEST = {4: 16, 6: 32}  # a network that is wider is never blocked on our advice
_NETWORKS = ("network", "address")
_ON_WINDOWS = servers_where(lambda one: one.on_windows)
_OURS = "mailwarden "  # runs where the log is read
_CLIENTS = 12  # addresses that one command names
_DOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_HOME = re.compile(r"(?:/home\d{0,3}/)?([a-z][a-z0-9_]{0,31})(?:/.*)?")  # cPanel's user names


class Step(msgspec.Struct, frozen=True):
    """One thing to do: a sentence without its full stop, and the command that does it. Neither is escaped."""

    text: str
    command: str | None = None


class _Advice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    text: str
    commands: dict[str, str | list[str]] = {}  # of several, the first that can be filled
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


def advice_keys() -> list[str]:
    """List what there is advice for."""
    return sorted(_load())


def steps(
    key: str, modules: Sequence[str], values: Mapping[str, object], language: str | Translator = "en"
) -> list[Step]:
    """Give the steps for a kind of trouble, the most urgent first; at least one, whatever the key.

    Args:
        key: A key of `advice.yaml`; an unknown one gives the advice to look.
        modules: The servers in play: postfix, dovecot, exim, courier, haraka, cpanel.
        values: What fills the sentences and commands: account, login (the account's name as the server logs it; the
            account where not given), address, clients (addresses, a list), network, script, id.
        language: Of the sentences.
    """
    tongue = language if isinstance(language, Translator) else translator(language)
    known = _load()
    mend = REASONS[str(values["posture"])].mend if values.get("posture") in REASONS else ""
    first = [Step(tongue.say(mend, values))] if mend else []
    fitting = [step for step in known.get(key, []) if _fits(step, modules, values)] or known[_FALLBACK]
    return first + [Step(tongue.say(step.text, values), _command(step, modules, values)) for step in fitting]


def advised() -> frozenset[str]:
    """Give the servers for which some step has a command of their own."""
    return frozenset(name for one in _load().values() for step in one for name in step.commands)


def customer_advice_keys() -> list[str]:
    """List what there is advice for to somebody who has no shell on the server."""
    return sorted(_load_customers())


def customer_steps(key: str, values: Mapping[str, object], tongue: Translator) -> list[Step]:
    """Give what somebody can do who has a mailbox and a panel, but no shell; the last step is to tell who runs the server.

    Args:
        key: As for `steps`; of an unknown one only the last is given.
        values: What fills the sentences.
        tongue: The language of the sentences.
    """
    mend = REASONS[str(values["posture"])].mend if values.get("posture") in REASONS else ""
    texts = [
        *([mend] if mend else []),
        *_load_customers().get(key, []),
        N_("tell whoever runs the server: incident {id}"),
    ]
    return [Step(tongue.say(text, values)) for text in texts if _is_known(text, values)]


@functools.cache
def _load() -> dict[str, list[_Advice]]:
    return msgspec.convert(read_data(Path(__file__).parents[1] / "advice.yaml"), dict[str, list[_Advice]])


@functools.cache
def _load_customers() -> dict[str, list[str]]:
    return msgspec.convert(read_data(Path(__file__).parents[1] / "customer_advice.yaml"), dict[str, list[str]])


def _fits(step: _Advice, modules: Sequence[str], values: Mapping[str, object]) -> bool:
    """Say whether a step is for these servers, and whether all that its sentence names is known."""
    if (step.only and not set(step.only) & set(modules)) or set(step.without) & set(modules):
        return False
    return _is_known(step.text, values)


def _is_known(text: str, values: Mapping[str, object]) -> bool:
    """Say whether all that a sentence names is known."""
    return all(values.get(name) not in (None, "") for name, _ in _PLACE.findall(text))


def _command(step: _Advice, modules: Sequence[str], values: Mapping[str, object]) -> str | None:
    fits = (module for module in step.commands if module == "generic" or module in modules)
    module = next(fits, "")
    texts = step.commands.get(module, [])
    texts = [texts] if isinstance(texts, str) else texts
    if module == "generic" and modules and _ON_WINDOWS.issuperset(modules):
        texts = [text for text in texts if text.startswith(_OURS)]
    made = (_filled(text, values) for text in texts)
    return next((command for command in made if command is not None), None)


def _filled(template: str, values: Mapping[str, object]) -> str | None:
    filled = []
    end = 0
    for place in _PLACE.finditer(template):
        value = values.get(place[1]) or (values.get("account") if place[1] == "login" else None)
        word = _clients(value) if place[1] == "clients" else _word(place[1], value, place[2])
        if word is None:
            return None
        filled += [template[end : place.start()], word]
        end = place.end()
    return "".join([*filled, template[end:]])


def _word(name: str, value: object, kind: str | None) -> str | None:
    """Quote a value for the shell; None when no quoting would make it mean only itself."""
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST:
        return None
    if value.startswith("-") or printable(value) != value or _UNFIT.search(value):
        return None
    if name in _NETWORKS:
        return _network(value)
    if kind == "domain":
        domain = value.rpartition("@")[2].lower()
        return domain if "@" in value and _DOMAIN.fullmatch(domain) else None
    if kind == "owner":
        home = _HOME.fullmatch(value)
        return home[1] if home and home[1] not in ("root", "nobody") else None
    return quote(value, safe="") if kind == "uri" else shlex.quote(value)


def _network(value: str) -> str | None:
    """Give an address or a network that is not far too wide."""
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        return None
    if network.prefixlen < _WIDEST[network.version] or network.is_loopback or network.is_unspecified:
        return None
    return str(network.network_address if network.num_addresses == 1 else network)


def _clients(values: object) -> str | None:
    """Name addresses as a filter of ss does; None without any, or with too many for a command."""
    known = [_network(value) for value in values if isinstance(value, str)] if isinstance(values, list) else []
    words = [word for word in known if word is not None and "/" not in word]
    return (
        " or ".join(f"dst [{word}]" if ":" in word else f"dst {word}" for word in words)
        if 0 < len(words) <= _CLIENTS
        else None
    )
