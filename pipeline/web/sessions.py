"""Sessions of people who were let in, and the links that let them in where nobody has a password.

A link works once and for ten minutes; it is signed with a key that lies in the state directory, readable by its owner
alone, and is made anew at each start: whoever may read that may read everything else there too.
"""

import hashlib
import hmac
import os
import secrets
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec

from mailwarden.parsers.errors import UsageError, coded
from mailwarden.parsers.system_errors import reason
from mailwarden.pipeline.web.visitor import Role, Visitor

__all__ = ["COOKIE", "LINK_S", "Links", "Sessions", "make_link"]

COOKIE = "mailwarden"
LINK_S = 600
_IDLE_S = 12 * 3600  # a night shift
_LONGEST_S = 7 * 86_400
_MOST = 500  # sessions at a time; the one unused longest goes


class _Session(msgspec.Struct):
    visitor: Visitor
    began_s: float
    seen_s: float


class Sessions:
    """Who is in. The secrets themselves are not kept, only their hashes; all end with the process.

    Args:
        clock: Seconds that never run back.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._by_hash: dict[str, _Session] = {}
        self._lock = threading.Lock()

    def begin(self, name: str, role: Role, domains: tuple[str, ...] | None) -> str:
        """Let somebody in; give the secret for their cookie."""
        secret = secrets.token_urlsafe(32)
        now = self._clock()
        key = _hash(secret)
        visitor = Visitor(name=name, role=role, domains=domains, session=key, csrf=secrets.token_urlsafe(24))
        with self._lock:
            if len(self._by_hash) >= _MOST:
                del self._by_hash[min(self._by_hash, key=lambda one: self._by_hash[one].seen_s)]
            self._by_hash[key] = _Session(visitor, now, now)
        return secret

    def visitor(self, secret: str | None) -> Visitor | None:
        """Give who a cookie stands for; None where its session is over or never was."""
        return self._look(_hash(secret), seen=True) if secret else None

    def is_on(self, session: str) -> bool:
        """Say whether a session goes on, without prolonging it."""
        return self._look(session, seen=False) is not None

    def end(self, session: str) -> None:
        """End a session."""
        with self._lock:
            self._by_hash.pop(session, None)

    def _look(self, key: str, *, seen: bool) -> Visitor | None:
        now = self._clock()
        with self._lock:
            session = self._by_hash.get(key)
            if session is None:
                return None
            if now - session.seen_s > _IDLE_S or now - session.began_s > _LONGEST_S:
                del self._by_hash[key]
                return None
            if seen:
                session.seen_s = now
            return session.visitor


class Links:
    """Lets in whoever brings a link, once.

    Args:
        directory: The state directory.
        clock: The time, in seconds since the epoch.
    """

    def __init__(self, directory: Path, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._used: dict[str, float] = {}
        self._lock = threading.Lock()
        path = _key_path(directory)
        unfinished = path.with_suffix(".unfinished")
        try:
            unfinished.unlink(missing_ok=True)
            descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(self._key)
            unfinished.replace(path)
        except OSError as error:
            raise UsageError(
                coded(
                    "MW7106",
                    '{path}: cannot be written ("{reason}"), so no link can let anybody in.'
                    " Run the page as the user of the service.",
                    path=path,
                    reason=reason(error),
                )
            ) from None

    def make(self) -> str:
        """Give what the next link is to bring."""
        return _sign(self._key, self._clock())

    def redeem(self, token: str) -> bool:
        """Say whether a link lets in; it never does again."""
        nonce, _, rest = token.partition(".")
        expires, _, _ = rest.partition(".")
        now = self._clock()
        if not hmac.compare_digest(_signed(self._key, nonce, expires).encode(), token.encode("utf-8", "replace")):
            return False
        with self._lock:
            self._used = {one: until for one, until in self._used.items() if until > now}
            if float(expires) < now or nonce in self._used:
                return False
            self._used[nonce] = float(expires)
        return True


def make_link(directory: Path, now_s: float) -> str:
    """Give what lets into the page that runs with a state directory.

    Raises:
        UsageError: None runs there, or its key is not ours to read.
    """
    path = _key_path(directory)
    try:
        return _sign(path.read_bytes(), now_s)
    except FileNotFoundError:
        raise UsageError(
            coded("MW7106", "{directory}: no page has run here yet. Start it with  mailwarden web", directory=directory)
        ) from None
    except OSError as error:
        raise UsageError(
            coded(
                "MW7106",
                '{path}: not readable ("{reason}"). Ask as the user of the page.',
                path=path,
                reason=reason(error),
            )
        ) from None


def _key_path(directory: Path) -> Path:
    return directory / "web.key"


def _sign(key: bytes, now_s: float) -> str:
    return _signed(key, secrets.token_urlsafe(16), str(int(now_s) + LINK_S))


def _signed(key: bytes, nonce: str, expires: str) -> str:
    text = f"{nonce}.{expires}"
    return f"{text}.{hmac.new(key, text.encode('utf-8', 'replace'), hashlib.sha256).hexdigest()}"


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
