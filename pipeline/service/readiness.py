"""What must be right before the service begins or takes over a changed configuration: all of it is looked at at once."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from mailwarden.alerts.detectors import load_detectors
from mailwarden.alerts.facts.geography import Geography
from mailwarden.alerts.telling.channels import Channels
from mailwarden.parsers.errors import Coded, ConfigurationError, placed
from mailwarden.pipeline.configuration.configuration import Configuration
from mailwarden.pipeline.feedback.job import Job

if TYPE_CHECKING:
    from mailwarden.alerts.rulebook.rulebook import Rulebook

__all__ = ["ready"]


def ready(configuration: Configuration) -> "Rulebook":
    """Look at secrets, channels, routes, databases and rules; give the rules.

    Raises:
        ConfigurationError: With every fault, and the file that each stands in.
    """
    faults: list[Coded] = []
    for look in (_channels, _heartbeat, _keys, _mailboxes, _databases, _detectors):
        faults += _faults(look, configuration)
    try:
        rulebook = configuration.rulebook()
    except ConfigurationError as error:
        raise ConfigurationError(faults + _placed(error.faults, configuration)) from None
    if faults:
        raise ConfigurationError(faults)
    return rulebook


def _faults(look: Callable[[Configuration], object], configuration: Configuration) -> list[Coded]:
    try:
        look(configuration)
    except ConfigurationError as error:
        return _placed(error.faults, configuration)
    return []


def _placed(faults: list[Coded], configuration: Configuration) -> list[Coded]:
    """Name the file in what names none: the configuration's own; a rule that is wrong names its own."""
    files: list[Path | None] = [configuration.path, configuration.rules_directory]
    known = tuple(str(one) for one in files if one is not None)
    if configuration.path is None:
        return faults
    return [fault if fault.startswith(known) else placed(configuration.path, fault) for fault in faults]


def _channels(configuration: Configuration) -> None:
    channels = Channels(configuration.resolved_channels())
    channels.check()
    configuration.router()


def _heartbeat(configuration: Configuration) -> None:
    if configuration.alerting and configuration.alerting.heartbeat:
        configuration.alerting.heartbeat.resolved()


def _keys(configuration: Configuration) -> None:
    configuration.probes.keys()


def _mailboxes(configuration: Configuration) -> None:
    Job.of(configuration.feedback, ())


def _databases(configuration: Configuration) -> None:
    Geography(configuration.as_site().databases)


def _detectors(configuration: Configuration) -> None:
    load_detectors(configuration.rule_settings())
