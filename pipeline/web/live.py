"""Tell open pages how the service is and when something changed, as server-sent events.

One look at the store serves every open page; each is told when the words for it change, and at least every 15 seconds so
that proxies keep the line open.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from mailwarden.parsers.errors import StoreError
from mailwarden.pipeline.web.desk import Desk
from mailwarden.pipeline.web.frame import desk_of, pulse_words, tongue_of, visitor_of
from mailwarden.pipeline.web.pulse import Pulse, read_pulse

__all__ = ["Live", "events"]

_LOOK_S = 1.0
_ALIVE_S = 15.0
_MOST = 100  # open pages; one more is refused: it goes on without


class Live:
    """Looks at the store for all open pages."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._pulses: dict[tuple[str, ...] | None, Pulse] = {}  # by the domains that somebody may see
        self._looked_s = -_LOOK_S
        self._lock = asyncio.Lock()
        self.open = 0
        self._over = asyncio.Event()

    def end(self) -> None:
        """End all lines to open pages: the server stops."""
        self._over.set()

    async def goes_on(self, wait_s: float) -> bool:
        """Wait; say whether the server still runs then."""
        try:
            await asyncio.wait_for(self._over.wait(), wait_s)
        except TimeoutError:
            return True
        return False

    async def pulse(self, domains: tuple[str, ...] | None) -> Pulse:
        """Give how the service is, at most a second old; what is told of others' incidents marks nothing."""
        async with self._lock:
            now_s = time.monotonic()
            if now_s - self._looked_s >= _LOOK_S:
                self._pulses.clear()
                self._looked_s = now_s
            if domains not in self._pulses:
                self._pulses[domains] = await run_in_threadpool(self._look, domains)
            return self._pulses[domains]

    def _look(self, domains: tuple[str, ...] | None) -> Pulse:
        try:
            with self._desk.reader() as reader:
                return read_pulse(reader, self._desk.clock(), domains)
        except StoreError:
            return Pulse("critical", None)


async def events(request: Request) -> Response:
    """Open the line to a page."""
    live = request.app.state.live
    assert isinstance(live, Live)
    if live.open >= _MOST:
        return JSONResponse({"error": "too many open pages"}, 503, {"Retry-After": "60"})
    return StreamingResponse(
        _stream(request, live), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
    )


async def _stream(request: Request, live: Live) -> AsyncIterator[str]:
    visitor, tongue, desk = visitor_of(request), tongue_of(request), desk_of(request)
    told, told_s = "", 0.0
    live.open += 1
    try:
        yield "retry: 3000\n\n"
        while not await request.is_disconnected():
            if visitor.session and not desk.sessions.is_on(visitor.session):
                yield "event: over\ndata: {}\n\n"
                return
            pulse = await live.pulse(visitor.domains)
            mark = pulse.mark
            data = json.dumps({"tone": pulse.tone, "text": pulse_words(pulse, visitor, tongue), "mark": mark})
            if data != told:
                told, told_s = data, time.monotonic()
                yield f"event: pulse\ndata: {data}\n\n"
            elif time.monotonic() - told_s >= _ALIVE_S:
                told_s = time.monotonic()
                yield ": still here\n\n"
            if not await live.goes_on(_LOOK_S):
                return
    finally:
        live.open -= 1
