"""The configuration: one YAML file that may be absent, read to its end, with every fault told at once and by its line.

`configuration.schema.json` holds the structure and describes each setting; what a schema cannot say (networks, time
zones, the names of rules and channels) is checked here. Inside the program there are only the frozen values below.
"""

import os
import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

from mailwarden.alerts.geography import usual_databases
from mailwarden.alerts.rule_files import rule_files
from mailwarden.alerts.site import Site
from mailwarden.parsers.errors import ConfigurationError
from mailwarden.pipeline.configuration_blocklist import BlocklistSetting, read_blocklist_setting
from mailwarden.pipeline.configuration_faults import Fault, exception_fields, faults_of
from mailwarden.pipeline.configuration_web import WebSetting, read_web
from mailwarden.pipeline.marked_yaml import Marked, YamlFault, read_yaml
from mailwarden.pipeline.probes.settings import ProbesSetting
from mailwarden.pipeline.times import parse_duration
from mailwarden.pipeline.zones import local_zone

if TYPE_CHECKING:
    from mailwarden.alerts.channels import Channel
    from mailwarden.alerts.muting import Muting
    from mailwarden.alerts.routes import Route
    from mailwarden.alerts.rule import RuleSettings
    from mailwarden.alerts.rulebook import Rulebook
    from mailwarden.pipeline.alert_settings import Alerting

__all__ = [
    "Archive",
    "ChannelSetting",
    "Configuration",
    "Report",
    "RuleSetting",
    "SiteSetting",
    "SourceSetting",
    "cache_directory",
    "default_state",
    "find_configuration",
    "load",
    "resolved_secret",
    "rule_directory",
    "rule_names",
    "scan_store_path",
    "store_path",
]

SEARCHED = ("mailwarden.yml", "/etc/mailwarden/mailwarden.yml")
"""Where the configuration is looked for when neither `--config` nor `$MAILWARDEN_CONFIG` names it."""

_UNNAMED = "default"  # the site of one server
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class SourceSetting:
    """Where lines come from: files (`path` may be a pattern), the journal or docker (`names` empty: all of it)."""

    kind: Literal["files", "journal", "docker"]
    path: str = ""
    names: tuple[str, ...] = ()
    timezone: str | None = None
    year: int | None = None


@dataclass(frozen=True, slots=True)
class SiteSetting:
    """What is stated to be ours."""

    name: str = _UNNAMED
    hosts: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    default_domain: str | None = None
    networks: tuple[str, ...] = ()
    relays: tuple[str, ...] = ()
    monitors: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()
    webmail: tuple[str, ...] = ()
    databases: tuple[str, ...] | None = None  # None: those in the usual places


@dataclass(frozen=True, slots=True)
class RuleSetting:
    """What is changed of a rule; None leaves the rule's own. An exception's fields must all hold."""

    enabled: bool = True
    severity: str | None = None
    threshold: int | None = None
    exceptions: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class ChannelSetting:
    """A way to reach people. `url` is as written, its secrets put in by `resolve`; it is never shown."""

    name: str
    url: str = field(repr=False)
    language: str | None = None

    def resolve(self, language: str = "en", environment: Mapping[str, str] = os.environ) -> "Channel":
        """Put the secrets in.

        Raises:
            ConfigurationError: A variable or a file that it names is not there.
        """
        from mailwarden.alerts.channels import Channel

        try:
            url = resolved_secret(self.url, environment)
        except ValueError as error:
            raise ConfigurationError([f"alerts.channels.{self.name}: {error}"]) from None
        return Channel(name=self.name, url=url, language=self.language or language)


@dataclass(frozen=True, slots=True)
class Report:
    """When and for whom the report of the day before is written."""

    enabled: bool = True
    time: time = time(7)
    language: str | None = None
    receivers: tuple[str, ...] = ()
    weekly: bool = True
    quiet_days: bool = True
    domains: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # receivers of a domain's own report


@dataclass(frozen=True, slots=True)
class Archive:
    """Where what was understood is kept; `directory` None: `archive` in the state directory."""

    enabled: bool = True
    directory: Path | None = None


@dataclass(frozen=True, slots=True)
class Configuration:
    """All settings, with their defaults; `path` is the file they were read from, None where there is none."""

    path: Path | None = None
    language: str | None = None
    timezone: str | None = None
    state: Path | None = None
    hold_ms: int = 100
    sources: tuple[SourceSetting, ...] = ()
    site: SiteSetting = SiteSetting()
    labels: Mapping[str, frozenset[str]] = field(default_factory=dict)
    rules: Mapping[str, RuleSetting] = field(default_factory=dict)
    own_rules: Path | None = None
    channels: tuple[ChannelSetting, ...] = ()
    alerting: "Alerting | None" = None
    report: Report = field(default_factory=Report)
    archive: Archive = Archive()
    web: WebSetting = field(default_factory=WebSetting)
    blocklist: BlocklistSetting = field(default_factory=BlocklistSetting)
    probes: ProbesSetting = field(default_factory=ProbesSetting)

    @property
    def state_directory(self) -> Path:
        """Where mailwarden keeps what it remembers."""
        return self.state or default_state()

    @property
    def called(self) -> str:
        """Name this server for people: the site's name, the machine's where it has none of its own."""
        return self.site.name if self.site.name != _UNNAMED else platform.node()

    @property
    def archive_directory(self) -> Path:
        """Where the archive stands."""
        return self.archive.directory or self.state_directory / "archive"

    @property
    def rules_directory(self) -> Path | None:
        """Where the operator's own rules stand; None where there are none."""
        return self.own_rules or _beside(self.path)

    def spoken(self, environment: Mapping[str, str] = os.environ) -> str:
        """Give the language of what people read: as set, else that of their environment, else English."""
        if self.language:
            return self.language
        for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
            if environment.get(name):
                return "ja" if environment[name].lower().startswith("ja") else "en"
        return "en"

    def as_site(self) -> Site:
        """Give what is ours as the alerts know it."""
        return Site(
            name=self.site.name,
            hosts=self.site.hosts,
            networks=self.site.networks,
            domains=frozenset(self.site.domains),
            relays=self.site.relays,
            monitors=self.site.monitors,
            proxies=(*self.site.proxies, *self.site.webmail),
            default_domain=self.site.default_domain,
            labels=dict(self.labels),
            databases=usual_databases() if self.site.databases is None else self.site.databases,
        )

    def rule_settings(self) -> "dict[str, RuleSettings]":
        """Give what is changed of the rules as the compiler knows it."""
        from mailwarden.alerts.rule import RuleSettings

        return {
            name: RuleSettings(rule.enabled, rule.severity, rule.threshold, rule.exceptions)
            for name, rule in self.rules.items()
        }

    def rulebook(self) -> "Rulebook":
        """Load the rules: ours, and those of the operator that are right.

        Raises:
            ConfigurationError: A setting names no rule, or one that cannot be changed so.
        """
        from mailwarden.alerts.rulebook import load_rulebook
        from mailwarden.pipeline.vocabulary import event_fields

        directory = self.rules_directory
        fields = event_fields() if directory is not None and rule_files(directory) else None
        return load_rulebook(directory, self.rule_settings(), fields)

    def route(self) -> "Route":
        """Give the root of the routes: everything to every channel, but for what `alerts` says."""
        from mailwarden.alerts.routes import Route

        return self.alerting.route if self.alerting else Route()

    def muting(self) -> "Muting":
        """Give the maintenance windows and inhibitions."""
        from mailwarden.alerts.muting import Muting

        return self.alerting.muting if self.alerting else Muting()

    @property
    def zone(self) -> tzinfo:
        """The zone in which hours are meant and times are told."""
        return _zone(self.timezone)

    def resolved_channels(self, environment: Mapping[str, str] = os.environ) -> "tuple[Channel, ...]":
        """Give the channels with their secrets.

        Raises:
            ConfigurationError: With every variable and file that is not there.
        """
        channels: list[Channel] = []
        faults: list[str] = []
        for channel in self.channels:
            try:
                channels.append(channel.resolve(self.spoken(environment), environment))
            except ConfigurationError as error:
                faults.extend(error.faults)
        if faults:
            raise ConfigurationError([f"{self.path}: {fault}" for fault in faults])
        return tuple(channels)


def default_state(environment: Mapping[str, str] = os.environ) -> Path:
    """Give the state directory where none is set: /var/lib for root, else the user's own (XDG base directories)."""
    if environment.get("STATE_DIRECTORY"):  # systemd made it for us; several are separated by colons
        return Path(environment["STATE_DIRECTORY"].partition(":")[0])
    if os.geteuid() == 0:
        return Path("/var/lib/mailwarden")
    base = environment.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")  # noqa: PTH111 (Path.home raises)
    return Path(base) / "mailwarden"


def cache_directory(environment: Mapping[str, str] = os.environ) -> Path:
    """Give the directory of what may be lost: the result of the last `scan` without `--state`."""
    base = environment.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111
    return Path(base) / "mailwarden"


def store_path(state: Path) -> Path:
    """Give the database in a state directory."""
    return state / "mailwarden.db"


def scan_store_path(environment: Mapping[str, str] = os.environ) -> Path:
    """Give the database that holds the result of the last `scan` without `--state`."""
    return cache_directory(environment) / "scan.db"


def find_configuration(stated: str | None = None, environment: Mapping[str, str] = os.environ) -> Path | None:
    """Find the configuration: as stated, else `$MAILWARDEN_CONFIG`, ./mailwarden.yml, /etc/mailwarden/mailwarden.yml.

    Returns:
        None where nothing is stated and none is there.
    """
    stated = stated or environment.get("MAILWARDEN_CONFIG")
    if stated:
        return Path(stated)
    return next((path for path in map(Path, SEARCHED) if path.exists()), None)


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
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationError([f"{path}: is not UTF-8 text (byte {error.start}). Save it as UTF-8."]) from None
    except FileNotFoundError:
        raise ConfigurationError([f"{path}: is not there. Check the path, or make one:  mailwarden setup"]) from None
    except OSError as error:
        raise ConfigurationError([f"{path}: not readable: {error.strerror}. Nothing was started."]) from None
    try:
        marked = read_yaml(text)
    except YamlFault as fault:
        raise ConfigurationError([f"{path}:{fault.line}: {fault}"]) from None
    if marked.value is None:
        marked = Marked({}, {})
    stated = marked.value.get("rules_directory") if isinstance(marked.value, dict) else None
    directory = path.parent / _expanded(stated) if isinstance(stated, str) and stated else _beside(path)
    faults = faults_of(marked, rule_names(directory) if known_rules is None else known_rules)
    if directory is not None and not directory.is_dir():
        said = f'rules_directory: "{directory}" is no directory. Make it, or leave the setting out.'
        faults.append(Fault(marked.line(("rules_directory",)), said))
    if faults:
        raise ConfigurationError([f"{path}:{fault.line}: {fault.said}" for fault in faults])
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
        channels=tuple(_channel(name, channel) for name, channel in alerts.get("channels", {}).items()),
        alerting=_alerting(alerts, settings.get("timezone")) if alerts else None,
        report=Report(
            report.get("enabled", True),
            time(hour, minute),
            report.get("language"),
            tuple(report.get("receivers", ())),
            report.get("weekly", True),
            report.get("quiet_days", True),
            {name.lower(): tuple(receivers) for name, receivers in report.get("domains", {}).items()},
        ),
        archive=Archive(archive.get("enabled", True), _directory(directory)),
        web=read_web(settings.get("web", {})),
        blocklist=read_blocklist_setting(settings.get("blocklist", {}), directory=path.parent, duration=parse_duration),
        probes=_probes(settings.get("probes", {})),
    )


def _probes(probes: Any) -> ProbesSetting:
    return ProbesSetting.of(probes, parse_duration(probes["every"]) if "every" in probes else None)


def _alerting(alerts: Any, zone: str | None) -> "Alerting":
    from mailwarden.pipeline.alert_settings import read_alerting

    return read_alerting(alerts, _zone(zone))


def _zone(name: str | None) -> tzinfo:
    return ZoneInfo(name) if name else local_zone()


def _directory(text: str | None) -> Path | None:
    return _expanded(text) if text else None


def _expanded(text: str) -> Path:
    return Path(os.path.expanduser(text))  # noqa: PTH111


def _beside(path: Path | None) -> Path | None:
    """Give `rules.d` beside the configuration; lacking one, where it would be looked for last. None: not there."""
    directory = (path or Path(SEARCHED[-1])).parent / "rules.d"
    return directory if directory.is_dir() else None


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


def _channel(name: str, channel: Any) -> ChannelSetting:
    if isinstance(channel, str):
        return ChannelSetting(name, channel)
    return ChannelSetting(name, channel["url"], channel.get("language"))


def resolved_secret(url: str, environment: Mapping[str, str]) -> str:
    """Give a text with what it names put in: `${NAME}` from the environment, `file:` the first line of a file.

    Raises:
        ValueError: A variable or a file is not there.
    """
    if url.startswith("file:"):
        path = Path(os.path.expanduser(url.removeprefix("file:")))  # noqa: PTH111
        try:
            url = path.read_text("utf-8").partition("\n")[0].strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "is not text"
            raise ValueError(f'secret file "{path}": {reason}. It cannot be used.') from None
        if not url:
            raise ValueError(f'secret file "{path}": is empty. Write the URL into its first line.')
        return url

    def value(found: re.Match[str]) -> str:
        if found[1] not in environment:
            raise ValueError(f"${{{found[1]}}} is not in the environment. Set it where mailwarden is started.")
        return environment[found[1]]

    return _VARIABLE.sub(value, url)
