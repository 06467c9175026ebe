"""How a sender is weighed."""

import pytest

from mailwarden.alerts.risk.decay import Fading, faded, fed
from mailwarden.alerts.risk.parts import PARTS, refusal
from mailwarden.alerts.risk.score import assess, before, daily, forecast_us, trend
from mailwarden.alerts.risk.sender import HOUR_US, Sender, Story, blame, roll

NOW = 500_000 * HOUR_US


def sender(**sums: float) -> Sender:
    """Make a sender with what is counted of parts now."""
    return Sender(first_us=NOW, hour=NOW // HOUR_US, sums={name: Fading(sum_, NOW) for name, sum_ in sums.items()})


def test_each_day_keeps_its_highest() -> None:
    """Of fourteen days each has the highest of its hours; a day of silence has none, and today's is not over."""
    one = sender()
    scores = iter([*[0] * 16, *[n % 24 for n in range(48)], 30, 12])  # the day has sixteen hours left
    while (at := next(scores, None)) is not None:
        roll(one, (one.hour + 1) * HOUR_US, lambda _, __, at=at: at)  # type: ignore[misc]

    assert one.highs == [0, 23, 23]
    assert daily(one, one.hour * HOUR_US, 14, 5) == [None, 0, 23, 23, 30]
    assert daily(one, (one.hour + 48) * HOUR_US, 7, 5) == [23, 23, 30, None, 7]


def test_a_sum_loses_half_in_its_half_life() -> None:
    """What was counted fades with stream time, and a late stamp adds nothing back."""
    fading = Fading()
    fed(fading, NOW, HOUR_US, 4)

    assert faded(fading, NOW + HOUR_US, HOUR_US) == 2
    assert fed(fading, NOW + HOUR_US, HOUR_US, 1) == 3
    assert faded(fading, NOW, HOUR_US) == 3


def test_nothing_counted_is_no_risk() -> None:
    """A sender of whom nothing bad was heard stands at 0, and what nobody looked at is said."""
    risk = assess(sender(), NOW)

    assert (risk.score, risk.trend, risk.grades) == (0, "steady", [])
    assert risk.unchecked == ["listings", "posture"]


def test_the_score_is_the_sum_of_its_parts() -> None:
    """Each part gives at most its points, and all of them at most a hundred."""
    risk = assess(sender(refusals=1e9, deferrals=1e9, content=1e9, complaints=1e9, authentication=1e9), NOW)

    assert all(grade.points <= grade.part.most for grade in risk.grades)
    assert risk.score == 100
    small = assess(sender(deferrals=3, content=2), NOW)
    assert small.score == round(sum(grade.points for grade in small.grades))


@pytest.mark.parametrize("name", [part.name for part in PARTS.values() if part.scale])
def test_each_part_fades_by_itself(name: str) -> None:
    """After two of its half-lives a part gives less, after twenty nothing."""
    one = sender(**{name: PARTS[name].scale})
    points = [assess(one, NOW + n * PARTS[name].half_life_us).score for n in (0, 2, 20)]

    assert points[0] > points[1] > points[2] == 0


def test_what_is_heard_every_day_counts_little() -> None:
    """A large server's usual deferrals are no sign; the same from a small one are."""
    small, large = sender(deferrals=8), sender(deferrals=8)
    large.usual["deferrals"] = 8

    assert assess(large, NOW).score < assess(small, NOW).score / 2


def test_ten_recipients_prove_no_share() -> None:
    """A third of ten unknown recipients gives few points, a third of a hundred all of them."""
    few, many = sender(), sender()
    few.final, few.unknown = Fading(10, NOW), Fading(3, NOW)
    many.final, many.unknown = Fading(100, NOW), Fading(33, NOW)

    assert assess(few, NOW).score <= 6
    assert assess(many, NOW).score == PARTS["unknown_recipients"].most


def test_a_listing_stands_until_it_is_withdrawn() -> None:
    """What probes see does not fade, weighs as much as the list matters, and alone reaches the alarm."""
    listed = sender()

    assert assess(listed, NOW, {"listings": {"Spamhaus ZEN": 1.0}}).score == 60
    assert assess(listed, NOW + 999 * HOUR_US, {"listings": {"UCEPROTECT 1": 0.3}}).score == 18
    assert assess(listed, NOW, {"listings": {}}).unchecked == ["posture"]


def test_volume_needs_a_week_and_the_busiest_of_five() -> None:
    """Nobody knows what is much before a week; a newsletter that comes each month is no ramp."""
    young, old, monthly = sender(), sender(), sender()
    young.days, old.days, monthly.days = [40] * 6, [40] * 20, [40] * 10 + [900] + [40] * 9
    for one in (young, old, monthly):
        one.peaks = [max(10, day // 2) for day in one.days]
        one.hours, one.this_hour = [40] * 20, 100

    assert assess(young, NOW).score == 0
    assert assess(old, NOW).score == PARTS["volume"].most
    assert assess(monthly, NOW).score == 0


@pytest.mark.parametrize(
    ("scores", "score", "word"),
    [([], 30, "rising"), ([10, 12, 14], 40, "rising"), ([40, 41], 42, "steady"), ([60, 50, 40], 30, "falling")],
)
def test_the_trend_in_words(scores: list[int], score: int, word: str) -> None:
    """Five points within six hours are a trend."""
    one = sender()
    one.scores = scores

    assert trend(one, score) == word


def test_hours_keep_their_scores() -> None:
    """Hours in which nothing came are closed with what was left of the score, a day with its sum and busiest hour."""
    one = sender(deferrals=20)
    one.this_hour = 7
    roll(one, NOW + 30 * HOUR_US, lambda sender, at: assess(sender, at).score)

    assert len(one.scores) == 24
    assert one.scores == sorted(one.scores, reverse=True)
    assert one.days == [7]
    assert one.peaks == [7]
    assert before(one, 6) == one.scores[-1]


def test_a_forecast_needs_five_declines_of_its_own() -> None:
    """Hours until a block are told only from this sender's own past, and not once it came."""
    one = sender()
    past = [Story(sign_us=NOW - n * 1000 * HOUR_US, ended_us=1) for n in range(1, 6)]
    for story in past:
        story.blocked_us = story.sign_us + 10 * HOUR_US
    now = Story(sign_us=NOW - 4 * HOUR_US)
    one.stories = [*past[:4], now]

    assert forecast_us(one, NOW) is None
    one.stories = [*past, now]
    assert forecast_us(one, NOW) == 6 * HOUR_US
    now.blocked_us = NOW
    assert forecast_us(one, NOW) is None


@pytest.mark.parametrize(
    ("klass", "status", "enhanced", "provider", "list_", "part"),
    [
        ("blocklist", "bounced", "5.7.1", "google", "spamhaus", "refusals"),
        ("blocklist", "deferred", "4.7.1", None, None, "deferrals"),
        ("reputation", "deferred", "4.7.0", "yahoo", None, "deferrals"),
        ("rate_limit", "deferred", None, None, None, "deferrals"),
        ("policy_auth", "bounced", "5.7.26", "google", None, "authentication"),
        ("spam_content", "bounced", "5.7.1", None, None, "content"),
        ("other", "deferred", "4.7.1", None, None, "deferrals"),
        ("other", "deferred", "4.3.0", "google", None, None),
        ("greylist", "deferred", "4.2.0", None, None, None),
        ("unknown_user", "bounced", "5.1.1", None, None, None),
        ("mailbox_full", "bounced", "5.2.2", None, None, None),
    ],
)
def test_which_refusals_speak_of_us(
    klass: str, status: str, enhanced: str | None, provider: str | None, list_: str | None, part: str | None
) -> None:
    """Lists, reputation, rate, content and authentication do; a receiver's own trouble does not."""
    fed_part = refusal(klass, status, enhanced, provider, list_)

    assert (fed_part[0] if fed_part else None) == part


def test_the_frequent_stay_named() -> None:
    """Of many names behind a part those that come often are kept, in little room."""
    names: dict[str, int] = {}
    for n in range(500):
        blame(names, "spammer" if n % 3 == 0 else f"person{n}")

    assert len(names) <= 8
    assert max(names, key=lambda name: names[name]) == "spammer"
