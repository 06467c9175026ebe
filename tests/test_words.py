"""What people read is worded: an error, or a line of the service's log, can be said in the language of its reader.

And what tells of something wrong has the id of its kind of error.
"""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
ROOMS = ("alerts", "parsers", "pipeline")
WORDED = frozenset({"N_", "_", "coded", "count", "gettext", "ngettext", "placed", "say", "sentence", "worded"})
# What takes text to people: besides errors, the log of the service and what stands beside a result.
TELLING = frozenset({"_say", "_tell", "append", "critical", "echo", "error", "tell", "warning", "write_log"})
LISTS = frozenset({"broken", "faults", "notes", "problems", "unreadable", "left_out"})  # of what is told
# Of what is told, what may be no error: notes beside a result, and lines of the log that tell of something good.
NOTES = frozenset({"notes", "left_out"})
GOOD_NEWS = frozenset({"{path}: can be written again."})
# Nobody is told these by us: they are for who changes the code, or say what was read, without a sentence.
INTERNAL = {
    ("parsers/pattern.py", "ValueError"),  # a pattern that proves nothing, told to whoever writes it
    ("pipeline/probes/ports.py", "ValueError"),  # caught beside it, where every fault of a server is one word
    ("pipeline/report/__main__.py", "error"),  # of the process that writes reports, to whoever starts it
    ("pipeline/service/telling.py", "RuntimeError"),  # the service ends by it: why stands in the log before
    ("pipeline/web/app.py", "error"),  # the name of what follows: Python's own words on a fault of ours
    ("pipeline/web/templates.py", "TypeError"),  # a template that was written wrong
}


def python_files() -> list[Path]:
    """Give the Python files of the rooms."""
    return [path for room in ROOMS for path in sorted((CHECKOUT / room).rglob("*.py"))]


def called(node: ast.expr) -> str:
    """Name what a call calls, without what stands before the last dot."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def is_wording(text: str) -> bool:
    """Say whether text is a sentence or part of one, rather than a name, a mark or a place."""
    return any(
        len(word.strip(".,:;()'\"`")) > 1 and word.strip(".,:;()'\"`").isalpha() for word in text.split()[1:]
    ) or (" " in text and any(word.isalpha() for word in text.split()))


def ends(node: ast.AST | None, known: dict[str, list[ast.expr]]) -> Iterator[ast.expr]:
    """Give what an expression is put together from: text, text with places in it, and calls of the catalog.

    A name stands for what was put into it, a call of a function of the same file for what that gives.
    """
    if isinstance(node, ast.Constant | ast.JoinedStr) or (isinstance(node, ast.Call) and called(node.func) in WORDED):
        yield node
    elif isinstance(node, ast.Name):
        for value in known.get(node.id, ()):
            yield from ends(value, {})
    elif isinstance(node, ast.BinOp | ast.BoolOp | ast.IfExp | ast.List | ast.Tuple | ast.ListComp | ast.GeneratorExp):
        for child in ast.iter_child_nodes(node):
            yield from ends(child, known)
    elif isinstance(node, ast.Call) and called(node.func) in ("below", "join", "joined", "tuple", "list", "map"):
        for child in node.args[:1] if called(node.func) == "below" else node.args:
            yield from ends(child, known)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        for value in known.get(f"{node.func.id}()", ()):
            yield from ends(value, {})


def bare(node: ast.AST | None, known: dict[str, list[ast.expr]]) -> Iterator[str]:
    """Give the wording in an expression that no call of the catalog surrounds."""
    for end in ends(node, known):
        text = end.value if isinstance(end, ast.Constant) else ""
        if isinstance(end, ast.JoinedStr):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in end.values)
        if isinstance(text, str) and is_wording(text):
            yield text


def told(tree: ast.AST) -> Iterator[tuple[str, ast.Call, dict[str, list[ast.expr]]]]:
    """Give each call that tells something: the error it makes, or what it calls, and what its names may hold."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    given = {
        f"{one.name}()": [
            node.value for node in ast.walk(one) if isinstance(node, ast.Return) and node.value is not None
        ]
        for one in functions
    }
    seen: set[int] = set()
    for scope in sorted(functions, key=lambda one: -one.lineno):  # inner ones first
        nodes = list(ast.walk(scope))
        known: dict[str, list[ast.expr]] = dict(given)
        for node in nodes:
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        known.setdefault(target.id, []).append(node.value)
        for node in nodes:
            if isinstance(node, ast.Call) and id(node) not in seen:
                seen.add(id(node))
                name = called(node.func)
                holder = called(node.func.value) if isinstance(node.func, ast.Attribute) else ""
                is_error = name.endswith(("Error", "Fault", "BadParameter")) and name[0].isupper()
                is_told = name in TELLING and (name != "append" or holder.lstrip("_") in LISTS)
                if is_error or is_told:
                    yield name, node, known


def unworded(files: Iterable[Path], top: Path) -> list[str]:
    """List what is told and can only be said in English."""
    found = []
    for path in files:
        where = path.relative_to(top).as_posix()
        for name, call, known in told(ast.parse(path.read_text("utf-8"))):
            if (where, name) not in INTERNAL:
                texts = [text for value in call.args for text in bare(value, known)]
                found += [f"{where}:{call.lineno}: {name}: {text}" for text in texts]
    return found


def uncoded(files: Iterable[Path], top: Path) -> list[str]:
    """List what tells of something wrong without the id of its kind of error."""
    found = []
    for path in files:
        where = path.relative_to(top).as_posix()
        for name, call, known in told(ast.parse(path.read_text("utf-8"))):
            holder = called(call.func.value) if isinstance(call.func, ast.Attribute) else ""
            is_note = name in ("info", "tell", "echo") or holder.lstrip("_") in NOTES
            if is_note or (where, name) in INTERNAL:
                continue
            for end in (end for value in call.args[:1] for end in ends(value, known)):  # what follows may be the mend
                if isinstance(end, ast.Call) and called(end.func) == "worded":
                    said = ast.unparse(end.args[0])
                    if not any(said == repr(news) for news in GOOD_NEWS):
                        found.append(f"{where}:{call.lineno}: {name}: {said}")
    return found


def test_what_is_wrong_has_the_id_of_its_kind() -> None:
    """Every error, every problem beside a result and every line of the log, but for those that tell of something good."""
    assert uncoded(python_files(), CHECKOUT) == []


@pytest.mark.parametrize(
    "code",
    [
        'raise UsageError(worded("no such thing: {text}", text=text))',
        'said = worded("cannot be read"); raise StoreError(said)',
        'raise click.BadParameter(worded("no number"))',
        'problems.append(worded("cannot be read"))',
        'self._say(below([worded("cannot be read")], worded("It is tried again.")))',
        'write_log(worded("cannot be written"), language)',
        'raise StoreError(why())\n\ndef why():\n    return worded("cannot be read")',
    ],
)
def test_what_is_wrong_without_an_id_is_found(code: str, tmp_path: Path) -> None:
    """However it is put together, as long as that happens within one function."""
    (tmp_path / "a.py").write_text(f"def f():\n    {code}\n")

    assert len(uncoded([tmp_path / "a.py"], tmp_path)) == 1


@pytest.mark.parametrize(
    "code",
    [
        'raise UsageError(coded("MW8101", "no such thing: {text}", text=text))',
        'raise RuleFault(coded("MW3104", "no rule"), place, worded("Write one."))',
        'self._say(below([error.said], worded("It is tried again.")))',
        'notes.append(worded("the same lines are read from elsewhere"))',
    ],
)
def test_what_has_an_id_or_is_no_error_passes(code: str, tmp_path: Path) -> None:
    """A mend needs none, nor does what is told beside a result without being wrong."""
    (tmp_path / "a.py").write_text(f"def f():\n    {code}\n")

    assert uncoded([tmp_path / "a.py"], tmp_path) == []


def test_what_is_told_is_worded() -> None:
    """Every error with a sentence, and every line for people, is a message of the catalog; all others are named above."""
    files = python_files()
    errors = [name for path in files for name, _, _ in told(ast.parse(path.read_text("utf-8")))]

    assert len(errors) > 300
    assert unworded(files, CHECKOUT) == []


@pytest.mark.parametrize(
    "code",
    [
        'raise UsageError("no such thing. Name another.")',
        'raise ValueError(f"{text} is no number")',
        'raise ConfigurationError([f"{path}: {line} is wrong" for line in lines])',
        'said = "cannot be read"; raise StoreError(said)',
        'raise StoreError(why(error) + ".")\n\ndef why(error):\n    return f"TLS failed: {error}"',
        'faults.append(f"{name} is wrong")',
        'self._say(f"{error}\\nIt is tried again.")',
        'self._say(joined((error, "It is tried again.")))',
        '_log.warning("channel %s does not work", name)',
    ],
)
def test_a_sentence_that_is_not_worded_is_found(code: str, tmp_path: Path) -> None:
    """However it is put together, as long as that happens within one function."""
    (tmp_path / "a.py").write_text(f"def f():\n    {code}\n")

    assert len(unworded([tmp_path / "a.py"], tmp_path)) == 1


@pytest.mark.parametrize(
    "code",
    [
        'raise UsageError(worded("no such thing: {text}", text=text))',
        'said = worded("cannot be read"); raise StoreError(said)',
        'raise SpfSyntaxError(f"{name}=")',
        "raise KeyError(text)",
        'self._say(joined((error.said, worded("It is tried again."))))',
        'lines.append("a sentence of a page")',
    ],
)
def test_what_is_worded_or_no_sentence_passes(code: str, tmp_path: Path) -> None:
    """A name, a mark or what was read is the same in every language."""
    (tmp_path / "a.py").write_text(f"def f():\n    {code}\n")

    assert unworded([tmp_path / "a.py"], tmp_path) == []
