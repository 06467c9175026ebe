"""The numbers of a report, taken from what was counted; no word of any language."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, time, timedelta, tzinfo

import msgspec
import pandas as pd

from mailwarden.pipeline.report.domain import is_blind, of_domain, of_server
from mailwarden.pipeline.report.senders import ByNature, Sent, measure_senders
from mailwarden.pipeline.store import Store

__all__ = [
    "Attacks",
    "Clear",
    "Counted",
    "Figures",
    "Measure",
    "Protocol",
    "Provider",
    "Shown",
    "Vanishing",
    "day_start_us",
    "measure_day",
    "measure_masks",
]

HISTORY_DAYS = 7  # below that there is no usual
_WEEKS = 4  # whose same weekday makes the usual: 28 days
_CHANGED = 2.0  # times the usual, or its inverse
_CHANGED_AT_LEAST = 20  # events: a quiet server's 1 instead of 3 is no news
_SHOWN = 5
_KEPT = 50  # in the data

# What is read of the time of a report and of the times it is compared with, and what only of its own.
_USUAL = ("lines", "delivery", "message", "reject", "login", "auth_failure", "sent_recipients")
_USUAL_OF_DOMAIN = ("delivery_domain", "login_account", "auth_account")
_OF_SERVER = tuple(
    f"host_{name}" for name in ("lines", "login", "auth_failure", "message", "delivery", "reject", "data_loss")
)
_PRESENT = (
    "data_loss", "late", "auth_network", "auth_account", "auth_error", "login_account", "login_network", "read_trait",
    "pop3_deleted", "delivery_waited", "sent", "sent_trait",
)  # fmt: skip
_COLUMNS = ["name", "a", "b", "c", "count", "span"]
_FAILED = ("bounced", "expired", "undeliverable")


class Measure(msgspec.Struct, frozen=True):
    """One number beside its usual value; `usual` None: there is no history yet."""

    name: str
    count: int
    usual: float | None = None
    changed: bool = False


class Counted(msgspec.Struct, frozen=True):
    """Something and how often it was counted."""

    name: str
    count: int


class Shown(msgspec.Struct, frozen=True):
    """The first of many, and how many there are."""

    first: list[Counted]
    total: int


class Attacks(msgspec.Struct, frozen=True):
    """Failed logins: those of strangers apart from people known to the account from that network."""

    tries: int
    stranger_tries: int
    known_tries: int
    networks: Shown  # of strangers; at least so many: beyond a limit an hour they are counted together
    accounts: Shown  # that exist here
    unknown_accounts: int
    reasons: list[Counted]
    backend_errors: int


class Provider(msgspec.Struct, frozen=True):
    """How one provider took our mail; `waited` is what took an hour or longer."""

    name: str
    sent: int
    deferred: int
    bounced: int
    retried: int
    waited: int
    klass: str  # of most refusals, "" where nobody refused


class Clear(msgspec.Struct, frozen=True):
    """An account that came without TLS by one protocol, and from where it came by it most often."""

    name: str
    protocol: str
    logins: int
    network: str  # "" where it was not counted


class Vanishing(msgspec.Struct, frozen=True):
    """An account whose mail POP3 deletes while it is read by IMAP too; from where POP3 comes most often."""

    name: str
    deleted: int
    network: str


class Protocol(msgspec.Struct, frozen=True):
    """How people log in by one protocol."""

    name: str
    logins: int
    accounts: int
    encrypted: int
    clear: int
    oldest_tls: str  # "" where no line tells the version
    fetched_bytes: int  # 0 where no line tells


class Figures(msgspec.Struct, frozen=True):
    """Everything counted that a report tells."""

    from_us: int
    to_us: int
    history_days: int
    lines: int
    understood: int
    ignored: int
    not_understood: int
    data_loss: int
    late: dict[str, int]  # lines behind later ones, by source
    measures: dict[str, Measure]
    attacks: Attacks
    rejects: list[Counted]
    providers: list[Provider]
    senders: list[Sent]
    natures: list[ByNature]
    sender_count: int
    protocols: list[Protocol]
    clear_accounts: list[Clear]  # those with most logins
    clear_total: int
    vanishing: list[Vanishing]
    vanishing_total: int
    is_blind: bool = False  # of a domain: accounts that may be its own are named without it


def day_start_us(day: date, zone: tzinfo) -> int:
    """Give the instant at which a day begins."""
    return round(datetime.combine(day, time(), zone).timestamp()) * 1_000_000


def measure_day(
    store: Store,
    first: date,
    last: date,
    zone: tzinfo,
    domain: str | None = None,
    server: str | None = None,
    suspects: Collection[str] = (),
) -> Figures:
    """Take the numbers of the days from `first` to `last`, beside those of the same weekdays of the four weeks before.

    With a domain, only what concerns its accounts and its mail is taken: nothing of anybody else's is in them; with
    a server, what its own lines say. `suspects` are the senders that an incident is about.
    """
    from_us, to_us = day_start_us(first, zone), day_start_us(last + timedelta(days=1), zone)
    began_us = store.first_rollup_us()
    history_days = 0 if began_us is None else max(0, (from_us - began_us) // 86_400_000_000)
    step = timedelta(days=-(-((last - first).days + 1) // 7) * 7)
    usual = [*_USUAL, *(_USUAL_OF_DOMAIN if domain is not None else ()), *(_OF_SERVER if server is not None else ())]
    spans = [store.rollup_sums(from_us, to_us, [*usual, *_PRESENT])]
    if history_days >= HISTORY_DAYS:
        for week in range(1, _WEEKS + 1):
            start = day_start_us(first - week * step, zone)
            if began_us is not None and start >= began_us:
                end = day_start_us(last + timedelta(days=1) - week * step, zone)
                spans.append(store.rollup_sums(start, end, usual))
    frame = pd.concat([pd.DataFrame(rows, columns=_COLUMNS[:-1]).assign(span=n) for n, rows in enumerate(spans)])
    frame = frame.astype({"count": "int64", "span": "int64"}).reset_index(drop=True)
    blind = domain is not None and is_blind(frame[frame["span"] == 0], domain)
    if domain is not None:
        frame = of_domain(frame, domain)
    if server is not None:
        frame = of_server(frame, server)
    # A week before in which nothing at all was read is no usual: the service did not run.
    ran = [n for n, rows in enumerate(spans) if n and rows]
    made = _figures(frame, ran, from_us, to_us, int(history_days), suspects)
    return msgspec.structs.replace(made, is_blind=True) if blind else made


def _figures(
    frame: pd.DataFrame, ran: Sequence[int], from_us: int, to_us: int, history_days: int, suspects: Collection[str]
) -> Figures:
    now = frame[frame["span"] == 0]
    lines = now[now["name"] == "lines"].groupby("a")["count"].sum()
    late = now[now["name"] == "late"].groupby("a")["count"].sum()
    reject = now[now["name"] == "reject"].groupby("b")["count"].sum()
    clear, vanishing = _clear_accounts(now), _vanishing(now)
    senders, natures, sender_count = measure_senders(frame, ran, suspects)
    return Figures(
        from_us=from_us,
        to_us=to_us,
        history_days=history_days,
        lines=int(lines.sum()),
        understood=int(lines.get("event", 0)),
        ignored=int(lines.get("ignored", 0)),
        not_understood=int(lines.get("pipeline_error", 0)),
        data_loss=int(now.loc[now["name"] == "data_loss", "count"].sum()),
        late={str(name): int(count) for name, count in late.sort_values(ascending=False).items()},
        measures=_measures(frame, ran),
        attacks=_attacks(now),
        rejects=_counted(reject).first,
        providers=_providers(now),
        senders=senders,
        natures=natures,
        sender_count=sender_count,
        protocols=_protocols(now),
        clear_accounts=clear[:_KEPT],
        clear_total=len(clear),
        vanishing=vanishing[:_KEPT],
        vanishing_total=len(vanishing),
    )


def _measures(frame: pd.DataFrame, ran: Sequence[int]) -> dict[str, Measure]:
    masks = measure_masks(frame)
    counts = pd.DataFrame({key: frame["count"].where(mask, 0) for key, mask in masks.items()})
    totals = counts.groupby(frame["span"]).sum().reindex([0, *ran], fill_value=0)
    usual = totals.loc[list(ran)].median() if ran else None
    return {key: _measure(key, int(totals.at[0, key]), None if usual is None else float(usual[key])) for key in masks}


def measure_masks(frame: pd.DataFrame) -> dict[str, pd.Series]:
    """Say which counts belong to each measure; columns name, a, b."""
    name, a, b = frame["name"], frame["a"], frame["b"]
    away = (name == "delivery") & (a != "local")
    return {
        "received": (name == "message") & (a == "inbound"),
        "sent": away & (b == "sent"),
        "deferred": away & (b == "deferred"),
        "bounced": away & b.isin(_FAILED),
        "rejected": name == "reject",
        "logins": name == "login",
        "clear_logins": (name == "login") & (b == "no"),
        "failed_logins": name == "auth_failure",
        "not_understood": (name == "lines") & (a == "pipeline_error"),
    }


def _measure(name: str, count: int, usual: float | None) -> Measure:
    if usual is None:
        return Measure(name, count)
    low, high = sorted((count, usual))
    return Measure(name, count, usual, high - low >= _CHANGED_AT_LEAST and high >= _CHANGED * low)


def _attacks(now: pd.DataFrame) -> Attacks:
    reasons = now[now["name"] == "auth_failure"].groupby("b")["count"].sum()
    by_network = now[now["name"] == "auth_network"]
    strangers = by_network[by_network["b"] == "stranger"].groupby("a")["count"].sum()
    accounts = now[now["name"] == "auth_account"]
    # An account whose first login is of today was not known yet when it was tried.
    exists = (accounts["b"] == "exists") | accounts["a"].isin(now.loc[now["name"] == "login_account", "a"])
    existing = accounts[exists].groupby("a")["count"].sum()
    failed = (now["name"] == "auth_error") & (now["b"] != "aborted")
    known = by_network.loc[by_network["b"] == "known", "count"].sum()
    return Attacks(
        tries=int(reasons.sum()),
        stranger_tries=int(strangers.sum()),
        known_tries=int(known),
        networks=_counted(strangers),
        accounts=_counted(existing),
        unknown_accounts=int(accounts.loc[~exists, "a"].nunique()),
        reasons=_counted(reasons).first,
        backend_errors=int(now.loc[failed, "count"].sum()),
    )


def _providers(now: pd.DataFrame) -> list[Provider]:
    deliveries = now[(now["name"] == "delivery") & (now["a"] != "local")]
    if deliveries.empty:
        return []
    status = deliveries["b"].where(~deliveries["b"].isin(_FAILED), "bounced")
    table = deliveries.groupby(["a", status])["count"].sum().unstack(fill_value=0)
    table = table.reindex(columns=["sent", "deferred", "bounced", "retried"], fill_value=0)
    refused = deliveries[(deliveries["c"] != "") & (deliveries["b"] != "retried")]
    classes = refused.groupby(["a", "c"])["count"].sum().reset_index().sort_values(["count", "c"])
    worst = classes.drop_duplicates("a", keep="last").set_index("a")["c"]
    long = now[(now["name"] == "delivery_waited") & now["b"].isin(("hour", "day"))].groupby("a")["count"].sum()
    table["order"] = table["deferred"] + table["bounced"]
    table = table.sort_values(["order", "sent"], ascending=False, kind="stable")
    return [
        Provider(
            str(name), int(row.sent), int(row.deferred), int(row.bounced), int(row.retried),
            int(long.get(name, 0)), str(worst.get(name, "")),
        )
        for name, row in zip(table.index, table.itertuples(index=False), strict=True)
    ]  # fmt: skip


def _protocols(now: pd.DataFrame) -> list[Protocol]:
    logins = now[now["name"] == "login"]
    accounts = now[now["name"] == "login_account"].groupby("b")["a"].nunique()
    fetched = now[(now["name"] == "read_trait") & (now["c"] == "bytes")].groupby("b")["count"].sum()
    made = []
    for name, group in logins.groupby("a"):
        by_tls = group.groupby("b")["count"].sum()
        versions = sorted(str(tls) for tls in by_tls.index if tls not in ("yes", "no", "unknown"))
        clear, unknown = int(by_tls.get("no", 0)), int(by_tls.get("unknown", 0))
        total = int(by_tls.sum())
        oldest = next((one for one in versions if one.startswith("ssl")), versions[0] if versions else "")
        made.append(
            Protocol(
                str(name),
                total,
                int(accounts.get(name, 0)),
                total - clear - unknown,
                clear,
                oldest,
                int(fetched.get(name, 0)),
            )
        )
    return sorted(made, key=lambda one: (-one.logins, one.name))


def _clear_accounts(now: pd.DataFrame) -> list[Clear]:
    clear = now[(now["name"] == "login_account") & (now["c"] == "no")]
    counts = clear.groupby(["a", "b"])["count"].sum().sort_index().sort_values(ascending=False, kind="stable")
    places = _places(now)
    return [
        Clear(str(name), str(protocol), int(count), places.get((str(name), str(protocol)), ""))
        for (name, protocol), count in counts.items()
    ]


def _vanishing(now: pd.DataFrame) -> list[Vanishing]:
    deleted = now[now["name"] == "pop3_deleted"].groupby("a")["count"].sum()
    logins = set(now[(now["name"] == "login_account") & (now["b"] == "imap")]["a"])
    bare = {account.partition("@")[0] for account in logins}  # a login may be logged without its domain later
    both = [name for name in deleted.index if name in logins or ("@" not in name and name in bare)]
    counts, places = deleted.loc[both].sort_values(ascending=False, kind="stable"), _places(now)
    return [Vanishing(str(name), int(count), places.get((str(name), "pop3"), "")) for name, count in counts.items()]


def _places(now: pd.DataFrame) -> dict[tuple[str, str], str]:
    """Give the network from which each account came most often, by protocol."""
    places = now[now["name"] == "login_network"].sort_values(["count", "c"], ascending=[False, True])
    most = places.drop_duplicates(["a", "b"])
    return {(str(a), str(b)): str(c) for a, b, c in zip(most["a"], most["b"], most["c"], strict=True)}


def _counted(counts: pd.Series) -> Shown:
    first = counts.sort_index().sort_values(ascending=False, kind="stable").head(_SHOWN)
    return Shown([Counted(str(name), int(count)) for name, count in first.items()], len(counts))
