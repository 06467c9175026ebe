"""The kinds of error, by their ids: what each means for whoever meets it, and how to mend it.

They are data (`alerts/errors/<group>.yaml`), for the command line, the page and the documentation alike. An id stands in the
code where something is wrong (`coded("MW1102", …)`), so that a search for it finds both.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["ErrorKind", "error_kind", "error_kinds", "near"]

_NEAR = 3  # ids that are named instead of one that is not there
_ID = re.compile(r"\[?(?:MW)?[-_ ]?(\d{4})\]?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """One kind of error; its texts are messages of the catalog, with what is typed in backticks.

    `wrong` and `right` are examples, where text can show it: a configuration, a rule, a command.
    """

    code: str
    group: str
    title: str
    means: str
    mend: str
    wrong: str = ""
    right: str = ""


@cache
def error_kinds() -> dict[str, ErrorKind]:
    """Give all kinds by their ids, in the order of these."""
    import yaml  # only who looks one up pays for it

    found = []
    for path in (Path(__file__).parents[1] / "errors").glob("*.yaml"):
        group = yaml.safe_load(path.read_text("utf-8"))
        found += [ErrorKind(code, group["group"], **texts) for code, texts in group["errors"].items()]
    return {kind.code: kind for kind in sorted(found, key=lambda kind: kind.code)}


def error_kind(word: str) -> ErrorKind | None:
    """Give the kind that is meant by `MW1102`, `mw1102`, `[MW1102]` or `1102`; None where there is none."""
    found = _ID.fullmatch(word.strip())
    return error_kinds().get(f"MW{found[1]}") if found else None


def near(word: str) -> list[str]:
    """Give up to three ids that differ in one digit, the later the better; none for what is no id."""
    found = _ID.fullmatch(word.strip())
    if found is None:
        return []
    same = {code: [one == other for one, other in zip(code[2:], found[1], strict=True)] for code in error_kinds()}
    return sorted((code for code in same if same[code].count(False) == 1), key=lambda code: same[code], reverse=True)[
        :_NEAR
    ]
