"""What a simulated mail server writes: Postfix 3.7 and Dovecot 2.3, the lines of each act together.

An `Act` is when something happened and the lines it left, without time and host. The wording is that of the servers
themselves; the addresses are those of the benchmark and documentation ranges.
"""

import random
from base64 import b64encode
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import NamedTuple

from bench.detection.programs import message_id

__all__ = ["Act", "Outcome", "Server"]

_TLS = (
    "TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519 server-signature RSA-PSS (2048 bits)"
)
_OURS = "192.0.2.25"
_MAILBOX = "mx1.example.org[private/dovecot-lmtp]"


class Act(NamedTuple):
    """Something that happened: seconds since the simulation began, the lines it left, and how many people were mailed."""

    at_s: float
    lines: tuple[str, ...]
    mailed: int = 0


class Outcome(NamedTuple):
    """What a receiver answers to one recipient."""

    status: str  # sent, deferred or bounced
    dsn: str
    answer: str


_TAKEN = Outcome("sent", "2.0.0", "250 2.0.0 Ok: queued as 4Z7hQx2Gt1z9sZ")
_UNKNOWN = Outcome("bounced", "5.1.1", "550 5.1.1 <{to}>: Recipient address rejected: User unknown")
_GREY = Outcome(
    "deferred", "4.2.0", "450 4.2.0 <{to}>: Recipient address rejected: Greylisted, see https://postgrey.example/"
)
_OUTAGE = Outcome("deferred", "4.3.0", "451 4.3.0 Mail server temporarily rejected message. Try again later")


class Server:
    """Writes the lines of acts; holds the numbers that only go up."""

    TAKEN, UNKNOWN, GREY, OUTAGE = _TAKEN, _UNKNOWN, _GREY, _OUTAGE
    _refused_at = "RCPT TO command"

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._forms = random.Random(4712)  # of what was added later: the rest stays what each seed always gave
        self._number = 0
        self.program_of: Callable[[str, str], str] = lambda _who, _address: "none"

    # ------------------------------------------------------------------ reading mail

    def login(self, at_s: float, who: str, address: str, service: str = "imap", size: int = 0) -> Act:
        """Let somebody in who reads mail: that of the hour, or so many bytes."""
        session = self._session(address)
        pid = self._pid()
        size = size or int(self._forms.lognormvariate(10, 1.5)) + 800
        end = (
            f"in=86 out={size + 1203} deleted=0 expunged=0 trashed=0 hdr_count=2 hdr_bytes=900 body_count=1 "
            f"body_bytes={size}"
        )
        if service == "pop3":
            end = f"top=0/0, retr=1/{size}, del=0/120, size={size + 4_000_000}"
        return Act(
            at_s,
            (
                f"dovecot: {service}-login: Login: user=<{who}>, method=PLAIN, rip={address}, lip={_OURS}, "
                f"mpid={pid}, TLS, session=<{session}>",
                f"dovecot: {service}({who})<{pid}><{session}>: Disconnected: Logged out {end}",
            ),
        )

    def fetched(self, at_s: float, who: str, address: str, messages: int, size: int) -> Act:
        """Let somebody in who fetches all there is by POP3."""
        session, pid = self._session(address), self._pid()
        return Act(
            at_s,
            (
                f"dovecot: pop3-login: Login: user=<{who}>, method=PLAIN, rip={address}, lip={_OURS}, "
                f"mpid={pid}, TLS, session=<{session}>",
                f"dovecot: pop3({who})<{pid}><{session}>: Disconnected: Logged out top=0/0, "
                f"retr={messages}/{size}, del=0/{messages}, size={size}",
            ),
        )

    def refused(self, at_s: float, who: str, address: str, service: str = "imap", tries: int = 1) -> Act:
        """Refuse somebody who wants to read mail."""
        return Act(
            at_s,
            (
                f"dovecot: {service}-login: Disconnected (auth failed, {tries} attempts in {2 * tries} secs): "
                f"user=<{who}>, method=PLAIN, rip={address}, lip={_OURS}, TLS, session=<{self._session(address)}>",
            ),
        )

    # ------------------------------------------------------------------ logging in to send

    def smtp_refused(self, at_s: float, who: str, address: str) -> Act:
        """Refuse a login at the submission port."""
        pid, peer = self._pid(), f"unknown[{address}]"
        return Act(
            at_s,
            (
                f"postfix/submission/smtpd[{pid}]: connect from {peer}",
                f"postfix/submission/smtpd[{pid}]: Anonymous TLS connection established from {peer}: {_TLS}",
                f"postfix/submission/smtpd[{pid}]: warning: {peer}: SASL LOGIN authentication failed: "
                f"(reason unavailable), sasl_username={who}",
                f"postfix/submission/smtpd[{pid}]: disconnect from {peer} ehlo=2 starttls=1 auth=0/1 commands=3/4",
            ),
        )

    def backend_down(self, at_s: float, address: str) -> Act:
        """Answer nobody: the password service is away."""
        pid, peer = self._pid(), f"unknown[{address}]"
        return Act(
            at_s,
            (
                f"postfix/submission/smtpd[{pid}]: connect from {peer}",
                f"postfix/submission/smtpd[{pid}]: warning: {peer}: SASL PLAIN authentication failed: "
                "Connection lost to authentication server, sasl_username=(unavailable)",
                f"postfix/submission/smtpd[{pid}]: disconnect from {peer} ehlo=2 starttls=1 auth=0/1 commands=3/4",
            ),
        )

    # ------------------------------------------------------------------ mail

    def send(
        self,
        at_s: float,
        who: str,
        address: str,
        recipients: Sequence[tuple[str, Outcome]],
        sender: str | None = None,
        size: int | None = None,
    ) -> Act:
        """Accept a message under a login and hand it on."""
        pid, id_, peer = self._pid(), self._queue_id(), f"unknown[{address}]"
        done = f"ehlo=2 starttls=1 auth=1 mail=1 rcpt={len(recipients)} data=1 quit=1 commands={len(recipients) + 7}"
        lines = [
            f"postfix/submission/smtpd[{pid}]: connect from {peer}",
            f"postfix/submission/smtpd[{pid}]: Anonymous TLS connection established from {peer}: {_TLS}",
            f"postfix/submission/smtpd[{pid}]: {id_}: client={peer}, sasl_method=PLAIN, sasl_username={who}",
            *self._queued(id_, sender or who, len(recipients), size, self._written(who, address)),
            f"postfix/submission/smtpd[{pid}]: disconnect from {peer} {done}",
            *self._tried(id_, recipients),
        ]
        return Act(at_s, tuple(lines), len(recipients))

    def send_home(self, at_s: float, who: str, address: str, to: str) -> Act:
        """Accept a message under a login for a mailbox here."""
        pid, id_, peer = self._pid(), self._queue_id(), f"unknown[{address}]"
        return Act(
            at_s,
            (
                f"postfix/submission/smtpd[{pid}]: connect from {peer}",
                f"postfix/submission/smtpd[{pid}]: Anonymous TLS connection established from {peer}: {_TLS}",
                f"postfix/submission/smtpd[{pid}]: {id_}: client={peer}, sasl_method=PLAIN, sasl_username={who}",
                *self._queued(id_, who, 1, None, self._written(who, address)),
                f"postfix/submission/smtpd[{pid}]: disconnect from {peer} ehlo=2 starttls=1 auth=1 mail=1 rcpt=1 data=1 "
                "quit=1 commands=8",
                f"postfix/lmtp[{pid + 2}]: {id_}: to=<{to}>, relay={_MAILBOX}, delay=0.2, delays=0.1/0.01/0.02/0.07, "
                f"dsn=2.0.0, status=sent (250 2.0.0 <{to}> {id_} Saved)",
                f"postfix/qmgr[900]: {id_}: removed",
            ),
            mailed=1,
        )

    def script(self, at_s: float, uid: int, sender: str, recipients: Sequence[tuple[str, Outcome]]) -> Act:
        """Accept a message that a local program hands in."""
        id_ = self._queue_id()
        return Act(
            at_s,
            (
                f"postfix/pickup[{self._pid()}]: {id_}: uid={uid} from=<{sender}>",
                *self._queued(id_, sender, len(recipients), None),
                *self._tried(id_, recipients),
            ),
        )

    def relay(self, at_s: float, address: str, sender: str, recipients: Sequence[tuple[str, Outcome]]) -> Act:
        """Accept a message from a stranger for elsewhere."""
        pid, id_, peer = self._pid(), self._queue_id(), f"unknown[{address}]"
        return Act(
            at_s,
            (
                f"postfix/smtpd[{pid}]: connect from {peer}",
                f"postfix/smtpd[{pid}]: {id_}: client={peer}",
                *self._queued(id_, sender, len(recipients), None),
                f"postfix/smtpd[{pid}]: disconnect from {peer} ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5",
                *self._tried(id_, recipients),
            ),
        )

    def receive(self, at_s: float, address: str, sender: str, to: str, forward: str | None = None) -> Act:
        """Accept a message from elsewhere for a mailbox here, or for one that passes it on."""
        pid, id_ = self._pid(), self._queue_id()
        peer = f"mx{int(ip_address(address)) % 900}.example.net[{address}]"
        done = "ehlo=2 starttls=1 mail=1 rcpt=1 data=1 quit=1 commands=7"
        if forward is None:
            delivered: tuple[str, ...] = (
                f"postfix/lmtp[{pid + 2}]: {id_}: to=<{to}>, relay={_MAILBOX}, delay=0.2, "
                f"delays=0.1/0.01/0.02/0.07, dsn=2.0.0, status=sent (250 2.0.0 <{to}> {id_} Saved)",
                f"postfix/qmgr[900]: {id_}: removed",
            )
        else:
            delivered = tuple(self._tried(id_, [(forward, _TAKEN)], orig_to=to))
        return Act(
            at_s,
            (
                f"postfix/smtpd[{pid}]: connect from {peer}",
                f"postfix/smtpd[{pid}]: {id_}: client={peer}",
                *self._queued(id_, sender, 1, None),
                f"postfix/smtpd[{pid}]: disconnect from {peer} {done}",
                *delivered,
            ),
        )

    def probe(self, at_s: float, address: str) -> Act:
        """Refuse to relay for a stranger."""
        return self._rejected(
            at_s, address, "554 5.7.1 <test@example.com>: Relay access denied", "a@example.net", "test@example.com"
        )

    def unknown_recipient(self, at_s: float, address: str, to: str) -> Act:
        """Refuse a recipient who does not exist."""
        answer = f"550 5.1.1 <{to}>: Recipient address rejected: User unknown in virtual mailbox table"
        return self._rejected(at_s, address, answer, "news@example.net", to)

    # ------------------------------------------------------------------ parts of acts

    def _rejected(self, at_s: float, address: str, answer: str, sender: str, to: str) -> Act:
        pid, peer = self._pid(), f"unknown[{address}]"
        return Act(
            at_s,
            (
                f"postfix/smtpd[{pid}]: connect from {peer}",
                f"postfix/smtpd[{pid}]: NOQUEUE: reject: RCPT from {peer}: {answer}; from=<{sender}> to=<{to}> "
                "proto=ESMTP helo=<mail>",
                f"postfix/smtpd[{pid}]: disconnect from {peer} ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4",
            ),
        )

    def _written(self, who: str, address: str) -> str:
        """Give the Message-ID of what somebody writes from an address."""
        return message_id(self._forms, self.program_of(who, address), who.rpartition("@")[2])

    def _size(self, size: int | None) -> int:
        """Give the bytes of a message where they are not given."""
        return size or int(self._chance.lognormvariate(9, 1.5)) + 800

    def _queued(
        self, id_: str, sender: str, recipients: int, size: int | None, written: str | None = None
    ) -> list[str]:
        size = self._size(size)
        return [
            f"postfix/cleanup[{self._pid()}]: {id_}: message-id=<{written or id_ + '@example.org'}>",
            f"postfix/qmgr[900]: {id_}: from=<{sender}>, size={size}, nrcpt={recipients} (queue active)",
        ]

    def _tried(self, id_: str, recipients: Sequence[tuple[str, Outcome]], orig_to: str | None = None) -> list[str]:
        lines, waits = [], False
        named = f" orig_to=<{orig_to}>," if orig_to else ""
        for to, outcome in recipients:
            host = self._exchanger(to.rpartition("@")[2])
            said = outcome.answer.replace("{to}", to)
            if outcome.status != "sent":
                said = f"host {host}[203.0.113.40] said: {said} (in reply to {self._refused_at})"
            waits = waits or outcome.status == "deferred"
            lines.append(
                f"postfix/smtp[{self._pid()}]: {id_}: to=<{to}>,{named} relay={host}[203.0.113.40]:25, delay=1.9, "
                f"delays=0.05/0.01/0.84/1, dsn={outcome.dsn}, status={outcome.status} ({said})"
            )
        if not waits:
            lines.append(f"postfix/qmgr[900]: {id_}: removed")
        return lines

    def _exchanger(self, domain: str) -> str:
        return f"mx.{domain}"

    def _pid(self) -> int:
        return self._chance.randrange(1000, 60000)

    def _queue_id(self) -> str:
        self._number += 1
        return f"{self._number + 0x4F00000000:010X}"

    def _session(self, address: str) -> str:
        moment = self._chance.getrandbits(48).to_bytes(6, "little")
        port = self._chance.randrange(1024, 65536).to_bytes(2, "little")
        return b64encode(moment + port + ip_address(address).packed).decode().rstrip("=")
