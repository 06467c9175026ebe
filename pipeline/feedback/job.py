"""What the process that reads reports is told to do. It goes over a pipe, for it holds passwords."""

from collections.abc import Collection
from dataclasses import replace

import msgspec

from mailwarden.pipeline.feedback.settings import FeedbackSetting, Mailbox

__all__ = ["Job"]


class Job(msgspec.Struct, frozen=True):
    """Places, and the domains that are ours. Each mailbox bears its password itself."""

    ours: list[str]
    paths: list[str]
    mailboxes: list[Mailbox]

    @classmethod
    def of(cls, setting: FeedbackSetting, ours: Collection[str]) -> "Job":
        """Make one of what is configured.

        Raises:
            ConfigurationError: A password is not there.
        """
        boxes = [replace(one, password=one.secret()) for one in setting.mailboxes]
        return cls(sorted(ours), [str(one) for one in setting.paths], boxes)
