"""What is wrong with records is found, what is right is left alone, and what nobody answers is neither. By a real unbound."""

import asyncio
import base64
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from faults import answering
from said import complete
from unbound import unbound, zone

from mailwarden.alerts.words.posture import CHECKS, REASONS
from mailwarden.pipeline.probes.dkim import check_dkim
from mailwarden.pipeline.probes.dmarc import check_dmarc, organisation
from mailwarden.pipeline.probes.exchangers import check_mx
from mailwarden.pipeline.probes.https import Web
from mailwarden.pipeline.probes.outcome import Outcome
from mailwarden.pipeline.probes.posture import Gauge
from mailwarden.pipeline.probes.resolver import Resolver
from mailwarden.pipeline.probes.reverse import check_helo, check_ptr
from mailwarden.pipeline.probes.spf import check_spf, evaluate
from mailwarden.pipeline.probes.spf_record import SpfSyntaxError, parse
from mailwarden.pipeline.probes.transport import check_tls_rpt

pytestmark = pytest.mark.program("unbound")

OURS = "192.0.2.25"
NOW = datetime(2026, 3, 2, tzinfo=UTC)


def _txt(text: str) -> str:
    parts = [text[place : place + 255] for place in range(0, len(text), 255)] or [""]
    return "TXT " + " ".join(f'"{part}"' for part in parts)


SPF = {
    "good": (f"v=spf1 ip4:{OURS} -all", "ok", ""),
    "byname": ("v=spf1 a:mx.good.test mx ~all", "ok", ""),
    "redirected": ("v=spf1 redirect=good.test", "ok", ""),
    "capitals": (f"V=SPF1 IP4:{OURS} -ALL", "ok", ""),
    "macro": (f"v=spf1 exists:%{{i}}._spf.%{{d}} ip4:{OURS} -all", "ok", ""),
    "wide": ("v=spf1 ip4:192.0.2.0/24 -all", "ok", ""),
    "none": ("nothing of interest", "wrong", "spf_missing"),
    "almost": ("v=spf10 -all", "wrong", "spf_missing"),
    "forgets": ("v=spf1 ip4:198.51.100.7 -all", "wrong", "spf_left_out"),
    "softly": ("v=spf1 ip4:198.51.100.7 ~all", "wrong", "spf_left_out"),
    "typo": (f"v=spf1 ipv4:{OURS} -all", "wrong", "spf_syntax"),
    "badip": ("v=spf1 ip4:192.0.2.256 -all", "wrong", "spf_syntax"),
    "badcidr": ("v=spf1 a/33 -all", "wrong", "spf_syntax"),
    "twoends": ("v=spf1 redirect=a.test redirect=b.test", "wrong", "spf_syntax"),
    "world": (f"v=spf1 ip4:{OURS} +all", "wrong", "spf_pass_all"),
    "open": (f"v=spf1 ip4:{OURS}", "wrong", "spf_open_end"),
    "shrugs": (f"v=spf1 ip4:{OURS} ?all", "wrong", "spf_open_end"),
    "circle": ("v=spf1 include:circle2.test -all", "wrong", "spf_loop"),
    "circle2": ("v=spf1 include:circle.test -all", "wrong", "spf_loop"),
    "lost": ("v=spf1 include:nothere.good.test -all", "wrong", "spf_include"),
    "eleven": ("v=spf1 " + " ".join(f"a:a{n}.good.test" for n in range(11)) + " -all", "wrong", "spf_lookups"),
    "late": (
        f"v=spf1 ip4:{OURS} " + " ".join(f"a:a{n}.good.test" for n in range(11)) + " -all",
        "wrong",
        "spf_lookups_late",
    ),
    "deep": ("v=spf1 include:deep1.test -all", "wrong", "spf_lookups"),
    **{f"deep{n}": (f"v=spf1 include:deep{n + 1}.test -all", "wrong", "spf_lookups") for n in range(1, 3)},
    "void": (f"v=spf1 ip4:{OURS} a:x1.good.test a:x2.good.test a:x3.good.test -all", "wrong", "spf_void"),
}
CHAIN = [
    zone(f"deep{n}.test", "static", [f"deep{n}.test. 60 IN {_txt(f'v=spf1 include:deep{n + 1}.test -all')}"])
    for n in range(3, 14)
]
CHAIN.append(zone("deep14.test", "static", [f"deep14.test. 60 IN {_txt('v=spf1 -all')}"]))

DMARC = {
    "d-good": ("v=DMARC1; p=reject; rua=mailto:d@d-good.test", "ok", ""),
    "d-blanks": ("v = DMARC1 ; p = quarantine ; rua = mailto:a@d-blanks.test!10m", "ok", ""),
    "d-watch": ("v=DMARC1; p=none; rua=mailto:d@d-watch.test", "wrong", "dmarc_watches"),
    "d-blind": ("v=DMARC1; p=reject", "wrong", "dmarc_no_reports"),
    "d-typo": ("v=DMARC1; p=rejct; rua=mailto:d@d-typo.test", "wrong", "dmarc_syntax"),
    "d-nop": ("v=DMARC1; rua=mailto:d@d-nop.test", "wrong", "dmarc_syntax"),
    "d-twice": ("v=DMARC1; p=none; p=none", "wrong", "dmarc_syntax"),
    "d-mail": ("v=DMARC1; p=reject; rua=d@d-mail.test", "wrong", "dmarc_report_address"),
    "d-away": ("v=DMARC1; p=reject; rua=mailto:d@reports.test", "wrong", "dmarc_report_refused"),
    "d-agreed": ("v=DMARC1; p=reject; rua=mailto:d@reports.test", "ok", ""),
    "d-none": ("", "wrong", "dmarc_missing"),
}


def _key(bits: int) -> str:
    key = rsa.generate_private_key(65537, bits).public_key()
    return base64.b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def _ed25519() -> str:
    raw = ed25519.Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return base64.b64encode(raw).decode()


def _dkim() -> dict[str, tuple[str, str, str]]:
    whole = _key(2048)
    return {
        "k2048": (f"v=DKIM1; k=rsa; p={whole}", "ok", ""),
        "plain": (f"p={whole}", "ok", ""),
        "split": (f"v=DKIM1; p={whole[:100]} {whole[100:]}", "ok", ""),
        "ed": (f"v=DKIM1; k=ed25519; p={_ed25519()}", "ok", ""),
        "k1024": (f"v=DKIM1; p={_key(1024)}", "wrong", "dkim_short"),
        "k512": (f"v=DKIM1; p={_KEY_512}", "wrong", "dkim_too_short"),
        "gone": ("v=DKIM1; p=", "wrong", "dkim_revoked"),
        "cut": (f"v=DKIM1; p={whole[:180]}", "wrong", "dkim_syntax"),
        "trial": (f"v=DKIM1; t=y; p={whole}", "wrong", "dkim_testing"),
        "words": ("v=DKIM1; hello; p=x", "wrong", "dkim_syntax"),
        "two": (f"v=DKIM2; p={whole}", "wrong", "dkim_syntax"),
    }


_KEY_512 = (  # made by openssl genrsa 512, which cryptography no longer makes
    "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAN7y3FQcbRC7lQxDQSk+Cl7FhUKrZoetTDSjRYAWUE5XhwZU+bws2wbf3JsfH6JRN4CFMpIMVOywjbVENi4UIe0CAwEAAQ=="
)
KEYS = _dkim()


def _zones() -> list[str]:
    zones = [
        zone(name + ".test", "static", [f"{name}.test. 60 IN {_txt(record)}"])
        for name, (record, _, _) in SPF.items()
        if name != "good"
    ]
    a = [f"a{n}.good.test. 60 IN A 198.51.100.{n}" for n in range(11)]
    a += [
        f"mx.good.test. 60 IN A {OURS}",
        "good.test. 60 IN MX 10 mx.good.test.",
        f"good.test. 60 IN {_txt(SPF['good'][0])}",
    ]
    zones.append(
        zone("good.test", "static", [*a, '_smtp._tls.good.test. 60 IN TXT "v=TLSRPTv1; rua=mailto:t@good.test"'])
    )
    zones += CHAIN
    zones.append(
        zone(
            "several.test", "static", [f"several.test. 60 IN {_txt(text)}" for text in ("v=spf1 -all", "v=spf1 a -all")]
        )
    )
    for name, (record, _, _) in DMARC.items():
        zones.append(zone(f"{name}.test", "static", [f"_dmarc.{name}.test. 60 IN {_txt(record)}"] if record else []))
    zones.append(zone("reports.test", "static", ['d-agreed.test._report._dmarc.reports.test. 60 IN TXT "v=DMARC1"']))
    keys = [f"{selector}._domainkey.keys.test. 60 IN {_txt(record)}" for selector, (record, _, _) in KEYS.items()]
    zones.append(zone("keys.test", "static", keys))
    zones.append(zone("m-null.test", "static", ["m-null.test. 60 IN MX 0 ."]))
    zones.append(zone("m-bare.test", "static", [f"m-bare.test. 60 IN A {OURS}"]))
    zones.append(zone("m-none.test", "static"))
    zones.append(zone("m-lost.test", "static", ["m-lost.test. 60 IN MX 10 gone.m-lost.test."]))
    zones.append(
        zone(
            "2.0.192.in-addr.arpa",
            "static",
            [
                "25.2.0.192.in-addr.arpa. 60 IN PTR mx.good.test.",
                "26.2.0.192.in-addr.arpa. 60 IN PTR mx.good.test.",
                "27.2.0.192.in-addr.arpa. 60 IN PTR host-192-0-2-27.pool.test.",
                "28.2.0.192.in-addr.arpa. 60 IN PTR gone.good.test.",
            ],
        )
    )
    zones.append(zone("pool.test", "static", ["host-192-0-2-27.pool.test. 60 IN A 192.0.2.27"]))
    zones.append(zone("hung.test", "deny"))
    zones.append(zone("refused.test", "refuse"))
    return zones


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Run one unbound for all of these tests."""
    with unbound(tmp_path_factory.mktemp("unbound"), _zones()) as port:
        yield port


def _resolver(port: int, tries_s: tuple[float, ...] = (3.0, 3.0)) -> Resolver:
    return Resolver([("127.0.0.1", port)], tries_s)


@pytest.mark.parametrize("name", SPF)
def test_spf(port: int, name: str) -> None:
    """Each record is judged as receivers judge it, and what is wrong comes with the record to publish where one can be made."""
    _, state, reason = SPF[name]

    async def run() -> Outcome:
        return await check_spf(_resolver(port), f"{name}.test", [] if name.startswith(("deep", "circle")) else [OURS])

    told = asyncio.run(run())

    assert (told.state, told.reason) == (state, reason), told
    assert complete(told)
    if reason in ("spf_missing", "spf_left_out", "spf_pass_all", "spf_open_end"):
        parse(told.should)
        assert OURS in told.should


def test_spf_of_several_records(port: int) -> None:
    """Receivers take none, so it is as if there were none."""

    async def run() -> Outcome:
        return await check_spf(_resolver(port), "several.test", [OURS])

    told = asyncio.run(run())

    assert (told.reason, told.details["count"]) == ("spf_several", 2)


@pytest.mark.parametrize(
    ("record", "address", "result"),
    [
        ("v=spf1 ip4:192.0.2.0/24 -all", "192.0.2.9", "pass"),
        ("v=spf1 ip6:2001:db8::/32 -all", "2001:db8::9", "pass"),
        ("v=spf1 ip6:2001:db8::/32 ~all", "192.0.2.9", "softfail"),
        ("v=spf1 -ip4:192.0.2.9 +all", "192.0.2.9", "fail"),
        ("v=spf1 a:mx.good.test/24 -all", "192.0.2.9", "pass"),
        ("v=spf1 mx:good.test -all", OURS, "pass"),
        ("v=spf1 include:good.test -all", OURS, "pass"),
        ("v=spf1 include:forgets.test ?all", OURS, "neutral"),
        ("v=spf1 redirect=good.test", OURS, "pass"),
        ("v=spf1 unknown=x ip4:192.0.2.25 -all", OURS, "pass"),
        ("v=spf1 include:none.test -all", OURS, "permerror"),
        ("v=spf1 include:hung.test -all", OURS, "temperror"),
        ("v=spf1", OURS, "neutral"),
    ],
)
def test_what_receivers_make_of_an_address(port: int, record: str, address: str, result: str) -> None:
    """The mechanisms and what ends them (RFC 7208, 5)."""

    async def run() -> str:
        resolver = _resolver(port, (0.4, 0.4) if "hung" in record else (3.0, 3.0))
        return await evaluate(resolver, "own.test", record, address)

    assert asyncio.run(run()) == result


@pytest.mark.parametrize(
    "record",
    [
        "v=spf1 a:",
        "v=spf1 mx/x",
        "v=spf1 all:x",
        "v=spf1 include",
        "v=spf1 foo",
        "v=spf1 ip4:::1",
        "v=spf1 a:%{x}.y",
        "v=spf1 include:a b c",
        "v=spf1 exists:x/24",
        "v=spf1 " + "a " * 9000,
    ],
)
def test_a_record_that_cannot_be_read(record: str) -> None:
    """It is an error of its own, whatever stands in it."""
    with pytest.raises(SpfSyntaxError):
        parse(record)


@pytest.mark.parametrize("name", DMARC)
def test_dmarc(port: int, name: str) -> None:
    """Each record is judged, and what should stand there is given."""
    _, state, reason = DMARC[name]

    async def run(domain: str) -> Outcome:
        return await check_dmarc(_resolver(port), domain)

    told = asyncio.run(run(f"{name}.test"))
    below = asyncio.run(run(f"news.{name}.test"))

    assert (told.state, told.reason) == (state, reason), told
    assert complete(told)
    assert (below.state, below.reason) == (state, reason), "what lies below inherits it"


def test_who_registered_a_domain() -> None:
    """By the public suffix list; Japanese ones have three labels."""
    assert [organisation(name) for name in ("a.b.example.co.jp", "example.org", "x.example.org")] == [
        "example.co.jp",
        "example.org",
        "example.org",
    ]


@pytest.mark.parametrize("selector", KEYS)
def test_dkim(port: int, selector: str) -> None:
    """Each key is read, and measured."""
    _, state, reason = KEYS[selector]

    async def run() -> list[Outcome]:
        return await check_dkim(_resolver(port), "keys.test", [selector])

    (told,) = asyncio.run(run())

    assert (told.state, told.reason) == (state, reason), told
    assert complete(told)


def test_dkim_of_a_selector_that_nobody_knows(port: int) -> None:
    """A stated one that is not there is wrong; with none stated it is not known, and said so."""

    async def run(*selectors: str) -> list[Outcome]:
        return await check_dkim(_resolver(port), "keys.test", selectors)

    (stated,), (unknown,) = asyncio.run(run("nobody")), asyncio.run(run())

    assert (stated.state, stated.reason) == ("wrong", "dkim_missing")
    assert (unknown.state, unknown.reason) == ("not checked", "dkim_unknown")


def test_dkim_of_a_part_of_a_domain(port: int) -> None:
    """What the domain above signs for is aligned; a hint finds a key, and proves nothing where there is none."""

    async def run(domain: str, selectors: list[str], hints: list[str]) -> list[tuple[str, str]]:
        return [(one.state, one.reason) for one in await check_dkim(_resolver(port), domain, selectors, hints)]

    assert asyncio.run(run("news.keys.test", ["k2048"], [])) == [("ok", "")]
    assert asyncio.run(run("news.keys.test", ["nobody"], [])) == [("wrong", "dkim_missing")]
    assert asyncio.run(run("keys.test", [], ["k1024"])) == [("wrong", "dkim_short")]
    assert asyncio.run(run("keys.test", [], ["nobody"])) == [("not checked", "dkim_unknown")]


@pytest.mark.parametrize(
    ("domain", "reason"),
    [
        ("good", ""),
        ("m-bare", ""),
        ("m-null", "mx_null"),
        ("m-none", "mx_missing"),
        ("m-lost", "mx_no_address"),
    ],
)
def test_mx(port: int, domain: str, reason: str) -> None:
    """A domain that sends must be able to take answers."""

    async def run() -> Outcome:
        return await check_mx(_resolver(port), f"{domain}.test")

    told = asyncio.run(run())

    assert told.reason == reason
    assert complete(told)


def test_a_mail_host_that_is_an_alias() -> None:
    """It works with most, and RFC 2181 forbids it: told as minor, with the name to use."""
    records = {
        ("example.org", "MX"): ["10 mx.example.org."],
        ("mx.example.org", "A"): ["192.0.2.7"],
        ("mx.example.org", "CNAME"): ["host.example.net."],
    }

    async def run(port: int) -> Outcome:
        return await check_mx(Resolver([("127.0.0.1", port)], (3.0, 3.0)), "example.org")

    with answering(lambda name, type_: records.get((name, type_))) as server:
        told = asyncio.run(run(server.port))

    assert (told.reason, told.details["target"]) == ("mx_alias", "host.example.net")


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        (OURS, ""),
        ("192.0.2.26", "ptr_not_confirmed"),
        ("192.0.2.27", "ptr_generic"),
        ("192.0.2.28", "ptr_not_confirmed"),
        ("192.0.2.29", "ptr_missing"),
    ],
)
def test_reverse_names(port: int, address: str, reason: str) -> None:
    """The name must lead back, and not look like any customer's."""

    async def run() -> Outcome:
        return await check_ptr(_resolver(port), address, "mx.good.test")

    told = asyncio.run(run())

    assert told.reason == reason
    assert complete(told)
    assert told.should == ("mx.good.test" if reason else "")


@pytest.mark.parametrize(
    ("helo", "reason"),
    [
        ("mx.good.test", ""),
        ("localhost", "helo_no_name"),
        ("mail.local", "helo_no_name"),
        ("no.good.test", "helo_no_address"),
        ("a1.good.test", "helo_elsewhere"),
    ],
)
def test_helo_names(port: int, helo: str, reason: str) -> None:
    """What the server calls itself must be a name that leads to it."""

    async def run() -> Outcome:
        return await check_helo(_resolver(port), OURS, helo)

    told = asyncio.run(run())

    assert told.reason == reason
    assert complete(told)


@pytest.mark.parametrize("domain", ["hung.test", "refused.test"])
def test_what_nobody_answers_is_not_wrong(port: int, domain: str) -> None:
    """Every check of such a domain is without an answer; none is called wrong, none well."""

    async def run() -> list[Outcome]:
        return await Gauge(_resolver(port, (0.4, 0.4)), Web(), NOW).domain(domain, [OURS], ["mail"])

    told = asyncio.run(run())

    assert {one.check for one in told} == {"spf", "dkim", "dmarc", "mx", "mta_sts", "tls_rpt"}
    assert {one.state for one in told} == {"no answer"}


@pytest.mark.parametrize(
    "fault", ["servfail", "refused", "garbage", "hang", "loop", "short", "wrong id", "truncate and hang"]
)
def test_faults_of_name_servers_are_no_faults_of_records(fault: str) -> None:
    """Whatever a server does wrong, no record is called missing."""

    async def run(port: int) -> list[Outcome]:
        gauge = Gauge(Resolver([("127.0.0.1", port)], (0.1, 0.1)), Web(), NOW)
        return [*await gauge.domain("example.org", [OURS], ["mail"]), *await gauge.address(OURS, "mx.example.org")]

    with answering(lambda name, type_: fault) as server:
        told = asyncio.run(run(server.port))

    assert len(told) == 8
    assert {one.state for one in told} == {"no answer"}, told


def test_a_resolver_that_knows_nothing_is_not_believed() -> None:
    """One that says "no such name" to everything does not even know the root; nothing is called missing because of it."""

    async def run(port: int) -> tuple[bool, Outcome]:
        resolver = Resolver([("127.0.0.1", port)], (0.2, 0.2))
        return await resolver.prove(), await check_spf(resolver, "example.org")

    with answering(lambda name, type_: None) as server:
        is_proved, told = asyncio.run(run(server.port))

    assert not is_proved
    assert (told.state, told.details["why"]) == ("no answer", "no root")


def test_tls_rpt(port: int) -> None:
    """Reports go somewhere, or none are asked for."""

    async def run(domain: str) -> Outcome:
        return await check_tls_rpt(_resolver(port), domain)

    assert [(told.state, told.reason) for told in (asyncio.run(run("good.test")), asyncio.run(run("world.test")))] == [
        ("ok", ""),
        ("ok", "tls_rpt_absent"),
    ]


def test_an_enforced_policy_with_nothing_to_rest_on() -> None:
    """p=reject while neither SPF nor DKIM is in order loses the domain's own mail."""
    records = {
        ("_dmarc.example.org", "TXT"): ["v=DMARC1; p=reject; rua=mailto:d@example.org"],
        ("mail._domainkey.example.org", "TXT"): ["v=DKIM1; p="],
    }

    async def run(port: int) -> list[Outcome]:
        gauge = Gauge(Resolver([("127.0.0.1", port)], (3.0, 3.0)), Web(), NOW)
        return await gauge.domain("example.org", [OURS], ["mail"])

    with answering(lambda name, type_: records.get((name, type_))) as server:
        told = asyncio.run(run(server.port))

    assert "dmarc_unaligned" in [one.reason for one in told]


def test_every_reason_has_words() -> None:
    """What checks may say is what people can be told; nothing else is."""
    said = [reason for _, _, reason in [*SPF.values(), *DMARC.values(), *KEYS.values()] if reason]

    assert set(said) <= set(REASONS)
    assert {reason.partition("_")[0] for reason in REASONS} - {"no", "cert", "smarthost"} <= {
        name.partition("_")[0] for name in CHECKS
    }
