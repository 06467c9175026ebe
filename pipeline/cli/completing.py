"""What the shell offers behind a command when Tab is pressed: rules, incidents, ids of errors. A slip here says nothing."""

from contextlib import suppress

import click
from click.shell_completion import CompletionItem

from mailwarden.alerts.words.errors import error_kinds
from mailwarden.parsers.errors import MailwardenError
from mailwarden.pipeline.cli.helping import tongue
from mailwarden.pipeline.cli.session import session
from mailwarden.pipeline.showing.sentences import Sentences

__all__ = ["errors", "incidents", "rules"]

_OFFERED = 50


def rules(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    """Offer the rules and detectors that begin so."""
    from mailwarden.pipeline.configuration.reading import rule_names
    from mailwarden.pipeline.places import find_configuration, rules_beside

    with suppress(MailwardenError, OSError):
        names = rule_names(rules_beside(find_configuration()))
        return [CompletionItem(name) for name in names if name.startswith(begun)]
    return []


def errors(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    """Offer the ids of errors that begin so, with what they are."""
    kinds = [kind for kind in error_kinds().values() if kind.code.startswith(begun.upper())]
    return [CompletionItem(kind.code, help=tongue().gettext(kind.title)) for kind in kinds]


def incidents(context: click.Context, _: click.Parameter, begun: str) -> list[CompletionItem]:
    """Offer the incidents that begin so, of the service and of the last scan, with what they say."""
    from mailwarden.pipeline.store import Store

    offered: list[CompletionItem] = []
    with suppress(MailwardenError, OSError):
        for path in session(context).stores():
            with Store.open(path, read_only=True) as store:
                sentences = Sentences((), tongue(), ids=store.found.ids())
                for one in store.found.worst(_OFFERED):
                    if one.id.startswith(begun.upper()):
                        offered.append(CompletionItem(sentences.short(one.id), help=sentences.title(one)))
    return offered
