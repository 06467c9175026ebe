"""Providers are named as people know them."""

from mailwarden.alerts.words.providers import provider_name


def test_a_provider_has_a_name() -> None:
    """An id becomes the name of the service; a domain stays what it is."""
    assert [provider_name(id_) for id_ in ("google", "barracuda", "example.org")] == [
        "Gmail",
        "Barracuda",
        "example.org",
    ]
