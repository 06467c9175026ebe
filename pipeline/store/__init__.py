"""Keep what must survive: positions, state, incidents, the outbox and the counts for reports, committed together."""

from mailwarden.pipeline.store.commit import Act, Commit, OutboxCounts, OutboxRow, RollupKey, StateRow, Unparsed
from mailwarden.pipeline.store.store import Store

__all__ = ["Act", "Commit", "OutboxCounts", "OutboxRow", "RollupKey", "StateRow", "Store", "Unparsed"]
