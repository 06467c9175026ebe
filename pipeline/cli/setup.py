"""`mailwarden setup`: three questions, and everything is shown before it is written."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
import yaml

from mailwarden.alerts.words.escape import printable
from mailwarden.alerts.words.translate import LANGUAGES, N_, Translator, translator
from mailwarden.parsers.errors import (
    Coded,
    ConfigurationError,
    DeliveryError,
    MailwardenError,
    UsageError,
    below,
    changed,
    coded,
    worded,
)
from mailwarden.pipeline.cli.root import Command, Face
from mailwarden.pipeline.cli.terminal import Span, tell, write
from mailwarden.pipeline.configuration.configuration import Configuration
from mailwarden.pipeline.configuration.reading import load
from mailwarden.pipeline.places import UNIT_PATH, cache_directory, default_state

__all__ = ["command", "page_unit", "unit"]

_EXAMPLE = Path(__file__).parents[1] / "configuration" / "example.yml"
_PAGE_PATH = Path("/etc/systemd/system/mailwarden-web.service")
_SYSTEMD = Path("/run/systemd/system")  # there where systemd is what runs (sd_booted(3))
_STOP_S = 150  # its TimeoutStopSec, and some more
_SERVICE = """\
[Unit]
Description=mailwarden: reads mail-server logs and tells what goes wrong
Documentation=man:mailwarden(1)
After=network-online.target
Wants=network-online.target

[Service]
Type=notify
ExecStart={program} run --config {configuration}
ExecReload=/bin/kill -HUP $MAINPID
WatchdogSec=3min
TimeoutStopSec=120
MemoryMax=512M
# Of what root may do, it may read every log and do nothing else.
AmbientCapabilities=CAP_DAC_READ_SEARCH
CapabilityBoundingSet=CAP_DAC_READ_SEARCH
"""
_PAGE = """\
[Unit]
Description=mailwarden: the page, on this machine only unless web.listen says otherwise
Documentation=man:mailwarden(1)
After=network-online.target mailwarden.service
Wants=network-online.target

[Service]
Type=exec
ExecStart={program} web --config {configuration}
# Whoever talks to a network reads no file of others: the configuration is handed over, and secrets that it names with file:
# want a line like it each.
LoadCredential={credential}
CapabilityBoundingSet=
TimeoutStopSec=30
MemoryMax=1G
"""
_GUARD = """\
Restart=on-failure
RestartSec=10
# What a configuration lacks, no restart mends: the journal says it, once. All else may pass (a full disk, a locked database) and
# is tried again for as long as it takes: a watcher that has given up looks like calm.
RestartPreventExitStatus=2
# A user of its own, made by systemd.
DynamicUser=yes
User=mailwarden
StateDirectory=mailwarden
StateDirectoryMode=0750
UMask=0027
NoNewPrivileges=yes
PrivateDevices=yes
PrivateTmp=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHome=read-only
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectSystem=strict
RestrictAddressFamilies=AF_INET AF_INET6 AF_NETLINK AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native

[Install]
WantedBy=multi-user.target
"""


@click.command(
    "setup",
    cls=Command,
    examples=[
        ("sudo mailwarden setup", "three questions; Enter skips one"),
        ("sudo mailwarden setup --channel tgram://TOKEN/CHAT --yes", "without questions"),
        ("mailwarden setup --settings", "every setting, as it may stand in the configuration"),
        ("sudo mailwarden setup --remove", "list what would be deleted; with --yes delete it"),
    ],
)
@click.option("--channel", metavar="URL", help="Where to tell you: an Apprise URL (https://appriseit.com).")
@click.option("--language", type=click.Choice(list(LANGUAGES)), help="Of what you read.")
@click.option("--report-time", metavar="HH:MM", help="When the daily report is written.")
@click.option("--yes", is_flag=True, help="Write without asking.")
@click.option("--service/--no-service", default=None, help="Write a systemd unit (default: as root, where systemd is).")
@click.option("--settings", "settings", is_flag=True, help="Show every setting with what it is for, and end.")
@click.option("--remove", is_flag=True, help="List what mailwarden keeps on this machine, and delete it.")
@click.pass_context
def command(
    context: click.Context,
    channel: str | None,
    language: str | None,
    report_time: str | None,
    yes: bool,
    service: bool | None,
    settings: bool,
    remove: bool,
) -> int:
    """Set up watching: three questions, and everything is shown before it is written.

    Nothing leaves this machine but alerts and reports to your channel, and questions about your own addresses and domains.
    """
    if settings:
        write(([printable(row)] for row in _EXAMPLE.read_text("utf-8").rstrip().split("\n")), fold=False)
        return 0
    face = context.find_object(Face) or Face()
    target = Path(face.config or ("/etc/mailwarden/mailwarden.yml" if os.geteuid() == 0 else "mailwarden.yml"))
    spoken = language or Configuration().spoken()
    tongue = translator(spoken)
    if remove:
        return _remove(target, yes, tongue)
    if target.exists():
        raise UsageError(
            coded(
                "MW8115", "{target}: is there already. Change it with an editor, or move it away first.", target=target
            )
        )
    asks = sys.stdin.isatty() and not yes
    if asks:
        where = tongue.gettext(
            "1. Where should alerts go? An Apprise URL, such as tgram://TOKEN/CHAT or mailto://… (Enter: nowhere yet)"
        )
        channel = channel or _answer(where, "", lambda said: _settings(said, spoken, None), tongue)
        asked = tongue.gettext("2. Language") + " (en, ja)"
        language = language or _answer(asked, spoken, lambda said: _settings(None, said, None), tongue)
        at = tongue.gettext("3. Daily report at")
        report_time = report_time or _answer(at, "07:00", lambda said: _settings(None, spoken, said), tongue)
    try:
        text = _checked(_text(_settings(channel, language or spoken, report_time)), target)
    except ConfigurationError as error:
        raise ConfigurationError([below(error.faults, worded("Nothing was written."))]) from None
    files = {target: text}
    if service or (service is None and os.geteuid() == 0 and _SYSTEMD.is_dir()):
        program = shutil.which("mailwarden") or sys.argv[0]
        files[UNIT_PATH] = unit(program, target.absolute())
        files[_PAGE_PATH] = page_unit(program, target.absolute())
    for path, content in files.items():
        write([[Span(f"# {path}", "strong")], *([printable(row)] for row in content.split("\n"))], fold=False)
    if not yes and not (asks and click.confirm(tongue.gettext("Write this?"), default=True)):
        tell(tongue.gettext("Nothing was written. To write it without questions:  mailwarden setup --yes"))
        return 0
    _write(files)
    _say_done(load(target), tongue, service=UNIT_PATH in files)
    return 0


def unit(program: str, configuration: Path) -> str:
    """Write the systemd unit that watches, for a program and its configuration."""
    return _SERVICE.format(program=_word(program), configuration=_argument(configuration)) + _GUARD


def page_unit(program: str, configuration: Path) -> str:
    """Write the systemd unit of the page, which runs as the same user; it begins only when it is asked to."""
    credential = f"{configuration.name}:{configuration}".replace("%", "%%")
    page = _PAGE.format(program=_word(program), configuration=_argument(configuration), credential=credential)
    return page + _GUARD


def _word(path: str) -> str:
    """Write a path as one word of a command line of systemd (systemd.service(5), "COMMAND LINES")."""
    for sign, written in (("\\", "\\\\"), ('"', '\\"'), ("%", "%%")):
        path = path.replace(sign, written)
    return f'"{path}"' if any(sign in path for sign in " \t'\"\\") else path


def _argument(path: Path) -> str:
    return _word(str(path).replace("$", "$$"))  # of the program's own name no variable is taken


def _settings(channel: str | None, language: str, report_time: str | None) -> dict[str, Any]:
    settings: dict[str, Any] = {"language": language, "report": {"time": report_time or "07:00"}}
    if channel:
        settings["alerts"] = {"channels": {"me": channel}}
        settings["report"]["receivers"] = ["me"]
    return settings


def _answer(question: str, default: str, settings: Callable[[str], dict[str, Any]], tongue: Translator) -> str:
    """Ask until the answer can be read; what is wrong with one is said at once, while its question stands there."""
    while True:
        said: str = click.prompt(question, default=default, show_default=bool(default))
        try:
            _checked(_text(settings(said)), Path("mailwarden.yml"))
        except ConfigurationError as error:
            for fault in error.faults:
                tell(tongue.told(fault))
        else:
            return said


def _text(settings: dict[str, Any]) -> str:
    head = "# All settings: mailwarden setup --settings. Check with: mailwarden doctor\n"
    return head + yaml.safe_dump(settings, sort_keys=False, allow_unicode=True)


def _checked(text: str, target: Path) -> str:
    """Refuse settings that would not be read, before anything is written."""
    with tempfile.TemporaryDirectory(prefix="mailwarden-") as directory:
        draft = Path(directory) / target.name
        draft.write_text(text, "utf-8")
        try:
            load(draft)
        except ConfigurationError as error:
            raise ConfigurationError([_of(target, fault, draft) for fault in error.faults]) from None
    return text


def _of(target: Path, fault: Coded, draft: Path) -> Coded:
    """Give a fault of a draft as one of the file that it was to become."""
    return changed(fault, lambda text: text.replace(str(draft), str(target)))


def _write(files: dict[Path, str]) -> None:
    for path, content in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = 0o644 if path in (UNIT_PATH, _PAGE_PATH) else 0o600  # the address of a channel is a secret
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(content)


def _say_done(configuration: Configuration, tongue: Translator, *, service: bool) -> None:
    if configuration.channels:
        from mailwarden.alerts.telling.channels import Channels
        from mailwarden.alerts.telling.message import trial

        try:
            channels = Channels(configuration.resolved_channels())
            title, text = tongue.gettext("mailwarden: test"), tongue.gettext("Alerts will come here.")
            channels.send("me", trial(title, text, time.time_ns() // 1000))
            tell(tongue.gettext("A test message was accepted."))
        except (DeliveryError, MailwardenError) as error:
            mend = N_("Mend it in {path}, then:  mailwarden doctor --send")
            tell(f"{tongue.error(error)}\n{tongue.say(mend, {'path': str(configuration.path)})}")
    else:
        tell(tongue.gettext("Nobody is told yet: no channel was given."))
    start = "systemctl enable --now mailwarden" if service else "mailwarden run"
    tell(tongue.say(N_("Written. Start it with  {command}"), {"command": start}))
    if service:
        page = "systemctl enable --now mailwarden-web && mailwarden web --link"
        tell(tongue.say(N_("The page, where you want it:  {command}"), {"command": page}))


def _remove(target: Path, yes: bool, tongue: Translator) -> int:
    kept = [default_state(), cache_directory()]
    there = [path for path in (target, UNIT_PATH, _PAGE_PATH) if path.exists()]
    there += [path for path in kept if path.name == "mailwarden" and path.is_dir()]
    if not there:
        tell(tongue.gettext("Nothing of mailwarden is on this machine but the program itself."))
        return 0
    write([[tongue.gettext("This would be deleted:")], *([f"  {path}"] for path in there)])
    if not yes and not (sys.stdin.isatty() and click.confirm(tongue.gettext("Delete it?"), default=False)):
        tell(tongue.gettext("Nothing was deleted. To delete it without questions:  mailwarden setup --remove --yes"))
        return 0
    units = [path.name for path in (_PAGE_PATH, UNIT_PATH) if path.exists()] if _SYSTEMD.is_dir() else []
    if units:
        _systemctl("disable", "--now", *units)  # once its file is gone, systemd cannot disable it any more
    for path in there:
        if path.is_dir():
            shutil.rmtree(path.resolve())  # systemd makes it a link into /var/lib/private
        if path.is_symlink() or path.exists():
            path.unlink()
    if units:
        _systemctl("daemon-reload")
    tell(tongue.gettext("Deleted. The program itself goes as it came: apt, pipx, or its directory."))
    return 0


def _systemctl(*words: str) -> None:
    with suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(["systemctl", *words], check=False, timeout=_STOP_S)
