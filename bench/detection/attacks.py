"""Attacks on the simulated server, each with the truth beside it: who, from where, since when, and what it did.

The shapes A to I are those of the catalogue's table of what peers' rules see; the takeovers differ in what went before and in
how fast mail follows.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from bench.detection.life import DAY_S, Life, Person
from bench.detection.server import Act

__all__ = ["ATTACKS", "TAKEOVERS", "Attack", "Truth", "burst", "every", "strangers", "taken"]

_HOUR_S = 3_600.0
_GUESSING = frozenset({"auth_attack", "enumeration"})
_ENTERED = frozenset({"account_takeover", "outbound_spam"})


@dataclass(slots=True)
class Truth:
    """What an attack was.

    Args:
        name: Its shape.
        begin_s, end_s: When, in seconds since the simulation began.
        categories: Those an incident about it may have.
        names: Accounts and addresses; an incident about it names one of them.
        recipients_s: When each recipient was mailed.
        must_tell: Whether a person must be told; otherwise it must be recorded.
        is_slow: No burst: it is to be told within a day.
        within_s: How soon after its beginning, in seconds.
        tried: Who was guessed at besides, or guessed before: what is raised about them is no false alarm.
    """

    name: str
    begin_s: float
    categories: frozenset[str]
    within_s: float
    must_tell: bool = False
    is_slow: bool = False
    end_s: float = 0.0
    names: set[str] = field(default_factory=set)
    tried: set[str] = field(default_factory=set)
    recipients_s: list[float] = field(default_factory=list)


Attack = Callable[[Life, Person, float], tuple[Truth, list[Act]]]


def _guess(name: str, begin: float, acts: list[Act], names: set[str], within_s: float) -> tuple[Truth, list[Act]]:
    return Truth(name, begin, _GUESSING, within_s, end_s=acts[-1].at_s, names=names), acts


def strangers(life: Life, count: int) -> list[str]:
    """Give addresses that nobody here ever came from, each another."""
    found: list[str] = []
    while len(found) < count:
        one = life.stranger()
        if one not in found:
            found.append(one)
    return found


# ---------------------------------------------------------------------- guessing


def fast(life: Life, victim: Person, begin: float) -> tuple[Truth, list[Act]]:
    """One address, 100 tries a minute for three minutes."""
    (address,) = strangers(life, 1)
    acts = [life.server.smtp_refused(begin + n * 0.6, victim.account, address) for n in range(300)]
    return _guess("A one address, 100 a minute", begin, acts, {address}, _HOUR_S)


def every_quarter(life: Life, victim: Person, begin: float) -> tuple[Truth, list[Act]]:
    """One address, a try in 15 minutes."""
    (address,) = strangers(life, 1)
    acts = [life.server.refused(begin + n * 900, victim.account, address) for n in range(96)]
    return _guess("B one address, a try in 15 min", begin, acts, {address}, 180 * 60)


def every_three_hours(life: Life, victim: Person, begin: float) -> tuple[Truth, list[Act]]:
    """One address, a try in three hours, for five days."""
    (address,) = strangers(life, 1)
    acts = [life.server.refused(begin + n * 3 * _HOUR_S, victim.account, address) for n in range(40)]
    return _guess("C one address, a try in 3 h", begin, acts, {address}, 3 * DAY_S)


def botnet_300(life: Life, victim: Person, begin: float) -> tuple[Truth, list[Act]]:
    """300 addresses with a try each on one account within a day."""
    pool = strangers(life, 300)
    acts = [life.server.smtp_refused(begin + n * 288, victim.account, one) for n, one in enumerate(pool)]
    return _guess("D 300 addresses, one account", begin, acts, {victim.account, *pool}, _HOUR_S)


def botnet_60(life: Life, victim: Person, begin: float) -> tuple[Truth, list[Act]]:
    """60 addresses with a try each on one account within a day."""
    pool = strangers(life, 60)
    acts = [life.server.refused(begin + n * 600, victim.account, one) for n, one in enumerate(pool)]
    return _guess("D2 60 addresses, one account", begin, acts, {victim.account, *pool}, 4 * _HOUR_S)


def site_spray(life: Life, victim: Person, begin: float) -> tuple[Truth, list[Act]]:
    """As many addresses as tries, and as many accounts as there are and more: 500 tries in four hours."""
    pool = strangers(life, 500)
    names = [one.account for one in life.people if one is not victim] + [
        f"name{n}@{life.domains[n % 4]}" for n in range(500)
    ]
    acts = [life.server.smtp_refused(begin + n * 29, names[n], one) for n, one in enumerate(pool)]
    return _guess("E 500 addresses, 500 names", begin, acts, {*pool, *names[:500]}, _HOUR_S)


def net_walk(life: Life, victim: Person, begin: float) -> tuple[Truth, list[Act]]:
    """200 addresses of one /24, a try each."""
    net = life.stranger().rpartition(".")[0]
    acts = [life.server.refused(begin + n * 60, victim.account, f"{net}.{n + 1}") for n in range(200)]
    return _guess("F /24 walk", begin, acts, {f"{net}.{n + 1}" for n in range(200)}, _HOUR_S)


def net_walk_v6(life: Life, victim: Person, begin: float) -> tuple[Truth, list[Act]]:
    """200 addresses of one /64, a try each."""
    net = f"2001:db8:{life.chance.randrange(0x9000, 0xF000):x}:7"
    acts = [life.server.smtp_refused(begin + n * 60, victim.account, f"{net}::{n + 1:x}") for n in range(200)]
    return _guess("G IPv6 /64 walk", begin, acts, {f"{net}::{n + 1:x}" for n in range(200)}, _HOUR_S)


def spray(life: Life, victim: Person, begin: float) -> tuple[Truth, list[Act]]:  # noqa: ARG001 - one form for all
    """One address tries one password on every account."""
    (address,) = strangers(life, 1)
    acts = [life.server.refused(begin + n * 20, one.account, address) for n, one in enumerate(life.people)]
    return _guess("S one address, every account", begin, acts, {address}, _HOUR_S)


# ---------------------------------------------------------------------- an account is taken over


def burst(life: Life, victim: Person, begin: float, address: str, count: int, gap_s: float, a_mail: int) -> list[Act]:
    """Mail strangers in the victim's name; a quarter of the addresses are stale."""
    acts, server = [], life.server
    for number in range(count // a_mail):
        to = [life.receiver() for _ in range(a_mail)]
        answers = [(one, server.UNKNOWN if life.chance.random() < 0.25 else server.TAKEN) for one in to]
        acts.append(server.send(begin + number * gap_s, victim.account, address, answers))
    return acts


def taken(name: str, begin: float, victim: Person, addresses: set[str], mails: list[Act]) -> Truth:
    """Give the truth of a takeover: a person is to be told."""
    truth = Truth(name, begin, _ENTERED, DAY_S, must_tell=True, names={victim.account, *addresses})
    for act in mails:
        truth.recipients_s.extend([act.at_s] * act.mailed)
    truth.end_s = truth.recipients_s[-1] if truth.recipients_s else begin
    return truth


def stolen_fast(life: Life, victim: Person, begin: float) -> tuple[Truth, list[Act]]:
    """A stolen password, no failures: 16 recipients a message, a message in 2 seconds."""
    (address,) = strangers(life, 1)
    mails = burst(life, victim, begin + 60, address, 320, 2, 16)
    return taken("stolen, 16 a message at once", begin, victim, {address}, mails), [
        life.server.login(begin, victim.account, address),
        *mails,
    ]


def stolen_minutes(life: Life, victim: Person, begin: float) -> tuple[Truth, list[Act]]:
    """A stolen password: a message to one recipient every 5 seconds."""
    (address,) = strangers(life, 1)
    mails = burst(life, victim, begin, address, 300, 5, 1)
    return taken("stolen, one every 5 s", begin, victim, {address}, mails), mails


def stolen_hours(life: Life, victim: Person, begin: float) -> tuple[Truth, list[Act]]:
    """A stolen password: 100 recipients an hour."""
    (address,) = strangers(life, 1)
    mails = burst(life, victim, begin + 4 * _HOUR_S, address, 300, 36, 1)
    return taken("stolen, 100 an hour, login 4 h before", begin + 4 * _HOUR_S, victim, {address}, mails), [
        life.server.login(begin, victim.account, address),
        *mails,
    ]


def guessed_then_sent(life: Life, victim: Person, begin: float) -> tuple[Truth, list[Act]]:
    """80 addresses guess, one gets in, and sends."""
    pool = strangers(life, 80)
    tries = [life.server.smtp_refused(begin + n * 100, victim.account, one) for n, one in enumerate(pool)]
    entered = begin + 8_100
    mails = burst(life, victim, entered + 30, pool[3], 200, 3, 2)
    truth = taken("H guessed by 80, then sends", entered, victim, set(pool), mails)
    truth.tried = {victim.account, *pool}  # what is raised about the guessing before it is about it, too
    return truth, [*tries, life.server.login(entered, victim.account, pool[3]), *mails]


def many_networks(life: Life, victim: Person, begin: float) -> tuple[Truth, list[Act]]:
    """80 addresses use the account, four messages each, without a failure."""
    pool = strangers(life, 80)
    mails: list[Act] = []
    for number, address in enumerate(pool):
        mails += burst(life, victim, begin + number * 40, address, 4, 8, 1)
    mails.sort()
    return taken("I 80 networks, no failure", begin, victim, set(pool), mails), mails


def slow_fraud(life: Life, victim: Person, begin: float) -> tuple[Truth, list[Act]]:
    """30 recipients an hour for two days, from one new network."""
    (address,) = strangers(life, 1)
    mails = burst(life, victim, begin, address, 1_440, 120, 1)
    truth = taken("slow: 30 an hour for days", begin, victim, {address}, mails)
    truth.is_slow = True
    return truth, mails


def few_frauds(life: Life, victim: Person, begin: float) -> tuple[Truth, list[Act]]:
    """Read for an hour, then write six fraud messages to strangers, half an hour apart."""
    (address,) = strangers(life, 1)
    reads = [life.server.login(begin + n * 600, victim.account, address) for n in range(7)]
    mails = burst(life, victim, begin + _HOUR_S * 1.2, address, 6, 1800, 1)
    truth = taken("few: reads, then 6 messages", begin, victim, {address}, mails)
    truth.is_slow = True
    return truth, [*reads, *mails]


def reads_only(life: Life, victim: Person, begin: float) -> tuple[Truth, list[Act]]:
    """Read the mail every ten minutes from a new network after 12 failures there."""
    (address,) = strangers(life, 1)
    tries = [life.server.refused(begin - 3_600 + n * 60, victim.account, address) for n in range(12)]
    reads = [life.server.login(begin + n * 600, victim.account, address) for n in range(40)]
    truth = taken("reads only, after 12 failures", begin, victim, {address}, [])
    truth.end_s, truth.is_slow = reads[-1].at_s, True
    return truth, [*tries, *reads]


def stuffing(life: Life, victim: Person, begin: float) -> tuple[Truth, list[Act]]:
    """Twelve addresses try a list of stolen passwords, five accounts each; one of the last fits, and its account sends."""
    pool = strangers(life, 12)
    names = [one.account for one in life.people if one is not victim] + [
        f"name{n}@{life.domains[n % 4]}" for n in range(60)
    ]
    tried = [names[n * 3 % len(names)] for n in range(60)]
    tries = [life.server.refused(begin + n * 7, name, pool[n % 12]) for n, name in enumerate(tried)]
    entered = begin + 60 * 7
    mails = burst(life, victim, entered + 5, pool[4], 80, 2, 2)
    truth = taken("stuffing by 12, one fits, then sends", entered, victim, set(pool), mails)
    truth.tried = set(tried)
    return truth, [*tries, life.server.login(entered, victim.account, pool[4]), *mails]


# ---------------------------------------------------------------------- relays and scripts


def open_relay(life: Life, victim: Person, begin: float) -> tuple[Truth, list[Act]]:  # noqa: ARG001 - one form for all
    """Accept mail of strangers for elsewhere."""
    (address,) = strangers(life, 1)
    acts = [
        life.server.relay(begin + n * 5, address, f"x{n}@example.com", [(life.receiver(), life.server.TAKEN)])
        for n in range(50)
    ]
    truth = Truth("open relay", begin, frozenset({"relay_abuse"}), 60, must_tell=True, names={address})
    truth.recipients_s = [act.at_s for act in acts]
    truth.end_s = acts[-1].at_s
    return truth, acts


def script(life: Life, victim: Person, begin: float) -> tuple[Truth, list[Act]]:  # noqa: ARG001 - one form for all
    """A web site's form or script sends 400 messages in 40 minutes."""
    server, acts = life.server, []
    for number in range(400):
        answer = server.UNKNOWN if life.chance.random() < 0.2 else server.TAKEN
        acts.append(server.script(begin + number * 6, 33, "www-data@mx1.example.org", [(life.receiver(), answer)]))
    truth = Truth("script, 10 a minute", begin, frozenset({"outbound_spam", "relay_abuse"}), _HOUR_S, must_tell=True)
    truth.recipients_s = [act.at_s for act in acts]
    truth.end_s = acts[-1].at_s
    return truth, acts


def surge(life: Life, victim: Person, begin: float) -> tuple[Truth, list[Act]]:
    """Guessing at eight times the weather's daily number in three hours, spread over a large pool."""
    pool, server = strangers(life, 4_000), life.server
    names = [one.account for one in life.people if one is not victim]
    acts: list[Act] = []
    for number in range(16_000):
        at, who = begin + number * 0.675, life.chance.choice(names)
        address = life.chance.choice(pool)
        acts.append(server.refused(at, who, address) if number % 2 else server.smtp_refused(at, who, address))
    truth = Truth("surge in the weather", begin, _GUESSING, _HOUR_S, must_tell=True, names={*pool, *names})
    truth.end_s = acts[-1].at_s
    return truth, acts


def backend_away(life: Life, victim: Person, begin: float) -> tuple[Truth, list[Act]]:  # noqa: ARG001 - one form for all
    """The password service is away for ten minutes: people are told, once."""
    acts = [life.server.backend_down(begin + n * 20, one.home) for n, one in enumerate(life.people[:30])]
    truth = Truth("password service away", begin, frozenset({"service_fault"}), 600, must_tell=True)
    truth.end_s = acts[-1].at_s
    return truth, acts


ATTACKS: tuple[Attack, ...] = (
    fast,
    every_quarter,
    every_three_hours,
    botnet_300,
    botnet_60,
    site_spray,
    net_walk,
    net_walk_v6,
    spray,
    open_relay,
    script,
    surge,
    backend_away,
    stuffing,
)
TAKEOVERS: tuple[Attack, ...] = (
    stolen_fast,
    stolen_minutes,
    stolen_hours,
    guessed_then_sent,
    many_networks,
    slow_fraud,
    few_frauds,
    reads_only,
)
"""The misuse of an account, of which 200 seeded cases are asked for."""


def every(life: Life, shapes: tuple[Attack, ...], first_day: int, gap_s: float) -> Iterator[tuple[Truth, list[Act]]]:
    """Give attacks one after another, each on a victim of its own."""
    for number, attack in enumerate(shapes):
        victim = life.people[20 + number % (len(life.people) - 21)]
        yield attack(life, victim, first_day * DAY_S + number * gap_s + life.chance.uniform(0, 3_600))
