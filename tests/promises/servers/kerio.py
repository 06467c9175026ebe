"""Kerio Connect: its logs `mail` and `security`."""

from servers.server import Server

__all__ = ["Kerio"]


class Kerio(Server):
    """Both logs, as one sees them in one file."""

    module = "kerio"

    def say(self, text: str) -> None:
        self.lines.append(f"[{self.at:%d/%b/%Y %H:%M:%S}] {text}")

    def came(self, sender: str, recipients: list[str], client: str) -> str:
        queue_id = f"438dd9ea-{self.next():08x}"
        listed = ", ".join(f"<{one}>" for one in recipients)
        self.say(f"Recv: Queue-ID: {queue_id}, Service: SMTP, From: <{sender}>, To: {listed}, Size: 1229, {client}")
        return queue_id

    def reads(self, user: str, address: str) -> None:
        """It logs no login that succeeds."""

    def refuses_login(self, user: str, address: str) -> None:
        self.say(f"SMTP: Invalid password for user {user}. Attempt from IP address {address}.")

    def sends(self, user: str, address: str, recipients: list[str], answers: dict[str, tuple[int, str]]) -> None:
        queue_id = self.came(user, recipients, f"User: {user}, Sender-Host: {address}, SSL: yes")
        for one in recipients:
            code, text = answers.get(one.rpartition("@")[2], (250, "2.0.0 OK queued"))
            status, _, said = text.partition(" ")
            result = "delivered" if code == 250 else "failed"
            self.say(
                f"Sent: Queue-ID: {queue_id}, Recipient: <{one}>, Result: {result}, Status: {status} ({code} {said}), "
                "Remote-Host: 198.51.100.9"
            )

    def receives(self, sender: str, address: str, recipient: str) -> None:
        queue_id = self.came(sender, [recipient], f"Sender-Host: {address}, SSL: yes")
        self.say(f"Sent: Queue-ID: {queue_id}, Recipient: <{recipient}>, Result: delivered, Status: 2.0.0 ")

    def refuses_recipient(self, sender: str, address: str, recipient: str, *, relay: bool) -> None:
        if relay:
            self.say(f"Relay attempt from IP address {address}, mail from <{sender}> to <{recipient}> rejected")
        else:
            self.say(f"Attempt to deliver to unknown recipient <{recipient}>, from <{sender}>, IP address {address}")
