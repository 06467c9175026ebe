"""People with a password and programs with a token, as the configuration names them."""

import hmac
import secrets
import threading
from collections.abc import Iterator, Sequence

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from mailwarden.pipeline.configuration.web import Person, Token
from mailwarden.pipeline.web.visitor import Visitor

__all__ = ["People", "hash_password"]

_AT_ONCE = 2  # 64 MiB and 50 ms each: more at a time would let strangers take the memory


def hash_password(password: str) -> str:
    """Give what stands in the configuration for a password (RFC 9106, second recommended option)."""
    return PasswordHasher().hash(password)


class People:
    """Knows who may come in."""

    def __init__(self, people: Sequence[Person], tokens: Sequence[Token]) -> None:
        self._people = {person.name: person for person in people}
        self._tokens = tokens
        self._hasher = PasswordHasher()
        self._nobody = self._hasher.hash(secrets.token_urlsafe()) if people else ""
        self._room = threading.Semaphore(_AT_ONCE)

    def __bool__(self) -> bool:
        """Whether anybody has a password."""
        return bool(self._people)

    def __iter__(self) -> Iterator[Person]:
        """Give who has a password."""
        return iter(self._people.values())

    def person(self, name: str, password: str) -> Person | None:
        """Give the person of this name and password. An unknown name takes as long as a wrong password."""
        person = self._people.get(name)
        with self._room:
            try:
                self._hasher.verify(person.password if person else self._nobody, password)
            except (Argon2Error, InvalidHashError):
                return None
        return person

    def program(self, token: str) -> Visitor | None:
        """Give the program that brings a token."""
        found = None
        for one in self._tokens:  # all of them, whichever it is: the time tells nothing
            if hmac.compare_digest(one.secret.encode(), token.encode("utf-8", "replace")):
                found = Visitor(name=f"token {one.name}")
        return found
