"""The service behind `mailwarden run`: follow the logs for ever, tell people, and end or begin anew when asked to."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mailwarden.alerts.rulebook.rulebook import Rulebook
from mailwarden.alerts.telling.channels import Channels
from mailwarden.alerts.telling.dispatch import Dispatch
from mailwarden.alerts.telling.silences import Silence
from mailwarden.alerts.words.translate import N_
from mailwarden.parsers.errors import ConfigurationError, StoreBusyError, below, coded, said_of, worded
from mailwarden.pipeline.admission.admission import Admission
from mailwarden.pipeline.admission.intake import Intake
from mailwarden.pipeline.archive import Archive
from mailwarden.pipeline.blocking import Blocker
from mailwarden.pipeline.configuration.configuration import Configuration
from mailwarden.pipeline.configuration.reading import load
from mailwarden.pipeline.places import store_path
from mailwarden.pipeline.runner import BACKLOG, Runner, wall_clock
from mailwarden.pipeline.service.heartbeat import Heartbeat
from mailwarden.pipeline.service.lock import Lock, lock_path
from mailwarden.pipeline.service.pruning import Pruner
from mailwarden.pipeline.service.pulse import Pulse, notify
from mailwarden.pipeline.service.readiness import ready
from mailwarden.pipeline.service.reporting import REPORTED, Reporter, kept_report, report_directory
from mailwarden.pipeline.service.service_log import Problems, speaking, write_log
from mailwarden.pipeline.service.signals import Signals
from mailwarden.pipeline.service.telling import Deliverer, Teller
from mailwarden.pipeline.store import Act, Store

if TYPE_CHECKING:
    from mailwarden.pipeline.feedback.collector import Collector
    from mailwarden.pipeline.probes.prober import Prober

__all__ = ["run"]

_AGAIN_S = 5.0  # between two tries to write to a store that is locked or full


class _StreamClock:
    """Stream time as the clock: for old logs that are replayed as they grow."""

    def __init__(self) -> None:
        self.now_us = 0

    def __call__(self) -> int:
        return self.now_us


def run(configuration: Configuration, *, clock: str = "wall") -> None:
    """Follow the configured or discovered logs until SIGTERM or SIGINT; SIGHUP reads the configuration again.

    Raises:
        StoreError: The state cannot be used, or another service uses it.
        ConfigurationError: A rule or a channel is wrong.
    """
    path = store_path(configuration.state_directory)
    rulebook = ready(configuration)
    for fault in rulebook.faults:
        write_log(fault, configuration.spoken())
    with Lock(lock_path(path.parent)), Signals() as signals, speaking(configuration.spoken()):
        while True:
            _Service(configuration, rulebook, path, clock, signals).work()
            if not signals.begins_anew():
                notify("STOPPING=1")
                return
            configuration, rulebook = _reloaded(configuration, rulebook)


class _Service:
    """The service with one configuration: all that works until a signal comes.

    Args:
        configuration: The settings.
        rulebook: The rules.
        path: The database.
        clock: `wall`, or `stream` for the time of the logs.
        signals: What is asked of it from outside.
    """

    def __init__(
        self, configuration: Configuration, rulebook: Rulebook, path: Path, clock: str, signals: Signals
    ) -> None:
        self._configuration = configuration
        self._rulebook = rulebook
        self._path = path
        self._stream = _StreamClock() if clock == "stream" else None
        self._clock: Callable[[], int] = self._stream or wall_clock
        self._signals = signals
        self._problems = Problems(configuration.spoken())
        self._say = self._problems.say
        self._waiting: str | None = None  # what was said when the store could not be written

    def work(self) -> None:
        """Follow until a signal comes."""
        configuration = self._configuration
        with Store.open(self._path) as store:
            archive = None
            if configuration.archive.enabled:
                archive = Archive.open(configuration.archive_directory, store.batch_number())
            admission = Admission.of_paths(
                [],
                configuration=configuration,
                zone=None,
                year=None,
                positions=store.positions(),
                clock=self._clock,
                arrival=wall_clock,
                follow=True,
            )
            if self._stream is not None:
                self._stream.now_us = int(store.meta("stream_us") or 0)
            teller, deliverer = self._telling(store)
            reporter = Reporter(configuration, self._path, store.meta(REPORTED) or "", self._say)
            pruner = Pruner(store, report_directory(self._path.parent), configuration.keep, self._say)
            with self._blocking():
                runner = Runner(store, configuration, admission, archive=archive, rulebook=self._rulebook)
                if teller is not None:
                    self._recall(store, runner, teller)
                self._signals.stopping(admission.stop)
                with self._workers(admission, deliverer, reporter):
                    self._follow(store, admission, runner, teller, deliverer, reporter, pruner)

    def _telling(self, store: Store) -> tuple[Teller, Deliverer] | tuple[None, None]:
        """Make who decides what people are told, and who delivers it; neither where there is no channel."""
        configuration = self._configuration
        if not configuration.channels:
            return None, None
        channels = Channels(configuration.resolved_channels())
        router = configuration.router()
        dispatch = Dispatch(router, self._clock, store, configuration.muting(), channels.has_life)
        deliverer = Deliverer(
            self._path,
            channels,
            self._clock,
            self._say,
            zone=configuration.zone,
            flood=configuration.alerting.flood if configuration.alerting else None,
            reports=partial(kept_report, self._path.parent),
            link=configuration.web.url,
            called=configuration.called,
        )
        return Teller(dispatch, router, self._clock, configuration.site.name), deliverer

    def _recall(self, store: Store, runner: Runner, teller: Teller) -> None:
        """Remind who tells of what waited, and of what is silenced, when the service ended."""
        waiting = (store.incident(id_) for id_ in (store.meta(BACKLOG) or "").split())
        teller.recall(incident for incident in waiting if incident is not None)
        teller.dispatch.attach(runner.fold.incidents)
        for act in store.silences():
            self._apply(act, runner, teller)

    @contextmanager
    def _blocking(self) -> Iterator[None]:
        """Hand the block list over meanwhile, where it is configured."""
        setting = self._configuration.blocklist
        if not setting.outputs or setting.dry_run:
            yield
            return
        blocker = Blocker(self._path, setting, self._configuration.as_site(), self._clock, self._say)
        blocker.start()
        try:
            yield
        finally:
            blocker.stop()

    @contextmanager
    def _workers(self, admission: Admission, deliverer: Deliverer | None, reporter: Reporter) -> Iterator[None]:
        """Let work meanwhile what has a thread or a process of its own."""
        prober = self._prober(admission)
        collector = self._collector(admission)
        heartbeat = self._heartbeat(admission, deliverer)
        pulse = Pulse(
            lambda: admission.turns,
            lambda: self._stream is None and reporter.is_due(self._clock()),
            admission.nudge,
            self._path,
        )
        for thread in (deliverer, heartbeat, pulse):
            if thread is not None:
                thread.start()
        try:
            yield
        finally:
            reporter.stop()
            for worker in (pulse, collector, prober, heartbeat, deliverer):
                if worker is not None:
                    worker.stop()

    def _follow(
        self,
        store: Store,
        admission: Admission,
        runner: Runner,
        teller: Teller | None,
        deliverer: Deliverer | None,
        reporter: Reporter,
        pruner: Pruner,
    ) -> None:
        """Fold and commit one batch after the other, each with what people asked for and what was to be told meanwhile."""
        intake = Intake(store, int(store.meta("stream_us") or 0))
        for admitted in admission.batches():
            batch, taken = intake.join(admitted)
            if self._stream is not None and batch.events:
                self._stream.now_us = batch.events[-1].stream_us
            acts = store.pending_acts()
            for act in acts:
                self._apply(act, runner, teller)
            reporter.tick(self._clock())
            pruner.tick(self._clock())
            runner.take(batch, teller, [act.id for act in acts], self._try_again, reporter.drain(), taken)
            self._written()
            if deliverer is not None:
                deliverer.wake()
            for problem in admission.problems:
                self._say(problem)

    def _heartbeat(self, admission: Admission, deliverer: Deliverer | None) -> Heartbeat | None:
        configuration = self._configuration
        setting = configuration.alerting.heartbeat if configuration.alerting else None
        if setting is None:
            return None
        router = configuration.router() if configuration.channels else None
        return Heartbeat(
            self._path,
            setting.resolved(),
            setting.method,
            setting.interval_s,
            turns=lambda: admission.turns if deliverer is None or deliverer.is_alive() else -1,
            clock=self._clock,
            router=router,
            site=configuration.site.name,
            say=self._say,
        )

    def _prober(self, admission: Admission) -> "Prober | None":
        """Begin to ask the world how we stand; not in a replay, whose time is another than that of the answers."""
        settings = self._configuration.probes
        if not settings.enabled or self._stream is not None:
            return None
        from mailwarden.pipeline.probes.prober import Prober

        prober = Prober(settings, self._configuration.as_site(), self._path, self._clock, admission.nudge, self._say)
        prober.start()
        return prober

    def _collector(self, admission: Admission) -> "Collector | None":
        """Begin to read what others report; not in a replay, whose time is another than theirs."""
        configuration = self._configuration
        if not configuration.feedback.wanted or self._stream is not None:
            return None
        from mailwarden.pipeline.feedback.collector import Collector

        collector = Collector(
            configuration.feedback, configuration.site.domains, self._path, admission.nudge, self._say
        )
        collector.start()
        return collector

    def _apply(self, act: Act, runner: Runner, teller: Teller | None) -> None:
        """Do what an operator asked for; say where it cannot be understood, for it would be asked again for ever."""
        if act.kind == "acknowledge":
            incidents, id_ = runner.fold.incidents, str(act.payload.get("incident"))
            incident = incidents.get(id_) if incidents.acknowledge(id_, str(act.payload.get("who"))) else None
            if teller is not None and incident is not None:
                teller.acknowledged(incident, str(act.id))
            return
        if act.kind == "let_go":
            runner.fold.incidents.acknowledge(str(act.payload.get("incident")), None)
            return
        try:
            runner.heed(act)
            if teller is not None and act.kind == "silence":
                teller.dispatch.silence(Silence.of_act(str(act.id), act.payload, act.at_us))
        except ValueError as error:
            said = N_("{path}: silence {id} cannot be read ({error}) and holds nothing back. Ask anew.")
            self._say(coded("MW5112", said, path=self._path, id=act.id, error=said_of(error)))
        if teller is not None and act.kind == "end_silence":
            teller.dispatch.end_silence(str(act.payload.get("silence")))

    def _try_again(self, error: StoreBusyError) -> bool:
        """Wait for a store that cannot be written at the moment; False when the service is to end."""
        again = worded("Nothing is lost: it is tried again every {seconds} s.", seconds=f"{_AGAIN_S:g}")
        self._waiting = below([error.said], again)
        self._say(self._waiting)
        notify("WATCHDOG=1")  # who waits for the store does not hang
        return not self._signals.ended.wait(_AGAIN_S)

    def _written(self) -> None:
        """Say that the store can be written again, where it was said that it cannot."""
        if self._waiting is None:
            return
        again = worded("{path}: can be written again.", path=self._path)
        self._say(again)
        self._problems.forget(self._waiting, again)
        self._waiting = None


def _reloaded(configuration: Configuration, rulebook: Rulebook) -> tuple[Configuration, Rulebook]:
    """Read the configuration and the rules again; keep the old ones, and say why, where the new ones have faults."""
    try:
        new = load(configuration.path)
        rules = ready(new)
    except ConfigurationError as error:
        write_log(below(error.faults, worded("The configuration was not changed.")), configuration.spoken())
        return configuration, rulebook
    if rules.faults:
        kept = worded("The rules were not changed: the last good {number} stay.", number=len(rulebook.rules))
        write_log(below(rules.faults, kept), new.spoken())
        return configuration, rulebook
    if new.state_directory != configuration.state_directory:
        said = N_('{path}: another `state` ("{state}") needs a restart; the rest was taken over.')
        write_log(coded("MW2126", said, path=new.path, state=new.state_directory), new.spoken())
        new = replace(new, state=configuration.state_directory)
    return new, rules
