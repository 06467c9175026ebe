"""What of an incident's life is told: how often, again, to whom next, and what holds it back."""

from collections.abc import Iterable
from itertools import pairwise

import pytest
from findings import DAY_US, HOUR_US, MINUTE_US, START_US, detection, finding
from memory import Memory

from mailwarden.alerts.incidents.incidents import Incidents
from mailwarden.alerts.state.shelf import Shelves
from mailwarden.alerts.telling.delivery import Delivery, unpack
from mailwarden.alerts.telling.dispatch import Dispatch
from mailwarden.alerts.telling.hours import parse_hours
from mailwarden.alerts.telling.matchers import Matchers
from mailwarden.alerts.telling.muting import Inhibition, Maintenance, Muting
from mailwarden.alerts.telling.routes import Escalation, Route, Router
from mailwarden.alerts.telling.silences import Matcher, Silence

CHANNELS = ["chat", "pager", "boss"]
AT_ONCE = Route(group_wait_s=0, group_interval_s=0)


class Site:
    """One site's incidents and what is told of them, with a clock that goes with the stream."""

    def __init__(self, root: Route = AT_ONCE, muting: Muting | None = None, store: Memory | None = None) -> None:
        self.now_us = START_US
        self.behind_us = 0  # how far the log is behind the clock
        self.store = store or Memory()
        self.incidents = Incidents("default", self.store)
        self.root, self.muting = root, muting
        self.told: list[tuple[int, Delivery]] = []
        self.begin()

    def begin(self) -> None:
        """Start what tells people, as after a restart."""
        self.dispatch = Dispatch(
            Router(self.root, CHANNELS),
            lambda: self.now_us + self.behind_us,
            self.store,
            self.muting,
            lambda name: name == "pager",
        )
        self.dispatch.attach(self.incidents)

    def find(
        self, minute: float, name: str = "takeover", who: str = "ann@example.org", severity: str = "critical"
    ) -> str:
        """Let a rule find something; give its incident's id."""
        self.now_us = START_US + int(minute * MINUTE_US)
        self.incidents.tick(self.now_us - self.now_us % MINUTE_US)
        what = detection(name, cause=name, primary="mailwarden.account")
        incident = self.incidents.take(finding(what, who, self.now_us, severity))
        self.pass_on()
        assert incident is not None
        return incident.id

    def wait(self, minute: int) -> None:
        """Let time pass, minute by minute."""
        first = (self.now_us - START_US) // MINUTE_US + 1
        for passed in range(first, minute + 1):
            self.now_us = START_US + passed * MINUTE_US
            self.incidents.tick(self.now_us)
            self.pass_on()

    def pass_on(self) -> None:
        """Let what was decided be told, and commit."""
        rows = []
        for notice in self.incidents.drain()[1]:
            rows += self.dispatch.tick(notice.at_us)
            rows += self.dispatch.take(notice)
        rows += self.dispatch.tick(self.now_us)
        self.store.commit([*self.dispatch.rows(), *Shelves(self.incidents.shelves).drain()])
        self.told += [(due_us, unpack(blob)) for _, due_us, blob in rows]

    @property
    def kinds(self) -> list[tuple[float, str, str]]:
        """What was told: the minute at which it leaves, the turn, and the way."""
        return [
            ((due_us - START_US) / MINUTE_US, delivery.notification.kind, ",".join(delivery.receivers))
            for due_us, delivery in self.told
        ]

    def about(self, kind: str) -> list[tuple[float, str]]:
        """Give when turns of a kind leave, and whom they are about."""
        return [
            ((due_us - START_US) / MINUTE_US, delivery.notification.incident.primary[1])
            for due_us, delivery in self.told
            if delivery.notification.kind == kind
        ]


def lasting(minutes: Iterable[float], site: Site, severity: str = "critical") -> None:
    """Let an attack go on."""
    for minute in minutes:
        site.find(minute, severity=severity)


def test_critical_is_repeated_until_somebody_is_on_it() -> None:
    """It is told again under a new id each time, and no more once somebody has said so; its end still is."""
    site = Site(Route(group_wait_s=0, receivers=("chat",), repeat_interval_s=4 * 3600))
    for minute in range(0, 9 * 60, 10):
        id_ = site.find(minute)
    site.incidents.acknowledge(id_, "ann")
    for minute in range(9 * 60, 13 * 60, 10):
        site.find(minute)
    site.wait(14 * 60)

    # four times as much is worse: at minutes 30 and 150; four hours later somebody is asked again
    assert [minute for minute, kind, _ in site.kinds if kind == "repeated"] == [390.0]
    assert site.kinds[-1][1] == "ended"
    ids = [delivery.notification.id for _, delivery in site.told]
    assert len(ids) == len(set(ids))


def test_others_are_not_repeated() -> None:
    """Something high that goes on for a day is told when it opens, when it gets worse, and when it ends."""
    site = Site()
    lasting(range(0, 24 * 60, 15), site, "high")

    assert "repeated" not in {kind for _, kind, _ in site.kinds}


def test_a_critical_attack_of_a_week_makes_one_message_a_day() -> None:
    """Three at most in the first hour; then what gets worse and what is repeated share one message a day."""
    site = Site(Route(receivers=("chat",)))
    lasting(range(0, 7 * 1440, 5), site)

    leaves = sorted({minute for minute, kind, _ in site.kinds})
    later = [minute for minute in leaves if minute >= 60]
    assert sum(minute < 60 for minute in leaves) <= 3
    assert {"worse", "repeated"} <= {kind for minute, kind, _ in site.kinds if minute >= 60}
    assert len(later) in (6, 7)
    assert all(after - before >= 1440 for before, after in pairwise(later))


@pytest.mark.parametrize("severity", ["medium", "high", "critical"])
def test_ten_thousand_events_of_one_attack(severity: str) -> None:
    """At most three messages in the first hour, and at most one a day after it; the end is told when it comes."""
    site = Site(Route(receivers=("chat",), group_wait_s=0, group_interval_s=0, repeat_interval_s=0))
    for number in range(10_000):
        site.find(number / 2, severity=severity)
    site.wait(5000 + 60)

    leaves = sorted({minute for minute, kind, _ in site.kinds if kind != "ended"})  # due together: one message
    later = [minute for minute in leaves if minute >= 60]
    assert sum(minute < 60 for minute in leaves) == 3
    assert len(later) >= 2
    assert all(second - first >= 1440 for first, second in pairwise(later))
    assert [kind for _, kind, _ in site.kinds].count("ended") == 1


def test_what_comes_and_goes_is_told_once_a_day() -> None:
    """A trouble that ends and returns every two hours for three days makes no more than its first hour's and one a day."""
    site = Site(Route(receivers=("chat",), group_wait_s=0, group_interval_s=0))
    for round_ in range(36):
        site.find(round_ * 120, severity="medium")
        site.wait(round_ * 120 + 60)

    leaves = sorted({minute for minute, _, _ in site.kinds})
    assert sum(minute >= 60 for minute in leaves) <= 5


def test_a_step_to_critical_waits_for_nothing() -> None:
    """However much was told before, what gets critical is told at once."""
    site = Site()
    lasting((0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16), site, "medium")
    before = len(site.told)

    site.find(17, severity="critical")

    assert [one[:2] for one in site.kinds[before:]] == [(17.0, "worse")]


def test_the_next_is_told_while_nobody_is_on_it() -> None:
    """After fifteen minutes the pager, after an hour the boss; who took it up hears the end, and nobody twice."""
    steps = (Escalation(900, ("pager",)), Escalation(3600, ("boss",)))
    site = Site(Route(group_wait_s=0, receivers=("chat",), escalations=steps, repeat_interval_s=0))
    lasting(range(0, 50, 5), site)
    site.begin()  # a restart forgets nothing of it
    lasting(range(50, 90, 5), site)
    site.wait(150)

    told = [(minute, kind, way) for minute, kind, way in site.kinds if kind in ("opened", "escalated", "ended")]
    assert told[:3] == [(0.0, "opened", "chat"), (15.0, "escalated", "pager"), (60.0, "escalated", "boss")]
    assert sorted(way for _, kind, way in told[3:] if kind == "ended") == ["boss", "chat", "pager"]


def test_on_it_ends_the_escalation_and_a_return_begins_it_anew() -> None:
    """Whoever is on it stops it; when the trouble ended and is back, nobody is on it."""
    site = Site(Route(group_wait_s=0, receivers=("chat",), escalations=(Escalation(900, ("pager",)),)))
    id_ = site.find(0)
    site.incidents.acknowledge(id_, "ann")
    lasting(range(5, 40, 5), site)
    assert "escalated" not in {kind for _, kind, _ in site.kinds}

    site.wait(200)
    lasting(range(200, 230, 5), site)

    assert [kind for _, kind, _ in site.kinds if kind != "worse"] == ["opened", "ended", "returned", "escalated"]


def test_acknowledgement_reaches_who_keeps_incidents_of_his_own() -> None:
    """A pager hears that somebody is on it; a chat does not need to."""
    site = Site(Route(receivers=("pager", "chat")))
    incident = site.incidents.get(site.find(0))
    assert incident is not None

    rows = site.dispatch.acknowledge(incident, "7", site.now_us)

    assert [(unpack(blob).notification.kind, unpack(blob).receivers) for _, _, blob in rows] == [
        ("acknowledged", ("pager",))
    ]


def test_a_silence_holds_back_until_worse_and_tells_when_it_is_over() -> None:
    """Silenced for an hour: nothing; when the hour is over and it still goes on, it is told."""
    site = Site()
    until_us = START_US + HOUR_US
    site.dispatch.silence(
        Silence(
            id="1",
            who="ann",
            because="x",
            at_us=START_US,
            until="time",
            until_us=until_us,
            matcher=Matcher(entity="ann*"),
        )
    )
    lasting(range(0, 80, 5), site)

    assert site.kinds[0] == (60.0, "opened", "chat,pager,boss")


def test_what_was_let_go_is_told_once() -> None:
    """A restart after the window is over does not tell it a second time."""
    window = Maintenance(hours=(parse_hours("08:00-08:30"),))
    site = Site(muting=Muting(maintenance=(window,)))
    for minute in range(0, 60, 5):
        site.find(minute)
        site.begin()

    assert [kind for _, kind, _ in site.kinds].count("opened") == 1


def test_what_ends_within_its_silence_is_not_told_at_all() -> None:
    """Nobody hears of the end of what nobody heard of."""
    site = Site()
    site.dispatch.silence(
        Silence(id="1", who="a", because="x", at_us=0, until="forever", matcher=Matcher(entity="ann*"))
    )
    site.find(0)
    site.wait(120)

    assert site.kinds == []


def test_a_pager_hears_of_an_end_that_people_do_not_want_to_hear_of() -> None:
    """Silenced after it was told: the incident that the pager keeps must still be resolved."""
    site = Site(
        Route(group_wait_s=0, receivers=("chat",), routes=(Route(at_least="high", receivers=("pager", "chat")),))
    )
    site.find(0)
    site.dispatch.silence(
        Silence(id="1", who="a", because="x", at_us=0, until="forever", matcher=Matcher(entity="ann*"))
    )
    site.wait(120)

    assert site.kinds == [(0.0, "opened", "pager,chat"), (20.0, "ended", "pager")]


def test_a_silence_that_is_ended_lets_it_be_told() -> None:
    """“It is told again” is kept with the next minute."""
    site = Site()
    site.dispatch.silence(
        Silence(id="1", who="a", because="x", at_us=0, until="forever", matcher=Matcher(entity="ann*"))
    )
    lasting((0, 5), site)
    site.dispatch.end_silence("1")
    site.find(10)

    assert site.kinds == [(10.0, "opened", "chat,pager,boss")]


def test_maintenance_holds_back_and_tells_what_is_left() -> None:
    """What began and ended in the window is not told; what outlasts it is, at its end."""
    window = Maintenance(hours=(parse_hours("08:00-09:00"),), meant=Matchers(category=("account_takeover",)))
    site = Site(muting=Muting(maintenance=(window,)))
    site.find(0, who="ann@example.org")
    site.find(5, name="sending", who="eve@example.org")
    for minute in range(10, 80, 5):
        site.find(minute, who="bob@example.org")
    site.wait(80)

    assert site.about("opened") == [(5.0, "eve@example.org"), (60.0, "bob@example.org")]


def test_a_window_between_two_instants() -> None:
    """A window holds from its first instant to its last and then no more."""
    window = Maintenance(from_us=START_US + HOUR_US, until_us=START_US + 2 * HOUR_US)
    incident = Incidents("default", Memory()).take(finding(detection()))
    assert incident is not None

    held = [
        Muting(maintenance=(window,)).holds(incident, (), START_US + minutes * MINUTE_US)
        for minutes in (59, 60, 119, 120)
    ]

    assert held == [False, True, True, False]


def test_an_inhibition_needs_what_both_have_in_common() -> None:
    """A taken-over account explains the refusals of its host, while it is open; nothing inhibits itself."""
    rule = Inhibition(
        source=Matchers(category=("account_takeover",), at_least="high"),
        target=Matchers(category=("blocklist_risk",)),
        equal=("host",),
    )
    site = Site(muting=Muting(inhibitions=(rule,)))
    site.find(0)
    for minute in range(5, 60, 5):
        site.find(minute, name="listed", who="zzz@example.net", severity="high")

    assert [who for _, who in site.about("opened")] == ["ann@example.org", "zzz@example.net"]
    assert site.about("opened")[1][0] == 20.0  # when the takeover fell quiet


def test_every_way_on_which_it_was_told_hears_the_end() -> None:
    """Opened for the chat, then critical for the pager: both are told that it is over, each once."""
    root = Route(
        group_wait_s=0,
        group_interval_s=0,
        receivers=("chat",),
        routes=(Route(at_least="critical", receivers=("pager",)),),
    )
    site = Site(root)
    site.find(0, severity="medium")
    site.find(1, severity="critical")
    site.wait(60)

    assert [(kind, way) for _, kind, way in site.kinds] == [
        ("opened", "chat"),
        ("worse", "pager"),
        ("ended", "chat"),
        ("ended", "pager"),
    ]


def test_a_restart_repeats_nothing_and_forgets_nothing() -> None:
    """Begun anew from what was committed after every turn, the same is told under the same ids."""
    root = Route(group_wait_s=0, receivers=("chat",), escalations=(Escalation(900, ("boss",)),), repeat_interval_s=3600)

    def told(*, anew: bool) -> list[tuple[int, str]]:
        site = Site(root)
        for minute in range(0, 300, 7):
            site.find(minute)
            if anew:
                site.begin()
        site.wait(400)
        return [(due_us, delivery.notification.id) for due_us, delivery in site.told]

    assert told(anew=True) == told(anew=False)
    assert len(told(anew=False)) > 5


def test_old_news_of_a_timer_wakes_nobody() -> None:
    """A repeat that would have been due hours ago, by the time of day, is not told."""
    site = Site()
    lasting(range(0, 60, 5), site)
    told = len(site.told)
    site.now_us += 2 * DAY_US  # the log stands two days behind the clock

    rows = site.dispatch.tick(START_US + 5 * HOUR_US)

    assert rows == []
    assert len(site.told) == told


def test_what_overtakes_the_first_notice_is_told_as_the_first() -> None:
    """Critical before its opening has left: people hear that it opened, not that something unheard of got worse."""
    site = Site(Route())
    site.find(0, severity="high")
    site.find(0.1, severity="critical")
    site.find(6, severity="critical")

    assert site.kinds[:2] == [(0.5, "opened", "chat,pager,boss"), (0.1, "opened", "chat,pager,boss")]
    assert site.told[1][1].notification.incident.told_severity is None
    assert [kind for _, kind, _ in site.kinds[2:]] == []


def test_what_nobody_could_be_told_of_is_told_when_there_is_somebody() -> None:
    """An incident that opened while no channel was set is told with the first minute in which there is one."""
    site = Site()
    what = detection("takeover", cause="takeover", primary="mailwarden.account")
    site.incidents.take(finding(what, "ann@example.org", START_US, "critical"))
    site.incidents.drain()  # nobody there
    site.begin()
    site.find(5)

    assert site.kinds == [(5.0, "opened", "chat,pager,boss")]


def test_an_escalation_that_was_missed_is_made_up_for() -> None:
    """The service was down when the next should have been told: they are told when it is back, once."""
    site = Site(Route(group_wait_s=0, receivers=("chat",), escalations=(Escalation(900, ("pager",)),)))
    site.find(0)
    site.behind_us = 2 * HOUR_US  # what was written meanwhile is read
    lasting(range(10, 100, 10), site)
    site.behind_us = 0
    lasting(range(100, 120, 10), site)

    assert [one for one in site.kinds if one[1] == "escalated"] == [(100.0, "escalated", "pager")]


def test_a_channel_that_is_gone_hears_no_end() -> None:
    """Taken out of the configuration meanwhile, a channel is not tried for ever."""
    site = Site(Route(group_wait_s=0, routes=(Route(receivers=("boss",), goes_on=True), Route(receivers=("chat",)))))
    site.find(0)
    CHANNELS.remove("boss")
    try:
        site.root = AT_ONCE
        site.begin()
        site.wait(60)
    finally:
        CHANNELS.append("boss")

    assert [(kind, way) for _, kind, way in site.kinds] == [("opened", "boss"), ("opened", "chat"), ("ended", "chat")]


def test_a_pager_that_stands_behind_another_hears_the_end() -> None:
    """It may have been told when the first one failed, and would keep the incident for ever."""
    site = Site(Route(group_wait_s=0, receivers=("chat", "pager")))
    site.find(0)
    site.wait(60)

    assert [(kind, way) for _, kind, way in site.kinds] == [
        ("opened", "chat,pager"),
        ("ended", "chat,pager"),
        ("ended", "pager"),
    ]


def test_a_critical_incident_that_grows_within_a_moment_wakes_once() -> None:
    """Its growth is told when the distance between two messages is kept; its end never comes before that."""
    site = Site(Route(group_interval_s=3 * 3600))
    for second in range(60):
        site.find(second / 60)
    site.wait(180)

    assert site.kinds[0] == (0.0, "opened", "chat,pager,boss")
    worse = [due for due, kind, _ in site.kinds if kind == "worse"]
    ended = [due for due, kind, way in site.kinds if kind == "ended" and way != "pager"]
    assert worse
    assert min(worse) >= 180
    assert ended
    assert min(ended) >= max(worse)
