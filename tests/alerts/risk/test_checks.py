"""What probes saw, as parts of the risk."""

from memory import Memory

from mailwarden.alerts.facts.ledger import Ledger
from mailwarden.alerts.facts.ours import Ours
from mailwarden.alerts.facts.site import Site
from mailwarden.alerts.risk.checks import seen
from mailwarden.alerts.risk.outcomes import KIND, Outcomes
from mailwarden.alerts.risk.sender import Sender
from mailwarden.alerts.state.blob import decoder
from mailwarden.alerts.state.shelf import Row, Shelves
from mailwarden.parsers.event import Event

HOUR_US = 3_600_000_000


def probe(action: str, outcome: str | None = None, **extra: object) -> Event:
    """Make a probe's event."""
    event = Event()
    event.event_action, event.event_outcome, event.stream_us = action, outcome, 500_000 * HOUR_US
    event.extra = {f"mailwarden.{name}": value for name, value in extra.items()}
    return event


def listing(state: str, address: str = "192.0.2.25") -> Event:
    """Make what a list says of an address."""
    answers = [{"zone": "zen.example", "name": "ZEN", "state": state, "weight": 1.0}]
    return probe("dnsbl-check", own_address=address, **{"listing.answers": answers})


def refused(host: str, address: str) -> Event:
    """Make a refusal that quotes an address of ours."""
    event = Event()
    event.event_action, event.stream_us, event.host_hostname = "delivery", 500_000 * HOUR_US, host
    event.mail_delivery_status, event.mail_bounce_class = "bounced", "blocklist"
    event.destination_domain = "mx.example.net"
    event.facts = {"mailwarden.remote": True, "mailwarden.own_address": address, "mailwarden.receiver": "example.net"}
    return event


def senders(rows: list[Row]) -> dict[str, Sender]:
    read = decoder(Sender)
    return {key: read(blob) for kind, key, _, _, blob in rows if kind == KIND and blob is not None}


def outcomes() -> Outcomes:
    memory = Memory()
    ledger = Ledger(Site(), memory)
    return Outcomes(ledger, Ours(Site(), ledger, memory), memory)


def test_a_listing_counts_to_the_server_that_uses_the_address() -> None:
    """The address was quoted in a reply to that server; it stands until a list says otherwise."""
    kept = outcomes()
    kept.take(refused("mx1", "192.0.2.25"))
    kept.checked(listing("listed"))
    kept.checked(listing("no answer"))

    (server,) = [one for key, one in senders(Shelves(kept.shelves).drain()).items() if key == "server mx1"]
    assert server.state == {"listings": {"ZEN": 1.0}}

    kept.checked(listing("clear"))
    assert senders(Shelves(kept.shelves).drain())["server mx1"].state == {"listings": {}}


def test_an_address_that_no_reply_quoted_stands_for_itself() -> None:
    """A probe may know more addresses than the log does."""
    kept = outcomes()
    kept.checked(listing("listed", "192.0.2.99"))

    assert list(senders(Shelves(kept.shelves).drain())) == ["server 192.0.2.99"]


def test_the_first_listing_ends_the_time_that_a_warning_had() -> None:
    """A story's block is a listing as well as a refusal."""
    kept = outcomes()
    for _ in range(4):
        event = refused("mx1", "192.0.2.25")
        event.mail_bounce_class, event.mail_delivery_status = "rate_limit", "deferred"
        assert event.facts is not None
        event.facts["mailwarden.first_try"] = True
        kept.take(event)
    kept.checked(listing("listed"))

    (story,) = senders(Shelves(kept.shelves).drain())["server mx1"].stories
    assert story.blocked_us == 500_000 * HOUR_US


def test_no_answer_is_neither_good_nor_bad() -> None:
    """What nobody answered changes nothing, whatever the probe."""
    assert seen(listing("no answer")) is None
    assert seen(probe("posture-check", None, own_domain="example.org", **{"posture.check": "spf"})) is None


def test_a_fault_of_a_record_counts_to_the_domain_until_it_is_mended() -> None:
    """What is wrong with a domain's records weighs by how bad it is."""
    wrong = probe("posture-check", "failure", own_domain="example.org", **{"posture.check": "dmarc"})
    wrong.event_reason = "dmarc_missing"
    mended = probe("posture-check", "success", own_domain="example.org", **{"posture.check": "dmarc"})
    kept = outcomes()

    kept.checked(wrong)
    assert senders(Shelves(kept.shelves).drain())["domain example.org"].state["posture"]["dmarc"] > 0
    kept.checked(mended)
    assert senders(Shelves(kept.shelves).drain())["domain example.org"].state == {"posture": {}}


def test_failures_that_others_report_count_only_for_our_own_addresses() -> None:
    """What strangers send in our name fails DMARC as it should; what our own server sends should not."""
    kept = outcomes()
    kept.take(refused("mx1", "192.0.2.25"))
    report = probe("dmarc-report", "failure", own_domain="example.org", **{"report.organisation": "google.com"})
    assert report.extra is not None

    report.extra["mailwarden.report.sources"], report.facts = {"203.0.113.9": 900}, {"mailwarden.report.own": {}}
    kept.reported(report)
    assert "domain example.org" not in senders(Shelves(kept.shelves).drain())

    report.facts = {"mailwarden.report.own": {"192.0.2.25": 3}}
    kept.reported(report)
    assert senders(Shelves(kept.shelves).drain())["domain example.org"].sums["authentication"].sum == 3


def test_a_complaint_counts_to_the_domain_and_to_the_server_it_came_from() -> None:
    """The report names the address; nothing is held against another server."""
    kept = outcomes()
    kept.take(refused("mx1", "192.0.2.25"))
    kept.take(refused("mx2", "192.0.2.26"))
    complaint = probe("complaint", "failure", own_domain="example.org", **{"report.sources": {"192.0.2.25": 1}})

    kept.reported(complaint)

    kept_now = senders(Shelves(kept.shelves).drain())
    assert complaint.facts is not None
    assert complaint.facts["mailwarden.complaint.about"] == "example.org"
    assert {key for key, one in kept_now.items() if "complaints" in one.sums} == {"server mx1", "domain example.org"}


def test_whose_an_address_was_is_forgotten_without_a_restart_too() -> None:
    """The store forgets after sixty days; what stands in memory must not remember longer."""
    ledger = Ledger(Site(), Memory())
    outcomes = Outcomes(ledger, Ours(Site(), ledger, Memory()), Memory())
    outcomes.take(refused("mx1", "192.0.2.25"))
    Shelves(outcomes.shelves).drain()
    late = listing("listed")
    late.stream_us += 61 * 24 * HOUR_US

    Shelves(outcomes.shelves).sweep(late.stream_us)
    outcomes.checked(late)

    assert list(senders(Shelves(outcomes.shelves).drain())) == ["server 192.0.2.25"]
