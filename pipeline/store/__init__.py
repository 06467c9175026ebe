"""Keep what must survive: positions, state, incidents, the outbox and the counts for reports, committed together."""

from mailwarden.pipeline.store.commit import Act, Commit, OutboxCounts, OutboxRow, RollupKey, StateRow, Unparsed
from mailwarden.pipeline.store.found import Found, FoundCount
from mailwarden.pipeline.store.inbox import Inbox, Received
from mailwarden.pipeline.store.reader import DeliveryRow, HourRow, IncidentCount, IncidentFilter, Reader, SumRow
from mailwarden.pipeline.store.standing import Listing, Posture, Standing
from mailwarden.pipeline.store.store import Store

__all__ = [
    "Act",
    "Commit",
    "DeliveryRow",
    "Found",
    "FoundCount",
    "HourRow",
    "Inbox",
    "IncidentCount",
    "IncidentFilter",
    "Listing",
    "OutboxCounts",
    "OutboxRow",
    "Posture",
    "Reader",
    "Received",
    "RollupKey",
    "Standing",
    "StateRow",
    "Store",
    "SumRow",
    "Unparsed",
]
