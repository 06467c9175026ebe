"""The ordinary life of a server: people who read and send mail, newsletters, and mishaps.

Nothing in here is an attack that needs a person: whatever is raised of medium or above is a false alarm. People keep to
their habits by hour and weekday; phones roam through a carrier's networks; clouds fetch for some of them.
"""

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from bench.detection.programs import DESKS, PHONES, THIEVES
from bench.detection.server import Act, Outcome, Server

__all__ = ["DAY_S", "Life", "Person", "is_stranger"]

DAY_S = 86_400.0
_HOUR_S = 3_600.0
_RECEIVERS = {"gmail.com": 40, "outlook.com": 20, "example.com": 10, "example.net": 30}


@dataclass(slots=True)
class Person:
    """Somebody with an account and habits."""

    account: str
    home: str
    office: str | None  # behind one address with others
    kind: str  # desk, phone, pop3, webmail or cloud
    contacts: list[str]
    sends_a_day: float
    phone: list[str] = field(default_factory=list)  # where the phone was last


class Life:
    """A server with its people. The same seed gives the same life.

    Args:
        seed: Of everything.
        people: How many accounts.
        days: How long it is watched.
        arrivals: Messages a day for each.
        serve: Makes the server whose lines are written.
    """

    def __init__(
        self,
        seed: int,
        people: int = 120,
        days: int = 37,
        arrivals: float = 6,
        serve: Callable[[random.Random], Server] = Server,
    ) -> None:
        self.chance = random.Random(seed)
        self.server = serve(self.chance)
        self.days = days
        self.arrivals = arrivals
        self.domains = [f"firm{n}.example.org" for n in range(4)]
        self.people = [self._person(n) for n in range(people)]
        forms = random.Random(seed)
        self.thieves: dict[str, str] = {}  # address -> mail program
        self._programs = {one.account: (forms.choice(DESKS), forms.choice(PHONES)) for one in self.people}
        self._clouds = {one.account for one in self.people if one.kind == "cloud"}
        self._forms = forms
        self.server.program_of = self._program

    def _program(self, account: str, address: str) -> str:
        """Say which program writes: that of the webmail, of a thief, of a phone, of a desk."""
        if address == "192.0.2.80":
            return "roundcube"
        if address in self.thieves or is_stranger(address):
            return self.thieves.setdefault(address, self._forms.choice(THIEVES))
        desk, phone = self._programs.get(account, ("outlook", "apple"))
        if account in self._clouds and address.startswith(("203.0.113.", "198.51.100.")):
            return "gmail"
        is_phone = address.startswith("2001:") or (address.startswith("198.18.") and int(address.split(".")[2]) >= 200)
        return phone if is_phone else desk

    def mailbox(self, magnitude: float) -> int:
        """Give the bytes of a mailbox, or of what of it somebody reads at once: some e to this power."""
        return int(self._forms.lognormvariate(magnitude, 1))

    def thief(self, address: str) -> str:
        """Let an address that might be anybody's be a thief's."""
        self.thieves[address] = self._forms.choice(THIEVES)
        return address

    def _person(self, number: int) -> Person:
        chance = self.chance
        domain = self.domains[number % len(self.domains)]
        kind = chance.choices(("desk", "phone", "pop3", "webmail", "cloud"), (50, 20, 10, 12, 8))[0]
        return Person(
            account=f"{chance.choice('abcdefghjkmnprstw')}.person{number}@{domain}",
            home=f"198.18.{number % 200}.{chance.randrange(2, 250)}",
            office=f"198.19.{number % len(self.domains)}.10" if kind == "desk" else None,
            kind=kind,
            contacts=[self.receiver() for _ in range(chance.randrange(8, 60))],
            sends_a_day=chance.lognormvariate(1.2, 0.8),
        )

    def receiver(self) -> str:
        """Give an address elsewhere."""
        name = f"c{self.chance.randrange(1 << 30):x}"
        return f"{name}@{self.chance.choices(list(_RECEIVERS), list(_RECEIVERS.values()))[0]}"

    def stranger(self) -> str:
        """Give an address that nobody here ever came from."""
        chance = self.chance
        return f"100.{chance.randrange(64, 128)}.{chance.randrange(256)}.{chance.randrange(1, 255)}"

    def answers(self, recipients: list[str]) -> list[tuple[str, Outcome]]:
        """Give each recipient the answer of an ordinary day."""
        server, given = self.server, []
        for to in recipients:
            luck = self.chance.random()
            given.append((to, server.UNKNOWN if luck < 0.008 else server.GREY if luck < 0.03 else server.TAKEN))
        return given

    # ------------------------------------------------------------------ every day

    def acts(self) -> Iterator[Act]:
        """Give what people do, day by day; not in order."""
        for day in range(self.days):
            for person in self.people:
                yield from self._day(person, day)
            yield from self._arrivals(day)

    def _day(self, person: Person, day: int) -> Iterator[Act]:
        chance = self.chance
        weekend = day % 7 in (5, 6)
        if weekend and chance.random() < 0.5:
            return
        if person.kind in ("phone", "desk", "cloud"):
            self._roam(person)
        begin = day * DAY_S + (chance.gauss(8, 0.7) if not weekend else chance.gauss(11, 2)) * _HOUR_S
        last = ""
        for step in range(chance.randrange(14, 30) if not weekend else chance.randrange(3, 9)):
            at = begin + step * chance.uniform(0.6, 1.4) * 0.5 * _HOUR_S
            place = last = self._place(person, at - day * DAY_S)
            if chance.random() < 0.01:  # a typo
                yield self.server.refused(at - 20, person.account, place)
            yield self.server.login(at, person.account, place, "pop3" if person.kind == "pop3" else "imap")
        mean = person.sends_a_day * (0.2 if weekend else 1)
        for _ in range(_poisson(chance, mean)):
            at = begin + chance.uniform(0, 9.5) * _HOUR_S
            count = chance.choices((1, 2, 4, 8), (80, 12, 6, 2))[0]
            to = [chance.choice(person.contacts) for _ in range(count)]
            if chance.random() < 0.15:  # somebody new
                to[0] = self.receiver()
                person.contacts.append(to[0])
            yield self.server.send(at, person.account, self._place(person, at - day * DAY_S), self.answers(to))
        if person.kind == "desk" and last and chance.random() < 0.6:
            yield self.server.login(begin + 13 * _HOUR_S, person.account, person.home)

    def _roam(self, person: Person) -> None:
        """Give the phone the networks of a new day: a /64 of the carrier, and addresses of its gateways."""
        chance = self.chance
        person.phone = [
            f"2001:db8:{chance.randrange(0x4000, 0x8000):x}:{chance.randrange(1, 65535):x}::{chance.randrange(1, 9999):x}",
            f"198.18.{chance.randrange(200, 256)}.{chance.randrange(1, 255)}",
        ]

    def _place(self, person: Person, second_of_day: float) -> str:
        chance = self.chance
        if person.kind == "webmail":
            return "192.0.2.80"
        if person.kind == "cloud" and chance.random() < 0.7:
            return (
                f"203.0.113.{chance.randrange(1, 255)}"
                if chance.random() < 0.5
                else f"198.51.100.{chance.randrange(1, 255)}"
            )
        if person.phone and chance.random() < (0.75 if person.kind == "phone" else 0.12):
            return chance.choice(person.phone)
        at_work = 8 * _HOUR_S < second_of_day < 18 * _HOUR_S
        return person.office if person.office and at_work else person.home

    def _arrivals(self, day: int) -> Iterator[Act]:
        chance = self.chance
        for _ in range(_poisson(chance, len(self.people) * self.arrivals)):
            at = day * DAY_S + _hour_of_day(chance) * _HOUR_S
            sender = self.receiver()
            person = chance.choice(self.people)
            address = f"203.0.113.{chance.randrange(1, 200)}"
            forward = "keeper@example.net" if person is self.people[3] else None
            yield self.server.receive(at, address, sender, person.account, forward)

    # ------------------------------------------------------------------ what happens now and then

    def mishaps(self, first_day: int) -> Iterator[Act]:
        """Give what happens in a month of any server and harms nobody; each on days of its own, weekly ones every week."""
        happens = (
            self._newsletter,
            self._rollout,
            self._stale_phone,
            self._migration,
            self._traveller,
            self._outage,
            self._backend_away,
            self._invoices,
            self._new_people,
            self._list_post,
            self._typing_office,
            self._new_phone,
            self._new_laptop,
            self._tunnel,
            self._moved_office,
        )
        for number, happen in enumerate(happens):
            for day in range(first_day + 1 + (2 * number) % 25, self.days, 25):
                yield from happen(day * DAY_S)
        for day in range(2, self.days, 7):
            yield from self._newsletter(day * DAY_S)
        yield from self._monitor()

    def _monitor(self) -> Iterator[Act]:
        for number in range(int(self.days * DAY_S / 300)):
            yield self.server.login(number * 300.0, f"probe@{self.domains[0]}", "192.0.2.90")

    def _newsletter(self, begin: float) -> Iterator[Act]:
        """Send to 1,500 subscribers from the office, as every week; 1 % have gone away."""
        author = f"news@{self.domains[1]}"
        subscribers = random.Random(4711)
        yield self.server.login(begin + 9.9 * _HOUR_S, author, "198.19.1.10")
        for number in range(1500):
            to = f"subscriber{number}@{subscribers.choice(('gmail.com', 'outlook.com', 'example.com', 'example.net'))}"
            outcome = self.server.UNKNOWN if self.chance.random() < 0.01 else self.server.TAKEN
            yield self.server.send(
                begin + 10 * _HOUR_S + number * 2, author, "198.19.1.10", [(to, outcome)], size=48211
            )

    def _rollout(self, begin: float) -> Iterator[Act]:
        return self.rollout(begin + 9 * _HOUR_S)

    def rollout(self, begin: float) -> Iterator[Act]:
        """Change everybody's password within two hours: devices go on with the old one for a while."""
        chance = self.chance
        for person in self.people:
            change = begin + chance.uniform(0, 2) * _HOUR_S
            for number in range(chance.choice((1, 2, 3, 8, 30))):
                place = self._place(person, 10 * _HOUR_S)
                yield self.server.refused(change + number * 120, person.account, place)
            yield self.server.login(change + 4000, person.account, self._place(person, 12 * _HOUR_S))

    def _stale_phone(self, begin: float) -> Iterator[Act]:
        """Let a phone try an old password for eight hours, at home and on the way."""
        person = next(one for one in self.people if one.kind == "phone")
        for number in range(96):
            place = person.home if number % 4 or not person.phone else person.phone[0]
            yield self.server.refused(begin + 9 * _HOUR_S + number * 300, person.account, place)

    def _migration(self, begin: float) -> Iterator[Act]:
        """Copy forty mailboxes with imapsync from one new address."""
        for number, person in enumerate(self.people[:40]):
            at = begin + 20 * _HOUR_S + number * 90
            if number % 10 == 0:
                yield self.server.refused(at - 30, person.account, "198.18.230.9")
            yield self.server.login(at, person.account, "198.18.230.9")

    def _traveller(self, begin: float) -> Iterator[Act]:
        """Read and send from a hotel after three wrong tries."""
        person = self.people[-1]
        for number in range(3):
            yield self.server.refused(begin + 19 * _HOUR_S + number * 15, person.account, "198.18.240.77")
        yield self.server.login(begin + 19 * _HOUR_S + 60, person.account, "198.18.240.77")
        for number in range(3):
            to = [self.chance.choice(person.contacts)]
            at = begin + 19.2 * _HOUR_S + number * 600
            yield self.server.send(at, person.account, "198.18.240.77", self.answers(to))

    def _new_phone(self, begin: float) -> Iterator[Act]:
        """Set up a new phone on the way: all mail is fetched, and three known people are written to."""
        person = self.people[30]
        address = f"198.18.{self._forms.randrange(200, 256)}.{self._forms.randrange(1, 255)}"
        yield self.server.login(begin + 17 * _HOUR_S, person.account, address, size=self.mailbox(18.5))
        for number in range(3):
            to = [self._forms.choice(person.contacts)]
            yield self.server.send(begin + (17.3 + number) * _HOUR_S, person.account, address, self.answers(to))

    def _new_laptop(self, begin: float) -> Iterator[Act]:
        """Take a new computer to a hotel: another program, all mail is fetched, a customer or two are new."""
        person = self.people[31]
        desk, phone = self._programs[person.account]
        yield self.server.login(begin + 18 * _HOUR_S, person.account, "198.51.100.200", size=self.mailbox(18.5))
        self._programs[person.account] = ("thunderbird" if desk != "thunderbird" else "outlook", phone)
        for number in range(5):
            to = [self.receiver() if number == 2 else self._forms.choice(person.contacts)]
            at = begin + (18.3 + number / 2) * _HOUR_S
            yield self.server.send(at, person.account, "198.51.100.200", self.answers(to))

    def _tunnel(self, begin: float) -> Iterator[Act]:
        """Use a tunnel that ends where guessers are, too, for three days: the computer is left on for one evening."""
        person = self.people[32]
        address = self.stranger()
        self.thieves[address] = self._programs[person.account][0]  # a stranger's address, and the owner's program
        for day in range(3):
            for number in range(20):
                at = begin + day * DAY_S + (9 + number * (0.7 if day == 1 else 0.45)) * _HOUR_S
                yield self.server.login(at, person.account, address)
            for number in range(2):
                to = [self._forms.choice(person.contacts)]
                at = begin + day * DAY_S + (10 + number * 2) * _HOUR_S
                yield self.server.send(at, person.account, address, self.answers(to))

    def _outage(self, begin: float) -> Iterator[Act]:
        """Let Gmail put off what is sent in three hours."""
        for person in self.people[:60]:
            at = begin + self.chance.uniform(10, 13) * _HOUR_S
            to = f"c{self.chance.randrange(1 << 30):x}@gmail.com"
            person.contacts.append(to)
            yield self.server.send(at, person.account, person.home, [(to, self.server.OUTAGE)])

    def _backend_away(self, begin: float) -> Iterator[Act]:
        """Let the password service be away for ten minutes. (This is worth a message: see `TOLD`.)"""
        for person in self.people[:30]:
            yield self.server.backend_down(begin + 3 * _HOUR_S + self.chance.uniform(0, 600), person.home)

    def _invoices(self, begin: float) -> Iterator[Act]:
        """Send 60 invoices to known customers within an hour."""
        clerk = self.people[0]
        for number in range(60):
            to = clerk.contacts[number % len(clerk.contacts)]
            at = begin + 14 * _HOUR_S + number * 50
            yield self.server.send(at, clerk.account, clerk.office or clerk.home, [(to, self.server.TAKEN)], size=90210)

    def _new_people(self, begin: float) -> Iterator[Act]:
        """Set up ten new accounts in an office, with mistakes."""
        for number in range(10):
            who = f"new{number}@{self.domains[2]}"
            for tries in range(self.chance.randrange(3)):
                yield self.server.refused(begin + 9 * _HOUR_S + number * 300 + tries * 10, who, "198.19.2.10")
            yield self.server.login(begin + 9 * _HOUR_S + number * 300 + 60, who, "198.19.2.10")
            to = [self.receiver()]
            yield self.server.send(begin + 10 * _HOUR_S + number * 300, who, "198.19.2.10", self.answers(to))

    def _list_post(self, begin: float) -> Iterator[Act]:
        """Hand a mailing list's post to 40 members, as a local program does."""
        for number in range(40):
            to = f"member{number}@example.net"
            yield self.server.script(
                begin + 16 * _HOUR_S + number, 38, f"list@{self.domains[3]}", [(to, self.server.TAKEN)]
            )

    def _typing_office(self, begin: float) -> Iterator[Act]:
        """Let an office of many come back from holiday and mistype."""
        for person in self.people:
            if person.office:
                at = begin + 8 * _HOUR_S + self.chance.uniform(0, 1800)
                for number in range(2):
                    yield self.server.refused(at + number * 12, person.account, person.office)
                yield self.server.login(at + 40, person.account, person.office)

    def _moved_office(self, begin: float) -> Iterator[Act]:
        """Let an office move to another address: some mistype there, two give up for the day, and one sends an invitation."""
        there = [one for one in self.people if one.office == "198.19.3.10"]
        for number, person in enumerate(there):
            at = begin + 8 * _HOUR_S + number * 90
            for again in range(number % 3):
                yield self.server.refused(at + again * 12, person.account, "198.19.99.10")
            if number not in (1, 4):
                yield self.server.login(at + 40, person.account, "198.19.99.10")
        host = there[0]
        for number in range(25):
            to = [host.contacts[number % len(host.contacts)]]
            yield self.server.send(
                begin + 11 * _HOUR_S + number * 30, host.account, "198.19.99.10", [(to[0], self.server.TAKEN)]
            )


def is_stranger(address: str) -> bool:
    """Say whether an address is of those that only strangers have: the shared address space, and some of IPv6."""
    return address.startswith("100.") or (address.startswith("2001:db8:") and address.split(":")[2] >= "9")


def _poisson(chance: random.Random, mean: float) -> int:
    """Give a number of independent happenings with this mean (Knuth; normal where it is large)."""
    if mean > 50:
        return max(0, round(chance.gauss(mean, math.sqrt(mean))))
    limit, count, product = math.exp(-mean), 0, chance.random()
    while product > limit:
        count += 1
        product *= chance.random()
    return count


def _hour_of_day(chance: random.Random) -> float:
    return min(23.99, max(0.0, chance.gauss(12.5, 4)))
