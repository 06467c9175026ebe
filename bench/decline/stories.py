"""Fifty declines, told by seed: eight causes, from an hour to a week, some of which recover.

A story has a course from 0 (its first sign) to 1 (its block). What receivers answer follows the course: first only what
the cause itself shows (recipients that do not exist, more mail than ever, refusals for authentication), later deferrals,
then the block. Where these begin is drawn for each story, and nothing in here knows what mailwarden looks at.
"""

import random
from collections.abc import Callable, Iterator
from typing import NamedTuple

from bench.decline.receivers import Mailer, answer, mailbox
from bench.detection.server import Act, Outcome

__all__ = ["CAUSES", "DAY_S", "DOMAIN", "Quiet", "Story", "Told", "stories", "tell"]

DAY_S, HOUR_S = 86_400.0, 3_600.0
CAUSES = (
    "ramp",
    "stale list",
    "hijacked account",
    "forwarded spam",
    "script",
    "broken authentication",
    "new address",
    "complaints",
)
_PACES = {"fast": (0.75, 3.0), "hours": (4.0, 22.0), "days": (26.0, 150.0)}  # hours from the first sign to the block
_HISTORY_DAYS = 12
DOMAIN = "firm.example.org"


class Story(NamedTuple):
    """What will happen: its cause, its pace, and whether it recovers before a block."""

    number: int
    cause: str
    pace: str
    recovers: bool
    lasts_s: float


class Told(NamedTuple):
    """A story as it went: its lines, its first sign and its first block, in seconds since the log began."""

    acts: list[Act]
    sign_s: float
    block_s: float | None
    end_s: float


class Quiet:
    """The ordinary mail of a small server, and what goes wrong on it without harm.

    Args:
        chance: Of everything.
        people: How many send.
    """

    def __init__(self, chance: random.Random, people: int) -> None:
        self.chance = chance
        self.server = Mailer(chance)
        self.people = [f"person{n}@{DOMAIN}" for n in range(people)]
        self.contacts = {one: [mailbox(chance) for _ in range(chance.randrange(10, 50))] for one in self.people}

    def outcome(self, to: str) -> Outcome:
        """Give the answer of an ordinary day."""
        luck = self.chance.random()
        kinds = ((0.008, "unknown"), (0.011, "full"), (0.03, "grey"), (0.0305, "slow"), (0.031, "spam"))
        return answer(next((kind for limit, kind in kinds if luck < limit), "taken"), to)

    def day(self, day: int) -> Iterator[Act]:
        """Give the mail of a day."""
        chance = self.chance
        busy = 0.25 if day % 7 in (5, 6) else 1.0
        for person in self.people:
            for _ in range(round(chance.lognormvariate(1.3, 0.7) * busy)):
                at = day * DAY_S + min(max(chance.gauss(13, 3.2), 0), 23.9) * HOUR_S
                to = [chance.choice(self.contacts[person]) for _ in range(chance.choices((1, 2, 5), (85, 11, 4))[0])]
                yield self.server.send(at, person, "198.19.1.10", [(one, self.outcome(one)) for one in to])
        for _ in range(round(len(self.people) * busy * 2)):
            at = day * DAY_S + chance.uniform(6, 22) * HOUR_S
            yield self.server.receive(
                at, "203.0.113.50", f"w{chance.randrange(9**9)}@example.net", chance.choice(self.people)
            )

    def month(self, days: int) -> Iterator[Act]:
        """Give a month with its weekly newsletter, an outage of Gmail, a full forward and an old small list."""
        chance = self.chance
        readers = [mailbox(chance) for _ in range(chance.randrange(200, 1500))]
        for day in range(days):
            yield from self.day(day)
            if day % 7 == 2:
                for number, to in enumerate(readers):
                    gone = chance.random() < 0.01
                    said = answer("unknown", to) if gone else self.outcome(to)
                    at = day * DAY_S + 10 * HOUR_S + number * 3
                    yield self.server.send(at, f"news@{DOMAIN}", "198.19.1.10", [(to, said)], size=48211)
        outage = chance.randrange(9, days) * DAY_S + 11 * HOUR_S
        for number in range(45):
            to = f"c{chance.randrange(1 << 30):x}@gmail.com"
            yield self.server.send(
                outage + number * 200, chance.choice(self.people), "198.19.1.10", [(to, answer("outage", to))]
            )
        moved = chance.randrange(9, days) * DAY_S + 15 * HOUR_S
        for number in range(18):  # an invitation to people of three years ago
            to = mailbox(chance)
            said = answer("unknown" if number % 6 == 0 else "taken", to)
            yield self.server.send(moved + number * 30, self.people[0], "198.19.1.10", [(to, said)])
        busy = chance.randrange(9, days) * DAY_S + 9 * HOUR_S
        for number in range(4):  # a small receiver is touchy for an hour
            to = f"c{chance.randrange(1 << 30):x}@example.net"
            yield self.server.send(busy + number * 600, self.people[1], "198.19.1.10", [(to, answer("slow", to))])


def stories(count: int = 50) -> list[Story]:
    """Give the stories: every cause at every pace, a fifth of them recover."""
    made = []
    for number in range(count):
        chance = random.Random(9_000 + number)
        pace = tuple(_PACES)[(number // len(CAUSES)) % len(_PACES)]
        low, high = _PACES[pace]
        lasts_s = low * (high / low) ** chance.random() * HOUR_S
        made.append(Story(number, CAUSES[number % len(CAUSES)], pace, number % 5 == 4, lasts_s))
    return made


class _Course:
    """How receivers change their mind along a story."""

    def __init__(self, story: Story, chance: random.Random) -> None:
        self.chance = chance
        self.slows = chance.uniform(0.3, 0.7)  # where the first receiver begins to defer
        self.recovers = story.recovers
        self.turns = chance.uniform(0.45, 0.8)  # where somebody notices, in a story that recovers

    def answer(self, at: float, to: str, sender: str, own: str) -> Outcome:
        """Give an answer at a place of the course; `own` is what the cause itself shows of this recipient."""
        if own in ("unknown", "unsigned"):
            return answer(own, to, sender)
        if at >= 1 and not self.recovers:
            return answer("blocked", to, sender)
        if at > self.slows and self.chance.random() < 0.6 * (at - self.slows) / (1 - self.slows):
            return answer("slow", to, sender)
        return answer(own, to, sender)


def tell(story: Story) -> Told:
    """Write a story: days of ordinary mail, then the decline among it."""
    chance = random.Random(1_000 + story.number)
    quiet = Quiet(chance, people=chance.randrange(15, 60))
    days = 0 if story.cause == "new address" else _HISTORY_DAYS
    sign_s = days * DAY_S + chance.uniform(8, 15) * HOUR_S
    course = _Course(story, chance)
    last = course.turns if story.recovers else 1.08
    acts = list(_TELLERS[story.cause](quiet, story, course, sign_s, last))
    end_s = sign_s + story.lasts_s * last
    for day in range(int(end_s // DAY_S) + 2):
        acts += [act for act in quiet.day(day) if story.cause != "new address" or act.at_s > sign_s]
    acts.sort(key=lambda act: act.at_s)
    blocks = (act.at_s for act in acts if any(_is_block(line) for line in act.lines))
    return Told(acts, min(act.at_s for act in acts if act.at_s >= sign_s), next(blocks, None), end_s)


def _is_block(line: str) -> bool:
    return any(words in line for words in ("very low reputation", "(S3150)", "[TSS09]", "blocked using zen"))


def _times(story: Story, sign_s: float, last: float, sends: int, growth: float) -> Iterator[tuple[float, float]]:
    """Give the instants of sends and their place in the course: ever denser with a growth above 1; none at night."""
    for number in range(sends):
        at = last * ((number + 0.5) / sends) ** (1 / growth)
        at_s = sign_s + at * story.lasts_s
        if story.lasts_s > 20 * HOUR_S and not 7 * HOUR_S < at_s % DAY_S < 21 * HOUR_S:
            continue
        yield at_s, at


def _size(story: Story, chance: random.Random) -> int:
    """Give how many recipients a story writes to: some hundred a day, at least enough to be blocked for."""
    return int(chance.uniform(250, 700) * max(0.8, (story.lasts_s / DAY_S) ** 0.7))


def _bulk(
    quiet: Quiet, story: Story, course: _Course, sign_s: float, last: float, *, who: str, gone: float, spam: float,
    growth: float, place: str = "198.19.1.10", uid: int | None = None,
) -> Iterator[Act]:  # fmt: skip
    """Send in bulk: a share of the recipients does not exist, a growing share is taken for spam."""
    chance = quiet.chance
    for at_s, at in _times(story, sign_s, last, _size(story, chance), growth):
        to, luck = mailbox(chance), chance.random()
        own = "unknown" if luck < gone else "spam" if luck < gone + spam * at else "taken"
        said = course.answer(at, to, who, own)
        if uid is None:
            yield quiet.server.send(at_s, who, place, [(to, said)])
        else:
            yield quiet.server.script(at_s, uid, who, [(to, said)])


def _ramp(quiet: Quiet, story: Story, course: _Course, sign_s: float, last: float) -> Iterator[Act]:
    yield from _bulk(quiet, story, course, sign_s, last, who=f"news@{DOMAIN}", gone=0.03, spam=0.1, growth=2.2)


def _stale(quiet: Quiet, story: Story, course: _Course, sign_s: float, last: float) -> Iterator[Act]:
    gone = quiet.chance.uniform(0.1, 0.35)
    yield from _bulk(quiet, story, course, sign_s, last, who=quiet.people[2], gone=gone, spam=0.05, growth=1.2)


def _hijacked(quiet: Quiet, story: Story, course: _Course, sign_s: float, last: float) -> Iterator[Act]:
    gone, place = quiet.chance.uniform(0.15, 0.4), "100.72.14.9"
    yield from _bulk(
        quiet, story, course, sign_s, last, who=quiet.people[3], gone=gone, spam=0.3, growth=1.3, place=place
    )


def _script(quiet: Quiet, story: Story, course: _Course, sign_s: float, last: float) -> Iterator[Act]:
    gone = quiet.chance.uniform(0.08, 0.3)
    yield from _bulk(quiet, story, course, sign_s, last, who=f"www@{DOMAIN}", gone=gone, spam=0.3, growth=1.4, uid=33)


def _new(quiet: Quiet, story: Story, course: _Course, sign_s: float, last: float) -> Iterator[Act]:
    yield from _bulk(quiet, story, course, sign_s, last, who=f"shop@{DOMAIN}", gone=0.02, spam=0.1, growth=1.8)


def _forwarded(quiet: Quiet, story: Story, course: _Course, sign_s: float, last: float) -> Iterator[Act]:
    chance = quiet.chance
    yield quiet.server.receive(sign_s - DAY_S, "203.0.113.50", "x@example.net", quiet.people[4])
    for at_s, at in _times(story, sign_s, last, _size(story, chance) // 2, 1.5):
        onward = "keeper.of.mail@gmail.com"
        own = "spam" if chance.random() < 0.1 + 0.4 * at else "taken"
        sender = f"win{chance.randrange(9**6)}@example.net"
        yield quiet.server.forwarded(at_s, sender, quiet.people[4], onward, course.answer(at, onward, sender, own))


def _unsigned(quiet: Quiet, story: Story, course: _Course, sign_s: float, last: float) -> Iterator[Act]:
    chance = quiet.chance
    share = chance.uniform(0.15, 0.5)  # of receivers that refuse what is not signed
    for at_s, at in _times(story, sign_s, last, _size(story, chance) // 2, 1.0):
        who, to = chance.choice(quiet.people), mailbox(chance)
        own = "unsigned" if chance.random() < share else "taken"
        yield quiet.server.send(at_s, who, "198.19.1.10", [(to, course.answer(at, to, who, own))])


def _complaints(quiet: Quiet, story: Story, course: _Course, sign_s: float, last: float) -> Iterator[Act]:
    chance = quiet.chance
    yield from _bulk(quiet, story, course, sign_s, last, who=f"offers@{DOMAIN}", gone=0.02, spam=0.05, growth=1.0)
    for at_s, _ in _times(story, sign_s, last, max(8, int(story.lasts_s / HOUR_S / 2)), 1.2):
        sender = chance.choice(("staff@hotmail.com", "feedback@arf.mail.yahoo.com"))
        yield quiet.server.receive(at_s, "203.0.113.60", sender, f"abuse@{DOMAIN}")


_TELLERS: dict[str, Callable[[Quiet, Story, _Course, float, float], Iterator[Act]]] = {
    "ramp": _ramp,
    "stale list": _stale,
    "hijacked account": _hijacked,
    "forwarded spam": _forwarded,
    "script": _script,
    "broken authentication": _unsigned,
    "new address": _new,
    "complaints": _complaints,
}
