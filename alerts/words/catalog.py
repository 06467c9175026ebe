"""Keep the message catalogs complete: `python -m mailwarden.alerts.words.catalog` brings every language's file up to date.

Messages are found in the code and in templates (`gettext`, `ngettext`, `say`, `count`, `worded`, `coded`, `N_`, `_`), in the
detectors and rules (`title`, `why` and `harmless` of a `Detection(…)`, or under `mailwarden:`), in the help of commands,
in the advice (`text`), the kinds of error (`group`, `title`, `means`, `mend`) and the block lists (`means`). What is new gets
an empty translation, what is gone is dropped, but for what incidents hold as English text until they are shown: the titles
and reasons of rules that were worded otherwise
before stay translated, marked as earlier, for the stores that were written then.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mailwarden.alerts.words.translate import LANGUAGES, catalog_path, paragraphs

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

__all__ = ["Found", "faults", "messages", "update"]

_ROOMS = ("parsers", "alerts", "pipeline")
# Which of the arguments are messages; the first one of `coded` is an id.
_FIRST, _TWO = (0,), (0, 1)
_CALLS = {
    "N_": _FIRST,
    "_": _FIRST,
    "coded": (1,),
    "count": _TWO,
    "gettext": _FIRST,
    "ngettext": _TWO,
    "say": _FIRST,
    "worded": _FIRST,
}
_COMMANDS = "pipeline/cli/"
_RULE_KEYS = ("title", "why", "harmless")
_STORED = (
    "alerts/detection/",
    "alerts/detectors/",
    "alerts/incidents/",
    "alerts/rules/",
    "pipeline/service/telling.py",
)
_EARLIER = "earlier"  # where a message stands that nothing says any more
_WHY_KEPT = "Said by an earlier version: incidents in a store may hold it."
_HEAD = """\
# The messages of mailwarden. Brought up to date by: python -m mailwarden.alerts.words.catalog
msgid ""
msgstr ""
"Project-Id-Version: mailwarden\\n"
"Language: {language}\\n"
"Plural-Forms: {plural_forms}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""
_NAME = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


class Found(NamedTuple):
    """A message and where it stands; `plural` is its form for many."""

    msgid: str
    plural: str | None
    where: str


def messages(root: Path | None = None) -> list[Found]:
    """Find every message of the code, the rules and the advice, in order of file and line."""
    top = root or Path(__file__).parents[2]
    found = []
    for room in _ROOMS:
        for path in sorted((top / room).rglob("*.py")):
            found += list(_in_code(path, path.relative_to(top).as_posix()))
        for path in sorted((top / room).rglob("*.html")):
            found += list(_in_template(path, path.relative_to(top).as_posix()))
    for path in sorted((top / "alerts" / "rules").glob("*.yaml")):
        if not path.name.endswith(".cases.yaml"):
            found += list(_in_rules(path, path.relative_to(top).as_posix()))
    for path in sorted((top / "alerts" / "errors").glob("*.yaml")):
        found += list(_in_errors(path, path.relative_to(top).as_posix()))
    found += list(_in_advice(top / "alerts" / "advice.yaml"))
    found += list(_in_customer_advice(top / "alerts" / "customer_advice.yaml"))
    found += list(_in_blocklists(top / "pipeline" / "probes" / "blocklists.yaml"))
    return found


def faults(language: str) -> list[str]:
    """Say what a language's catalog lacks: translations, and placeholders that differ."""
    from babel.messages.pofile import read_po

    with catalog_path(language).open("rb") as file:
        catalog = read_po(file, locale=language)
    wrong = []
    for msgid, plural, where in messages():
        entry = catalog.get(msgid)
        forms = [] if entry is None else [entry.string] if isinstance(entry.string, str) else list(entry.string)
        if entry is None or entry.fuzzy or not forms or not all(forms):
            wrong.append(f'{where}: "{msgid}" is not translated into {language}.')
            continue
        wanted = set(_NAME.findall(msgid)) | set(_NAME.findall(plural or ""))
        wrong += [
            f'{where}: "{msgid}" and its translation "{form}" fill different names.'
            for form in forms
            if set(_NAME.findall(form)) != wanted
        ]
    return wrong


def update(language: str, path: Path | None = None, root: Path | None = None) -> int:
    """Write a language's catalog anew with every message; give how many lack a translation.

    Args:
        language: Whose.
        path: The file; None: the language's own.
        root: Where the messages stand; None: in mailwarden.
    """
    from babel.messages.catalog import Catalog
    from babel.messages.pofile import read_po, write_po

    path = path or catalog_path(language)
    old = Catalog(locale=language)
    if path.exists():
        with path.open("rb") as file:
            old = read_po(file, locale=language)
    new = Catalog(locale=language)
    lacking = 0
    for msgid, plural, where in messages(root):
        entry = old.get(msgid)
        string: Any = entry.string if entry is not None else ""
        if plural is not None:
            string = (string,) if isinstance(string, str) else tuple(string)
        elif not isinstance(string, str):
            string = string[0]
        lacking += not any(string)
        new.add((msgid, plural) if plural else msgid, string, locations=[(where, None)])
    _keep_earlier(old, new)
    for entry in new:
        entry.flags.discard("python-format")  # Babel takes "5 % of" for one; and two flags it writes in no order
    path.parent.mkdir(parents=True, exist_ok=True)
    head = _HEAD.format(language=language, plural_forms=new.plural_forms)
    with path.open("wb") as file:
        file.write(head.encode())
        write_po(file, new, width=0, omit_header=True, include_lineno=False)
    return lacking


def _keep_earlier(old: "Catalog", new: "Catalog") -> None:
    """Take over what incidents of an earlier version may say, with its translation."""
    for entry in old:
        places = [place for place, _ in entry.locations]
        if not isinstance(entry.id, str) or not entry.id or not entry.string or entry.id in new:
            continue
        if any(place.startswith(_STORED) or place == _EARLIER for place in places):
            new.add(entry.id, entry.string, locations=[(_EARLIER, None)], auto_comments=[_WHY_KEPT])


def _in_code(path: Path, where: str) -> Iterator[Found]:
    """Find the messages of calls, those inside f-strings too (which a tokenizer before Python 3.12 does not see)."""
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    if where.startswith(_COMMANDS):
        yield from _in_help(nodes, where)
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    for call in sorted(calls, key=lambda one: (one.lineno, one.col_offset)):
        name = str(getattr(call.func, "attr", None) or getattr(call.func, "id", ""))
        if name == "Detection":
            keywords = {keyword.arg: keyword.value for keyword in call.keywords}
            texts = [_text(keywords.get(key)) for key in _RULE_KEYS]
            yield from (Found(text, None, where) for text in texts if text)
            continue
        wanted = _CALLS.get(name, ())
        given = [text for at in wanted if len(call.args) > at and (text := _text(call.args[at]))]
        if wanted and len(given) == len(wanted):
            yield Found(given[0], given[1] if wanted == _TWO else None, where)


def _in_help(nodes: list[ast.AST], where: str) -> Iterator[Found]:
    """Find what the help of commands says: the paragraphs of their docstrings, their options, what their examples do."""
    for node in nodes:
        if isinstance(node, ast.FunctionDef) and any(map(_is_command, node.decorator_list)):
            yield from (Found(part, None, where) for part in paragraphs(ast.get_docstring(node) or ""))
        elif isinstance(node, ast.Call):
            for keyword in node.keywords:
                if keyword.arg in ("help", "epilog") and (said := _text(keyword.value)):
                    yield Found(said, None, where)
                elif keyword.arg == "examples" and isinstance(keyword.value, ast.List):
                    pairs = [pair.elts for pair in keyword.value.elts if isinstance(pair, ast.Tuple)]
                    yield from (Found(said, None, where) for pair in pairs if (said := _text(pair[-1])))
        elif isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == "COMMANDS":
            values = node.value.values if isinstance(node.value, ast.Dict) else []
            yield from (Found(said, None, where) for value in values if (said := _text(value)))


def _is_command(decorator: ast.expr) -> bool:
    """Say whether a decorator makes a command or a group."""
    made = decorator.func if isinstance(decorator, ast.Call) else decorator
    return isinstance(made, ast.Attribute) and made.attr in ("command", "group")


def _in_template(path: Path, where: str) -> Iterator[Found]:
    """Find the messages of a Jinja template, by the same calls as in code."""
    from jinja2 import Environment
    from jinja2.ext import extract_from_ast

    node = Environment(autoescape=True).parse(path.read_text("utf-8"))
    for _, name, said in extract_from_ast(node, gettext_functions=tuple(_CALLS)):
        words = [said] if isinstance(said, str) else [word for word in said or () if word]
        wanted = _CALLS[name]
        if len(words) >= len(wanted):
            yield Found(words[0], words[1] if wanted == _TWO else None, where)


def _text(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _in_rules(path: Path, where: str) -> Iterator[Found]:
    import yaml

    for document in yaml.safe_load_all(path.read_text("utf-8")):
        own = document.get("mailwarden") if isinstance(document, dict) else None
        if isinstance(own, dict):
            yield from (Found(own[key], None, where) for key in _RULE_KEYS if isinstance(own.get(key), str))


def _in_errors(path: Path, where: str) -> Iterator[Found]:
    import yaml

    group = yaml.safe_load(path.read_text("utf-8"))
    yield Found(group["group"], None, where)
    for kind in group["errors"].values():
        yield from (Found(kind[key], None, where) for key in ("title", "means", "mend"))


def _in_advice(path: Path) -> Iterator[Found]:
    import yaml

    for advice in yaml.safe_load(path.read_text("utf-8")).values():
        for step in advice:
            yield Found(step["text"], None, "alerts/advice.yaml")


def _in_customer_advice(path: Path) -> Iterator[Found]:
    import yaml

    for texts in yaml.safe_load(path.read_text("utf-8")).values() if path.exists() else ():
        yield from (Found(text, None, "alerts/customer_advice.yaml") for text in texts)


def _in_blocklists(path: Path) -> Iterator[Found]:
    """Find what the answers of block lists mean."""
    import yaml

    for one in yaml.safe_load(path.read_text("utf-8"))["lists"] if path.exists() else ():
        means = [*one.get("bits", {}).values(), *(code["means"] for code in one.get("codes", {}).values())]
        yield from (Found(text, None, "pipeline/probes/blocklists.yaml") for text in means)


if __name__ == "__main__":
    for code in LANGUAGES:
        if code != "en":
            print(f"{code}: {update(code)} without a translation")  # noqa: T201
