"""JSON and text only, until ``engine.formats`` is there."""

import json

from naftiko_runtime.errors import UndecodableResponse
from naftiko_runtime.plan.upstream import ResponseFormat
from naftiko_runtime.values import Json


def decode(body: bytes, content_type: str | None, response: ResponseFormat) -> Json:
    try:
        return json.loads(body)
    except ValueError as error:
        raise UndecodableResponse("not JSON") from error


def value_of(
    body: bytes, content_type: str | None, status: int, response: ResponseFormat
) -> tuple[Json, bool]:
    if not body or status in (204, 205, 304):
        return None, False
    try:
        return json.loads(body), False
    except ValueError:
        return body.decode(), True
