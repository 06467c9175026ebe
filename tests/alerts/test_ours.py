"""What of ours receivers see is learned from the log, and a stranger alone can teach nothing."""

from memory import Memory

from mailwarden.alerts.ledger import Ledger
from mailwarden.alerts.ours import KIND, Learned, Ours, learned
from mailwarden.alerts.site import Site
from mailwarden.parsers.event import Event

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
SITE = Site(domains=frozenset({"example.org"}))


class Learning:
    """An `Ours` and the clock of its events."""

    def __init__(self) -> None:
        self.memory = Memory()
        self.ours = Ours(SITE, Ledger(SITE, self.memory), self.memory)
        self.now_us = 1_772_438_400_000_000

    def refused(self, address: str, host: str, provider: str | None = None, direction: str = "outbound") -> None:
        """Have a receiver quote an address to us."""
        event = Event()
        event.stream_us, event.destination_domain, event.mail_provider = self.now_us, host, provider
        event.mail_delivery_status, event.mailwarden_direction = "bounced", direction
        event.facts = {"mailwarden.own_address": address}
        self.ours.delivered(event)

    def sent(self, host: str, recipient: str, count: int = 1) -> None:
        """Deliver to a host."""
        for _ in range(count):
            event = Event()
            event.stream_us, event.destination_domain, event.mail_delivery_status = self.now_us, host, "sent"
            event.mailwarden_direction, event.email_to_address, event.facts = "outbound", [recipient], {}
            self.ours.delivered(event)

    def accepted(self, sender: str, account: str | None, direction: str = "outbound") -> None:
        """Take a message."""
        event = Event()
        event.stream_us, event.email_from_address, event.mailwarden_account = self.now_us, [sender], account
        event.mailwarden_direction = direction
        self.ours.accepted(event)

    def signed(self, domain: str, selector: str) -> None:
        """Sign a message."""
        event = Event()
        event.stream_us = self.now_us
        event.set("mail.dkim.domain", domain)
        event.set("mail.dkim.selector", selector)
        self.ours.signed(event)

    def learned(self) -> Learned:
        """Give what the store would hold."""
        return learned((key, blob) for _, key, _, _, blob in self.ours.drain() if blob is not None)


def test_an_address_that_a_known_provider_quotes() -> None:
    """One big receiver is enough; private addresses are nobody's business."""
    learning = Learning()
    learning.refused("192.0.2.25", "gmail-smtp-in.l.google.com", "google")
    learning.refused("10.0.0.5", "gmail-smtp-in.l.google.com", "google")

    assert learning.learned().addresses == ("192.0.2.25",)


def test_a_stranger_alone_teaches_nothing() -> None:
    """Anybody may run a mail host that quotes any address, however often; two different ones are believed."""
    learning = Learning()
    for _ in range(50):
        learning.refused("198.51.100.66", "mx.evil.example")
    assert learning.learned().addresses == ()

    learning.refused("198.51.100.66", "mx.example.net")
    learning.refused("198.51.100.7", "mx.example.net", direction="inbound")

    assert learning.learned().addresses == ("198.51.100.66",)


def test_domains_that_send_from_here() -> None:
    """Those of an account, and those that receive here; a script may write any name, and a forwarded message bears another's."""
    learning = Learning()
    learning.accepted("ana@shop.example", "ana@shop.example")
    learning.accepted("bob@example.org", None)
    learning.accepted("ana@gmail.example", "ana@shop.example")
    learning.accepted("x@bank.example", None)
    learning.accepted("eve@shop2.example", "eve@shop2.example", direction="inbound")
    learning.accepted("", None)

    assert sorted(learning.learned().domains) == ["example.org", "shop.example"]


def test_selectors_of_our_signer() -> None:
    """The newest first."""
    learning = Learning()
    learning.signed("Example.org", "mail2025")
    learning.now_us += DAY_US
    learning.signed("example.org", "mail2026")

    assert learning.learned().selectors == (("example.org", "mail2026"), ("example.org", "mail2025"))


def test_a_smarthost_takes_everything() -> None:
    """All mail to one host, whoever it is for; many recipients of one domain at its own host are none."""
    through, direct, one_domain = Learning(), Learning(), Learning()
    for number in range(30):
        through.sent("smtp.relay.example", f"x@d{number}.example")
        direct.sent(f"mx.d{number}.example", f"x@d{number}.example")
        one_domain.sent("mx.example.net", "x@example.net")

    assert through.learned().smarthost == "smtp.relay.example"
    assert direct.learned().smarthost is None
    assert one_domain.learned().smarthost is None


def test_a_quiet_day_changes_nothing_about_the_smarthost() -> None:
    """What a busy day showed holds until another one shows otherwise."""
    learning = Learning()
    for number in range(30):
        learning.sent("smtp.relay.example", f"x@d{number}.example")
    learning.now_us += DAY_US
    learning.sent("mx.example.net", "x@example.net")
    assert learning.learned().smarthost == "smtp.relay.example"
    for number in range(60):
        learning.sent(f"mx.d{number}.example", f"x@d{number}.example")

    assert learning.learned().smarthost is None


def test_the_kind_is_what_the_store_is_asked_for() -> None:
    """Rows bear the kind under which probes look for them."""
    learning = Learning()
    learning.signed("example.org", "mail")

    assert {row[0] for row in learning.ours.drain()} == {KIND}
