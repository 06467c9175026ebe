"""`mailwarden check`, as a site owner types it, against a real name server."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from unbound import unbound, zone

from mailwarden.pipeline.probes.blocklists import blocklists, question

pytestmark = pytest.mark.program("unbound")

OURS, BAD = "192.0.2.25", "192.0.2.66"
_LONG = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA"  # cut off, as a panel does


def _list(zone_: str, code: str, listed: list[str]) -> str:
    points = ["127.0.0.2", "test"] if "dbl" not in zone_ else ["dbltest.com"]
    records = [f"{question(subject, zone_)}. 60 IN A {code}" for subject in [*points, *listed]]
    if listed:
        records.append(f'{question(listed[0], zone_)}. 60 IN TXT "listed, see https://example.net/why"')
    return zone(zone_, "static", records)


def _zones() -> list[str]:
    zones = [zone(".", "static", [". 60 IN NS a.root.test."]), zone("invalid", "static")]
    good = [
        "good.test. 60 IN SOA ns.good.test. hostmaster.good.test. 1 3600 600 86400 60",
        "good.test. 60 IN MX 10 mx.good.test.",
        f'good.test. 60 IN TXT "v=spf1 ip4:{OURS} -all"',
        f"mx.good.test. 60 IN A {OURS}",
        '_dmarc.good.test. 60 IN TXT "v=DMARC1; p=reject; rua=mailto:dmarc@good.test"',
    ]
    bad = [
        "bad.test. 60 IN SOA ns.bad.test. hostmaster.bad.test. 1 3600 600 86400 60",
        "bad.test. 60 IN MX 10 mx.bad.test.",
        f'bad.test. 60 IN TXT "v=spf1 ip4:{BAD} +all"',
        f"mx.bad.test. 60 IN A {BAD}",
        f'mail._domainkey.bad.test. 60 IN TXT "v=DKIM1; p={_LONG}"',
        '_dmarc.bad.test. 60 IN TXT "v=DMARC1; p=reject; x=\\027[31mred"',
    ]
    zones += [zone("good.test", "static", good), zone("bad.test", "static", bad)]
    zones.append(zone("2.0.192.in-addr.arpa", "static", ["25.2.0.192.in-addr.arpa. 60 IN PTR mx.good.test."]))
    for one in blocklists():
        if one.zone in ("zen.spamhaus.org", "bl.spamcop.net"):
            zones.append(_list(one.zone, "127.0.0.4" if "zen" in one.zone else "127.0.0.2", [BAD]))
        elif one.zone == "dbl.spamhaus.org":
            zones.append(_list(one.zone, "127.0.1.2", ["bad.test"]))
        elif one.zone == "psbl.surriel.com":
            zones.append(zone(one.zone, "redirect", [f"{one.zone}. 60 IN A 127.255.255.254"]))
        elif "ip4" in one.kinds and not one.bits:
            code = "127.0.0.8" if one.zone == "bl.score.senderscore.com" else next(iter(one.codes)).partition("-")[0]
            zones.append(_list(one.zone, code, []))
    return zones


@pytest.fixture(scope="module")
def resolver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run one unbound for all of these tests."""
    with unbound(tmp_path_factory.mktemp("unbound"), _zones()) as port:
        yield f"127.0.0.1:{port}"


def _check(*arguments: str, language: str = "en") -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"LANG": f"{language}.UTF-8", "LC_ALL": f"{language}.UTF-8", "PYTHONUTF8": "1"}
    environment.pop("MAILWARDEN_CONFIG", None)
    command = [sys.executable, "-m", "mailwarden", "check", "--no-ports", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)


def test_a_domain_that_is_well(resolver: str) -> None:
    """The verdict is first, how sure it is second; what nobody can see is not called well."""
    done = _check("good.test", "--resolver", resolver)

    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert lines[0] == "✓ good.test: all that was seen is well."
    assert lines[1].startswith("Seen: 192.0.2.25 (from its SPF record); ")
    assert "block lists answered" in lines[1]
    assert any(line.startswith("? DKIM: the selector is not known") for line in lines)
    assert any(line.startswith("? PSBL") and "refuses to answer" in line for line in lines)
    assert "SPF, DMARC, MX, reverse name" in done.stdout


def test_a_domain_that_is_in_trouble(resolver: str) -> None:
    """Each fault has its meaning and its mend, the worst first; a list's removal comes after the cause."""
    done = _check("bad.test", "--resolver", resolver, "--selector", "mail", "--fail-on", "high")

    lines = done.stdout.splitlines()
    assert done.returncode == 1
    assert lines[0] == "● bad.test: 6 things are to be mended now."
    listed = [line for line in lines if "is on it" in line]
    assert len(listed) == 3
    assert listed[0].startswith("● Spamhaus ZEN  192.0.2.66 is on it: XBL: exploited or infected host")
    cause = next(place for place, line in enumerate(lines) if "find and stop what caused it" in line)
    removal = next(place for place, line in enumerate(lines) if "check.spamhaus.org" in line)
    assert cause < removal
    assert "DMARC asks receivers to reject what passes neither SPF nor DKIM" in done.stdout
    for said in ("lets the whole world send as bad.test", "cannot be read at", "has no reverse name"):
        assert said in done.stdout
    assert "\x1b" not in done.stdout


def test_the_same_in_japanese(resolver: str) -> None:
    """No sentence is left in English, and what is found is the same."""
    done = _check("bad.test", "--resolver", resolver, "--selector", "mail", language="ja_JP")

    lines = done.stdout.splitlines()
    assert lines[0] == "● bad.test：至急直すべき点が 6 件あります。"
    assert any("192.0.2.66 が登録されています：XBL：悪用または感染したホスト" in line for line in lines)
    assert "まず原因を見つけて止めてください" in done.stdout


def test_as_data(resolver: str) -> None:
    """One record a line: every check and every list, with state, reason and what to publish."""
    done = _check("bad.test", "--resolver", resolver, "--json", "--address", BAD)

    records = [json.loads(line) for line in done.stdout.splitlines()]
    by_check = {(one["check"], one["name"]): one for one in records}
    assert by_check[("spf", "bad.test")]["reason"] == "spf_pass_all"
    assert by_check[("spf", "bad.test")]["should"] == "v=spf1 ip4:192.0.2.66 ~all"
    zen = by_check[("blocklist", "zen.spamhaus.org")]
    assert (zen["state"], zen["severity"], zen["codes"]) == ("wrong", "critical", ["127.0.0.4"])
    assert by_check[("blocklist", "psbl.surriel.com")]["state"] == "no answer"
    assert {one["state"] for one in records} == {"ok", "wrong", "no answer"}


def test_a_domain_that_is_not_there(resolver: str) -> None:
    """One sentence; a list of missing records would only hide it."""
    done = _check("gone.test", "--resolver", resolver)

    assert done.stdout.splitlines()[0] == "● There is no domain gone.test."
    assert len(done.stdout.splitlines()) == 2


def test_no_resolver_is_not_no_domain(tmp_path: Path) -> None:
    """Where nobody answers, nothing is said of the domain, and it ends with 3."""
    done = _check("good.test", "--resolver", "127.0.0.1:9")

    assert done.returncode == 3
    assert done.stdout.splitlines()[0] == "? Nothing is known of good.test: no name server answers."
    assert "There is no domain" not in done.stdout


@pytest.mark.parametrize("domain", ["", "localhost", "a b.test", "-x", "x" * 300 + ".test", "\x1b[31m.test"])
def test_what_is_no_domain(domain: str) -> None:
    """It is a mistake of whoever typed it: told, and 2."""
    done = _check("--", domain)

    assert done.returncode == 2
    assert "\x1b" not in done.stderr
