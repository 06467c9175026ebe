"""What the tests of the page begin with."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from incidents import START_US, incident, taken_over
from served import Served, served

from mailwarden.pipeline.places import store_path
from mailwarden.pipeline.store import Commit, Store


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A state directory with a taken-over account, a guessing network and a day of counts."""
    state = tmp_path / "state"
    state.mkdir()
    hour_us = START_US - START_US % 3_600_000_000
    rollups = {
        (hour_us, "lines", "event", "postfix", "postfix/smtpd"): 990,
        (hour_us, "lines", "pipeline_error", "postfix", "postfix/smtpd"): 10,
        (hour_us, "auth_failure", "dovecot", "bad_password", "imap"): 40,
        (hour_us, "login", "imap", "1.3", ""): 12,
        (hour_us, "login", "pop3", "no", ""): 3,
        (hour_us, "delivery", "google", "sent", ""): 20,
        (hour_us, "delivery", "google", "deferred", "rate_limit"): 4,
    }
    with Store.open(store_path(state)) as store:
        store.commit(
            Commit(1, incidents=[taken_over(), incident()], rollups=rollups, meta={"stream_us": str(START_US)})
        )
    return state


@pytest.fixture
def page(directory: Path) -> Iterator[Served]:
    """The page of that directory, on loopback."""
    with served(directory) as one:
        yield one
