"""What Exim 4.96 writes for the acts of a simulated server, beside the same Dovecot: by default, and as cPanel sets it.

By default an arrival does not say for whom it is: recipients are known from their deliveries alone.
"""

import random
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import PurePosixPath

from bench.detection.server import Act, Outcome, Server

__all__ = ["Exim"]

_TLS = "X=TLS1.3:ECDHE_X25519__RSA_PSS_RSAE_SHA256__AES_256_GCM:256 CV=no"
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RECEIVER = "203.0.113.40"
_SAVED = 'T=dovecot_virtual_delivery C="250 2.0.0 <{to}> {id} Saved"'


class Exim(Server):
    """Writes the lines of acts as Exim does.

    Args:
        chance: Of everything.
        is_cpanel: Whether arrivals name their recipients and subject, and scripts their directory.
    """

    def __init__(self, chance: random.Random, *, is_cpanel: bool) -> None:
        super().__init__(chance)
        self._is_cpanel = is_cpanel

    # ------------------------------------------------------------------ logging in to send

    def smtp_refused(self, at_s: float, who: str, address: str) -> Act:
        """Refuse a login at the submission port."""
        answer = f"535 Incorrect authentication data (set_id={who})"
        return self._act(at_s, f"dovecot_login authenticator failed for (mail) {self._peer(address)}: {answer}")

    def backend_down(self, at_s: float, address: str) -> Act:
        """Answer nobody: the password service is away."""
        answer = "435 Unable to authenticate at present: authentication socket connection error"
        return self._act(at_s, f"dovecot_plain authenticator failed for (mail) {self._peer(address)}: {answer}")

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
        id_, sender = self._queue_id(), sender or who
        arrived = self._submitted(id_, who, address, sender, [to for to, _ in recipients], size)
        act = self._act(at_s, arrived, *self._delivered(id_, sender, recipients))
        return act._replace(mailed=len(recipients))

    def send_home(self, at_s: float, who: str, address: str, to: str) -> Act:
        """Accept a message under a login for a mailbox here."""
        id_ = self._queue_id()
        act = self._act(at_s, self._submitted(id_, who, address, who, [to], None), *self._saved(id_, who, to))
        return act._replace(mailed=1)

    def script(self, at_s: float, uid: int, sender: str, recipients: Sequence[tuple[str, Outcome]]) -> Act:
        """Accept a message that a local program hands in."""
        id_, user = self._queue_id(), "www-data" if uid == 33 else f"user{uid}"
        directory = PurePosixPath("/home", user, "public_html")
        called = [f"cwd={directory} 3 args: /usr/sbin/sendmail -t -i"] if self._is_cpanel else []
        arrived = f"{id_} <= {sender} U={user} P=local S={self._size(None)}{self._for([to for to, _ in recipients])}"
        return self._act(at_s, *called, arrived, *self._delivered(id_, sender, recipients))

    def relay(self, at_s: float, address: str, sender: str, recipients: Sequence[tuple[str, Outcome]]) -> Act:
        """Accept a message from a stranger for elsewhere."""
        id_ = self._queue_id()
        arrived = self._came(id_, f"(mail) {self._peer(address)}", sender, [to for to, _ in recipients])
        return self._act(at_s, arrived, *self._delivered(id_, sender, recipients))

    def receive(self, at_s: float, address: str, sender: str, to: str, forward: str | None = None) -> Act:
        """Accept a message from elsewhere for a mailbox here, or for one that passes it on."""
        id_, name = self._queue_id(), f"mx{int(ip_address(address)) % 900}.example.net"
        arrived = self._came(id_, f"{name} {self._peer(address)}", sender, [to])
        if forward is None:
            return self._act(at_s, arrived, *self._saved(id_, sender, to))
        return self._act(at_s, arrived, *self._delivered(id_, sender, [(forward, self.TAKEN)], passed_on=to))

    def probe(self, at_s: float, address: str) -> Act:
        """Refuse to relay for a stranger."""
        refused = "F=<a@example.net> rejected RCPT <test@example.com>: relay not permitted"
        return self._act(at_s, f"H=(mail) {self._peer(address)} {refused}")

    def unknown_recipient(self, at_s: float, address: str, to: str) -> Act:
        """Refuse a recipient who does not exist."""
        refused = f"F=<news@example.net> rejected RCPT <{to}>: Unrouteable address"
        return self._act(at_s, f"H=(mail) {self._peer(address)} {refused}")

    # ------------------------------------------------------------------ parts of acts

    def _act(self, at_s: float, *said: str) -> Act:
        pid = self._pid()
        return Act(at_s, tuple(f"exim[{pid}]: {line}" for line in said))

    def _peer(self, address: str) -> str:
        return f"[{address}]:{self._chance.randrange(1024, 65536)}"

    def _for(self, recipients: Sequence[str]) -> str:
        return f' T="Hello" for {" ".join(recipients)}' if self._is_cpanel else ""

    def _submitted(
        self, id_: str, who: str, address: str, sender: str, recipients: Sequence[str], size: int | None
    ) -> str:
        written = f"S={self._size(size)} id={self._written(who, address)}"
        peer = f"H=(mail) {self._peer(address)} P=esmtpsa {_TLS}"
        return f"{id_} <= {sender} {peer} A=dovecot_plain:{who} {written}{self._for(recipients)}"

    def _came(self, id_: str, peer: str, sender: str, recipients: Sequence[str]) -> str:
        written = f"S={self._size(None)} id={id_}@example.org{self._for(recipients)}"
        return f"{id_} <= {sender} H={peer} P=esmtps {_TLS} {written}"

    def _saved(self, id_: str, sender: str, to: str) -> tuple[str, str]:
        user = to.partition("@")[0]
        saved = _SAVED.format(to=to, id=id_)
        return f"{id_} => {user} <{to}> F=<{sender}> R=virtual_user {saved}", f"{id_} Completed"

    def _delivered(
        self, id_: str, sender: str, recipients: Sequence[tuple[str, Outcome]], passed_on: str | None = None
    ) -> list[str]:
        lines = []
        for to, outcome in recipients:
            named = f"{to} <{passed_on}>" if passed_on else to
            host = f"H=mx.{to.rpartition('@')[2]} [{_RECEIVER}]"
            answer = outcome.answer.replace("{to}", to)
            said = f"SMTP error from remote mail server after RCPT TO:<{to}>: {answer}"
            route = f"F=<{sender}> R=dnslookup T=remote_smtp"
            if outcome.status == "sent":
                lines.append(f'{id_} => {named} {route} {host} {_TLS} C="{answer}"')
            elif outcome.status == "bounced":
                lines.append(f"{id_} ** {named} {route} {host} {_TLS}: {said}")
            else:
                lines.append(f"{id_} == {named} R=dnslookup T=remote_smtp defer (-44) {host}: {said}")
        if not any(outcome.status == "deferred" for _, outcome in recipients):
            lines.append(f"{id_} Completed")
        if any(outcome.status == "bounced" for _, outcome in recipients):
            lines += self._bounce(id_, sender)
        return lines

    def _bounce(self, of: str, sender: str) -> list[str]:
        id_ = self._queue_id()
        arrived = f"{id_} <= <> R={of} U=Debian-exim P=local S={self._size(None)}{self._for([sender])}"
        return [arrived, *self._saved(id_, "", sender)]

    def _queue_id(self) -> str:
        self._number += 1
        number, digits = self._number, ""
        for _ in range(6):
            number, digit = divmod(number, 62)
            digits = _DIGITS[digit] + digits
        return f"1xVXUT-{digits}-{self._number % 62:02d}"
