"""What tests of the outbox begin with."""

from collections.abc import Iterator

import pytest
from outboxes import Rows
from receiver import Receiver, receiving


@pytest.fixture
def chat() -> Iterator[Receiver]:
    """A receiver for the channel `chat`."""
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def mail() -> Iterator[Receiver]:
    """A receiver for the channel `mail`."""
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def rows() -> Rows:
    """An empty store."""
    return Rows()
