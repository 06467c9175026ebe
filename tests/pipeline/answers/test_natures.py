"""A sender is called what it is: told apart by how it sends, and never surer than the log allows."""

import itertools
from collections import Counter

import pytest
from memory import Memory

from mailwarden.alerts.facts.site import Site
from mailwarden.parsers.envelope import Reader
from mailwarden.pipeline.answers.natures import Traits, judge
from mailwarden.pipeline.correlation.senders import Sender, return_path
from mailwarden.pipeline.fold import Fold

SITE = Site(domains=frozenset({"example.org"}))


def judged(*lines: tuple[int, str], site: Site = SITE) -> dict[str, tuple[str, str]]:
    """Fold lines at minutes of a day; give what each sender seems to be, and how sure that is."""
    reader, events = Reader(year=2026), []
    for minute, line in sorted(lines, key=lambda one: one[0]):
        event = reader.read(f"2026-03-03T{minute // 60:02}:{minute % 60:02}:00+00:00 mx1 {line}")
        event.stream_us = event.timestamp_us
        events.append(event)
    fold = Fold(site, [], [], Memory(), lambda _: "mail.log")
    fold.take(events)
    counts: dict[tuple[str, str], Counter[str]] = {}
    users: dict[tuple[str, str], str] = {}
    for (_, name, a, b, c), count in fold.rollups.drain().items():
        if name in ("sent", "sent_recipients", "sent_trait"):
            counts.setdefault((a, b), Counter())[c if name == "sent_trait" else name] += count
            users |= {(a, b): c} if name == "sent" else {}
    found = {}
    for who, of in counts.items():
        nature = judge(Sender(*who, users[who]), Traits.of(of.pop("sent"), of.pop("sent_recipients"), of))
        found[who[0]] = (nature.name, nature.sure)
    return found


IDS = itertools.count(0x4A11C0D20)


def delivered(minute: int, first: str, sender: str, recipients: list[str], size: int = 2000) -> list[tuple[int, str]]:
    """Give the lines of a message that Postfix took and delivered."""
    id_ = f"{next(IDS):X}"
    lines = [
        first.format(id=id_),
        f"postfix/qmgr[2]: {id_}: from=<{sender}>, size={size}, nrcpt={len(recipients)} (queue active)",
        *(
            f"postfix/smtp[3]: {id_}: to=<{to}>, relay=mx.example.net[198.51.100.9]:25, delay=1, dsn=2.0.0, "
            "status=sent (250 Ok)"
            for to in recipients
        ),
        f"postfix/qmgr[2]: {id_}: removed",
    ]
    return [(minute, line) for line in lines]


LOGIN = (
    "postfix/submission/smtpd[1]: {{id}}: client=pc[198.51.100.21], sasl_method=PLAIN, sasl_username={who}@example.org"
)
PICKUP = "postfix/pickup[1]: {{id}}: uid={uid} from=<www-data>"
CLIENT = "postfix/smtpd[1]: {{id}}: client=app[{address}]"


def test_a_person_writes_by_day_to_a_few() -> None:
    """Who logs in and keeps the hours of people is a person."""
    lines = [
        line
        for n, minute in enumerate((520, 555, 610, 700, 840, 900))
        for line in delivered(minute, LOGIN.format(who="ana"), "ana@example.org", [f"c{n % 3}@example.net"], 1000 * n)
    ]

    assert judged(*lines) == {"ana@example.org": ("person", "clear")}


def test_a_newsletter_is_sure_where_it_is_stated_or_written_as_one() -> None:
    """One run of messages may be spam too; a return path that names its recipient is bulk mail software's; a label wins."""
    run = [
        line
        for n in range(60)
        for line in delivered(600, LOGIN.format(who="news"), "news@example.org", [f"s{n}@example.net"], 30_000 + n)
    ]
    verp = [
        line
        for n in range(60)
        for line in delivered(
            600,
            CLIENT.format(address="10.0.0.7"),
            f"bounces+{n:05}-s{n}=example.net@example.org",
            [f"s{n}@example.net"],
        )
    ]
    stated = Site(domains=SITE.domains, labels={"newsletter": frozenset({"news@example.org"})})

    assert judged(*run) == {"news@example.org": ("newsletter", "unclear")}
    assert judged(*verp) == {"bounces@example.org": ("newsletter", "clear")}
    assert judged(*run, site=stated) == {"news@example.org": ("newsletter", "stated")}


def test_a_list_is_known_by_its_return_path() -> None:
    """Mailman hands its posts in from this machine."""
    lines = [
        line
        for n in range(8)
        for line in delivered(
            600, CLIENT.format(address="127.0.0.1"), "talk-bounces@example.org", [f"m{n}@example.net"]
        )
    ]

    assert judged(*lines) == {"talk-bounces@example.org": ("list", "clear")}


def test_scripts_are_told_apart_by_whom_they_write_to() -> None:
    """A form writes to its owner, a shop to a customer at any hour, cron to root."""
    form = [
        line
        for n in range(6)
        for line in delivered(100 + 200 * n, PICKUP.format(uid=33), "www-data@example.org", ["owner@example.net"])
    ]
    shop = [
        line
        for n in range(24)
        for line in delivered(60 * n, PICKUP.format(uid=48), "apache@example.org", [f"c{n}@example.net"])
    ]
    cron = [
        line
        for n in range(3)
        for line in delivered(300 * n, PICKUP.format(uid=0), "root@example.org", ["admin@example.net"])
    ]

    assert judged(*form, *shop, *cron) == {
        "uid 33": ("form", "likely"),
        "uid 48": ("transactional", "clear"),
        "uid 0": ("system", "clear"),
    }


def test_a_form_that_writes_to_strangers_is_not_sure_to_be_one() -> None:
    """Its path says contact; a spammer who found it writes to anybody."""
    exim = [
        (600 + n, line)
        for n in range(20)
        for line in (
            "exim[1]: cwd=/home/acct1/public_html/contact 3 args: /usr/sbin/sendmail -t -i",
            f"exim[1]: 1xVXUU-0008K3-{n + 10} <= a@example.org U=acct1 P=local S={700 * (n + 1)} for v{n}@example.net",
            f"exim[1]: 1xVXUU-0008K3-{n + 10} => v{n}@example.net R=dnslookup T=remote_smtp H=mx.example.net [198.51.100.9]",
        )
    ]

    assert judged(*exim) == {"/home/acct1/public_html/contact": ("form", "unclear")}
    assert judged(*exim[:9]) == {"/home/acct1/public_html/contact": ("form", "clear")}


def test_a_stranger_makes_no_sender_of_ours() -> None:
    """Mail from elsewhere, and what a filter on this machine hands back of it, is nobody's here."""
    lines = [
        *delivered(600, CLIENT.format(address="203.0.113.9"), "x@example.net", ["ana@example.org"]),
        *delivered(601, CLIENT.format(address="127.0.0.1"), "x@example.net", ["ana@example.org"]),
    ]

    assert judged(*lines) == {}


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("Ana.Maria@example.org", ("ana.maria@example.org", False, False)),
        ("talk-bounces+ana=example.net@example.org", ("talk-bounces@example.org", True, True)),
        ("list-return-12-ana=example.net@example.org", ("list-return@example.org", True, True)),
        ("owner-talk@example.org", ("owner-talk@example.org", False, True)),
        ("bounce-77123_HTML-99@example.org", ("bounce@example.org", True, False)),
        ("prvs=1234abcd=ana@example.org", ("ana@example.org", False, False)),
        ("SRS0=ab=cd=example.net=u@example.org", ("srs0=ab=cd=example.net=u@example.org", False, False)),
        ("010001850ab3f2cc-11ee@example.org", ("…@example.org", True, False)),
        ("ana.2024@example.org", ("ana.2024@example.org", False, False)),
        ("", ("", False, False)),
    ],
)
def test_return_paths(address: str, expected: tuple[str, bool, bool]) -> None:
    """What differs from message to message is no part of a sender's name."""
    assert tuple(return_path(address)) == expected
