"""What is known of one message on its way, from its arrival until it has left the queue."""

import msgspec

from mailwarden.alerts.facts.ledger import Ledger
from mailwarden.alerts.state.shelf import Backing, Shelf
from mailwarden.parsers.event import Event
from mailwarden.pipeline.correlation.hosts import Hosts
from mailwarden.pipeline.correlation.senders import Sender, return_path

__all__ = ["Message", "Messages", "key_of", "sender_of"]

_KEEP_US = 10 * 86_400_000_000  # twice the longest time mail waits in a queue (Postfix maximal_queue_lifetime 5 d)


class Message(msgspec.Struct, array_like=True):
    """What is known of one message on its way."""

    at_us: int
    account: str | None = None  # the login it was sent under
    source_ip: str | None = None
    user_id: str | None = None  # the local user, for mail from scripts
    directory: str | None = None
    sender: str | None = None
    recipients: int = 0
    accepted: bool = False
    outbound: bool = False  # from ours to anywhere
    deferred: list[int] = []  # marks of recipients whose deferral was counted
    guesses: int = 0  # failed tries of strangers, at others too, before a login from a network new to the account
    fresh: bool = False  # the login's network was new to the account, which was known from another
    first_seen: bool = False  # the account came from this network for the first time within the day before
    script: str | None = None  # who handed it in on this machine: a script's path, its directory, a user
    returned: bool = False  # goes back to whom a stranger named as the sender
    elsewhere: bool = False  # the account came from this network for the first time, and is known from another
    run: int = 0  # the most recipients that the account mailed in an hour of the days before, from its own networks
    away: bool = False  # the account was not at this network before this day
    remote: bool = False  # came over a connection, though the line that was to name the client is cut
    login_unseen: bool = False  # its server logs so little that a login would leave no trace
    tried: list[int] = []  # marks of recipients it was handed on for, where each has a line of its own
    judged: bool = False  # that a filter of ours took it for spam or malware was counted
    unsigned: bool = False  # that it leaves without a signature was counted
    program: float = 0.0  # how strange the program is that wrote it, in bits
    told: int = -1  # recipients that deliveries told of, where the arrival listed none; -1 where it did
    wrote_away: int = (
        0  # where it is from away: recipients of the account's mail from such networks in one to two hours
    )
    aliased: bool = False  # a recipient stood for another before a filter or another instance had the message


class Messages:
    """The messages under way, by host and queue id.

    Args:
        backing: Where they are remembered.
    """

    def __init__(self, backing: Backing) -> None:
        self._shelf = Shelf("message", 1, Message, lambda m: m.at_us + _KEEP_US, backing)
        self.hosts = Hosts(backing)
        self.shelves = (self._shelf, *self.hosts.shelves)

    def get(self, event: Event, queue_id: str) -> Message | None:
        """Give the message of this queue id on the event's host."""
        return self._shelf.get(key_of(event.host_hostname, queue_id))

    def at(self, key: str) -> Message | None:
        """Give the message under a key that `key_of` made."""
        return self._shelf.get(key)

    def put(self, event: Event, queue_id: str, message: Message) -> None:
        """Remember a message, or what has changed of it."""
        self._shelf.put(key_of(event.host_hostname, queue_id), message)

    def delete(self, event: Event, queue_id: str) -> None:
        """Forget a message that has left the queue."""
        self._shelf.delete(key_of(event.host_hostname, queue_id))

    def of_filter(self, event: Event) -> Message | None:
        """Give the message that a filter speaks of; a filter's own file names no host, so that of the message is set."""
        queue_id = event.mail_queue_id
        if queue_id is None:
            return None
        message = self.get(event, queue_id)
        if message is None and event.host_hostname is None:
            for host in self.hosts.known():
                message = self._shelf.get(key_of(host, queue_id))
                if message is not None:
                    event.host_hostname = host
                    break
        return message

    def is_strangers(self, event: Event, queue_id: str) -> bool:
        """Say whether a message came from outside, without a login."""
        parent = self.get(event, queue_id)
        return parent is not None and not parent.outbound and parent.source_ip is not None and not parent.returned


def key_of(host: str | None, queue_id: str) -> str:
    """Give the key of a message: queue ids are of one host."""
    return f"{host}\x1f{queue_id}" if host else queue_id


def sender_of(message: Message, ledger: Ledger) -> Sender | None:
    """Say whose message of ours this is; None where no login, no script and no return path of ours tells."""
    if message.account is not None:
        return Sender(message.account, "account")
    if message.script is not None:
        user = message.user_id or ""
        return Sender(message.script, "script", "" if user == message.script else user)
    path = return_path(message.sender or "")
    if message.source_ip is None or not ledger.domains.is_ours(path.name.rpartition("@")[2]):
        return None
    return Sender(path.name, "machine")
