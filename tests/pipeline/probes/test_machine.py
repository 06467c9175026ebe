"""What a machine's own files say, and which of its settings are judged."""

import asyncio
from pathlib import Path

import pytest
from faults import Reply, answering
from said import complete

from mailwarden.alerts.facts.ours import Learned
from mailwarden.alerts.facts.site import Site
from mailwarden.pipeline.probes.machine import Machine, lists_asked, read_machine
from mailwarden.pipeline.probes.outcome import Outcome
from mailwarden.pipeline.probes.resolver import Resolver
from mailwarden.pipeline.probes.server_settings import judge_settings
from mailwarden.pipeline.probes.settings import ProbesSetting
from mailwarden.pipeline.probes.subjects import Subjects, find_subjects

_POSTFIX = {
    "smtpd_client_auth_rate_limit": "0",
    "smtpd_client_connection_rate_limit": "0",
    "inet_interfaces": "all",
    "smtpd_sasl_auth_enable": "yes",
    "smtpd_tls_auth_only": "no",
    "smtpd_tls_security_level": "may",
}


def _judged(tmp_path: Path, name: str, text: str) -> list[tuple[str, str]]:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    found: list[Outcome] = list(lists_asked(tmp_path, "mx1"))
    return [(one.details["zone"], one.reason) for one in found]


@pytest.mark.parametrize(
    ("text", "judged"),
    [
        ("smtpd_recipient_restrictions = permit_mynetworks, reject_rbl_client zen.spamhaus.org, permit\n",
         [("zen.spamhaus.org", "lists_unfiltered")]),
        ("smtpd_client_restrictions =\n  reject_rbl_client zen.spamhaus.org=127.0.0.[2..11],\n  permit\n",
         [("zen.spamhaus.org", "")]),
        ("smtpd_client_restrictions = reject_rbl_client bl.spamcop.net\n", [("bl.spamcop.net", "")]),
        ("smtpd_client_restrictions = reject_rbl_client dnsbl.sorbs.net,\n  reject_rbl_client ix.dnsbl.manitu.net\n",
         [("dnsbl.sorbs.net", "lists_dead"), ("ix.dnsbl.manitu.net", "lists_dead")]),
        ("# reject_rbl_client relays.ordb.org\n", []),
        ("x = reject_rbl_client relays.ordb.org\n", [("relays.ordb.org", "lists_dead_all")]),
        ("postscreen_dnsbl_sites = zen.spamhaus.org=127.0.0.[2..11]*3\n  b.barracudacentral.org*2 dnsbl.sorbs.net\n",
         [("zen.spamhaus.org", ""), ("b.barracudacentral.org", ""), ("dnsbl.sorbs.net", "lists_dead")]),
        ("smtpd_sender_restrictions = reject_rhsbl_sender dbl.spamhaus.org\n", [("dbl.spamhaus.org", "lists_unfiltered")]),
        ("myhostname = mx.example.org\nmydestination = example.org\n", []),
    ],
)  # fmt: skip
def test_lists_in_the_configuration_of_postfix(tmp_path: Path, text: str, judged: list[tuple[str, str]]) -> None:
    """CFG-04 and CFG-05: lists that ended, and lists whose refusals would count as listings."""
    assert _judged(tmp_path, "etc/postfix/main.cf", text) == judged


def test_lists_in_the_configuration_of_exim(tmp_path: Path) -> None:
    """Its `dnslists` names several, parted by colons."""
    text = "deny message = listed\n     dnslists = zen.spamhaus.org : dnsbl.njabl.org\n"

    assert _judged(tmp_path, "etc/exim4/exim4.conf.template", text) == [
        ("zen.spamhaus.org", ""),
        ("dnsbl.njabl.org", "lists_dead"),
    ]


@pytest.mark.parametrize(
    ("postfix", "dovecot", "reasons"),
    [
        ({}, {}, []),
        (_POSTFIX, {}, ["settings_no_limits", "settings_plaintext"]),
        (_POSTFIX | {"smtpd_client_auth_rate_limit": "20"}, {}, ["", "settings_plaintext"]),
        (_POSTFIX | {"smtpd_tls_auth_only": "yes"}, {}, ["settings_no_limits", ""]),
        (_POSTFIX | {"smtpd_tls_security_level": "encrypt"}, {}, ["settings_no_limits", ""]),
        (_POSTFIX | {"smtpd_sasl_auth_enable": "no"}, {}, ["settings_no_limits"]),
        (_POSTFIX | {"inet_interfaces": "loopback-only"}, {}, []),
        ({}, {"auth_verbose": "no", "disable_plaintext_auth": "yes"}, ["settings_log_detail", ""]),
        ({}, {"auth_verbose": "yes", "disable_plaintext_auth": "no"}, ["", "settings_plaintext"]),
        ({}, {"auth_allow_cleartext": "yes"}, ["settings_plaintext"]),
        ({}, {"auth_allow_cleartext": "no"}, [""]),
    ],
)
def test_settings_of_servers(postfix: dict[str, str], dovecot: dict[str, str], reasons: list[str]) -> None:
    """CFG-03, CFG-06 and CFG-07: each wrong one comes with the setting to write, in both languages."""
    told = list(judge_settings("mx1", postfix, dovecot))

    assert [one.reason for one in told] == reasons
    assert all(complete(one) for one in told)


def test_selectors_of_signers(tmp_path: Path) -> None:
    """OpenDKIM's file and table, and Rspamd's."""
    for name, text in {
        "etc/opendkim.conf": "# Selector old\nDomain example.org\nSelector mail2026\n",
        "etc/opendkim/KeyTable": "k1._domainkey.example.net example.net:k1:/etc/opendkim/keys/k1.private\n",
        "etc/rspamd/local.d/dkim_signing.conf": 'selector = "r1";\npath = "/var/lib/rspamd/dkim/$domain.$selector.key";\n',
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")

    assert set(read_machine(tmp_path, "mx1").selectors) == {
        ("example.org", "mail2026"),
        ("example.net", "k1"),
        ("", "r1"),
    }


def _found(settings: ProbesSetting, machine: Machine, learned: Learned = Learned(), site: Site = Site()) -> Subjects:  # noqa: B008
    records: dict[tuple[str, str], Reply] = {
        ("mx.example.org", "A"): ["203.0.113.25"],
        ("example.org", "MX"): ["10 mx.example.org."],
    }

    async def run(port: int) -> Subjects:
        return await find_subjects(settings, site, learned, machine, Resolver([("127.0.0.1", port)], (3.0, 3.0)))

    with answering(lambda name, type_: records.get((name, type_))) as server:
        return asyncio.run(run(server.port))


def test_behind_nat_the_public_address_is_found() -> None:
    """The machine's own is private; what receivers quote and where its name leads is public."""
    machine = Machine(helo="mx.example.org", addresses=("192.168.1.5", "fe80::1", "100.64.0.7"))

    found = _found(ProbesSetting(), machine, Learned(addresses=("203.0.113.9",), domains=("example.org",)))

    assert found.addresses == ("203.0.113.25", "203.0.113.9")
    assert "203.0.113.25" in found.found
    assert "203.0.113.9" not in found.found
    assert found.hosts == ("mx.example.org",)


def test_what_is_stated_wins() -> None:
    """Nothing is added to it."""
    machine = Machine(helo="mx.example.org", addresses=("203.0.113.77",))

    found = _found(
        ProbesSetting(addresses=("192.0.2.1",), domains=("example.net",)), machine, Learned(domains=("example.org",))
    )

    assert (found.addresses, found.domains) == (("192.0.2.1",), ("example.net",))


@pytest.mark.parametrize(
    ("stated", "machine", "learned", "smarthost"),
    [
        (None, Machine(smarthost="smtp.relay.example"), Learned(), "smtp.relay.example"),
        (None, Machine(), Learned(smarthost="out.example"), "out.example"),
        (False, Machine(smarthost="smtp.relay.example"), Learned(), None),
        (True, Machine(), Learned(), "?"),
        (None, Machine(), Learned(), None),
    ],
)
def test_behind_a_smarthost_no_address_is_asked_about(
    stated: bool | None, machine: Machine, learned: Learned, smarthost: str | None
) -> None:
    """Read, learned or stated; and it may be stated that it is none."""
    found = _found(ProbesSetting(smarthost=stated, addresses=("192.0.2.1",)), machine, learned)

    assert found.smarthost == smarthost
    assert found.addresses == (() if smarthost else ("192.0.2.1",))


def test_selectors_belong_to_their_domains() -> None:
    """Stated ones alone, else learned and read ones; one without a domain is only a hint: not every domain has a key."""
    machine = Machine(selectors=(("", "any"), ("example.net", "k1")))
    learned = Learned(domains=("example.org", "example.net"), selectors=(("example.org", "l1"),))

    found = _found(ProbesSetting(selectors={"example.net": ("stated",)}), machine, learned)

    assert found.selectors == {"example.net": ("stated",), "example.org": ("l1",)}
    assert found.hints == ("any",)
