"""Over any number of kills no notice is lost, and one comes again only where the kill fell before it was marked.

That holds for what happens, for what is told again or to others because nobody took it up, and for digests.
"""

import random
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from pager import Pager, paging
from takeovers import later, takeover
from watcher import Watcher, until

from mailwarden.alerts.telling.delivery import Delivery, unpack

# Of some thirty starts, each of 10 s on a busy machine; every wait has its own end.
pytestmark = pytest.mark.timeout(1200)
KILLS = 15
SETTLED_S = 0.3
TOLD_AGAIN = {
    "at_least": "medium",
    "group_wait": "0s",
    "group_interval": "0s",
    "repeat_interval": "7m",
    "escalate": [{"after": "5m", "receivers": ["pager"]}],
}
FLOOD = {"notices": 3, "within": "10m", "digest_interval": "15m"}
AFTERWARDS_MIN = (20, 40, 60, 80)  # less than an hour apart: what is older than that is summed up


class Trial:
    """A service that tells a pager, and is killed around the moment at which it tells."""

    def __init__(self, directory: Path, pager: Pager, seed: int, *, gathered: bool = False, **more: Any) -> None:
        self.gathered = gathered  # not every turn is told by itself
        self.log = directory / "mail.log"
        self.log.touch()
        self.pager = pager
        self.chance = random.Random(seed)
        self.lines = 0
        self.excused: Counter[str] = Counter()  # accepted, and not marked when the kill fell
        alerts = {"channels": {"pager": pager.url}, "routes": [TOLD_AGAIN], "flood": FLOOD}
        self.watcher = Watcher(directory, {"sources": [str(self.log)], "alerts": alerts} | more)

    def turn(self, number: int) -> None:
        """Let an account be taken over, and kill the service at some moment before all of it is told and marked."""
        self.watcher.start()
        kind = self.chance.choice(["before", "behind", "between", "anywhere", "starting"])
        if kind == "before":
            self.pager.before = self.watcher.kill
        elif kind == "behind":
            self.pager.behind = self.watcher.kill
        accepted = self.pager.accepted.total()
        self.write(takeover(number))
        if kind == "starting":
            time.sleep(self.chance.random())
        elif kind == "between":
            until(lambda: self.watcher.lines() > 0, "a batch to be committed")
        else:
            until(lambda: self.is_told(accepted), f"a notice: {self.watcher.said.read_text()}")
        if kind not in ("before", "behind"):
            time.sleep(self.chance.random() * SETTLED_S)  # the kill may fall anywhere
        until(lambda: self.gathered or kind not in ("before", "behind") or self.watcher.process is None, "the kill")
        self.watcher.kill()
        self.pager.before = self.pager.behind = None
        for id_, *_ in self.watcher.ask("SELECT id FROM outbox WHERE done = 0"):
            self.excused[id_] += 1

    def is_told(self, accepted: int) -> bool:
        """Say whether the pager has taken more than so many, or will not before more time has passed."""
        if self.pager.accepted.total() > accepted:
            return True
        return self.gathered and self.watcher.lines() >= self.lines and not self.watcher.waiting()

    def finish(self, turns: int) -> None:
        """Let the service come to its end undisturbed, until all has fallen quiet and nothing is to be told any more."""
        if self.watcher.process is None:
            self.watcher.start()
        self.watcher.read_all(self.lines)
        for minutes in AFTERWARDS_MIN:
            self.write([later(turns, minutes)])
            self.watcher.read_all(self.lines)
            until(lambda: not self.watcher.waiting(), "all notices to be told")
        assert self.watcher.stop() == 0

    def write(self, lines: list[bytes]) -> None:
        self.lines += len(lines)
        with self.log.open("ab") as file:
            file.write(b"".join(lines))


def expected_notices(directory: Path, turns: int) -> set[str]:
    """Give the ids that a service decides which nobody disturbs."""
    directory.mkdir()
    with paging() as pager:
        trial = Trial(directory, pager, 0)
        with trial.watcher:
            trial.watcher.start()
            for number in range(turns):
                trial.write(takeover(number))
                trial.watcher.read_all(trial.lines)
            trial.finish(turns)
    return {id_ for (id_,) in trial.watcher.ask("SELECT id FROM outbox")}


def disturbed(directory: Path, kills: int, seed: int, **more: Any) -> Trial:
    """Kill a service so many times, and let it come to its end."""
    directory.mkdir()
    with paging() as pager:
        trial = Trial(directory, pager, seed, **more)
        with trial.watcher:
            for number in range(kills):
                trial.turn(number)
            trial.finish(kills)
    return trial


def check(trial: Trial, expected: set[str]) -> tuple[int, int]:
    """See that nothing was lost and nothing came again without excuse; give how many were told, and told again."""
    decided = {id_ for (id_,) in trial.watcher.ask("SELECT id FROM outbox")}
    assert decided == expected
    accepted = trial.pager.accepted
    assert set(accepted) <= decided  # what came again bore its id
    done = {id_ for (id_,) in trial.watcher.ask("SELECT id FROM outbox WHERE done = 1")}
    assert done == decided  # one that no message bore was told in that of another turn of its incident
    for id_, count in accepted.items():
        assert count <= 1 + trial.excused[id_], id_
    return len(accepted), accepted.total() - len(accepted)


def test_no_notice_is_lost_or_told_twice_without_need(tmp_path: Path) -> None:
    """Killed before, at and after each acceptance, the service tells what it would have told, under the same ids."""
    expected = expected_notices(tmp_path / "undisturbed", KILLS)

    trial = disturbed(tmp_path / "killed", KILLS, seed=7)

    told, again = check(trial, expected)

    assert told >= KILLS
    assert again >= 1  # the kills did fall where they hurt
    kinds = Counter(one.notification.kind for one in deliveries(trial))
    assert min(kinds[kind] for kind in ("opened", "repeated", "escalated", "ended")) >= KILLS


def test_no_digest_is_lost_or_told_twice_without_need(tmp_path: Path) -> None:
    """Killed amid a flood, every notice is told, in few messages, and each digest comes again only under its own id."""
    rules = {"send_from_new_network": {"severity": "medium"}}

    trial = disturbed(tmp_path / "killed", KILLS // 2, seed=11, gathered=True, rules=rules)

    told = deliveries(trial)
    assert all(one.accepted_by == "pager" or one.carrier is None for one in told)
    carriers = {one.carrier for one in told if one.carrier}
    accepted = trial.pager.accepted
    assert set(accepted) <= carriers | {one.notification.id for one in told}
    assert any(id_.startswith("digest-") for id_ in accepted)
    assert len(carriers) < len(told) / 3
    for id_, count in accepted.items():
        members = [one.notification.id for one in told if one.carrier == id_]
        assert count <= 1 + max((trial.excused[member] for member in members), default=0), id_


def deliveries(trial: Trial) -> list[Delivery]:
    """Give all that was decided, as it was kept."""
    return [unpack(blob) for (blob,) in trial.watcher.ask("SELECT blob FROM outbox")]
