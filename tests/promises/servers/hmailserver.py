"""hMailServer, with what clients say and what it says to other servers."""

import base64

from servers.server import Server

__all__ = ["HMailServer"]


class HMailServer(Server):
    """Its own file."""

    module = "hmailserver"

    def talk(self, kind: str, address: str, *steps: str) -> None:
        session = self.next()
        for step in steps:
            self.lines.append(f'"{kind}"\t1234\t{session}\t"{self.at:%Y-%m-%d %H:%M:%S.000}"\t"{address}"\t"{step}"')

    def login(self, user: str, answer: str) -> tuple[str, ...]:
        name = base64.b64encode(user.encode()).decode()
        return (
            "RECEIVED: EHLO pc", "RECEIVED: AUTH LOGIN", "SENT: 334 VXNlcm5hbWU6", f"RECEIVED: {name}",
            "SENT: 334 UGFzc3dvcmQ6", "RECEIVED: ***", answer,
        )  # fmt: skip

    def message(self, sender: str, recipients: list[str]) -> tuple[str, ...]:
        asked = [step for one in recipients for step in (f"RECEIVED: RCPT TO:<{one}>", "SENT: 250 OK")]
        queued = ("RECEIVED: DATA", "SENT: 354 OK, send.", "SENT: 250 Queued (0.094 seconds)")
        return (f"RECEIVED: MAIL FROM:<{sender}>", "SENT: 250 OK", *asked, *queued)

    def reads(self, user: str, address: str) -> None:
        self.talk("IMAPD", address, f"RECEIVED: 1 LOGIN {user} ***", "SENT: 1 OK LOGIN completed")

    def refuses_login(self, user: str, address: str) -> None:
        self.talk(
            "SMTPD",
            address,
            *self.login(user, "SENT: 535 Authentication failed. Restarting authentication process."),
        )

    def sends(self, user: str, address: str, recipients: list[str], answers: dict[str, tuple[int, str]]) -> None:
        self.talk("SMTPD", address, *self.login(user, "SENT: 235 authenticated."), *self.message(user, recipients))
        for one in recipients:
            code, text = answers.get(one.rpartition("@")[2], (250, "2.0.0 OK queued"))
            asked = (
                "RECEIVED: 220 mx ESMTP",
                f"SENT: MAIL FROM:<{user}>",
                "RECEIVED: 250 ok",
                f"SENT: RCPT TO:<{one}>",
            )
            taken = ("RECEIVED: 250 ok", "SENT: DATA", "RECEIVED: 354 go", f"RECEIVED: {code} {text}", "SENT: QUIT")
            refused = (f"RECEIVED: {code} {text}", "SENT: QUIT", "RECEIVED: 221 bye")
            self.talk("SMTPC", "198.51.100.9", *asked, *(taken if code == 250 else refused))

    def receives(self, sender: str, address: str, recipient: str) -> None:
        self.talk("SMTPD", address, "RECEIVED: EHLO mx", *self.message(sender, [recipient]))

    def refuses_recipient(self, sender: str, address: str, recipient: str, *, relay: bool) -> None:
        answer = "550 Delivery is not allowed to this address." if relay else "550 Unknown user"
        self.talk(
            "SMTPD", address, f"RECEIVED: MAIL FROM:<{sender}>", f"RECEIVED: RCPT TO:<{recipient}>", f"SENT: {answer}"
        )
