"""Let go of whoever connects and never finishes a request: each holds a place that somebody else needs.

uvicorn waits for ever for a request that is sent a letter at a time (its time limit is for what comes between two requests), and
takes so many connections at once: a stranger with as many would have the page for himself. So who has waited longest without a
request has to go when many do, and no address has more than half of all places.
"""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["PLACES", "Patient"]

PLACES = 300
"""Connections at once."""
_WAITING = 100  # of them without a request
_OF_ONE = PLACES // 2  # of one address that is no proxy of ours


class Patient(H11Protocol):
    """HTTP/1.1 with an end to patience: `patience_s` is how long the head of a request may take."""

    patience_s = 20.0
    _timer: asyncio.TimerHandle | None = None
    _since_s: float = 0.0

    @property
    def is_waiting(self) -> bool:
        """Whether no request is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request, where there is a place."""
        super().connection_made(transport)
        self._since_s = self.loop.time()
        self._wait()
        others = [one for one in self.connections if isinstance(one, Patient) and not one.transport.is_closing()]
        waiting = sorted((one for one in others if one.is_waiting), key=lambda one: one._since_s)
        for one in waiting[: max(0, len(waiting) - _WAITING)]:
            one.transport.close()
        if self._has_enough([one for one in others if not one.transport.is_closing()]):
            transport.close()

    def _has_enough(self, others: "list[Patient]") -> bool:
        address = self.client[0] if self.client else ""
        proxies = self.config.forwarded_allow_ips
        if isinstance(proxies, list) and address in proxies:  # many are behind it
            return False
        return sum(one.client is not None and one.client[0] == address for one in others) > _OF_ONE

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        self._since_s = self.loop.time()
        super().on_response_complete()

    def data_received(self, data: bytes) -> None:
        """Take what came; wait on where that was no whole head."""
        super().data_received(data)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._stop()
        super().connection_lost(exc)

    def _wait(self) -> None:
        if not self.is_waiting:
            self._stop()
        elif self._timer is None:
            self._timer = self.loop.call_later(self.patience_s, self._give_up)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        self._timer = None
        if self.is_waiting:
            self.transport.close()
