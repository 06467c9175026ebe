"""Say what a remote server's reply tells about us: listed, badly reputed, too fast, or a plain bounce.

The rules are data (`replies.yaml`), because servers change their wording without notice. Only replies of remote servers
belong here: the same words in our own rejections speak of somebody else.
"""

import re
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from mailwarden.parsers.data_file import read_data

__all__ = ["CLASSES", "Verdict", "classify", "exchanger_of", "hosting", "provider_of", "rules"]

CLASSES = frozenset(
    {
        "blocklist",
        "reputation",
        "policy_auth",
        "rate_limit",
        "spam_content",
        "mailbox_full",
        "unknown_user",
        "greylist",
        "tls",
        "too_big",
        "other",
    }
)
"""What `Verdict.klass` may be."""

_RULES = Path(__file__).with_name("replies.yaml")
_PROVIDERS = Path(__file__).with_name("providers.yaml")
_TEXT_MAX = 1000  # characters that are looked at; RFC 5321 allows 512 a line, and few replies have more than five
_CACHED = 8192

_WORD_MIN = 7  # the shortest word that is masked: `1.2.3.4`
# What differs from reply to reply and tells nothing: addresses and ids. A short code stays (`[TSS04]`, `S3150`, `OFR005_104`).
_ADDRESS = re.compile(r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}|(?:[0-9a-fA-F]{1,4}:){2,7}:?[0-9a-fA-F:.]{0,40}")
_ID = re.compile(r"(?<![\w./#?=&:-])(?=[A-Za-z_-]{0,40}[0-9])[A-Za-z0-9_-]{12,}(?![\w./@-])")
_MAIL = re.compile(r"[^\s<>()\[\]:;,\"]{1,64}@[^\s<>()\[\]:;,\"]{1,255}")
# Of three labels or more.
_HOST = re.compile(r"(?<![\w@.-])[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,6}\.[a-z]{2,12}(?![\w@-])")
_CODE = re.compile(r"[245][0-9]{2}(?=[ -]|$)")
# Where a line of a longer reply begins.
_NEXT_LINE = re.compile(r"(?: |\\n)[45][0-9]{2}[ -](?:[45]\.[0-9]{1,3}\.[0-9]{1,3} )?")


class Verdict(NamedTuple):
    """What one reply says about us."""

    provider: str | None
    klass: str
    list: str | None
    temporary: bool  # what the rule says; of the message's fate the reply code decides
    scope: str
    severity: str
    url: str | None
    rule_id: str | None  # None: no rule knows it
    kind: str  # a finer word than the class


class Rule(NamedTuple):
    """One line of `replies.yaml`."""

    id: str
    provider: str
    pattern: re.Pattern[str]
    klass: str
    kind: str
    list: str | None
    scope: str
    temporary: bool
    severity: str
    url: str | None
    codes: tuple[str, ...]
    mx: tuple[str, ...]
    needs_mx: bool
    example: str


def classify(text: str, code: int | None, enhanced: str | None, mx: str | None) -> Verdict:
    """Classify a remote server's reply.

    Args:
        text: The reply, with or without its codes; lines joined by a blank.
        code: Three digits; None where unknown.
        enhanced: RFC 3463 status, None where the reply has none.
        mx: Name of the remote host; None where unknown.
    """
    text = text[:_TEXT_MAX]
    if text[3:4] == "-" or "\\n" in text:
        text = _NEXT_LINE.sub(" ", text).replace("\\n", " ")
    words = [_mask(word) if len(word) >= _WORD_MIN else word for word in text.split(" ")]
    verdict = _judge(" ".join(words), code, enhanced, _suffix(mx))
    provider = provider_of(mx) if mx else None
    return verdict._replace(provider=provider) if provider and provider != verdict.provider else verdict


@lru_cache(maxsize=_CACHED)
def provider_of(mx_host: str) -> str | None:
    """Name the mailbox provider that a mail exchanger belongs to, None where it is none we know."""
    found = _longest_suffix(mx_host, _book().providers)
    return _book().providers[found] if found else None


@lru_cache(maxsize=_CACHED)
def exchanger_of(domain: str) -> str | None:
    """Name the exchanger of a provider's own mailbox domains, as well as it is known without the DNS; None for others."""
    domain = domain.rstrip(".").lower()
    if domain in _EXCHANGERS:
        return _EXCHANGERS[domain]
    brand, _, country = domain.partition(".")
    if 2 <= len(country.rpartition(".")[2]) <= 3 and len(country) <= _LONGEST_COUNTRY and brand in _BRANDS:
        return _BRANDS[brand]
    return domain if provider_of(domain) else None


_BRANDS = dict.fromkeys(("hotmail", "live", "msn", "outlook"), "olc.protection.outlook.com") | {"yahoo": "yahoodns.net"}
"""Mailboxes of one brand in many countries: hotmail.fr, yahoo.com.br."""
_EXCHANGERS = {
    "gmail.com": "gmail-smtp-in.l.google.com",
    "googlemail.com": "gmail-smtp-in.l.google.com",
    "yahoo.co.jp": "yahoo.co.jp",
    "yahoo.ne.jp": "yahoo.ne.jp",
    "aol.com": "yahoodns.net",
    "icloud.com": "mail.icloud.com",
    "me.com": "mail.icloud.com",
    "mac.com": "mail.icloud.com",
}
_LONGEST_COUNTRY = 6  # `com.br`


def hosting(provider: str | None) -> str | None:
    """Give who has the mailboxes of somebody else's domain where a refusal is in the words of this provider.

    Outlook.com has none but its own domains (those of `exchanger_of`); the rest of Microsoft's words are of Microsoft 365.
    """
    return "microsoft_365" if provider in ("microsoft", "microsoft_consumer") else provider


def rules() -> tuple[Rule, ...]:
    """Give the rules in the order in which they are tried."""
    return _book().rules


class _Book(NamedTuple):
    rules: tuple[Rule, ...]
    providers: dict[str, str]
    suffixes: frozenset[str]


@cache
def _book() -> _Book:
    made = tuple(_rule(one) for one in read_data(_RULES)["rules"])
    providers = {suffix: name for name, suffixes in read_data(_PROVIDERS).items() for suffix in suffixes}
    return _Book(made, providers, frozenset(suffix for rule in made for suffix in rule.mx))


def _rule(one: dict[str, Any]) -> Rule:
    return Rule(
        id=one["id"],
        provider=one["provider"],
        pattern=re.compile(one["re"], re.IGNORECASE),
        klass=one["class"],
        kind=one.get("kind", one["class"]),
        list=one.get("list"),
        scope=one["scope"],
        temporary=one["temporary"],
        severity=one["severity"],
        url=one.get("url"),
        codes=tuple(str(code) for code in one.get("code", ())),
        mx=tuple(one.get("mx", ())),
        needs_mx=one.get("needs_mx", False),
        example=one["example"],
    )


@lru_cache(maxsize=_CACHED)
def _mask(word: str) -> str:
    """Put one word in the place of all that differ only in an address or an id, so that a verdict can be remembered."""
    if "@" in word and "/" not in word:
        return _MAIL.sub("x@example", word)
    return _ID.sub("#", _ADDRESS.sub("192.0.2.1", word))


@lru_cache(maxsize=_CACHED)
def _suffix(mx: str | None) -> str | None:
    """Reduce a host to the suffix that rules name, "" where no rule names it, None where it is unknown."""
    return None if not mx else _longest_suffix(mx, _book().suffixes) or ""


@lru_cache(maxsize=_CACHED)
def _is_below(suffix: str, names: tuple[str, ...]) -> bool:
    """Say whether a host is one of these, or below one: what Microsoft says at large, it says for Outlook.com too."""
    return any(suffix == name or suffix.endswith("." + name) for name in names)


def _longest_suffix(host: str, suffixes: dict[str, str] | frozenset[str]) -> str | None:
    name = host.rstrip(".").lower()
    while name:
        if name in suffixes:
            return name
        name = name.partition(".")[2]
    return None


@lru_cache(maxsize=_CACHED)
def _judge(text: str, code: int | None, enhanced: str | None, suffix: str | None) -> Verdict:
    written = _CODE.match(text)
    digits = str(code) if code else written[0] if written else ""
    if digits and written is None:
        text = f"{digits} {text}"
    if enhanced and enhanced not in text:
        text = f"{digits} {enhanced} {text[len(digits) :].lstrip()}"
    for rule in _book().rules:
        if rule.mx and (not _is_below(suffix, rule.mx) if suffix is not None else rule.needs_mx):
            continue
        if rule.codes and digits and not digits.startswith(rule.codes):
            continue
        found = rule.pattern.search(text)
        if found is not None:
            named = found[1] if rule.list is None and rule.klass == "blocklist" and rule.pattern.groups else None
            return Verdict(
                (rule.provider if rule.provider != "any" else None) or (_named_by(text) if suffix is None else None),
                rule.klass,
                rule.list or (named.lower().rstrip(".") if named else None),
                rule.temporary,
                rule.scope,
                rule.severity,
                rule.url,
                rule.id,
                rule.kind,
            )
    provider = _named_by(text) if suffix is None else None
    return Verdict(provider, "other", None, digits.startswith("4"), "recipient", "info", None, None, "other")


def _named_by(text: str) -> str | None:
    """Name the provider whose host or page a reply names, where nobody told who gave it."""
    if text.endswith("gsmtp"):
        return "google"
    return next((found for host in _HOST.findall(text.lower()) if (found := provider_of(host))), None)
