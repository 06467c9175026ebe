"""Over every list, every kind of subject and every fault: what is listed is found, and nothing else is called so."""

import asyncio
import ipaddress
import time
from collections.abc import Callable

import pytest
from faults import Reply, answering

from mailwarden.pipeline.probes.blocklists import Blocklist, Kind, blocklists, question
from mailwarden.pipeline.probes.lists import Round, look
from mailwarden.pipeline.probes.resolver import Resolver

TRIES_S = (0.15, 0.25)  # where nothing may come
PATIENT_S = (3.0, 3.0)  # where everything comes, however busy the machine is
LISTED: dict[Kind, str] = {"ip4": "192.0.2.66", "ip6": "2001:db8::66", "domain": "spam.example.org"}
CLEAR: dict[Kind, str] = {"ip4": "192.0.2.5", "ip6": "2001:db8::5", "domain": "example.org"}
POINTS: dict[Kind, tuple[str, str]] = {
    "ip4": ("127.0.0.2", "127.0.0.1"),
    "ip6": ("::ffff:7f00:2", "::ffff:7f00:1"),
    "domain": ("test", "invalid"),
}
KEYS = {"spamhaus": "k3ysecret", "abusix": "an0thersecret"}
LISTS = [(one, kind) for one in blocklists() for kind in one.kinds]


def code_of(one: Blocklist) -> str:
    """Give a code that the list describes as a listing."""
    if one.bits:
        return f"127.0.0.{max(one.bits)}"
    return next(iter(one.codes)).partition("-")[0] if one.zone != "bl.score.senderscore.com" else "127.0.0.4"


Behaviour = Callable[[Blocklist, Kind, str, str], Reply]
"""What a list answers for a name below its zone and a type: a fault, or as a good list does."""


def good(one: Blocklist, kind: Kind, name: str, type_: str) -> Reply:
    """Answer as a list that works."""
    listed = [question(subject, "") for subject in (LISTED[kind], POINTS[kind][0])]
    if f"{name}." not in listed:
        return None
    return [code_of(one)] if type_ == "A" else ["listed, see https://example.net/?why"]


def always(reply: Reply) -> Behaviour:
    """Answer everything alike."""
    return lambda one, kind, name, type_: reply


def but_for_tests(reply: Reply) -> Behaviour:
    """Pass the self-test, and answer the real questions with a fault."""

    def behave(one: Blocklist, kind: Kind, name: str, type_: str) -> Reply:
        if f"{name}." in [question(point, "") for point in POINTS[kind]]:
            return good(one, kind, name, type_)
        return reply

    return behave


FAULTS: dict[str, Behaviour] = {
    "NXDOMAIN for everything": always(None),
    "nothing for everything": always([]),
    "lists the world": always(["127.0.0.2"]),
    "rewritten": always(["203.0.113.80"]),
    "rewritten to 0.0.0.0": always(["0.0.0.0"]),
    "rewritten to loopback": always(["127.0.0.1"]),
    "public resolver": always(["127.255.255.254"]),
    "too many questions": always(["127.255.255.255"]),
    "wrong zone": always(["127.255.255.252"]),
    "a refusal with a listing": always(["127.0.0.2", "127.255.255.254"]),
    "an address with a listing": always(["127.0.0.2", "203.0.113.80"]),
    **{
        fault: always(fault)
        for fault in (
            "hang",
            "servfail",
            "refused",
            "formerr",
            "notimp",
            "garbage",
            "short",
            "wrong id",
            "wrong question",
            "other owner",
            "loop",
            "compression loop",
            "empty message",
            "truncate and hang",
        )
    },
    **{
        f"{name}, the self-test passed": but_for_tests(reply)
        for name, reply in {
            "hang": "hang",
            "servfail": "servfail",
            "refused": "refused",
            "public resolver": ["127.255.255.254"],
            "too many questions": ["127.255.255.255"],
            "rewritten": ["203.0.113.80"],
            "a listing and an address": ["127.0.0.2", "203.0.113.80"],
            "a code that nobody knows": ["127.0.7.77"],
            "nothing": [],
            "garbage": "garbage",
            "loop": "loop",
            "an alias to nowhere": ["CNAME nowhere.example."],
        }.items()
    },
}


def ask(behave: Behaviour, lists: list[Blocklist], subjects: list[str], tries_s: tuple[float, ...] = TRIES_S) -> Round:
    """Ask lists whose servers behave so."""
    zones = [(one.asked_at(KEYS) or "", one) for one in lists]

    def script(name: str, type_: str) -> Reply:
        for zone, one in zones:
            if name.endswith(f".{zone}"):
                below = name.removesuffix(f".{zone}")
                labels = below.split(".")
                kind: Kind = "ip6" if len(labels) == 32 else "ip4" if labels[-1].isdigit() else "domain"
                return behave(one, kind, below, type_)
        return None

    with answering(script) as server:
        resolver = Resolver([("127.0.0.1", server.port)], tries_s)
        return asyncio.run(_look(resolver, lists, subjects))


async def _look(resolver: Resolver, lists: list[Blocklist], subjects: list[str]) -> Round:
    return await look(resolver, lists, subjects, KEYS)


SUBJECTS = [*LISTED.values(), *CLEAR.values()]


def test_there_are_cases_enough() -> None:
    """The numbers that this file stands for: each list, kind, fault and truth is a case."""
    assert len(LISTS) * len(FAULTS) * 2 >= 400
    assert sum(one.weight > 0 and "ip4" in one.kinds for one in blocklists()) >= 15


def test_all_that_is_listed_is_found_and_nothing_else() -> None:
    """On lists that work, each address and domain is what its list says, with the list's words."""
    found = ask(good, list(blocklists()), SUBJECTS, PATIENT_S)

    assert len(found.looks) == len(LISTS) * 2
    for one in found.looks:
        assert one.judgement.state == ("listed" if one.subject in LISTED.values() else "clear"), one
        if one.judgement.state == "listed":
            assert one.judgement.means and one.words.startswith("listed, see"), one
    assert [zone for zone in found.zones if zone.reason] == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_list_that_fails_says_nothing(fault: str) -> None:
    """Whatever goes wrong, it is neither "listed" nor "clear"; and it is said which list is blind."""
    found = ask(FAULTS[fault], list(blocklists()), SUBJECTS)

    assert len(found.looks) == len(LISTS) * 2
    wrong = [one for one in found.looks if one.judgement.state != "no answer"]
    assert wrong == []
    assert all(one.judgement.reason for one in found.looks)
    if "self-test passed" not in fault:
        assert all(zone.reason for zone in found.zones)


def test_truncated_answers_are_asked_for_again_by_tcp() -> None:
    """What does not fit a datagram is no fault."""

    def behave(one: Blocklist, kind: Kind, name: str, type_: str) -> Reply:
        if type_ != "A":
            return ["words " * 300]
        said = good(one, kind, name, type_)
        return "truncate" if said is not None and code_of(one) == "127.0.0.2" else said

    lists = [one for one in blocklists() if code_of(one) == "127.0.0.2"]
    found = ask(behave, lists, [LISTED["ip4"], CLEAR["ip4"]], PATIENT_S)

    assert {one.judgement.state for one in found.looks if one.subject == LISTED["ip4"]} == {"listed"}
    assert {one.judgement.state for one in found.looks if one.subject == CLEAR["ip4"]} == {"clear"}
    assert max(len(one.words) for one in found.looks) == 200


def test_a_list_that_answers_nothing_for_what_it_does_not_list() -> None:
    """Its self-test shows that an empty answer is its way to say "not listed"."""

    def behave(one: Blocklist, kind: Kind, name: str, type_: str) -> Reply:
        return good(one, kind, name, type_) or []

    found = ask(behave, list(blocklists()), [CLEAR["ip4"], LISTED["ip4"]], PATIENT_S)

    assert {one.judgement.state for one in found.looks if one.subject == CLEAR["ip4"]} == {"clear"}
    assert {one.judgement.state for one in found.looks if one.subject == LISTED["ip4"]} == {"listed"}


def test_every_code_and_bit_that_is_described() -> None:
    """Each is a listing with its meaning; ranges count at both ends, and not beyond."""
    from mailwarden.pipeline.probes.resolver import Answer

    for one in blocklists():
        for key, code in one.codes.items():
            start, _, end = key.partition("-")
            ends = [start, f"{start.rpartition('.')[0]}.{end}"] if end else [start]
            for text in ends:
                judgement = one.judge(Answer("", "A", "found", (text,)))
                assert (judgement.state, judgement.means) == ("listed", (code.means,)), (one.zone, text)
        for bit, means in one.bits.items():
            assert one.judge(Answer("", "A", "found", (f"127.0.0.{bit}",))).means == (means,)
            assert one.judge(Answer("", "A", "found", (f"127.0.0.{bit | 1}",))).state == "no answer"
        for refusal in one.refusals:
            assert one.judge(Answer("", "A", "found", (refusal,))).reason == "refused", one.zone
        for text in one.good:
            assert one.judge(Answer("", "A", "found", (text,))).state == "clear"
        assert one.judge(Answer("", "A", "found", ("127.9.9.9",))).state == "no answer"


def test_the_worst_code_weighs() -> None:
    """A policy range alone weighs less than a listing for spam; both together weigh as the worse."""
    from mailwarden.pipeline.probes.resolver import Answer

    zen = blocklists()[0]

    assert zen.judge(Answer("", "A", "found", ("127.0.0.11",))).weight == 0.8
    assert zen.judge(Answer("", "A", "found", ("127.0.0.11", "127.0.0.3"))).weight == 1.0


def test_fifteen_lists_and_four_addresses_within_five_seconds_with_two_hanging() -> None:
    """With the patience that people have, and not with that of these tests."""
    lists = sorted((one for one in blocklists() if "ip4" in one.kinds), key=lambda one: -one.weight)[:15]
    hanging = {lists[3].zone, lists[11].zone}
    addresses = [str(ipaddress.ip_address("192.0.2.64") + number) for number in range(4)]

    def behave(one: Blocklist, kind: Kind, name: str, type_: str) -> Reply:
        return "hang" if one.zone in hanging else good(one, kind, name, type_)

    began_s = time.monotonic()
    found = ask(behave, lists, addresses, (1.2, 1.8))
    took_s = time.monotonic() - began_s

    assert took_s < 5
    assert len(found.looks) == 60
    for one in found.looks:
        listed = "listed" if one.subject == LISTED["ip4"] else "clear"
        assert one.judgement.state == ("no answer" if one.list.zone in hanging else listed)


def test_a_key_is_asked_with_and_never_shown() -> None:
    """It is in the question alone, even where a list repeats the question in its words."""
    asked: list[str] = []

    def behave(one: Blocklist, kind: Kind, name: str, type_: str) -> Reply:
        asked.append(one.zone)
        said = good(one, kind, name, type_)
        return said if type_ == "A" or said is None else [f"see {name}.{one.asked_at(KEYS)}"]

    found = ask(behave, list(blocklists()), SUBJECTS, PATIENT_S)

    assert "combined.mail.abusix.zone" in asked
    for secret in KEYS.values():
        assert secret not in repr(found)


def test_without_a_key_what_needs_one_is_left_out() -> None:
    """It is not asked in vain, and the others are asked at their public zones."""

    def script(name: str, type_: str) -> Reply:
        return None

    async def run(port: int) -> Round:
        return await look(Resolver([("127.0.0.1", port)], TRIES_S), blocklists(), ["192.0.2.5"])

    with answering(script) as server:
        found = asyncio.run(run(server.port))
        asked = {name for name, _ in server.asked}

    assert "combined.mail.abusix.zone" not in {zone.list.zone for zone in found.zones}
    assert "2.0.0.127.zen.spamhaus.org" in asked


def test_a_resolver_that_makes_up_addresses_is_found_out() -> None:
    """It answers for a name that cannot exist."""

    async def run(port: int) -> Round:
        return await look(Resolver([("127.0.0.1", port)], TRIES_S), blocklists()[:2], ["192.0.2.5"])

    with answering(lambda name, type_: ["203.0.113.80"]) as server:
        assert asyncio.run(run(server.port)).rewritten


def test_nobody_to_ask() -> None:
    """A machine without a resolver knows nothing, at once."""

    async def run() -> Round:
        return await look(Resolver([]), blocklists(), SUBJECTS)

    found = asyncio.run(run())

    assert {one.judgement.state for one in found.looks} == {"no answer"}
    assert {one.judgement.reason for one in found.looks} == {"no resolver"}
