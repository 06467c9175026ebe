"""Keep the block list's outputs up to date while the service runs, in a thread and with a connection of its own.

It reads what was committed and never holds up the fold; what goes wrong here is said and tried again.
"""

import os
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from mailwarden.alerts.blocklist import KNOWN_DAYS, Blocklist, Entry, blocklist_of
from mailwarden.alerts.facts.ledger import Ledger
from mailwarden.alerts.facts.site import Site
from mailwarden.alerts.incidents.incident import Incident
from mailwarden.alerts.telling.senders.address import blot
from mailwarden.alerts.telling.senders.http import call
from mailwarden.alerts.words.escape import printable
from mailwarden.alerts.words.translate import N_
from mailwarden.parsers.errors import (
    Coded,
    DeliveryError,
    MailwardenError,
    StoreError,
    below,
    changed,
    coded,
    said_of,
    worded,
)
from mailwarden.parsers.system_errors import reason
from mailwarden.pipeline.blocking.forms import written
from mailwarden.pipeline.configuration.blocklist import BlocklistSetting, Output
from mailwarden.pipeline.store import Store

__all__ = ["Blocker", "fault_of", "hand_over", "read_blocklist"]

_EVERY_S = 5.0
_TIMEOUT_S = 15.0
_DAY_US = 86_400_000_000


def read_blocklist(
    store: Store, setting: BlocklistSetting, site: Site, now_us: int, *, of: Iterable[Incident] | None = None
) -> Blocklist:
    """Decide what is listed now, from what is committed, or of some incidents; called by the thread that opened the store."""
    policy = setting.policy
    ledger = Ledger(site, store)
    silenced = set()
    for act in store.silences():
        until_us = act.payload.get("until_us")
        if until_us is None or int(until_us) > now_us:
            silenced.add(str(act.payload.get("incident")))
    return blocklist_of(
        store.incidents(since_us=now_us - policy.duration_us) if of is None else of,
        policy,
        site,
        now_us,
        is_known=lambda net: ledger.records.is_home(net, now_us, KNOWN_DAYS * _DAY_US),
        silenced=silenced,
    )


def hand_over(output: Output, entries: list[Entry], now_us: int, *, run: bool = True) -> None:
    """Write a file as one, or post; then run the command.

    Raises:
        OSError: It cannot be written.
        DeliveryError: Nobody took it.
        subprocess.SubprocessError: The command failed.
    """
    text = written(output.form, entries, now_us)
    if output.path is not None:
        _replace(output.path, text)
    elif output.url is not None:
        headers = {"Content-Type": "application/json"}
        call("POST", output.url, text.encode(), headers, connect_s=_TIMEOUT_S, answer_s=_TIMEOUT_S)
    if output.command and run:
        subprocess.run(
            output.command, check=True, capture_output=True, encoding="utf-8", errors="replace", timeout=_TIMEOUT_S
        )


def _replace(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old one or the new one, whole."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
            os.fchmod(file.fileno(), 0o644)
        Path(name).replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(name).unlink()
        raise


class Blocker:
    """The thread that hands the list over whenever it changed.

    Args:
        path: The store.
        setting: What is listed and to whom it goes.
        site: What is ours.
        clock: The time.
        say: Writes into the service's log.
    """

    def __init__(
        self, path: Path, setting: BlocklistSetting, site: Site, clock: Callable[[], int], say: Callable[[str], None]
    ) -> None:
        self._path = path
        self._setting = setting
        self._site = site
        self._clock = clock
        self._say = say
        self._handed: dict[Output, list[tuple[str, int]]] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="blocklist", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Hand over what there is, and end."""
        self._stopped.set()
        self._thread.join(2 * _TIMEOUT_S)

    def _work(self) -> None:
        try:
            with Store.open(self._path, read_only=True) as store:
                while not self._stopped.wait(_EVERY_S):
                    self._look(store)
                self._look(store)
        except MailwardenError as error:
            self._say(below([error.said], worded("The block list is not written.")))

    def _look(self, store: Store) -> None:
        now_us = self._clock()
        try:
            entries = read_blocklist(store, self._setting, self._site, now_us).entries
        except StoreError as error:
            self._say(below([error.said], worded("The block list is written later.")))
            return
        listed = [(one.value, one.until_us) for one in entries]
        for output in self._setting.outputs:
            if self._handed.get(output) == listed:
                continue
            try:
                hand_over(output, entries, now_us)
                self._handed[output] = listed
            except (OSError, DeliveryError, subprocess.SubprocessError) as error:  # tried again at the next look
                self._say(fault_of(output, error))


def fault_of(output: Output, error: Exception) -> Coded:
    """Say what became of an output that failed; a webhook's URL is a secret."""
    where = output.path or "webhook"
    if isinstance(error, subprocess.CalledProcessError):
        told = printable(str(error.stderr or error.stdout or "").strip()[-300:])
        said = N_('blocklist: {where}: "{command}" ended with {code}: {told}. It is run again.')
        return coded("MW6302", said, where=where, command=output.command[0], code=error.returncode, told=told)
    if isinstance(error, subprocess.TimeoutExpired):
        said = N_('blocklist: {where}: "{command}" took longer than {seconds} s. It is run again.')
        return coded("MW6302", said, where=where, command=output.command[0], seconds=f"{_TIMEOUT_S:g}")
    why = reason(error) if isinstance(error, OSError) else said_of(error)
    why = changed(why, lambda text: blot(text, output.url or ""))
    return coded(
        "MW6301",
        "blocklist: {where}: {reason}. It is tried again; until then the old list stands.",
        where=where,
        reason=why,
    )
