"""Join what servers spread over lines: the way of one message, and the several lines that tell of one failed try."""

from mailwarden.alerts.facts.ledger import Ledger
from mailwarden.alerts.facts.ours import Ours
from mailwarden.alerts.facts.site import Site
from mailwarden.alerts.state.shelf import Backing
from mailwarden.pipeline.correlation.arrivals import Arrivals
from mailwarden.pipeline.correlation.askers import Askers
from mailwarden.pipeline.correlation.deliveries import Deliveries
from mailwarden.pipeline.correlation.echoes import Echoes
from mailwarden.pipeline.correlation.limits import Limits
from mailwarden.pipeline.correlation.memory import Memory
from mailwarden.pipeline.correlation.message import Messages
from mailwarden.pipeline.correlation.senders import Senders
from mailwarden.pipeline.correlation.sessions import Sessions
from mailwarden.pipeline.correlation.submission import Submissions
from mailwarden.pipeline.correlation.tries import Tries
from mailwarden.pipeline.correlation.verdicts import Verdicts

__all__ = ["Correlator"]


class Correlator:
    """Sets on each event what other lines said of the same message or the same try.

    Facts it sets: `mailwarden.attempts` (tries this event newly tells of: 0 where another line told it),
    `mailwarden.here.tries` (tries from this machine itself that are no echo of somebody's over SMTP),
    `mailwarden.accepted` (this event completes the acceptance of a message, or with `mailwarden.more` of one more
    recipient), `mailwarden.first_try` (a recipient's first deferral), `mailwarden.retried` (what became of it at
    last, after a deferral), `mailwarden.relayed` (a stranger's mail went to a stranger), `mailwarden.script` (who
    handed the message in on this machine), `mailwarden.returned` (a bounce of a stranger's mail),
    `mailwarden.sender` (whose message it is: see `senders.py`) with what it adds to the sender's
    `mailwarden.sender.traits`, `mailwarden.sender.is_list` (its return path is a mailing list's), `mailwarden.return_path`
    (of a machine that we trust, whose mail no login and no script tells apart),
    `mailwarden.direction`, and the account, address and sender of the message on its deliveries.
    """

    def __init__(self, site: Site, ledger: Ledger, ours: Ours, backing: Backing) -> None:
        self.askers = Askers(backing)
        self.sessions = Sessions(ledger, backing)
        memory = Memory(site, ledger, ours, Messages(backing), Submissions(backing), Senders(backing))
        tries = Tries(backing)
        self.echoes = Echoes(backing)
        self.verdicts = Verdicts(memory)
        arrivals = Arrivals(memory, backing)
        deliveries = Deliveries(memory, self.verdicts, backing)
        limits = Limits(memory, deliveries)
        keepers = (
            memory.messages,
            tries,
            memory.submissions,
            memory.senders,
            self.askers,
            self.echoes,
            self.sessions,
            arrivals,
            deliveries,
        )
        self.shelves = tuple(shelf for keeper in keepers for shelf in keeper.shelves)
        self.further = arrivals.further
        self.handlers = {
            "message-received": arrivals.received,
            "message-id": arrivals.message_id,
            "message-queued": arrivals.queued,
            "message-removed": arrivals.removed,
            "delivery": deliveries.take,
            "delivery-start": deliveries.qmail.start,
            "remote-reply": deliveries.replies.note,
            "bounce-created": arrivals.bounced,
            "forward": arrivals.copied,
            "filter-verdict": self.verdicts.script,
            "process-start": memory.submissions.called,
            "auth-failure": tries.count,
            "auth-error": tries.count,
            "rate-limit": limits.reached,
            "reject": limits.handed_in,
        }
