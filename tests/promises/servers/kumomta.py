"""KumoMTA with the login's name among what is logged; a failed login's is never."""

import json
from typing import Any

from servers.server import Server

__all__ = ["KumoMta"]


class KumoMta(Server):
    """Its log records."""

    module = "kumomta"
    names_the_refused = False

    def say(self, kind: str, number: str, sender: str, to: str, peer: tuple[str, str] | None, **more: Any) -> None:
        code, text, command = more.pop("said", (250, "", None))
        record = {
            "type": kind, "id": number, "sender": sender, "recipient": to, "queue": to.rpartition("@")[2], "site": "",
            "size": 1200, "response": {"code": code, "enhanced_code": None, "content": text, "command": command},
            "peer_address": {"name": peer[0], "addr": peer[1]} if peer else None, "timestamp": int(self.at.timestamp()),
            "created": int(self.at.timestamp()), "num_attempts": 1, "bounce_classification": "Uncategorized", "meta": {},
            "headers": {}, "delivery_protocol": None, "reception_protocol": "ESMTP",
        }  # fmt: skip
        self.lines.append(json.dumps(record | more, separators=(",", ":")))

    def reads(self, user: str, address: str) -> None:
        """It keeps no mailboxes that anybody reads."""

    def refuses_login(self, user: str, address: str) -> None:
        said = (535, "AUTH failed", "AUTH PLAIN AGFubgBzZWNyZXQ=")
        self.say("Rejection", "", "", "", ("laptop", address), said=said)

    def sends(self, user: str, address: str, recipients: list[str], answers: dict[str, tuple[int, str]]) -> None:
        for one in recipients:
            number = f"d7ef{self.next():028}"
            domain = one.rpartition("@")[2]
            host = {"gmail.com": "gmail-smtp-in.l.google.com."}.get(domain, f"mx.{domain}.")
            code, text = answers.get(domain, (250, "2.0.0 OK queued"))
            self.say("Reception", number, user, one, ("laptop", address), meta={"authn_id": user})
            self.say(
                "Delivery" if code == 250 else "Bounce", number, user, one, (host, "198.51.100.9"),
                said=(code, text, "."), delivery_protocol="ESMTP",
            )  # fmt: skip

    def receives(self, sender: str, address: str, recipient: str) -> None:
        number = f"d7ef{self.next():028}"
        self.say("Reception", number, sender, recipient, ("mail.example.net", address))
        self.say("Delivery", number, sender, recipient, None, delivery_protocol="Maildir")

    def refuses_recipient(self, sender: str, address: str, recipient: str, *, relay: bool) -> None:
        words = "relaying not permitted" if relay else "no such user here"
        self.say("Rejection", "", sender, recipient, ("x", address), said=(550, words, f"RCPT TO:<{recipient}>"))
