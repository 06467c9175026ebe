"""Detections that need memory of what is normal, or that Sigma cannot say; found by name."""

import copy
import importlib
import pkgutil
from collections.abc import Collection, Mapping
from typing import Any

from mailwarden.alerts.detection.detector import Detector
from mailwarden.alerts.rulebook.condition import excepted_by
from mailwarden.alerts.rulebook.rule import RuleSettings
from mailwarden.parsers.errors import Coded, ConfigurationError, coded

__all__ = ["load_detectors", "load_named"]


def load_named(names: Collection[str]) -> list[Detector[Any]]:
    """Find some detectors by their names; what is none is left out."""
    there = (module.name for module in pkgutil.iter_modules(__path__))
    return [importlib.import_module(f"{__name__}.{name}").DETECTOR for name in sorted(there) if name in names]


def load_detectors(settings: Mapping[str, RuleSettings] | None = None) -> list[Detector[Any]]:
    """Find the detectors by name: each module of `alerts.detectors` exports `DETECTOR`.

    Raises:
        ConfigurationError: A threshold is set of one of them, which has none to set.
    """
    found: list[Detector[Any]] = []
    faults: list[Coded] = []
    for module in sorted(m.name for m in pkgutil.iter_modules(__path__)):
        detector = importlib.import_module(f"{__name__}.{module}").DETECTOR
        own = (settings or {}).get(module, RuleSettings())
        if own.threshold is not None:
            faults.append(
                coded(
                    "MW2119",
                    "rules.{name}.threshold: {name} compares with what is usual and has no single threshold."
                    " Remove it, or set enabled, severity or except.",
                    name=module,
                )
            )
        if own.enabled:
            found.append(_changed(detector, own))
    if faults:
        raise ConfigurationError(faults)
    return found


def _changed(detector: Detector[Any], settings: RuleSettings) -> Detector[Any]:
    """Give a detector as the configuration changes it."""
    changed = copy.copy(detector)
    changed.severity = settings.severity
    if settings.exceptions:
        changed.is_excepted = excepted_by(settings.exceptions)
    return changed
