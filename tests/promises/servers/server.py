"""What every server under test can be asked to write, in its own words."""

from datetime import UTC, datetime, timedelta

__all__ = ["START", "Server"]

START = datetime(2026, 3, 2, 8, 0, 0, tzinfo=UTC)


class Server:
    """Writes the lines of one mail server; `at` is its clock.

    A server whose log does not tell something writes nothing for it.
    """

    module = ""
    names_the_refused = True  # whose password was wrong; else an account's guessers are unknown
    names_the_unknown = True  # who is nobody here
    tells_deliveries = True  # what became of a message elsewhere

    def __init__(self) -> None:
        self.at = START
        self.lines: list[str] = []
        self.number = 4000

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.at += timedelta(seconds=seconds)

    def next(self) -> int:
        """Give a number that no other session or message has."""
        self.number += 1
        return self.number

    def reads(self, user: str, address: str) -> None:
        """Somebody reads mail: comes, logs in, goes."""
        raise NotImplementedError

    def refuses_login(self, user: str, address: str) -> None:
        """A wrong password to send mail with."""
        raise NotImplementedError

    def sends(self, user: str, address: str, recipients: list[str], answers: dict[str, tuple[int, str]]) -> None:
        """Somebody logs in and sends; other servers take it, or answer as given for a domain (code, text)."""
        raise NotImplementedError

    def receives(self, sender: str, address: str, recipient: str) -> None:
        """Mail for somebody here comes from elsewhere and is put into a mailbox."""
        raise NotImplementedError

    def refuses_recipient(self, sender: str, address: str, recipient: str, *, relay: bool) -> None:
        """Mail for nobody here, or for elsewhere, is refused."""
        raise NotImplementedError
