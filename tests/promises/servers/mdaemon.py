"""MDaemon's log of SMTP sessions with clients."""

import base64

from servers.server import Server

__all__ = ["MDaemon"]


class MDaemon(Server):
    """Blocks, each a session, written when it has ended."""

    module = "mdaemon"
    tells_deliveries = False

    def session(self, address: str, *dialogue: str) -> None:
        stamp = f"{self.at:%a %Y-%m-%d %H:%M:%S}.123"
        said = (
            f"05: Session {self.next():08}; child 0001",
            f"05: Accepting SMTP connection from {address}:45584 to 192.0.2.10:25",
            "03: --> 220 mx1.example.org ESMTP MDaemon 26.0.3",
            "02: <-- EHLO client.example",
            "03: --> 250 mx1.example.org Hello",
            *dialogue,
            "02: <-- QUIT",
            "03: --> 221 2.0.0 See ya",
            "05: SMTP session successful (Bytes in/out: 812/1640)",
            "05: ----------",
        )
        self.lines += [f"{stamp}: {one}" for one in said]

    def log_in(self, user: str, answer: str) -> tuple[str, ...]:
        return (
            "02: <-- AUTH LOGIN",
            "03: --> 334 VXNlcm5hbWU6",
            f"02: <-- {base64.b64encode(user.encode()).decode()}",
            "03: --> 334 UGFzc3dvcmQ6",
            "02: <-- ******",
            f"03: --> {answer}",
        )

    def hand_in(self, sender: str, recipients: list[str]) -> tuple[str, ...]:
        asked = [line for one in recipients for line in (f"02: <-- RCPT TO:<{one}>", "03: --> 250 2.1.5 Recipient OK")]
        return (
            f"02: <-- MAIL FROM:<{sender}>",
            "03: --> 250 2.1.0 Sender OK",
            *asked,
            "02: <-- DATA",
            "03: --> 354 Enter mail",
            "03: --> 250 2.6.0 Ok, message saved",
        )

    def reads(self, user: str, address: str) -> None:
        """Another log's matter."""

    def refuses_login(self, user: str, address: str) -> None:
        self.session(address, *self.log_in(user, "535 5.7.8 Authentication failed"))

    def sends(self, user: str, address: str, recipients: list[str], answers: dict[str, tuple[int, str]]) -> None:
        self.session(
            address, *self.log_in(user, "235 2.7.0 Authentication successful"), *self.hand_in(user, recipients)
        )

    def receives(self, sender: str, address: str, recipient: str) -> None:
        self.session(address, *self.hand_in(sender, [recipient]))

    def refuses_recipient(self, sender: str, address: str, recipient: str, *, relay: bool) -> None:
        self.session(
            address,
            f"02: <-- MAIL FROM:<{sender}>",
            "03: --> 250 2.1.0 Sender OK",
            f"02: <-- RCPT TO:<{recipient}>",
            "03: --> 550 5.7.1 Relay not permitted" if relay else "03: --> 550 5.1.1 Recipient unknown",
        )
