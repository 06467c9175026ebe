"""What a channel carries."""

from typing import NamedTuple

import msgspec

from mailwarden.alerts.incidents.incident import Notification

__all__ = ["Limits", "Message", "trial"]


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A text ready to be sent, and what it is about, for channels that carry more than text.

    `id` is the same when it is sent again; `tone` is what a service colours it by; `about` holds the turns that it tells
    of (several: a digest; none: a test or news of mailwarden itself). `sent_us` is the time of day. `over` names earlier
    messages that stand for nothing any more, for channels that keep a list: digests all of whose incidents have ended.
    """

    id: str
    title: str
    body: str
    tone: str = "warning"  # info, success, warning, failure
    about: tuple[Notification, ...] = ()
    sent_us: int = 0
    link: str | None = None
    over: tuple[str, ...] = ()
    called: str = ""  # what the server is called
    mail: bytes | None = None  # the same as a whole mail, without sender and recipient, for channels that carry mail

    @property
    def kind(self) -> str:
        """What it tells: the turn of an incident, `digest`, `news`, or `over` where it only ends what was told."""
        if self.over and not self.about:
            return "over"
        return self.about[0].kind if len(self.about) == 1 else "digest" if self.about else "news"


class Limits(NamedTuple):
    """How many characters a service takes; a title of 0 means that it goes into the body."""

    title: int
    body: int


def trial(title: str, body: str, now_us: int) -> Message:
    """Give a message that only shows that a channel works; each is another one."""
    return Message(id=f"test-{now_us}", title=title, body=body, tone="info", sent_us=now_us)
