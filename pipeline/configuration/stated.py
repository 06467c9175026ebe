"""What a configuration file states: read to its end, every fault told at once and by its line, and made into values.

`configuration.schema.json` holds the structure and describes each setting; what a schema cannot say (networks, time
zones, the names of rules and channels) is checked by `faults.py`.
"""

import os
from collections.abc import Callable
from datetime import time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mailwarden.parsers.errors import ConfigurationBarredError, ConfigurationError, coded
from mailwarden.parsers.system_errors import reason
from mailwarden.pipeline.configuration.blocklist import read_blocklist_setting
from mailwarden.pipeline.configuration.configuration import (
    Archive,
    ChannelSetting,
    Configuration,
    Keep,
    Report,
    RuleSetting,
    SiteSetting,
    SourceSetting,
)
from mailwarden.pipeline.configuration.faults import Fault, exception_fields, faults_of
from mailwarden.pipeline.configuration.marked_yaml import Marked, YamlFault, read_yaml
from mailwarden.pipeline.configuration.template_faults import template_faults
from mailwarden.pipeline.configuration.times import parse_duration
from mailwarden.pipeline.configuration.web import read_web
from mailwarden.pipeline.configuration.zones import zone_called
from mailwarden.pipeline.feedback.settings import FeedbackSetting
from mailwarden.pipeline.places import handed_over, rules_beside
from mailwarden.pipeline.probes.settings import ProbesSetting

if TYPE_CHECKING:
    from mailwarden.pipeline.configuration.alerts import Alerting

__all__ = ["read_stated"]


def read_stated(path: Path, known_rules: Callable[[Path | None], list[str]]) -> Configuration:
    """Read a configuration file.

    Args:
        path: The file.
        known_rules: Gives the names that `rules:` may hold, where the operator has rules of his own in a directory, or None.

    Raises:
        ConfigurationError: With every fault, each with the file and its line.
    """
    try:
        text = handed_over(path).read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            [
                coded(
                    "MW2101",
                    "{path}: is not UTF-8 text (byte {start}). Save it as UTF-8.",
                    path=path,
                    start=error.start,
                )
            ]
        ) from None
    except FileNotFoundError:
        raise ConfigurationError(
            [coded("MW2100", "{path}: is not there. Check the path, or make one:  mailwarden setup", path=path)]
        ) from None
    except PermissionError:
        raise ConfigurationBarredError(
            [
                coded(
                    "MW2102",
                    "{path}: its owner alone may read it. Nothing was done. Say the same with sudo.",
                    path=path,
                )
            ]
        ) from None
    except OSError as error:
        raise ConfigurationError(
            [coded("MW2102", "{path}: not readable: {reason}. Nothing was started.", path=path, reason=reason(error))]
        ) from None
    try:
        marked = read_yaml(text)
    except YamlFault as fault:
        raise ConfigurationError(
            [coded(fault.said.code, "{path}:{line}: {fault}", path=path, line=fault.line, fault=fault.said)]
        ) from None
    if marked.value is None:
        marked = Marked({}, {})
    stated = marked.value.get("rules_directory") if isinstance(marked.value, dict) else None
    directory = path.parent / _expanded(stated) if isinstance(stated, str) and stated else rules_beside(path)
    faults = faults_of(marked, known_rules(directory))
    if directory is not None and not directory.is_dir():
        said = coded(
            "MW2116",
            'rules_directory: "{directory}" is no directory. Make it, or leave the setting out.',
            directory=directory,
        )
        faults.append(Fault(marked.line(("rules_directory",)), said))
    faults += template_faults(marked, path.parent) if not faults else []
    if faults:
        faults.sort(key=lambda fault: fault.line)
        raise ConfigurationError(
            [
                coded(fault.said.code, "{path}:{line}: {fault}", path=path, line=fault.line, fault=fault.said)
                for fault in faults
            ]
        )
    return _configuration(path, marked.value)


# ---------------------------------------------------------------------- the values


def _configuration(path: Path, settings: Any) -> Configuration:
    alerts = settings.get("alerts", {})
    report, archive = settings.get("report", {}), settings.get("archive", {})
    directory = archive.get("directory")
    hour, minute = map(int, report.get("time", "07:00").split(":"))
    return Configuration(
        path=path,
        language=settings.get("language"),
        timezone=settings.get("timezone"),
        state=_directory(settings.get("state")),
        hold_ms=settings.get("hold_ms", 100),
        sources=tuple(_source(source, settings.get("timezone")) for source in settings.get("sources", ())),
        site=_site(settings.get("site", {})),
        labels={
            label: frozenset(name.lower() for name in names) for label, names in settings.get("labels", {}).items()
        },
        rules={name: _rule(rule or {}) for name, rule in settings.get("rules", {}).items()},
        own_rules=path.parent / _expanded(settings["rules_directory"]) if "rules_directory" in settings else None,
        channels=tuple(_channel(name, channel, path.parent) for name, channel in alerts.get("channels", {}).items()),
        alerting=_alerting(alerts, settings.get("timezone")) if alerts else None,
        report=Report(
            report.get("enabled", True),
            time(hour, minute),
            report.get("language"),
            tuple(report.get("receivers", ())),
            report.get("weekly", True),
            report.get("quiet_days", True),
            {name.lower(): tuple(receivers) for name, receivers in report.get("domains", {}).items()},
            {name.lower(): tuple(receivers) for name, receivers in report.get("servers", {}).items()},
        ),
        keep=Keep(**{what: parse_duration(kept) for what, kept in settings.get("keep", {}).items()}),
        archive=Archive(archive.get("enabled", True), _directory(directory)),
        web=read_web(settings.get("web", {})),
        blocklist=read_blocklist_setting(settings.get("blocklist", {}), directory=path.parent, duration=parse_duration),
        probes=ProbesSetting.of(settings.get("probes", {}), _every(settings.get("probes", {}))),
        feedback=FeedbackSetting.of(settings.get("feedback", {}), _every(settings.get("feedback", {}))),
    )


def _every(settings: Any) -> timedelta | None:
    return parse_duration(settings["every"]) if "every" in settings else None


def _alerting(alerts: Any, zone: str | None) -> "Alerting":
    from mailwarden.pipeline.configuration.alerts import read_alerting

    return read_alerting(alerts, zone_called(zone))


def _directory(text: str | None) -> Path | None:
    return _expanded(text) if text else None


def _expanded(text: str) -> Path:
    return Path(os.path.expanduser(text))  # noqa: PTH111


def _source(source: Any, zone: str | None) -> SourceSetting:
    if isinstance(source, str):
        source = {source: True} if source in ("journal", "docker") else {"path": source}
    rest: dict[str, Any] = {"timezone": source.get("timezone", zone), "year": source.get("year")}
    for kind in ("journal", "docker"):
        if kind in source:
            names = () if source[kind] is True else tuple(source[kind])
            return SourceSetting(kind, names=names, **rest)
    return SourceSetting("files", path=os.path.expanduser(source["path"]), **rest)  # noqa: PTH111


def _site(site: Any) -> SiteSetting:
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in site.items()}
    if "domains" in values:
        values["domains"] = tuple(domain.lower() for domain in values["domains"])
    if "default_domain" in values:
        values["default_domain"] = values["default_domain"].lower()
    return SiteSetting(**values)


def _rule(rule: Any) -> RuleSetting:
    exceptions = (exception_fields(one) if isinstance(one, str) else one for one in rule.get("except", ()))
    return RuleSetting(
        rule.get("enabled", True),
        rule.get("severity"),
        rule.get("threshold"),
        tuple(one for one in exceptions if one is not None),
    )


def _channel(name: str, channel: Any, directory: Path) -> ChannelSetting:
    if isinstance(channel, str):
        return ChannelSetting(name, channel)
    template = directory / _expanded(channel["template"]) if "template" in channel else None
    return ChannelSetting(name, channel["url"], channel.get("language"), template, channel.get("customer", False))
