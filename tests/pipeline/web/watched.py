"""A state directory with something on each of the page's pages: what the browser tests look at."""

from datetime import UTC, datetime
from math import pi, sin
from pathlib import Path
from typing import Any

from incidents import everyday, incident, taken_over

from mailwarden.alerts.incidents.incident import Notification
from mailwarden.alerts.telling.outbox import Delivery, pack
from mailwarden.alerts.terms import Evidence
from mailwarden.parsers.event import Event
from mailwarden.pipeline.archive import Archive
from mailwarden.pipeline.places import store_path
from mailwarden.pipeline.store import Commit, Listing, Posture, Store

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
LONG = "a.very.long.name.of.somebody.who.was.taken.over.and.over@a-long-domain-of-a-customer.example.org"

SENDERS: dict[tuple[str, str, str, int], dict[str, float]] = {
    ("news@nova0.test", "account", "", 1500): {"days": 1 / 1500, "run": 1, "run_messages": 1, "single": 1, "verp": 1},
    ("talk-bounces@nova0.test", "machine", "", 90): {"list": 1, "single": 1},
    ("/home/acct1/public_html/wp-content/plugins/contact-form-7", "script", "acct1", 14): {"tried": 1, "single": 1},
    ("/srv/www/shop/checkout.php", "script", "www-data", 80): {"days": 0.0125, "single": 1, "tried": 1, "strange": 0.9},
    ("uid 0", "script", "0", 4): {"tried": 1},
}


_ATTACK = (140, 260, 230, 90, 40, 15)  # failed logins of the last hours, the newest first


def numbers(now_us: int) -> dict[Any, int]:
    """Make five weeks of counts: a day like the others but for failed logins and one provider in its last hours."""
    made: dict[Any, int] = {}
    hour_us = now_us - now_us % HOUR_US
    for n in range(35 * 24):
        at_us = hour_us - n * HOUR_US
        made[at_us, "lines", "event", "postfix", "postfix/smtpd"] = 2000 + n % 24 * 50
        by_day = max(0.1, sin((at_us // HOUR_US % 24 - 5) * pi / 15))  # few people write at night
        made[at_us, "auth_failure", "dovecot", "bad_password", "imap"] = (
            20 + n * 7 % 23 + (_ATTACK[n] if n < len(_ATTACK) else 0)
        )
        made[at_us, "delivery", "google", "sent", ""] = round(90 * by_day) + n * 5 % 11
        made[at_us, "delivery", "microsoft", "deferred", "rate_limit"] = 40 if n < 4 else 0
        made[at_us, "delivery", "microsoft", "sent", ""] = round(30 * by_day)
        made[at_us, "delivery", LONG.partition("@")[2], "bounced", "unknown_user"] = 2
        made[at_us, "login", "imap", "1.3", ""] = 200
        made[at_us, "login", "pop3", "no", ""] = 5
        made[at_us, "message", "inbound", "", ""] = 80
    for day in range(30):
        at_us = now_us - now_us % DAY_US - day * DAY_US
        for account in ("ana@nova0.test", "bob@nova0.test", LONG):
            made[at_us, "login_account", account, "imap", "1.3"] = 20
            made[at_us, "login_network", account, "imap", "192.0.2.0/24"] = 20
            made[at_us, "read_trait", account, "imap", "bytes"] = 48_211_000
            made[at_us, "read_trait", account, "imap", "hours"] = 9
            for name in ("sent", "sent_recipients"):
                made[at_us, name, account, "account", ""] = 12
        made[at_us, "login_account", "old@nova0.test", "pop3", "no"] = 120
        for provider, status, number in (
            ("google", "sent", 1410),
            ("google", "bounced", 12),
            ("microsoft", "deferred", 31),
        ):
            made[at_us, "delivery_domain", "nova0.test", provider, status] = number
        made[at_us, "delivery_domain", "nova0.test", "local", "sent"] = 212
        made[at_us, "auth_account", "ana@nova0.test", "exists", ""] = 3 if day else 45
        made[at_us, "login_account", "bob@nova0.test", "pop3", "1.0"] = 2
        made[at_us, "pop3_deleted", "bob@nova0.test", "", ""] = 3
        made[at_us, "read_trait", "old@nova0.test", "pop3", "hours"] = 24
        made[at_us, "login_network", "old@nova0.test", "pop3", "198.51.100.0/24"] = 120
        for sender, kind, user, number in SENDERS:
            made[at_us, "sent", sender, kind, user] = number
            made[at_us, "sent_recipients", sender, kind, user] = number
            for trait, share in SENDERS[sender, kind, user, number].items():
                made[at_us, "sent_trait", sender, kind, trait] = round(share * number)
        for host in ("mx1", "mx2"):
            made[at_us, "host_lines", host, "event", "postfix"] = 9
    return made


def event(at_us: int, action: str, **fields: Any) -> Event:
    """Make an event of a message."""
    made = Event()
    made.timestamp_us = made.stream_us = at_us
    made.event_kind, made.event_action, made.host_hostname, made.mail_queue_id = "event", action, "mx1", "4ZxY3k0jQzz1"
    made.mailwarden_account = "ana@nova0.test"
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def _ends(now_us: int, days: int, name: str = "mx1.nova0.test") -> dict[str, Any]:
    day = datetime.fromtimestamp(now_us / 1e6 + days * 86_400, UTC).date()
    return {"ends": day.isoformat(), "name": name, "days": days, "port": 993}


def _lately(now_us: int) -> dict[str, Any]:
    began_us = now_us - HOUR_US
    return {
        "opened_us": began_us,
        "first_seen_us": began_us,
        "last_seen_us": now_us - 60_000_000,
        "timeline": [(began_us + 2_000_000, "send_from_new_network")],
    }


def filled(state: Path, now_us: int, others: tuple[str, ...] = ()) -> Path:
    """Fill a state directory as of an instant; of some others there is an incident, too."""
    log = state / "mail.log"
    log.write_text("")
    lately = _lately(now_us)
    telling = taken_over(**lately, lead="send_from_new_network", evidence=_proof(now_us), evidence_count=72)
    guessing = lately | {"timeline": [(now_us - HOUR_US, "fast_guessing")]}
    found = [
        telling,
        *(taken_over(name, severity="high", **lately) for name in others),
        incident(
            primary=("mailwarden.network", "203.0.113.0/24"),
            severity="medium",
            title="{address} guesses passwords",
            why="{count} tries; {measure} within {span} from a network that nobody here uses (fires at {threshold})",
            values={"address": "203.0.113.7", "count": 412, "measure": 64, "span_s": 600, "threshold": 5},
            **guessing,
        ),
        *everyday(),
    ]
    notice = Delivery(
        notification=Notification(id="n", kind="opened", incident=telling, at_us=now_us), receivers=("ops", "chat"),
        failed={"ops": "403 bot was blocked by the user"}, accepted_by="chat", accepted_us=now_us,
    )  # fmt: skip
    Archive.open(state / "archive", 0).write(
        1,
        [
            event(now_us - 9_000_000, "message-queued", email_from_address=["ana@nova0.test"], mail_recipient_count=2),
            event(
                now_us - 8_000_000, "delivery", email_to_address=["bob@example.org"], mail_delivery_status="sent",
                mail_delivery_relay="mx.example.org[192.0.2.1]:25", smtp_reply_text="250 2.0.0 Ok: queued as 5C2D6B37FE2",
            ),
            event(
                now_us - 7_000_000, "delivery", email_to_address=[LONG], mail_delivery_status="deferred",
                smtp_reply_text="421-4.7.28 Our system has detected an unusual rate of unsolicited mail " * 3,
            ),
        ],
    )  # fmt: skip
    listings = [
        Listing(
            "192.0.2.25", "bl.example", now_us, now_us, "listed", "Example BL", 1.0, ("127.0.0.2",), "see our page"
        ),
        Listing(
            "192.0.2.25", "zen.example", now_us, now_us, "no answer", "Zen", 1.0, (), "query through a public resolver"
        ),
    ]
    postures = [
        Posture(
            "nova0.test",
            "dmarc",
            "_dmarc.nova0.test",
            now_us,
            now_us,
            "wrong",
            "dmarc_missing",
            should="v=DMARC1; p=quarantine",
        ),
        Posture(
            "mx1.nova0.test", "certificate", "25", now_us, now_us, "ok", now="2027-01-31", details=_ends(now_us, 80)
        ),
        Posture(
            "mx1.nova0.test",
            "certificate",
            "993",
            now_us,
            now_us,
            "wrong",
            "cert_ends_14",
            "medium",
            details=_ends(now_us, 9, "imap.nova0.test"),
        ),
    ]
    with Store.open(store_path(state)) as store:
        store.commit(
            Commit(
                1, incidents=found, rollups=numbers(now_us), meta={"stream_us": str(now_us)},
                positions={str(log): {"merged_us": 1, "source": {}}}, outbox=[("n", now_us, pack(notice))], listings=listings,
                postures=postures, unparsed={("postfix", "smtpd", "x"): (3, "Nov 23 00:00:01 mx1 postfix/smtpd[7]: never seen")},
            )
        )  # fmt: skip
    return state


def _proof(now_us: int) -> list[Evidence]:
    began = datetime.fromtimestamp(now_us / 1e6 - 3600, UTC)
    lines = (
        "postfix/submission/smtpd[13675]: 2B82A0646D2: client=unknown[198.18.10.60], sasl_method=PLAIN, "
        "sasl_username=walter.rossi1969@nova0.test",
        "postfix/qmgr[900]: 2B82A0646D2: from=<walter.rossi1969@nova0.test>, size=1873, nrcpt=17 (queue active)",
        "postfix/smtp[13702]: 2B82A0646D2: to=<c48@example.net>, relay=mx.example.net[192.0.2.40]:25, delay=1.9, "
        "dsn=5.1.1, status=bounced (550 5.1.1 User unknown)",
    )
    return [
        Evidence("/var/log/mail.log", 9_572_731 + 200 * n, f"{began:%b %d %H:%M:%S} mx1 {line}")
        for n, line in enumerate(lines)
    ]
