"""What Prometheus scrapes: read from the store when asked, so that a scrape never disturbs the service.

Names and labels are stated in docs/monitoring/README.md; the dashboard and the alert rules beside it use them.
"""

from collections import Counter
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector, CollectorRegistry
from starlette.requests import Request
from starlette.responses import Response

from mailwarden import __version__
from mailwarden.alerts.terms import SEVERITIES
from mailwarden.parsers.errors import StoreError
from mailwarden.pipeline.answers.risks import read_risks
from mailwarden.pipeline.store import Reader
from mailwarden.pipeline.web.desk import Desk
from mailwarden.pipeline.web.frame import desk_of, message, tongue_of, visitor_of
from mailwarden.pipeline.web.pulse import read_pulse, read_sources
from mailwarden.pipeline.web.views.measures import lines_of_day

__all__ = ["metrics"]

_STATUSES = ("open", "quiet", "closed")


class _StoreCollector(Collector):
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("mailwarden_store_readable", "Whether the state of the service can be read.")
        info = GaugeMetricFamily("mailwarden_build_info", "The version that runs.", labels=["version"])
        info.add_metric([__version__], 1)
        yield info
        try:
            with self._desk.reader() as reader:
                families = [*self._service(reader), *self._counted(reader), *self._known(reader)]
        except StoreError:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        yield from families

    def _service(self, reader: Reader) -> Iterator[Metric]:
        now_us = self._desk.clock()
        pulse = read_pulse(reader, now_us)
        lag = GaugeMetricFamily("mailwarden_lag_seconds", "Seconds since the service last wrote or read.")
        if pulse.lag_s is not None:  # where it has never run nothing is 0 s ago
            lag.add_metric([], pulse.lag_s)
        yield lag
        running = GaugeMetricFamily("mailwarden_service_running", "Whether a service lives that keeps this state.")
        running.add_metric([], int(not pulse.ended))
        yield running
        newest = GaugeMetricFamily("mailwarden_newest_line_timestamp_seconds", "Time of the newest line that was read.")
        newest.add_metric([], int(reader.store.meta("stream_us") or 0) / 1_000_000)
        yield newest
        sources = GaugeMetricFamily(
            "mailwarden_source_there", "Whether a log that is read is there.", labels=["source"]
        )
        for one in read_sources(reader):
            if one.there is not None:
                sources.add_metric([_word(one.name)], int(one.there))
        yield sources
        counts = reader.store.outbox_counts()
        pending = GaugeMetricFamily("mailwarden_outbox_pending", "Notifications that no channel has accepted yet.")
        pending.add_metric([], counts.waiting)
        yield pending
        oldest = GaugeMetricFamily("mailwarden_outbox_oldest_seconds", "How long the oldest of them has waited.")
        oldest.add_metric([], max(0.0, (now_us - counts.oldest_us) / 1_000_000) if counts.oldest_us else 0.0)
        yield oldest
        done = CounterMetricFamily("mailwarden_notifications", "Notifications delivered or passed over.")
        done.add_metric([], counts.done)
        yield done

    def _counted(self, reader: Reader) -> Iterator[Metric]:
        totals = self._desk.totals.of(reader)
        events = CounterMetricFamily(
            "mailwarden_events", "Log lines, by how they were read.", labels=["kind", "module"]
        )
        delivery = CounterMetricFamily(
            "mailwarden_delivery",
            "Deliveries, by provider and how it took them.",
            labels=["provider", "status", "class"],
        )
        logins = CounterMetricFamily("mailwarden_logins", "Logins.", labels=["protocol", "tls"])
        failures = CounterMetricFamily(
            "mailwarden_login_failures", "Failed logins.", labels=["module", "reason", "protocol"]
        )
        rejects = CounterMetricFamily("mailwarden_rejects", "Mail that was refused.", labels=["module", "reason"])
        by_name = {
            "delivery": (delivery, 3),
            "login": (logins, 2),
            "auth_failure": (failures, 3),
            "reject": (rejects, 2),
        }
        lines: Counter[tuple[str, str]] = Counter()
        summed: dict[str, Counter[tuple[str, ...]]] = {name: Counter() for name in by_name}
        for (name, *words), number in totals.items():
            if name == "lines":
                lines[words[0], words[1]] += number
            else:
                summed[name][tuple(words[: by_name[name][1]])] += number
        for (kind, module), number in sorted(lines.items()):
            events.add_metric([_word(kind), _word(module)], number)
        yield events
        for name, (family, _) in by_name.items():
            for labels, number in sorted(summed[name].items()):
                family.add_metric([_word(word) for word in labels], number)
            yield family
        yield self._unparsed(reader)

    def _unparsed(self, reader: Reader) -> Metric:
        kinds = lines_of_day(reader, self._desk.clock())
        ours = kinds["event"] + kinds["pipeline_error"]
        share = GaugeMetricFamily(
            "mailwarden_unparsed_ratio", "Share of the mail servers' lines of 24 hours that no pattern knows."
        )
        share.add_metric([], kinds["pipeline_error"] / ours if ours else 0.0)
        return share

    def _known(self, reader: Reader) -> Iterator[Metric]:
        yield _incidents(reader)
        yield _risks(reader, self._desk.present_us(reader))
        yield _listings(reader)
        yield _postures(reader)


def _incidents(reader: Reader) -> Metric:
    counts: Counter[tuple[str, str]] = Counter()
    for counted in reader.incident_counts():
        counts[counted.severity, counted.status] += counted.number
    family = GaugeMetricFamily("mailwarden_incidents", "Incidents that are kept.", labels=["severity", "status"])
    for severity in SEVERITIES:
        for status in _STATUSES:
            family.add_metric([severity, status], counts[severity, status])
    return family


def _risks(reader: Reader, now_us: int) -> Metric:
    family = GaugeMetricFamily(
        "mailwarden_blocklist_risk", "How near a sender of ours is to a block, 0 to 100.", labels=["kind", "sender"]
    )
    for one in read_risks(reader.store, now_us)[0]:
        family.add_metric([one.kind, _word(one.called)], one.risk.score)
    return family


def _listings(reader: Reader) -> Metric:
    family = GaugeMetricFamily(
        "mailwarden_listed",
        "Whether a block list names us: 1 listed, 0 clear; absent without an answer.",
        labels=["subject", "list"],
    )
    for listing in reader.store.standing.listings():
        if listing.state in ("listed", "clear"):
            family.add_metric([_word(listing.subject), _word(listing.name)], int(listing.state == "listed"))
    return family


def _postures(reader: Reader) -> Metric:
    family = GaugeMetricFamily(
        "mailwarden_posture_wrong",
        "Whether something that receivers look at is wrong; absent where not known.",
        labels=["subject", "check"],
    )
    states: dict[tuple[str, str], int] = {}
    for posture in reader.store.standing.postures():
        if posture.state in ("ok", "wrong"):
            key = (posture.subject, posture.check)
            states[key] = max(states.get(key, 0), int(posture.state == "wrong"))
    for (subject, check), state in sorted(states.items()):
        family.add_metric([_word(subject), _word(check)], state)
    return family


def _word(text: str) -> str:
    """Give a label that Prometheus takes: any text, but no broken Unicode, and not for ever long."""
    return text.encode("utf-8", "backslashreplace").decode()[:200]


def metrics(request: Request) -> Response:
    """Answer a scrape, in the form that the scraper asks for."""
    if not visitor_of(request).sees_all:
        return message(
            request, 403, tongue_of(request).gettext("This page tells of all customers, so it is not shown to you.")
        )
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_StoreCollector(desk_of(request)))
    try:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
    except (TypeError, ValueError):  # a version that is none: prometheus-client compares it with numbers
        encode, content_type = choose_encoder("")
    return Response(encode(registry), headers={"Content-Type": content_type})
