"""Exchange: message tracking, and the protocol log of the connector by which people send, as one sees them in one file.

Really they are two; the columns of each are named before its rows.
"""

import csv
import io

from servers.server import Server

__all__ = ["Exchange"]

_TRACKING = (
    "date-time", "client-ip", "server-ip", "server-hostname", "source", "event-id", "message-id", "network-message-id",
    "recipient-address", "recipient-status", "total-bytes", "recipient-count", "sender-address", "directionality",
    "original-client-ip",
)  # fmt: skip
_SMTP = (
    "date-time", "connector-id", "session-id", "sequence-number", "local-endpoint", "remote-endpoint", "event", "data",
    "context",
)  # fmt: skip
_MAILBOX = (
    "dateTime", "sessionId", "seqNumber", "sIp", "cIp", "user", "duration", "rqsize", "rpsize", "command", "parameters",
    "context",
)  # fmt: skip


class Exchange(Server):
    """Its tables."""

    module = "exchange"

    def __init__(self) -> None:
        super().__init__()
        self.columns: tuple[str, ...] = ()

    def row(self, columns: tuple[str, ...], **cells: str) -> None:
        if columns != self.columns:
            self.columns = columns
            self.lines.append("#Fields: " + ",".join(columns))
        named = {name.replace("_", "-"): value for name, value in cells.items()} | cells
        written = io.StringIO()
        now = f"{self.at:%Y-%m-%dT%H:%M:%S.000Z}"
        csv.writer(written, lineterminator="").writerow([now, *(named.get(one, "") for one in columns[1:])])
        self.lines.append(written.getvalue())

    def talk(self, address: str, *steps: tuple[str, str, str]) -> None:
        session = f"08DA4F7C{self.next():08X}"
        for n, (sign, data, context) in enumerate((("+", "", ""), *steps, ("-", "", "Remote"))):
            self.row(
                _SMTP, connector_id="EX1\\Client", session_id=session, sequence_number=str(n),
                local_endpoint="192.0.2.5:587", remote_endpoint=f"{address}:{20000 + self.number % 9999}",
                event=sign, data=data, context=context,
            )  # fmt: skip

    def track(self, step: str, number: str, **cells: str) -> None:
        source, _, kind = step.partition(" ")
        self.row(
            _TRACKING,
            source=source,
            event_id=kind,
            message_id=f"<{number}@example.org>",
            network_message_id=number,
            **cells,
        )

    def reads(self, user: str, address: str) -> None:
        for command, answer in (("login", "R=ok"), ("select", "R=ok"), ("CloseSession", "R=ok")):
            self.row(
                _MAILBOX, sessionId=f"{self.number:016X}", seqNumber="1", sIp="192.0.2.5:993", cIp=f"{address}:3000",
                user=user, duration="1", rqsize="31", rpsize="30", command=command, context=answer,
            )  # fmt: skip

    def refuses_login(self, user: str, address: str) -> None:
        self.talk(
            address,
            ("<", "AUTH LOGIN", ""),
            ("*", "", "Inbound AUTH LOGIN failed because of LogonDenied"),
            ("*", "", f"User Name: {user}"),
            (">", "535 5.7.3 Authentication unsuccessful", ""),
        )

    def sends(self, user: str, address: str, recipients: list[str], answers: dict[str, tuple[int, str]]) -> None:
        self.talk(address, ("<", "AUTH LOGIN", ""), ("*", user, "authenticated"), (">", "235 2.7.0 OK", ""))
        number = f"5f1c2d3e-{self.next():08x}"
        about = {"sender_address": user, "total_bytes": "1200"}
        self.track(
            "SMTP RECEIVE", number, client_ip="192.0.2.5", server_ip="192.0.2.5", original_client_ip=address,
            directionality="Originating", recipient_address=";".join(recipients),
            recipient_count=str(len(recipients)), **about,
        )  # fmt: skip
        for one in recipients:
            domain = one.rpartition("@")[2]
            code, text = answers.get(domain, (250, "2.0.0 OK queued"))
            host = {"gmail.com": "gmail-smtp-in.l.google.com"}.get(domain, f"mx.{domain}")
            self.track(
                "SMTP SEND" if code == 250 else "SMTP FAIL", number, server_ip="198.51.100.9", server_hostname=host,
                recipient_address=one, recipient_status=f"[{{LED={code} {text}}};{{FQDN={host}}}]", **about,
            )  # fmt: skip

    def receives(self, sender: str, address: str, recipient: str) -> None:
        number = f"5f1c2d3e-{self.next():08x}"
        about = {"sender_address": sender, "recipient_address": recipient}
        self.track("SMTP RECEIVE", number, client_ip=address, recipient_count="1", directionality="Incoming", **about)
        self.track("STOREDRIVER DELIVER", number, server_hostname="EX1", **about)

    def refuses_recipient(self, sender: str, address: str, recipient: str, *, relay: bool) -> None:
        answer = (
            "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain"
            if relay
            else "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup"
        )
        self.talk(address, ("<", f"MAIL FROM:<{sender}>", ""), ("<", f"RCPT TO:<{recipient}>", ""), (">", answer, ""))
