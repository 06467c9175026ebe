"""The `name=value` texts of logfmt, as Haraka and mox write them: reading them, and writing those of Haraka's JSON the same way.

A value with blanks, quotes or `=` is quoted, with `\\` before a quote; up to Haraka 2.8 it is quoted without that. Of a name
that comes twice the first is heeded, since clients choose what stands at the end (`lr=`, `msg=`).

Source: logger.js (`stringify`), the npm package logfmt, of Haraka 2.5 to 3.3; mlog/log.go of mox.
"""

import re

__all__ = ["fields", "unquote", "written"]

_NAME = re.compile(r" *([A-Za-z_][A-Za-z0-9_.]{0,40})=")
_QUOTED = re.compile(r'"((?>(?:[^"\\]|\\.)*))"(?= |$)', re.DOTALL)
_LOOSE = re.compile(r'"(.*?)"(?= |$)', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_NEEDS = re.compile(r'[\s="\\]')
_MOST = 60  # fields of a line


def fields(text: str) -> dict[str, str]:
    """Give the values by their names; what is no field ends them."""
    told: dict[str, str] = {}
    for _ in range(_MOST):
        name = _NAME.match(text)
        if name is None:
            break
        value, text = unquote(text[name.end() :])
        told.setdefault(name[1], value)
    return told


def unquote(text: str) -> tuple[str, str]:
    """Give the value that a text begins with, and what stands behind it."""
    if text[:1] != '"':
        end = text.find(" ")
        return (text, "") if end < 0 else (text[:end], text[end:])
    found = _QUOTED.match(text)
    if found is not None:
        return _ESCAPE.sub(_plain, found[1]), text[found.end() :]
    found = _LOOSE.match(text)
    return (text[1:], "") if found is None else (found[1], text[found.end() :])


def _plain(found: re.Match[str]) -> str:
    return {"n": " ", "r": " ", "t": " "}.get(found[1], found[1])


def written(values: dict[str, object]) -> str:
    """Write values as the other formats have them, each behind a blank."""
    return "".join(f" {name}={_quoted(value)}" for name, value in values.items())


def _quoted(value: object) -> str:
    if value is None or isinstance(value, bool):
        return str(value).lower() if value is not None else ""
    text = str(value)
    if text and not _NEEDS.search(text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return f'"{escaped}"'
