"""What every way to reach a service offers."""

from typing import NamedTuple, Protocol

from mailwarden.alerts.telling.message import Limits, Message

__all__ = ["Sender", "Timeouts"]


class Timeouts(NamedTuple):
    """How long a connection, and the silence before an answer, may take, in seconds."""

    connect_s: float
    answer_s: float


class Sender(Protocol):
    """One service.

    `name` is what people call it. `has_life`: it keeps incidents of its own, which must be acknowledged and end there
    too. `is_program`: a program reads it, which wants every notice by itself. `is_mail`: a mail program shows it.
    """

    name: str
    limits: Limits
    has_life: bool
    is_program: bool
    is_mail: bool

    def send(self, message: Message) -> None:
        """Send one message and return when the service has accepted it.

        Raises:
            DeliveryError: It refused, could not be reached, or took too long.
        """
