"""Keep what must survive: positions, state, incidents, the outbox and the counts for reports, committed together."""

from mailwarden.pipeline.store.commit import Act, Commit, OutboxCounts, OutboxRow, RollupKey, StateRow, Unparsed
from mailwarden.pipeline.store.inbox import Inbox, Received
from mailwarden.pipeline.store.standing import Listing, Posture, Standing
from mailwarden.pipeline.store.store import Store

__all__ = [
    "Act",
    "Commit",
    "Inbox",
    "Listing",
    "OutboxCounts",
    "OutboxRow",
    "Posture",
    "Received",
    "RollupKey",
    "Standing",
    "StateRow",
    "Store",
    "Unparsed",
]
