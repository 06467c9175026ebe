"""The `probes:` part of the configuration."""

from datetime import timedelta
from pathlib import Path

import pytest

from mailwarden.parsers.errors import ConfigurationError
from mailwarden.pipeline.configuration.reading import load


def _load(tmp_path: Path, text: str) -> object:
    path = tmp_path / "c.yml"
    path.write_text(text, "utf-8")
    return load(path).probes


def test_what_is_set_is_taken_over(tmp_path: Path) -> None:
    """One resolver or several, with their ports; addresses are brought into one form."""
    one = load_probes(tmp_path, "probes: {resolver: '[::1]:5353', addresses: ['2001:DB8:0::5'], every: 1m}")
    several = load_probes(tmp_path, "probes: {resolver: [127.0.0.1, '192.0.2.53:54'], domains: [Example.ORG]}")

    assert one.resolvers == (("::1", 5353),)
    assert one.addresses == ("2001:db8::5",)
    assert one.every == timedelta(minutes=15), "lists are asked no more often than they allow"
    assert several.resolvers == (("127.0.0.1", 53), ("192.0.2.53", 54))
    assert several.domains == ("example.org",)


def load_probes(tmp_path: Path, text: str):  # type: ignore[no-untyped-def]
    """Read the settings."""
    return _load(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("probes: {resolver: dns.example.org}", "is no address of a name server"),
        ("probes: {resolver: ['127.0.0.1:99999']}", "99999 is no port"),
        ("probes: {addresses: [mx.example.org]}", "is no address"),
        ("probes: {ports: [22]}", "22"),
        ("probes: {keys: {nobody: x}}", 'unknown setting "nobody"'),
    ],
)
def test_mistakes_are_told_with_their_place(tmp_path: Path, text: str, said: str) -> None:
    """Each with file and line."""
    with pytest.raises(ConfigurationError, match=r"c\.yml:1: probes\.") as raised:
        _load(tmp_path, text)

    assert said in str(raised.value)


def test_keys_are_put_in_and_never_shown(tmp_path: Path) -> None:
    """From the environment or a file; what is no key is refused without showing it."""
    (tmp_path / "key").write_text("f1lekey\n")
    probes = load_probes(tmp_path, f"probes: {{keys: {{spamhaus: '${{DQS}}', abusix: 'file:{tmp_path}/key'}}}}")

    assert probes.keys({"DQS": "s3cretkey"}) == {"spamhaus": "s3cretkey", "abusix": "f1lekey"}
    assert "s3cret" not in repr(probes)
    with pytest.raises(ConfigurationError) as raised:
        probes.keys({"DQS": "two words.with dots"})
    assert "two words" not in str(raised.value)
