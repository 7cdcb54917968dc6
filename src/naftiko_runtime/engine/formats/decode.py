"""The value of an answer, by ``outputRawFormat`` or by its Content-Type (language.md 7)."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final, NoReturn

from naftiko_runtime.engine.formats.charset import charset_of, media_type, text_of_body
from naftiko_runtime.engine.formats.from_csv import SEPARATORS, decode_csv
from naftiko_runtime.engine.formats.from_json import decode_json
from naftiko_runtime.engine.formats.from_xml import decode_xml
from naftiko_runtime.engine.formats.from_yaml import decode_yaml
from naftiko_runtime.engine.result import Binary
from naftiko_runtime.errors import UndecodableResponse
from naftiko_runtime.plan.upstream import RawFormat, ResponseFormat
from naftiko_runtime.values import Json

_EMPTY_STATUSES: Final = (204, 205, 304)
_JSON_TYPES: Final = frozenset(("application/json", "application/.json", "text/json"))
_TEXT_TYPES: Final = frozenset(
    (
        "application/xml",
        "application/yaml",
        "application/x-yaml",
        "application/csv",
        "application/.csv",
        "application/.conll",
        "application/conll",
        "application/javascript",
        "application/x-javascript",
        "application/ecmascript",
        "application/x-ndjson",
    )
)
_WIDE: Final = ("utf-16", "utf-32")
"""Charsets whose text has bytes that are 0."""
_BYTES: Final = "application/octet-stream"


def decode(body: bytes, content_type: str | None, response: ResponseFormat) -> Json:
    """Return what ``outputRawFormat`` says a body is (language.md 7.6 to 7.16); absent = json.

    An empty body is null, an empty table for the csv formats (7.9). Raises
    ``UndecodableResponse``; a binary answer has no JSON value, see ``value_of``.
    """
    name = response.format or "json"
    if not body:
        return [] if name in SEPARATORS else None
    return _DECODERS[name](body, content_type, response.schema)


def value_of(
    body: bytes, content_type: str | None, status: int, response: ResponseFormat
) -> tuple[Json | Binary, bool]:
    """Return an answer that needs no outputs as a value, and whether that is a text.

    It is what language.md 7.5, 7.16 and 7.17 say. ``Binary`` has no file name yet: that is in a
    header. Raises ``UndecodableResponse`` for JSON types whose body is not JSON.
    """
    if not body or status in _EMPTY_STATUSES:
        return None, False
    if response.format == "binary":
        return Binary(response.media_type or content_type or _BYTES, body), False
    if response.format == "text":
        return text_of_body(body, content_type), True
    return _by_type(body, content_type)


def _by_type(body: bytes, content_type: str | None) -> tuple[Json | Binary, bool]:
    kind = media_type(content_type)
    if kind in _JSON_TYPES or kind.endswith("+json"):
        return decode_json(body, content_type), False
    if kind in ("", "text/plain"):
        with suppress(UndecodableResponse):  # JSON if it parses, else what follows
            return decode_json(body, content_type), False
    text = _text(body, content_type, kind)
    return (Binary(content_type or _BYTES, body), False) if text is None else (text, True)


def _text(body: bytes, content_type: str | None, kind: str) -> str | None:
    """Return a body as text, None when it is binary."""
    is_text = kind.startswith("text/") or kind in _TEXT_TYPES or kind.endswith("+xml")
    if not is_text and b"\0" in body and not charset_of(body, content_type).startswith(_WIDE):
        return None  # before decoding megabytes
    try:
        text = text_of_body(body, content_type)
    except UndecodableResponse:
        return None
    return text if is_text or "\0" not in text else None


def _json(body: bytes, content_type: str | None, _schema: str | None) -> Json:
    return decode_json(body, content_type)


def _xml(body: bytes, content_type: str | None, _schema: str | None) -> Json:
    return decode_xml(body, content_type)


def _csv(body: bytes, content_type: str | None, _schema: str | None) -> Json:
    return decode_csv(body, content_type, SEPARATORS["csv"])


def _tsv(body: bytes, content_type: str | None, _schema: str | None) -> Json:
    return decode_csv(body, content_type, SEPARATORS["tsv"])


def _psv(body: bytes, content_type: str | None, _schema: str | None) -> Json:
    return decode_csv(body, content_type, SEPARATORS["psv"])


def _yaml(body: bytes, content_type: str | None, _schema: str | None) -> Json:
    return decode_yaml(body, content_type)


def _plain(body: bytes, content_type: str | None, _schema: str | None) -> Json:
    return text_of_body(body, content_type)


# the libraries of the next four are imported with the first such answer, not with the process


def _html(body: bytes, content_type: str | None, schema: str | None) -> Json:
    from naftiko_runtime.engine.formats.from_html import decode_html  # noqa: PLC0415

    return decode_html(body, content_type, schema)


def _markdown(body: bytes, content_type: str | None, schema: str | None) -> Json:
    from naftiko_runtime.engine.formats.from_markdown import decode_markdown  # noqa: PLC0415

    return decode_markdown(body, content_type, schema)


def _avro(body: bytes, _content_type: str | None, schema: str | None) -> Json:
    from naftiko_runtime.engine.formats.from_avro import decode_avro  # noqa: PLC0415

    return decode_avro(body, schema)


def _protobuf(body: bytes, _content_type: str | None, schema: str | None) -> Json:
    from naftiko_runtime.engine.formats.from_protobuf import decode_protobuf  # noqa: PLC0415

    return decode_protobuf(body, schema)


def _binary(_body: bytes, _content_type: str | None, _schema: str | None) -> NoReturn:
    raise UndecodableResponse("a binary answer has no value that outputs could read")


_DECODERS: Final[Mapping[RawFormat, Callable[[bytes, str | None, str | None], Json]]] = {
    "json": _json,
    "xml": _xml,
    "csv": _csv,
    "tsv": _tsv,
    "psv": _psv,
    "yaml": _yaml,
    "html": _html,
    "markdown": _markdown,
    "avro": _avro,
    "protobuf": _protobuf,
    "text": _plain,
    "binary": _binary,
}
