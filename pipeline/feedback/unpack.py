"""Take a report out of what it came in: plain, gzip or zip, within limits. Whoever has our address may send one."""

import io
import zipfile
import zlib

from mailwarden.parsers.errors import MailwardenError, coded

__all__ = ["LARGEST", "ReportError", "unpack"]

LARGEST = 32 * 1024 * 1024
"""Bytes of a report, unpacked; the largest senders' aggregates have a few MiB."""
_RATIO = 250  # deflate gives at most 1:1032; reports 1:10 to 1:40
_FREE = 1024 * 1024  # below it no ratio matters
_ENTRIES = 8
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}  # of the others zipfile unpacks gigabytes before it asks


class ReportError(MailwardenError):
    """A report that cannot be read, and why."""


def unpack(data: bytes) -> list[bytes]:
    """Give the reports that a file or attachment holds.

    Raises:
        ReportError: Truncated, encrypted, too large, or packed like a bomb.
    """
    if len(data) > LARGEST:
        raise ReportError(coded("MW6206", "{bytes} bytes are more than a report may have", bytes=len(data)))
    if data[:2] == b"\x1f\x8b":
        return [_gunzip(data)]
    if data[:4] == b"PK\x03\x04":
        return _unzip(data)
    return [data]


def _limit(packed: int) -> int:
    return min(LARGEST, max(_FREE, packed * _RATIO))


def _gunzip(data: bytes) -> bytes:
    limit = _limit(len(data))
    inflate = zlib.decompressobj(wbits=31)
    try:
        out = inflate.decompress(data, limit + 1)
    except zlib.error:
        raise ReportError(coded("MW6206", "the gzip data is damaged")) from None
    if len(out) > limit:
        raise ReportError(coded("MW6206", "it unpacks to far more than a report has"))
    if not inflate.eof:
        raise ReportError(coded("MW6206", "the gzip data is cut off"))
    return out


def _unzip(data: bytes) -> list[bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [one for one in archive.infolist() if not one.is_dir()]
            if len(entries) > _ENTRIES:
                raise ReportError(coded("MW6206", "a zip file of {number} files is no report", number=len(entries)))
            if any(one.flag_bits & 1 for one in entries):
                raise ReportError(coded("MW6206", "the zip file is encrypted"))
            if any(one.compress_type not in _METHODS for one in entries):
                raise ReportError(coded("MW6206", "the zip file is packed in a way that no report is"))
            found = []
            for one in entries:
                limit = _limit(one.compress_size)
                with archive.open(one) as file:
                    out = file.read(limit + 1)
                if len(out) > limit:
                    raise ReportError(coded("MW6206", "it unpacks to far more than a report has"))
                found.append(out)
            return found
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError):
        raise ReportError(coded("MW6206", "the zip file is damaged or cut off")) from None
