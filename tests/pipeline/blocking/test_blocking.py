"""The block list is written so that the programs that block read it, whole, and only when it is asked for."""

import json
import re
import shutil
import socketserver
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from receiver import Receiver, receiving

from mailwarden.alerts.blocklist import Entry
from mailwarden.pipeline.blocking import FORMS, Blocker, hand_over, read_blocklist, written
from mailwarden.pipeline.cli.root import root
from mailwarden.pipeline.configuration.blocklist import Output
from mailwarden.pipeline.configuration.configuration import Configuration
from mailwarden.pipeline.configuration.reading import load
from mailwarden.pipeline.store import Store

S = 1_000_000
NOW_US = 1_772_438_400 * S
DOCS = Path(__file__).resolve().parents[3] / "docs" / "blocklist.md"


def entry(value: str, address: str | None = None, hours: int = 23) -> Entry:
    """Make an entry."""
    until_us = NOW_US + hours * 3600 * S
    return Entry(
        value, address or value, "A" * 26, "fast_guessing", "auth_attack", "low", 6, NOW_US - 3600 * S, until_us
    )


ENTRIES = [entry("198.51.100.77"), entry("203.0.113.7"), entry("2001:db8:7::/64", "2001:db8:7::1")]


@pytest.mark.program("nft")
def test_nft_takes_the_sets_and_ends_them() -> None:
    """The file is checked by nft itself; without entries too, and with more than one statement holds."""
    nft = shutil.which("nft") or "/usr/sbin/nft"
    many = [entry(f"198.18.{number // 250}.{number % 250 + 1}") for number in range(1000)]
    for entries in (ENTRIES, [], many):
        done = subprocess.run(
            [nft, "-c", "-f", "-"], input=written("nftables", entries, NOW_US), text=True, capture_output=True
        )
        assert (done.returncode, done.stderr) == (0, "")

    text = written("nftables", ENTRIES, NOW_US)
    assert "203.0.113.7 timeout 82800s" in text
    assert "add element inet mailwarden blocked6 { 2001:db8:7::/64 timeout 82800s" in text


@pytest.mark.program("fail2ban-client")
def test_fail2ban_reads_its_log_with_the_filter_of_the_docs(tmp_path: Path) -> None:
    """The filter stands in the docs; fail2ban-regex finds every address, by the time it was last seen."""
    (tmp_path / "filter.conf").write_text(block_of("filter.d/mailwarden.conf"))
    (tmp_path / "block.log").write_text(written("fail2ban", ENTRIES, NOW_US))

    done = subprocess.run(
        ["fail2ban-regex", "--out", "id", str(tmp_path / "block.log"), str(tmp_path / "filter.conf")],
        capture_output=True,
        text=True,
        check=True,
    )

    assert sorted(done.stdout.split()) == ["198.51.100.77", "2001:db8:7::1", "203.0.113.7"]


@pytest.mark.program("fail2ban-client")
def test_fail2ban_takes_the_jail_of_the_docs(tmp_path: Path) -> None:
    """Its own test of the configuration passes with the jail and the filter that the docs show."""
    shutil.copytree("/etc/fail2ban", tmp_path / "fail2ban")
    place = tmp_path / "fail2ban"
    (tmp_path / "block.log").write_text(written("fail2ban", ENTRIES, NOW_US))
    (place / "filter.d" / "mailwarden.conf").write_text(block_of("filter.d/mailwarden.conf"))
    jail = block_of("jail.d/mailwarden.conf").replace("/var/lib/mailwarden/block.log", str(tmp_path / "block.log"))
    for other in (place / "jail.d").glob("*"):
        other.unlink()
    (place / "jail.d" / "mailwarden.conf").write_text(jail)

    done = subprocess.run(["fail2ban-client", "-c", str(place), "-t"], capture_output=True, text=True)
    dumped = subprocess.run(["fail2ban-client", "-c", str(place), "-d"], capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "'add', 'mailwarden'" in dumped.stdout


def test_the_other_forms_hold_what_their_readers_ask_for() -> None:
    """One address a line for text and csf, decisions for cscli, everything for a webhook."""
    bare = [line.partition(" #")[0] for line in written("text", ENTRIES, NOW_US).splitlines() if line[0] != "#"]
    csf = [line for line in written("csf", ENTRIES, NOW_US).splitlines() if line[0] != "#"]
    decisions = json.loads(written("crowdsec", ENTRIES, NOW_US))
    data = json.loads(written("json", ENTRIES, NOW_US))

    assert bare == ["198.51.100.77", "203.0.113.7", "2001:db8:7::/64"]
    assert all(re.fullmatch(r"[0-9a-f.:/]+ # do not delete - [ -~]+", line) for line in csf)
    assert decisions[1] == {
        "duration": "82800s", "reason": "mailwarden/fast_guessing", "scope": "ip", "type": "ban", "value": "203.0.113.7",
    }  # fmt: skip
    assert [one["scope"] for one in decisions] == ["ip", "ip", "range"]
    assert [one["value"] for one in data["entries"]] == bare
    assert data["entries"][0]["reason"] == "fast_guessing"


def test_a_file_is_replaced_as_a_whole_and_its_command_runs(tmp_path: Path) -> None:
    """A reader sees the old list or the new one; the command gets its arguments as they stand, without a shell."""
    path, made = tmp_path / "list.txt", tmp_path / "made; touch x"
    output = Output("text", path, command=("cp", str(path), str(made)))
    hand_over(output, ENTRIES, NOW_US)
    before = path.stat().st_ino

    hand_over(output, ENTRIES[:1], NOW_US)

    assert path.stat().st_ino != before
    assert made.read_text() == path.read_text()
    assert "203.0.113.7" not in made.read_text()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["list.txt", "made; touch x"]
    with pytest.raises(OSError, match="No such file"):
        hand_over(Output("text", tmp_path / "none" / "list.txt"), ENTRIES, NOW_US)


@pytest.fixture
def hook() -> Iterator[Receiver]:
    """Who is handed the list."""
    with receiving() as receiver:
        receiver.status, receiver.answer = 204, b""
        yield receiver


# ---------------------------------------------------------------------- from a log to the list


def guess(address: str, user: str = "bob", tries: int = 6, minute: int = 0) -> str:
    """Write refused logins, whose name is what the client typed."""
    return "".join(
        f"2026-03-02T08:{minute:02}:{second:02}+00:00 mx1 dovecot: imap-login: Disconnected (auth failed, 1 attempts in 2 secs):"
        f" user=<{user}>, method=PLAIN, rip={address}, lip=192.0.2.1, TLS, session=<a{minute}{second}>\n"
        for second in range(tries)
    )


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hook: Receiver) -> Path:
    """Give a place where strangers guessed, one of them behind the address of a person, and one with odd names."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LANG", "C.UTF-8")
    login = (
        "2026-03-02T07:59:00+00:00 mx1 dovecot: imap-login: Login: user=<ann@example.org>, method=PLAIN,"
        " rip=198.51.100.20, lip=192.0.2.1, mpid=7, TLS, session=<b1>\n"
    )
    odd = "x>, rip=198.51.100.99, lip=192.0.2.1, user=<ann@example.org"
    (tmp_path / "mail.log").write_text(
        login
        + guess("203.0.113.7", tries=30)
        + guess("198.51.100.20", user="ann@example.org", tries=30, minute=1)
        + guess("198.18.5.5", user=odd, tries=30, minute=2)
    )
    (tmp_path / "mailwarden.yml").write_text(
        f"blocklist: {{duration: 36500d, outputs: [{{text: list.txt}}, {{webhook: 'http://{hook.address}/hook'}}]}}\n"
    )
    return tmp_path


def call(*words: str) -> Result:
    """Run a command."""
    return CliRunner().invoke(root, list(words))


def test_forged_names_frame_nobody(place: Path) -> None:
    """Only the addresses that guessed are listed: not the person behind one, nor an address that was typed as a name."""
    assert call("scan", "--state", "state", "mail.log").exit_code == 0

    listed = [json.loads(line) for line in call("blocklist", "--json").stdout.splitlines()]

    assert {one["value"] for one in listed if one["listed"]} == {"203.0.113.7", "198.18.5.5"}
    assert "198.51.100.99" not in json.dumps(listed)


FORGED = {
    "postfix": "postfix/smtpd[7]: warning: unknown[198.18.5.5]: SASL LOGIN authentication failed: UGFzc3dvcmQ6,"
    " sasl_username={name}",
    "dovecot": "dovecot: imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<{name}>, method=PLAIN,"
    " rip=198.18.5.5, lip=192.0.2.1, TLS, session=<a1>",
    "dovecot auth": "dovecot: auth: passwd-file({name},198.18.5.5,<a1>): unknown user",
    "exim": "exim[7]: dovecot_login authenticator failed for ({name}) [198.18.5.5]: 535 Incorrect authentication data"
    " (set_id={name})",
}
NAMES = [
    "x client=unknown[198.51.100.99]",
    "x>, rip=198.51.100.99, lip=192.0.2.1, user=<ann",
    "x,198.51.100.99,<b>): unknown user (",
    "x) [198.51.100.99]: 535 Incorrect authentication data (set_id=ann",
    "unknown[198.51.100.99]: SASL LOGIN authentication failed: x",
    "198.51.100.99",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("server", FORGED)
def test_no_name_that_can_be_typed_puts_another_on_the_list(place: Path, server: str, name: str) -> None:
    """Whatever it imitates, and whichever server logs it: the list holds the address that connected, or nobody."""
    (place / "mail.log").write_text(
        "".join(
            f"2026-03-02T08:00:{second:02}+00:00 mx1 {FORGED[server].replace('{name}', name)}\n" for second in range(40)
        )
    )
    call("scan", "--state", "state", "mail.log")

    listed = [json.loads(line) for line in call("blocklist", "--json").stdout.splitlines()]

    assert {one["value"] for one in listed if one["listed"]} <= {"198.18.5.5"}


def test_a_network_that_somebody_was_let_in_from_is_spared_for_a_month(place: Path) -> None:
    """Its guesser is listed again when nobody of ours came from it for so long."""
    login = (
        "2026-03-02T08:30:00+00:00 mx1 dovecot: imap-login: Login: user=<bob@example.org>, method=PLAIN,"
        " rip=203.0.113.200, lip=192.0.2.1, mpid=7, TLS, session=<b2>\n"
    )
    with (place / "mail.log").open("a") as log:
        log.write(login)
    call("scan", "--state", "state", "mail.log")
    configuration = load(place / "mailwarden.yml")
    day_us = 86_400 * S

    with Store.open(place / "state" / "mailwarden.db", read_only=True) as store:
        soon, later = (
            read_blocklist(store, configuration.blocklist, configuration.as_site(), NOW_US + days * day_us)
            for days in (29, 33)
        )

    assert [one.value for one in soon.entries] == ["198.18.5.5"]
    assert {one.address for one in soon.spared} >= {"203.0.113.7"}
    assert [one.value for one in later.entries] == ["198.18.5.5", "203.0.113.7"]


def test_the_command_shows_writes_and_prints(place: Path, hook: Receiver) -> None:
    """Shown with reason and end, and what is spared with why; written when asked, to every output."""
    call("scan", "--state", "state", "mail.log")

    shown, printed = call("blocklist").stdout, call("blocklist", "--form", "text").stdout
    assert not (place / "list.txt").exists()
    wrote = call("blocklist", "--write")

    assert shown.startswith("2 may be blocked, ")
    assert re.search(r"203\.0\.113\.7 +until .*: \w+, \d+ events, mailwarden show \w{3}", shown)
    assert "203.0.113.7 # " in printed
    assert wrote.stdout.splitlines() == ["list.txt: 2 entries, as text.", "webhook: 2 entries, as json."]
    assert (place / "list.txt").read_text().splitlines()[1:] == printed.splitlines()[1:]
    assert [one["value"] for one in hook.posts[0].json["entries"]] == ["198.18.5.5", "203.0.113.7"]


def test_nothing_is_written_unless_it_is_asked_for(place: Path) -> None:
    """Without an output, and in a dry run, the list is only shown."""
    call("scan", "--state", "state", "mail.log")
    (place / "mailwarden.yml").write_text("blocklist: {dry_run: true, outputs: [{text: list.txt}]}\n")
    dry = call("blocklist", "--write")
    (place / "mailwarden.yml").write_text("{}\n")
    none = call("blocklist", "--write")

    assert (dry.exit_code, "dry run" in dry.stdout) == (0, True)
    assert (none.exit_code, "No output is set" in none.stderr) == (2, True)
    assert not (place / "list.txt").exists()
    assert "no output is set" in call("blocklist").stdout


def test_what_fails_is_told_and_the_others_are_written(place: Path, hook: str) -> None:
    """A directory that is not there, a command that ends badly, a webhook that is down: each named, without its secret."""
    call("scan", "--state", "state", "mail.log")
    (place / "mailwarden.yml").write_text(
        "blocklist: {outputs: [{text: none/list.txt}, {text: list.txt, command: [sh, -c, 'echo bad >&2; exit 3']},"
        " {webhook: 'http://127.0.0.1:9/secret'}, {csf: csf.txt}]}\n"
    )

    result = call("blocklist", "--write")

    assert result.exit_code == 3
    assert "none/list.txt: No such file" in result.stderr
    assert '"sh" ended with 3: bad' in result.stderr
    assert "webhook: " in result.stderr
    assert "secret" not in result.output
    assert (place / "csf.txt").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("outputs: [{text: a, csf: b}]", "names none of text, nftables"),
        ("outputs: [{command: [x]}]", "names none of text, nftables"),
        ("outputs: [{webhook: 'file:///etc/passwd'}]", "no address of a page"),
        ("allow: [198.51.100.300]", "is not an address or network"),
        ("duration: 1 day", "is not a duration"),
        ("categories: [account_takeover]", "is not one of"),
    ],
)
def test_a_setting_that_is_wrong_is_told(tmp_path: Path, text: str, said: str) -> None:
    """With its line."""
    (tmp_path / "mailwarden.yml").write_text(f"blocklist:\n  {text}\n")

    result = call("--config", str(tmp_path / "mailwarden.yml"), "blocklist")

    assert result.exit_code == 2
    assert "mailwarden.yml:2: blocklist" in result.stderr
    assert said in result.stderr


def test_the_service_hands_it_over_when_it_changed(
    place: Path, monkeypatch: pytest.MonkeyPatch, hook: Receiver
) -> None:
    """Once for each change, and not again while nothing changes."""
    monkeypatch.setattr("mailwarden.pipeline.blocking.blocker._EVERY_S", 0.05)
    call("scan", "--state", "state", "mail.log")
    configuration = load(place / "mailwarden.yml")
    said: list[str] = []
    clock = 1_772_600_000 * S
    blocker = Blocker(
        place / "state" / "mailwarden.db", configuration.blocklist, configuration.as_site(), lambda: clock, said.append
    )

    blocker.start()
    for _ in range(200):
        if hook.posts:
            break
        threading.Event().wait(0.05)
    threading.Event().wait(0.3)
    blocker.stop()

    assert said == []
    assert len(hook.posts) == 1
    assert "203.0.113.7" in (place / "list.txt").read_text()


class Rude(socketserver.BaseRequestHandler):
    """Answers with something that is not HTTP."""

    def handle(self) -> None:
        """Say it."""
        self.request.recv(65536)
        self.request.sendall(b"220 mx1 ESMTP\r\n")


@pytest.mark.parametrize(
    "output",
    [
        "{{webhook: 'http://127.0.0.1:{port}/secret'}}",
        "{{text: a.txt, command: [sh, -c, \"printf '\\\\377\\\\033[31m' >&2; exit 3\"]}}",
    ],
)
def test_a_receiver_that_answers_nonsense_stops_nothing(
    place: Path, monkeypatch: pytest.MonkeyPatch, output: str
) -> None:
    """Neither a service that speaks no HTTP nor a command that prints no text ends the thread; what is said moves nothing."""
    monkeypatch.setattr("mailwarden.pipeline.blocking.blocker._EVERY_S", 0.05)
    call("scan", "--state", "state", "mail.log")
    said: list[str] = []
    with socketserver.TCPServer(("127.0.0.1", 0), Rude) as server:
        serving = threading.Thread(target=server.serve_forever, daemon=True)
        serving.start()
        outputs = f"[{output.format(port=server.server_address[1])}, {{text: list.txt}}]"
        (place / "mailwarden.yml").write_text(f"blocklist: {{duration: 36500d, outputs: {outputs}}}\n")
        configuration = load(place / "mailwarden.yml")
        site = configuration.as_site()
        path = place / "state" / "mailwarden.db"
        blocker = Blocker(path, configuration.blocklist, site, lambda: 1_772_600_000 * S, said.append)

        blocker.start()
        for _ in range(200):
            if len(said) > 2:
                break
            threading.Event().wait(0.05)
        blocker.stop()
        server.shutdown()
        serving.join()

    assert len(said) > 2
    assert all(one.startswith("blocklist: ") and one.isprintable() for one in said), said
    assert "secret" not in "".join(said)
    assert "203.0.113.7" in (place / "list.txt").read_text()


def test_without_an_output_no_configuration_acts() -> None:
    """Off by default; every form is named in the docs."""
    assert Configuration().blocklist.outputs == ()
    assert all(f"`{form}`" in DOCS.read_text("utf-8") for form in FORMS)


def block_of(name: str) -> str:
    """Give a file that the docs show, by its name in the line before."""
    found = re.search(rf"`[^`\n]*{re.escape(name)}`[^\n]*\n\n```ini\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    assert found is not None, name
    return found[1]
