"""Commands that read and write what the service keeps: show, silence, unparsed, the state."""

import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from incidents import START_US, incident, taken_over

from mailwarden.alerts.incidents.incident import Notification
from mailwarden.alerts.telling.delivery import Delivery, pack
from mailwarden.alerts.telling.silences import Silence
from mailwarden.pipeline.cli import setup
from mailwarden.pipeline.cli.root import root
from mailwarden.pipeline.places import store_path
from mailwarden.pipeline.service.lock import Lock, lock_path
from mailwarden.pipeline.store import Commit, Store

BAD = "Nov 23 00:00:01 mx1 postfix/smtpd[7]: \x1b[31mnever seen"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where somebody works who has a place for the state and for what the last scan found, and nothing in them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LANG", "C.UTF-8")
    return tmp_path


@pytest.fixture
def state(home: Path) -> Path:
    """A state directory with two incidents and a line that was not understood."""
    (home / "state").mkdir()
    with Store.open(store_path(home / "state")) as store:
        incidents = [taken_over(), incident()]
        unparsed = {("postfix", "smtpd", "never seen"): (3, BAD)}
        store.commit(Commit(1, incidents=incidents, unparsed=unparsed, meta={"stream_us": str(START_US)}))
    return home / "state"


def call(*words: str) -> Result:
    """Run a command."""
    return CliRunner().invoke(root, list(words))


def test_show_finds_an_incident_by_the_beginning_of_its_id(state: Path) -> None:
    """Any case will do; that nobody is told stands beside it."""
    result = call("show", taken_over().id[:4].lower())

    assert result.exit_code == 0
    assert result.stdout.startswith("● CRITICAL")
    assert "Nobody is told" in result.stderr


def test_show_gives_data(state: Path) -> None:
    """`--json` gives the incident as `scan --json` does."""
    data = json.loads(call("show", taken_over().id, "--json").stdout)

    assert data["incident.id"] == taken_over().id
    assert data["primary"] == {"user.name": "walter.rossi1969@nova0.test"}


@pytest.mark.parametrize("words", [("show", "ZZZ"), ("silence", "ZZZ", "--because", "x"), ("show", "Z")])
def test_an_unknown_incident_is_told(state: Path, words: tuple[str, ...]) -> None:
    """An id that nothing has is a slip of its user."""
    assert call(*words).exit_code == 2


def test_a_silence_holds_what_it_says(state: Path) -> None:
    """A silence asked for here is one that the alerts understand, and is listed with who, why and until when."""
    one = taken_over()

    said = call("silence", one.id[:4], "--until", "2h", "--because", "newsletter")
    listed = call("silence", "--list")

    assert said.exit_code == 0
    with Store.open(store_path(state), read_only=True) as store:
        (act,) = store.silences()
    silence = Silence.of_act(str(act.id), act.payload, act.at_us)
    assert silence.because == "newsletter"
    assert silence.covers(Notification(id="n", kind="opened", incident=one, at_us=act.at_us))
    assert not silence.covers(Notification(id="n", kind="opened", incident=one, at_us=act.at_us + 7_200_000_000))
    assert "newsletter" in listed.stdout


def test_a_silence_can_be_ended(state: Path) -> None:
    """--end takes it back."""
    id_ = taken_over().id
    call("silence", id_, "--because", "x")

    assert "is told again" in call("silence", id_, "--end").stdout
    assert call("silence", "--list").stdout == "Nothing is silenced.\n"


def guesses(address: str, minute: int, tries: int = 6) -> str:
    """Write refused logins of a stranger."""
    return "".join(
        f"2026-03-02T08:{minute:02}:{second:02}+00:00 mx1 postfix/smtpd[7]: warning: unknown[{address}]:"
        " SASL LOGIN authentication failed: UGFzc3dvcmQ6\n"
        for second in range(tries)
    )


def incidents_of(*words: str) -> dict[str, int]:
    """Scan; give how many events the incidents of each network count."""
    found = map(json.loads, call("scan", "--json", *words).stdout.splitlines())
    return {next(iter(one["primary"].values())): one["event_count"] for one in found}


def test_what_is_normal_here_feeds_no_incident_until_it_ends(state: Path, tmp_path: Path) -> None:
    """One network for one rule; others are found as ever, it is listed with its end and reason, and --end takes it back."""
    log = tmp_path / "mail.log"
    words = ("--state", str(state), str(log))
    log.write_text(guesses("203.0.113.7", 0, 5))
    before = incidents_of(*words)
    with Store.open(store_path(state), read_only=True) as store:
        (id_,) = [one.id for one in store.incidents() if one.primary[1] == "203.0.113.0/24"]
    on = ("--state", str(state))

    said = call("silence", id_, "--normal", "--because", "our own scanner", *on).stdout
    with log.open("a") as file:
        file.write(guesses("203.0.113.7", 1, 4) + guesses("198.51.100.7", 21))
    after = incidents_of(*words)
    listed = call("silence", "--list", *on).stdout

    assert "203.0.113.0/24 is normal here for steady_guessing, fast_guessing until" in said
    assert before["203.0.113.0/24"] == after["203.0.113.0/24"] == 5
    assert after["198.51.100.0/24"] == 6
    assert "203.0.113.0/24 is normal here for steady_guessing, fast_guessing until" in listed
    assert "our own scanner" in listed

    call("silence", id_, "--end", *on)
    with log.open("a") as file:
        file.write(guesses("203.0.113.7", 40, 40))

    assert incidents_of(*words)["203.0.113.0/24"] > 6


def test_what_is_normal_here_ends_by_itself(state: Path, tmp_path: Path) -> None:
    """After its end in stream time the rule looks again; 90 days where nobody says how long, or for ever."""
    log = tmp_path / "mail.log"
    log.write_text(guesses("203.0.113.7", 0))
    on = ("--state", str(state))
    assert incidents_of(*on, str(log))
    with Store.open(store_path(state), read_only=True) as store:
        (id_,) = [one.id for one in store.incidents() if one.primary[1] == "203.0.113.0/24"]
    for until in ((), ("--until", "forever"), ("--until", "30d")):
        call("silence", id_, "--normal", "--because", "x", *until, *on)
    with Store.open(store_path(state)) as store:
        acts = store.silences()
        days = [one.payload["until_us"] and (one.payload["until_us"] - one.at_us) / 86_400_000_000 for one in acts]
        for act in acts:
            store.add_act("end_silence", {"silence": act.id}, act.at_us)
        store.add_act("silence", acts[0].payload | {"until_us": START_US - 365 * 86_400_000_000}, START_US)
    with log.open("a") as file:
        file.write(guesses("203.0.113.7", 20, 40))

    assert days == [90, None, 30]
    assert incidents_of(*on, str(log))["203.0.113.0/24"] > 6
    assert call("silence", id_, "--normal", "--until", "worse", "--because", "x", *on).exit_code == 2


def test_on_it_is_asked_for(state: Path) -> None:
    """--on-it leaves an act for the service."""
    call("silence", taken_over().id, "--on-it")

    with Store.open(store_path(state), read_only=True) as store:
        assert [act.kind for act in store.pending_acts()] == ["acknowledge"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("silence",), "which incident?"),
        (("silence", "ABC"), "say why"),
        (("silence", "ABC", "--on-it", "--end"), "exclude each other"),
        (("silence", "FZJ", "--because", "x", "--until", "2 hours"), "2 hours"),
    ],
)
def test_what_a_silence_lacks_is_told(state: Path, words: tuple[str, ...], said: str) -> None:
    """A silence needs an incident, a reason and an end that can be read."""
    result = call(*words)

    assert result.exit_code == 2
    assert said in result.stderr


def test_unparsed_shows_samples_that_cannot_harm(state: Path) -> None:
    """What was not understood is shown with its count, escaped."""
    result = call("unparsed")

    assert "3 lines were not understood (1 kind)." in result.stdout
    assert "\\x1b[31mnever seen" in result.stdout
    assert json.loads(call("unparsed", "--json").stdout)["lines"] == 3


def test_unparsed_does_not_praise_what_is_no_mail_log(state: Path, tmp_path: Path) -> None:
    """A file without a line of a mail program was not understood either."""
    (tmp_path / "notes.txt").write_text("hello\n")

    result = call("unparsed", str(tmp_path / "notes.txt"))

    assert (result.exit_code, result.stdout) == (2, "")
    assert "no line of a mail program" in result.stderr


def test_unparsed_goes_on_where_one_file_cannot_be_read(state: Path, tmp_path: Path) -> None:
    """What is missing is told, the other files are read, and the end is 3."""
    (tmp_path / "mail.log").write_text("Nov 23 10:00:00 mx1 postfix/smtpd[7]: connect from unknown[192.0.2.1]\n")

    result = call("unparsed", str(tmp_path / "none.log"), str(tmp_path / "mail.log"))

    assert result.exit_code == 3
    assert "Every line of a mail program was understood" in result.stdout
    assert "none.log: is not there" in result.stderr


def test_the_state_names_the_worst_and_the_next_step(state: Path) -> None:
    """`mailwarden` alone says how far behind it is, what is open, and what to do."""
    lines = call().stdout.split("\n")

    assert any(line.startswith("● CRITICAL") and "walter.rossi1969@nova0.test" in line for line in lines)
    assert any("Nobody is told" in line for line in lines)
    assert any("mailwarden show" in line for line in lines)


def test_the_state_and_show_say_what_is_silenced(state: Path) -> None:
    """What somebody keeps quiet about is no longer the first that needs somebody, and both commands say so."""
    call("silence", taken_over().id, "--because", "newsletter")

    lines = call().stdout.splitlines()

    assert [line.endswith(" · silenced") for line in lines if "walter" in line] == [True]
    assert "walter" in lines[2]
    assert lines[-1].startswith("Next: mailwarden show ")
    assert not taken_over().id.startswith(lines[-1].rpartition(" ")[2])
    assert "It is silenced" in call("show", taken_over().id).stderr
    call("silence", taken_over().id, "--end")
    assert "It is silenced" not in call("show", taken_over().id).stderr
    assert "silenced" not in call().stdout


def test_what_is_critical_and_silenced_is_never_only_counted(state: Path) -> None:
    """Where there is no room for it, the line that counts the others says how many of them are critical."""
    many = [incident("takeover", ("mailwarden.account", f"u{n}@example.org"), severity="high") for n in range(2, 8)]
    with Store.open(store_path(state)) as store:
        store.commit(Commit(9, incidents=many))
    call("silence", taken_over().id, "--because", "newsletter")

    assert "more open, ● 1 of them critical" in call().stdout


def test_in_a_terminal_the_reason_is_asked_for(state: Path) -> None:
    """The command stands in every alert without a reason: pasted into a terminal, it asks for one."""
    master, terminal = os.openpty()
    command = [sys.executable, "-m", "mailwarden", "silence", taken_over().id]
    os.write(master, b"a newsletter\n")

    done = subprocess.run(command, stdin=terminal, capture_output=True, text=True, timeout=60)

    os.close(master)
    os.close(terminal)
    assert done.returncode == 0, done.stderr
    assert "Why, for whoever looks later" in done.stderr
    assert "a newsletter" in call("silence", "--list").stdout


def test_before_the_service_runs_the_report_is_of_the_last_scan(home: Path) -> None:
    """On the first day the report is not empty: it tells what the last scan read, and says so."""
    assert "mailwarden run" in call("report", "2026-11-23").stderr
    log = home / "mail.log"
    log.write_text("2026-11-23T10:00:00+00:00 mx1 postfix/smtpd[7]: connect from unknown[192.0.2.1]\n")
    call("scan", str(log))

    result = call("report", "2026-11-23")

    assert "Mon 23 Nov 2026: no trouble found." in result.stdout
    assert "what the last scan read" in result.stderr


def test_a_report_of_a_day_without_lines_names_the_day_that_has_some(home: Path) -> None:
    """Whoever scanned an old log and asks for yesterday is not left alone with nothing."""
    log = home / "mail.log"
    log.write_text("2024-11-23T10:00:00+00:00 mx1 postfix/smtpd[7]: connect from unknown[192.0.2.1]\n")
    call("scan", str(log))

    assert "mailwarden report 2024-11-23" in call("report").stderr
    assert "The newest line" not in call("report", "2024-11-23").stderr


def test_before_it_runs_the_state_names_what_is_configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Configured logs are shown, with what bars the way to one, and not what else is on the machine."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mail.log").write_text("")
    (tmp_path / "c.yml").write_text(f"sources: [{tmp_path}/mail.log, {tmp_path}/none.log, journal]\n")

    said = call("--config", "c.yml").stdout.splitlines()

    assert said[1:5] == [
        "To be read, as c.yml says:",
        f"  ✓ {tmp_path}/mail.log",
        f"  ✗ {tmp_path}/none.log: No such file or directory",
        "  ✓ journal",
    ]
    assert "mailwarden run" in said[-1]


def test_without_a_state_there_is_a_way_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing runs, the two commands to go on are named."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    said = call().stdout

    assert "not watching yet" in said
    assert "mailwarden scan" in said
    assert "mailwarden setup" in said


def test_doctor_gives_every_check_as_data(state: Path) -> None:
    """Each check has a state; what is not well has a mend or says what it means."""
    result = call("doctor", "--json")

    checks = [json.loads(line) for line in result.stdout.splitlines()]
    assert {"configuration", "channels", "disk", "unparsed"} <= {check["name"] for check in checks}
    assert all(check["state"] in ("ok", "warning", "error", "not checked") for check in checks)


def test_doctor_speaks_the_readers_language_and_data_stays_the_same(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In Japanese the checks are Japanese, but for `--json`, which programs read."""
    data = call("doctor", "--json").stdout
    monkeypatch.setenv("LANG", "ja_JP.UTF-8")

    assert "通知先：警告：設定されていません" in call("doctor").stdout
    names = [json.loads(line)["name"] for line in call("doctor", "--json").stdout.splitlines()]
    assert names == [json.loads(line)["name"] for line in data.splitlines()]


@pytest.mark.parametrize(
    "words",
    [
        ("explain", "hello"),
        ("unparsed",),
        ("setup", "--no-service"),
        ("rules", "list"),
        ("rules", "show", "sending_burst"),
        ("find", "nobody", "mail.log"),
    ],
)
def test_commands_speak_japanese(state: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]) -> None:
    """What a command says is in the reader's language, whichever command it is."""
    monkeypatch.setenv("LANG", "ja_JP.UTF-8")
    Path("mail.log").write_text("hello\n")

    result = call(*words)

    assert any("ぁ" <= sign <= "ん" for sign in result.stdout + result.stderr)


def test_doctor_sees_a_wrong_zone(state: Path, tmp_path: Path) -> None:
    """A log whose newest line is hours from when it was written has the wrong time zone."""
    log = tmp_path / "mail.log"
    log.write_text("2026-11-24T10:00:00+00:00 mx1 postfix/smtpd[7]: connect from unknown[192.0.2.1]\n")
    os.utime(log, (1_795_503_600, 1_795_503_600))  # 24 Nov 2026 07:00 UTC
    (tmp_path / "mailwarden.yml").write_text(f"sources: [{log}]\n")

    checks = [json.loads(line) for line in call("doctor", "--json").stdout.splitlines()]

    (check,) = [one for one in checks if one["name"] == f"log {log}"]
    assert check["state"] == "warning"
    assert "+3.0 h" in check["says"]


def test_doctor_sees_a_log_that_the_service_cannot_read(state: Path, tmp_path: Path) -> None:
    """What root may read, the service's user need not: a log that holds lines and was never begun is told."""
    logs = [tmp_path / name for name in ("read.log", "closed.log", "empty.log")]
    for log in logs[:2]:
        log.write_text("2026-11-24T10:00:00+00:00 mx1 postfix/smtpd[7]: connect from unknown[192.0.2.1]\n")
    logs[2].touch()
    (tmp_path / "mailwarden.yml").write_text(f"sources: [{', '.join(map(str, logs))}]\n")
    positions = {str(log): {"source": {"begun": log is logs[0]}} for log in logs}
    with Store.open(store_path(state)) as store:
        store.commit(Commit(2, positions=positions))

    with Lock(lock_path(state)):
        checks = [json.loads(line) for line in call("doctor", "--json").stdout.splitlines()]

    said = [one["says"] for one in checks if "has read nothing" in one["says"]]
    assert len(said) == 1
    assert f"from {logs[1]}:" in said[0]


def test_find_follows_a_message(state: Path, tmp_path: Path) -> None:
    """An address leads to its message, and the message to the lines that do not name the address."""
    log = tmp_path / "mail.log"
    log.write_text(
        "Nov 23 00:00:01 mx1 postfix/qmgr[1]: 4ZxY3k0jQzz1: from=<ana@example.org>, size=10, nrcpt=1 (queue active)\n"
        "Nov 23 00:00:02 mx1 postfix/smtp[2]: 4ZxY3k0jQzz1: to=<bob@example.net>, relay=mx.example.net[192.0.2.9]:25,"
        " delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 Ok)\n"
        "Nov 23 00:00:03 mx1 postfix/qmgr[1]: 4ZxY3k0jQzz2: from=<eve@example.org>, size=10, nrcpt=1 (queue active)\n"
    )

    said = call("find", "ana@example.org", str(log)).stdout

    assert said.startswith("1 recipient: 1 delivered.")
    assert "bob@example.net" in said
    assert "eve@example.org" not in said


def test_setup_writes_nothing_that_is_wrong(state: Path, tmp_path: Path) -> None:
    """A setting that would be refused is told before the file is there, so that a second try is none too many."""
    target = tmp_path / "mailwarden.yml"
    words = ("--config", str(target), "setup", "--yes", "--no-service")

    result = call(*words, "--report-time", "99")

    assert result.exit_code == 2
    assert f"{target}:" in result.stderr
    assert '"99" is not a time of day' in result.stderr
    assert not target.exists()
    assert call(*words).exit_code == 0


def test_a_service_that_hangs_is_not_called_alive_by_being_looked_at(state: Path) -> None:
    """Looking at the state writes beside it, and so does whoever fails to write for want of space: neither is a sign of life."""
    store = store_path(state)
    with Lock(lock_path(state)), Store.open(store) as held:  # keeps the journal, as a service that hangs does
        held.commit(Commit(2, meta={"stream_us": str(START_US)}))
        for file in (store, store.with_name(f"{store.name}-wal")):
            os.utime(file, (START_US / 1e6, START_US / 1e6))

        call("doctor")
        checks = {one["name"]: one for one in map(json.loads, call("doctor", "--json").stdout.splitlines())}

        os.utime(store.with_name(f"{store.name}-wal"))
        assert checks["service"]["state"] == "error"
        assert "Why:  mailwarden doctor" in call().stdout


def test_lines_dated_ahead_hide_no_service_that_hangs(state: Path) -> None:
    """What the page says of a wrong clock the command line says, too: a line of the future is no sign of life."""
    store = store_path(state)
    with Lock(lock_path(state)), Store.open(store) as held:
        held.commit(Commit(2, meta={"stream_us": str(time.time_ns() // 1000 + 7_200_000_000)}))
        for file in (store, store.with_name(f"{store.name}-wal")):
            os.utime(file, (START_US / 1e6, START_US / 1e6))
        checks = {one["name"]: one for one in map(json.loads, call("doctor", "--json").stdout.splitlines())}

        assert checks["service"]["state"] == "error"
        assert "Why:  mailwarden doctor" in call().stdout


def test_a_service_that_ended_is_known_at_once(state: Path) -> None:
    """Whether a service runs is no guess from how old its last word is; the first line says what to do."""
    with Lock(lock_path(state)):
        runs = call().stdout.splitlines()[0]
    ended = call().stdout.splitlines()[0]
    checks = {one["name"]: one for one in map(json.loads, call("doctor", "--json").stdout.splitlines())}

    assert runs.startswith(f"✓ Watching {platform.node()}, ")
    assert ended.startswith("● Nothing is watched: the service does not run; ")
    assert ended.endswith("Start it:  mailwarden run")
    assert checks["service"]["state"] == "error"
    assert checks["service"]["says"].startswith("does not run: nothing is watched")


def test_the_state_says_what_is_understood_and_which_channel_fails(state: Path) -> None:
    """The mock-up's line: how far behind, how much is understood; and what the channel that fails has said."""
    now_us = time.time_ns() // 1000
    hour_us = now_us - now_us % 3_600_000_000
    notice = Notification(id="n", kind="opened", incident=taken_over(), at_us=now_us)
    delivery = Delivery(notification=notice, receivers=("mail",), failed={"mail": '554 "from \x1b[31mrelay"'})
    lines = {(hour_us, "lines", "event", "postfix", ""): 9_998, (hour_us, "lines", "pipeline_error", "postfix", ""): 2}
    with Store.open(store_path(state)) as store:
        store.commit(Commit(2, rollups=lines, outbox=[("n", now_us - 60_000_000, pack(delivery))]))

    with Lock(lock_path(state)):
        shown = call().stdout.splitlines()

    assert shown[0].endswith(" · 99.9 % understood")
    assert any(line.startswith("▲ 1 notice waits to be delivered since ") for line in shown)
    assert '  mail: 554 "from \\x1b[31mrelay"' in shown


def test_the_state_names_what_an_open_incident_is_part_of(state: Path) -> None:
    """A quiet account that was taken over stands above the open blocklisting that it brought."""
    with Store.open(store_path(state)) as store:
        parent, child = taken_over(), incident()
        parent.status, child.parent = "quiet", parent.id
        store.commit(Commit(2, incidents=[parent, child]))

    lines = [line for line in call().stdout.split("\n")[1:] if line.startswith(("●", "■"))]

    assert len(lines) == 1
    assert "walter.rossi1969@nova0.test" in lines[0]


def test_what_systemd_put_elsewhere_is_removed_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a user made by systemd the state directory is a link: it goes, and what it leads to."""
    private = tmp_path / "private" / "mailwarden"
    private.mkdir(parents=True)
    (private / "mailwarden.db").touch()
    (tmp_path / "mailwarden").symlink_to("private/mailwarden")
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "mailwarden"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("mailwarden.pipeline.cli.setup.UNIT_PATH", tmp_path / "mailwarden.service")

    result = call("--config", str(tmp_path / "mailwarden.yml"), "setup", "--remove", "--yes")

    assert (result.exit_code, result.exception) == (0, None)
    assert not private.exists()
    assert not (tmp_path / "mailwarden").is_symlink()


def test_a_unit_is_not_restarted_for_what_no_restart_mends() -> None:
    """A configuration that is wrong (exit 2) ends it; whatever else may pass is tried again without an end."""
    for unit in (
        setup.unit("/usr/bin/mailwarden", Path("/m.yml")),
        setup.page_unit("/usr/bin/mailwarden", Path("/m.yml")),
    ):
        settings = dict(line.split("=", 1) for line in unit.splitlines() if "=" in line and not line.startswith("#"))

        assert settings["Restart"] == "on-failure"
        assert settings["RestartPreventExitStatus"] == "2"
        assert int(settings["RestartSec"]) >= 5
        assert "StartLimitBurst" not in settings


def test_what_setup_wrote_is_only_to_be_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`mailwarden` alone does not ask for a second set-up once there is a configuration."""
    unit = tmp_path / "mailwarden.service"
    monkeypatch.setattr("mailwarden.pipeline.cli.state.UNIT_PATH", unit)
    configuration = tmp_path / "mailwarden.yml"
    configuration.write_text(f"state: {tmp_path / 'none'}\n")
    words = ("--config", str(configuration))

    assert "Watch: mailwarden run" in call(*words).stdout
    unit.write_text("")
    assert "systemctl enable --now mailwarden" in call(*words).stdout


def test_setup_shows_both_units_before_it_writes_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service's and the page's stand in full before anything is written; the page begins only when it is asked to."""
    for name, file in (("UNIT_PATH", "mailwarden.service"), ("_PAGE_PATH", "mailwarden-web.service")):
        monkeypatch.setattr(f"mailwarden.pipeline.cli.setup.{name}", tmp_path / file)
    words = ("--config", str(tmp_path / "mailwarden.yml"), "setup", "--service")

    shown = call(*words)
    there = [one.name for one in tmp_path.iterdir() if one.suffix == ".service"]
    written = call(*words, "--yes")

    assert there == []
    for file, command in (("mailwarden.service", " run --config "), ("mailwarden-web.service", " web --config ")):
        text = (tmp_path / file).read_text()
        assert text in shown.stdout
        assert command in text
    assert "systemctl enable --now mailwarden-web && mailwarden web --link" in written.stderr


def test_setup_shows_before_it_writes(state: Path, tmp_path: Path) -> None:
    """Without --yes nothing is written; with it the file is there for its owner only."""
    target = tmp_path / "new" / "mailwarden.yml"
    words = ("--config", str(target), "setup", "--no-service", "--language", "ja", "--report-time", "17:00")

    shown = call(*words)
    assert "language: ja" in shown.stdout
    assert not target.exists()

    assert call(*words, "--yes").exit_code == 0
    assert target.stat().st_mode & 0o777 == 0o600
    assert call("--config", str(target), "setup", "--yes").exit_code == 2  # never over what is there


def test_what_could_not_be_read_is_not_called_empty(home: Path) -> None:
    """Where nothing could be read the verdict says so and leads to the reason, and nothing else stands in the way."""
    result = call("scan", str(home / "nowhere.log"))

    assert result.exit_code == 2
    assert result.stdout.strip() == "Nothing was read; why stands above."
    assert "nowhere.log: does not exist." in result.stderr
