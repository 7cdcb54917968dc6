"""How Label Studio answers: error envelope, 404 page, the headers of every reply."""

from collections.abc import Mapping
from uuid import uuid4

from starlette.responses import Response

from naftiko_runtime.values import Json, compact

VERSION = "1.23.2"
PAGE_LENGTH = 170_734
ALWAYS = {
    "Vary": "Accept-Language, Cookie, origin",
    "Content-Language": "en-us",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Refused(Exception):
    """A request that is answered with the error envelope."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: Json = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, detail)
        self.status = status
        self.detail = detail
        self.errors = errors
        self.headers = headers or {}


def invalid(errors: Json) -> Refused:
    """Return the refusal of a body or query whose fields are wrong, by field."""
    return Refused(400, "Validation error", errors=errors)


def not_found(kind: str) -> Refused:
    """Return the refusal for a `Project`, `Task` or `Export` that does not exist."""
    return Refused(404, f"No {kind} matches the given query.")


def json_reply(
    value: Json, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Answer `value` as application/json."""
    return Response(compact(value).encode(), status, dict(headers or {}), "application/json")


def envelope(refused: Refused) -> Response:
    """Answer a refusal in the envelope that all errors of the API share."""
    body = {
        "id": str(uuid4()),
        "status_code": refused.status,
        "version": VERSION,
        "detail": refused.detail,
        "exc_info": None,
    }
    if refused.errors is not None:
        body["validation_errors"] = refused.errors
    return json_reply(body, refused.status, refused.headers)


def missing_page() -> Response:
    """Answer the long page that stands in for most 404s, whatever Accept says."""
    head = '<!doctype html>\n<html lang="en">\n<head><title>Label Studio</title></head>\n<body>\n'
    text = "<h1>Page not found</h1>\n<p>This stand-in has nothing at that address.</p>\n<!--"
    tail = "-->\n</body>\n</html>\n"
    filler = " " * (PAGE_LENGTH - len(head) - len(text) - len(tail))
    # starlette appends the charset to text types itself
    return Response(head + text + filler + tail, 404, media_type="text/html")
