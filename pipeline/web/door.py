"""Coming in and going out: by password, or by a link where nobody has one."""

import math

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from mailwarden.alerts.words.translate import LANGUAGES, N_
from mailwarden.pipeline.configuration.web import Person
from mailwarden.pipeline.web.desk import Desk
from mailwarden.pipeline.web.forms import Form, no_form, posted, read_form
from mailwarden.pipeline.web.frame import answer, desk_of, go_to, local_path, tongue_of, visitor_of
from mailwarden.pipeline.web.guard import address_of
from mailwarden.pipeline.web.language import COOKIE as LANGUAGE_COOKIE
from mailwarden.pipeline.web.limits import line_of
from mailwarden.pipeline.web.sessions import COOKIE, LINK_S

__all__ = ["language", "sign_in", "sign_in_page", "sign_out"]

_YEAR_S = 365 * 86_400


class DoorView(msgspec.Struct, frozen=True):
    """The page that lets in. `wrong`: why it did not, and the id of that kind of error."""

    passwords: bool
    next: str
    wrong: str = ""
    code: str = ""
    command: str = "mailwarden web --link"


def sign_in_page(request: Request) -> Response:
    """Show the door; let in who brings a link."""
    desk, tongue = desk_of(request), tongue_of(request)
    token = request.query_params.get("token")
    if token is not None and desk.links is not None:
        if desk.links.redeem(token):
            return _let_in(request, desk, Person("operator", "", "operator", None), "/", how="link")
        desk.audit.note("sign-in-failed", "", address_of(request), how="link")
        minutes = tongue.duration(LINK_S)
        wrong = tongue.say(N_("This link was used already, or is older than {minutes}."), {"minutes": minutes})
        return _door(request, wrong=wrong, code="MW7207", status=403)
    return _door(request)


async def sign_in(request: Request) -> Response:
    """Let in who has a password."""
    form = await read_form(request)
    if form is None:
        return no_form(request)
    return await run_in_threadpool(_sign_in, request, form)


def _sign_in(request: Request, form: Form) -> Response:
    desk, tongue = desk_of(request), tongue_of(request)
    name, address = form.get("name", "")[:64], address_of(request)
    keys = (f"address {line_of(address)}", f"name {name}")
    wait_s = max(desk.passwords.take(key) for key in keys)
    if wait_s:
        desk.audit.note("sign-in-held", name, address)
        wrong = tongue.say(N_("Too many tries. Wait {wait}."), {"wait_s": math.ceil(wait_s)})
        refused = _door(request, wrong=wrong, code="MW7204", status=429, next_=form.get("next", "/"))
        refused.headers["Retry-After"] = str(math.ceil(wait_s))
        return refused
    person = desk.people.person(name, form.get("password", "")[:1000]) if desk.people else None
    if person is None:
        desk.audit.note("sign-in-failed", name, address, how="password")
        wrong = tongue.gettext("Name and password do not fit together.")
        return _door(request, wrong=wrong, code="MW7206", status=403, next_=form.get("next", "/"))
    for key in keys:
        desk.passwords.forgive(key)
    return _let_in(request, desk, person, local_path(form.get("next", "/")), how="password")


def _let_in(request: Request, desk: Desk, person: Person, path: str, *, how: str) -> Response:
    secret = desk.sessions.begin(person.name, person.role, person.domains)
    desk.audit.note("sign-in", person.name, address_of(request), how=how)
    response = go_to(path)
    _set_cookie(response, request, COOKIE, secret)
    return response


def _sign_out(request: Request, _: Form) -> Response:
    desk, visitor = desk_of(request), visitor_of(request)
    desk.sessions.end(visitor.session)
    desk.audit.note("sign-out", visitor.name, address_of(request))
    response = go_to("/sign-in")
    response.delete_cookie(COOKIE, path="/")
    return response


sign_out = posted(_sign_out)


async def language(request: Request) -> Response:
    """Remember a language in the browser: it changes nothing here, so anybody may."""
    form = await read_form(request) or {}
    response = go_to(local_path(form.get("next", "/")))
    if form.get("language") in LANGUAGES:
        _set_cookie(response, request, LANGUAGE_COOKIE, form["language"], _YEAR_S)
    return response


def _door(
    request: Request, *, wrong: str = "", code: str = "", status: int = 200, next_: str | None = None
) -> Response:
    desk, tongue = desk_of(request), tongue_of(request)
    wanted = local_path(next_ if next_ is not None else request.query_params.get("next", "/"))
    view = DoorView(passwords=bool(desk.people), next=wanted, wrong=wrong, code=code)
    return answer(request, "sign_in.html", view, title=tongue.gettext("Sign in"), status=status)


def _set_cookie(response: Response, request: Request, name: str, value: str, age_s: int | None = None) -> None:
    secure = request.url.scheme == "https"
    response.set_cookie(name, value, max_age=age_s, path="/", secure=secure, httponly=True, samesite="lax")
