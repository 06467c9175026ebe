"""The process that reads reports for the service: what it is to read comes on its standard input, faults go to its output.

A report of many megabytes is parsed in one go, which a thread of the service would make wait for everything else; here it
has a process, with a limit to its memory, of its own.
"""

import os
import resource
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import msgspec

from mailwarden.alerts.words.escape import printable
from mailwarden.parsers.errors import MailwardenError, changed, code_of, coded, packed
from mailwarden.pipeline.feedback.gathering import Gathering
from mailwarden.pipeline.feedback.job import Job
from mailwarden.pipeline.feedback.reading import Reading
from mailwarden.pipeline.store import Store

_MEMORY = 2 << 30  # bytes of addresses; the largest report that is read takes a quarter
_MOST_TOLD = 5  # things a place that were passed over; `mailwarden feedback` shows them all


def main(path: Path, job: Job) -> None:
    """Read all places of a job; one that fails does not stop the others."""
    with Store.open(path) as store:
        gathering = Gathering(store, job.ours)
        for place in job.paths:
            _tell(place, gathering.path(Path(place)))
        for mailbox in job.mailboxes:
            _tell(str(mailbox), gathering.mailbox(mailbox, mailbox.password))


def _tell(place: str, readings: Iterable[Reading]) -> None:
    passed_over: list[Reading] = []
    try:
        passed_over = [one for one in readings if not one.is_report]
    except MailwardenError as error:
        _say(coded(error.said.code, "feedback: {error} It is tried again.", error=error.said))
    for one in passed_over[:_MOST_TOLD]:
        _say(
            coded(
                code_of(one.fault),
                "feedback: {where}: passed over: {fault}",
                where=one.where,
                fault=one.fault,
            )
        )
    if len(passed_over) > _MOST_TOLD:
        more = len(passed_over) - _MOST_TOLD
        _say(coded("MW6206", "feedback: {place}: {number} more passed over", place=place, number=more))


def _say(said: str) -> None:
    """Tell the service, which says it in its language; a line each."""
    print(msgspec.json.encode(packed(changed(said, printable))).decode())  # noqa: T201 - what the service reads


if __name__ == "__main__":
    os.nice(10)
    with suppress(ValueError, OSError):  # a lower limit stands already
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    try:
        main(Path(sys.argv[1]), msgspec.json.decode(sys.stdin.buffer.read(), type=Job))
    except MailwardenError as error:
        _say(coded(error.said.code, "feedback: {error}", error=error.said))
        sys.exit(3)
