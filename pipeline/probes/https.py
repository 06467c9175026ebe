"""Fetch one small text by HTTPS, as RFC 8461, section 3.3 asks: a valid certificate, no redirect, bounded in size and time."""

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field

__all__ = ["Fetched", "Web"]

_MOST_BYTES = 64 * 1024
_PATIENCE_S = 10.0
_HEAD = (
    "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: mailwarden\r\nAccept: text/plain\r\nConnection: close\r\n\r\n"
)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came back: the text, or why there is none (timeout, unreachable, certificate, nonsense, HTTP 404 …)."""

    text: str | None = None
    reason: str = ""
    said: str = ""  # the other side's words, or those of the certificate's check


@dataclass(frozen=True, slots=True)
class Web:
    """How web servers are reached: whom to trust, and at which port."""

    trust: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    port: int = 443

    async def fetch(self, host: str, path: str, addresses: Sequence[str]) -> Fetched:
        """Get a text from the first address that answers; never raises."""
        last = Fetched(reason="no address")
        for address in addresses:
            try:
                async with asyncio.timeout(_PATIENCE_S):
                    last = await self._fetch(host, path, address)
            except TimeoutError:
                last = Fetched(reason="timeout")
            except ssl.SSLCertVerificationError as error:
                return Fetched(reason="certificate", said=error.verify_message)
            except ssl.SSLError as error:
                last = Fetched(reason="tls", said=error.reason or "")
            except (OSError, EOFError):
                last = Fetched(reason="unreachable")
            except (ValueError, asyncio.LimitOverrunError):
                return Fetched(reason="nonsense")
            if last.text is not None or last.reason.startswith("HTTP"):
                return last
        return last

    async def _fetch(self, host: str, path: str, address: str) -> Fetched:
        reader, writer = await asyncio.open_connection(
            address, self.port, ssl=self.trust, server_hostname=host, limit=_MOST_BYTES
        )
        try:
            writer.write(_HEAD.format(path=path, host=host).encode("ascii"))
            await writer.drain()
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            status = head.split(" ", 2)[1]
            if not status.isdecimal():
                return Fetched(reason="nonsense")
            if status != "200":
                return Fetched(reason=f"HTTP {status[:3]}")
            body = await self._body(reader, head.lower())
            return Fetched(body.decode("utf-8")) if len(body) <= _MOST_BYTES else Fetched(reason="too big")
        finally:
            writer.transport.abort()  # what is too big is not waited for

    async def _body(self, reader: asyncio.StreamReader, head: str) -> bytes:
        if "transfer-encoding: chunked" not in head:
            return await _read(reader, _MOST_BYTES + 1)
        body = b""
        while len(body) <= _MOST_BYTES:
            size = int((await reader.readline()).split(b";")[0].strip() or b"0", 16)
            if size == 0:
                break
            body += await reader.readexactly(min(size, _MOST_BYTES + 1))
            await reader.readline()
        return body


async def _read(reader: asyncio.StreamReader, most: int) -> bytes:
    data = b""
    while len(data) < most and (piece := await reader.read(most - len(data))):
        data += piece
    return data
