"""How one thing that `doctor` looks at stands."""

from dataclasses import dataclass
from typing import Literal

from mailwarden.alerts.words.translate import Translator
from mailwarden.parsers.errors import Coded

__all__ = ["Check", "State"]

State = Literal["ok", "warning", "error", "not checked"]


@dataclass(frozen=True)
class Check:
    """How one thing stands; what is not well, or is not known, has the id of its kind of error."""

    name: str
    state: State
    says: str
    mend: str = ""
    code: str = ""

    def __post_init__(self) -> None:
        assert bool(self.code) == (self.state != "ok")

    @classmethod
    def failed(cls, name: str, said: Coded, tongue: Translator, mend: str = "") -> "Check":
        """Give what an error says of a thing."""
        return cls(name, "error", tongue.worded(said), mend, said.code)

    def as_data(self) -> dict[str, str]:
        """Give it for JSON."""
        code = {"error.code": self.code} if self.code else {}
        return {"name": self.name, "state": self.state, "says": self.says, "mend": self.mend, **code}
