"""mox by way of syslog, at the level `debug` of a new installation."""

from servers.server import Server

__all__ = ["Mox"]


class Mox(Server):
    """Its lines in syslog."""

    module = "mox"
    names_the_unknown = False

    def say(self, message: str, keys: str, level: str = "info") -> None:
        self.lines.append(f'{self.at:%b %e %H:%M:%S} mx1 mox[612]: l={level} m="{message}" {keys}')

    def session(self, package: str, address: str, port: int) -> str:
        cid = f"cid=18b2c{self.next():x} delta=1ms"
        keys = f"remote={address}:{self.number} local=192.0.2.5:{port} tls=true listener=public"
        self.say("new connection", f"pkg={package} {keys} {cid}")
        return cid

    def reads(self, user: str, address: str) -> None:
        cid = self.session("imapserver", address, 993)
        self.wait(2)
        self.say("connection closed", f'err="read: EOF (io error)" pkg=imapserver {cid} username={user}')

    def refuses_login(self, user: str, address: str) -> None:
        cid = self.session("smtpserver", address, 465)
        self.say("failed authentication attempt", f"pkg=smtpserver username={user} remote={address} {cid}")
        self.say(
            "smtp command result",
            f'err="bad user/pass" pkg=smtpserver kind=submission cmd=auth code=535 ecode=5.7.8 duration=1ms {cid}',
            "debug",
        )
        self.say("connection closed", f"pkg=smtpserver {cid}")

    def sends(self, user: str, address: str, recipients: list[str], answers: dict[str, tuple[int, str]]) -> None:
        cid = self.session("smtpserver", address, 465)
        for one in recipients:
            keys = f"mailfrom={user} rcptto={one} smtputf8=false msgsmtputf8=false msgsize=1200"
            self.say("messages queued for delivery", f"pkg=smtpserver {keys} {cid} username={user}")
        self.say("connection closed", f"pkg=smtpserver {cid} username={user}")
        for one in recipients:
            queue = f"cid=28b2c{self.next():x} from={user} attempts=1"
            code, text = answers.get(one.rpartition("@")[2], (250, ""))
            if code == 250:
                self.say("delivered from queue", f"pkg=queue {queue} msgid={self.number} recipient={one}")
            else:
                self.say(
                    "permanent failure delivering from queue",
                    f'err="{text}" pkg=queue {queue} permanent=true code={code} secode=7.1 msgid={self.number} recipient={one}',
                    "error",
                )

    def receives(self, sender: str, address: str, recipient: str) -> None:
        cid = self.session("smtpserver", address, 25)
        keys = f"reason=no-bad-signals msgfrom={sender} mailfrom={sender} rcptto={recipient}"
        self.say("incoming message delivered", f"pkg=smtpserver {keys} {cid}")
        self.say("connection closed", f"pkg=smtpserver {cid}")

    def refuses_recipient(self, sender: str, address: str, recipient: str, *, relay: bool) -> None:
        cid = self.session("smtpserver", address, 25)
        if relay:
            keys = "kind=smtp cmd=rcpt code=550 ecode=5.1.1 duration=1ms"
            self.say(
                "smtp command result", f'err="not accepting email for domain" pkg=smtpserver {keys} {cid}', "debug"
            )
        else:
            self.say("deliver attempt to unknown user(s)", f"pkg=smtpserver recipients=[] {cid}")
        self.say("connection closed", f"pkg=smtpserver {cid}")
