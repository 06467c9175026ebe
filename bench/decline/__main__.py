"""Measure how early a decline is told: fifty stories of eight causes, and quiet months.

    python -m bench.decline [--stories N] [--months N] [--write]

A story is warned when a person is told (medium or above) of an incident about sending, a takeover, relaying or our standing.
The first sign is the first line of the decline, the block the first refusal for reputation or a list. `--write` puts the
tables into bench/decline/RESULTS.md.
"""

import argparse
import random
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bench.decline.stories import CAUSES, DAY_S, DOMAIN, Quiet, Story, stories, tell
from bench.detection.server import Act
from bench.detection.trial import Seen, read, seconds, write
from mailwarden.alerts.terms import severity_rank

_RESULTS = Path(__file__).with_name("RESULTS.md")
_ABOUT = frozenset({"sending", "takeover", "relay", "listed", "config"})
_MONTH_DAYS, _LEARN_DAYS = 37, 7
_EARLY_S = 6 * 3_600


class Ended(NamedTuple):
    """What became of a story; times in seconds since its first sign."""

    story: Story
    warned_s: float | None
    block_s: float | None
    rules: tuple[str, ...]

    @property
    def in_half(self) -> bool:
        """Whether it was told before half of the time to the block had passed."""
        return self.warned_s is not None and self.block_s is not None and self.warned_s < self.block_s / 2

    @property
    def is_early(self) -> bool:
        """Whether six hours were left."""
        return self.warned_s is not None and self.block_s is not None and self.block_s - self.warned_s >= _EARLY_S


_NEWSLETTER = f"labels:\n  newsletter: [news@{DOMAIN}]\n"  # as the alert about the first issue asks


def _read(acts: Sequence[Act], settings: str = "") -> Seen:
    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory) / "mail.log"
        write(log, acts)
        return read(log, settings)


def _warnings(seen: Seen) -> list[tuple[float, str]]:
    """Give when people were told of something about our sending, and the rule that led."""
    notices = (told.notice for told in seen.told)
    return sorted(
        (seconds(one.at_us), one.incident.lead)
        for one in notices
        if one.incident.cause in _ABOUT
        and one.kind in ("opened", "worse", "returned")
        and severity_rank(one.incident.severity) >= severity_rank("medium")
    )


def _try(story: Story) -> tuple[Ended, int]:
    told = tell(story)
    warnings = _warnings(_read(told.acts))
    after = [(at, rule) for at, rule in warnings if at >= told.sign_s]
    block_s = None if told.block_s is None else told.block_s - told.sign_s
    first = after[0][0] - told.sign_s if after else None
    rules = tuple(dict.fromkeys(rule for _, rule in after))[:3]
    return Ended(story, first, block_s, rules), len(warnings) - len(after)


def _months(count: int) -> list[str]:
    """Give what is told in quiet months after a week to learn."""
    told = []
    for seed in range(count):
        chance = random.Random(77_000 + seed)
        quiet = Quiet(chance, people=chance.randrange(15, 120))
        seen = _read(sorted(quiet.month(_MONTH_DAYS), key=lambda act: act.at_s), _NEWSLETTER)
        told += [
            f"{rule} (month {seed + 1}, day {at / DAY_S:.0f})"
            for at, rule in _warnings(seen)
            if at > _LEARN_DAYS * DAY_S
        ]
    return told


def _duration(at_s: float | None) -> str:
    if at_s is None:
        return "never"
    return (
        f"{at_s / 60:.0f} min"
        if at_s < 7_200
        else f"{at_s / 3_600:.1f} h"
        if at_s < 2 * DAY_S
        else f"{at_s / DAY_S:.1f} d"
    )


def _share(good: int, all_: int) -> str:
    return f"{good} of {all_} ({100 * good / all_:.0f} %)" if all_ else "none"


def _table(ended: Sequence[Ended], before: int, told: Sequence[str], months: int) -> str:
    blocked = [one for one in ended if one.block_s is not None]
    long = [one for one in blocked if (one.block_s or 0) >= DAY_S]
    lines = [
        "| what | asked | measured |",
        "|---|---|---|",
        "| told before half of the time from first sign to block had passed | ≥ 80 % | "
        f"{_share(sum(one.in_half for one in blocked), len(blocked))} |",
        "| six hours or more ahead, of those that take a day or more | ≥ 80 % | "
        f"{_share(sum(one.is_early for one in long), len(long))} |",
        f"| false warnings in a quiet server-month | ≤ 1 | {len(told) / max(months, 1):.2f} ({len(told)} in {months}) |",
        f"| warnings in the ordinary days before the stories | | {before} |",
        "",
        "| cause | stories | end in a block | told in the first half | told, median |",
        "|---|---|---|---|---|",
    ]
    by: dict[str, list[Ended]] = defaultdict(list)
    for one in ended:
        by[one.story.cause].append(one)
    for cause in CAUSES:
        own = by[cause]
        ends = [one for one in own if one.block_s is not None]
        times = sorted(one.warned_s for one in own if one.warned_s is not None)
        middle = _duration(times[len(times) // 2] if times else None)
        lines.append(f"| {cause} | {len(own)} | {len(ends)} | {sum(one.in_half for one in ends)} | {middle} |")
    lines += [
        "",
        "| story | cause | pace | first sign to block | told after | rules that told |",
        "|---|---|---|---|---|---|",
    ]
    for one in ended:
        block = _duration(one.block_s) if one.block_s is not None else "recovers"
        mark = " **late**" if one.block_s is not None and not one.in_half else ""
        rules = ", ".join(one.rules)
        lines.append(
            f"| {one.story.number + 1} | {one.story.cause} | {one.story.pace} | {block} | "
            f"{_duration(one.warned_s)}{mark} | {rules} |"
        )
    lines += ["", *(f"- false: {one}" for one in told)]
    return "\n".join(lines).rstrip() + "\n"


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stories", type=int, default=50)
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--write", action="store_true")
    wanted = parser.parse_args()
    ended, before = [], 0
    for story in stories(wanted.stories):
        one, early = _try(story)
        ended.append(one)
        before += early
    text = _table(ended, before, _months(wanted.months), wanted.months)
    print(text)
    if wanted.write:
        head = "# Declines\n\nMade by `python -m bench.decline --write`: how early a decline is told, and how often in vain.\n\n"
        _RESULTS.write_text(head + text, encoding="utf-8")


if __name__ == "__main__":
    main()
