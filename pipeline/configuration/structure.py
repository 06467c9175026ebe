"""Say what the schema of the configuration finds wrong in it, in our words."""

import json
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

from mailwarden.alerts.words.escape import printable
from mailwarden.alerts.words.translate import N_
from mailwarden.parsers.errors import Coded, changed, coded, placed, worded
from mailwarden.pipeline.configuration.marked_yaml import Marked, Path_

__all__ = ["Fault", "broken", "faults_of_structure", "unknown"]


class Fault(NamedTuple):
    """What is wrong, and where."""

    line: int
    message: Coded
    where: Path_ = ()

    @property
    def said(self) -> Coded:
        """The fault as it is told, behind file and line."""
        message = changed(self.message, printable)
        return placed(_name(self.where), message) if self.where else message


def _errors(value: Any) -> list[Any]:
    import jsonschema

    schema = json.loads(Path(__file__).with_name("configuration.schema.json").read_text("utf-8"))
    return list(jsonschema.Draft202012Validator(schema).iter_errors(value))


def broken(value: Any) -> list[Path_]:
    """Give the places whose structure is wrong."""
    found: list[Path_] = []
    for error in _errors(value):
        where: Path_ = tuple(error.absolute_path)
        if error.validator == "additionalProperties":
            known = error.schema.get("properties", {})
            found += [(*where, key) for key in error.instance if key not in known]
        elif _is_name(error):
            found.append((*where, error.instance))
        else:
            found.append(where)
    return found


def _is_name(error: Any) -> bool:
    """Say whether the fault is one of a key and not of a value."""
    return error.validator == "pattern" and error.parent is None and "propertyNames" in map(str, error.schema_path)


def faults_of_structure(marked: Marked) -> Iterator[Fault]:
    """Give each fault that the schema finds, with its line."""
    for error in _errors(marked.value):
        yield from _of(error, marked)


def _of(error: Any, marked: Marked) -> Iterator[Fault]:
    where: Path_ = tuple(error.absolute_path)
    if error.validator == "additionalProperties":
        known = list(error.schema.get("properties", {}))
        for key in error.instance:
            if key not in known:
                yield Fault(marked.line((*where, key)), unknown("setting", key, known), where)
    elif error.validator == "required":
        missing = next(key for key in error.validator_value if key not in error.instance)
        yield Fault(marked.line(where), coded("MW2111", '"{missing}" is missing. Add it.', missing=missing), where)
    elif _is_name(error):
        said = coded(
            "MW2106",
            'the name "{name}" holds more than letters, digits, dot, hyphen and underscore. Rename it.',
            name=error.instance,
        )
        yield Fault(marked.line((*where, error.instance)), said, where)
    else:
        yield Fault(marked.line(where), _mismatch(error), where)


def _mismatch(error: Any) -> Coded:
    """Say in our words what a value is not."""
    value, asked = error.instance, error.validator_value
    shown = _shown(value)
    if error.validator == "enum":
        words = [str(word) for word in asked]
        meant = get_close_matches(str(value), words, 1)
        if meant:
            mend = worded('Did you mean "{meant}"?', meant=meant[0])
            return coded(
                "MW2108", "{shown} is not one of {words}. {mend}", shown=shown, words=", ".join(words), mend=mend
            )
        return coded("MW2108", "{shown} is not one of {words}.", shown=shown, words=", ".join(words))
    if error.validator == "type":
        kinds = [asked] if isinstance(asked, str) else asked
        expected: object = worded(_KINDS[kinds[0]])
        for kind in kinds[1:]:
            expected = worded("{first} or {second}", first=expected, second=worded(_KINDS[kind]))
        if "string" in kinds and not isinstance(value, list | dict):
            return coded(
                "MW2107", '{shown} is not {expected}. Write it in quotes: "…".', shown=shown, expected=expected
            )
        return coded("MW2107", "{shown} is not {expected}.", shown=shown, expected=expected)
    if error.validator == "oneOf":
        forms = ", ".join(one["required"][0] for one in asked)
        return coded("MW2118", "names none of {forms}, or several. Write one entry for each.", forms=forms)
    if error.validator == "pattern":
        if asked.startswith("^https?"):
            return coded(
                "MW2114", "{shown} is no address of a page. Write it like https://example.org/hook.", shown=shown
            )
        if "mon" in asked:
            return coded(
                "MW2113",
                '{shown} is no span of hours. Write it like "22:00-07:00" or "sat,sun 00:00-24:00".',
                shown=shown,
            )
        if "smhdw" in asked:
            if "never" in asked:
                return coded("MW2112", "{shown} is not a duration. Write 10m, 2h or 1d, or never.", shown=shown)
            return coded("MW2112", "{shown} is not a duration. Write 10m, 2h or 1d.", shown=shown)
        return coded("MW2112", '{shown} is not a time of day. Write it like "07:00".', shown=shown)
    if error.validator == "minimum":
        return coded("MW2109", "{shown} is too small. Write {asked} or more.", shown=shown, asked=asked)
    if error.validator == "maximum":
        return coded("MW2109", "{shown} is too large. Write {asked} or less.", shown=shown, asked=asked)
    return coded(
        "MW2110", "{shown} is empty. Give a value or leave the setting out.", shown=shown
    )  # minLength, minItems, …


_KINDS = {
    "string": N_("text"),
    "object": N_("a group of settings (name: value)"),
    "array": N_("a list ([a, b] or lines with -)"),
    "boolean": N_("true or false"),
    "integer": N_("a whole number"),
}


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        if not value:
            return worded("an empty value")
        return worded("a list") if isinstance(value, list) else worded("a group of settings")
    if value is None:
        return worded('"nothing"')
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f'"{text[:60]}…"' if len(text) > 61 else f'"{text}"'


def unknown(kind: str, name: str, known: list[str]) -> Coded:
    """Say that there is no such setting, rule or channel, and which one was probably meant."""
    meant = get_close_matches(name, known, 1)
    names = ", ".join(sorted(known)[:20]) or worded("none")
    mend = worded('Did you mean "{meant}"?', meant=meant[0]) if meant else worded("Known: {names}.", names=names)
    code, said = _UNKNOWN[kind]
    return coded(code, said, name=name, mend=mend)


_UNKNOWN = {
    "setting": ("MW2104", N_('unknown setting "{name}". {mend}')),
    "rule": ("MW2117", N_('unknown rule "{name}". {mend}')),
    "channel": ("MW4101", N_('unknown channel "{name}". {mend}')),
}


def _name(where: Path_) -> str:
    """Write a place as people do: alerts.channels.ops, sources[0].path."""
    text = ""
    for part in where:
        text += f"[{part}]" if isinstance(part, int) else f".{printable(part)}"
    return text.removeprefix(".")
