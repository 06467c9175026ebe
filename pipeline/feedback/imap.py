"""Read a folder of an IMAP server: what is new in it since the last time, and nothing changed there unless asked for.

A folder is opened for reading only (EXAMINE) and bodies are peeked at (RFC 3501, 6.4.5), so that nothing is marked as read.
How far it was read is the highest UID with the folder's UIDVALIDITY; where that changed, the folder is another one, and what
came to it lately is looked at again.
"""

import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from typing import Any, NamedTuple

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, LoginError

from mailwarden.alerts.words.library_words import heard
from mailwarden.parsers.errors import MailwardenError, Worded, coded
from mailwarden.parsers.system_errors import reason
from mailwarden.pipeline.feedback.settings import Mailbox
from mailwarden.pipeline.feedback.unpack import ReportError

__all__ = ["Folder", "Letter", "MailboxError", "opened"]

LARGEST_MAIL = 40 * 1024 * 1024
"""Bytes of a mail with a report; base64 makes three bytes four."""
_CONNECT_S, _READ_S = 15.0, 60.0
_LOOK_BACK = timedelta(days=8)  # of a folder that is new to us: what is older counts for nothing
_SAID = 300  # characters of a server's words that are told


class MailboxError(MailwardenError):
    """A mailbox that cannot be read, and why."""


class Letter(NamedTuple):
    """One message: its number in the folder, and what it holds or why that was not looked at."""

    uid: int
    data: bytes | ReportError


class Folder:
    """An open folder.

    Args:
        client: Its connection.
        mailbox: What is set of it.
        validity: The folder's UIDVALIDITY.
    """

    def __init__(self, client: IMAPClient, mailbox: Mailbox, validity: int) -> None:
        self._client, self._mailbox, self.validity = client, mailbox, validity

    def fresh(self, after: int | None, today: date) -> list[int]:
        """Give the numbers above `after`, in order; where nothing was read before, of what came within some days."""
        if after is None:
            found = self._client.search(["SINCE", today - _LOOK_BACK])
        else:
            found = self._client.search(["UID", f"{after + 1}:*"])  # `n:*` is the last one even where it is below n
        return sorted(one for one in found if one > (after or 0))

    def letters(self, uids: Sequence[int]) -> Iterator[Letter]:
        """Give messages in the order of their numbers; one that was taken away meanwhile is left out."""
        sizes = self._client.fetch(uids, ["RFC822.SIZE"])
        for uid in uids:
            size = sizes.get(uid, {}).get(b"RFC822.SIZE")
            if size is None:
                continue
            if size > LARGEST_MAIL:
                yield Letter(
                    uid, ReportError(coded("MW6206", "{bytes} bytes are more than a report may have", bytes=size))
                )
                continue
            data = self._body(uid)
            if data is not None:
                yield Letter(uid, data)

    def _body(self, uid: int) -> bytes | ReportError | None:
        try:
            found: dict[bytes, Any] = self._client.fetch([uid], [f"BODY.PEEK[]<0.{LARGEST_MAIL}>"]).get(uid, {})
        except IMAPClientAbortError:  # the connection, not this message
            raise
        except IMAPClientError as error:
            return ReportError(coded("MW6206", 'the server does not give it ("{said}")', said=_words(error)))
        return next((value for name, value in found.items() if name.startswith(b"BODY[]") and value is not None), None)

    def settle(self, uids: Sequence[int]) -> None:
        """Do with messages that were read what is set: nothing, mark them as read, or delete them."""
        if not uids or self._mailbox.afterwards == "leave":
            return
        if self._mailbox.afterwards == "mark_read":
            self._client.add_flags(uids, [b"\\Seen"], silent=True)
            return
        self._client.delete_messages(uids, silent=True)
        if self._client.has_capability("UIDPLUS"):  # a plain EXPUNGE would take others' deleted messages, too
            self._client.uid_expunge(uids)


@contextmanager
def opened(mailbox: Mailbox, password: str) -> Iterator[Folder]:
    """Log in and open the folder.

    Raises:
        MailboxError: The server cannot be reached, proves not who it is, refuses the login, or has no such folder.
    """
    with _explained(mailbox):
        client = _connected(mailbox)
        try:
            _log_in(client, mailbox, password)
            try:
                state = client.select_folder(mailbox.folder, readonly=mailbox.afterwards == "leave")
            except IMAPClientError as error:
                said = coded(
                    "MW6204",
                    '{mailbox}: the server does not open this folder ("{said}").',
                    mailbox=mailbox,
                    said=_words(error),
                )
                raise MailboxError(said) from None
            yield Folder(client, mailbox, int(state.get(b"UIDVALIDITY", 0)))
        finally:
            with suppress(IMAPClientError, OSError):
                client.logout()


def _connected(mailbox: Mailbox) -> IMAPClient:
    try:
        context = ssl.create_default_context(cafile=mailbox.authorities)
    except (OSError, ssl.SSLError) as error:
        raise MailboxError(
            coded(
                "MW6203",
                "{path}: holds no certificates that can be read ({error}).",
                path=mailbox.authorities,
                error=reason(error),
            )
        ) from None
    implicit = mailbox.tls == "implicit"
    client = IMAPClient(
        mailbox.host,
        mailbox.port,
        ssl=implicit,
        ssl_context=context if implicit else None,
        timeout=SocketTimeout(_CONNECT_S, _READ_S),
    )
    if mailbox.tls == "starttls":
        try:
            client.starttls(context)
        except BaseException:
            with suppress(OSError):  # what failed may have closed it
                client.shutdown()
            raise
    return client


def _log_in(client: IMAPClient, mailbox: Mailbox, password: str) -> None:
    try:
        if client.has_capability("AUTH=PLAIN"):  # LOGIN has no way to say letters beyond ASCII
            client.plain_login(mailbox.user, password)
        else:
            client.login(mailbox.user, password)
    except LoginError as error:
        raise MailboxError(
            coded("MW6201", '{mailbox}: the server refuses the login ("{said}").', mailbox=mailbox, said=_words(error))
        ) from None
    except UnicodeEncodeError:
        raise MailboxError(
            coded("MW6201", "{mailbox}: this server takes passwords of plain ASCII letters only.", mailbox=mailbox)
        ) from None


@contextmanager
def _explained(mailbox: Mailbox) -> Iterator[None]:
    """Turn what can go wrong between two machines into what the operator can do about it."""
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise MailboxError(
            coded(
                "MW6203",
                "{mailbox}: the server's certificate is not believed ({said})."
                " Nothing was sent to it. Use the name that the certificate bears, or name its issuer under `authorities`.",
                mailbox=mailbox,
                said=heard(error.verify_message),
            )
        ) from None
    except TimeoutError:
        raise MailboxError(coded("MW6202", "{mailbox}: does not answer in time.", mailbox=mailbox)) from None
    except (IMAPClientError, ssl.SSLError, OSError) as error:
        raise MailboxError(
            coded("MW6202", '{mailbox}: the connection failed ("{said}").', mailbox=mailbox, said=_words(error))
        ) from None


def _words(error: BaseException) -> str:
    """Give an error's words; a server's own come as the text of bytes."""
    said = reason(error)
    return said if isinstance(said, Worded) else said.removeprefix("b'").removesuffix("'")[:_SAID]
