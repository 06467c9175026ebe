"""Next steps are right for the server, and no name an attacker chose can turn a command against us."""

import shlex
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mailwarden.alerts.detectors import load_detectors
from mailwarden.alerts.rulebook.rulebook import load_rules
from mailwarden.alerts.words import advice as advice_module
from mailwarden.alerts.words.advice import advice_keys, customer_advice_keys, customer_steps, steps
from mailwarden.alerts.words.translate import translator
from mailwarden.parsers.servers import SERVERS

VALUES = {
    "account": "bob@example.org",
    "network": "198.51.100.0/24",
    "address": "198.51.100.7",
    "clients": ["198.51.100.7", "2001:db8::7"],
    "script": "/home/acct1/public_html/form.php",
    "id": "7K2",
}
MODULES = [
    ["postfix", "dovecot"],
    ["exim"],
    ["exim", "cpanel"],
    ["opensmtpd", "dovecot"],
    ["sendmail"],
    ["courier"],
    ["haraka"],
    ["stalwart"],
    ["mox"],
    [],
]


def test_every_rule_has_advice() -> None:
    """A rule without a next step may not alert."""
    rules = advice_module.Path(advice_module.__file__).parents[1] / "rules"
    keys = set()
    for path in sorted(rules.glob("*.yaml")):
        if not path.name.endswith(".cases.yaml"):
            documents = yaml.safe_load_all(path.read_text("utf-8"))
            keys |= {each["mailwarden"]["advice"] for each in documents if "mailwarden" in each}

    assert keys <= set(advice_keys())


OF_CUSTOMERS = {  # what a customer's account, domain or website can be the matter of
    "mailwarden.account", "user.name", "mailwarden.own_domain", "mailwarden.sender_domain", "mailwarden.unsigned",
    "mailwarden.relay.domain", "mailwarden.content.sender", "mailwarden.complaint.about", "dns.question.name",
}  # fmt: skip


def test_what_a_customer_can_be_told_of_has_a_customers_advice() -> None:
    """Whatever is found about an account or a domain, somebody without a shell is told what is in his hands."""
    found = [rule.detection for rule in load_rules()] + [one.detection for one in load_detectors()]
    keys = {one.advice for one in found if one.primary in OF_CUSTOMERS}

    assert keys <= set(customer_advice_keys())
    assert set(customer_advice_keys()) <= set(advice_keys())


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("key", customer_advice_keys())
def test_a_customers_steps_need_no_shell(key: str, language: str) -> None:
    """Each is a sentence without a command and without a hole; the last is to tell whoever runs the server."""
    values = VALUES | {
        "sender": "example.org",
        "list": "Example BL",
        "delist": "https://example.org/remove",
        "domain": "x.test",
    }
    found = customer_steps(key, values, translator(language))

    assert all(step.command is None and "{" not in step.text for step in found)
    assert "7K2" in found[-1].text
    assert not any(word in step.text for step in found for word in ("doveadm", "postconf", "mailwarden"))


@pytest.mark.parametrize("key", advice_keys())
@pytest.mark.parametrize("modules", MODULES)
def test_every_step_can_be_filled(key: str, modules: list[str]) -> None:
    """Every kind of trouble has a step on every server, no step shows a hole, and every command is valid shell."""
    found = steps(key, modules, VALUES)

    assert found
    for step in found:
        assert "?" not in step.text
        assert "{" not in step.text
        assert step.command is None or shlex.split(step.command)


def test_the_command_is_the_servers() -> None:
    """Postfix, Exim and cPanel each get their own."""
    postfix = [step.command for step in steps("takeover", ["postfix", "dovecot"], VALUES)]
    exim = [step.command for step in steps("takeover", ["exim", "cpanel"], VALUES)]

    assert postfix == [
        "doveadm auth cache flush; doveadm kick bob@example.org",
        "ss -Kt '( sport = :25 or sport = :465 or sport = :587 ) and ( dst 198.51.100.7 or dst [2001:db8::7] )'",
        "mailwarden find bob@example.org --queue-ids | postsuper -h -",
        "doveadm sieve list -u bob@example.org",
    ]
    assert exim[1] == (
        "u=$(/usr/local/cpanel/scripts/whoowns example.org); "
        'uapi --user="$u" Email suspend_login email=bob%40example.org; '
        'uapi --user="$u" Email hold_outgoing email=bob%40example.org'
    )
    assert exim[3] == "mailwarden find bob@example.org --queue-ids | xargs -r exim -Mf"
    assert steps("script", ["exim", "cpanel"], VALUES)[1].command == "whmapi1 hold_outgoing_email user=acct1"


@pytest.mark.parametrize(
    "modules", [["postfix"], ["exim"], ["courier"], ["cyrus", "postfix"], ["haraka"], ["sendmail"], []]
)
def test_a_thief_is_thrown_out_where_nothing_is_known_of_dovecot(modules: list[str]) -> None:
    """The first step has a command of the machine's own: his connections are cut, or looked for where they are many."""
    crowd = {"clients": [f"198.51.100.{number}" for number in range(40)]}

    first, of_many = (steps("takeover", modules, VALUES | more)[0] for more in ({}, crowd))

    assert first.text.startswith("change the password of bob@example.org, then cut its open connections")
    assert first.command == "ss -Kt 'dst 198.51.100.7 or dst [2001:db8::7]'"
    assert of_many.command == "mailwarden find bob@example.org"
    assert "doveadm" not in str(steps("takeover", modules, VALUES))


@pytest.mark.program("ss")
@pytest.mark.parametrize("clients", [VALUES["clients"], [f"198.51.100.{number}" for number in range(12)], []])
def test_ss_itself_reads_the_filters(clients: list[str]) -> None:
    """The program finds no fault with them; without -K it only lists."""
    for key, modules in (("takeover", ["postfix"]), ("takeover", ["postfix", "dovecot"]), ("sending_burst", ["exim"])):
        found = (step.command for step in steps(key, modules, VALUES | {"clients": clients}))
        for command in (command for command in found if command and command.startswith("ss -Kt ")):
            words = shlex.split(command.replace("ss -Kt", "ss -t"))
            done = subprocess.run(words, capture_output=True, text=True, check=False)

            assert (done.returncode, done.stderr) == (0, "")


def test_each_server_has_its_own_way_to_hold_mail() -> None:
    """What waits of an account is held with the server's own command, and an open relay is closed in its own words."""
    held = {module: steps("sending_burst", [module], VALUES)[0].command for module in ("opensmtpd", "sendmail")}
    closed = {module: steps("relay_open", [module], VALUES)[0] for module in ("opensmtpd", "sendmail")}

    assert held == {
        "opensmtpd": "mailwarden find bob@example.org --queue-ids | xargs -rn1 smtpctl pause envelope",
        "sendmail": "mailwarden find bob@example.org --queue-ids | xargs -rI% sendmail -Qheld -qI%",
    }
    assert "match auth" in closed["opensmtpd"].text
    assert "makemap hash" in (closed["sendmail"].command or "")


def test_no_command_stands_in_a_step_that_leaves_its_server_out() -> None:
    """A command for a server that its step is not for would never be shown."""
    text = (Path(advice_module.__file__).parents[1] / "advice.yaml").read_text("utf-8")

    lost = [
        (key, module)
        for key, found in yaml.safe_load(text).items()
        for step in found
        for module in step.get("commands", {})
        if "only" in step and module != "generic" and module not in step["only"]
    ]

    assert lost == []


@pytest.mark.parametrize("server", [name for name, one in SERVERS.items() if one.on_windows])
@pytest.mark.parametrize("key", advice_keys())
def test_a_server_of_windows_is_given_no_command_of_linux(key: str, server: str) -> None:
    """There are none of the programs that others have; mailwarden's own commands run where the log is read."""
    commands = [step.command for step in steps(key, [server], VALUES) if step.command]

    assert [one for one in commands if not one.startswith(("mailwarden ", "Get-"))] == []


def test_the_old_password_is_forgotten_before_sessions_end() -> None:
    """What Dovecot keeps in its cache lets the intruder in again at once: whoever is thrown out is forgotten first."""
    commands = [
        step.command
        for key in advice_keys()
        for modules in MODULES
        for step in steps(key, modules, VALUES)
        if step.command and "doveadm kick" in step.command
    ]

    assert commands
    assert {command.partition(";")[0] for command in commands} == {"doveadm auth cache flush"}


def test_the_server_is_asked_by_its_own_name_for_an_account() -> None:
    """Where a server knows carl@example.org as carl, commands say carl, and sentences the account."""
    step = steps("takeover", ["dovecot"], {"account": "carl@example.org", "login": "carl"})[0]

    assert step.text.startswith("change the password of carl@example.org")
    assert step.command == "doveadm auth cache flush; doveadm kick carl"


def test_connections_of_too_many_are_not_cut_one_by_one() -> None:
    """A command names at most a dozen addresses, never a network or ourselves."""
    few = {"clients": ["127.0.0.1", "198.51.100.0/24", "x", "198.51.100.7"]}
    many = {"clients": [f"198.51.100.{number}" for number in range(40)]}

    cut = [steps("sending_burst", ["postfix"], VALUES | clients)[1].command for clients in (few, many, {"clients": []})]

    assert [command and command.partition(" and ")[2] for command in cut] == ["( dst 198.51.100.7 )'", None, None]


@pytest.mark.parametrize("script", ["/etc/passwd", "root", "/home/acct1;reboot/x", "$(reboot)", "33", "/home/-x/y"])
def test_only_a_customers_name_is_held(script: str) -> None:
    """A script in no customer's directory gives cPanel no name to hold."""
    found = steps("script", ["exim", "cpanel"], {**VALUES, "script": script})

    assert [step.command for step in found if "whmapi1" in str(step.command)] in (
        [],
        ["whmapi1 hold_outgoing_email user=acct1"],
    )


def test_steps_speak_the_language() -> None:
    """Sentences are translated, commands are not."""
    step = steps("takeover", ["dovecot"], VALUES, "ja")[0]

    assert step.text.startswith("bob@example.org のパスワードを変更し")
    assert step.command == "doveadm auth cache flush; doveadm kick bob@example.org"


@pytest.mark.parametrize("account", ["$(reboot)@x", "a;reboot", "a b|c>d", "o'brien@x", "x&&y", '"q"', "a\\b", "#a"])
def test_names_are_quoted(account: str) -> None:
    """The shell reads a name as one word that means itself."""
    command = steps("takeover", ["dovecot"], {"account": account})[0].command

    assert command is not None
    assert shlex.split(command)[-3:] == ["doveadm", "kick", account]


@pytest.mark.parametrize(
    "account", ["-A", "--all", "*", "*@example.org", "a?@x", "a`id`", "x\ny", "\x1b[A", "\u202ea", "y" * 400]
)
def test_names_that_mean_more_give_no_command(account: str) -> None:
    """A name that would be an option or a mask, or that cannot be seen, is never put into a command."""
    assert all(step.command is None for step in steps("takeover", ["postfix", "dovecot"], {"account": account}))
    assert all(step.command is None for step in steps("takeover", ["dovecot"], {"account": "bob", "login": account}))


@pytest.mark.parametrize(
    "network", ["0.0.0.0/0", "10.0.0.0/8", "::/0", "2001:db8::/16", "127.0.0.1", "::1", "example.org", "1 2"]
)
def test_no_wide_network_is_blocked(network: str) -> None:
    """A network that is far too wide, our own loopback, or no network at all gives no command."""
    assert steps("guessing_network", [], {"network": network})[0].command is None


@pytest.mark.parametrize(
    ("network", "word"),
    [("2001:db8:1:2::/64", "2001:db8:1:2::/64"), ("198.51.100.7", "198.51.100.7"), ("2001:db8::1/128", "2001:db8::1")],
)
def test_a_narrow_network_is_blocked(network: str, word: str) -> None:
    """A network or one address can be blocked, IPv4 or IPv6."""
    command = steps("guessing_network", [], {"network": network})[0].command

    assert command == f"ip route add blackhole {word}"


def test_steps_without_what_they_name_are_left_out() -> None:
    """A sentence never says `block ?`; an unknown key says to look."""
    assert [step.text for step in steps("enumeration", [], {"id": "7K2"})] == ["look at the lines that prove it"]
    assert steps("no such key", [], VALUES)[0].command == "mailwarden show 7K2"


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a place where the programs that advice names by an account only write down with what they were called."""
    place = tmp_path_factory.mktemp("programs")
    for name in ("doveadm", "exim", "fail2ban-client", "mailwarden", "postsuper", "uapi", "whmapi1", "xargs"):
        (place / name).write_text(f'#!/bin/sh\nprintf "%s\\0" {name} "$@" > "$CALLS/{name}.$$"\n')
        (place / name).chmod(0o755)
    return place


def called(programs: Path, command: str) -> list[list[str]]:
    """Run a command in a real shell, and give what it called with which words."""
    with TemporaryDirectory() as calls:
        environment = {"PATH": str(programs), "CALLS": calls}
        done = subprocess.run(["/bin/sh", "-c", command], cwd=calls, env=environment, capture_output=True, check=False)
        assert b"yntax" not in done.stderr
        return sorted(path.read_text("utf-8").split("\0")[:-1] for path in Path(calls).iterdir())


@settings(max_examples=60, deadline=None)
@given(
    name=st.text(
        st.sampled_from("'\"$();&|<>!~#%{}[]^=\\\t ./@-+*?`a\n") | st.characters(codec="utf-8"), min_size=1, max_size=40
    )
)
def test_a_real_shell_runs_nothing_of_a_name(programs: Path, name: str) -> None:
    """Whatever an account is called, the shell calls the same programs with the same words, the name among them as it is."""
    for key in ("takeover", "sending_burst", "odd_login"):
        for modules in MODULES:
            usual = steps(key, modules, VALUES)
            hostile = steps(key, modules, VALUES | {"account": name})
            for step, harmless in zip(hostile, usual, strict=True):
                if step.command is None or step.command == harmless.command:
                    continue
                words = {"bob@example.org": name, "email=bob%40example.org": f"email={quote(name, safe='')}"}
                expected = [
                    [words.get(word, word) for word in call] for call in called(programs, str(harmless.command))
                ]
                assert called(programs, step.command) == sorted(expected)
