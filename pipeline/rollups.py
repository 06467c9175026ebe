"""Count what reports need, by the hour of stream time; what concerns single accounts and their habits, by the day.

Lines are counted many at a time, in C; beyond that only events of the actions below cost anything.
What a client may choose (an account that it guesses, the network it comes from) is counted apart only up to a limit each
hour or day, and as "other" beyond it: nobody can fill the store by trying names.

What is counted, under a name and up to three words:

| name | words | span |
|---|---|---|
| `lines` | event.kind, module, program | hour |
| `login` | protocol, TLS | hour |
| `login_account` | account, protocol, TLS | day |
| `login_network` | account, protocol, network | day |
| `read_hours` | account, "imap" or "pop3": hours with a login | day |
| `read_trait` | account, "imap" or "pop3", "sessions" that ended, "bytes" they fetched | day |
| `auth_failure` | module, reason, protocol | hour |
| `auth_error` | module, reason, protocol | hour |
| `auth_network` | network, "known" or "stranger" to the account it tried | hour |
| `auth_account` | account, "exists" or "unknown" | day |
| `message`, `recipients` | direction | hour |
| `sent`, `sent_recipients` | sender, "account", "script" or "machine", local user of a script | day |
| `sent_trait` | sender, its kind, one of the traits of `senders.py` | day |
| `delivery` | provider or "local", status ("retried": deferred again), class of the refusal | hour |
| `delivery_domain` | our domain (of the sender; of the recipient where local), provider or "local", status | day |
| `delivery_waited` | provider or "local", "minute", "hour" or "day": at least so long since its arrival | hour |
| `reject` | module, reason | hour |
| `pop3_fetched`, `pop3_deleted` | account: messages | day |
| `tls` | protocol, version | hour |
| `data_loss` | module, reason | hour |
| `late` | source (its path): lines that came behind later ones | hour |
| `check` | "spf", "dkim", "dmarc", "greylist", "spam", "malware", its result, module | hour |
| `host_…`, of lines, login, auth_failure, message, delivery, reject, data_loss | host, two of their words | hour |

TLS is the version ("1.3"), or "yes", "no", "unknown" where the line does not tell it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from operator import attrgetter
from typing import Any

from mailwarden.parsers.event import Event
from mailwarden.parsers.servers import servers_where
from mailwarden.pipeline.correlation.senders import Sender
from mailwarden.pipeline.correlation.ways import names_no_host
from mailwarden.pipeline.readers import READING
from mailwarden.pipeline.rollup_span import DAILY_LIMITS, OTHER, KnownKeys, RollupKey, RollupSpan, known_of

__all__ = ["Rollups"]

_HOUR_US = 3_600_000_000
_MOST_COUNTS = 60_000  # in memory, of 250 bytes each
_WAITS_S = ((86_400, "day"), (3_600, "hour"), (60, "minute"))

_SORT = attrgetter("event_kind", "event_module", "process_name", "host_hostname")
_LOGIN = attrgetter(
    "host_hostname",
    "mailwarden_account",
    "network_protocol",
    "mailwarden_network",
    "tls_version",
    "tls_version_protocol",
    "tls_established",
)
_DAYTIME = range(5, 22)  # hours by the clock of the site; at others people seldom send


_TELL_LOGINS = servers_where(lambda one: one.tells_logins)


class Rollups:
    """Counts events; gives what was counted since it was last asked. `actions` holds what counts an event of each action.

    Args:
        zone: Whose midnight begins a day.
        counted: Keys counted before a restart, of this hour and day: they take their place within the limits.
        account: Gives the account that a login name on a host stands for.
    """

    def __init__(
        self,
        zone: tzinfo = UTC,
        counted: Iterable[RollupKey] = (),
        account: Callable[[str, str | None], str] = lambda name, _: name.lower(),
    ) -> None:
        self._zone = zone
        self._account = account
        self._counted = known_of(counted)
        self._turn_us = 0  # when the hour is over
        self._hour, self._day = RollupSpan(), RollupSpan()
        self._lines: Counter[tuple[str, str | None, str | None, str | None]] = Counter()
        self._logins: dict[tuple[Any, ...], int] = {}  # what is counted most, by what the event itself holds
        self._read: dict[tuple[str, str], list[int]] = {}
        self._deliveries: dict[tuple[str, str, str, str | None, str | None], int] = {}
        self._sent: dict[tuple[str, Sender | None, str | None], list[int]] = {}
        self._is_night = False
        self._done: dict[RollupKey, int] = {}
        self.actions: dict[str, Callable[[Event], None]] = {
            "auth-success": self._login,
            "auth-failure": self._failure,
            "auth-error": self._error,
            "message-received": self._received,
            "message-queued": self._accepted,
            "delivery": self._delivery,
            "reject": self._reject,
            "session-end": self._session_end,
            "tls-established": self._tls,
            "data-loss": self._data_loss,
            "spf-verdict": self._checked,
            "dkim-verdict": self._checked,
            "dmarc-verdict": self._checked,
            "filter-verdict": self._checked,
            "greylist": self._checked,
        }

    def count_lines(self, events: Sequence[Event]) -> None:
        """Count the lines of events between two turns, whatever they tell."""
        self._lines.update(map(_SORT, events))

    def count_late(self, late: Mapping[str, int]) -> None:
        """Count the lines of each source that came behind later ones."""
        for name, count in late.items():
            self._hour.add("late", name, "", "", count)

    def is_full(self) -> bool:
        """Say whether what was counted takes as much memory as it may: it is time to take it away."""
        return len(self._done) + len(self._day) > _MOST_COUNTS

    def drain(self) -> dict[RollupKey, int]:
        """Give what was counted since the last time."""
        self._gather()
        drained = self._day.take()  # the most by far: the others are added to it
        drained |= self._hour.take()
        drained |= self._done
        self._done = {}
        return drained

    def turn(self, stream_us: int) -> None:
        """Begin the hour of an instant, and the day where it is another; to be told of each whole minute."""
        if stream_us < self._turn_us:
            return
        self._gather()
        hour_us = stream_us - stream_us % _HOUR_US
        local = datetime.fromtimestamp(hour_us / 1_000_000, self._zone)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
        day_us = round(midnight.timestamp()) * 1_000_000
        self._turn_us = hour_us + _HOUR_US
        self._is_night = local.hour not in _DAYTIME
        self._done |= self._hour.take()
        self._hour.begin(hour_us, self._known(hour_us, daily=False))
        if day_us != self._day.start_us:
            self._done |= self._day.take()
            self._day.begin(day_us, self._known(day_us, daily=True))
            self._counted = {start_us: known for start_us, known in self._counted.items() if start_us >= day_us}

    def _known(self, start_us: int, *, daily: bool) -> KnownKeys:
        """Give what was counted in a span before a restart; the hour and the day that begin together hold different names."""
        known = self._counted.get(start_us, {})
        return {name: keys for name, keys in known.items() if (name in DAILY_LIMITS) is daily}

    def _gather(self) -> None:
        for (kind, module, program, host), count in self._lines.items():
            self._hour.add("lines", kind, module or "", program or "", count)
            self._of_host(host, "host_lines", kind, module or "", count)
        self._lines.clear()
        self._gather_logins()
        self._gather_read()
        self._gather_sent()
        self._gather_deliveries()

    def _of_host(self, host: str | None, name: str, first: str, second: str, count: int) -> None:
        """Count for one server what is counted for all; a line that names none is of no single one."""
        if host:
            self._hour.add(name, host, first, second, count)

    def _gather_logins(self) -> None:
        for (host, account, protocol, network, *tls), count in self._logins.items():
            words = (protocol or "", _tls(*tls))
            self._hour.add("login", *words, "", count)
            self._of_host(host, "host_login", *words, count)
            if account is not None:
                self._day.add("login_account", account, *words, count)
                if network is not None:
                    self._day.add("login_network", account, words[0], network, count)
        self._logins.clear()

    def _gather_read(self) -> None:
        for (account, protocol), (sessions, size) in self._read.items():
            self._day.add("read_trait", account, protocol, "sessions", sessions)
            self._day.add("read_trait", account, protocol, "bytes", size)
        self._read.clear()

    def _gather_sent(self) -> None:
        for (direction, sender, host), (messages, recipients) in self._sent.items():
            self._of_host(host, "host_message", direction, "", messages)
            self._hour.add("message", direction, "", "", messages)
            self._hour.add("recipients", direction, "", "", recipients)
            if sender is not None:
                self._day.add("sent", *sender, messages)
                self._day.add("sent_recipients", *sender, recipients)
        self._sent.clear()

    def _gather_deliveries(self) -> None:
        for (provider, status, klass, host, domain), count in self._deliveries.items():
            self._hour.add("delivery", provider, status, klass, count)
            self._of_host(host, "host_delivery", provider, status, count)
            if domain is not None:
                self._day.add("delivery_domain", domain, provider, status, count)
        self._deliveries.clear()

    # ------------------------------------------------------------------ what is counted of each action

    def _login(self, event: Event) -> None:
        login = _LOGIN(event)
        self._logins[login] = self._logins.get(login, 0) + event.event_count

    def _failure(self, event: Event) -> None:
        tries = event.mailwarden_attempts
        if not tries:
            return
        words = (event.event_module or "", event.event_reason or "", event.network_protocol or "")
        self._hour.add("auth_failure", *words, tries)
        self._of_host(event.host_hostname, "host_auth_failure", words[1], words[2], tries)
        facts = event.facts or {}
        network, account = event.mailwarden_network, event.mailwarden_account
        if network is not None:
            known = "known" if facts.get("mailwarden.pair.known") else "stranger"
            self._hour.add("auth_network", network, known, "", tries)
        if account is not None:
            exists = "exists" if facts.get("mailwarden.user.exists") else "unknown"
            self._day.add("auth_account", account, exists, "", tries)

    def _error(self, event: Event) -> None:
        words = (event.event_module or "", event.event_reason or "", event.network_protocol or "")
        self._hour.add("auth_error", *words, event.event_count)

    def _received(self, event: Event) -> None:
        is_login = event.user_name is not None and event.user_id is None  # which names a user of this machine
        is_told = event.facts is not None and "mailwarden.login.told" in event.facts
        if is_login and not is_told and event.event_module not in _TELL_LOGINS:  # the only word of one that succeeded
            self._login(event)
        self._accepted(event)

    def _accepted(self, event: Event) -> None:
        facts = event.facts
        if facts is None or "mailwarden.accepted" not in facts:
            return
        sender = facts.get("mailwarden.sender")
        sent = (event.mailwarden_direction or "", sender, event.host_hostname)
        total = self._sent.get(sent)
        if total is None:
            total = self._sent[sent] = [0, 0]
        total[1] += event.mail_recipient_count or 1
        if "mailwarden.more" in facts:
            return
        total[0] += 1
        if sender is not None:
            self._traits(sender, facts)
            if self._is_night:
                self._day.add("sent_trait", sender.name, sender.kind, "night", 1)

    def _traits(self, sender: Sender, facts: dict[str, Any]) -> None:
        for trait, count in facts["mailwarden.sender.traits"].items():
            self._day.add("sent_trait", sender.name, sender.kind, trait, count)

    def _delivery(self, event: Event) -> None:
        facts = event.facts
        if facts is not None and "mailwarden.hand_over" in facts:  # to a filter of ours: it comes back
            return
        status = event.mail_delivery_status or ""
        if status == "deferred" and facts is not None and facts.get("mailwarden.first_try") is False:
            status = "retried"
        is_elsewhere = event.destination_domain or (facts and "mailwarden.remote" in facts and names_no_host(event))
        provider = event.mail_provider or (OTHER if is_elsewhere else "local")
        whose = event.email_to_address if provider == "local" else event.email_from_address
        is_ours = provider == "local" or event.mailwarden_direction == "outbound"
        domain = whose[0].rpartition("@")[2].lower() if whose and is_ours else None
        delivery = (provider, status, event.mail_bounce_class or "", event.host_hostname, domain)
        self._deliveries[delivery] = self._deliveries.get(delivery, 0) + event.event_count
        if facts is not None and "mailwarden.sender" in facts:
            self._traits(facts["mailwarden.sender"], facts)
        delay_s = event.mail_delivery_delay
        if delay_s is not None and delay_s >= _WAITS_S[-1][0]:
            waited = next(word for least_s, word in _WAITS_S if delay_s >= least_s)
            self._hour.add("delivery_waited", provider, waited, "", event.event_count)

    def _reject(self, event: Event) -> None:
        words = (event.event_module or "", event.event_reason or "")
        self._hour.add("reject", *words, "", event.event_count)
        self._of_host(event.host_hostname, "host_reject", *words, event.event_count)

    def read_in_hour(self, account: str, protocol: str) -> None:
        """Count an hour in which an account fetched its mail."""
        self._day.add("read_hours", account, protocol, "", 1)

    def _session_end(self, event: Event) -> None:
        extra, name = event.extra, event.user_name
        if extra is None or not name:
            return
        if "dovecot.del_count" in extra:
            account = self._account(name, event.host_hostname)
            for counted, field in (("pop3_fetched", "dovecot.retr_count"), ("pop3_deleted", "dovecot.del_count")):
                if messages := extra.get(field):
                    self._day.add(counted, account, "", "", messages)
            self._end_of(account, "pop3", extra.get("dovecot.retr_bytes", 0) + extra.get("dovecot.top_bytes", 0))
        elif event.network_protocol == "imap" and "dovecot.out" in extra:
            self._end_of(self._account(name, event.host_hostname), "imap", extra["dovecot.out"])
        elif event.network_protocol in READING and "courier.sent" in extra:
            self._end_of(self._account(name, event.host_hostname), event.network_protocol, extra["courier.sent"])

    def _end_of(self, account: str, protocol: str, size: int) -> None:
        key = (account, protocol)
        total = self._read.get(key)
        if total is None:
            total = self._read[key] = [0, 0]
        total[0] += 1
        total[1] += size

    def _tls(self, event: Event) -> None:
        version = _tls(event.tls_version, event.tls_version_protocol, event.tls_established)
        self._hour.add("tls", event.network_protocol or "", version, "", event.event_count)

    def _data_loss(self, event: Event) -> None:
        words = (event.event_module or "", event.event_reason or "")
        self._hour.add("data_loss", *words, "", event.event_count)
        self._of_host(event.host_hostname, "host_data_loss", *words, event.event_count)

    def _checked(self, event: Event) -> None:
        """Count what filters say of messages; each may be asked about the same one."""
        extra, module = event.extra or {}, event.event_module or ""
        for method in ("spf", "dkim", "dmarc"):
            result = extra.get(f"mail.{method}.result")
            if result is not None:
                self._hour.add("check", method, str(result), module, event.event_count)
        if extra.get("mail.dkim.signed"):
            self._hour.add("check", "dkim", "signed", module, event.event_count)
        if event.event_action == "greylist":
            self._hour.add("check", "greylist", "", module, event.event_count)
        elif event.event_reason in ("spam", "malware") and event.event_action == "filter-verdict":
            if module == "spamassassin" and event.email_message_id is None:
                return  # spamd writes two lines a message; the other one names it
            self._hour.add("check", str(event.event_reason), "", module, event.event_count)


def _tls(version: str | None, kind: str | None, established: bool | None) -> str:
    if version is not None:
        return f"ssl{version}" if kind == "ssl" else version
    if established is None:
        return "unknown"
    return "yes" if established else "no"
