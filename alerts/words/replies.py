"""Say in plain words what a remote server's reply means for us, what to do, and where to go.

Keyed by the class and the finer kind of the reply classifier; what a rule gives as address of a provider's form or page
goes before that of the list it names.
"""

from typing import NamedTuple

from mailwarden.alerts.words.translate import N_
from mailwarden.parsers.reply import Verdict

__all__ = ["Meaning", "is_temporary", "meaning"]


class Meaning(NamedTuple):
    """Two message ids, and a page or form where there is one."""

    says: str
    do: str
    url: str | None


_LISTS = {  # where a list tells why and takes an address off again
    "abusix": "https://app.abusix.com/lookup",
    "barracuda": "https://www.barracudacentral.org/rbl/removal-request",
    "blocklist-de": "https://www.blocklist.de/en/delist.html",
    "cloudmark-csi": "https://csi.cloudmark.com/en/reset",
    "hostkarma": "https://ipadmin.junkemailfilter.com/remove.php",
    "invaluement": "https://www.invaluement.com/removal/",
    "mailspike": "https://mailspike.org/iplookup.html",
    "nixspam": "https://www.nixspam.net/",
    "proofpoint-pdr": "https://ipcheck.proofpoint.com/",
    "psbl": "https://psbl.org/remove",
    "spamcop": "https://www.spamcop.net/bl.shtml",
    "spamhaus": "https://check.spamhaus.org/",
    "spamhaus-dbl": "https://check.spamhaus.org/",
    "spamhaus-pbl": "https://check.spamhaus.org/",
    "spamhaus-zen": "https://check.spamhaus.org/",
    "spfbl": "https://spfbl.net/en/delist/",
    "surbl-uribl": "https://surbl.org/surbl-analysis",
    "uceprotect": "https://www.uceprotect.net/en/rblcheck.php",
}

_BY_KIND = {
    "account_blocked": (
        N_("the provider has blocked one of your own accounts or tenants for sending spam"),
        N_("change that account's password, stop what it sends, then ask the provider to release it"),
    ),
    "helo": (
        N_("the receiver does not like the name that your server greets with"),
        N_("greet with a full host name that the DNS knows, the same one that the address points to"),
    ),
    "host_unknown": (
        N_("the recipient's domain or mail server was not found"),
        N_("check the spelling of the domain; this says nothing about your server"),
    ),
    "listed_url": (
        N_("a link in the message stands on a list of bad web sites"),
        N_("find the message and the account behind it, and see whether its links are yours"),
    ),
    "malware": (
        N_("the receiver found a virus or something like one in the message"),
        N_("find the account that sent it and check its computer"),
    ),
    "moved": (
        N_("the recipient has another address now"),
        N_("take the old address out of your lists"),
    ),
    "policy_other": (
        N_("a rule of the receiver refuses the message; the reply does not say more"),
        N_("read the reply; where it goes on, ask the receiver's postmaster"),
    ),
    "protocol": (
        N_("the receiver complains about the order or form of the commands your server sent"),
        N_("look at filters and proxies between your server and the receiver"),
    ),
    "ptr": (
        N_("your sending address has no reverse name, or the name does not lead back to it"),
        N_("have the owner of the address set a reverse name, and let that name point to the address"),
    ),
    "recipient_disabled": (
        N_("the recipient's mailbox is closed or suspended"),
        N_("take the address out of your lists; many such refusals count against you"),
    ),
    "recipient_policy": (
        N_("the recipient, or a rule of theirs, does not want this sender's mail"),
        N_("do not send there any more; this says nothing about your server"),
    ),
    "relay_denied": (
        N_("the server asked does not take mail for this recipient"),
        N_("check the domain's MX record, or the smarthost that your server sends through"),
    ),
    "remote_error": (
        N_("the receiving server has trouble of its own"),
        N_("wait: your server tries again by itself"),
    ),
    "sender_domain": (
        N_("the receiver cannot find the domain of the sender's address, or does not accept it"),
        N_("see that the sender's domain exists and has an MX and an SPF record"),
    ),
    "sender_quota": (
        N_("an account or domain of yours has reached the number of messages it may send"),
        N_("see whether the account was taken over before you raise its limit"),
    ),
    "unknown_or_refused": (
        N_("the mailbox does not exist, or its owner refuses mail from elsewhere; the provider says the same of both"),
        N_("take the address out of your lists: many such refusals lead to a block"),
    ),
}
_BY_CLASS = {
    "blocklist": (
        N_("your sending address or domain stands on a block list"),
        N_("stop the cause first, then ask to be taken off; without that you are listed again"),
    ),
    "greylist": (
        N_("the receiver delays the first message of a sender it does not know"),
        N_("wait: your server tries again by itself"),
    ),
    "mailbox_full": (
        N_("the recipient's mailbox is full"),
        N_("tell the sender; this says nothing about your server"),
    ),
    "other": (
        N_("the reply speaks of something else than your standing"),
        N_("read the reply; where many of them come, ask the receiver's postmaster"),
    ),
    "policy_auth": (
        N_("the receiver could not tell that the message is really yours (SPF, DKIM, DMARC)"),
        N_("publish SPF, sign with DKIM, and let both agree with the sender's domain"),
    ),
    "rate_limit": (
        N_("your server sends more or faster than the receiver accepts from it now"),
        N_("send slower to this provider, and see which account sends so much"),
    ),
    "reputation": (
        N_("the receiver thinks badly of your sending address or domain and holds mail back"),
        N_("find what sends unwanted mail and stop it; the standing mends within days, not at once"),
    ),
    "spam_content": (
        N_("the receiver took this message for spam"),
        N_("look at the message and the account behind it; several of them within a day are a sign of a taken account"),
    ),
    "tls": (
        N_("the connection could not be encrypted as one side asks"),
        N_("see that your server offers TLS 1.2 or later when it sends"),
    ),
    "too_big": (
        N_("the message is larger than the receiver accepts"),
        N_("send a link instead; this says nothing about your server"),
    ),
    "unknown_user": (
        N_("the recipient does not exist"),
        N_("take the address out of your lists; many such refusals count against you"),
    ),
}


def meaning(verdict: Verdict) -> Meaning:
    """Give what a verdict means for the one who sent."""
    says, do = _BY_KIND.get(verdict.kind) or _BY_CLASS[verdict.klass]
    return Meaning(says, do, verdict.url or (_LISTS.get(verdict.list) if verdict.list else None))


def is_temporary(verdict: Verdict, code: int | None) -> bool:
    """Say whether the message may still get through: the code decides, the rule only where there is none."""
    return 400 <= code < 500 if code is not None else verdict.temporary
