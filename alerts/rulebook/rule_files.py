"""Which files of a directory are rules. Imports nothing: every command that reads the configuration asks."""

from pathlib import Path

__all__ = ["rule_files"]


def rule_files(directory: Path) -> list[Path]:
    """List the rule files of a directory, without the cases beside them."""
    return sorted(path for path in directory.glob("*.y*ml") if not path.stem.endswith(".cases"))
