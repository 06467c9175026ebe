"""Receivers as they answer: what each says when it slows down, takes for spam, does not know, or blocks.

The wording is theirs; names of their exchangers too. Recipients' names are made up.
"""

import random

from bench.detection.server import Act, Outcome, Server

__all__ = ["DOMAINS", "Mailer", "answer", "mailbox"]

_OURS = "192.0.2.25"
_HOSTS = {
    "gmail.com": "gmail-smtp-in.l.google.com",
    "outlook.com": "outlook-com.olc.protection.outlook.com",
    "yahoo.com": "mta5.am0.yahoodns.net",
    "gmx.net": "mx00.emig.gmx.net",
    "docomo.ne.jp": "mfsmax.docomo.ne.jp",
    "firm.example.com": "firm-example-com.mail.protection.outlook.com",
    "example.net": "mx.example.net",
}
DOMAINS = (("gmail.com", 38), ("outlook.com", 18), ("yahoo.com", 12), ("gmx.net", 8), ("docomo.ne.jp", 6),
           ("firm.example.com", 8), ("example.net", 10))  # fmt: skip
_TAKEN = Outcome("sent", "2.0.0", "250 2.0.0 Ok: queued as 4Z7hQx2Gt1z9sZ")
_ANSWERS: dict[str, dict[str, Outcome]] = {
    "unknown": {
        "gmail.com": Outcome("bounced", "5.1.1", "550-5.1.1 The email account that you tried to reach does not exist."),
        "outlook.com": Outcome(
            "bounced", "5.5.0", "550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302)."
        ),
        "yahoo.com": Outcome("bounced", "5.0.0", "554 delivery error: dd This user doesn't have a yahoo.com account"),
        "docomo.ne.jp": Outcome("bounced", "5.0.0", "550 Unknown user {to}"),
        "": Outcome("bounced", "5.1.1", "550 5.1.1 <{to}>: Recipient address rejected: User unknown"),
    },
    "slow": {
        "gmail.com": Outcome(
            "deferred",
            "4.7.28",
            "421-4.7.28 [192.0.2.25      15] Our "
            "system has detected an unusual rate of "
            "421-4.7.28 unsolicited mail originating from your IP address.",
        ),
        "outlook.com": Outcome(
            "deferred",
            "4.7.650",
            "451 4.7.650 The mail server "
            "[192.0.2.25] has been temporarily rate limited "
            "due to IP reputation. For e-mail delivery "
            "information, see https://aka.ms/postmaster (S775)",
        ),
        "yahoo.com": Outcome(
            "deferred",
            "4.7.0",
            "421 4.7.0 [TSS04] Messages from "
            "192.0.2.25 temporarily deferred due to "
            "unexpected volume or user complaints - 4.16.55.1",
        ),
        "docomo.ne.jp": Outcome("deferred", "4.0.0", "421 mfsmax.docomo.ne.jp Service not available, try again later"),
        "": Outcome("deferred", "4.7.1", "451 4.7.1 Too much mail from 192.0.2.25, slow down"),
    },
    "spam": {
        "gmail.com": Outcome(
            "bounced",
            "5.7.1",
            "550-5.7.1 [192.0.2.25] Our system has detected that this message is likely unsolicited mail.",
        ),
        "yahoo.com": Outcome(
            "bounced",
            "5.7.9",
            "554 5.7.9 Message not accepted for policy reasons. See https://postmaster.yahooinc.com/",
        ),
        "": Outcome("bounced", "5.7.1", "554 5.7.1 Message rejected as spam by Content Filtering."),
    },
    "unsigned": {
        "gmail.com": Outcome(
            "bounced", "5.7.26", "550-5.7.26 Your email has been blocked because the sender is unauthenticated."
        ),
        "outlook.com": Outcome(
            "bounced",
            "5.7.515",
            "550 5.7.515 Access denied, sending domain {domain} doesn't meet the required authentication level.",
        ),
        "yahoo.com": Outcome(
            "bounced",
            "5.7.9",
            "550 5.7.9 This mail has been blocked "
            "because the sender is unauthenticated. Yahoo "
            "requires all senders to authenticate with either SPF or DKIM.",
        ),
        "": Outcome("bounced", "5.7.1", "550 5.7.1 rejected by DMARC policy for {domain}"),
    },
    "blocked": {
        "gmail.com": Outcome(
            "bounced",
            "5.7.1",
            "550-5.7.1 [192.0.2.25] Gmail has detected "
            "that this message is likely suspicious due "
            "to the very low reputation of the sending IP address.",
        ),
        "outlook.com": Outcome(
            "bounced",
            "5.7.1",
            "550 5.7.1 Unfortunately, messages from "
            "[192.0.2.25] weren't sent. Please contact your "
            "Internet service provider since part of their network is on our block list (S3150).",
        ),
        "yahoo.com": Outcome(
            "bounced",
            "5.7.2",
            "553 5.7.2 [TSS09] All messages from 192.0.2.25 will be permanently deferred; Retrying will NOT succeed.",
        ),
        "": Outcome(
            "bounced", "5.7.1", "554 5.7.1 Service unavailable; Client host [192.0.2.25] blocked using zen.spamhaus.org"
        ),
    },
    "grey": {"": Outcome("deferred", "4.2.0", "450 4.2.0 <{to}>: Recipient address rejected: Greylisted")},
    "outage": {"": Outcome("deferred", "4.3.0", "451 4.3.0 Mail server temporarily rejected message. Try again later")},
    "full": {"": Outcome("bounced", "5.2.2", "552 5.2.2 <{to}>: mailbox is full")},
}


def answer(kind: str, to: str, sender: str = "") -> Outcome:
    """Give what the receiver of a recipient says of one kind: taken, unknown, slow, spam, unsigned, blocked, grey."""
    if kind == "taken":
        return _TAKEN
    said = _ANSWERS[kind]
    found = said.get(to.rpartition("@")[2], said[""])
    return found._replace(answer=found.answer.replace("{domain}", sender.rpartition("@")[2]))


def mailbox(chance: random.Random) -> str:
    """Give an address elsewhere."""
    names, weights = zip(*DOMAINS, strict=True)
    return f"c{chance.randrange(1 << 30):x}@{chance.choices(names, weights)[0]}"


class Mailer(Server):
    """A server that hands mail to the exchangers of real providers."""

    _refused_at = "end of DATA command"

    def _exchanger(self, domain: str) -> str:
        return _HOSTS.get(domain, "mx.example.net")

    def forwarded(self, at_s: float, sender: str, to: str, onward: str, outcome: Outcome) -> Act:
        """Accept mail of a stranger for a mailbox that passes it on."""
        pid, id_ = self._pid(), self._queue_id()
        return Act(
            at_s,
            (
                f"postfix/smtpd[{pid}]: connect from unknown[203.0.113.77]",
                f"postfix/smtpd[{pid}]: {id_}: client=unknown[203.0.113.77]",
                *self._queued(id_, sender, 1, None),
                f"postfix/smtpd[{pid}]: disconnect from "
                "unknown[203.0.113.77] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5",
                *self._tried(id_, [(onward, outcome)], orig_to=to),
            ),
        )
