"""Providers are named as people know them."""

from mailwarden.alerts.words.providers import list_name, provider_name


def test_a_provider_has_a_name() -> None:
    """An id becomes the name of the service; a domain stays what it is."""
    assert [provider_name(id_) for id_ in ("google", "barracuda", "example.org")] == [
        "Gmail",
        "Barracuda",
        "example.org",
    ]


def test_a_block_list_has_a_name() -> None:
    """A list that a provider keeps for itself bears the provider's name; a zone stays what it is."""
    assert [
        list_name(id_) for id_ in ("spamhaus-pbl", "microsoft-internal", "t-online-internal", "bl.example.com")
    ] == [
        "Spamhaus PBL",
        "Microsoft",
        "Telekom (t-online.de)",
        "bl.example.com",
    ]
