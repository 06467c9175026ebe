"""Find reports in files, folders, Maildirs and mboxes; read each once; say of each other one why it was passed over."""

import hashlib
import mailbox
from collections.abc import Callable, Collection, Container, Iterator
from contextlib import closing
from email import policy
from email.message import Message
from email.parser import BytesParser
from pathlib import Path
from typing import NamedTuple

from mailwarden.parsers.errors import coded
from mailwarden.parsers.system_errors import reason
from mailwarden.pipeline.feedback.formats import Report, read_complaint, read_dmarc, read_tls
from mailwarden.pipeline.feedback.unpack import LARGEST, ReportError, unpack

__all__ = ["Reading", "Report", "read_data", "read_reports"]

_OLD_US = 7 * 86_400_000_000  # a report comes within two days after the day it is about
_AGAIN = coded("MW6208", "it was read before")
_PARTS = 50  # of a message
_MOST_EFFORT = 20_000_000  # four seconds; of a mail of 40 MiB in lines of base64, 17 parts
_REPORT_TYPES = ("xml", "gzip", "zip", "json", "octet-stream")


class Reading(NamedTuple):
    """One thing that was looked at: a report, or why it is none. `digest` tells it again; `is_old`: it counts for nothing."""

    where: str
    digest: str
    report: Report | None
    fault: str = ""
    is_old: bool = False

    @property
    def is_report(self) -> bool:
        """Whether a report of ours stands there, new or not."""
        return self.report is not None or self.fault == _AGAIN


def read_reports(
    paths: Collection[Path],
    ours: Collection[str] = (),
    known: Container[str] = (),
    now_us: int = 0,
    wanted: Callable[[Path], bool] = lambda _: True,
) -> Iterator[Reading]:
    """Read all reports.

    Args:
        paths: Files (.xml, .gz, .zip, .json, .eml, mbox), folders of such, or Maildirs.
        ours: Our domains; reports about others are passed over. Empty: not known, all are taken.
        known: Digests of what was read before.
        now_us: Reports of what was long before that are old; 0: none is.
        wanted: Says whether a file is to be looked at.
    """
    seen: set[str] = set()
    for path in paths:
        for where, data in _pieces(path, wanted):
            yield from read_data(where, data, ours, known, seen, now_us)


def _pieces(path: Path, wanted: Callable[[Path], bool]) -> Iterator[tuple[str, bytes | ReportError]]:
    """Give what stands in a place, each with where."""
    try:
        if path.is_dir() and (path / "new").is_dir() and (path / "cur").is_dir():
            files = sorted(one for part in ("new", "cur") for one in (path / part).iterdir() if one.is_file())
        elif path.is_dir():
            files = sorted(one for one in path.iterdir() if one.is_file() and not one.name.startswith("."))
        elif not wanted(path):
            return
        elif _is_mbox(path):
            with closing(mailbox.mbox(path, create=False)) as box:
                yield from ((f"{path}#{number}", box.get_bytes(key)) for number, key in enumerate(box.keys(), 1))
            return
        else:
            files = [path]
    except OSError as error:
        yield str(path), ReportError(coded("MW6205", "{reason}", reason=reason(error)))
        return
    for file in files:
        try:
            if wanted(file):
                yield str(file), _content(file)
        except FileNotFoundError:  # moved meanwhile, as mail programs do from `new` to `cur`: found there next time
            continue
        except OSError as error:
            yield str(file), ReportError(coded("MW6205", "{reason}", reason=reason(error)))


def _content(file: Path) -> bytes | ReportError:
    size = file.stat().st_size
    if size > LARGEST:
        return ReportError(coded("MW6206", "{bytes} bytes are more than a report may have", bytes=size))
    return file.read_bytes()


def _is_mbox(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(5) == b"From "


def read_data(
    where: str,
    data: bytes | ReportError,
    ours: Collection[str],
    known: Container[str],
    seen: set[str],
    now_us: int = 0,
) -> Iterator[Reading]:
    """Read what one file or message holds; what is read is put into `seen`."""
    if isinstance(data, ReportError):
        yield Reading(where, "", None, data.said)
        return
    try:
        found = list(_reports(data))
    except ReportError as error:
        yield Reading(where, "", None, error.said)
        return
    if not found:
        yield Reading(where, "", None, coded("MW6206", "it holds no report"))
    for report in found:
        text = "\0".join((report.kind, report.organisation, report.id, report.domain))
        digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        if ours and not any(report.domain == one or report.domain.endswith("." + one) for one in ours):
            said = coded("MW6208", "it is about {domain}, which is not ours", domain=report.domain)
            yield Reading(where, digest, None, said)
        elif digest in seen or digest in known:
            yield Reading(where, digest, None, _AGAIN)
        else:
            seen.add(digest)
            yield Reading(where, digest, report, is_old=0 < report.until_us < now_us - _OLD_US)


def _reports(data: bytes) -> Iterator[Report]:
    head = data[:2000].lstrip(b"\xef\xbb\xbf \t\r\n")
    if data[:2] == b"\x1f\x8b" or data[:4] == b"PK\x03\x04" or head[:1] in (b"<", b"{"):
        for plain in unpack(data):
            yield _plain(plain)
        return
    try:
        yield from _attached(data)
    except (RecursionError, MemoryError):
        raise ReportError(coded("MW6206", "a message of parts within parts without end")) from None


def _effort(data: bytes) -> int:
    """Guess what it costs to take a message apart: of each line is asked whether it ends one of the parts around it."""
    lines = data.count(b"\n") + data.count(b"\r")
    return lines * (1 + data.count(b"\n--") + data.count(b"\r--"))


def _attached(data: bytes) -> Iterator[Report]:
    if _effort(data) > _MOST_EFFORT:
        raise ReportError(coded("MW6206", "a message of more lines and parts than a report has"))
    message = BytesParser(policy=policy.compat32).parsebytes(data)
    complaint = read_complaint(message)
    if complaint is not None:
        yield complaint
        return
    for number, part in enumerate(message.walk()):
        if number >= _PARTS:
            raise ReportError(coded("MW6206", "a message of more than {number} parts", number=_PARTS))
        attached = _attachment(part)
        if attached is not None:
            for plain in unpack(attached):
                yield _plain(plain)


def _attachment(part: Message) -> bytes | None:
    if part.is_multipart() or not any(word in part.get_content_type() for word in _REPORT_TYPES):
        return None
    try:
        held = part.get_payload(decode=True)
    except (ValueError, LookupError):
        return None
    return held if isinstance(held, bytes) and held else None


def _plain(data: bytes) -> Report:
    begin = data[:200].lstrip(b"\xef\xbb\xbf \t\r\n")
    if begin[:1] == b"{":
        return read_tls(data)
    if begin[:1] == b"<":
        return read_dmarc(data)
    raise ReportError(coded("MW6206", "it is neither XML nor JSON"))
