"""The parts of the risk: what each looks at, how much it may count, how fast it fades.

The limits are weighed so that one sign alone warns and two make an alarm of 60: a named block or a listing does by
itself. Half-lives follow how long receivers keep their opinion: rates are forgotten within a day, complaints within
days, lists by themselves (Spamhaus XBL and SpamCop within one to two days after the last sign).
"""

from typing import NamedTuple

from mailwarden.alerts.words.translate import N_

__all__ = ["NAMELESS", "PARTS", "Part", "refusal"]

NAMELESS = "localhost"
"""What a server is called whose lines do not name it, as in Exim's own log; people read “this server”."""
_HOUR_US = 3_600_000_000


class Part(NamedTuple):
    """One part.

    Args:
        name: Its stable name, in JSON.
        says: How people read it; a message id.
        most: Points it gives at most.
        scale: The faded sum that gives 63 % of them; 0 where the part is no sum.
        half_life_us: In which its sum fades to half.
        advice: The key of `advice.yaml` with what is to be done about it.
    """

    name: str
    says: str
    most: int
    scale: float
    half_life_us: int
    advice: str


PARTS: dict[str, Part] = {
    part.name: part
    for part in (
        Part("listings", N_("block lists"), 60, 0, 0, "blocklist_named"),
        Part("refusals", N_("refused for our reputation"), 50, 2.5, 24 * _HOUR_US, "provider_block"),
        Part("deferrals", N_("put off until later"), 30, 5, 8 * _HOUR_US, "provider_deferral"),
        Part("complaints", N_("complaints"), 30, 3, 72 * _HOUR_US, "complaints"),
        Part("unknown_recipients", N_("recipients that do not exist"), 30, 0, 12 * _HOUR_US, "bounce_ratio"),
        Part("content", N_("taken for spam"), 30, 4, 24 * _HOUR_US, "content_verdicts"),
        Part("authentication", N_("not proven to be ours"), 25, 4, 24 * _HOUR_US, "authentication"),
        Part("volume", N_("more mail than usual"), 20, 0, 0, "volume_ramp"),
        Part("posture", N_("DNS, names, certificates"), 15, 0, 0, "posture"),
    )
}
"""In the order in which equal ones are told: what harms most comes first."""

_BIG = frozenset(
    {"google", "microsoft", "microsoft_365", "microsoft_consumer", "yahoo", "apple", "yahoo_jp", "ntt_docomo", "kddi"}
)
"""Providers with so many mailboxes that their opinion alone decides (and Japan's largest)."""
_PUBLIC = frozenset(
    {"spamhaus", "spamhaus-zen", "spamhaus-pbl", "spamhaus-dbl", "spamcop", "barracuda", "proofpoint-pdr"}
)


def refusal(
    klass: str, status: str, enhanced: str | None, provider: str | None, list_: str | None
) -> tuple[str, float] | None:
    """Give the part that a remote refusal feeds, and how much; None where it tells nothing of us.

    Args:
        klass: Of the reply classifier.
        status: `deferred`, `bounced` or `expired`.
        enhanced: RFC 3463 status, if any.
        provider: Who refused.
        list_: The block list that the reply names.
    """
    weight = 2.0 if provider in _BIG else 1.0
    if klass in ("blocklist", "reputation"):
        if status == "deferred":
            return "deferrals", 1.5 * weight
        return "refusals", weight * (2.0 if list_ in _PUBLIC else 1.0)
    if klass == "rate_limit":
        return "deferrals", weight if status == "deferred" else 0.5 * weight
    if klass == "policy_auth":
        return "authentication", 1.0
    if klass == "spam_content":
        return "content", 1.0
    if klass == "other" and status == "deferred" and enhanced is not None and enhanced.startswith("4.7."):
        return "deferrals", 0.5 * weight  # put off for a policy that the reply does not explain
    return None
