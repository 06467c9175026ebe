"""A page that is served on loopback, and a browser that is no browser, for the tests of the page."""

import http.client
import re
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from urllib.parse import urlencode

import uvicorn

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.pipeline.configuration.configuration import ChannelSetting, Configuration, SiteSetting
from mailwarden.pipeline.configuration.web import Person, Token
from mailwarden.pipeline.places import store_path
from mailwarden.pipeline.service.lock import Lock, lock_path
from mailwarden.pipeline.store import Commit, Store
from mailwarden.pipeline.web.app import make_app
from mailwarden.pipeline.web.desk import Desk
from mailwarden.pipeline.web.patience import PLACES, Patient
from mailwarden.pipeline.web.people import People
from mailwarden.pipeline.web.server import PageServer
from mailwarden.pipeline.web.sessions import Links

TOKEN = "a-token-for-a-program-that-reads"


@dataclass
class Clocks:
    """The time as the page sees it, moved by hand."""

    now_us: int = field(default_factory=lambda: time.time_ns() // 1000)
    passed_s: float = 0.0

    def wall(self) -> int:
        """Give the time."""
        return self.now_us + int(self.passed_s * 1_000_000)

    def pass_on(self, seconds: float) -> None:
        """Let some time pass."""
        self.passed_s += seconds

    def monotonic(self) -> float:
        """Give the seconds that have passed."""
        return self.passed_s


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    text: str


@dataclass
class Client:
    """Asks the page, and keeps its cookies."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    language: str = "en"

    def ask(self, method: str, path: str, body: str | bytes | None = None, **headers: str) -> Answer:
        """Send one request."""
        sent = {"Host": f"127.0.0.1:{self.port}", "Accept-Language": self.language}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if isinstance(body, str):
            body = body.encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request(
            method, path, body, sent | {name.replace("_", "-"): value for name, value in headers.items()}
        )
        response = connection.getresponse()
        text = response.read().decode("utf-8", "replace").replace("<wbr>", "")  # a name may be broken, and is whole
        for value in response.headers.get_all("Set-Cookie") or []:
            name, _, rest = value.partition("=")
            self.cookies[name] = rest.partition(";")[0].strip('"')
        connection.close()
        return Answer(response.status, {name.lower(): value for name, value in response.headers.items()}, text)

    def get(self, path: str, **headers: str) -> Answer:
        """Ask for a page."""
        return self.ask("GET", path, **headers)

    def post(self, path: str, form: dict[str, str], **headers: str) -> Answer:
        """Send a form."""
        headers = {"Content_Type": "application/x-www-form-urlencoded"} | headers
        return self.ask("POST", path, urlencode(form), **headers)

    def csrf(self, path: str = "/") -> str:
        """Give what a form of a page brings along."""
        found = re.search(r'name="csrf" value="([^"]+)"', self.get(path).text)
        assert found is not None
        return found[1]

    def sign_in(self, name: str, password: str) -> Answer:
        """Sign in with a password."""
        return self.post("/sign-in", {"name": name, "password": password, "next": "/"})


@dataclass(frozen=True)
class Served:
    """A page, its clocks and its state directory."""

    port: int
    desk: Desk
    clocks: Clocks
    directory: Path

    def client(self, *, let_in: bool = True, language: str = "en") -> Client:
        """Give a client, let in by a link where nobody has a password."""
        client = Client(self.port, language=language)
        if let_in:
            assert self.desk.links is not None
            assert client.get(f"/sign-in?token={self.desk.links.make()}").status == 303
        return client

    def commit(self, batch: int, incidents: Sequence[Incident]) -> None:
        """Let the service go on."""
        with Store.open(store_path(self.directory)) as store:
            store.commit(Commit(batch, incidents=incidents, meta={"stream_us": str(self.clocks.wall())}))


@contextmanager
def served(
    directory: Path,
    *,
    people: Sequence[Person] = (),
    domains: tuple[str, ...] = (),
    hosts: frozenset[str] = frozenset(),
    watched: bool = True,
    channels: Sequence[ChannelSetting] = (ChannelSetting("ops", "json://127.0.0.1:9"),),
) -> Iterator[Served]:
    """Serve the page of a state directory on a free port; `watched`: as if a service lived there."""
    clocks = Clocks()
    site = SiteSetting(name="mx1", domains=domains)
    configuration = Configuration(language="en", state=directory, site=site, channels=tuple(channels))
    links = None if people else Links(directory, lambda: clocks.wall() / 1_000_000)
    desk = Desk(configuration, UTC, People(people, [Token("prometheus", TOKEN)]), links, clocks.wall, clocks.monotonic)
    app = make_app(desk, hosts=hosts)
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, http=Patient, ws="none", lifespan="off", log_config=None,
        access_log=False, timeout_graceful_shutdown=1, limit_concurrency=PLACES,
    )  # fmt: skip
    config.load()
    listener = config.bind_socket()
    server = PageServer(config, app.state.live)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        thread.join(0.005)
    try:
        with Lock(lock_path(directory)) if watched else nullcontext():
            yield Served(listener.getsockname()[1], desk, clocks, directory)
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
