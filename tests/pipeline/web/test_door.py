"""Who gets in, how often they may try, and what ends it."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from served import TOKEN, Client, Served, served

from mailwarden.parsers.errors import ConfigurationError, UsageError
from mailwarden.pipeline.configuration.configuration import Configuration
from mailwarden.pipeline.configuration.web import Address, Person, WebSetting, parse_address
from mailwarden.pipeline.web import forms
from mailwarden.pipeline.web.patience import PLACES, Patient
from mailwarden.pipeline.web.people import hash_password
from mailwarden.pipeline.web.server import make_desk
from mailwarden.pipeline.web.sessions import make_link

ANA = Person("ana", hash_password("correct horse"), "operator")


def audit(page: Served) -> list[dict[str, str]]:
    """Read the audit log."""
    return [json.loads(line) for line in (page.directory / "web-audit.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("path", ["/", "/incidents", "/i/FZJ", "/incidents.csv", "/events"])
def test_nobody_sees_anything_before_they_are_in(page: Served, path: str) -> None:
    """A page sends a stranger to the door, data says that a token is needed; neither holds a word of what is known."""
    answer = page.client(let_in=False).get(path)

    assert answer.status in (303, 401)
    assert "walter" not in answer.text


def test_a_link_lets_in_once(page: Served) -> None:
    """A link that somebody else finds later is worth nothing."""
    assert page.desk.links is not None
    token = page.desk.links.make()
    first, thief = Client(page.port), Client(page.port)

    assert first.get(f"/sign-in?token={token}").status == 303
    assert first.get("/").status == 200
    assert thief.get(f"/sign-in?token={token}").status == 403
    assert thief.get("/").status == 303


def test_a_link_grows_old(page: Served) -> None:
    """After ten minutes a link lets nobody in."""
    assert page.desk.links is not None
    token = page.desk.links.make()
    page.clocks.passed_s += 601

    assert Client(page.port).get(f"/sign-in?token={token}").status == 403


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "%C3%A9.1.2", "%FF.%FF.%FF", "a.99999999999.0", "." * 50])
def test_a_made_up_link_lets_nobody_in(page: Served, token: str) -> None:
    """What is no link of ours is refused, whatever it looks like."""
    client = Client(page.port)

    assert client.get(f"/sign-in?token={token}").status == 403
    assert "mailwarden" not in client.cookies


def test_who_may_read_the_state_can_make_a_link(page: Served) -> None:
    """`mailwarden web --link` makes one that the running page takes; its key is the owner's alone."""
    token = make_link(page.directory, page.clocks.wall() / 1_000_000)

    assert (page.directory / "web.key").stat().st_mode & 0o077 == 0
    assert Client(page.port).get(f"/sign-in?token={token}").status == 303


def test_every_refusal_at_the_door_has_an_id_that_explains_it(directory: Path) -> None:
    """Who cannot get in reads why, and what to do, before he is in."""
    with served(directory, people=[ANA]) as page:
        client = page.client(let_in=False)
        told = {"MW7206": client.sign_in("ana", "wrong")}
        for n in range(6):
            told["MW7204"] = client.sign_in("bob", f"guess {n}")
        told["MW7208"] = client.post("/sign-in", {"name": "ana"}, Origin="https://elsewhere.example")
        explained = {code: client.get(f"/errors/{code}") for code in told}
    with served(directory) as page:
        told["MW7207"] = Client(page.port).get("/sign-in?token=stolen")
        explained["MW7207"] = Client(page.port).get("/errors/MW7207")

    for code, answer in told.items():
        assert f'href="/errors/{code}"' in answer.text
        assert explained[code].status == 200
        assert f"mailwarden doctor {code}" in explained[code].text


def test_a_session_ends_when_it_is_ended(page: Served) -> None:
    """A cookie that was copied before signing out is worth nothing afterwards."""
    client = page.client()
    thief = Client(page.port, dict(client.cookies))
    assert thief.get("/").status == 200

    assert client.post("/sign-out", {"csrf": client.csrf()}).status == 303

    assert thief.get("/").status == 303
    assert thief.get("/events").status == 401


def test_a_session_ends_when_nobody_uses_it(page: Served) -> None:
    """Half a day without a request ends a session."""
    client = page.client()
    page.clocks.passed_s += 12 * 3600 + 1

    assert client.get("/").status == 303


def test_a_session_ends_in_the_end(page: Served) -> None:
    """Not even one in use lasts longer than a week."""
    client = page.client()
    for _ in range(14):
        page.clocks.passed_s += 11.9 * 3600
        client.get("/")
    page.clocks.passed_s += 3 * 3600

    assert client.get("/").status == 303


def test_a_password_lets_in(directory: Path) -> None:
    """Name and password let in; a wrong one, and a name that nobody has, do not, and both are written down."""
    with served(directory, people=[ANA]) as page:
        client = page.client(let_in=False)
        wrong = client.sign_in("ana", "correct hors")
        nobody = client.sign_in("bob", "correct horse")
        right = client.sign_in("ana", "correct horse")
        seen = client.get("/")

    assert (wrong.status, nobody.status, right.status, seen.status) == (403, 403, 303, 200)
    assert [(one["event.action"], one["user.name"]) for one in audit(page)] == [
        ("sign-in-failed", "ana"),
        ("sign-in-failed", "bob"),
        ("sign-in", "ana"),
    ]


def test_guessing_is_held_back(directory: Path) -> None:
    """After five tries even the right password has to wait, for the name and for the address."""
    with served(directory, people=[ANA]) as page:
        client = page.client(let_in=False)
        statuses = [client.sign_in("ana", f"guess {n}").status for n in range(6)]
        held = client.sign_in("ana", "correct horse")
        page.clocks.passed_s += 120
        later = client.sign_in("ana", "correct horse")

    assert statuses == [403] * 5 + [429]
    assert held.status == 429
    assert int(held.headers["retry-after"]) > 0
    assert later.status == 303


@pytest.mark.parametrize(
    ("addresses", "is_one"),
    [("2001:db8::{n}", True), ("2001:db8:0:{n}::1", False), ("192.0.2.{n}", False), ("::ffff:192.0.2.{n}", False)],
)
def test_who_has_a_network_of_addresses_has_no_more_tries(directory: Path, addresses: str, is_one: bool) -> None:
    """All addresses of one line (a /64) are counted as one, whatever names are tried from them."""
    with served(directory, people=[ANA]) as page:
        client = page.client(let_in=False)
        statuses = [
            client.post(
                "/sign-in", {"name": f"name{n}", "password": "guess"}, X_Forwarded_For=addresses.format(n=n)
            ).status
            for n in range(1, 8)
        ]

    assert statuses == ([403] * 5 + [429] * 2 if is_one else [403] * 7)


def test_a_flood_of_tries_fills_no_disk(directory: Path) -> None:
    """What is refused again and again is written down now and then, and again when it goes on for long."""
    with served(directory, people=[ANA]) as page:
        client = page.client(let_in=False)
        for _ in range(120):
            client.sign_in("ana", "wrong")
        soon = len(audit(page))
        page.clocks.passed_s += 3600
        for _ in range(20):
            client.sign_in("ana", "wrong")

        assert 5 < soon < 40
        assert len(audit(page)) > soon + 5


def test_too_many_requests_are_held_back(page: Served) -> None:
    """One address cannot keep the page from all others."""
    client = page.client()
    statuses = [client.get("/static/icon.svg").status for _ in range(220)]

    assert statuses[0] == 200
    assert statuses[-1] == 429


def test_signing_in_leads_only_to_our_own_pages(directory: Path) -> None:
    """Nobody can make the door send people to another site."""
    for away in ("//evil.example", "https://evil.example/", "/\\evil.example", "\\\\evil.example", "/\r\nX: y"):
        with served(directory, people=[ANA]) as page:
            client = page.client(let_in=False)
            answer = client.post("/sign-in", {"name": "ana", "password": "correct horse", "next": away})

        assert (answer.status, answer.headers["location"]) == (303, "/")


def test_a_program_reads_with_its_token(page: Served) -> None:
    """A token reads data; one that is wrong does not."""
    client = page.client(let_in=False)

    assert client.get("/incidents.json", Authorization=f"Bearer {TOKEN}").status == 200
    assert client.get("/incidents.json", Authorization=f"Bearer {TOKEN}x").status == 401


def test_a_program_does_not_act(page: Served) -> None:
    """A token may look and nothing else."""
    headers = {"Authorization": f"Bearer {TOKEN}"}

    assert page.client(let_in=False).post("/i/FZJ/on-it", {"csrf": ""}, **headers).status == 403


def test_another_name_does_not_lead_here(directory: Path) -> None:
    """A site that lets its own name lead to this machine (DNS rebinding) sees nothing."""
    with served(directory, hosts=frozenset({"127.0.0.1"})) as page:
        client = page.client()

        assert client.get("/", Host="evil.example").status == 421
        assert client.get("/", Host="[").status == 421
        assert client.get("/", Host=f"localhost:{page.port}").status == 200


def test_every_answer_is_fenced(page: Served) -> None:
    """No page of ours runs a script of another, stands in a frame, or stays in a cache; nor does the page that says no."""
    client = page.client()
    for path in ("/", "/sign-in", "/nowhere", "/i/XXXXXX"):
        headers = client.get(path).headers

        assert "default-src 'self'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "same-origin"


def test_no_script_and_no_style_stands_in_a_page(page: Served) -> None:
    """What a page runs comes from files of ours alone."""
    client = page.client()
    for path in ("/", "/incidents", "/i/" + client.get("/incidents.json").text.split('"incident.id": "')[1][:26]):
        html = client.get(path).text

        assert "<style" not in html
        assert " style=" not in html
        assert html.count("<script") == html.count('<script src="/static/')
        assert "http://" not in html
        assert "https://" not in html


@pytest.mark.parametrize("origin", ["http://[bad", "null", "\xff", "https://[::1"])
def test_an_origin_that_is_none_is_another_site(page: Served, origin: str) -> None:
    """What a stranger writes there is refused, and is no fault of ours."""
    assert page.client().post("/sign-in", {}, Origin=origin).status == 403


def test_a_form_that_ends_in_the_middle_is_none(page: Served, caplog: pytest.LogCaptureFixture) -> None:
    """A broken piece (RFC 9112, section 7.1) is refused; nothing of it fills the log as a fault."""
    piece = b"POST /sign-in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n"
    with socket.create_connection(("127.0.0.1", page.port), 10) as line:
        line.sendall(piece)
        while line.recv(65536):
            pass

    assert page.client().get("/").status == 200
    assert [one for one in caplog.records if one.name.startswith("mailwarden")] == []


def test_garbage_is_refused_and_the_page_goes_on(page: Served) -> None:
    """Whatever somebody sends instead of a request, the next one is answered."""
    for garbage in (
        b"\x00\x01\x02\xff\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nCookie: mailwarden=\xff\xfe\r\n\r\n",
        b"GET /%00%ff%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET /static/%2e%2e/app.py HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"POST /language HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999\r\n\r\n",
        b"POST /language HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4\r\n\r\n%ff%",
        b"GET / HTTP/1.1\r\n" + b"X: " + b"y" * 200_000 + b"\r\n\r\n",
        b"A" * 100_000,
    ):
        with socket.create_connection(("127.0.0.1", page.port), 10) as line:
            line.settimeout(5)
            try:
                line.sendall(garbage)
                line.shutdown(socket.SHUT_WR)
                answer = line.recv(65536)
            except OSError:  # it hung up on us
                answer = b""
        assert b"root:" not in answer
        assert b"make_app" not in answer

    assert page.client().get("/").status == 200


@pytest.mark.parametrize("part", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: "])
def test_who_never_finishes_a_request_is_let_go(page: Served, part: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection on which no request comes is closed, the first as well as one that asked before."""
    monkeypatch.setattr(Patient, "patience_s", 0.2)
    whole = f"GET /sign-in HTTP/1.1\r\nHost: 127.0.0.1:{page.port}\r\n\r\n".encode()
    for before in (b"", whole):
        with socket.create_connection(("127.0.0.1", page.port), 20) as line:
            line.sendall(before)
            line.sendall(part)
            got = b"".join(iter(lambda: line.recv(65536), b""))

        assert (b"200 OK" in got) is bool(before)
        assert b"408" not in got


@contextmanager
def crowd(page: Served, sent: bytes, *, answered: bool) -> Iterator[list[socket.socket]]:
    """More than there are places for, who begin, hear what they are told where something is `answered`, and do not go on."""
    lines = []
    for _ in range(PLACES + 20):
        lines.append(socket.create_connection(("127.0.0.1", page.port), 20))
        page.clocks.passed_s += 1  # it is not for the number of requests that they are refused
        with suppress(OSError):  # it had to go already
            lines[-1].sendall(sent)
            if answered:
                lines[-1].recv(65_536)
    try:
        yield lines
    finally:
        for line in lines:
            line.close()


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nX: ", b"GET /sign-in HTTP/1.1\r\nHost: x\r\n\r\n"])
def test_three_hundred_who_only_wait_keep_nobody_out(page: Served, sent: bytes) -> None:
    """More than there are places for connect, and ask nothing, half a request, or one and stay: the next one is answered."""
    client = page.client()
    with crowd(page, sent, answered=sent.endswith(b"\r\n\r\n")):
        page.clocks.passed_s += 60
        statuses = [client.get("/").status for _ in range(5)]

    assert statuses == [200] * 5


def test_no_address_has_all_places(page: Served) -> None:
    """Of who sends many forms without an end only so many are taken; others have their place."""
    head = f"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1:{page.port}\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n"
    client = page.client()
    with crowd(page, head.encode(), answered=True):
        page.clocks.passed_s += 60
        with socket.create_connection(("127.0.0.1", page.port), 20, ("127.0.0.2", 0)) as line:
            line.sendall(f"GET /sign-in HTTP/1.1\r\nHost: 127.0.0.1:{page.port}\r\n\r\n".encode())
            answer = line.recv(65536)

    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert client.get("/").status == 200


def test_a_form_that_never_ends_is_let_go(page: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sends a form a letter at a time is told that it was none."""
    monkeypatch.setattr(forms, "_PATIENCE_S", 0.2)
    with socket.create_connection(("127.0.0.1", page.port), 20) as line:
        line.sendall(f"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1:{page.port}\r\nContent-Length: 9\r\n\r\nname".encode())
        answer = line.recv(65536)

    assert b"400 Bad Request" in answer


@pytest.mark.parametrize(
    "query",
    ["state=x", "level=<script>", "page=-1", "page=99999999999999999999", "q=" + "%25" * 300, "q=%00", "order=%F0"],
)
def test_an_address_that_makes_no_sense_is_still_answered(page: Served, query: str) -> None:
    """What cannot be understood in the address bar is left out, and said; it is never written back as markup."""
    answer = page.client().get(f"/incidents?{query}")

    assert answer.status == 200
    assert "<script>" not in answer.text


def test_beyond_this_machine_passwords_are_needed() -> None:
    """The page never stands open to a network without passwords, nor sends these in clear."""
    outside = Address("192.0.2.1", 8742)
    with pytest.raises(UsageError, match="nobody has a password"):
        make_desk(Configuration(), None, outside, lambda: 0)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="readable to all"):
        make_desk(Configuration(web=WebSetting(people=(ANA,))), None, outside, lambda: 0)  # type: ignore[arg-type]


def test_a_password_in_clear_is_no_setting() -> None:
    """Only hashes stand in the configuration, and what is none is said with how to make one."""
    web = WebSetting(people=(Person("ana", "secret"),), tokens=(("p", "short"),))
    with pytest.raises(ConfigurationError, match="mailwarden web --password") as found:
        make_desk(Configuration(web=web), None, Address("127.0.0.1", 0), lambda: 0)  # type: ignore[arg-type]

    assert len(found.value.faults) == 2
    assert "secret" not in str(found.value)


@pytest.mark.parametrize(
    ("text", "address"),
    [("8742", Address("127.0.0.1", 8742)), ("[::1]:80", Address("::1", 80)), ("mx1:443", Address("mx1", 443))],
)
def test_where_to_listen(text: str, address: Address) -> None:
    """An address is a port, or a host and a port."""
    assert parse_address(text) == address


@pytest.mark.parametrize("text", ["", "mx1", "127.0.0.1:", "127.0.0.1:99999", "x:y"])
def test_what_is_no_address(text: str) -> None:
    """Anything else is refused with how to write it."""
    with pytest.raises(UsageError, match=r"127\.0\.0\.1:8742"):
        parse_address(text)
