"""What does a domain tell receivers to do with forgeries, and do its reports arrive?

Source: RFC 9989 (the tree walk, section 4.10) and RFC 7489 (the organizational domain by the public suffix list), which
most receivers still follow: what both would find is the same here, since the walk ends at the public suffix.
"""

import re
from functools import cache
from typing import Any, Literal

from mailwarden.pipeline.probes.outcome import Outcome, nobody_knows
from mailwarden.pipeline.probes.resolver import Answer, Resolver
from mailwarden.pipeline.probes.tags import TagSyntaxError, tags_of

__all__ = ["check_dmarc", "organisation"]

_MOST_STEPS = 8  # RFC 9989, 4.10
_POLICIES = ("none", "quarantine", "reject")
_MAILTO = re.compile(r"mailto:[^@\s,!]{1,64}@([A-Za-z0-9._-]{1,253})(?:![0-9]+[kmgt]?)?", re.IGNORECASE | re.ASCII)


@cache
def _suffixes() -> Any:
    from publicsuffixlist import PublicSuffixList  # 20 ms that only DMARC pays

    return PublicSuffixList()


def organisation(domain: str) -> str:
    """Give the domain that somebody registered, of which this is one or a part."""
    return str(_suffixes().privatesuffix(domain.lower().rstrip(".")) or domain.lower())


async def check_dmarc(resolver: Resolver, domain: str) -> Outcome:
    """Check the DMARC record that holds for a domain: its own, or that of the domain it belongs to."""
    for place, name in enumerate(_walk(domain)):
        answer = await resolver.ask(f"_dmarc.{name}", "TXT")
        if not answer.is_known:
            return nobody_knows(domain, "dmarc", answer)
        records = [text for text in answer.values if _is_dmarc(text)]
        if records:
            return await _judge(resolver, domain, answer, records, inherited=place > 0)
    name = f"_dmarc.{organisation(domain)}"
    should = f"v=DMARC1; p=none; rua=mailto:postmaster@{organisation(domain)}"
    return Outcome(domain, "dmarc", name, "wrong", "dmarc_missing", should=should)


def _is_dmarc(text: str) -> bool:
    return re.match(r"v\s*=\s*DMARC1\s*(;|$)", text) is not None


def _walk(domain: str) -> list[str]:
    """Give the names that are asked: the domain, then what it belongs to, up to who registered it."""
    top = organisation(domain)
    labels = domain.lower().rstrip(".").split(".")
    names = [".".join(labels[place:]) for place in range(len(labels))]
    inside = [name for name in names if name == top or name.endswith(f".{top}")]
    return inside if len(inside) <= _MOST_STEPS else [inside[0], *inside[1 - _MOST_STEPS :]]


async def _judge(resolver: Resolver, domain: str, answer: Answer, records: list[str], *, inherited: bool) -> Outcome:
    now = " | ".join(records)

    def told(
        state: Literal["ok", "wrong", "no answer"], reason: str = "", should: str = "", **details: object
    ) -> Outcome:
        return Outcome(domain, "dmarc", answer.name, state, reason, now, should, details)

    if len(records) > 1:
        return told("wrong", "dmarc_several", records[0], count=len(records))
    try:
        tags = tags_of(records[0])
    except TagSyntaxError as error:
        return told("wrong", "dmarc_syntax", term=str(error))
    policy = tags.get("sp" if inherited and "sp" in tags else "p", "").lower()
    if policy not in _POLICIES:
        mended = f"v=DMARC1; p=none; rua={tags.get('rua', f'mailto:postmaster@{organisation(domain)}')}"
        return told("wrong", "dmarc_syntax", mended, term=f"p={policy}")
    owner = answer.name.removeprefix("_dmarc.")
    targets = [one.strip() for one in tags.get("rua", "").split(",") if one.strip()]
    for target in targets:
        found = _MAILTO.fullmatch(target)
        if found is None:
            return told("wrong", "dmarc_report_address", term=target[:100])
        refused = await _refuses_reports(resolver, owner, found[1])
        if refused is None:
            return told("no answer", "no_answer", why="timeout", name=f"{owner}._report._dmarc.{found[1]}")
        if refused:
            name = f"{owner}._report._dmarc.{found[1]}"
            return told("wrong", "dmarc_report_refused", "v=DMARC1", name=name, host=found[1])
    if not targets:
        return told(
            "wrong", "dmarc_no_reports", f"{records[0].rstrip('; ')}; rua=mailto:postmaster@{owner}", policy=policy
        )
    if policy == "none":
        return told("wrong", "dmarc_watches", records[0].replace("p=none", "p=quarantine"), policy=policy)
    return told("ok", policy=policy)


async def _refuses_reports(resolver: Resolver, domain: str, host: str) -> bool | None:
    """Say whether a stranger's mailbox has not agreed to take the reports (RFC 7489, 7.1); None: nobody knows."""
    if organisation(domain) == organisation(host):
        return False
    answer = await resolver.ask(f"{domain}._report._dmarc.{host}", "TXT")
    return not any(_is_dmarc(text) for text in answer.values) if answer.is_known else None
