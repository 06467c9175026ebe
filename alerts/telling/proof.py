"""The lines of a log that prove what is told, as people beyond the server may see them: short, and naming nobody elsewhere."""

import re

from mailwarden.alerts.incidents.incident import Incident, Notification
from mailwarden.alerts.telling.lines import Line, cut_quoted
from mailwarden.alerts.telling.matchers import domains_of
from mailwarden.alerts.words.escape import defanged, printable
from mailwarden.alerts.words.translate import N_, Translator

__all__ = ["proofs"]

_PROOF_LIMIT = 230
_STAMP = re.compile(r"^(?:\d{4}-\d\d-\d\dT[\d:.,]+(?:Z|[+-]\d\d:?\d\d)?|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) (?=\S)")
_TORN_END, _TORN_START = re.compile(r" \S{0,24}$"), re.compile(r"^\S{1,24} ")  # words that a cut went through
_LINE_LIMIT, _LINE_HEAD = 190, 40  # characters of a log line, and of its beginning where its middle is left out
# What a message is called: Exim's, what filters write, Postfix's header checks (which say behind it from whom it came).
_SUBJECT = re.compile(
    r"""((?:\bT=|\bsubject[:=] ?)")(?:[^"\\]|\\.)*|(\bheader Subject: ).*?(?=(?: from \S+\[[0-9a-f.:]+\]; [^\[]*)?$)""",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"([\w.+=/!#$%&'*?^{|}~-]{1,64})@([A-Za-z0-9][A-Za-z0-9.-]{0,253}[A-Za-z0-9])")


def proofs(tongue: Translator, notification: Notification, *, defang: bool) -> list[Line]:
    """Give the lines that prove it: below what to do, for they are long and the reader's screen is small.

    Whoever is told that it got worse has had them: they are of its beginning.
    """
    incident = notification.incident
    if notification.kind in ("worse", "ended", "summary", "acknowledged"):
        return []
    evidence = {proof.line: proof for proof in incident.evidence}
    lines = []
    for place, proof in enumerate([*evidence.values()][:2]):
        source = proof.file.rpartition("/")[2]
        # Between backticks, where a service that reads Markdown makes no link, picture or emphasis of it.
        line = f"`{_shown(proof.line, incident, defang).replace('`', chr(39))}`"
        text = tongue.say(N_("Proof: {source}: {line}"), {"source": source, "line": line})
        lines.append(Line(cut_quoted(text, _PROOF_LIMIT), 2 - place, is_quote=True))
    return lines


def _shown(line: str, incident: Incident, defang: bool) -> str:
    """Give a log line as people beyond the server may see it: who elsewhere got the mail is named by domain only.

    What a mail is called is its reader's, and where it is a spammer's, the alert would be taken for spam as well. What is
    too long loses its middle: who and when stand at the beginning, what the other server said at the end.
    """
    ours = set(domains_of(incident))

    def masked(match: re.Match[str]) -> str:
        return match[0] if match[2].lower() in ours else f"…@{match[2]}"

    text = printable(_ADDRESS.sub(masked, _SUBJECT.sub(r"\1\2…", line)))
    if len(text) > _LINE_LIMIT:  # when it was is said above
        text = _STAMP.sub("", text, count=1)
    if len(text) > _LINE_LIMIT:
        head, tail = text[:_LINE_HEAD], text[len(text) - (_LINE_LIMIT - _LINE_HEAD - 3) :]
        text = f"{_TORN_END.sub('', head)} … {_TORN_START.sub('', tail).lstrip()}"
    return defanged(text) if defang else text
