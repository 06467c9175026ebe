"""What a person reads of an outcome: the whole way, by the inbox's line, the event, the detector and the incident."""

from mailwarden.alerts.detectors import load_detectors
from mailwarden.alerts.facts.site import Site
from mailwarden.alerts.incidents.incident import Incident, Notification
from mailwarden.alerts.state.shelf import Nowhere
from mailwarden.alerts.telling.render import render
from mailwarden.parsers.envelope import Reader
from mailwarden.pipeline.fold import Fold
from mailwarden.pipeline.probes.outcome import Outcome
from mailwarden.pipeline.probes.prober import line

_AT_US = 1_772_438_400_000_000  # 2 March 2026, 08:00 UTC


def incidents_of(*lines: str) -> list[Incident]:
    """Give the incidents of lines of the inbox."""
    return fold_of(*lines).incidents.drain()[0]


def fold_of(*lines: str) -> Fold:
    """Fold lines of the inbox, a second apart."""
    fold = Fold(Site(), [], load_detectors(), Nowhere(), lambda _: "probes")
    reader = Reader()
    for number, text in enumerate(lines):
        event = reader.read(text)
        assert event.event_kind == "event", text
        event.stream_us, event.log_offset = _AT_US + number * 1_000_000, number
        fold.take([event])
    return fold


def said_of(outcome: Outcome, language: str = "en") -> str:
    """Give title and text of the notice; empty where nobody is told."""
    record = outcome._asdict() | {"details": dict(outcome.details)}
    found = incidents_of(line(_AT_US, "mx1", "posture", record))
    if not found:
        return ""
    notice = render(Notification(id="n", kind="opened", incident=found[0], at_us=_AT_US), language, title_limit=300)
    return f"{notice.title}\n{notice.body}"


def complete(outcome: Outcome) -> bool:
    """Say whether a wrong outcome is told in both languages with every name filled in."""
    if outcome.state != "wrong":
        return not said_of(outcome)
    texts = [said_of(outcome), said_of(outcome, "ja")]
    parts = [
        part
        for text in texts
        for part in text.split("\n")
        if not part.startswith(("Is this", "On it?", "これが", "Proof:", "根拠："))
    ]
    return all(texts) and not any("?" in part.replace("?all", "") or "{" in part for part in parts)
