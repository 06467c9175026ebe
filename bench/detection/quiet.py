"""Misuse without a burst: who reads, or writes little, and what betrays it, if anything.

A thief who reads is told from the owner by what went before (his network guessed at others, he failed here), by where he comes
from (a range of guessers), by when, by which protocol; one who writes also by to whom. Of some shapes the log tells nothing:
they stand here so that the table says so.
"""

from bench.detection.attacks import Attack, Truth, burst, strangers, taken
from bench.detection.life import DAY_S, Life, Person
from bench.detection.server import Act

__all__ = ["CHANGED", "QUIET"]

_HOUR_S = 3_600.0


def _quiet(
    name: str, begin: float, victim: Person, addresses: set[str], acts: list[Act], mails: list[Act]
) -> tuple[Truth, list[Act]]:
    truth = taken(name, begin, victim, addresses, mails)
    truth.is_slow, truth.end_s = True, max(act.at_s for act in [*acts, *mails])
    return truth, [*acts, *mails]


def _reads(
    life: Life, victim: Person, begin: float, address: str, count: int, gap_s: float = 600, service: str = "imap"
) -> list[Act]:
    """Read what there is, some ten megabytes more or less, then what comes."""
    first = life.server.login(begin, victim.account, address, service, life.mailbox(16.5))
    later = [life.server.login(begin + n * gap_s, victim.account, address, service) for n in range(1, count)]
    return [first, *later]


def _replies(life: Life, victim: Person, begin: float, address: str, count: int) -> list[Act]:
    """Write to people whom the victim writes to."""
    return [
        life.server.send(
            begin + n * 900, victim.account, address, [(life.chance.choice(victim.contacts), life.server.TAKEN)]
        )
        for n in range(count)
    ]


def spray_hit(life: Life, victim: Person, begin: float) -> tuple[Truth, list[Act]]:
    """An address tries one password on sixty accounts; it fits the last one, whose mail is read."""
    (address,) = strangers(life, 1)
    others = [one for one in life.people if one is not victim][:60]
    tries = [life.server.refused(begin - 1_800 + n * 25, one.account, address) for n, one in enumerate(others)]
    truth, acts = _quiet("spray, then reads", begin, victim, {address}, _reads(life, victim, begin, address, 40), [])
    truth.tried = {one.account for one in others}
    return truth, [*tries, *acts]


def spray_elsewhere(life: Life, victim: Person, begin: float) -> tuple[Truth, list[Act]]:
    """The same, but what was found is used from another address of a range of guessers, for six messages."""
    finder, user = strangers(life, 2)
    others = [one for one in life.people if one is not victim][:60]
    tries = [life.server.refused(begin - 3_600 + n * 25, one.account, finder) for n, one in enumerate(others)]
    found = _reads(life, victim, begin, finder, 1)
    mails = burst(life, victim, begin + 2 * _HOUR_S, user, 6, 1_800, 1)
    truth, acts = _quiet("spray, six messages from elsewhere", begin, victim, {finder, user}, found, mails)
    truth.tried = {one.account for one in others}
    return truth, [*tries, *acts]


def many_then_reads(life: Life, victim: Person, begin: float) -> tuple[Truth, list[Act]]:
    """Forty addresses guess for a day, one gets in and reads."""
    own = strangers(life, 40)
    tries = [life.server.refused(begin - DAY_S + n * 2_000, victim.account, one) for n, one in enumerate(own)]
    reads = _reads(life, victim, begin, own[7], 40)
    return _quiet("guessed by 40, then reads", begin, victim, set(own), [*tries, *reads], [])


def walk_then_reads(life: Life, victim: Person, begin: float) -> tuple[Truth, list[Act]]:
    """Forty addresses of one /24 guess, the next gets in and reads."""
    net = life.stranger().rpartition(".")[0]
    tries = [life.server.refused(begin - 4_000 + n * 90, victim.account, f"{net}.{n + 1}") for n in range(40)]
    reads = _reads(life, victim, begin, f"{net}.77", 40)
    return _quiet("/24 walk, then reads", begin, victim, {f"{net}.77"}, [*tries, *reads], [])


def slow_then_fraud(life: Life, victim: Person, begin: float) -> tuple[Truth, list[Act]]:
    """Two tries a day for five days, each from elsewhere; then in, and four messages to strangers."""
    own = strangers(life, 11)
    tries = [
        life.server.smtp_refused(begin - (n + 1) * DAY_S / 2, victim.account, one) for n, one in enumerate(own[:10])
    ]
    mails = burst(life, victim, begin + _HOUR_S, own[10], 4, 1_800, 1)
    return _quiet(
        "2 tries a day, then 4 messages",
        begin,
        victim,
        {own[10]},
        [*tries, *_reads(life, victim, begin, own[10], 5)],
        mails,
    )


def after_rollout(life: Life, victim: Person, begin: float) -> tuple[Truth, list[Act]]:
    """Everybody gets a new password; some hours later an address tries the likeliest on sixty accounts, one of which has it."""
    (address,) = strangers(life, 1)
    changed = list(life.rollout(begin - 8 * _HOUR_S))
    others = [one for one in life.people if one is not victim][:60]
    tries = [life.server.refused(begin - 1_800 + n * 25, one.account, address) for n, one in enumerate(others)]
    truth, acts = _quiet(
        "spray after new passwords, then reads", begin, victim, {address}, _reads(life, victim, begin, address, 40), []
    )
    truth.tried = {one.account for one in others}
    return truth, [*changed, *tries, *acts]


def guessed_after_rollout(life: Life, victim: Person, begin: float) -> tuple[Truth, list[Act]]:
    """On the day of new passwords forty addresses guess at one account, one gets in and reads."""
    own = strangers(life, 40)
    changed = list(life.rollout(begin - 9 * _HOUR_S))
    tries = [life.server.refused(begin - 6 * _HOUR_S + n * 500, victim.account, one) for n, one in enumerate(own)]
    reads = _reads(life, victim, begin, own[7], 40)
    name = "guessed by 40 after new passwords, then reads"
    truth, acts = _quiet(name, begin, victim, set(own), [*tries, *reads], [])
    return truth, [*changed, *acts]


def hosted_reads(life: Life, victim: Person, begin: float) -> tuple[Truth, list[Act]]:
    """A stolen password, no failure: read every ten minutes for a day from a range of guessers."""
    (address,) = strangers(life, 1)
    return _quiet("reads only, no failure", begin, victim, {address}, _reads(life, victim, begin, address, 140), [])


def fetches_all(life: Life, victim: Person, begin: float) -> tuple[Truth, list[Act]]:
    """A stolen password: the mailbox is fetched by POP3, once."""
    (address,) = strangers(life, 1)
    acts = [life.server.fetched(begin, victim.account, address, 2_400, 310_000_000)]
    return _quiet("POP3 fetches it all, once", begin, victim, {address}, acts, [])


def internal(life: Life, victim: Person, begin: float) -> tuple[Truth, list[Act]]:
    """Read for an hour, then write to forty colleagues whom the victim never wrote to, in two hours."""
    (address,) = strangers(life, 1)
    colleagues = life.chance.sample([one.account for one in life.people if one is not victim], 40)
    mails = [
        life.server.send_home(begin + _HOUR_S + n * 180, victim.account, address, to) for n, to in enumerate(colleagues)
    ]
    return _quiet("reads, then 40 colleagues", begin, victim, {address}, _reads(life, victim, begin, address, 6), mails)


def hijack(life: Life, victim: Person, begin: float) -> tuple[Truth, list[Act]]:
    """Read for three hours, then answer six people whom the victim writes to."""
    (address,) = strangers(life, 1)
    reads = _reads(life, victim, begin, address, 18)
    mails = _replies(life, victim, begin + 3 * _HOUR_S, address, 6)
    return _quiet("thread hijack: 6 to known people", begin, victim, {address}, reads, mails)


def neighbour(life: Life, victim: Person, begin: float) -> tuple[Truth, list[Act]]:
    """Read for an hour, then six messages to strangers, from a range where people's phones are too."""
    address = life.thief(f"198.18.{life.chance.randrange(200, 256)}.{life.chance.randrange(1, 255)}")
    reads = _reads(life, victim, begin, address, 7)
    mails = burst(life, victim, begin + _HOUR_S * 1.2, address, 6, 1_800, 1)
    return _quiet("6 messages, from a range of phones", begin, victim, {address}, reads, mails)


def by_webmail(life: Life, victim: Person, begin: float) -> tuple[Truth, list[Act]]:
    """Eight messages to strangers through the webmail, whose log alone knows from where."""
    reads = _reads(life, victim, begin, "192.0.2.80", 4)
    mails = burst(life, victim, begin + _HOUR_S, "192.0.2.80", 8, 1_200, 1)
    return _quiet("8 messages by webmail", begin, victim, set(), reads, mails)


QUIET: tuple[Attack, ...] = (
    spray_hit,
    spray_elsewhere,
    many_then_reads,
    walk_then_reads,
    slow_then_fraud,
    hosted_reads,
    fetches_all,
    internal,
    hijack,
    neighbour,
    by_webmail,
)
"""Beside the two quiet ones of the takeovers."""
CHANGED: tuple[Attack, ...] = (after_rollout, guessed_after_rollout)
"""On a day on which everybody gets a new password, when failures of devices hide others."""
