"""Read the configuration: that of a file, or the defaults, for which nothing is imported that reads YAML."""

from pathlib import Path

from mailwarden.alerts.rulebook.rule_files import rule_files
from mailwarden.pipeline.configuration.configuration import Configuration

__all__ = ["load", "rule_directory", "rule_names"]


def rule_directory() -> Path:
    """Give the directory of the rules that come with mailwarden."""
    import mailwarden.alerts

    return Path(next(iter(mailwarden.alerts.__path__))) / "rules"


def rule_names(own: Path | None = None) -> list[str]:
    """List the names of the rules and detectors, as they stand in `rules:`; with those of the operator's directory."""
    rules = {path.stem for directory in (rule_directory(), own) if directory for path in rule_files(directory)}
    return sorted(rules | {path.stem for path in (rule_directory().parent / "detectors").glob("[a-z]*.py")})


def load(path: Path | None, *, known_rules: list[str] | None = None) -> Configuration:
    """Read a configuration file; the defaults where `path` is None.

    Args:
        path: The file.
        known_rules: The names that `rules:` may hold; None for those that are there.

    Raises:
        ConfigurationError: With every fault, each with the file and its line.
    """
    if path is None:
        return Configuration()
    from mailwarden.pipeline.configuration.stated import read_stated

    return read_stated(path, rule_names if known_rules is None else lambda _: known_rules)
