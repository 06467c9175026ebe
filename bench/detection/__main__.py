"""Measure detection: attacks, takeovers and a month of ordinary life, simulated with seeds, in real log lines.

    python -m bench.detection [attacks] [takeovers] [quiet] [changed] [life] [weeks] [cold]
        [--seeds N] [--weather N] [--server NAME] [--jobs N] [--peers] [--write]

`attacks` puts each shape once a seed into weeks of life and weather, `takeovers` eight misuses a seed, `quiet` eleven without
a burst, `changed` two on the day of new passwords. `life` counts what is raised in 30 days after the first week where nothing
happens but mishaps, `weeks` the same by account and week: 1,714 a seed; `cold` in hours and days of such a month, each of which
is read without what went before: 728 a seed. `--server` names whose lines are written: those of Postfix and Dovecot where it is
not given, of Exim as it logs by default or as cPanel sets it, of sendmail and Courier. `--peers` lets fail2ban and CrowdSec read
the same logs where they are installed (CROWDSEC_ROOT: where its package was unpacked). `--write` keeps the scores in
scores.json, and puts the tables into RESULTS.md and the plots into docs/pictures: what is not measured again stays.
"""

import argparse
import random
import socket
import statistics
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

from bench.detection.attacks import ATTACKS, TAKEOVERS, Attack, Truth, every
from bench.detection.cold import begun
from bench.detection.exim import Exim
from bench.detection.keeping import Section, Took, keep
from bench.detection.life import DAY_S, Life, is_stranger
from bench.detection.peers import Ban, crowdsec, fail2ban
from bench.detection.quiet import CHANGED, QUIET
from bench.detection.sendmail import Sendmail
from bench.detection.server import Act, Server
from bench.detection.trial import BEGIN, Score, Seen, false_alarms, judge, judge_ban, read, seconds, write
from bench.detection.weather import Weather
from mailwarden.alerts.incidents.incident import Incident

_FIRST_DAY = 8  # a week to learn
_USUAL = "postfix"
SERVERS: dict[str, Callable[[random.Random], Server]] = {
    _USUAL: Server,
    "exim": partial(Exim, is_cpanel=False),
    "cpanel": partial(Exim, is_cpanel=True),
    "sendmail": Sendmail,
}
T = TypeVar("T")


class Read(NamedTuple):
    """What mailwarden and its peers made of a log."""

    seen: Seen
    bans: dict[str, list[Ban]]


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _read(life: Life, acts: list[Act], *, peers: bool) -> Read:
    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory) / "mail.log"
        write(log, (act for act in acts if act.at_s < life.days * DAY_S))
        bans: dict[str, list[Ban] | None] = {}
        if peers:
            bans["fail2ban"] = fail2ban(log)
            (scratch := Path(directory) / "crowdsec").mkdir()
            bans["CrowdSec"] = crowdsec(log, scratch, _free_port())
        return Read(read(log), {name: own for name, own in bans.items() if own is not None})


class Attacked(NamedTuple):
    """What became of the attacks of one life, what was raised beside them, and in how many days."""

    scores: list[Score]
    wrong: list[str]
    days: float


def attacked(
    shapes: tuple[Attack, ...], seed: int, weather: int, gap_h: float, *, peers: bool, server: str = _USUAL
) -> Attacked:
    """Put attacks one after another into a life that was learned for eight days."""
    days = _FIRST_DAY + int(len(shapes) * gap_h / 24) + 3
    life = Life(seed, days=days, serve=SERVERS[server])
    acts = [*life.acts(), *Weather(weather).acts(life)]
    truths: list[Truth] = []
    for truth, own in every(life, shapes, _FIRST_DAY, gap_h * 3_600):
        truths.append(truth)
        acts += own
    seen, bans = _read(life, acts, peers=peers)
    scores = [judge(truth, seen) for truth in truths]
    for score in scores:
        score.banned = {name: judge_ban(score.truth, own) for name, own in bans.items()}
    return Attacked(scores, [_told(one) for one in false_alarms(seen, truths, _FIRST_DAY)], days - _FIRST_DAY)


class Lived(NamedTuple):
    """What was raised in 30 ordinary days after the first week, which people peers banned, and the lines read."""

    wrong: list[str]
    critical: int
    banned: dict[str, int]
    lines: int
    people: int


def lived(
    seed: int, weather: int, *, peers: bool, people: int = 120, arrivals: float = 6, server: str = _USUAL
) -> Lived:
    """Live for 37 days in which nothing happens but mishaps."""
    life = Life(seed, people, 37, arrivals, SERVERS[server])
    acts = [*life.acts(), *Weather(weather).acts(life), *life.mishaps(7)]
    seen, bans = _read(life, acts, peers=peers)
    wrong = false_alarms(seen, (), 7)
    banned_people = {
        name: len(
            {(ban.address, int((ban.at_s - BEGIN.timestamp()) // DAY_S)) for ban in own if not is_stranger(ban.address)}
        )
        for name, own in bans.items()
    }
    return Lived(
        [_told(one) for one in wrong],
        sum(one.severity == "critical" for one in wrong),
        banned_people,
        seen.lines,
        len(life.people),
    )


def _told(one: Incident) -> str:
    return f"day {seconds(one.opened_us) / DAY_S:.1f} {one.severity} {one.primary[1]} ({', '.join(one.rules)})"


# ---------------------------------------------------------------------- tables


def _minutes(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    if len(known) * 2 <= len(values):
        return "never"
    return f"{statistics.median(known) / 60:.1f}"


def table(scores: Iterable[Score]) -> list[str]:
    """Give a line of Markdown for each shape: found, told, when, the harm before, and which peer acted."""
    by_name: dict[str, list[Score]] = defaultdict(list)
    for score in scores:
        by_name[score.truth.name].append(score)
    peers = sorted({name for own in by_name.values() for score in own for name in score.banned})
    heads = [
        "shape",
        "cases",
        "recorded in time",
        "min to record",
        "told",
        "min to tell",
        "mailed before",
        "notices",
        *peers,
    ]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for name, own in by_name.items():
        harm = [one.harm for one in own]
        mailed = (
            f"{statistics.median(harm):.0f} (at most {max(harm)})"
            if any(one.truth.recipients_s for one in own)
            else "–"
        )
        cells = [
            name,
            len(own),
            sum(one.recorded_s is not None and one.recorded_s <= one.truth.within_s for one in own),
            _minutes([one.recorded_s for one in own]),
            sum(one.told_s is not None for one in own),
            _minutes([one.told_s for one in own]),
            mailed,
            max(one.notices for one in own),
            *(sum(one.banned[peer] for one in own) for peer in peers),
        ]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return lines


def _is_soon(score: Score) -> bool:
    """Say whether a burst was told within 20 recipients or 60 s after the twentieth, other misuse within a day."""
    if score.told_s is None:
        return False
    if score.truth.is_slow:
        return score.told_s <= DAY_S
    return score.harm <= 20 or (score.late_s is not None and score.late_s <= 60)


def _of_seeds(work: Callable[[int], T], args: argparse.Namespace) -> Iterator[T]:
    """Do the work of each seed, several at a time."""
    seeds = range(args.first_seed, args.first_seed + args.seeds)
    with ProcessPoolExecutor(args.jobs) as pool:
        yield from pool.map(work, seeds)


def _attacks(title: str, shapes: tuple[Attack, ...], gap_h: float, args: argparse.Namespace) -> Section:
    scores, wrong, days = [], [], 0.0
    work = partial(attacked, shapes, weather=args.weather, gap_h=gap_h, peers=args.peers, server=args.server)
    for own in _of_seeds(work, args):
        scores += own.scores
        wrong += own.wrong
        days += own.days
    out = [f"## {title}, weather of {args.weather:,} tries a day", "", *table(scores), ""]
    if shapes is not ATTACKS:
        out += [f"Told in time: {sum(map(_is_soon, scores))} of {len(scores)}.", ""]
    rules = {score.truth.name: ", ".join(score.rules) for score in scores}
    out += [*(f"- {name}: {found or 'nothing'}" for name, found in rules.items()), ""]
    out += [f"Beside them, of medium or above in {days:.0f} server-days: {len(wrong)}.", *(f"- {one}" for one in wrong)]
    return Section(out, [Took(one.truth.name, one.recorded_s, one.told_s) for one in scores])


def _life(args: argparse.Namespace) -> Section:
    lives = list(_of_seeds(partial(lived, weather=args.weather, peers=args.peers, server=args.server), args))
    wrong = [one for life in lives for one in life.wrong]
    out = [f"## Ordinary life, weather of {args.weather:,} tries a day", ""]
    out += [
        f"Of medium or above in {30 * len(lives)} server-days of 120 people ({sum(one.lines for one in lives):,} lines): "
        f"{len(wrong)}, of them critical: {sum(one.critical for one in lives)}.",
        *(f"- {one}" for one in wrong),
    ]
    for peer in lives[0].banned:
        out += ["", f"Addresses of people that {peer} acted on, by day: {sum(one.banned[peer] for one in lives)}."]
    return Section(out)


def _weeks(args: argparse.Namespace) -> Section:
    """Count what is raised by account and week: people, mishaps and weather, and nothing else."""
    lives = list(
        _of_seeds(partial(lived, weather=args.weather, peers=False, people=400, arrivals=0.5, server=args.server), args)
    )
    weeks = round(sum(one.people for one in lives) * 30 / 7)
    wrong = Counter(one.partition(" ")[2].partition(" ")[2] for life in lives for one in life.wrong)
    out = [
        f"## Account-weeks, weather of {args.weather:,} tries a day",
        "",
        f"Critical in {weeks:,} account-weeks ({len(lives)} servers, {sum(one.lines for one in lives):,} lines): "
        f"{sum(one.critical for one in lives)}. Of medium or above: {sum(wrong.values())}.",
        *(f"- {count} × {one}" for one, count in sorted(_kinds(wrong).items())),
    ]
    return Section(out)


def _cold(args: argparse.Namespace) -> Section:
    """Count what is raised in parts of a month that are each read by themselves."""
    starts = list(_of_seeds(partial(begun, weather=args.weather, serve=SERVERS[args.server]), args))
    wrong = [one for start in starts for one in start.wrong]
    out = [
        f"## Cold starts, weather of {args.weather:,} tries a day",
        "",
        f"Of medium or above in {sum(one.parts for one in starts):,} hours and days, each read without what went before"
        f" ({sum(one.lines for one in starts):,} lines): {len(wrong)}.",
        *(f"- {one}" for one in wrong),
    ]
    return Section(out)


def _kinds(wrong: Counter[str]) -> Counter[str]:
    """Count incidents by severity and rules, whoever they are about."""
    kinds: Counter[str] = Counter()
    for told, count in wrong.items():
        severity, _, rest = told.partition(" ")
        kinds[f"{severity} {rest.partition(' ')[2]}"] += count
    return kinds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", default=["attacks", "takeovers", "quiet", "life"])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--weather", type=int, default=2000)
    parser.add_argument("--server", choices=SERVERS, default=_USUAL, help="whose lines")
    parser.add_argument("--jobs", type=int, default=1, help="how many seeds at a time")
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    made = {
        "attacks": lambda: _attacks("Attacks", ATTACKS, 30, args),
        "takeovers": lambda: _attacks("Takeovers", TAKEOVERS, 8, args),
        "quiet": lambda: _attacks("Misuse without a burst", QUIET, 8, args),
        "changed": lambda: _attacks("Misuse on the day of new passwords", CHANGED, 48, args),
        "life": lambda: _life(args),
        "weeks": lambda: _weeks(args),
        "cold": lambda: _cold(args),
    }
    for name in args.what:
        section = made[name]()
        key = name
        if args.server != _USUAL:
            key = f"{name} {args.server}"
            section.text[0] += f": {args.server}"
        print("\n".join(["", *section.text]))
        if args.write:
            keep(key, section)


if __name__ == "__main__":
    main()
