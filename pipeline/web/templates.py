"""Turn a typed view into a page. Whatever a view holds is made printable and escaped, wherever the template puts it.

A template that asks for what is not there, or would print what is neither text nor a number, fails: a page must not show
`None` or the name of a method to anybody.
"""

import hashlib
import re
from collections.abc import Callable
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from mailwarden.alerts.incidents.severity import severity_shape, severity_word
from mailwarden.alerts.words.escape import printable
from mailwarden.alerts.words.translate import LANGUAGES, Translator, translator
from mailwarden.parsers.event import iso

__all__ = ["STATIC", "Templates"]

_CODE = re.compile(r"\[(MW[0-9]{4})\]")
STATIC = Path(__file__).with_name("static")


class Templates:
    """The templates, once for each language.

    Args:
        zone: In which times are shown.
    """

    def __init__(self, zone: tzinfo) -> None:
        self._environments = {language: _environment(translator(language), zone) for language in LANGUAGES}

    def render(self, name: str, language: str, **views: object) -> str:
        """Write a page."""
        return self._environments[language].get_template(name).render(**views)


def _environment(tongue: Translator, zone: tzinfo) -> Environment:
    environment = Environment(
        loader=PackageLoader("mailwarden.pipeline.web"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printed,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals.update(
        _=tongue.gettext,
        say=_sayer(tongue, zone),
        count=tongue.count,
        language=tongue.language,
        shape=severity_shape,
        severity=lambda word: severity_word(word, tongue),
        duration=tongue.duration,
        static=_static_url,
    )
    environment.filters.update(
        number=lambda value: tongue.value("number", value),
        percent=lambda ratio: tongue.value("x_ratio", ratio),
        iso=iso,
        moment=lambda at_us, near_us: _moment(tongue, zone, at_us, near_us),
        minute=lambda at_us, near_us: _moment(tongue, zone, at_us, near_us)[:-3],
        date=lambda at_us: _date(tongue, zone, at_us),
        near_date=lambda at_us: _near_date(tongue, zone, at_us),
        query=_query,
        codes=_codes,
        lines=_lines,
        soft=_soft,
        typed=_typed,
    )
    return environment


def _printed(value: object) -> object:
    """Let text, numbers and finished markup through, and nothing else."""
    if isinstance(value, Markup):
        return value
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise TypeError(f"a template would print a {type(value).__name__}")


def _sayer(tongue: Translator, zone: tzinfo) -> Callable[..., str]:
    def say(msgid: str, **values: object) -> str:
        return tongue.say(msgid, values, zone=zone)

    return say


def _moment(tongue: Translator, zone: tzinfo, at_us: int, near_us: int) -> str:
    """Give an instant without its zone, which stands once on the page."""
    name = datetime.fromtimestamp(at_us // 1_000_000, zone).tzname() or ""
    return tongue.time(at_us, zone=zone, near_us=near_us).removesuffix(name).rstrip()


def _date(tongue: Translator, zone: tzinfo, at_us: int) -> str:
    """Give the day of an instant, as a list has it: 2026-11-23."""
    day = datetime.fromtimestamp(at_us // 1_000_000, zone)
    return f"{day.year}年{day.month}月{day.day}日" if tongue.language == "ja" else f"{day:%Y-%m-%d}"


def _near_date(tongue: Translator, zone: tzinfo, at_us: int) -> str:
    """Give the day of an instant of this week, as the head of a column has it: 23 Nov."""
    return tongue.day(at_us, zone=zone)


def _lines(text: str) -> Markup:
    """Give text of several lines, each of them printable."""
    return Markup("\n").join(escape(printable(line)) for line in text.split("\n"))


def _codes(text: str) -> Markup:
    """Give what is wrong with its ids as links to what they mean."""
    found = enumerate(_CODE.split(text))
    return Markup("").join(
        Markup('<a href="/errors/{code}">{code}</a>').format(code=part) if odd % 2 else escape(printable(part))
        for odd, part in found
    )


def _typed(text: str) -> Markup:
    """Give text with what stands in backticks as what is typed."""
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if odd % 2 else escape(part) for odd, part in enumerate(text.split("`"))
    )


def _soft(text: str) -> Markup:
    """Give text whose addresses may be broken behind their @: a phone is narrower than many of them."""
    return Markup("@<wbr>").join(escape(printable(part)) for part in text.split("@"))


def _query(values: dict[str, Any]) -> str:
    """Write what stands behind the question mark of an address; what is empty is left out, bytes that were no UTF-8 are lost."""
    told = {name: value for name, value in values.items() if value not in ("", None, ())}
    return urlencode(told, doseq=True, errors="replace")


_VERSIONS: dict[str, str] = {}


def _static_url(name: str) -> str:
    """Give the address of a file that never changes under it: with its content's hash."""
    if name not in _VERSIONS:
        _VERSIONS[name] = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={_VERSIONS[name]}"
