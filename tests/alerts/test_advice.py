"""Next steps are right for the server, and no name an attacker chose can turn a command against us."""

import shlex

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mailwarden.alerts import advice as advice_module
from mailwarden.alerts.advice import advice_keys, steps

VALUES = {
    "account": "bob@example.org",
    "network": "198.51.100.0/24",
    "address": "198.51.100.7",
    "id": "7K2",
    "cpanel_user": "bob",
}


def test_every_rule_has_advice() -> None:
    """A rule without a next step may not alert."""
    rules = advice_module.Path(advice_module.__file__).parent / "rules"
    keys = set()
    for path in sorted(rules.glob("*.yaml")):
        if not path.name.endswith(".cases.yaml"):
            documents = yaml.safe_load_all(path.read_text("utf-8"))
            keys |= {each["mailwarden"]["advice"] for each in documents if "mailwarden" in each}

    assert keys <= set(advice_keys())


@pytest.mark.parametrize("key", advice_keys())
@pytest.mark.parametrize("modules", [["postfix", "dovecot"], ["exim"], ["exim", "cpanel"], []])
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

    assert postfix[0] == "doveadm kick bob@example.org"
    assert "postsuper -h -" in str(postfix[1])
    assert exim[1] == "whmapi1 suspend_outgoing_email user=bob"
    assert exim[2] == r"exiqgrep -i -f '^<bob@example\.org>$' | xargs -r exim -Mf"


def test_steps_speak_the_language() -> None:
    """Sentences are translated, commands are not."""
    step = steps("takeover", ["dovecot"], VALUES, "ja")[0]

    assert step.text == "bob@example.org のパスワードを変更し、接続中のセッションを切断してください"
    assert step.command == "doveadm kick bob@example.org"


@pytest.mark.parametrize("account", ["$(reboot)@x", "a;reboot", "a b|c>d", "o'brien@x", "x&&y", '"q"', "a\\b", "#a"])
def test_names_are_quoted(account: str) -> None:
    """The shell reads a name as one word that means itself."""
    command = steps("takeover", ["dovecot"], {"account": account})[0].command

    assert command is not None
    assert shlex.split(command) == ["doveadm", "kick", account]


@pytest.mark.parametrize(
    "account", ["-A", "--all", "*", "*@example.org", "a?@x", "a`id`", "x\ny", "\x1b[A", "\u202ea", "y" * 400]
)
def test_names_that_mean_more_give_no_command(account: str) -> None:
    """A name that would be an option or a mask, or that cannot be seen, is never put into a command."""
    assert all(step.command is None for step in steps("takeover", ["postfix", "dovecot"], {"account": account}))


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


@given(st.text(max_size=60))
def test_no_name_adds_a_word(account: str) -> None:
    """Whatever the name, a command has exactly the words that it has for a harmless one."""
    usual = steps("takeover", ["exim"], {"account": "bob"})
    for step, harmless in zip(steps("takeover", ["exim"], {"account": account or "x"}), usual, strict=True):
        if step.command is not None:
            assert len(shlex.split(step.command)) == len(shlex.split(str(harmless.command)))
