"""No message lacks its translation, wherever it stands."""

import gettext
from pathlib import Path

import pytest

from mailwarden.alerts.words.catalog import faults, messages, update
from mailwarden.alerts.words.po import compiled
from mailwarden.alerts.words.translate import LANGUAGES, catalog_path, translator

TRANSLATED = [language for language in LANGUAGES if language != "en"]


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_message_is_translated_and_fills_the_same_names(language: str) -> None:
    """Run `python -m mailwarden.alerts.words.catalog`, then write what it found missing."""
    assert faults(language) == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_catalog_loads(language: str) -> None:
    """A catalog is read from its source, without being compiled by anybody."""
    assert translator(language).gettext("CRITICAL") != "CRITICAL"


# Of two words for one thing the reader takes the second for another thing. In front what is said.
_DOUBLETS = {
    "危険度": ("リスク",),
    "ブラックリスト": ("ブロックリスト",),
    "重要度": ("深刻度", "重大度"),
    "不達通知": ("バウンス",),
    "メールマガジン": ("ニュースレター", "メルマガ"),
    "評価": ("評判", "レピュテーション"),
    "遅延": ("先送り",),
    "ウェブメール": ("Webメール", "Web メール"),
    "通知先": ("チャネル", "チャンネル"),
    "迷惑メール": ("スパムメール",),
    "サーバー": ("サーバ側", "サーバで", "サーバの"),
    "しきい値": ("閾値",),
}


def test_one_thing_has_one_name_in_japanese() -> None:
    """A term has one word in the whole catalog."""
    catalog = gettext.GNUTranslations(compiled(catalog_path("ja")))
    told = " ".join(map(str, catalog._catalog.values()))  # type: ignore[attr-defined]

    assert [other for others in _DOUBLETS.values() for other in others if other in told] == []
    assert all(word in told for word in _DOUBLETS)


def test_messages_are_found_in_code_detectors_rules_and_advice(tmp_path: Path) -> None:
    """A message is found in each of the places that may hold one, and cases are none."""
    rules = tmp_path / "alerts" / "rules"
    rules.mkdir(parents=True)
    (tmp_path / "alerts" / "advice.yaml").write_text('x: [{text: "do it"}]', "utf-8")
    (tmp_path / "alerts" / "a.py").write_text(
        '_("one {a}")\ntongue.ngettext("an x", "{n} x", 2)\ntongue.say(N_("two"), v)\nprint("no")\n'
        "f\"{tongue.gettext('in a string')}\"\nDetection(name='no', title='found', threshold=1)\n'no'.count('no')\n",
        "utf-8",
    )
    (rules / "r.yaml").write_text(
        'title: no\n---\nmailwarden: {title: "t", why: "w", harmless: "h", advice: no}\n', "utf-8"
    )
    (rules / "r.cases.yaml").write_text('mailwarden: {title: "no"}\n', "utf-8")

    found = [(each.msgid, each.plural) for each in messages(tmp_path)]

    expected = [
        ("one {a}", None),
        ("an x", "{n} x"),
        ("two", None),
        ("in a string", None),
        ("found", None),
        ("t", None),
        ("w", None),
        ("h", None),
        ("do it", None),
    ]
    assert expected == found


def test_a_percent_sign_is_only_a_percent_sign(tmp_path: Path) -> None:
    """Messages have braces alone: with a second flag, taken from "% of", the file would differ from one run to the next."""
    (tmp_path / "alerts").mkdir()
    (tmp_path / "alerts" / "advice.yaml").write_text('x: [{text: "{share} % of mail waits"}]', "utf-8")

    update("ja", tmp_path / "ja.po", tmp_path)

    assert "#, python-brace-format\nmsgid" in (tmp_path / "ja.po").read_text("utf-8")


def test_what_incidents_may_hold_stays_translated(tmp_path: Path) -> None:
    """A rule's title is stored in English and translated when shown: reworded, the old one stays; a page's word goes."""
    rules = tmp_path / "alerts" / "rules"
    rules.mkdir(parents=True)
    (tmp_path / "alerts" / "advice.yaml").write_text("{}", "utf-8")
    page, rule, catalog = tmp_path / "alerts" / "a.py", rules / "r.yaml", tmp_path / "ja.po"
    page.write_text('_("a word")\n', "utf-8")
    rule.write_text('mailwarden: {title: "{account} was old", why: "w"}\n', "utf-8")
    update("ja", catalog, tmp_path)
    text = catalog.read_text("utf-8")
    for msgid, said in (("a word", "語"), ("{account} was old", "{account} は古い"), ("w", "理由")):
        text = text.replace(f'msgid "{msgid}"\nmsgstr ""', f'msgid "{msgid}"\nmsgstr "{said}"')
    catalog.write_text(text, "utf-8")
    page.write_text('_("another word")\n', "utf-8")
    rule.write_text('mailwarden: {title: "{account} is new", why: "w"}\n', "utf-8")

    for _ in range(2):  # it stays whenever it is brought up to date
        lacking = update("ja", catalog, tmp_path)

    known = gettext.GNUTranslations(compiled(catalog)).gettext
    assert lacking == 2
    assert known("{account} was old") == "{account} は古い"
    assert known("w") == "理由"
    assert known("a word") == "a word"


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_title_of_an_earlier_version_is_shown_in_the_readers_language(language: str) -> None:
    """An incident that was stored before its rule was worded anew is read as it was told."""
    told = "{list} cannot be asked whether we are listed"

    assert told not in {each.msgid for each in messages()}
    assert translator(language).say(told, {"list": "Spamhaus"}) != told.format(list="Spamhaus")
