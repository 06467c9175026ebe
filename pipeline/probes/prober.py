"""The thread that asks: block lists once an hour, records and certificates once a day; what it hears goes into the inbox.

It has an event loop and a connection of its own, so that nothing waits for a name server: not the stream, not a person.
"""

import asyncio
import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mailwarden.alerts.facts.ours import KIND, learned
from mailwarden.alerts.facts.site import Site
from mailwarden.alerts.words.escape import printable
from mailwarden.parsers.errors import MailwardenError, below, changed, code_of, coded, said_of, worded
from mailwarden.parsers.event import iso
from mailwarden.pipeline.probes.blocklists import Blocklist, blocklists
from mailwarden.pipeline.probes.https import Web
from mailwarden.pipeline.probes.lists import Round, look
from mailwarden.pipeline.probes.machine import Machine, read_machine
from mailwarden.pipeline.probes.outcome import Outcome
from mailwarden.pipeline.probes.picture import AGAIN_US, Picture
from mailwarden.pipeline.probes.posture import Gauge
from mailwarden.pipeline.probes.resolver import Resolver, system_servers
from mailwarden.pipeline.probes.settings import ProbesSetting
from mailwarden.pipeline.probes.subjects import Subjects, find_subjects
from mailwarden.pipeline.store import Store

__all__ = ["Pace", "Prober", "line"]

_log = logging.getLogger(__name__)
_DAY_S = 86_400.0
_HISTORY_US = 8 * 86_400_000_000
_AFTER_FAULT_S = 300.0
_NEVER_S = 1e12
_DOMAINS_AT_ONCE = 4
_DOMAINS_A_ROUND = 100
_PATIENCE_S = 15.0  # at the end; a program of the system that hangs is given up after ten


class Pace:
    """How long is waited, in seconds."""

    def __init__(
        self, first_s: float = 60.0, lists_s: float = 3600.0, again_s: float = AGAIN_US / 1e6, posture_s: float = _DAY_S
    ) -> None:
        self.first_s, self.lists_s, self.again_s, self.posture_s = first_s, lists_s, again_s, posture_s


def line(at_us: int, host: str, word: str, record: dict[str, Any]) -> str:
    """Write a line of the inbox."""
    return f"{iso(at_us)} {host} mailwarden-probe: {word} {json.dumps(record, ensure_ascii=False)}"


class Prober:
    """Asks on and on, until it is stopped.

    Args:
        settings: What is asked, and whom.
        site: What is ours as stated.
        path: The database.
        clock: Epoch microseconds, now.
        nudge: Called when something waits in the inbox.
        say: Told what the operator must know.
        pace: How long is waited; None: as the settings say.
        machine: Gives what this machine says of itself; None: it is read.
    """

    def __init__(
        self,
        settings: ProbesSetting,
        site: Site,
        path: Path,
        clock: Callable[[], int],
        nudge: Callable[[], None],
        say: Callable[[str], None],
        pace: Pace | None = None,
        machine: Callable[[], Machine] | None = None,
    ) -> None:
        self._settings, self._site, self._path = settings, site, path
        self._clock, self._nudge, self._say = clock, nudge, say
        self._pace = pace or Pace(lists_s=settings.every.total_seconds())
        self._read_machine = machine or read_machine
        self._host = socket.gethostname().partition(".")[0] or "localhost"
        self._known: set[str] = set()  # whose records were looked at before
        self._rounds = 0
        self._is_news = False  # something of ours was learned since
        self._blind: set[str] | None = None  # lists that gave no answer the last time; None: nobody knows
        self._ended = threading.Event()
        self._stop: Callable[[], object] | None = None
        self._thread = threading.Thread(target=self._work, name="probes", daemon=True)

    def start(self) -> None:
        """Begin.

        Raises:
            ConfigurationError: A key is not there.
        """
        self._keys = self._settings.keys()
        self._thread.start()

    def stop(self) -> None:
        """End; what is under way is given up."""
        self._ended.set()
        with suppress(RuntimeError):  # it has ended by itself
            if self._stop is not None:
                self._stop()
        self._thread.join(_PATIENCE_S)

    def _work(self) -> None:
        try:
            with suppress(asyncio.CancelledError):
                asyncio.run(self._run_until_stopped())
        except MailwardenError as error:  # the store cannot be opened: the service's own connection tells why, too
            ended = worded("They have ended; all else goes on.")
            self._say(below([coded(error.said.code, "probes: {error}", error=error.said)], ended))

    async def _run_until_stopped(self) -> None:
        loop, task = asyncio.get_running_loop(), asyncio.create_task(self._run())
        self._stop = lambda: loop.call_soon_threadsafe(task.cancel)
        if not self._ended.is_set():
            await task

    async def _run(self) -> None:
        with Store.open(self._path) as store:
            due = self._plan(store)
            while not self._ended.is_set():
                await asyncio.sleep(max(0.0, min(due.values()) - time.monotonic()))
                word = min(due, key=lambda one: due[one])
                now_s = time.monotonic()
                try:
                    due[word] = now_s + await self._do(word, store)
                    if word == "lists" and self._picture.suspected():
                        due["again"] = min(due["again"], now_s + self._pace.again_s)
                    if self._is_news:
                        self._is_news, due["posture"] = False, now_s
                except Exception as error:  # whatever it is, a monitor that fell silent would be worse
                    if not isinstance(error, MailwardenError):
                        _log.exception("probes")
                    why = changed(said_of(error), printable)
                    said = coded(code_of(why) or "MW9001", "probes: {error}", error=why)
                    again = worded("They are tried again in {minutes} min.", minutes=f"{_AFTER_FAULT_S / 60:g}")
                    self._say(below([said], again))
                    due[word] = now_s + _AFTER_FAULT_S

    def _plan(self, store: Store) -> dict[str, float]:
        """Say when each is due, on the monotonic clock: a restart asks no sooner than it would have been asked anyway."""
        now_s, now_us, pace = time.monotonic(), self._clock(), self._pace
        history = store.standing.listings(history=True, since_us=now_us - _HISTORY_US)
        self._picture = Picture(sorted(history, key=lambda one: one.since_us), round(pace.again_s * 1e6))
        postures = store.standing.postures()
        self._known = {one.subject for one in postures}

        def after(newest_us: int, every_s: float) -> float:
            left_s = every_s - (now_us - newest_us) / 1e6 if newest_us else 0.0
            return now_s + max(pace.first_s, min(left_s, every_s))

        return {
            "lists": after(max((one.checked_us for one in history), default=0), pace.lists_s),
            "again": now_s + pace.first_s if self._picture.suspected() else _NEVER_S,
            "posture": after(max((one.checked_us for one in postures), default=0), pace.posture_s),
        }

    async def _do(self, word: str, store: Store) -> float:
        """Do one of them; give in how many seconds it is due again."""
        pace = self._pace
        if word == "again":
            await self._look_again(store)
            return _NEVER_S
        if word == "lists":
            await self._ask_lists(store)
            return pace.lists_s
        return pace.posture_s if await self._look_at_posture(store) else min(pace.lists_s, pace.posture_s)

    async def _resolver(self) -> Resolver:
        """Give a resolver without memory: what it says is as new as its own caches allow."""
        resolver = Resolver(self._settings.resolvers or system_servers())
        await resolver.prove()
        return resolver

    async def _subjects(self, store: Store, resolver: Resolver, machine: Machine) -> Subjects:
        return await find_subjects(self._settings, self._site, learned(store.states(KIND)), machine, resolver)

    # ------------------------------------------------------------------ lists

    async def _ask_lists(self, store: Store) -> None:
        """Ask all lists about all of ours."""
        resolver = await self._resolver()
        if resolver.fault:
            self._keep(store, [self._line("zone", {"zone": ".", "name": "DNS", "reason": resolver.fault})])
            return
        machine = await asyncio.to_thread(self._read_machine)
        subjects = await self._subjects(store, resolver, machine)
        asked = [*subjects.addresses, *self._turn(subjects.domains)]
        self._picture.forget([*subjects.addresses, *subjects.domains])
        found = await look(resolver, self._lists(), asked, self._keys)
        lines = [self._line("zone", {"zone": ".", "name": "DNS", "reason": "rewritten" if found.rewritten else ""})]
        lines += self._zone_lines(found)
        lines += self._take(found, asked, subjects.found)
        self._keep(store, lines)
        self._is_news = not {*subjects.addresses, *subjects.domains} <= self._known

    def _turn(self, domains: Sequence[str]) -> Sequence[str]:
        """Give the domains whose turn it is: a hoster's hundreds are asked about in some hours, not in one."""
        if len(domains) <= _DOMAINS_A_ROUND:
            return domains
        start = self._rounds * _DOMAINS_A_ROUND % len(domains)
        self._rounds += 1
        return [*domains, *domains][start : start + _DOMAINS_A_ROUND]

    async def _look_again(self, store: Store) -> None:
        """Ask once more where a listing was seen for the first time."""
        suspected = self._picture.suspected()
        zones = {zone for found in suspected.values() for zone in found}
        resolver = await self._resolver()
        lists = [one for one in self._lists() if one.zone in zones]
        found = await look(resolver, lists, list(suspected), self._keys)
        wanted = tuple(one for one in found.looks if one.list.zone in suspected[one.subject])
        self._keep(store, self._take(Round(wanted, found.zones), list(suspected)))

    def _lists(self) -> list[Blocklist]:
        return [one for one in blocklists() if one.zone not in self._settings.without]

    def _take(self, found: Round, subjects: Sequence[str], sure: Collection[str] = ()) -> list[str]:
        """Take the answers in, and tell the whole picture of each subject; `sure`: those that are not learned from replies."""
        now_us = self._clock()
        for one in found.looks:
            self._picture.take(one, now_us)
        pictures = ((subject, list(self._picture.of(subject))) for subject in subjects)
        return [
            self._line("listings", {"subject": subject, "lists": lists} | ({"found": True} if subject in sure else {}))
            for subject, lists in pictures
            if lists
        ]

    def _zone_lines(self, found: Round) -> list[str]:
        """Tell which lists are blind, and which are no more."""
        reasons: dict[str, tuple[str, str]] = {}
        for state in found.zones:
            if state.reason or state.list.zone not in reasons:
                reasons[state.list.zone] = (state.list.name, state.reason)
        lines = [
            self._line("zone", {"zone": zone, "name": name, "reason": reason})
            for zone, (name, reason) in reasons.items()
            if reason or self._blind is None or zone in self._blind
        ]
        self._blind = {zone for zone, (_, reason) in reasons.items() if reason}
        return lines

    # ------------------------------------------------------------------ records, names and certificates

    async def _look_at_posture(self, store: Store) -> bool:
        """Look at records, names and certificates; False where no name server answered."""
        resolver = await self._resolver()
        machine = await asyncio.to_thread(self._read_machine)
        outcomes = list(machine.settings)
        if not resolver.fault:
            subjects = await self._subjects(store, resolver, machine)
            outcomes += await self._gauge(resolver, subjects)
            self._known |= {*subjects.addresses, *subjects.domains}
        self._keep(store, [self._line("posture", _record(one)) for one in outcomes])
        return not resolver.fault

    async def _gauge(self, resolver: Resolver, subjects: Subjects) -> list[Outcome]:
        gauge = Gauge(resolver, Web(), datetime.fromtimestamp(self._clock() / 1e6, UTC), ports=False)
        gate = asyncio.Semaphore(_DOMAINS_AT_ONCE)

        async def domain(name: str) -> list[Outcome]:
            async with gate:
                return await gauge.domain(name, subjects.addresses, subjects.selectors.get(name, ()), subjects.hints)

        found = [
            *await asyncio.gather(*(domain(name) for name in subjects.domains)),
            *await asyncio.gather(*(gauge.address(one, subjects.helo) for one in subjects.addresses)),
            *await asyncio.gather(*(self._own_host(gauge, host, subjects.addresses) for host in subjects.hosts)),
        ]
        told = [one for outcomes in found for one in outcomes]
        if subjects.smarthost is not None:
            told.append(
                Outcome(
                    self._host, "lists", "smarthost", "not checked", "smarthost", details={"host": subjects.smarthost}
                )
            )
        return told

    async def _own_host(self, gauge: Gauge, host: str, addresses: Iterable[str]) -> list[Outcome]:
        """Look at our own ports. Under which name people reach them is not known, so names are not judged."""
        return await gauge.host(host, [*addresses, "127.0.0.1"], self._settings.ports, names=False)

    # ------------------------------------------------------------------ below

    def _line(self, word: str, record: dict[str, Any]) -> str:
        return line(self._clock(), self._host, word, record)

    def _keep(self, store: Store, lines: Sequence[str]) -> None:
        if lines and not self._ended.is_set():
            store.inbox.add(lines)
            self._nudge()


def _record(one: Outcome) -> dict[str, Any]:
    return one._asdict() | {"details": dict(one.details)}
