"""Which files of a directory are rules. Imports nothing: every command that reads the configuration asks."""

from pathlib import Path

__all__ = ["MOST_BYTES", "rule_files"]

MOST_BYTES = 2_000_000
"""No rule is longer."""


def rule_files(directory: Path) -> list[Path]:
    """List the rule files of a directory, without the cases beside them."""
    return sorted(path for path in directory.glob("*.y*ml") if not path.stem.endswith(".cases"))
