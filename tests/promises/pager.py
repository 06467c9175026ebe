"""A receiver of notices that notes what it accepted, and lets something happen before or behind its answer."""

import http.server
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager


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

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            pager.open.wait(60)
            if pager.status == 200:
                pager.accepted[self.headers["X-Mailwarden-Id"]] += 1
            before, pager.before = pager.before, None
            if before is not None:
                before()
            self.send_response(pager.status)
            self.send_header("Content-Length", "0")
            self.end_headers()
            self.wfile.flush()
            behind, pager.behind = pager.behind, None
            if behind is not None:
                behind()

        def log_message(self, *args: object) -> None:
            pass

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *args: object) -> None:  # who was killed hangs up
            pass

    server = Server(("127.0.0.1", 0), Handler)
    pager = Pager(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield pager
    finally:
        pager.open.set()
        server.shutdown()
        server.server_close()
        thread.join()
