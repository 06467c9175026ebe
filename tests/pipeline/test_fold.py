"""What a site says of itself changes what is made of its log."""

from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest
from memory import Memory

from mailwarden.alerts.detection.detector import Detector, Fired
from mailwarden.alerts.detectors import load_detectors
from mailwarden.alerts.facts.site import Site
from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.rulebook.compiler import compile_file
from mailwarden.alerts.rulebook.rulebook import load_rules
from mailwarden.alerts.state.shelf import Nowhere
from mailwarden.alerts.terms import Detection
from mailwarden.parsers.envelope import Reader
from mailwarden.parsers.errors import StoreError
from mailwarden.parsers.event import Event
from mailwarden.pipeline.fold import Fold


def incidents(site: Site, lines: Iterable[str]) -> list[Incident]:
    """Fold lines, a second apart; give what was found."""
    reader = Reader(year=2026)
    fold = Fold(site, load_rules(), load_detectors(), Nowhere(), lambda _: "mail.log")
    for number, line in enumerate(lines):
        event = reader.read(f"2026-03-03T04:{number // 60:02}:{number % 60:02}+00:00 mx1 {line}")
        assert event.event_kind == "event", line
        event.stream_us = event.timestamp_us
        fold.take([event])
    return fold.incidents.drain()[0]


FAILURES = [
    "postfix/submission/smtpd[1]: warning: unknown[198.51.100.9]: SASL LOGIN authentication failed: x, sasl_username=probe"
] * 20
LOGINS = [
    f"dovecot: imap-login: Login: user=<ann@example.org>, method=PLAIN, rip={address}, lip=192.0.2.5, mpid=1, TLS, session=<a>"
    for address in ["192.0.2.77", *(f"198.51.{number}.9" for number in range(100, 110))]
]


@pytest.mark.parametrize(
    ("site", "found"),
    [
        (Site(), True),
        (Site(monitors=("198.51.100.9",)), False),
        (Site(labels={"probe": frozenset({"probe"})}), False),
        (Site(labels={"probe": frozenset({"198.51.100.0/24"})}), False),
        (Site(monitors=("198.51.100.8",)), True),
    ],
)
def test_who_checks_that_we_are_up_guesses_nothing(site: Site, found: bool) -> None:
    """The failures of a monitor mean nothing, by its address, its network or its account."""
    assert bool(incidents(site, FAILURES)) is found


@pytest.mark.parametrize(("site", "found"), [(Site(), True), (Site(proxies=("198.51.0.0/16",)), False)])
def test_people_come_from_everywhere_behind_a_proxy(site: Site, found: bool) -> None:
    """Logins by way of stated proxies and webmail hosts are no takeover."""
    assert any(incident.cause == "takeover" for incident in incidents(site, LOGINS)) is found


SUM_OF_WORDS = """\
title: t
name: base
status: experimental
logsource: {product: mail}
detection:
  tried: {event.action: auth-failure}
  condition: tried
---
title: t
name: own
status: experimental
correlation:
  type: value_sum
  rules: [base]
  timespan: 1h
  condition: {field: user.name, gte: 2}
level: low
mailwarden: {id: X-01, cause: guessing, category: auth_attack, primary: source.ip, title: t, why: w, advice: look}
"""


def test_a_fault_costs_its_own_line_only(tmp_path: Path) -> None:
    """A rule that adds up names fails at each line; the lines are counted as not understood, the others go on."""
    path = tmp_path / "own.yaml"
    path.write_text(SUM_OF_WORDS, "utf-8")
    rule = compile_file(path)
    assert rule is not None
    event = Reader(year=2026).read(f"2026-03-03T04:00:00+00:00 mx1 {FAILURES[0]}")
    fold = Fold(Site(), [rule], [], Nowhere(), lambda _: "mail.log")

    fold.take([event])

    assert event.event_kind == "pipeline_error"
    assert [count for count, _ in fold.unparsed.values()] == [1]
    assert [key[2] for key in fold.rollups.drain() if key[1] == "lines"] == ["pipeline_error"]


def test_a_store_that_fails_ends_the_batch() -> None:
    """No fault of the store is taken for one of a line."""

    class Broken(Nowhere):
        def may_have(self, kind: str, key: str) -> bool:
            return True

        def load_state(self, kind: str, key: str) -> bytes | None:
            raise StoreError("locked")

    event = Reader(year=2026).read(f"2026-03-03T04:00:00+00:00 mx1 {FAILURES[0]}")

    with pytest.raises(StoreError):
        Fold(Site(), [], [], Broken(), lambda _: "mail.log").take([event])


def silent_days() -> list[Event]:
    """Read nine days of mail, one message in five minutes, then nothing for six hours but a last line."""
    reader, events = Reader(year=2026), []
    for minute in [*range(0, 9 * 24 * 60, 5), 9 * 24 * 60 + 360]:
        day, hour, rest = minute // 1440 + 2, minute // 60 % 24, minute % 60
        text = (
            f"2026-03-{day:02}T{hour:02}:{rest:02}:00+00:00 mx1 exim[1]: 1{minute:05}-0008K3-2X <= ann@example.net "
            "H=mail.example.net [198.51.100.25] P=esmtp S=700 for bob@example.org"
        )
        event = reader.read(text)
        event.stream_us = event.timestamp_us
        events.append(event)
    return events


@pytest.mark.parametrize("cut", ["whole", "each line", "restarted in the silence", "told by the clock"])
def test_silence_is_noticed_at_the_same_time_however_the_log_comes(cut: str) -> None:
    """In one batch or many, after a restart, or while the clock alone passes: when twenty messages are overdue."""
    store, events = Memory(), silent_days()

    def start(open_: Iterable[Incident] = ()) -> Fold:
        return Fold(Site(), [], load_detectors(), store, lambda _: "mail.log", open_)

    fold = start()
    found: list[Incident] = []
    if cut == "each line":
        for event in events:
            fold.take([event])
    elif cut == "whole":
        fold.take(events)
    else:
        fold.take(events[:-1])
        if cut == "told by the clock":
            for minute in range(1, 90):
                fold.take([], events[-2].stream_us + minute * 60_000_000)
        changed, _ = fold.incidents.drain()
        store.commit(fold.rows())
        store.keep(changed)
        found = [one for one in changed if one.lead == "silence"]
        fold = start(changed)
        fold.take(events[-1:])
    found += [one for one in fold.incidents.drain()[0] if one.lead == "silence"]

    assert {one.opened_us - events[-2].stream_us for one in found} == {105 * 60_000_000}
    assert found[0].hosts == ["mx1"] and "<= ann@example.net" in found[0].evidence[0].line


class _Seen(msgspec.Struct):
    last_us: int = 0


class Now(Detector[_Seen]):
    """Fires at a message, and four hours later by the beat: its incident is quiet in between."""

    detection = Detection(
        name="now", id="X-1", version=1, cause="service", category="service_fault", severity="high", title="t", why="w",
        harmless="h", advice="silence", techniques=(), primary="mailwarden.site", entities=(), span_us=600_000_000,
        threshold=1,
    )  # fmt: skip
    actions = frozenset({"message-received", "beat"})
    state = _Seen
    ttl_us = 1 << 50

    def keys(self, event: Event) -> Iterable[str]:
        return ("site",)

    def update(self, state: _Seen, event: Event) -> Fired | None:
        since_us, beat = event.stream_us - state.last_us, event.event_action == "beat"
        if not beat:
            state.last_us = event.stream_us
        return Fired(1, 1, "high", {}) if not beat or 0 <= since_us - 4 * 3_600_000_000 < 600_000_000 else None


@pytest.mark.parametrize("clock", [False, True])
def test_an_incident_ends_before_a_beat_that_comes_after(clock: bool) -> None:
    """However the time came: minute by minute, or with the line after a gap of hours."""
    fold, (first, *_, last) = Fold(Site(), [], [Now()], Nowhere(), lambda _: "mail.log"), silent_days()
    last.stream_us = first.stream_us + 6 * 3_600_000_000
    fold.take([first])
    for minute in range(1, 360 if clock else 0):
        fold.take([], first.stream_us + minute * 60_000_000)
    fold.take([last])

    told = [(one.kind, (one.at_us - first.stream_us) // 60_000_000) for one in fold.incidents.drain()[1]]

    assert told == [("opened", 0), ("ended", 20), ("returned", 240), ("ended", 260), ("returned", 360)]


def _sent(number: int, outcome: str) -> list[str]:
    """Give the lines of one message to ten people, of whom three are told of."""
    queue = f"1B82A0646{number:02X}"
    done = f"postfix/smtp[7]: {queue}: to=<p{{}}@example.com>, relay=mx.example.com[203.0.113.5]:25, delay=1, {outcome}"
    return [
        f"postfix/submission/smtpd[9]: {queue}: client=x[198.51.100.9], sasl_method=PLAIN, sasl_username=ann@example.org",
        f"postfix/qmgr[3]: {queue}: from=<ann@example.org>, size=900, nrcpt=10 (queue active)",
        *(done.format(f"{number}.{one}") for one in range(3)),
    ]


def test_what_is_sent_after_it_was_noticed_is_counted() -> None:
    """An incident about somebody's mail knows how many messages went to how many, and how many of these took or refused it."""
    taken, refused = "dsn=2.0.0, status=sent (250 ok)", "dsn=5.1.1, status=bounced (host said: 550 5.1.1 no such user)"
    lines = [line for n in range(4) for line in _sent(n, taken)]  # forty recipients: the next message is noticed
    lines += [line for n in range(4, 6) for line in _sent(n, refused)]

    found = {one.primary: one.toll for one in incidents(Site(), lines)}

    toll = found["mailwarden.account", "ann@example.org"]
    assert toll is not None
    assert (toll.messages, toll.recipients, toll.refused) == (2, 20, 6)


def test_who_logs_in_from_where_guessers_are_is_named() -> None:
    """The incident of a network that guesses knows which accounts were let in from there."""
    login = "dovecot: imap-login: Login: user=<eve@example.org>, method=PLAIN, rip=198.51.100.9, lip=192.0.2.5"

    found = incidents(Site(), [*FAILURES, login])

    guessed = next(one for one in found if one.primary == ("mailwarden.network", "198.51.100.0/24"))
    assert guessed.toll is not None
    assert guessed.toll.logins == ["eve@example.org"]
