"""What probes and OpenSSL say of a failure is told in the reader's language."""

import pytest

from mailwarden.alerts.words.posture import REASONS, in_words
from mailwarden.alerts.words.translate import translator


@pytest.mark.parametrize(
    ("why", "english", "japanese"),
    [
        ("nonsense", "the answer cannot be read", "応答を読み取れません"),
        (
            "certificate self-signed certificate",
            "its certificate is not accepted: self-signed certificate",
            "証明書を受け入れられません：自己署名証明書です",
        ),
        ("HTTP 404", "HTTP 404", "HTTP 404"),
    ],
)
def test_why_a_policy_cannot_be_fetched_is_said_in_words(why: str, english: str, japanese: str) -> None:
    """No word of the probes stands in a sentence."""
    found = {"subject": "example.org", "host": "mta-sts.example.org", "why": why}

    said = [
        translator(language).say(REASONS["mta_sts_fetch"].what, in_words(found, translator(language)))
        for language in ("en", "ja")
    ]

    assert said == [
        f"MTA-STS policy of example.org cannot be fetched: {english} (mta-sts.example.org)",
        f"example.org の MTA-STS ポリシーを取得できません：{japanese}（mta-sts.example.org）",
    ]
