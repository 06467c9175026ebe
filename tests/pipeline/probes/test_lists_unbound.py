"""The same with a real name server, which gives each refusal and fault as such servers do."""

import asyncio
from pathlib import Path

import pytest
from unbound import unbound, zone

from mailwarden.pipeline.probes.blocklists import Blocklist, blocklists, question
from mailwarden.pipeline.probes.lists import Round, look
from mailwarden.pipeline.probes.resolver import Resolver

pytestmark = pytest.mark.program("unbound")

TRIES_S = (0.5, 0.8)
LISTED, CLEAR = "192.0.2.66", "192.0.2.5"
LISTED6, CLEAR6 = "2001:db8::66", "2001:db8::5"
POINTS = ("127.0.0.2", "::ffff:7f00:2")


def _good(one: Blocklist, extra: str = "") -> str:
    code = "127.0.0.4" if "127.0.0.4" in one.codes else next(iter(one.codes)).partition("-")[0]
    code = code if one.zone != "bl.score.senderscore.com" else "127.0.0.8"
    names = [question(subject, one.zone) for subject in (LISTED, LISTED6, *POINTS)]
    records = [f"{name}. 60 IN A {code}" for name in names]
    records += [f'{question(LISTED, one.zone)}. 60 IN TXT "listed because of {one.name}"']
    return zone(one.zone, "static", records + ([extra] if extra else []))


def _ask(directory: Path, zones: list[str], lists: list[Blocklist], subjects: list[str]) -> Round:
    async def run(port: int) -> Round:
        return await look(Resolver([("127.0.0.1", port)], TRIES_S), lists, subjects)

    with unbound(directory, [*zones, zone("invalid", "static")]) as port:
        return asyncio.run(run(port))


ADDRESS_LISTS = [one for one in blocklists() if "ip4" in one.kinds and not one.only_with_key]


def test_what_a_real_server_lists(tmp_path: Path) -> None:
    """Each list's listing is found in both families, with its words; the neighbour is clear."""
    zones = [_good(one) for one in ADDRESS_LISTS]

    found = _ask(tmp_path, zones, ADDRESS_LISTS, [LISTED, CLEAR, LISTED6, CLEAR6])

    assert len(found.looks) == sum(2 * len(one.kinds) for one in ADDRESS_LISTS)
    for one in found.looks:
        assert one.judgement.state == ("listed" if one.subject in (LISTED, LISTED6) else "clear"), one
        if one.subject == LISTED:
            assert one.words == f"listed because of {one.list.name}"
    assert not found.rewritten


def test_every_way_to_refuse(tmp_path: Path) -> None:
    """One list each: refused, silent, dropped, wildcard, rewritten, empty, and Spamhaus's three codes."""
    kinds = {
        "refuse": ("refuse", []),
        "deny": ("deny", []),
        "static": ("static", []),
        "always_nxdomain": ("always_nxdomain", []),
        "always_nodata": ("always_nodata", []),
        "always_null": ("always_null", []),
        "world": ("redirect", ["127.0.0.2"]),
        "sold": ("redirect", ["203.0.113.80"]),
        "typo": ("redirect", ["127.255.255.252"]),
        "public": ("redirect", ["127.255.255.254"]),
        "often": ("redirect", ["127.255.255.255"]),
        "both": ("redirect", ["127.255.255.254", "127.0.0.4"]),
    }
    lists = ADDRESS_LISTS[: len(kinds)]
    zones = [
        zone(one.zone, kind, [f"{one.zone}. 60 IN A {value}" for value in values])
        for one, (kind, values) in zip(lists, kinds.values(), strict=True)
    ]

    found = _ask(tmp_path, zones, lists, [LISTED, CLEAR])

    assert len(found.looks) == 2 * len(kinds)
    assert {one.judgement.state for one in found.looks} == {"no answer"}
    reasons = {name: state.reason for name, state in zip(kinds, found.zones, strict=True) if state.kind == "ip4"}
    assert reasons == {
        "refuse": "not allowed",
        "deny": "timeout",
        "static": "silent",
        "always_nxdomain": "silent",
        "always_nodata": "silent",
        "always_null": "rewritten",
        "world": "lists everything",
        "sold": "rewritten",
        "typo": "refused",
        "public": "refused",
        "often": "refused",
        "both": "refused",
    }


def test_a_server_that_cannot_reach_a_list(tmp_path: Path) -> None:
    """SERVFAIL is no answer, though all other lists of the same round are believed."""
    lost, *others = ADDRESS_LISTS[:4]
    forward = f'forward-zone:\n  name: "{lost.zone}."\n  forward-addr: 127.0.0.1@1\n'

    async def run(port: int) -> Round:
        return await look(Resolver([("127.0.0.1", port)], TRIES_S), [lost, *others], [LISTED])

    with unbound(tmp_path, [_good(one) for one in others], forward) as port:
        found = asyncio.run(run(port))

    states = {one.list.zone: one.judgement.state for one in found.looks}
    assert states == {lost.zone: "no answer"} | {one.zone: "listed" for one in others}
    assert found.zones[0].reason == "servfail"
