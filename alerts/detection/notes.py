"""What rules remember of a key, which of most keys is one event: a botnet's addresses try once.

What the first event counts is only noted. Windows are made of the note when a second one comes, as they would stand had
they been there before.
"""

import msgspec

from mailwarden.alerts.detection.counting import Counted, alone, counted_of, put
from mailwarden.alerts.detection.windows import Window
from mailwarden.alerts.rulebook.rule import Rule
from mailwarden.alerts.terms import Evidence
from mailwarden.parsers.event import Event

__all__ = ["Windows", "note", "windows_of"]


class Windows(msgspec.Struct, array_like=True):
    """What all rules that group by the same fields remember of one key: by rule, a window for each of its counts, and behind
    those of counts that have an order one for what is gathered over all of its time.

    The line and the names of its first event stand here once for all of them, and what it counts until there is a second.
    """

    rules: dict[str, list[Window]] = {}
    expires_us: int = 0
    line: Evidence | None = None
    names: dict[str, list[str]] = {}
    first_us: int = 0
    noted: dict[str, list[Counted]] = {}  # by rule: the tries of the first event, and what each count takes from it


def note(record: Windows, rule: Rule, tries: int, event: Event) -> bool:
    """Note what the first event of a key counts; False where a rule is to count it in windows, for it reaches something."""
    name = rule.detection.name
    if rule.order_us or name in record.noted or name in record.rules:
        return False
    noted: list[Counted] = [tries]
    reached = True
    for count in rule.counts:
        counted: Counted = None
        if count.test is None or count.test(event):
            counted = tries if count.field is None else counted_of(count, tries, event)
        noted.append(counted)
        reached = reached and alone(counted) >= count.threshold
    if reached:
        return False
    record.noted[name], record.first_us = noted, event.stream_us
    return True


def windows_of(record: Windows, rule: Rule) -> list[Window]:
    """Give the windows of a rule; where there are none yet, made of what is noted for it, if anything is."""
    name = rule.detection.name
    windows = record.rules.get(name)
    if windows is None:
        windows = record.rules[name] = [Window() for _ in range(len(rule.counts) + bool(rule.order_us))]
        noted = record.noted.pop(name, None)
        if noted is not None:
            tries, *taken = noted
            for count, window, counted in zip(rule.counts, windows, taken, strict=False):  # it may have one more by now
                put(count, window, record.first_us, counted)
            first = windows[0]
            first.seen, first.gathered, first.shared = alone(tries), 1, True
    return windows
