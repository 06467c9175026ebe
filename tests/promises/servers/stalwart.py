"""Stalwart at the level `debug`, without the lines that mean nothing to anybody."""

from servers.server import Server

__all__ = ["Stalwart"]


class Stalwart(Server):
    """Its own file."""

    module = "stalwart"

    def say(self, words: str, keys: str, level: str = "INFO") -> None:
        self.lines.append(f"{self.at:%Y-%m-%dT%H:%M:%SZ} {level} {words} {keys}")

    def span(self, listener: str, port: int, address: str) -> str:
        return f'listenerId = "{listener}", localPort = {port}, remoteIp = {address}, remotePort = {self.next()}'

    def reads(self, user: str, address: str) -> None:
        span = self.span("imaptls", 993, address)
        self.say("IMAP connection started (imap.connection-start)", span)
        self.say("TLS handshake (tls.handshake)", f'{span}, version = "TLSv1_3", details = "TLS13_AES_256_GCM_SHA384"')
        self.say("Authentication successful (auth.success)", f'{span}, accountName = "{user}", accountId = 6')
        self.wait(2)
        self.say("IMAP connection ended (imap.connection-end)", f"{span}, elapsed = 2000ms")

    def refuses_login(self, user: str, address: str) -> None:
        span = self.span("submissions", 465, address)
        self.say("SMTP connection started (smtp.connection-start)", span)
        self.say(
            "Authentication failed (auth.failed)", f'{span}, remoteIp = {address}, accountName = "{user}"', "DEBUG"
        )
        self.say("SMTP connection ended (smtp.connection-end)", f"{span}, elapsed = 2000ms")

    def sends(self, user: str, address: str, recipients: list[str], answers: dict[str, tuple[int, str]]) -> None:
        span = self.span("submissions", 465, address)
        queue_id = f"2198{self.next():014}"
        self.say("SMTP connection started (smtp.connection-start)", span)
        self.say("Authentication successful (auth.success)", f'{span}, accountName = "{user}", accountId = 6')
        listed = ", ".join(f'"{one}"' for one in recipients)
        about = f'from = "{user}", to = [{listed}], size = 1200'
        self.say("SMTP MAIL FROM command (smtp.mail-from)", f'{span}, from = "{user}"')
        for one in recipients:
            self.say("SMTP RCPT TO command (smtp.rcpt-to)", f'{span}, to = "{one}"')
        self.say(
            "Queued message submission for delivery (queue.authenticated-message-queued)",
            f"{span}, queueId = {queue_id}, {about}, nextRetry = 2026-03-02T08:00:00Z",
        )
        self.say("SMTP connection ended (smtp.connection-end)", f"{span}, elapsed = 2000ms")
        way = f'queueId = {queue_id}, queueName = "default", {about}, total = {len(recipients)}'
        self.say("Delivery attempt started (delivery.attempt-start)", way)
        for one in recipients:
            domain = one.rpartition("@")[2]
            code, text = answers.get(domain, (250, "2.0.0 OK queued"))
            host = {"gmail.com": "gmail-smtp-in.l.google.com"}.get(domain, f"mx.{domain}")
            words = (
                "Message delivered (delivery.delivered)"
                if code == 250
                else "SMTP RCPT TO rejected (delivery.rcpt-to-rejected)"
            )
            self.say(
                words, f'{way}, hostname = "{host}", to = "{one}", code = {code}, details = "{text}", elapsed = 9ms'
            )
        self.say("Delivery completed (delivery.completed)", f"{way}, elapsed = 1000ms")
        self.say("Delivery attempt ended (delivery.attempt-end)", f"{way}, elapsed = 90ms")

    def receives(self, sender: str, address: str, recipient: str) -> None:
        span = self.span("smtp", 25, address)
        queue_id = f"2198{self.next():014}"
        about = f'from = "{sender}", to = ["{recipient}"], size = 900'
        self.say("SMTP connection started (smtp.connection-start)", span)
        self.say("SPF From check passed (smtp.spf-from-pass)", f"{span}, result = SPF passed (spf.pass), elapsed = 1ms")
        self.say(
            "Queued message for delivery (queue.message-queued)",
            f"{span}, queueId = {queue_id}, {about}, nextRetry = 2026-03-02T08:00:00Z",
        )
        self.say("SMTP connection ended (smtp.connection-end)", f"{span}, elapsed = 2000ms")
        way = f'queueId = {queue_id}, queueName = "default", {about}, total = 1'
        self.say("Delivery attempt started (delivery.attempt-start)", way)
        self.say("Message ingested (message-ingest.ham)", f"{way}, accountId = 6, mailboxId = [0], elapsed = 4ms")
        self.say("Delivery completed (delivery.completed)", f"{way}, elapsed = 1000ms")

    def refuses_recipient(self, sender: str, address: str, recipient: str, *, relay: bool) -> None:
        span = self.span("smtp", 25, address)
        self.say("SMTP connection started (smtp.connection-start)", span)
        words = (
            "Relay not allowed (smtp.relay-not-allowed)"
            if relay
            else "Mailbox does not exist (smtp.mailbox-does-not-exist)"
        )
        self.say(words, f'{span}, to = "{recipient}"', "INFO")
        self.say("SMTP connection ended (smtp.connection-end)", f"{span}, elapsed = 2000ms")
