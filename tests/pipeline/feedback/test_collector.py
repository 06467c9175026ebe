"""The service reads reports of others by itself, once each, in a process that holds up nothing."""

import gzip
import json
import socket
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from reports import COMPLAINT, DMARC, TLS, mailed

from mailwarden.parsers.errors import ConfigurationError
from mailwarden.pipeline.feedback.collector import Collector
from mailwarden.pipeline.feedback.settings import FeedbackSetting, Mailbox
from mailwarden.pipeline.store import Store

PATIENCE_S = 60
EVERY = timedelta(seconds=0.1)


class Service:
    """What the service would see of a collector."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.woken = threading.Semaphore(0)
        self.said: list[str] = []
        self.store = Store.open(path)

    def collector(self, setting: FeedbackSetting) -> Collector:
        return Collector(setting, ["example.org"], self.path, self.woken.release, self.said.append, first_s=0)

    def rounds(self, count: int) -> None:
        """Wait until so many rounds are over."""
        for _ in range(count):
            assert self.woken.acquire(timeout=PATIENCE_S), self.said

    def waiting(self) -> list[str]:
        return [one.line for one in self.store.inbox.read(100)]


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return Service(tmp_path / "mailwarden.sqlite")


def maildir(tmp_path: Path) -> Path:
    for part in ("new", "cur", "tmp"):
        (tmp_path / "Maildir" / part).mkdir(parents=True)
    return tmp_path / "Maildir"


def test_what_comes_is_read_once(service: Service, tmp_path: Path) -> None:
    """Round after round; what came since is found, what is damaged is told, and a new collector goes on there."""
    box = maildir(tmp_path)
    (box / "new" / "1").write_text(COMPLAINT)
    (box / "new" / "2").write_bytes(b"PK\x03\x04 damaged")
    setting = FeedbackSetting(EVERY, (box,))
    first = service.collector(setting)
    first.start()
    service.rounds(2)
    (box / "new" / "3").write_bytes(mailed(gzip.compress(DMARC.encode())))
    service.rounds(2)
    first.stop()
    assert len(service.waiting()) == 2

    second = service.collector(setting)
    second.start()
    service.rounds(1)
    second.stop()

    assert len(service.waiting()) == 2
    assert any("damaged" in one for one in service.said)


def test_one_place_that_fails_does_not_stop_the_others(service: Service, tmp_path: Path) -> None:
    """It is told without the password, and tried again."""
    box = maildir(tmp_path)
    (box / "new" / "1").write_text(json.dumps(TLS))
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        mailbox = Mailbox("127.0.0.1", "me", "s3cret", port=closed.getsockname()[1], tls="none")
        collector = service.collector(FeedbackSetting(EVERY, (tmp_path / "none", box), (mailbox,)))
        collector.start()
        service.rounds(1)
        collector.stop()

    assert len(service.waiting()) == 1
    assert any("Connection refused" in one for one in service.said)
    assert any("No such file" in one for one in service.said)
    assert not any("s3cret" in one for one in service.said)


def test_a_server_that_hangs_holds_up_nothing(service: Service) -> None:
    """The end of the service does not wait for it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        mailbox = Mailbox("127.0.0.1", "me", "s3cret", port=listener.getsockname()[1], tls="none")
        collector = service.collector(FeedbackSetting(EVERY, (), (mailbox,)))
        collector.start()
        listener.settimeout(PATIENCE_S)
        connection, _ = listener.accept()
        began = time.monotonic()
        collector.stop()
        connection.close()

    assert time.monotonic() - began < 10


def test_a_password_that_is_missing_is_told_before_anything_begins(service: Service) -> None:
    """The service does not start without what it was told to read."""
    mailbox = Mailbox("imap.example.org", "me", "${NO_SUCH_VARIABLE}")

    with pytest.raises(ConfigurationError, match="NO_SUCH_VARIABLE"):
        service.collector(FeedbackSetting(EVERY, (), (mailbox,))).start()


def test_two_readers_of_one_report_count_it_once(service: Service) -> None:
    """The command and the service may read at the same instant."""
    lines = [("digest-1", "line"), ("digest-2", "line")]
    with Store.open(service.path) as beside:
        threads = [
            threading.Thread(target=one.heard.take, args=(lines, 1_000_000))
            for one in (service.store, beside)
            for _ in "ab"
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert len(service.waiting()) == 2
