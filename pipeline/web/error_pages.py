"""What the id of an error means, as a page: every id that a page shows leads here."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from mailwarden.alerts.words.errors import error_kind
from mailwarden.pipeline.web.frame import answer, message, tongue_of

__all__ = ["error"]


class ErrorView(msgspec.Struct, frozen=True):
    """A kind of error in the reader's language."""

    code: str
    group: str
    title: str
    means: str
    mend: str
    examples: list[tuple[str, str]]  # what it is called, and the text


def error(request: Request) -> Response:
    """Explain a kind of error."""
    tongue, kind = tongue_of(request), error_kind(request.path_params["code"])
    if kind is None:
        return message(request, 404, tongue.gettext("There is no such kind of error."), mend="mailwarden doctor --list")
    examples = [(tongue.gettext("Wrong"), kind.wrong), (tongue.gettext("Right"), kind.right)]
    view = ErrorView(
        code=kind.code,
        group=tongue.gettext(kind.group),
        title=tongue.gettext(kind.title),
        means=tongue.gettext(kind.means),
        mend=tongue.gettext(kind.mend),
        examples=[(word, text.rstrip()) for word, text in examples if text],
    )
    return answer(request, "error.html", view, title=f"{kind.code} {view.title}")
