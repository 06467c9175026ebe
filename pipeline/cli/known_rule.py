"""The rule that a person names, or what is probably meant."""

import click

from mailwarden.parsers.errors import coded, worded
from mailwarden.pipeline.cli.session import Session
from mailwarden.pipeline.configuration.reading import rule_names

__all__ = ["known_rule"]


def known_rule(name: str, now: Session, context: click.Context) -> str:
    """Give the name, where it is one.

    Raises:
        UsageError: None is called so; with what may be meant.
    """
    names = rule_names(now.configuration.rules_directory)
    if name in names:
        return name
    from difflib import get_close_matches

    meant = get_close_matches(name, names, 1)
    own = now.configuration.rules_directory
    said = [worded("None is your own: there is no rules.d beside the configuration.")]
    if own is not None:
        said = [worded("Your own are read from {directory}.", directory=own)]
    if meant:
        said.insert(0, worded("Did you mean `{meant}`?", meant=meant[0]))
    else:
        said.append(worded("List them with  mailwarden rules list"))
    raise click.UsageError(
        coded("MW8111", "No rule `{name}`. {first} {second}", name=name, first=said[0], second=said[1]), context
    )
