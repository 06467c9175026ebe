"""How one thing that `doctor` looks at stands."""

from dataclasses import asdict, dataclass
from typing import Literal

__all__ = ["Check", "State"]

State = Literal["ok", "warning", "error", "not checked"]


@dataclass(frozen=True)
class Check:
    """How one thing stands."""

    name: str
    state: State
    says: str
    mend: str = ""

    def as_data(self) -> dict[str, str]:
        """Give it for JSON."""
        return asdict(self)
