"""A name server on loopback that gives every fault that no real server would give on demand."""

import asyncio
import contextlib
import ipaddress
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any, Literal

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

Records = list[str]
"""Values of the type asked for; `CNAME name` for an alias."""
Reply = Records | None | Literal["hang", "servfail", "refused", "formerr", "truncate", "truncate and hang"] | str
"""Records; None: no such name; [] no such record; or the name of a fault."""
Script = Callable[[str, str], Reply]
"""What to answer for a name (lower case, no last dot) and a type."""

_TTL_S = 60


class FaultyServer:
    """Answers by UDP and TCP as its script says; counts what was asked."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.asked: list[tuple[str, str]] = []
        self.port = 0
        self.authentic = False  # claims that DNSSEC proves what it says
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "FaultyServer":
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._start())
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self._stop())
        self._loop.close()

    async def _start(self) -> None:
        while True:
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            udp.bind(("127.0.0.1", 0))
            self.port = udp.getsockname()[1]
            try:
                self._tcp = await asyncio.start_server(self._stream, "127.0.0.1", self.port)
            except OSError:  # the port is taken for TCP: another one
                udp.close()
                continue
            self._udp, _ = await self._loop.create_datagram_endpoint(lambda: _Datagrams(self), sock=udp)
            return

    async def _stop(self) -> None:
        self._udp.close()
        self._tcp.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)

    async def _stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            size = int.from_bytes(await reader.readexactly(2), "big")
            data = self.answer(await reader.readexactly(size), by_tcp=True)
            if data is not None:
                writer.write(len(data).to_bytes(2, "big") + data)
                await writer.drain()
            else:
                await asyncio.sleep(30)
        writer.close()

    def answer(self, wire: bytes, *, by_tcp: bool) -> bytes | None:
        """Give the reply to a question; None for silence."""
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        type_ = dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, type_))
        said = self.script(name, type_)
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA | (dns.flags.AD if self.authentic else 0)
        if said is None:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        elif isinstance(said, str):
            return self._fault(said, query, reply, by_tcp=by_tcp)
        else:
            _fill(reply, question.name, type_, said)
        return reply.to_wire(max_size=65535)

    def _fault(
        self, fault: str, query: dns.message.Message, reply: dns.message.Message, *, by_tcp: bool
    ) -> bytes | None:
        name = query.question[0].name
        if fault == "hang":
            return None
        if fault in ("servfail", "refused", "formerr", "notimp"):
            reply.set_rcode(dns.rcode.from_text(fault.upper()))
        elif fault == "garbage":
            return b"\xff\x00 this is no message \x00" * 3
        elif fault == "short":
            _fill(reply, name, "A", ["127.0.0.2"])
            return reply.to_wire()[:-7]
        elif fault == "wrong id":
            _fill(reply, name, "A", ["127.0.0.2"])
            reply.id ^= 0x5555
        elif fault == "wrong question":
            other = dns.message.make_response(dns.message.make_query("other.example.", "A"))
            _fill(other, dns.name.from_text("other.example."), "A", ["127.0.0.2"])
            other.id = query.id
            return other.to_wire()
        elif fault == "other owner":  # an answer to what nobody asked
            _fill(reply, dns.name.from_text("other.example."), "A", ["127.0.0.2"])
        elif fault == "loop":
            first, second = name, dns.name.from_text("loop.example.")
            reply.answer.append(dns.rrset.from_text(first, _TTL_S, "IN", "CNAME", second.to_text()))
            reply.answer.append(dns.rrset.from_text(second, _TTL_S, "IN", "CNAME", first.to_text()))
        elif fault == "compression loop":
            return query.to_wire()[:2] + b"\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00" + b"\xc0\x0c" * 2 + b"\x00\x01" * 6
        elif fault == "empty message":
            return b""
        elif fault.startswith("truncate"):
            if by_tcp and fault == "truncate and hang":
                return None
            if by_tcp:
                _fill(reply, name, "A", ["127.0.0.2"])
            else:
                reply.flags |= dns.flags.TC
        else:
            raise AssertionError(f"no fault {fault}")
        return reply.to_wire(max_size=65535)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: FaultyServer) -> None:
        self._server = server

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        reply = self._server.answer(data, by_tcp=False)
        if reply is not None:
            self._transport.sendto(reply, addr)


def _fill(reply: dns.message.Message, name: dns.name.Name, type_: str, values: Records) -> None:
    aliases = [value.removeprefix("CNAME ") for value in values if value.startswith("CNAME ")]
    for alias in aliases:
        reply.answer.append(dns.rrset.from_text(name, _TTL_S, "IN", "CNAME", alias))
    rest = [value for value in values if not value.startswith("CNAME ")]
    if type_ == "TXT":
        rest = [" ".join(f'"{value[i : i + 255]}"' for i in range(0, max(len(value), 1), 255)) for value in rest]
    if type_ == "A":
        rest = [value for value in rest if ipaddress.ip_address(value).version == 4]
    if rest:
        reply.answer.append(dns.rrset.from_text_list(name, _TTL_S, "IN", type_, rest))


@contextlib.contextmanager
def answering(script: Script) -> Iterator[FaultyServer]:
    """Run a server while the block lasts."""
    with FaultyServer(script) as server:
        yield server
