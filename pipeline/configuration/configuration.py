"""The configuration as the program knows it: frozen values, with their defaults. `reading.py` reads them."""

import os
import platform
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mailwarden.alerts.facts.geography import usual_databases
from mailwarden.alerts.facts.site import Site
from mailwarden.alerts.rulebook.rule_files import rule_files
from mailwarden.alerts.terms import UNNAMED
from mailwarden.alerts.words.translate import language_of
from mailwarden.parsers.errors import Coded, ConfigurationError, WrongValueError, coded, placed
from mailwarden.pipeline.configuration.blocklist import BlocklistSetting
from mailwarden.pipeline.configuration.secret import read_secret
from mailwarden.pipeline.configuration.web import WebSetting
from mailwarden.pipeline.configuration.zones import zone_called
from mailwarden.pipeline.feedback.settings import FeedbackSetting
from mailwarden.pipeline.places import default_state, rules_beside, small_text
from mailwarden.pipeline.probes.settings import ProbesSetting

if TYPE_CHECKING:
    from mailwarden.alerts.rulebook.rule import Rule, RuleSettings
    from mailwarden.alerts.rulebook.rulebook import Rulebook
    from mailwarden.alerts.telling.channels import Channel
    from mailwarden.alerts.telling.muting import Muting
    from mailwarden.alerts.telling.routes import Route, Router
    from mailwarden.pipeline.configuration.alerts import Alerting

__all__ = [
    "Archive",
    "ChannelSetting",
    "Configuration",
    "Keep",
    "Report",
    "RuleSetting",
    "SiteSetting",
    "SourceSetting",
]


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

    name: str = UNNAMED
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
    template: Path | None = None  # of the operator's own words
    customer: bool = False  # whoever reads it has no shell on the server

    def resolve(self, language: str = "en", environment: Mapping[str, str] = os.environ) -> "Channel":
        """Put the secrets in.

        Raises:
            ConfigurationError: A variable or a file that it names is not there.
        """
        from mailwarden.alerts.telling.channels import Channel

        try:
            url = read_secret(self.url, environment)
        except WrongValueError as error:
            said = coded(error.said.code, "alerts.channels.{name}: {error}", name=self.name, error=error.said)
            raise ConfigurationError([said]) from None
        try:
            own = small_text(self.template) if self.template else ""
        except (OSError, UnicodeDecodeError) as error:
            said = coded(
                "MW4114", "alerts.channels.{name}: {path}: {error}", name=self.name, path=self.template, error=error
            )
            raise ConfigurationError([said]) from None
        return Channel(
            name=self.name, url=url, language=self.language or language, template=own, customer=self.customer
        )


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
    servers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # and of a server's


@dataclass(frozen=True, slots=True)
class Keep:
    """How long what is over is kept."""

    reports: timedelta = timedelta(days=400)
    alerts: timedelta = timedelta(days=90)
    counts: timedelta = timedelta(days=400)


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
    keep: Keep = Keep()
    web: WebSetting = field(default_factory=WebSetting)
    blocklist: BlocklistSetting = field(default_factory=BlocklistSetting)
    probes: ProbesSetting = field(default_factory=ProbesSetting)
    feedback: FeedbackSetting = field(default_factory=FeedbackSetting)

    @property
    def state_directory(self) -> Path:
        """Where mailwarden keeps what it remembers."""
        return self.state or default_state()

    @property
    def called(self) -> str:
        """Name this server for people: the site's name, the machine's where it has none of its own."""
        return self.site.name if self.site.name != UNNAMED else platform.node()

    @property
    def archive_directory(self) -> Path:
        """Where the archive stands."""
        return self.archive.directory or self.state_directory / "archive"

    @property
    def rules_directory(self) -> Path | None:
        """Where the operator's own rules stand; None where there are none."""
        return self.own_rules or rules_beside(self.path)

    def spoken(self, environment: Mapping[str, str] = os.environ) -> str:
        """Give the language of what people read: as set, else that of their environment, else English."""
        return self.language or language_of(environment)

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
        from mailwarden.alerts.rulebook.rule import RuleSettings

        return {
            name: RuleSettings(rule.enabled, rule.severity, rule.threshold, rule.exceptions)
            for name, rule in self.rules.items()
        }

    def rulebook(self) -> "Rulebook":
        """Load the rules: ours, and those of the operator that are right.

        Raises:
            ConfigurationError: A setting names no rule, or one that cannot be changed so.
        """
        from mailwarden.alerts.rulebook.rulebook import load_rulebook
        from mailwarden.pipeline.configuration.known_rules import known_rules
        from mailwarden.pipeline.trial.vocabulary import event_words

        directory = self.rules_directory
        fields = event_words() if directory is not None and rule_files(directory) else None
        with known_rules() as known:
            return load_rulebook(directory, self.rule_settings(), fields, known)

    def rules_called(self, names: Collection[str]) -> "list[Rule]":
        """Load some of the rules by their names; those that are there and right."""
        from mailwarden.alerts.rulebook.rulebook import load_named
        from mailwarden.pipeline.configuration.known_rules import known_rules

        with known_rules() as known:
            return load_named(names, self.rules_directory, self.rule_settings(), known)

    def route(self) -> "Route":
        """Give the root of the routes: everything to every channel, but for what `alerts` says."""
        from mailwarden.alerts.telling.routes import Route

        return self.alerting.route if self.alerting else Route()

    def router(self) -> "Router":
        """Give what finds the way through the routes; what a customer reads is sent only what one names it for.

        Raises:
            ConfigurationError: A route names what is no channel.
        """
        from mailwarden.alerts.telling.routes import Router

        customers = {one.name for one in self.channels if one.customer}
        return Router(self.route(), [one.name for one in self.channels], self.zone, customers)

    def muting(self) -> "Muting":
        """Give the maintenance windows and inhibitions."""
        from mailwarden.alerts.telling.muting import Muting

        return self.alerting.muting if self.alerting else Muting()

    @property
    def zone(self) -> tzinfo:
        """The zone in which hours are meant and times are told."""
        return zone_called(self.timezone)

    def resolved_channels(self, environment: Mapping[str, str] = os.environ) -> "tuple[Channel, ...]":
        """Give the channels with their secrets.

        Raises:
            ConfigurationError: With every variable and file that is not there.
        """
        channels: list[Channel] = []
        faults: list[Coded] = []
        for channel in self.channels:
            try:
                channels.append(channel.resolve(self.spoken(environment), environment))
            except ConfigurationError as error:
                faults.extend(error.faults)
        if faults:
            raise ConfigurationError([placed(self.path, fault) for fault in faults])
        return tuple(channels)
