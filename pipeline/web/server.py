"""Run the page until it is told to stop."""

import errno
import logging
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable
from datetime import tzinfo

import uvicorn

from mailwarden.alerts.words.translate import N_, translator
from mailwarden.parsers.errors import ConfigurationError, StoreError, UsageError, coded, placed
from mailwarden.parsers.system_errors import reason
from mailwarden.pipeline.archive import find_recent
from mailwarden.pipeline.configuration.configuration import Configuration
from mailwarden.pipeline.configuration.secret import read_secret
from mailwarden.pipeline.configuration.web import Address
from mailwarden.pipeline.web.app import make_app
from mailwarden.pipeline.web.desk import Desk
from mailwarden.pipeline.web.live import Live
from mailwarden.pipeline.web.patience import PLACES, Patient
from mailwarden.pipeline.web.people import People
from mailwarden.pipeline.web.sessions import Links

__all__ = ["PageServer", "make_desk", "serve"]

_INDEX_S = 30.0  # between two looks for new files of the archive
_GRACE_S = 2  # what open pages get to end


def make_desk(configuration: Configuration, zone: tzinfo, address: Address, clock: Callable[[], int]) -> Desk:
    """Find out who may come in.

    Raises:
        UsageError: It would be open to others than this machine without passwords or without TLS.
        ConfigurationError: A secret is missing.
    """
    web = configuration.web
    try:
        people, tokens = web.resolved(read_secret)
    except ConfigurationError as error:
        raise ConfigurationError([placed(configuration.path, fault) for fault in error.faults]) from None
    if not address.is_loopback:
        if not people:
            raise UsageError(
                coded(
                    "MW7102",
                    "{address}: others than this machine reach that, but nobody has a password. Nothing was started."
                    " Name people under  web.people  in the configuration, or listen at 127.0.0.1:8742.",
                    address=address,
                )
            )
        if web.certificate is None and not web.proxies:
            raise UsageError(
                coded(
                    "MW7103",
                    "{address}: passwords would be sent readable to all on the way. Nothing was started."
                    " Set  web.certificate  and  web.key , or  web.proxies  where a reverse proxy does TLS.",
                    address=address,
                )
            )
    links = None if people else Links(configuration.state_directory, time.time)
    return Desk(configuration, zone, People(people, tokens), links, clock)


def serve(desk: Desk, address: Address, said: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT.

    Args:
        desk: What pages work with.
        address: Where to listen.
        said: Called with the address to open, once the page is there.

    Raises:
        UsageError: It cannot listen there, or the certificate cannot be used.
    """
    web = desk.configuration.web
    hosts = frozenset({address.host, *web.hosts}) if desk.links is not None else frozenset[str]()
    app = make_app(desk, hosts=hosts)
    config = uvicorn.Config(
        app,
        host=address.host,
        port=address.port,
        http=Patient,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(web.proxies),
        forwarded_allow_ips=list(web.proxies),
        limit_concurrency=PLACES,
        timeout_graceful_shutdown=_GRACE_S,
        ssl_certfile=str(web.certificate) if web.certificate else None,
        ssl_keyfile=str(web.key) if web.key else None,
    )
    try:
        config.load()
    except (OSError, ssl.SSLError) as error:
        raise UsageError(
            coded(
                "MW7104",
                '{address}: web.certificate and web.key cannot be used ("{error}"). Nothing was started.',
                address=address,
                error=reason(error),
            )
        ) from None
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # a stranger who sends garbage fills no log of ours
    listener = _listener(address)
    port = listener.getsockname()[1]
    scheme = "https" if web.certificate else "http"
    base = web.url or f"{scheme}://{Address(address.host, port)}"
    url = f"{base}/sign-in?token={desk.links.make()}" if desk.links is not None else base
    ended = threading.Event()
    indexing = threading.Thread(target=_keep_index, args=(desk, ended), name="index", daemon=True)
    indexing.start()
    PageServer(config, app.state.live, lambda: said(url)).run(sockets=[listener])
    ended.set()
    indexing.join(_GRACE_S)


def _listener(address: Address) -> socket.socket:
    """Take the address; uvicorn, asked to, would write by itself why it cannot."""
    listener = socket.socket(socket.AF_INET6 if ":" in address.host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address.host, address.port))
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            said = N_("{address}: cannot listen there. Another page may run. Set another:  --listen")
            raise UsageError(coded("MW7105", said, address=address)) from None
        said = N_('{address}: cannot listen there ("{error}"). Nothing was started.')
        raise UsageError(coded("MW7105", said, address=address, error=reason(error))) from None
    return listener


def _keep_index(desk: Desk, ended: threading.Event) -> None:
    """Index the archive as it grows, a file at a time."""
    complaint = ""
    while True:
        try:
            find_recent(desk.index, "-")  # reads what is new, and imports pyarrow before anybody waits for it
            while desk.index.build(1) and not ended.is_set():
                pass
        except StoreError as error:
            if str(error) != complaint:
                complaint = str(error)
                sys.stderr.write(f"{translator(desk.configuration.spoken()).error(error)}\n")
        if ended.wait(_INDEX_S):
            return


class PageServer(uvicorn.Server):
    """Says when it can be reached, and lets go of open pages when it stops."""

    def __init__(self, config: uvicorn.Config, live: Live, started: Callable[[], None] = lambda: None) -> None:
        super().__init__(config)
        self._live = live
        self._started = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._live.end()
        await super().shutdown(sockets)
