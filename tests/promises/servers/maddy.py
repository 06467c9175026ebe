"""Maddy by way of the journal."""

import json

from servers.server import Server

__all__ = ["Maddy"]


class Maddy(Server):
    """Its lines in syslog."""

    module = "maddy"

    def say(self, module: str, message: str, **values: object) -> None:
        told = json.dumps(dict(sorted(values.items())), separators=(",", ":"))
        self.lines.append(f"{self.at:%b %e %H:%M:%S} mx1 maddy[612]: {module}: {message}\t{told}")

    def reads(self, user: str, address: str) -> None:
        """That somebody reads mail leaves no trace."""

    def refuses_login(self, user: str, address: str) -> None:
        peer = f"{address}:{self.next()}"
        self.say("submission", "authentication failed", reason="unknown credentials", src_ip=peer, username=user)

    def sends(self, user: str, address: str, recipients: list[str], answers: dict[str, tuple[int, str]]) -> None:
        number = f"0d6e{self.next():04x}"
        peer = f"{address}:{self.number}"
        self.say(
            "submission", "incoming message", msg_id=number, sender=user, src_host="laptop", src_ip=peer, username=user
        )
        for one in recipients:
            self.say("submission", "RCPT ok", msg_id=number, rcpt=one)
        self.say("submission", "accepted", msg_id=number)
        for one in recipients:
            domain = one.rpartition("@")[2]
            code, text = answers.get(domain, (250, ""))
            if code == 250:
                self.say("queue", "delivered", attempt=1, msg_id=number, rcpt=one)
                continue
            host = {"gmail.com": "gmail-smtp-in.l.google.com."}.get(domain, f"mx.{domain}.")
            self.say(
                "queue", "delivery attempt failed", msg_id=number, rcpt=one, reason=text, remote_server=host, smtp_code=code,
                smtp_enchcode=f"{code // 100}.7.1", smtp_msg=text,
            )  # fmt: skip
            self.say("queue", "not delivered, permanent error", msg_id=number, rcpt=one)

    def receives(self, sender: str, address: str, recipient: str) -> None:
        number = f"0d6e{self.next():04x}"
        peer = f"{address}:{self.number}"
        self.say("smtp", "incoming message", msg_id=number, sender=sender, src_host="mail", src_ip=peer)
        self.say("smtp", "RCPT ok", msg_id=number, rcpt=recipient)
        self.say("smtp", "accepted", msg_id=number)

    def refuses_recipient(self, sender: str, address: str, recipient: str, *, relay: bool) -> None:
        number = f"0d6e{self.next():04x}"
        peer = f"{address}:{self.number}"
        self.say("smtp", "incoming message", msg_id=number, sender=sender, src_host="x", src_ip=peer)
        words = "User not local" if relay else "User does not exist"
        self.say(
            "smtp", "RCPT error", msg_id=number, rcpt=recipient, reason=words, smtp_code=501, smtp_enchcode="5.1.1",
            smtp_msg=words,
        )  # fmt: skip
        self.say("smtp", "aborted", msg_id=number)
