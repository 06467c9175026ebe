"""What correlation has at hand when a line comes: what is ours, what was seen before, and what is on its way."""

from typing import NamedTuple

from mailwarden.alerts.facts.ledger import Ledger
from mailwarden.alerts.facts.ours import Ours
from mailwarden.alerts.facts.site import Site
from mailwarden.pipeline.correlation.message import Messages
from mailwarden.pipeline.correlation.senders import Senders
from mailwarden.pipeline.correlation.submission import Submissions

__all__ = ["Memory"]


class Memory(NamedTuple):
    """What both ends of a message's way look at and learn from."""

    site: Site  # what is ours
    ledger: Ledger  # what is known of accounts and domains
    ours: Ours  # the addresses and domains that others see of us
    messages: Messages  # the messages under way
    submissions: Submissions  # who hands in mail without a connection
    senders: Senders  # what is noted of who sends
