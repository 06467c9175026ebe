"""In which language somebody reads: as they chose here, else as their browser says, else as the site is set."""

import re
from collections.abc import Mapping

from mailwarden.alerts.words.translate import LANGUAGES

__all__ = ["COOKIE", "language_of"]

COOKIE = "language"

_LONGEST = 500
_RANGE = re.compile(r"\s*([A-Za-z]{1,8})(?:-[A-Za-z0-9-]{1,30})?\s*(?:;\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*)?")


def language_of(cookies: Mapping[str, str], accepted: str, default: str) -> str:
    """Give the language of a request (RFC 9110, section 12.5.4).

    Args:
        cookies: What the browser brought along.
        accepted: Its Accept-Language.
        default: That of the site.
    """
    if cookies.get(COOKIE) in LANGUAGES:
        return cookies[COOKIE]
    weighed = []
    for order, part in enumerate(accepted[:_LONGEST].split(",")):
        found = _RANGE.fullmatch(part)
        if found and found[1].lower() in LANGUAGES:
            weighed.append((-float(found[2] or 1), order, found[1].lower()))
    wanted = [language for weight, _, language in sorted(weighed) if weight]
    return wanted[0] if wanted else default
