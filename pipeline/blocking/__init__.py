"""Hand the block list to what blocks: files in the form of each, a webhook, a command. Off unless it is configured."""

from mailwarden.pipeline.blocking.blocker import Blocker, fault_of, hand_over, read_blocklist
from mailwarden.pipeline.blocking.forms import FORMS, written

__all__ = ["FORMS", "Blocker", "fault_of", "hand_over", "read_blocklist", "written"]
