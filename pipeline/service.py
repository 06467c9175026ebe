"""The service behind `mailwarden run`: follow the logs for ever, tell people, and end or begin anew when asked to."""

import fcntl
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mailwarden.alerts.channels import Channels
from mailwarden.alerts.routes import Router
from mailwarden.alerts.silences import Silence
from mailwarden.parsers.errors import ConfigurationError, StoreError
from mailwarden.pipeline.admission import Admission
from mailwarden.pipeline.archive import Archive
from mailwarden.pipeline.configuration import Configuration, load, store_path
from mailwarden.pipeline.runner import Runner, wall_clock
from mailwarden.pipeline.store import Act, Store
from mailwarden.pipeline.telling import Deliverer, Teller

__all__ = ["run"]


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
    path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    with _Lock(path.with_name("mailwarden.lock")):
        while True:
            again = _Service(configuration, path, clock).work()
            if not again:
                return
            configuration = _reloaded(configuration)


class _Service:
    def __init__(self, configuration: Configuration, path: Path, clock: str) -> None:
        self._configuration = configuration
        self._path = path
        self._stream = _StreamClock() if clock == "stream" else None
        self._clock: Callable[[], int] = self._stream or wall_clock
        self._again = False

    def work(self) -> bool:
        """Follow until a signal comes; say whether to begin anew."""
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
                follow=True,
            )
            if self._stream is not None:
                self._stream.now_us = int(store.meta("stream_us") or 0)
            teller = deliverer = None
            if configuration.channels:
                names = Channels(configuration.resolved_channels()).names
                teller = Teller(Router(configuration.route(), names), self._clock, configuration.site.name)
                deliverer = Deliverer(self._path, configuration, self._clock)
            self._follow(store, admission, archive, teller, deliverer)
        return self._again

    def _follow(
        self,
        store: Store,
        admission: Admission,
        archive: Archive | None,
        teller: Teller | None,
        deliverer: Deliverer | None,
    ) -> None:
        runner = Runner(store, self._configuration, admission, archive=archive)
        if teller is not None:
            for act in store.silences():
                teller.silence(Silence.of_act(str(act.id), act.payload, act.at_us))
        said: set[str] = set()
        handlers = self._handle_signals(admission)
        if deliverer is not None:
            deliverer.start()
        try:
            for batch in admission.batches():
                if self._stream is not None and batch.events:
                    self._stream.now_us = batch.events[-1].stream_us
                acts = store.pending_acts()
                for act in acts:
                    _apply(act, runner, teller)
                runner.take(batch, teller, [act.id for act in acts])
                if deliverer is not None:
                    deliverer.wake()
                for problem in admission.problems:
                    if problem not in said:
                        said.add(problem)
                        print(problem, file=sys.stderr, flush=True)  # noqa: T201 - the service's log
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
            if deliverer is not None:
                deliverer.stop()

    def _handle_signals(self, admission: Admission) -> dict[int, Any]:
        def end(*_: object) -> None:
            admission.stop()

        def begin_anew(*_: object) -> None:
            self._again = True
            admission.stop()

        wanted = {signal.SIGTERM: end, signal.SIGINT: end, signal.SIGHUP: begin_anew}
        return {number: signal.signal(number, handler) for number, handler in wanted.items()}


def _apply(act: Act, runner: Runner, teller: Teller | None) -> None:
    """Do what an operator asked for."""
    if act.kind == "acknowledge":
        runner.fold.incidents.acknowledge(str(act.payload.get("incident")), str(act.payload.get("who")))
    elif teller is not None and act.kind == "silence":
        teller.silence(Silence.of_act(str(act.id), act.payload, act.at_us))
    elif teller is not None and act.kind == "end_silence":
        teller.end_silence(str(act.payload.get("silence")))


def _reloaded(configuration: Configuration) -> Configuration:
    """Read the configuration again; keep the old one, and say why, where the new one has faults."""
    if configuration.path is None:
        return configuration
    try:
        return load(configuration.path)
    except ConfigurationError as error:
        print(f"{error}\nThe configuration was not changed.", file=sys.stderr, flush=True)  # noqa: T201
        return configuration


class _Lock:
    """Only one service may write a state directory; the lock goes with the process, however it ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1

    def __enter__(self) -> None:
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._descriptor)
            raise StoreError(
                f"{self._path.parent}: another mailwarden watches with this state directory. "
                "Two would tell everything twice. Stop it, or set another `state` in the configuration."
            ) from None

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)
