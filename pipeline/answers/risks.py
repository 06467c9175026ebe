"""How our senders stand: the risk that the fold keeps, joined with what probes saw, as of the newest line."""

import time
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from mailwarden.alerts.risk.checks import fault_weight
from mailwarden.alerts.risk.outcomes import DOMAIN, KIND, SERVER, address_of
from mailwarden.alerts.risk.parts import NAMELESS
from mailwarden.alerts.risk.score import Risk, assess, forecast_us, open_story
from mailwarden.alerts.risk.sender import Sender, Story
from mailwarden.alerts.state.blob import decoder
from mailwarden.alerts.words.advice import Step, steps
from mailwarden.alerts.words.translate import Translator
from mailwarden.pipeline.store import Listing, Posture, Store

__all__ = ["Standing", "as_data", "read_risks", "todo"]

_DAY_US = 86_400_000_000
_NAMED = 3  # of those whom a step is about
_ANSWERED = frozenset({"listed", "suspected", "clear"})
_MOST_OF_IT = 0.6  # of the points: then it is one account's doing


class Standing(NamedTuple):
    """One sender as it stands. `kind` is `server` or `domain`; `address` is what receivers see of a server."""

    kind: str
    name: str
    address: str | None
    risk: Risk
    sender: Sender
    story: Story | None
    forecast_s: int | None
    as_of_us: int
    server: str = NAMELESS  # what the server is called whose lines do not name it

    @property
    def shown(self) -> str:
        """The address or domain that people know it by."""
        return self.address or (self.server if self.name == NAMELESS else self.name)

    @property
    def called(self) -> str:
        """The same so that no other sender is called so: several servers may send from one address.

        A server whose lines do not name it is none of several.
        """
        return self.shown if self.shown == self.name or self.name == NAMELESS else f"{self.shown} ({self.name})"


def read_risks(store: Store, now_us: int | None = None, *, called: str = NAMELESS) -> tuple[list[Standing], int]:
    """Give all senders, the worst first, and as of when.

    Args:
        store: What was counted.
        now_us: The instant; None: now, or the newest line where that is older than a day.
        called: What the server is called whose lines do not name it.
    """
    read = decoder(Sender)
    senders = [(key, read(blob)) for key, blob in store.states(KIND)]
    stream_us = int(store.meta("stream_us") or 0)
    if now_us is None:
        now_us = int(time.time() * 1_000_000)
        if now_us - stream_us > _DAY_US:
            now_us = stream_us
    listings, postures = store.standing.listings(), store.standing.postures()
    made = [_standing(key, sender, now_us, listings, postures)._replace(server=called) for key, sender in senders]
    made.sort(key=lambda one: (-one.risk.score, one.kind != "server", one.name))
    return made, now_us


def _standing(
    key: str, sender: Sender, now_us: int, listings: Sequence[Listing], postures: Sequence[Posture]
) -> Standing:
    kind = SERVER.strip() if key.startswith(SERVER) else DOMAIN.strip()
    name, address = key.partition(" ")[2], address_of(sender) if key.startswith(SERVER) else None
    subjects = {name, *sender.addresses} if kind == "server" else {name}
    risk = assess(sender, now_us, _seen(subjects, listings, postures))
    left_us = forecast_us(sender, now_us)
    left_s = None if left_us is None else left_us // 1_000_000
    return Standing(kind, name, address, risk, sender, open_story(sender), left_s, now_us)


def _seen(
    subjects: set[str], listings: Iterable[Listing], postures: Iterable[Posture]
) -> dict[str, dict[str, float]] | None:
    """Give what probes saw of a sender; a part that got no answer is left out: it was not checked."""
    seen: dict[str, dict[str, float]] = {}
    own = [one for one in listings if one.subject in subjects and one.state in _ANSWERED]
    if own:
        seen["listings"] = {one.name: one.weight for one in own if one.state == "listed"}
    asked = [one for one in postures if one.subject in subjects and one.state in ("ok", "wrong")]
    if asked:
        seen["posture"] = {one.check: fault_weight(one.severity) for one in asked if one.state == "wrong"}
    return seen or None


def todo(standings: Sequence[Standing], modules: Sequence[str], tongue: Translator) -> list[tuple[Step, list[str]]]:
    """Give what to do first, second and third: by the heaviest part, each step once, with whom it is about."""
    found: dict[str, tuple[Step, list[str]]] = {}
    culprit = _culprit(standings[0]) if standings else None
    if culprit is not None:
        is_script = culprit.startswith(("/", "uid ")) or culprit.endswith(")")  # `form.php (uid 33)`
        kind = "script" if is_script else "account"
        for step in steps(f"risk_{kind}", modules, {kind: culprit}, tongue):
            found[step.text] = (step, [culprit])
    graded = [(grade, one) for one in standings for grade in one.risk.grades]
    graded.sort(key=lambda pair: -pair[0].points)
    for grade, one in graded:
        who = sorted(grade.behind, key=lambda name: -grade.behind[name])[:3]
        values: dict[str, Any] = {"account": who[0] if who and "@" in who[0] else None, "sender": one.name}
        if grade.receivers:
            values["provider"] = max(grade.receivers, key=lambda name: grade.receivers[name])
        for step in steps(grade.part.advice, modules, values, tongue)[:1]:
            known = found.setdefault(step.text, (step, []))[1]
            known += [name for name in who if name not in known]
    return [(step, who[:_NAMED]) for step, who in found.values()]


def _culprit(worst: Standing) -> str | None:
    """Give the account or script behind most of the points of a sender; None where it is not one."""
    behind: dict[str, float] = {}
    for grade in worst.risk.grades:
        counted = sum(grade.behind.values())
        for name, count in grade.behind.items() if grade.part.name not in ("listings", "posture") else ():
            behind[name] = behind.get(name, 0.0) + grade.points * count / counted
    most = max(behind.values(), default=0.0)
    if most < _MOST_OF_IT * sum(grade.points for grade in worst.risk.grades):
        return None
    return next((name for name, points in behind.items() if points == most), None)


def as_data(one: Standing) -> dict[str, Any]:
    """Give a sender as data; times as epoch microseconds."""
    story = one.story
    return {
        "kind": one.kind,
        "name": one.name,
        "address": one.address,
        "addresses": sorted(one.sender.addresses, key=lambda name: -one.sender.addresses[name]),
        "risk": one.risk.score,
        "trend": one.risk.trend,
        "parts": [
            {
                "name": grade.part.name,
                "points": round(grade.points, 1),
                "most": grade.part.most,
                "amount": round(grade.amount, 1),
                "behind": grade.behind,
                "receivers": grade.receivers,
            }
            for grade in one.risk.grades
        ],
        "not_checked": one.risk.unchecked,
        "story": None
        if story is None
        else {
            "first_sign_us": story.sign_us,
            "warned_us": story.warned_us or None,
            "blocked_us": story.blocked_us or None,
            "peak": story.peak,
        },
        "lead_times_s": [
            (past.blocked_us - past.warned_us) // 1_000_000
            for past in one.sender.stories
            if past.blocked_us and past.warned_us
        ],
        "forecast_s": one.forecast_s,
    }
