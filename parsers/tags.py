"""What the tags of a log tell, `postfix/smtpd[7]:`, remembered: a day has a few programs and many process ids."""

from mailwarden.parsers.claims import Claim, Claims
from mailwarden.parsers.pattern import Read

__all__ = ["Tag", "Tags", "is_pid"]

_TAGS_KEPT = 8_192  # tags hold the process id, so a day has many; what is dropped is read again

Tag = tuple[str | None, int | None, str | None, str | None, Read]
"""Program, process id, service, mail service, and who reads what stands behind."""


def is_pid(text: str) -> bool:
    """Say whether a text is the number of a process."""
    return text.isascii() and text.isdigit() and len(text) <= 10


class Tags:
    """Remembers what tags tell.

    Args:
        claims: Which format claims which tag.
    """

    def __init__(self, claims: Claims) -> None:
        self._claims = claims
        self._kept: dict[str, Tag] = {}
        self._names: dict[str, Claim] = {}  # by tag without process id: a few, whatever the log
        self.get = self._kept.get

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()
        self._names.clear()

    def like(self, token: str) -> Tag | None:
        """Say what a tag tells that differs from one already seen in its process id only."""
        if token[-2:] != "]:":
            return None
        name, _, pid = token[:-2].partition("[")
        claim = self._names.get(name)
        if claim is None or not is_pid(pid):
            return None
        return self._keep(token, claim, pid)

    def known(self, tag: str, pid: str | None, token: str, rest: str, *, own: bool, owned: bool) -> Tag | None:
        """Say what a tag tells; None where the whole rest is rather a server's own record.

        Args:
            tag: The tag without process id.
            pid: The process id.
            token: Both with the colon, where all of that and nothing else stands between two blanks; else empty.
            rest: What stands behind the stamp.
            own: The stamp is such as a server writes into a file of its own.
            owned: Records of a server's own file were seen before.
        """
        known = self._kept.get(token)
        if known is not None:
            return known
        claim = self._claims.tag(tag)
        if claim.format is None and ((own and owned) or self._claims.text(rest, own)):
            return None
        if not token:
            return _told(claim, pid)
        if claim.format is not None:
            self._names[tag] = claim
        return self._keep(token, claim, pid)

    def _keep(self, token: str, claim: Claim, pid: str | None) -> Tag:
        if len(self._kept) >= _TAGS_KEPT:
            self._kept.clear()
        known = self._kept[token] = _told(claim, pid)
        return known


def _told(claim: Claim, pid: str | None) -> Tag:
    return claim.process_name, int(pid) if pid else None, claim.service_name, claim.mail_service, claim.read
