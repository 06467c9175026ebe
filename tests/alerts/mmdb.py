"""Write a small MMDB file, for tests: what MaxMind DB File Format Specification 2.0 says, records of 24 bits."""

import ipaddress
import struct
from collections.abc import Mapping
from typing import Any, NamedTuple

__all__ = ["mmdb"]

_MARK = b"\xab\xcd\xefMaxMind.com"
_KINDS = {16: 5, 32: 6, 64: 9}  # of unsigned integers, by their bits; a reader insists on those of the metadata


class _Whole(NamedTuple):
    bits: int
    value: int


_Node = list[Any]  # two children: None, a node, or the bytes' place of a record


def mmdb(networks: Mapping[str, Mapping[str, Any]], kind: str) -> bytes:
    """Give the bytes of a database of networks (IPv4 and IPv6), each with its record."""
    root: _Node = [None, None]
    data = bytearray()
    for text, record in networks.items():
        _insert(root, text, len(data))
        data += _encode(record)
    nodes: list[_Node] = []
    _number(root, nodes)
    places = {id(node): place for place, node in enumerate(nodes)}
    tree = b"".join(_pointer(child, places, len(nodes)) for node in nodes for child in node)
    metadata = {
        "binary_format_major_version": _Whole(16, 2),
        "binary_format_minor_version": _Whole(16, 0),
        "build_epoch": _Whole(64, 1_700_000_000),
        "database_type": kind,
        "description": {"en": "networks for documentation"},
        "ip_version": _Whole(16, 6),
        "languages": ["en"],
        "node_count": _Whole(32, len(nodes)),
        "record_size": _Whole(16, 24),
    }
    return tree + bytes(16) + bytes(data) + _MARK + _encode(metadata)


def _insert(root: _Node, text: str, place: int) -> None:
    network = ipaddress.ip_network(text)
    length, value = network.prefixlen, int(network.network_address)
    if network.version == 4:  # IPv4 stands under ::/96
        length += 96
    bits = f"{value:0128b}"[:length]
    node = root
    for bit in bits[:-1]:
        if node[int(bit)] is None:
            node[int(bit)] = [None, None]
        node = node[int(bit)]
    node[int(bits[-1])] = place


def _number(node: _Node, nodes: list[_Node]) -> None:
    nodes.append(node)
    for child in node:
        if isinstance(child, list):
            _number(child, nodes)


def _pointer(child: Any, places: Mapping[int, int], count: int) -> bytes:
    if child is None:
        value = count
    elif isinstance(child, list):
        value = places[id(child)]
    else:
        value = count + 16 + child
    return value.to_bytes(3, "big")


def _encode(value: Any) -> bytes:
    if isinstance(value, str):
        raw = value.encode()
        return _head(2, len(raw)) + raw
    if isinstance(value, float):
        return _head(3, 8) + struct.pack(">d", value)
    if isinstance(value, int):
        value = _Whole(32, value)
    if isinstance(value, _Whole):
        raw = value.value.to_bytes((value.value.bit_length() + 7) // 8, "big")
        return _head(_KINDS[value.bits], len(raw)) + raw
    if isinstance(value, Mapping):
        return _head(7, len(value)) + b"".join(_encode(part) for pair in value.items() for part in pair)
    return _head(11, len(value)) + b"".join(map(_encode, value))


def _head(kind: int, size: int) -> bytes:
    """Give the control byte; kinds above 7 have a byte of their own, sizes from 29 on too (up to 284 here)."""
    first = bytes([(kind << 5 if kind <= 7 else 0) | min(size, 29)])
    return first + (bytes([kind - 7]) if kind > 7 else b"") + (bytes([size - 29]) if size >= 29 else b"")
