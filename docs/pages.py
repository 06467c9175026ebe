"""The pages of the reference, made from what they describe: commands, settings, rules and cases, formats and samples, errors.

MkDocs calls `on_files` (a hook) before it reads the pages; each made page is one more file. Nothing in here is written
by hand, so nothing in it can drift.
"""

import ast
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import yaml
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from mailwarden.alerts.detectors import load_detectors
from mailwarden.alerts.rulebook.rulebook import load_rules
from mailwarden.alerts.terms import Detection
from mailwarden.alerts.words.advice import advised, steps
from mailwarden.alerts.words.blanks import blanks
from mailwarden.alerts.words.errors import error_kinds
from mailwarden.alerts.words.translate import N_, translator
from mailwarden.parsers.servers import SERVERS
from mailwarden.pipeline.cli.root import COMMANDS, root

_SOURCE = Path(__file__).parent.parent
_SHOWN = 12  # samples of a format on its page
_SERVERS = tuple(name for name in SERVERS if name in advised())
_PLACES = {"account": "ann@example.org", "address": "203.0.113.7", "network": "203.0.113.0/24", "id": "ZBO"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the made pages."""
    for path, text in pages():
        files.append(File.generated(config, path, content=text))
    return files


def pages() -> Iterator[tuple[str, str]]:
    """Give every made page as (path, Markdown)."""
    yield "reference/commands.md", commands()
    yield "reference/settings.md", settings()
    yield "reference/rules.md", rules()
    for detection, about in _detections():
        yield f"reference/rules/{detection.name}.md", rule(detection, about)
    yield "reference/formats.md", formats()
    yield "reference/errors.md", errors("en")
    yield "ja/errors.md", errors("ja")


# ---------------------------------------------------------------------- commands


def commands() -> str:
    """Write every command with its sentence, examples and options, as `--help` has them."""
    parts = ["# Commands", "", "The same stands in `mailwarden COMMAND --help` and in `man mailwarden`.", ""]
    for name in COMMANDS:
        command = import_module(f"mailwarden.pipeline.cli.{name}").command
        with click.Context(root, info_name="mailwarden") as parent:
            parts += _command(command, name, parent, 2)
    parts += ["## Exit codes", "", "| code | meaning |", "|---|---|"]
    codes = {"0": "well", "1": "findings, only where `--fail-on` asks", "2": "usage or configuration", "3": "runtime"}
    parts += [f"| {code} | {meaning} |" for code, meaning in {**codes, "130": "interrupted"}.items()]
    return "\n".join(parts) + "\n"


def _command(command: click.Command, name: str, parent: click.Context, level: int) -> list[str]:
    with click.Context(command, info_name=name, parent=parent) as context:
        parts = ["#" * level + f" {context.command_path}", "", _paragraphs(command.help or ""), ""]
        usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
        parts += ["```text", usage, "```", ""]
        examples = getattr(command, "examples", ())
        if examples:
            parts += ["```sh", *(f"{line}  # {meaning}" for line, meaning in examples), "```", ""]
        records = [record for one in command.get_params(context) if (record := one.get_help_record(context))]
        if records:
            parts += ["| option | meaning |", "|---|---|"]
            parts += [f"| `{_cell(option)}` | {_cell(meaning)} |" for option, meaning in records]
            parts.append("")
        if isinstance(command, click.Group):
            for each in command.list_commands(context):
                inner = command.get_command(context, each)
                assert inner is not None
                parts += _command(inner, each, context, level + 1)
    return parts


# ---------------------------------------------------------------------- settings


def settings() -> str:
    """Write every setting with what the schema says of it, and the example file."""
    schema = json.loads(
        (_SOURCE / "pipeline" / "configuration" / "configuration.schema.json").read_text(encoding="utf-8")
    )
    parts = [
        "# Settings",
        "",
        "One YAML file, which may be absent. `mailwarden doctor` names every mistake with its line.",
        "",
    ]
    parts += ["| setting | meaning |", "|---|---|"]
    parts += [f"| `{name}` | {_cell(meaning)} |" for name, meaning in _settings(schema, schema, "")]
    example = (_SOURCE / "mailwarden.example.yml").read_text(encoding="utf-8")
    return "\n".join([*parts, "", "## Example", "", "```yaml", example.rstrip(), "```"]) + "\n"


def _settings(schema: dict[str, Any], node: dict[str, Any], path: str) -> Iterator[tuple[str, str]]:
    if path.count("routes[]") > 1:  # routes hold routes
        return
    for name, raw in node.get("properties", {}).items():
        one = _resolved(schema, raw)
        full = f"{path}.{name}" if path else name
        meaning = raw.get("description") or one.get("description")
        if meaning:
            yield full, meaning
        for each in (one, *(_resolved(schema, choice) for choice in one.get("oneOf", one.get("anyOf", ())))):
            yield from _settings(schema, each, full)
            if isinstance(each.get("items"), dict):
                yield from _settings(schema, _resolved(schema, each["items"]), f"{full}[]")
            if isinstance(each.get("additionalProperties"), dict):
                yield from _settings(schema, _resolved(schema, each["additionalProperties"]), f"{full}.NAME")


def _resolved(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        target = schema
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
    return node


# ---------------------------------------------------------------------- rules


def _detections() -> list[tuple[Detection, dict[str, Any]]]:
    """Give what each rule and detector says of itself, and what its file says beyond it; by name."""
    found: dict[str, tuple[Detection, dict[str, Any]]] = {}
    for one in load_rules():
        path = _SOURCE / "alerts" / "rules" / f"{one.detection.name}.yaml"
        documents = [each for each in yaml.safe_load_all(path.read_text(encoding="utf-8")) if each]
        found[one.detection.name] = (one.detection, documents[-1] | {"documents": documents})
    for detector in load_detectors():
        about = import_module(f"mailwarden.alerts.detectors.{detector.detection.name}").__doc__ or ""
        found[detector.detection.name] = (detector.detection, {"description": about})
    return [found[name] for name in sorted(found)]


def rules() -> str:
    """Write the table of all rules and detectors."""
    parts = [
        "# Rules and detectors",
        "",
        "What mailwarden looks for. Each has a page; `mailwarden rules show NAME` says the same.",
        "What stands in ‹ › is filled in.",
        "",
    ]
    parts += ["| name | id | at most | category | what it says |", "|---|---|---|---|---|"]
    for one, _ in _detections():
        said = _cell(blanks(one.title))
        parts.append(f"| [{one.name}](rules/{one.name}.md) | {one.id} | {one.severity} | {one.category} | {said} |")
    return "\n".join(parts) + "\n"


def rule(one: Detection, about: dict[str, Any]) -> str:
    """Write the page of a rule: what, why this threshold, what it could be instead, how it is avoided, what to do."""
    tongue = translator("en")
    parts = [f"# {one.name}", "", _paragraphs(about.get("description", "")), ""]
    parts += ["| | |", "|---|---|", f"| id | {one.id}, version {one.version} |", f"| severity | {one.severity} |"]
    parts += [f"| category | {one.category} |", f"| about | `{one.primary}` |"]
    if one.threshold:
        parts.append(f"| fires at | {one.threshold}, within {tongue.duration(one.span_us // 1_000_000)} |")
    if one.techniques:
        parts.append(f"| ATT&CK | {', '.join(one.techniques)} |")
    if one.weather:
        parts.append(
            "| weather | `low`, unless guessing far exceeds what the site usually sees, succeeds, or locks people out |"
        )
    parts += ["", "## What is said", "", f"> {blanks(one.title)}", ">", f"> {blanks(one.why)}", ""]
    parts += ["What stands in ‹ › is filled in.", ""]
    if one.harmless:
        parts += ["## What it could be instead", "", f"{blanks(one.harmless[:1].upper() + one.harmless[1:])}.", ""]
    parts += ["## What to do", ""]
    for server in _SERVERS:
        parts += [f'=== "{SERVERS[server].title}"', ""]
        for step in steps(one.advice, [server], _PLACES, tongue):
            parts.append(
                f"    1. {step.text}"
                + (f"\n\n        ```sh\n        {step.command}\n        ```" if step.command else "")
            )
        parts.append("")
    parts += _cases(one.name)
    if "documents" in about:
        text = (_SOURCE / "alerts" / "rules" / f"{one.name}.yaml").read_text(encoding="utf-8")
        parts += ["## The rule", "", "```yaml", text.rstrip(), "```", ""]
    parts += [
        "## Change it",
        "",
        "```yaml",
        "rules:",
        f"  {one.name}:",
        "    enabled: false        # or: severity, threshold, except",
        "```",
        "",
    ]
    return "\n".join(parts)


def _cases(name: str) -> list[str]:
    path = next(
        path
        for path in (_SOURCE / "alerts" / kind / f"{name}.cases.yaml" for kind in ("rules", "detectors"))
        if path.exists()
    )
    cases = yaml.safe_load(path.read_text(encoding="utf-8"))
    fires = [one["name"] for one in cases if one["fires"] and not one.get("evades")]
    silent = [one["name"] for one in cases if not one["fires"] and not one.get("evades")]
    evades = [one["name"] for one in cases if one.get("evades")]
    parts: list[str] = []
    for title, names in (("It fires on", fires), ("It stays silent on", silent), ("How it is avoided", evades)):
        if names:
            parts += [f"## {title}", "", *(f"- {_cell(each)}" for each in names), ""]
    return parts


# ---------------------------------------------------------------------- formats


def formats() -> str:
    """Write what is understood of each server's wording, with some of the lines that its tests read."""
    parts = ["# Formats", "", "Every pattern has samples, which are tests; here are some of each format.", ""]
    for path in sorted((_SOURCE / "parsers" / "formats").glob("*.yaml")):
        samples = yaml.safe_load(path.read_text(encoding="utf-8"))
        named = {one.get("pattern"): one for one in reversed(samples) if one.get("line")}
        parts += [
            f"## {path.stem}",
            "",
            f"{len({one.get('pattern') for one in samples})} patterns, {len(samples)} samples.",
            "",
        ]
        parts += ["| line | action |", "|---|---|"]
        for one in list(named.values())[:_SHOWN]:
            action = one.get("fields", {}).get("event.action", "")
            parts.append(f"| `{_cell(one['line'])[:150]}` | {_cell(str(action))} |")
        parts.append("")
    return "\n".join(parts)


# ---------------------------------------------------------------------- errors

_ERRORS = {
    "en": (
        "Errors",
        "Every error has an id, which stands behind it: `[MW1102]`. `mailwarden doctor MW1102` says what stands here. Ids name "
        "kinds of error, not sentences; one is never used for another kind. What stands in ‹ › is filled in.",
        "It is said like this",
    ),
    "ja": (
        "エラー",
        "すべてのエラーには、末尾に `[MW1102]` のような ID があります。`mailwarden doctor MW1102` でここと同じ内容を表示します。"
        "ID が示すのは文ではなくエラーの種類で、別の種類に使われることはありません。‹ › の中には値が入ります。",
        "表示されるメッセージ",
    ),
}


def errors(language: str) -> str:
    """Write every kind of error with its id as anchor: what it means, how to mend it, how it is said."""
    tongue, sayings = translator(language), _sayings()
    title, about, like = _ERRORS[language]
    parts, group = [f"# {title}", "", about, ""], ""
    for kind in error_kinds().values():
        if kind.group != group:
            group = kind.group
            parts += [f"## {tongue.gettext(group)}", ""]
        parts += [f"### {kind.code} {tongue.gettext(kind.title)} {{ #{kind.code} }}", ""]
        parts += [_typed(tongue.gettext(kind.means)), "", f"→ {_typed(tongue.gettext(kind.mend))}", ""]
        for head, example in ((N_("Wrong"), kind.wrong), (N_("Right"), kind.right)):
            if example:
                shape = "sh" if example.startswith("mailwarden ") else "yaml"
                parts += [f"{tongue.gettext(head)}:", "", f"```{shape}", example.rstrip(), "```", ""]
        said = [_escaped(blanks(tongue.gettext(msgid))) for msgid in sayings[kind.code]]
        if said:
            parts += [f'??? note "{like}"', "", *(f"    - {' '.join(each.split())}" for each in said), ""]
    return "\n".join(parts)


def _typed(text: str) -> str:
    """Escape text whose commands stand in backticks, where nothing is to be escaped."""
    return "`".join(part if odd % 2 else _escaped(part) for odd, part in enumerate(text.split("`")))


def _sayings() -> dict[str, list[str]]:
    """Give what the code says of each kind of error."""
    found: dict[str, list[str]] = defaultdict(list)
    for room in ("alerts", "parsers", "pipeline"):
        for path in sorted((_SOURCE / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "coded":
                    code, msgid = (getattr(value, "value", None) for value in node.args[:2])
                    if (
                        isinstance(code, str)
                        and isinstance(msgid, str)
                        and re.search("[a-z]", re.sub(r"\{\w+\}", "", msgid))
                    ):
                        found[code] += [msgid] if msgid not in found[code] else []
    return found


def _paragraphs(text: str) -> str:
    blocks = (" ".join(block.split()) for block in text.replace("\b", "").split("\n\n"))
    return "\n\n".join(_escaped(block) for block in blocks if block)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("`", "'")


def _escaped(text: str) -> str:
    return text.replace("<", "&lt;").replace("{", "&#123;")
