"""What stands around every page, and the making of an answer from a view."""

from datetime import datetime, tzinfo
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from mailwarden import __version__
from mailwarden.alerts.words.translate import LANGUAGES, N_, Translator, translator
from mailwarden.pipeline.store import Reader
from mailwarden.pipeline.web.desk import Desk
from mailwarden.pipeline.web.language import language_of
from mailwarden.pipeline.web.pulse import Pulse, pulse_text, read_pulse
from mailwarden.pipeline.web.templates import Templates
from mailwarden.pipeline.web.visitor import Visitor

__all__ = [
    "Frame",
    "answer",
    "desk_of",
    "go_to",
    "local_path",
    "message",
    "pulse_words",
    "refusal",
    "templates_of",
    "tongue_of",
    "visitor_of",
]

# The kind of error that a status of HTTP tells of.
CODES = {
    400: "MW7201",
    401: "MW7202",
    403: "MW7202",
    404: "MW7203",
    405: "MW7201",
    421: "MW7205",
    429: "MW7204",
    500: "MW9001",
}

_PAGES = (  # in the order of the questions that people come with; the last word: for those who see everything
    ("now", "/", N_("Now"), False),
    ("incidents", "/incidents", N_("Incidents"), False),
    ("messages", "/messages", N_("Messages"), False),
    ("people", "/people", N_("People"), False),
    ("delivery", "/delivery", N_("Delivery"), True),
    ("reputation", "/reputation", N_("Reputation"), True),
    ("reports", "/reports", N_("Reports"), False),
    ("health", "/health", N_("Health"), True),
)


class Tab(msgspec.Struct, frozen=True):
    """A page in the line of all pages."""

    name: str
    path: str
    word: str


class Frame(msgspec.Struct, frozen=True):
    """What stands around a page.

    Args:
        tab: The page's place among `tabs`.
        title: Of the window.
        here: Its path and question, to come back to.
        now_us: When it was made.
        who: The visitor; "" for nobody.
        acts: Whether they may act.
        csrf: What their forms bring along.
        pulse: How the service is; None where nobody may know.
        pulse_text: The same in words.
        site: Its name.
        zone: In which times are shown.
        live: Whether the page is made anew when something changes.
        languages: Code and name of each.
    """

    tab: str
    title: str
    here: str
    now_us: int
    who: str
    acts: bool
    csrf: str
    tabs: tuple[Tab, ...]
    pulse: Pulse | None
    pulse_text: str
    site: str
    zone: str
    live: bool
    languages: tuple[tuple[str, str], ...] = tuple(LANGUAGES.items())
    version: str = __version__


def desk_of(request: Request) -> Desk:
    """Give the desk."""
    desk = request.app.state.desk
    assert isinstance(desk, Desk)
    return desk


def templates_of(request: Request) -> Templates:
    """Give the templates."""
    templates = request.app.state.templates
    assert isinstance(templates, Templates)
    return templates


def visitor_of(request: Request) -> Visitor:
    """Give who asks. Only pages that anybody may see are asked by nobody."""
    visitor = request.scope["visitor"]
    assert isinstance(visitor, Visitor)
    return visitor


def tongue_of(request: Request) -> Translator:
    """Give the visitor's language."""
    default = desk_of(request).configuration.spoken()
    return translator(language_of(request.cookies, request.headers.get("accept-language", ""), default))


def answer(
    request: Request,
    template: str,
    view: object,
    *,
    tab: str = "",
    title: str = "",
    reader: Reader | None = None,
    pulse: Pulse | None = None,
    live: bool = False,
    status: int = 200,
) -> Response:
    """Write a page.

    Args:
        request: What is answered.
        template: Its name.
        view: What the template shows, as `view`.
        tab: Which page it is.
        title: Of the window.
        reader: The store, to tell how the service is; None: it is not told.
        pulse: How it is, where that is known already.
        live: The page is made anew in the browser when something changes.
        status: Of HTTP.
    """
    desk, tongue = desk_of(request), tongue_of(request)
    visitor = request.scope.get("visitor")
    now_us = desk.clock()
    if pulse is None and isinstance(visitor, Visitor) and reader is not None:
        pulse = read_pulse(reader, now_us, visitor.domains)
    tabs = tuple(
        Tab(name, path, tongue.gettext(word))
        for name, path, word, all_ in _PAGES
        if isinstance(visitor, Visitor) and (visitor.sees_all or not all_)
    )
    frame = Frame(
        tab=tab,
        title=title or tongue.gettext(next((word for name, _, word, _ in _PAGES if name == tab), "mailwarden")),
        here=local_path(request.url.path + (f"?{request.url.query}" if request.url.query else "")),
        now_us=now_us,
        who=visitor.name if isinstance(visitor, Visitor) else "",
        acts=isinstance(visitor, Visitor) and visitor.acts,
        csrf=visitor.csrf if isinstance(visitor, Visitor) else "",
        tabs=tabs,
        pulse=pulse,
        pulse_text=pulse_words(pulse, visitor, tongue),
        site=desk.configuration.site.name,
        zone=_zone_name(desk.zone),
        live=live,
    )
    html = templates_of(request).render(template, tongue.language, view=view, frame=frame)
    return HTMLResponse(html, status, headers={"Content-Language": tongue.language})


def message(
    request: Request, status: int, head: str, text: str = "", *, mend: str = "", code: str | None = None
) -> Response:
    """Say, instead of a page, why there is none; to a program as JSON.

    Args:
        request: What was asked.
        status: Of HTTP (RFC 9110, section 15).
        head: What is wrong.
        text: Why.
        mend: A command that helps.
        code: The id of the kind of error; None: what the status tells of it; empty: nothing is wrong.
    """
    code = CODES.get(status, "MW7201") if code is None else code
    if request.url.path.startswith("/api/") or request.url.path.endswith((".json", ".csv")):
        return refusal(status, f"{head} {text}".strip(), code)
    return answer(request, "message.html", Message(head, text, mend, code), title=head, status=status)


def refusal(status: int, said: str, code: str | None = None) -> Response:
    """Say to a program why it gets nothing."""
    return JSONResponse({"error": said, "error.code": code or CODES[status]}, status)


class Message(msgspec.Struct, frozen=True):
    """One sentence, its reason, and a command that mends it."""

    head: str
    text: str = ""
    mend: str = ""
    code: str = ""


def go_to(path: str, **values: str) -> Response:
    """Send the browser to another page after it has asked for something."""
    return RedirectResponse(path + (f"?{urlencode(values)}" if values else ""), 303)


def local_path(text: str) -> str:
    """Give the path of a page of ours that somebody asks to be sent to; the first page for anything else."""
    fine = text.startswith("/") and not text.startswith(("//", "/\\")) and text.isascii() and text.isprintable()
    return text if fine and "\\" not in text else "/"


def _zone_name(zone: tzinfo) -> str:
    name = str(getattr(zone, "key", ""))
    return name if name and not name.startswith("Etc/") else datetime.now(zone).tzname() or ""


def pulse_words(pulse: Pulse | None, visitor: object, tongue: Translator) -> str:
    """Say how the service is, to somebody who may see all or a part."""
    if pulse is None:
        return ""
    if isinstance(visitor, Visitor) and not visitor.sees_all and pulse.lost:  # where logs stand is not theirs to know
        return tongue.gettext("not all is read")
    return pulse_text(pulse, tongue)
