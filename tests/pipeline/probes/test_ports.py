"""Certificates and encryption of our own ports, by servers that speak the protocols with certificates made for it."""

import asyncio
import hashlib
import ssl
import time
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from certificates import Authority, Talk, hang, imap, implicit, nonsense, pop3, serving, smtp, smtp_without_tls, web
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from faults import Reply, answering
from said import complete, fold_of

from mailwarden.alerts.words.posture import REASONS
from mailwarden.pipeline.probes import ports
from mailwarden.pipeline.probes.dane import check_dane
from mailwarden.pipeline.probes.https import Web
from mailwarden.pipeline.probes.outcome import Outcome
from mailwarden.pipeline.probes.ports import PORTS, PortLook, Service, judge_port, look_at_port
from mailwarden.pipeline.probes.prober import line
from mailwarden.pipeline.probes.resolver import Resolver
from mailwarden.pipeline.probes.transport import check_mta_sts

HOST = "mx.example.org"
DAY = timedelta(days=1)
TALKS: dict[int, Talk] = {25: smtp, 465: implicit, 587: smtp, 110: pop3, 143: imap, 993: implicit, 995: implicit}


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Make somebody who vouches."""
    return Authority(tmp_path)


def _look(talk: Talk, context: ssl.SSLContext, service: Service, authority: Authority) -> PortLook:
    with serving(talk, context) as port:
        return asyncio.run(look_at_port(HOST, "127.0.0.1", port, service, authority.trust()))


def _judge(look: PortLook) -> list[tuple[str, str, str]]:
    assert all(complete(one) for one in judge_port(look, datetime.now(UTC)))
    return [(one.check, one.state, one.reason) for one in judge_port(look, datetime.now(UTC))]


@pytest.mark.parametrize("number", PORTS)
def test_each_protocol_shows_its_certificate(number: int, authority: Authority) -> None:
    """With and without STARTTLS, the certificate that is shown is the one that is judged."""
    look = _look(TALKS[number], authority.context(HOST), PORTS[number], authority)

    assert look.certificate is not None, look
    assert look.certificate.names == (HOST,)
    assert look.version in ("TLSv1.2", "TLSv1.3")
    assert _judge(look) == [("certificate", "ok", ""), ("tls", "ok", "")]


@pytest.mark.parametrize(
    ("ends_in", "reason"),
    [
        (15 * DAY, ""),
        (14 * DAY, "cert_ends_14"),
        (7 * DAY, "cert_ends_7"),
        (DAY, "cert_ends_1"),
        (timedelta(hours=2), "cert_ends_1"),
        (-timedelta(hours=1), "cert_expired"),
        (-100 * DAY, "cert_expired"),
    ],
)
def test_certificates_near_their_end(ends_in: timedelta, reason: str, authority: Authority) -> None:
    """INF-08: told at 14, 7 and 1 days, and when it is over."""
    look = _look(implicit, authority.context(HOST, ends_in=ends_in), PORTS[993], authority)

    told = judge_port(look, datetime.now(UTC))[0]

    assert told.reason == reason
    assert complete(told)
    assert told.now == (datetime.now(UTC) + ends_in).date().isoformat()


def test_people_hear_of_it_at_14_and_7_and_1_days() -> None:
    """Each is worse than the one before, and says the days that are left now; a renewal ends it silently."""
    days = [(14, "cert_ends_14"), (13, "cert_ends_14"), (7, "cert_ends_7"), (6, "cert_ends_7"), (1, "cert_ends_1")]
    lines = [
        line(0, "mx1", "posture", {
            "subject": HOST, "check": "certificate", "name": f"{HOST}:993", "state": "wrong", "reason": reason,
            "now": "2026-03-16", "should": "", "details": {"port": 993, "ends": "2026-03-16", "days": left},
        })
        for left, reason in days
    ]  # fmt: skip

    (incident,), notices = fold_of(*lines).incidents.drain()

    assert [(notice.kind, notice.incident.severity) for notice in notices] == [
        ("opened", "medium"),
        ("worse", "high"),
        ("worse", "critical"),
    ]
    assert [notice.incident.values["days"] for notice in notices] == [14, 7, 1]
    assert incident.title == REASONS["cert_ends_1"].what


def test_names_and_who_vouches(authority: Authority) -> None:
    """People's programs warn of both; between servers neither matters."""
    wild = _look(implicit, authority.context("*.example.org"), PORTS[993], authority)
    other = _look(implicit, authority.context("other.example.net"), PORTS[993], authority)
    itself = _look(implicit, authority.context(HOST, itself=True), PORTS[993], authority)
    between = _look(smtp, authority.context("other.example.net", itself=True), PORTS[25], authority)

    assert _judge(wild)[0] == ("certificate", "ok", "")
    assert _judge(other)[0] == ("certificate", "wrong", "cert_name")
    assert _judge(itself)[0] == ("certificate", "wrong", "cert_untrusted")
    assert "self" in itself.distrust
    assert _judge(between)[0] == ("certificate", "wrong", "cert_name_smtp")


def test_a_port_that_still_takes_old_versions(authority: Authority) -> None:
    """Mail programs may be talked down to what is broken."""
    context = authority.context(HOST)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        context.minimum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("DEFAULT:@SECLEVEL=0")

    look = _look(implicit, context, PORTS[993], authority)

    assert look.takes_old
    assert _judge(look)[1] == ("tls", "wrong", "tls_old")


@pytest.mark.parametrize(
    ("talk", "service", "told"),
    [
        (smtp_without_tls, PORTS[25], [("tls", "wrong", "tls_none")]),
        (hang, PORTS[25], [("certificate", "no answer", "no_answer")]),
        (hang, PORTS[993], [("certificate", "no answer", "no_answer")]),
        (nonsense, PORTS[25], [("certificate", "no answer", "no_answer")]),
        (nonsense, PORTS[993], [("certificate", "no answer", "no_answer")]),
        (nonsense, PORTS[995], [("certificate", "no answer", "no_answer")]),
    ],
)
def test_ports_that_do_not_speak_as_they_should(
    talk: Talk,
    service: Service,
    told: list[tuple[str, str, str]],
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No encryption is wrong; silence and nonsense are no answer, and cost no more than the patience for one."""
    monkeypatch.setattr(ports, "_PATIENCE_S", 0.5)
    began_s = time.monotonic()

    assert _judge(_look(talk, authority.context(HOST), service, authority)) == told
    assert time.monotonic() - began_s < 5


def test_a_closed_port_is_nothing_to_tell(authority: Authority) -> None:
    """What is not offered need not be encrypted."""
    with serving(implicit, authority.context(HOST)) as port:
        pass

    look = asyncio.run(look_at_port(HOST, "127.0.0.1", port, PORTS[993]))

    assert look.reason == "refused"
    assert _judge(look) == []


def test_dane(authority: Authority) -> None:
    """A record that fits is well, one that does not is wrong with the one to publish; without signatures nothing counts."""
    look = _look(smtp, authority.context(HOST), PORTS[25], authority)
    assert look.certificate is not None
    der = look.certificate.der
    key = x509.load_der_x509_certificate(der).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    fits = hashlib.sha256(key).hexdigest()
    records = {
        "fits": [f"3 1 1 {fits}"],
        "whole": [f"3 0 2 {hashlib.sha512(der).hexdigest()}"],
        "old and new": [f"3 1 1 {'0' * 64}", f"3 1 1 {fits}"],
        "stale": [f"3 1 1 {'0' * 64}"],
        "anchor": [f"2 1 1 {'0' * 64}"],
        "none": [],
    }

    async def run(port: int) -> Outcome | None:
        return await check_dane(Resolver([("127.0.0.1", port)], (3.0, 3.0)), HOST, look)

    def told(values: list[str], *, signed: bool = True) -> tuple[str, str] | None:
        with answering(
            lambda name, type_: values if type_ == "TLSA" else ["a.example. b.example. 1 1 1 1 1"]
        ) as server:
            server.authentic = signed
            found = asyncio.run(run(server.port))
        return (found.state, found.reason) if found else None

    assert {name: told(values) for name, values in records.items()} == {
        "fits": ("ok", ""),
        "whole": ("ok", ""),
        "old and new": ("ok", ""),
        "stale": ("wrong", "dane_mismatch"),
        "anchor": ("not checked", "dane_anchor"),
        "none": None,
    }
    assert told(records["fits"], signed=False) == ("not checked", "dane_no_validation")


POLICY = "version: STSv1\r\nmode: enforce\r\nmx: mx.example.org\r\nmx: *.example.net\r\nmax_age: 604800\r\n"


@pytest.mark.parametrize(
    ("talk", "state", "reason"),
    [
        (web(POLICY), "ok", ""),
        (web("", head="Transfer-Encoding: chunked\r\n"), "wrong", "mta_sts_policy"),
        (web(f"{len(POLICY):x}\r\n{POLICY}\r\n0\r\n\r\n", head="Transfer-Encoding: chunked\r\n"), "ok", ""),
        (web(POLICY.replace("mx.example.org", "old.example.org")), "wrong", "mta_sts_mx"),
        (
            web(POLICY.replace("mx.example.org", "old.example.org").replace("enforce", "testing")),
            "wrong",
            "mta_sts_mx_testing",
        ),
        (web(POLICY.replace("enforce", "testing")), "ok", "mta_sts_testing"),
        (web(POLICY.replace("604800", "60")), "wrong", "mta_sts_age"),
        (web(POLICY.replace("mode: enforce\r\n", "")), "wrong", "mta_sts_policy"),
        (web("<html>hello"), "wrong", "mta_sts_policy"),
        (web(POLICY, "404 Not Found"), "wrong", "mta_sts_fetch"),
        (web(POLICY, "301 Moved", "Location: https://elsewhere.example/\r\n"), "wrong", "mta_sts_fetch"),
        (web("x" * 200_000), "wrong", "mta_sts_fetch"),
        (web("\udcff".encode("utf-8", "surrogateescape").decode("latin-1")), "wrong", "mta_sts_policy"),
    ],
)
def test_mta_sts(talk: Talk, state: str, reason: str, authority: Authority) -> None:
    """The policy is fetched and compared with the hosts that take the mail; redirects and errors count as no policy."""
    records: dict[tuple[str, str], Reply] = {
        ("_mta-sts.example.org", "TXT"): ["v=STSv1; id=20260302"],
        ("mta-sts.example.org", "A"): ["127.0.0.1"],
        ("example.org", "MX"): ["10 mx.example.org.", "20 backup.example.net."],
    }

    async def run(port: int, web_port: int) -> Outcome:
        resolver = Resolver([("127.0.0.1", port)], (3.0, 3.0))
        return await check_mta_sts(resolver, "example.org", Web(authority.trust(), web_port))

    with (
        answering(lambda name, type_: records.get((name, type_))) as server,
        serving(talk, authority.context("mta-sts.example.org")) as web_port,
    ):
        told = asyncio.run(run(server.port, web_port))

    assert (told.state, told.reason) == (state, reason), told
    assert complete(told)


def test_mta_sts_with_a_certificate_that_does_not_hold(authority: Authority) -> None:
    """Others do not take the policy then, so it is told; a server that is down is no answer."""
    records: dict[tuple[str, str], Reply] = {
        ("_mta-sts.example.org", "TXT"): ["v=STSv1; id=1"],
        ("mta-sts.example.org", "A"): ["127.0.0.1"],
    }

    async def run(port: int, web_port: int) -> Outcome:
        resolver = Resolver([("127.0.0.1", port)], (3.0, 3.0))
        return await check_mta_sts(resolver, "example.org", Web(authority.trust(), web_port))

    with answering(lambda name, type_: records.get((name, type_))) as server:
        with serving(web(POLICY), authority.context("mta-sts.example.org", ends_in=-DAY)) as web_port:
            expired = asyncio.run(run(server.port, web_port))
        down = asyncio.run(run(server.port, web_port))

    assert (expired.state, expired.reason) == ("wrong", "mta_sts_fetch")
    assert "expired" in expired.details["why"]
    assert (down.state, down.details["why"]) == ("no answer", "unreachable")
