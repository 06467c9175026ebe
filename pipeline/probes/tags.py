"""Read `tag=value; tag=value` records: DKIM keys, DMARC, MTA-STS, TLS-RPT. Source: RFC 6376, section 3.2."""

import re

__all__ = ["TagSyntaxError", "tags_of"]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}", re.ASCII)


class TagSyntaxError(ValueError):
    """A part that is no `tag=value`, or a tag that stands twice; its text is the message."""


def tags_of(record: str) -> dict[str, str]:
    """Give the tags in their order, names in lower case, blanks around values taken off.

    Raises:
        TagSyntaxError: The record cannot be read.
    """
    tags: dict[str, str] = {}
    for part in record.split(";"):
        if not part.strip():
            continue
        name, equals, value = part.partition("=")
        name = name.strip()
        if not equals or _NAME.fullmatch(name) is None or name.lower() in tags:
            raise TagSyntaxError(part.strip()[:100])
        tags[name.lower()] = value.strip()
    return tags
