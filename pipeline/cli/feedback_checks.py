"""What `doctor` looks at of the places where reports of others arrive."""

from collections.abc import Iterator

from mailwarden.alerts.words.translate import N_
from mailwarden.parsers.errors import MailwardenError, coded
from mailwarden.pipeline.cli.check_state import Check
from mailwarden.pipeline.cli.session import Session
from mailwarden.pipeline.places import ensure_readable

__all__ = ["feedback_checks"]


def feedback_checks(session: Session) -> Iterator[Check]:
    """Look whether each place can be read: mailboxes are opened, nothing in them is touched."""
    setting, tongue = session.configuration.feedback, session.tongue
    if not setting.wanted:
        return
    name = tongue.gettext("reports of others")
    mend = tongue.gettext("Mend  feedback  in the configuration, then  mailwarden feedback")
    for path in setting.paths:
        try:
            ensure_readable(path)
            yield Check(name, "ok", tongue.say(N_("{place} can be read"), {"place": str(path)}))
        except OSError:
            yield Check.failed(name, coded("MW6205", "{place} cannot be read", place=path), tongue, mend)
    if setting.mailboxes:
        from mailwarden.pipeline.feedback.imap import opened
    for mailbox in setting.mailboxes:
        try:
            with opened(mailbox, mailbox.secret()):
                yield Check(name, "ok", tongue.say(N_("{place} can be read"), {"place": str(mailbox)}))
        except MailwardenError as error:
            yield Check.failed(name, error.said, tongue, mend)
