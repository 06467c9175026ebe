"""Write a lifelike Postfix and Dovecot log of any length, the same for the same seed.

    python -m bench.generate FILE [--lines 1000000] [--seed 7]

Of 3,000 people on 40 domains who keep to their networks; mail in and out with TLS, retries and bounces; strangers who
guess passwords and ask for relaying. About 40 lines a second; addresses are of benchmark and documentation ranges.
"""

import argparse
import random
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

_START = datetime(2026, 3, 1, tzinfo=UTC)
_TLS = (
    "TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519 server-signature RSA-PSS (2048 bits)"
)


class Life:
    """One server's life, told line by line."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.people = [f"person{n}@domain{n % 40}.example.org" for n in range(3000)]
        self.homes = {one: f"100.{64 + n % 60}.{n % 250}.{n % 240 + 1}" for n, one in enumerate(self.people)}
        self.number = 0

    def queue_id(self) -> str:
        self.number += 1
        return f"{self.number:010X}"

    def session_id(self, address: str) -> str:
        """Give what Dovecot names a session: six bytes of time, the client's port and its address, in base64."""
        moment = self.random.getrandbits(48).to_bytes(6, "little")
        port = self.random.randrange(1024, 65536).to_bytes(2, "little")
        return b64encode(moment + port + IPv4Address(address).packed).decode()

    def login(self) -> Iterator[str]:
        who, service = self.random.choice(self.people), self.random.choice(("imap", "imap", "imap", "pop3"))
        pid, session = self.random.randrange(9000, 60000), self.session_id(self.homes[who])
        yield (
            f"dovecot: {service}-login: Login: user=<{who}>, method=PLAIN, rip={self.homes[who]}, lip=192.0.2.25, "
            f"mpid={pid}, TLS, session=<{session}>"
        )
        end = "in=86 out=1203 deleted=0 expunged=0 trashed=0 hdr_count=2 hdr_bytes=900 body_count=1 body_bytes=48211"
        if service == "pop3":
            end = "top=0/0, retr=1/48211, del=0/120, size=4848484"
        yield f"dovecot: {service}({who})<{pid}><{session}>: Disconnected: Logged out {end}"

    def arrival(self) -> Iterator[str]:
        pid, id_ = self.random.randrange(1000, 4000), self.queue_id()
        peer = f"mx{self.random.randrange(900)}.example.net[198.18.{self.random.randrange(250)}.7]"
        who = self.random.choice(self.people)
        yield f"postfix/smtpd[{pid}]: connect from {peer}"
        yield f"postfix/smtpd[{pid}]: Anonymous TLS connection established from {peer}: {_TLS}"
        yield f"postfix/smtpd[{pid}]: {id_}: client={peer}"
        yield f"postfix/cleanup[{pid + 1}]: {id_}: message-id=<{id_}@example.net>"
        sender = f"sender{self.random.randrange(5000)}@example.net"
        yield f"postfix/qmgr[900]: {id_}: from=<{sender}>, size=5869, nrcpt=1 (queue active)"
        yield f"postfix/smtpd[{pid}]: disconnect from {peer} ehlo=2 starttls=1 mail=1 rcpt=1 data=1 quit=1 commands=7"
        yield f"dovecot: lmtp({who})<{pid + 9}><{id_}{id_[-6:]}>: msgid=<{id_}@example.net>: saved mail to INBOX"
        yield (
            f"postfix/lmtp[{pid + 2}]: {id_}: to=<{who}>, relay=mx1.example.org[private/dovecot-lmtp], delay=0.2, "
            f"delays=0.1/0.01/0.02/0.07, dsn=2.0.0, status=sent (250 2.0.0 <{who}> {id_} Saved)"
        )
        yield f"postfix/qmgr[900]: {id_}: removed"

    def departure(self) -> Iterator[str]:
        pid, id_ = self.random.randrange(1000, 4000), self.queue_id()
        who = self.random.choice(self.people)
        peer = f"host.isp.example.net[{self.homes[who]}]"
        to, relay = (
            f"friend{self.random.randrange(9000)}@example.com",
            f"mx.example.com[203.0.113.{self.random.randrange(1, 250)}]:25",
        )
        yield f"postfix/submission/smtpd[{pid}]: connect from {peer}"
        yield f"postfix/submission/smtpd[{pid}]: Anonymous TLS connection established from {peer}: {_TLS}"
        yield f"postfix/submission/smtpd[{pid}]: {id_}: client={peer}, sasl_method=PLAIN, sasl_username={who}"
        yield f"postfix/cleanup[{pid + 1}]: {id_}: message-id=<{id_}@example.org>"
        yield f"postfix/qmgr[900]: {id_}: from=<{who}>, size=48211, nrcpt=1 (queue active)"
        done = "ehlo=2 starttls=1 auth=1 mail=1 rcpt=1 data=1 quit=1 commands=8"
        yield f"postfix/submission/smtpd[{pid}]: disconnect from {peer} {done}"
        luck = self.random.random()
        tried = f"postfix/smtp[{pid + 2}]: {id_}: to=<{to}>, relay={relay}, delay=1.9, delays=0.05/0.01/0.84/1, "
        if luck < 0.02:
            yield (
                tried
                + f"dsn=5.1.1, status=bounced (host {relay[:-3]} said: 550 5.1.1 <{to}>: User unknown "
                + "(in reply to RCPT TO command))"
            )
        elif luck < 0.05:
            yield (
                tried
                + f"dsn=4.2.0, status=deferred (host {relay[:-3]} said: 450 4.2.0 Greylisted (in reply to RCPT TO command))"
            )
        yield tried + "dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 7D2E55)"
        yield f"postfix/qmgr[900]: {id_}: removed"

    def stranger(self) -> Iterator[str]:
        pid, peer = (
            self.random.randrange(1000, 4000),
            f"unknown[198.19.{self.random.randrange(250)}.{self.random.randrange(1, 250)}]",
        )
        yield f"postfix/smtpd[{pid}]: connect from {peer}"
        if self.random.random() < 0.7:
            who = self.random.choice(self.people)
            failed = f"SASL LOGIN authentication failed: (reason unavailable), sasl_username={who}"
            yield f"postfix/smtpd[{pid}]: warning: {peer}: {failed}"
            yield f"postfix/smtpd[{pid}]: disconnect from {peer} ehlo=1 auth=0/1 commands=1/2"
        else:
            yield (
                f"postfix/smtpd[{pid}]: NOQUEUE: reject: RCPT from {peer}: 554 5.7.1 <probe@example.net>: Relay access denied; "
                "from=<a@example.com> to=<probe@example.net> proto=ESMTP helo=<x>"
            )
            yield f"postfix/smtpd[{pid}]: disconnect from {peer} ehlo=1 mail=1 rcpt=0/1 commands=2/3"

    def lines(self, count: int) -> Iterator[str]:
        now, written = _START, 0
        while True:
            kind = self.random.choices((self.login, self.arrival, self.departure, self.stranger), (50, 22, 8, 4))[0]
            now += timedelta(seconds=self.random.expovariate(8))
            stamp = f"{now:%b} {now.day:2d} {now:%H:%M:%S} mx1 "
            for text in kind():
                if written == count:
                    return
                written += 1
                yield stamp + text + "\n"


def write(path: Path, count: int, seed: int) -> None:
    with path.open("w", encoding="utf-8") as log:
        log.writelines(Life(seed).lines(count))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    write(args.file, args.lines, args.seed)


if __name__ == "__main__":
    main()
