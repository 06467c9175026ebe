"""Read data that stand beside code as YAML: by the reader written in C where there is one, ten times as fast."""

from pathlib import Path
from typing import Any

__all__ = ["read_data"]


def read_data(path: Path) -> Any:
    """Give what a file of ours holds."""
    import yaml  # who only reads the store for a person has no use for it

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    with path.open(encoding="utf-8") as file:
        return yaml.load(file, loader)  # noqa: S506  (a safe loader)
