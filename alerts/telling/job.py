"""One channel's messages, sent one after the other in a thread of their own."""

import logging
import queue
from typing import NamedTuple

from mailwarden.alerts.telling.message import Message
from mailwarden.alerts.telling.parcels import Parcel, Sender
from mailwarden.alerts.words.escape import printable
from mailwarden.parsers.errors import DeliveryError

__all__ = ["Answer", "Failure", "Job"]

_log = logging.getLogger(__name__)


class Failure(NamedTuple):
    """What a channel said when it failed, and for how long it wants to be left alone (seconds; None: it did not say)."""

    said: str
    retry_after_s: float | None = None


class Answer(NamedTuple):
    """How one parcel went; without a parcel: the job is done."""

    job: "Job"
    parcel: Parcel | None
    failure: Failure | None = None


class Job:
    """The messages that one channel's thread sends, until the first that fails."""

    def __init__(self, channel: str, parcels: list[Parcel], started_s: float) -> None:
        self.channel = channel
        self.parcels = parcels
        self.started_s = started_s
        self.open = list(parcels)  # without a result yet
        self.given_up = False

    def run(self, sender: Sender, answers: "queue.SimpleQueue[Answer]") -> None:
        """Send them all; what stands behind one that fails is answered for, unsent."""
        failure: Failure | None = None
        for parcel in self.parcels:
            if failure is None and not self.given_up:
                failure = _send(sender, self.channel, parcel.message)
            answers.put(Answer(self, parcel, failure))
        answers.put(Answer(self, None))


def _send(sender: Sender, channel: str, message: Message) -> Failure | None:
    """Give what went wrong, or None."""
    try:
        sender.send(channel, message)
    except DeliveryError as error:
        return Failure(error.said, error.retry_after_s)
    except Exception as error:  # the thread must report, whatever happens
        _log.exception("channel %s", channel)
        return Failure(f"{type(error).__name__}: {printable(str(error))[:200]}")
    return None
