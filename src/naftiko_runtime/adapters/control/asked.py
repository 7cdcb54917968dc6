"""One request to the control port, as its handlers see it."""

import json
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from naftiko_runtime.adapters.control.actions import ControlActions
from naftiko_runtime.adapters.visit import visit_of
from naftiko_runtime.errors import BodyTooLarge, InvalidInput, UnsupportedMediaType
from naftiko_runtime.observability.redaction import scrubbed
from naftiko_runtime.plan.exposure import ControlExposure
from naftiko_runtime.values import Json

_LARGEST: Final = 1024 * 1024
_JSON: Final = "application/json"


@dataclass(slots=True)
class Readers:
    """How many log streams are open on this port."""

    now: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """The request and what may be done about it.

    ``variable`` is the decoded variable of the path; ``admitted``: credentials were not needed or
    were right; ``switches`` are the paths that are on, for the console.
    """

    request: Request
    actions: ControlActions
    exposure: ControlExposure
    variable: str = ""
    admitted: bool = True
    switches: tuple[str, ...] = ()
    readers: Readers = field(default_factory=Readers)

    def query(self, name: str) -> str | None:
        """Return one query parameter."""
        value: str | None = self.request.query_params.get(name)
        return value

    def json(self, value: Json, status: int = 200) -> Response:
        """Return a JSON answer without any secret (OBS-8)."""
        scrub = visit_of(self.request.scope).scrub
        return JSONResponse(value if scrub is None else scrubbed(value, scrub), status)

    async def text(self) -> str:
        """Return the body; raise ``BodyTooLarge`` over 1 MiB, ``InvalidInput`` unless UTF-8."""
        body = bytearray()
        async for chunk in self.request.stream():
            body += chunk
            if len(body) > _LARGEST:
                raise BodyTooLarge("the body is larger than 1 MiB")
        try:
            return body.decode()
        except UnicodeDecodeError as exc:
            raise rejected("body", "must be UTF-8") from exc

    async def object(self) -> dict[str, Json]:
        """Return the JSON object of the body; raise an ``InvocationError`` for anything else."""
        self.require_json()
        try:
            value = json.loads(await self.text())
        except ValueError as exc:
            raise rejected("body", "must be JSON") from exc
        if not isinstance(value, dict):
            raise rejected("body", "must be a JSON object")
        return value

    def require_json(self) -> None:
        """Refuse any other media type: a page of another origin cannot send this one unasked."""
        written = self.request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if written != _JSON:
            raise UnsupportedMediaType(f"Content-Type must be {_JSON}")


def rejected(name: str, message: str, place: str = "body") -> InvalidInput:
    """Return the error of one wrong value."""
    return InvalidInput([{"name": name, "in": place, "message": message}])
