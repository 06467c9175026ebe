"""Take what a form brings: small, once, with the word that only our own page could know."""

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from mailwarden.pipeline.web.frame import desk_of, message, tongue_of
from mailwarden.pipeline.web.guard import address_of

__all__ = ["Form", "no_form", "posted", "read_form"]

Form = Mapping[str, str]

_LARGEST = 16_384  # bytes
_FIELDS = 20
_PATIENCE_S = 20.0  # for all of it


async def read_form(request: Request) -> Form | None:
    """Give the fields of a form; None where it is too large, too slow, not whole or no form."""
    body = b""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > _LARGEST:
                    return None
        return dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=_FIELDS, errors="strict"))
    except (ValueError, TimeoutError, ClientDisconnect):
        return None


def no_form(request: Request) -> Response:
    """Refuse what came instead of a form."""
    said = tongue_of(request).gettext("That was no form of ours, so nothing was done.")
    return message(request, 400, said, code="MW7208")


def posted(handler: Callable[[Request, Form], Response]) -> Callable[[Request], Awaitable[Response]]:
    """Make an endpoint of what is done when a form of ours arrives from somebody who is in."""

    async def endpoint(request: Request) -> Response:
        tongue, desk = tongue_of(request), desk_of(request)
        form = await read_form(request)
        if form is None:
            return no_form(request)
        visitor = request.scope.get("visitor")
        known = visitor.csrf if visitor is not None else ""
        if not known or not hmac.compare_digest(known.encode(), form.get("csrf", "").encode("utf-8", "replace")):
            name = visitor.name if visitor is not None else ""
            await run_in_threadpool(desk.audit.note, "refused", name, address_of(request), path=request.url.path)
            said = tongue.gettext("That page was of an earlier session. Open it again, then ask once more.")
            return message(request, 403, said, code="MW7208")
        return await run_in_threadpool(handler, request, form)

    return endpoint
