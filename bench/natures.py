"""Measure whether senders are called what they are: a week of a simulated server with Postfix, and one with Exim.

    python -m bench.natures [--seeds N] [--people N]

Each sender is judged from one day alone, and from the whole week. What is asked: of what is called sure, all right; of all
that sent at least five messages, 90 % right. People's mail, newsletters and mishaps are those of `bench/detection/life.py`.
"""

import argparse
import random
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from bench.detection.life import DAY_S, Life
from bench.detection.server import Act
from bench.detection.trial import write
from mailwarden.pipeline.admission.admission import Admission
from mailwarden.pipeline.answers.natures import Traits, judge
from mailwarden.pipeline.configuration.configuration import Configuration
from mailwarden.pipeline.correlation.senders import Sender
from mailwarden.pipeline.places import store_path
from mailwarden.pipeline.runner import Runner, wall_clock
from mailwarden.pipeline.store import Store

_DAYS = 7
_HOUR_S = 3_600.0
_LEAST = 5
_DOMAIN = "firm0.example.org"


class Programs:
    """Everything that sends and is no person; `truth` says what each is by the name it has in the counts."""

    def __init__(self, life: Life) -> None:
        self.truth: dict[str, set[str]] = {f"news@{life.domains[1]}": {"newsletter"}}
        self._life, self._server, self._chance = life, life.server, life.chance

    def acts(self) -> Iterator[Act]:
        """Give a week of them."""
        taken = self._server.TAKEN
        yield from self._shop(
            "uid 33", lambda at, to: self._server.script(at, 33, f"www-data@{_DOMAIN}", [(to, taken)])
        )
        shop = f"orders@{_DOMAIN}"
        yield from self._shop(shop, lambda at, to: self._server.send(at, shop, "203.0.113.80", [(to, taken)]))
        yield from self._form()
        yield from self._cron()
        yield from self._printer()
        yield from self._list()
        yield from self._campaign()
        yield from self._exim()

    def _shop(self, name: str, send: object) -> Iterator[Act]:
        self.truth[name] = {"transactional"}
        for day in range(_DAYS):
            for _ in range(self._chance.randrange(40, 90)):
                yield send(day * DAY_S + self._chance.uniform(0, DAY_S), self._life.receiver())  # type: ignore[operator]

    def _form(self) -> Iterator[Act]:
        self.truth["kontakt.php (uid 48)"] = {"form"}
        self.truth["send.php (uid 48)"] = {"form"}
        for script, to in (("kontakt.php", f"info@{_DOMAIN}"), ("send.php", "owner@example.net")):
            for day in range(_DAYS):
                for _ in range(self._chance.randrange(6, 14)):
                    act = self._server.script(
                        day * DAY_S + self._chance.uniform(0, DAY_S),
                        48,
                        f"apache@{_DOMAIN}",
                        [(to, self._server.TAKEN)],
                    )
                    id_ = act.lines[0].split(": ")[1]
                    named = f"X-PHP-Originating-Script: 48:{script} from local; from=<apache@{_DOMAIN}>"
                    header = f"postfix/cleanup[7]: {id_}: warning: header {named}"
                    yield Act(act.at_s, (act.lines[0], header, *act.lines[1:]))

    def _cron(self) -> Iterator[Act]:
        self.truth["uid 0"] = self.truth["uid 1004"] = {"system"}
        for uid, to in ((0, "admin@example.net"), (1004, "team@example.net")):
            for hour in range(_DAYS * 24):
                if hour % (1 if uid else 6) == 0:
                    yield self._server.script(hour * _HOUR_S + 60, uid, f"cron@{_DOMAIN}", [(to, self._server.TAKEN)])

    def _printer(self) -> Iterator[Act]:
        self.truth[f"scanner@{_DOMAIN}"] = {"device"}
        for day in range(_DAYS):
            for _ in range(12):
                to = f"desk{self._chance.randrange(3)}@example.net"
                yield self._machine(
                    day * DAY_S + self._chance.uniform(8, 18) * _HOUR_S, "192.168.1.9", f"scanner@{_DOMAIN}", to
                )

    def _list(self) -> Iterator[Act]:
        self.truth[f"talk-bounces@{_DOMAIN}"] = {"list"}
        for day in range(_DAYS):
            for post in range(2):
                for member in range(30):
                    path = f"talk-bounces+m{member}=example.net@{_DOMAIN}"
                    at = day * DAY_S + (9 + 5 * post) * _HOUR_S + member / 3
                    yield self._machine(at, "127.0.0.1", path, f"m{member}@example.net")

    def _campaign(self) -> Iterator[Act]:
        self.truth[f"bounces@{_DOMAIN}"] = {"newsletter"}
        for number in range(900):
            path = f"bounces+{number:06d}-4a1c-x{number}=example.net@{_DOMAIN}"
            yield self._machine(
                2 * DAY_S + 10 * _HOUR_S + number, "10.0.0.7", path, f"x{number}@example.net", size=31_000
            )

    def _machine(self, at_s: float, address: str, path: str, to: str, size: int = 0) -> Act:
        size = size or self._chance.randrange(4_000, 900_000)
        relayed = self._server.relay(at_s, address, path, [(to, self._server.TAKEN)])
        return Act(at_s, tuple(_sized(line, size) for line in relayed.lines))

    def _exim(self) -> Iterator[Act]:
        """Let a cPanel server's Exim hand in mail: its own host, its own file."""
        self.truth["/home/shop1/public_html/wp-content/plugins/contact-form-7"] = {"form"}
        self.truth["/home/shop2/public_html"] = {"transactional"}
        self.truth["/home/club/public_html/mail"] = {"newsletter"}
        for day in range(_DAYS):
            for _ in range(9):
                at = day * DAY_S + self._chance.uniform(0, DAY_S)
                yield self._called(
                    at, "shop1", "/home/shop1/public_html/wp-content/plugins/contact-form-7", "o@example.net"
                )
            for _ in range(30):
                at = day * DAY_S + self._chance.uniform(0, DAY_S)
                yield self._called(at, "shop2", "/home/shop2/public_html", self._life.receiver())
        for member in range(45):
            yield self._called(
                3 * DAY_S + 19 * _HOUR_S + member * 2,
                "club",
                "/home/club/public_html/mail",
                f"club{member}@example.net",
                22_000,
            )

    def _called(self, at_s: float, user: str, directory: str, to: str, size: int = 0) -> Act:
        number = self._chance.randrange(36**4)
        id_ = f"1xVX{number:06d}"[:6] + f"-0008K{number % 10}-{number % 89 + 10}"
        size = size or self._chance.randrange(900, 9_000)
        return Act(
            at_s,
            (
                f"exim[1]: cwd={directory} 3 args: /usr/sbin/sendmail -t -i",
                f"exim[1]: {id_} <= {user}@web.example.org U={user} P=local S={size} for {to}",
                f'exim[1]: {id_} => {to} R=dnslookup T=remote_smtp H=mx.example.net [203.0.113.40] C="250 OK"',
                f"exim[1]: {id_} Completed",
            ),
        )


def _sized(line: str, size: int) -> str:
    head, found, rest = line.partition(", size=")
    return f"{head}{found}{size},{rest.partition(',')[2]}" if found else line


def _counts(acts: list[Act]) -> list[tuple[int, str, str, str, str, int]]:
    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory) / "mail.log"
        write(log, acts)
        configuration = Configuration()
        with Store.open(store_path(Path(directory))) as store:
            admission = Admission.of_paths(
                [str(log)], configuration=configuration, zone=None, year=None, positions={}, clock=wall_clock
            )
            runner = Runner(store, configuration, admission)
            for batch in admission.batches():
                runner.take(batch)
            return store.rollups(0, 1 << 62)


def _judged(rows: list[tuple[int, str, str, str, str, int]], *, daily: bool) -> Iterator[tuple[Sender, str, str, int]]:
    found: dict[tuple[int, str, str], Counter[str]] = defaultdict(Counter)
    users: dict[tuple[str, str], str] = {}
    for at_us, name, a, b, c, count in rows:
        if name in ("sent", "sent_recipients", "sent_trait"):
            found[at_us if daily else 0, a, b][c if name == "sent_trait" else name] += count
            if name == "sent":
                users[a, b] = c
    for (_, a, b), counts in found.items():
        traits = Traits.of(counts.pop("sent", 0), counts.pop("sent_recipients", 0), counts)
        sender = Sender(a, b, users.get((a, b), ""))
        nature = judge(sender, traits)
        yield sender, nature.name, nature.sure, traits.messages


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--people", type=int, default=80)
    asked = parser.parse_args()
    right: dict[tuple[bool, str], Counter[bool]] = defaultdict(Counter)
    wrong: Counter[tuple[bool, str, str, str]] = Counter()
    for seed in range(asked.seeds):
        life = Life(seed, asked.people, _DAYS)
        programs = Programs(life)
        rows = _counts([*life.acts(), *life.mishaps(0), *programs.acts()])
        for daily in (True, False):
            for sender, name, sure, messages in _judged(rows, daily=daily):
                if messages < _LEAST:
                    continue
                truth = programs.truth.get(sender.name, {"person"})
                ok = name in truth
                right[daily, sure][ok] += 1
                right[daily, "all"][ok] += 1
                if not ok:
                    wrong[daily, sender.name if sender.name in programs.truth else "a person", name, sure] += 1
    for (daily, sure), found in sorted(right.items()):
        print("one day " if daily else "a week  ", f"{sure:8}", f"{found[True]} of {found.total()} right")
    for (daily, who, name, sure), count in wrong.most_common(12):
        print("  wrong:", "one day" if daily else "a week", who, "called", name, f"({sure})", count)


if __name__ == "__main__":
    random.seed(0)
    main()
