"""What of ours receivers see is learned from the log, and a stranger alone can teach nothing."""

from memory import Memory

from mailwarden.alerts.facts.ledger import Ledger
from mailwarden.alerts.facts.ours import KIND, Learned, Ours, learned
from mailwarden.alerts.facts.site import Site
from mailwarden.alerts.state.shelf import Shelves
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

    def refused(self, address: str, host: str, provider: str | None = None, **fields: object) -> Event:
        """Have a receiver quote an address to us."""
        event = Event()
        event.stream_us, event.destination_domain, event.mail_provider = self.now_us, host, provider
        event.mail_delivery_status, event.mailwarden_direction = "bounced", "outbound"
        event.mail_bounce_class, event.email_from_address = "blocklist", ["bob@example.org"]
        event.smtp_reply_text = f"554 5.7.1 Client host [{address}] blocked using zen.spamhaus.org"
        event.facts = {"mailwarden.list.public": True}
        for name, value in fields.items():
            setattr(event, name, value)
        self.ours.delivered(event)
        return event

    def reached(self, address: str) -> None:
        """Have a client come to an address of this server."""
        event = Event()
        event.stream_us, event.destination_ip = self.now_us, address
        self.ours.listens(event)

    def asked(self, address: str, **extra: object) -> None:
        """Have the probes ask lists about an address."""
        event = Event()
        event.stream_us = self.now_us
        event.extra = {
            "mailwarden.own_address": address,
            **{f"mailwarden.{key}": value for key, value in extra.items()},
        }
        self.ours.asked(event)

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
        return learned((key, blob) for _, key, _, _, blob in Shelves(self.ours.shelves).drain() if blob is not None)


def own_address(event: Event) -> object:
    return (event.facts or {}).get("mailwarden.own_address")


def test_no_receiver_alone_makes_an_address_ours() -> None:
    """However often it says so, under however many of its names, and even a big provider: its customers word refusals too."""
    learning = Learning()
    for number in range(50):
        assert own_address(learning.refused("198.51.100.66", f"mx{number}.evil.example")) is None
    learning.refused("198.51.100.67", "aspmx.l.google.com", "google")
    learning.refused("10.0.0.5", "aspmx.l.google.com", "google")

    assert learning.learned().addresses == ()


def test_where_nothing_is_known_a_big_provider_says_whom_it_speaks_of() -> None:
    """Nobody else's host has its name; what we know goes before, and lists are asked about no address for that."""
    learning = Learning()
    assert own_address(learning.refused("192.0.2.25", "aspmx.l.google.com", "google")) == "192.0.2.25"
    assert own_address(learning.refused("192.0.2.26", "mx.home.rr.com", "spectrum")) is None
    assert own_address(learning.refused("192.0.2.27", "aspmx.l.google.com", "google", email_from_address=[])) is None
    learning.reached("192.0.2.7")

    assert own_address(learning.refused("192.0.2.9", "aspmx.l.google.com", "google")) is None
    assert learning.learned().addresses == ("192.0.2.7",)


def test_two_receivers_that_agree_are_believed() -> None:
    """The second refusal names the address as ours; private addresses are nobody's business."""
    learning = Learning()
    learning.refused("192.0.2.25", "mx.example.net")
    learning.refused("10.0.0.5", "mx.example.net")
    learning.refused("10.0.0.5", "mx.example.com")

    assert own_address(learning.refused("192.0.2.25", "mx.example.com")) == "192.0.2.25"
    assert learning.learned().addresses == ("192.0.2.25",)


def test_bounces_and_forwarded_mail_bear_no_witness() -> None:
    """Whom they go to is a stranger's choice, so that he could be both receivers."""
    learning = Learning()
    learning.refused("198.51.100.66", "mx.example.net")
    learning.refused("198.51.100.66", "mx.one.example", mailwarden_direction="inbound")
    learning.refused("198.51.100.66", "mx.two.example", email_from_address=[])
    learning.refused("198.51.100.66", "mx.three.example", facts={"mailwarden.returned": True})

    assert learning.learned().addresses == ()


def test_what_we_listen_on_is_ours_whatever_replies_say() -> None:
    """A refusal that quotes it is about us, the very first; one that quotes another address is about somebody else."""
    learning = Learning()
    learning.reached("192.0.2.25")
    learning.reached("10.0.0.5")
    about_us = learning.refused("192.0.2.25", "mx.evil.example")
    about_others = learning.refused("198.51.100.66", "mx.evil.example")
    of_the_other_family = learning.refused("2001:db8::66", "mx.evil.example")

    assert own_address(about_us) == "192.0.2.25"
    assert about_us.facts == {"mailwarden.list.public": True, "mailwarden.own_address": "192.0.2.25"}
    assert about_others.facts == {"mailwarden.list.public": False}
    assert of_the_other_family.facts == {"mailwarden.list.public": True}
    assert learning.learned().addresses == ("192.0.2.25",)


def test_beside_what_we_know_two_strangers_are_not_enough() -> None:
    """One who owns two domains could plant an address; a provider that nobody else can be must agree."""
    learning = Learning()
    learning.reached("192.0.2.25")
    learning.refused("198.51.100.66", "mx.one.example")
    learning.refused("198.51.100.66", "mx.two.example")
    assert learning.learned().addresses == ("192.0.2.25",)
    learning.reached("192.0.2.25")
    learning.refused("198.51.100.66", "aspmx.l.google.com", "google")

    assert set(learning.learned().addresses) == {"192.0.2.25", "198.51.100.66"}


def test_what_the_probes_found_here_is_ours_what_they_learned_is_not() -> None:
    """Else an address that replies planted would keep itself alive by being asked about."""
    learning = Learning()
    learning.asked("192.0.2.25", **{"subject.found": True})
    learning.asked("198.51.100.66")

    assert learning.learned().addresses == ("192.0.2.25",)


def test_an_address_that_nobody_saw_for_a_month_is_forgotten() -> None:
    """The server has moved, and the old address belongs to somebody else."""
    learning = Learning()
    learning.reached("192.0.2.25")
    learning.now_us += 31 * DAY_US
    learning.reached("192.0.2.26")

    assert learning.learned().addresses == ("192.0.2.26",)


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

    assert {row[0] for row in Shelves(learning.ours.shelves).drain()} == {KIND}
