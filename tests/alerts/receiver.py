"""A real HTTP server on a free loopback port that keeps what it is sent: the receiving end of the channels' tests."""

import http.server
import json
import socket
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple


class Post(NamedTuple):
    """One request that arrived."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """Its body, read as JSON."""
        return dict(json.loads(self.body))

    @property
    def form(self) -> dict[str, str]:
        """Its body, read as a form."""
        return {name: values[0] for name, values in urllib.parse.parse_qs(self.body.decode()).items()}


class Receiver:
    """What arrived, and how it is answered."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.posts: list[Post] = []
        self.status = 200
        self.answer = b"{}"
        self.headers: dict[str, str] = {}  # of the answer
        self.closes = False  # without an answer
        self.open = threading.Event()  # while it is clear, nobody gets an answer
        self.open.set()

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"127.0.0.1:{self.port}"


Request = http.server.BaseHTTPRequestHandler


@contextmanager
def serving(answer: Callable[[Request, bytes], None]) -> Iterator[int]:
    """Answer requests on a free loopback port, each in a thread of its own, until the block ends; gives the port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answer(self, self.rfile.read(int(self.headers.get("Content-Length", 0))))

        do_PUT = do_POST
        do_GET = do_POST

        def log_message(self, *args: object) -> None:
            pass

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *args: object) -> None:  # a client that hung up is what some tests are about
            pass

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Run a receiver until the block ends."""

    def answer(request: Request, body: bytes) -> None:
        receiver.posts.append(Post(request.path, dict(request.headers), body))
        receiver.open.wait(30)
        if receiver.closes:
            request.close_connection = True
            request.connection.shutdown(socket.SHUT_RDWR)
            return
        request.send_response(receiver.status)
        for name, value in receiver.headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(receiver.answer)))
        request.end_headers()
        request.wfile.write(receiver.answer)

    with serving(answer) as port:
        receiver = Receiver(port)
        try:
            yield receiver
        finally:
            receiver.open.set()
