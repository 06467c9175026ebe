"""What holds of the project as a whole: what is tracked, locked, linked, packed and promised in the README."""

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from click import Context, Group

from mailwarden.pipeline.cli.root import root

CHECKOUT = Path(__file__).resolve().parent.parent
ROOMS = ("alerts", "parsers", "pipeline")
# As (start, end), so that this file does not hold what it refuses.
REGISTRIES = [
    ("pypi", ".org"),
    ("pythonhosted", ".org"),
    ("registry.npmjs", ".org"),
    ("deb.debian", ".org"),
    ("archive.ubuntu", ".com"),
]
WORKPLACES = [("/Users", "/[A-Za-z]"), ("/work", "/"), ("/opt", "/pypi"), ("C:", r"\\\\Users")]
IMPORTED_AS = {
    "argon2-cffi": "argon2",
    "css-inline": "css_inline",
    "dnspython": "dns",
    "google-re2": "re2",
    "import-linter": "importlinter",
    "prometheus-client": "prometheus_client",
    "pysigma": "sigma",
    "pyyaml": "yaml",
    "resvg-py": "resvg_py",
}
WITHOUT_IMPORT = {"tzdata"}  # read by zoneinfo where the system has no zones
TOOLS = {"build", "import-linter", "mypy", "pyte", "pytest-timeout", "ruff", "setuptools", "types-pyyaml"}
SAMPLE_BYTES = 2_000_000


def tracked() -> list[Path]:
    """Give the files that belong to the project: those git knows, or, in an unpacked archive, those that are there."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, check=False)
    names = done.stdout.decode().split("\0")[:-1] if done.returncode == 0 else []
    paths = [CHECKOUT / name for name in names]
    return [path for path in paths if path.is_file()]


def python_files(*folders: str) -> list[Path]:
    """Give the Python files of folders at the top."""
    return [path for folder in folders for path in sorted((CHECKOUT / folder).rglob("*.py"))]


def project() -> dict[str, object]:
    """Give the `project` table of pyproject.toml."""
    with (CHECKOUT / "pyproject.toml").open("rb") as file:
        return dict(tomllib.load(file)["project"])


def normal(name: str) -> str:
    """Give the one spelling of a distribution's name."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\s<>=!~\[;]", name, maxsplit=1)[0]).lower()


def locked(name: str) -> dict[str, set[str]]:
    """Give the distributions of a lock with their hashes."""
    text = (CHECKOUT / "requirements" / name).read_text()
    found: dict[str, set[str]] = {}
    for entry in re.split(r"\n(?=[a-z])", text):
        head = entry.split("==")[0]
        found.setdefault(normal(head), set()).update(re.findall(r"--hash=sha256:([0-9a-f]{64})", entry))
    return found


def imported(paths: list[Path]) -> set[str]:
    """Give the top-level modules that files import, without those of Python, of the project, and of the folder itself."""
    names: set[str] = set()
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.split(".")[0])
    beside = {path.stem for path in paths} | {path.parent.name for path in paths}
    return names - set(sys.stdlib_module_names) - beside - {"mailwarden"}


def test_no_file_names_a_package_index() -> None:
    """Everything is installed from the index that the user's own machine is set up with."""
    pattern = re.compile("|".join(re.escape(start + end) for start, end in REGISTRIES))

    named = [str(path) for path in tracked() if pattern.search(path.read_text(errors="replace"))]

    assert named == []


def test_no_file_names_a_place_on_a_developers_machine() -> None:
    """A path in a file is one of every server, or relative."""
    pattern = re.compile("|".join(rf"(?<![\w.*-]){start}{end}" for start, end in WORKPLACES))
    code = [path for path in tracked() if CHECKOUT / "sample_logs" not in path.parents]

    named = [
        f"{path.relative_to(CHECKOUT)}: {found[0]}"
        for path in code
        if path.suffix in {".py", ".sh", ".toml", ".txt", ".cfg", ""}
        and (found := pattern.search(path.read_text(errors="replace")))
    ]

    assert named == []


@pytest.mark.parametrize("room", ROOMS)
def test_each_room_is_linked(room: str) -> None:
    """`mailwarden.<room>` is the folder at the top, by a relative link."""
    link = CHECKOUT / "src" / "mailwarden" / room

    assert link.is_symlink()
    assert not link.readlink().is_absolute()
    assert link.resolve() == CHECKOUT / room


def test_locks_hold_what_is_declared() -> None:
    """Each dependency of pyproject.toml is locked, with hashes."""
    declared = project()
    runtime = {normal(name) for name in declared["dependencies"]}  # type: ignore[attr-defined]
    dev = {normal(name) for name in declared["optional-dependencies"]["dev"]}  # type: ignore[index]
    run_lock, dev_lock = locked("run.txt"), locked("dev.txt")

    assert runtime - run_lock.keys() == set()
    assert (runtime | dev) - dev_lock.keys() == set()
    assert [name for name, hashes in {**run_lock, **dev_lock}.items() if not hashes] == []


def test_locks_agree() -> None:
    """What is tested is what is installed: the run-time lock is a part of the other."""
    run_lock, dev_lock = locked("run.txt"), locked("dev.txt")

    assert {name: hashes for name, hashes in dev_lock.items() if name in run_lock} == run_lock


def test_declared_is_what_is_imported() -> None:
    """Each import of the code is a declared dependency, and each dependency is imported."""
    declared = {normal(name) for name in project()["dependencies"]}  # type: ignore[attr-defined]
    modules = {IMPORTED_AS.get(name, name) for name in declared - WITHOUT_IMPORT}

    assert imported(python_files(*ROOMS)) == modules


def test_tests_import_only_what_is_locked() -> None:
    """The lock for development has all that tests, benches and the demo import."""
    modules = {IMPORTED_AS.get(name, name.replace("-", "_")) for name in locked("dev.txt")}

    assert imported(python_files("tests", "bench", "demo")) - modules == set()


def test_sample_logs_are_small_and_explained() -> None:
    """A clone stays small, and nobody has to guess what a sample shows."""
    folder = CHECKOUT / "sample_logs"
    scenarios = sorted(path for path in folder.iterdir() if path.is_dir())

    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < SAMPLE_BYTES
    assert [path.name for path in scenarios if not (path / "README.md").is_file()] == []
    assert [path.name for path in scenarios if f"`{path.name}`" not in (folder / "README.md").read_text()] == []


@pytest.mark.parametrize("readme", ["README.md", "README.ja.md"])
def test_the_commands_of_the_readme_exist(readme: str) -> None:
    """Every `mailwarden COMMAND` and `make TARGET` that a README names can be typed."""
    text = (CHECKOUT / readme).read_text()
    code = "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL))
    assert isinstance(root, Group)
    commands = set(root.list_commands(Context(root)))
    targets = set(re.findall(r"^([a-z]+):", (CHECKOUT / "Makefile").read_text(), re.MULTILINE))

    typed = set(re.findall(r"(?:^|[`/ ])mailwarden(?: --\w+ [^\s`]+)* +([a-z]+)\b", code, re.MULTILINE))
    made = set(re.findall(r"(?:^|`)make ([a-z]+)", code, re.MULTILINE))

    assert {"scan", "setup", "run", "report"} <= typed
    assert typed - commands == set()
    assert {"demo", "test"} <= made
    assert made - targets == set()


@pytest.mark.parametrize("readme", ["README.md", "README.ja.md", "ARCHITECTURE.md", "sample_logs/README.md"])
def test_links_of_the_documents_lead_somewhere(readme: str) -> None:
    """A relative link in a document is a file of the checkout."""
    path = CHECKOUT / readme
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text())

    assert [link for link in links if not (path.parent / link).exists()] == []


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from what is tracked."""
    folder = tmp_path_factory.mktemp("wheel")
    for path in tracked():
        target = folder / "source" / path.relative_to(CHECKOUT)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    for room in ROOMS:
        (folder / "source" / "src" / "mailwarden" / room).symlink_to(f"../../{room}")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(folder / "source")],
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_all_that_the_rooms_hold(wheel: Path) -> None:
    """Rules, samples, catalogues, schemas and `py.typed` are packed beside the code, and no bare room is."""
    names = set(zipfile.ZipFile(wheel).namelist())
    rooms = [path.relative_to(CHECKOUT) for path in tracked() if path.relative_to(CHECKOUT).parts[0] in ROOMS]

    missing = [str(path) for path in rooms if f"mailwarden/{path.as_posix()}" not in names]

    assert missing == []
    assert "mailwarden/py.typed" in names
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"mailwarden"}


def test_the_wheel_asks_for_what_is_declared(wheel: Path) -> None:
    """The packed metadata has the dependencies and the command."""
    with zipfile.ZipFile(wheel) as packed:
        (metadata,) = (name for name in packed.namelist() if name.endswith(".dist-info/METADATA"))
        text = packed.read(metadata).decode()
        entry_points = packed.read(metadata.replace("METADATA", "entry_points.txt")).decode()
    needed = {normal(line) for line in re.findall(r"^Requires-Dist: (?!.*extra ==)(.+)$", text, re.MULTILINE)}

    assert {normal(name) for name in project()["dependencies"]} == needed  # type: ignore[attr-defined]
    assert "mailwarden = mailwarden.__main__:main" in entry_points


def test_no_pattern_repeats_a_group_possessively() -> None:
    """Python before 3.11.5, Debian 12's too, gets `(…)*+` wrong (CPython issue 106052); `(?>(…)*)` is the same, and right."""
    texts = [
        (path, node)
        for path in python_files(*ROOMS)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]

    found = [
        f"{path}:{node.lineno}" for path, node in texts if re.search(r"\)(?:[*+?]|\{[0-9,]+\})\+", str(node.value))
    ]

    assert len(texts) > 1000
    assert found == []


@pytest.mark.parametrize("path", sorted(CHECKOUT.glob("bench/**/*.py")), ids=lambda path: path.stem)
def test_a_bench_can_be_started(path: Path) -> None:
    """Each bench finds what it imports, in a process of its own: nothing else runs them between two measurements."""
    module = ".".join(path.relative_to(CHECKOUT).with_suffix("").parts)

    done = subprocess.run(
        [sys.executable, "-c", f"import {module}"], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
