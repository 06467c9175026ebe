"""What a rule says reads as a sentence before an incident fills it."""

from mailwarden.alerts.words.blanks import blanks


def test_blanks_are_marked_and_braces_of_a_title_stay() -> None:
    """No raw placeholder is shown; a title of others that holds braces keeps them."""
    assert blanks("{account} is guessed by {addresses} addresses") == "‹account› is guessed by ‹addresses› addresses"
    assert blanks("{{odd}} title: {entity}") == "{odd} title: ‹entity›"
