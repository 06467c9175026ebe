"""MailEnable's SMTP activity log."""

import base64

from servers.server import Server

__all__ = ["MailEnable"]


class MailEnable(Server):
    """Rows, each a command with its answer."""

    module = "mailenable"

    def row(
        self, way: str, socket: int, address: str, command: str, arguments: str, answer: str, user: str = ""
    ) -> None:
        stamp = f"{self.at:%m/%d/%y %H:%M:%S}"
        file = f"{socket:032X}.MAI"
        self.lines.append(
            "\t".join([stamp, way, file, str(socket), address, command, arguments, answer, "34", "14", user, ""])
        )

    def log_in(self, user: str, address: str, answer: str) -> int:
        socket = self.next()
        self.row("SMTP-IN", socket, address, "", "", "220 mx1.example.org ESMTP MailEnable Service")
        self.row("SMTP-IN", socket, address, "AUTH", "LOGIN", "334 VXNlcm5hbWU6")
        self.row("SMTP-IN", socket, address, "AUTH", base64.b64encode(user.encode()).decode(), "334 UGFzc3dvcmQ6")
        self.row("SMTP-IN", socket, address, "AUTH", "c2VjcmV0", answer, user)
        return socket

    def reads(self, user: str, address: str) -> None:
        """Another log's matter."""

    def refuses_login(self, user: str, address: str) -> None:
        self.log_in(user, address, "535 Invalid Username or Password")

    def hand_in(self, socket: int, address: str, sender: str, recipients: list[str], user: str = "") -> None:
        self.row("SMTP-IN", socket, address, "MAIL", f"MAIL FROM:<{sender}>", "250 Requested mail action okay", user)
        for one in recipients:
            self.row("SMTP-IN", socket, address, "RCPT", f"RCPT TO:<{one}>", "250 Requested mail action okay", user)
        self.row("SMTP-IN", socket, address, "DATA", "DATA", "354 Start mail input", user)
        self.row("SMTP-IN", socket, address, "DATA", "", "250 Requested mail action okay, completed", user)
        self.row("SMTP-IN", socket, address, "QUIT", "QUIT", "221 Service closing transmission channel", user)

    def sends(self, user: str, address: str, recipients: list[str], answers: dict[str, tuple[int, str]]) -> None:
        socket = self.log_in(user, address, "235 Authenticated")
        self.hand_in(socket, address, user, recipients, user)
        for one in recipients:
            code, text = answers.get(one.rpartition("@")[2], (250, "2.1.5 OK"))
            out = self.next()
            self.row("SMTP-OU", out, "198.51.100.9", "MAIL", f"MAIL FROM:<{user}>", "250 ok")
            self.row("SMTP-OU", out, "198.51.100.9", "RCPT", f"RCPT TO:<{one}>", f"{code} {text}")
            if code == 250:
                self.row("SMTP-OU", out, "198.51.100.9", "DATA", "DATA", "354 go ahead")
                self.row("SMTP-OU", out, "198.51.100.9", "DATA", "", "250 2.0.0 queued")
            self.row("SMTP-OU", out, "198.51.100.9", "QUIT", "QUIT", "221 bye")

    def receives(self, sender: str, address: str, recipient: str) -> None:
        socket = self.next()
        self.row("SMTP-IN", socket, address, "", "", "220 mx1.example.org ESMTP MailEnable Service")
        self.hand_in(socket, address, sender, [recipient])

    def refuses_recipient(self, sender: str, address: str, recipient: str, *, relay: bool) -> None:
        socket = self.next()
        self.row("SMTP-IN", socket, address, "MAIL", f"MAIL FROM:<{sender}>", "250 Requested mail action okay")
        words = (
            "503 This mail server requires authentication"
            if relay
            else "550 Requested action not taken: mailbox unavailable"
        )
        self.row("SMTP-IN", socket, address, "RCPT", f"RCPT TO:<{recipient}>", words)
