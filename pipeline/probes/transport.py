"""Do others send us mail encrypted, as we ask them to? MTA-STS and TLS-RPT. Source: RFC 8461 and RFC 8460."""

import re
from collections.abc import Callable
from typing import Literal

from mailwarden.pipeline.probes.exchangers import exchangers
from mailwarden.pipeline.probes.https import Web
from mailwarden.pipeline.probes.outcome import Outcome, nobody_knows
from mailwarden.pipeline.probes.resolver import Resolver
from mailwarden.pipeline.probes.tags import TagSyntaxError, tags_of

__all__ = ["check_mta_sts", "check_tls_rpt"]

_ID = re.compile(r"[A-Za-z0-9]{1,32}", re.ASCII)
_MODES = ("enforce", "testing", "none")
_LEAST_AGE_S = 86_400  # RFC 8461, 3.2: weeks are meant; less than a day protects hardly anybody
_TARGET = re.compile(r"(?:mailto:[^@\s,]{1,64}@[A-Za-z0-9.-]{1,253}|https://[^\s,]{1,500})", re.IGNORECASE | re.ASCII)


async def check_mta_sts(resolver: Resolver, domain: str, web: Web) -> Outcome:
    """Check that the policy which a domain announces can be fetched, and names the hosts that take its mail."""
    name = f"_mta-sts.{domain}"
    answer = await resolver.ask(name, "TXT")
    if not answer.is_known:
        return nobody_knows(domain, "mta_sts", answer)
    records = [text for text in answer.values if text.startswith("v=STSv1")]
    now = " | ".join(records)

    def told(
        state: Literal["ok", "wrong", "no answer"], reason: str = "", should: str = "", **details: object
    ) -> Outcome:
        return Outcome(domain, "mta_sts", name, state, reason, now, should, details)

    if not records:
        return told("ok", "mta_sts_absent")
    try:
        if len(records) > 1 or _ID.fullmatch(tags_of(records[0]).get("id", "")) is None:
            return told("wrong", "mta_sts_record", "v=STSv1; id=1", term=now[:100])
    except TagSyntaxError as error:
        return told("wrong", "mta_sts_record", "v=STSv1; id=1", term=str(error))
    host = f"mta-sts.{domain}"
    addresses = [*(await resolver.ask(host, "A")).values, *(await resolver.ask(host, "AAAA")).values]
    fetched = await web.fetch(host, "/.well-known/mta-sts.txt", addresses)
    if fetched.text is None:
        if fetched.reason in ("timeout", "unreachable"):
            return told("no answer", "no_answer", why=fetched.reason, name=host)
        return told("wrong", "mta_sts_fetch", why=f"{fetched.reason} {fetched.said}".strip(), host=host)
    return await _judge(resolver, domain, fetched.text, told)


async def _judge(resolver: Resolver, domain: str, text: str, told: Callable[..., Outcome]) -> Outcome:
    policy: dict[str, list[str]] = {}
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        if colon:
            policy.setdefault(key.strip().lower(), []).append(value.strip())
    mode = (policy.get("mode") or [""])[0]
    age = (policy.get("max_age") or [""])[0]
    patterns = [one.lower().rstrip(".") for one in policy.get("mx", ())]
    whole = policy.get("version") == ["STSv1"] and mode in _MODES and age.isdecimal()
    if not whole or (mode != "none" and not patterns):
        return told("wrong", "mta_sts_policy", term=(text.splitlines() or [""])[0][:100])
    answer, hosts = await exchangers(resolver, domain)
    if not answer.is_known:
        return nobody_knows(domain, "mta_sts", answer)
    left_out = [host for host in hosts if not any(_fits(host, pattern) for pattern in patterns)]
    if mode != "none" and left_out:
        should = " | ".join(f"mx: {host}" for host in hosts)
        reason = "mta_sts_mx" if mode == "enforce" else "mta_sts_mx_testing"
        return told("wrong", reason, should, host=left_out[0])
    if mode == "testing":
        return told("ok", "mta_sts_testing", mode=mode)
    if mode == "enforce" and int(age) < _LEAST_AGE_S:
        return told("wrong", "mta_sts_age", "max_age: 604800", age_s=int(age))
    return told("ok", mode=mode)


def _fits(host: str, pattern: str) -> bool:
    """Say whether a host is one that a policy names; a star stands for one label (RFC 8461, 4.1)."""
    if pattern.startswith("*."):
        return host.partition(".")[2] == pattern[2:]
    return host == pattern


async def check_tls_rpt(resolver: Resolver, domain: str) -> Outcome:
    """Check that reports of failed encryption have somewhere to go."""
    name = f"_smtp._tls.{domain}"
    answer = await resolver.ask(name, "TXT")
    if not answer.is_known:
        return nobody_knows(domain, "tls_rpt", answer)
    records = [text for text in answer.values if text.startswith("v=TLSRPTv1")]
    now = " | ".join(records)
    should = f"v=TLSRPTv1; rua=mailto:postmaster@{domain}"
    if not records:
        return Outcome(domain, "tls_rpt", name, "ok", "tls_rpt_absent")
    try:
        targets = tags_of(records[0]).get("rua", "").split(",")
    except TagSyntaxError:
        targets = []
    wrong = [one.strip() for one in targets if _TARGET.fullmatch(one.strip()) is None]
    if len(records) > 1 or not targets or wrong:
        return Outcome(
            domain, "tls_rpt", name, "wrong", "tls_rpt_record", now, should, {"term": (wrong or [now])[0][:100]}
        )
    return Outcome(domain, "tls_rpt", name, "ok", now=now)
