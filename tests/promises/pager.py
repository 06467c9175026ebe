"""A receiver of notices that notes what it accepted, and lets something happen before or behind its answer."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from receiver import Request, serving


class Pager:
    """What was accepted: how often each notice came, by id."""

    def __init__(self, port: int) -> None:
        self.url = f"json://127.0.0.1:{port}/"
        self.accepted: Counter[str] = Counter()
        self.status = 200
        self.before: Callable[[], None] | None = None  # called once, before the next answer
        self.behind: Callable[[], None] | None = None  # called once, behind the next answer
        self.open = threading.Event()  # while it is clear, nobody gets an answer
        self.open.set()


@contextmanager
def paging() -> Iterator[Pager]:
    """Run a pager until the block ends."""

    def answer(request: Request, _: bytes) -> None:
        pager.open.wait(60)
        if pager.status == 200:
            pager.accepted[request.headers["X-Mailwarden-Id"]] += 1
        before, pager.before = pager.before, None
        if before is not None:
            before()
        request.send_response(pager.status)
        request.send_header("Content-Length", "0")
        request.end_headers()
        request.wfile.flush()
        behind, pager.behind = pager.behind, None
        if behind is not None:
            behind()

    with serving(answer) as port:
        pager = Pager(port)
        try:
            yield pager
        finally:
            pager.open.set()
