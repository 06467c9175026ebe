"""Over any number of kills no notice is lost, and one comes again only where the kill fell before it was marked."""

import random
import time
from collections import Counter
from pathlib import Path

from pager import Pager, paging
from takeovers import takeover
from watcher import Watcher, until

KILLS = 15
SETTLED_S = 0.3


class Trial:
    """A service that tells a pager, and is killed around the moment at which it tells."""

    def __init__(self, directory: Path, pager: Pager, seed: int) -> None:
        self.log = directory / "mail.log"
        self.log.touch()
        self.pager = pager
        self.chance = random.Random(seed)
        self.lines = 0
        self.excused: Counter[str] = Counter()  # accepted, and not marked when the kill fell
        route = {"at_least": "medium", "group_wait": "0s", "group_interval": "0s"}
        settings = {
            "sources": [str(self.log)],
            "alerts": {"channels": {"pager": pager.url}, "routes": [route]},
        }
        self.watcher = Watcher(directory, settings)

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
            until(lambda: self.pager.accepted.total() > accepted, f"a notice: {self.watcher.said.read_text()}")
        if kind not in ("before", "behind"):
            time.sleep(self.chance.random() * SETTLED_S)  # the kill may fall anywhere
        until(lambda: kind not in ("before", "behind") or self.watcher.process is None, "the kill")
        self.watcher.kill()
        self.pager.before = self.pager.behind = None
        for id_, *_ in self.watcher.ask("SELECT id FROM outbox WHERE done = 0"):
            self.excused[id_] += 1

    def finish(self) -> None:
        """Let the service come to its end undisturbed."""
        self.watcher.start()
        self.watcher.read_all(self.lines)
        until(lambda: not self.watcher.ask("SELECT 1 FROM outbox WHERE done = 0"), "all notices to be told")
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
        trial.watcher.start()
        for number in range(turns):
            trial.write(takeover(number))
            trial.watcher.read_all(trial.lines)
        assert trial.watcher.stop() == 0
    return {id_ for (id_,) in trial.watcher.ask("SELECT id FROM outbox")}


def disturbed(directory: Path, kills: int, seed: int) -> Trial:
    """Kill a service so many times, and let it come to its end."""
    directory.mkdir()
    with paging() as pager:
        trial = Trial(directory, pager, seed)
        for number in range(kills):
            trial.turn(number)
        trial.finish()
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
