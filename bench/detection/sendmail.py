"""What sendmail 8.17 and Courier's IMAP and POP3 servers write for the acts of a simulated server."""

from collections.abc import Sequence
from ipaddress import ip_address

from bench.detection.server import Act, Outcome, Server

__all__ = ["Sendmail"]

_TLS = "version=TLSv1.3, verify=NO, cipher=TLS_AES_256_GCM_SHA384, bits=256/256"
_LOCAL = "localhost [127.0.0.1]"


class Sendmail(Server):
    """Writes the lines of acts as sendmail does, those of reading as Courier does."""

    # ------------------------------------------------------------------ reading mail

    def login(self, at_s: float, who: str, address: str, service: str = "imap", size: int = 0) -> Act:
        """Let somebody in who reads mail: that of the hour, or so many bytes."""
        size = size or int(self._forms.lognormvariate(10, 1.5)) + 800
        if service == "pop3":
            return self.fetched(at_s, who, address, 1, size)
        end = f"headers=900, body={size}, rcvd=86, sent={size + 1203}, time=2, starttls=1"
        return self._read(at_s, "imapd-ssl", who, address, ", protocol=IMAP", end)

    def fetched(self, at_s: float, who: str, address: str, messages: int, size: int) -> Act:
        """Let somebody in who fetches all there is by POP3."""
        end = f"top=0, retr={size}, rcvd={12 * messages}, sent={size + 400}, time=2, stls=1"
        return self._read(at_s, "pop3d-ssl", who, address, "", end)

    def refused(self, at_s: float, who: str, address: str, service: str = "imap", tries: int = 1) -> Act:
        """Refuse somebody who wants to read mail."""
        program, peer = f"{service}d-ssl", self._courier(address)
        failed = [f"{program}: LOGIN FAILED, user={who}, {peer}" for _ in range(tries)]
        return Act(at_s, (f"{program}: Connection, {peer}", *failed, f"{program}: LOGOUT, {peer}"))

    # ------------------------------------------------------------------ logging in to send

    def smtp_refused(self, at_s: float, who: str, address: str) -> Act:
        """Refuse a login at the submission port."""
        said = "authentication failure (-13) SASL(-13): authentication failure: checkpass failed"
        return self._unanswered(at_s, f"{said}, user={who}", address)

    def backend_down(self, at_s: float, address: str) -> Act:
        """Answer nobody: the password service is away."""
        said = "generic failure (-1) SASL(-1): generic failure: cannot connect to saslauthd server: Connection refused"
        return self._unanswered(at_s, said, address)

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
        id_, pid, sender = self._queue_id(), self._pid(), sender or who
        lines = [
            *self._submitted(pid, id_, who, address, sender, len(recipients), size),
            *self._delivered(id_, sender, recipients),
        ]
        return Act(at_s, tuple(lines), len(recipients))

    def send_home(self, at_s: float, who: str, address: str, to: str) -> Act:
        """Accept a message under a login for a mailbox here."""
        id_, pid = self._queue_id(), self._pid()
        lines = [*self._submitted(pid, id_, who, address, who, 1, None), *self._saved(id_, to, who)]
        return Act(at_s, tuple(lines), mailed=1)

    def script(self, at_s: float, uid: int, sender: str, recipients: Sequence[tuple[str, Outcome]]) -> Act:
        """Accept a message that a local program hands in: sendmail's own client passes it to the server."""
        user, pid, first, id_ = (
            "www-data" if uid == 33 else f"user{uid}",
            self._pid(),
            self._queue_id(),
            self._queue_id(),
        )
        to = ",".join(one for one, _ in recipients)
        size = self._size(None)
        handed = (
            f"to={to}, ctladdr={user} ({uid}/{uid}), delay=00:00:00, xdelay=00:00:00, mailer=relay, pri=30400, "
            f"relay=[127.0.0.1] [127.0.0.1], dsn=2.0.0, stat=Sent ({id_} Message accepted for delivery)"
        )
        written = f"{first}@mx1.example.org"
        return Act(
            at_s,
            (
                f"sendmail[{pid}]: {first}: from={user}, size={size}, class=0, nrcpts={len(recipients)}, "
                f"msgid=<{written}>, relay={user}@localhost",
                self._arrived(pid + 1, id_, sender, len(recipients), size + 200, written, _LOCAL, "ESMTP"),
                f"sendmail[{pid}]: {first}: {handed}",
                *self._delivered(id_, sender, recipients),
            ),
        )

    def relay(self, at_s: float, address: str, sender: str, recipients: Sequence[tuple[str, Outcome]]) -> Act:
        """Accept a message from a stranger for elsewhere."""
        id_, peer = self._queue_id(), _peer(address)
        arrived = self._arrived(
            self._pid(), id_, sender, len(recipients), self._size(None), f"{id_}@example.org", peer, "ESMTP"
        )
        return Act(at_s, (arrived, *self._delivered(id_, None, recipients)))

    def receive(self, at_s: float, address: str, sender: str, to: str, forward: str | None = None) -> Act:
        """Accept a message from elsewhere for a mailbox here, or for one that passes it on."""
        id_, peer = self._queue_id(), f"mx{int(ip_address(address)) % 900}.example.net {_peer(address)}"
        arrived = self._arrived(self._pid(), id_, sender, 1, self._size(None), f"{id_}@example.org", peer, "ESMTPS")
        if forward is None:
            return Act(at_s, (arrived, *self._saved(id_, to, None)))
        return Act(at_s, (arrived, *self._delivered(id_, to, [(forward, self.TAKEN)])))

    def probe(self, at_s: float, address: str) -> Act:
        """Refuse to relay for a stranger."""
        refused = "reject=550 5.7.1 <test@example.com>... Relaying denied"
        ruled = f"ruleset=check_rcpt, arg1=<test@example.com>, relay={_peer(address)}, {refused}"
        return Act(at_s, (f"sm-mta[{self._pid()}]: {self._queue_id()}: {ruled}",))

    def unknown_recipient(self, at_s: float, address: str, to: str) -> Act:
        """Refuse a recipient who does not exist."""
        id_, pid = self._queue_id(), self._pid()
        came = f"from=<news@example.net>, size=0, class=0, nrcpts=0, proto=ESMTP, daemon=MTA-v4, relay={_peer(address)}"
        return Act(at_s, (f"sm-mta[{pid}]: {id_}: <{to}>... User unknown", f"sm-mta[{pid}]: {id_}: {came}"))

    # ------------------------------------------------------------------ parts of acts

    def _courier(self, address: str) -> str:
        mapped = address if ":" in address else f"::ffff:{address}"
        return f"ip=[{mapped}], port=[{self._chance.randrange(1024, 65536)}]"

    def _read(self, at_s: float, program: str, who: str, address: str, more: str, end: str) -> Act:
        peer = self._courier(address)
        return Act(
            at_s,
            (
                f"{program}: Connection, {peer}",
                f"{program}: LOGIN, user={who}, {peer}{more}",
                f"{program}: LOGOUT, user={who}, {peer}, {end}",
            ),
        )

    def _unanswered(self, at_s: float, said: str, address: str) -> Act:
        pid, id_, peer = self._pid(), self._queue_id(), _peer(address)
        return Act(
            at_s,
            (
                f"sm-mta[{pid}]: STARTTLS=server, relay={peer}, {_TLS}",
                f"sm-mta[{pid}]: {id_}: AUTH failure (LOGIN): {said}, relay={peer}",
            ),
        )

    def _submitted(
        self, pid: int, id_: str, who: str, address: str, sender: str, count: int, size: int | None
    ) -> list[str]:
        peer, written = _peer(address), self._written(who, address)
        return [
            f"sm-mta[{pid}]: STARTTLS=server, relay={peer}, {_TLS}",
            f"sm-mta[{pid}]: AUTH=server, relay={peer}, authid={who}, mech=PLAIN, bits=0",
            self._arrived(pid, id_, sender, count, self._size(size), written, peer, "ESMTPSA", "MSP-v4"),
        ]

    @staticmethod
    def _arrived(
        pid: int,
        id_: str,
        sender: str,
        count: int,
        size: int,
        written: str,
        peer: str,
        proto: str,
        daemon: str = "MTA-v4",
    ) -> str:
        return (
            f"sm-mta[{pid}]: {id_}: from=<{sender}>, size={size}, class=0, nrcpts={count}, msgid=<{written}>, "
            f"proto={proto}, daemon={daemon}, relay={peer}"
        )

    def _saved(self, id_: str, to: str, sender: str | None) -> list[str]:
        pid, by = self._pid(), f" ctladdr=<{sender}> (1000/1000)," if sender else ""
        return [
            f"sm-mta[{pid}]: {id_}: to=<{to}>,{by} delay=00:00:00, xdelay=00:00:00, mailer=local, pri=35820, dsn=2.0.0, "
            "stat=Sent",
            f"sm-mta[{pid}]: {id_}: done; delay=00:00:00, ntries=1",
        ]

    def _delivered(self, id_: str, sender: str | None, recipients: Sequence[tuple[str, Outcome]]) -> list[str]:
        pid, lines = self._pid(), []
        by = f" ctladdr=<{sender}> (1000/1000)," if sender else ""
        for to, outcome in recipients:
            answer = outcome.answer.replace("{to}", to)
            said = {"sent": f"Sent ({answer[4:]})", "bounced": "User unknown", "deferred": f"Deferred: {answer}"}
            lines.append(
                f"sm-mta[{pid}]: {id_}: to=<{to}>,{by} delay=00:00:01, xdelay=00:00:01, mailer=esmtp, pri=121000, "
                f"relay=mx.{to.rpartition('@')[2]}. [203.0.113.40], dsn={outcome.dsn}, stat={said[outcome.status]}"
            )
        if not any(outcome.status == "deferred" for _, outcome in recipients):
            lines.append(f"sm-mta[{pid}]: {id_}: done; delay=00:00:01, ntries=1")
        return lines

    def _queue_id(self) -> str:
        self._number += 1
        return f"62FAAA{chr(65 + self._number // 1_000_000 % 26)}a{self._number % 1_000_000:06d}"


def _peer(address: str) -> str:
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"
