"""Writes ``multipart/form-data`` (language.md 5.7)."""

import base64
import secrets
from collections.abc import Iterator

from naftiko_runtime.engine.encoding import quoted, scalar_text
from naftiko_runtime.expressions.reference import Scope
from naftiko_runtime.plan.upstream import MultipartBody, Part
from naftiko_runtime.values import ABSENT, Absent, Json, compact, text_of

_BINARY = "application/octet-stream"


def multipart(body: MultipartBody, scope: Scope) -> tuple[bytes, str]:
    """Return the bytes and their Content-Type with a fresh boundary."""
    boundary = f"naftiko-{secrets.token_hex(16)}"
    pieces: list[bytes] = []
    for part in body.parts:
        for head, content in _rendered(part, scope):
            pieces.append(f"--{boundary}\r\n{head}\r\n\r\n".encode() + content + b"\r\n")
    pieces.append(f"--{boundary}--\r\n".encode())
    return b"".join(pieces), f"multipart/form-data; boundary={boundary}"


def _rendered(part: Part, scope: Scope) -> Iterator[tuple[str, bytes]]:
    value = part.value.evaluate(scope)
    if value is None or isinstance(value, Absent):
        return
    filename = _text(part.filename.evaluate(scope)) if part.filename is not None else None
    kind = _text(part.content_type.evaluate(scope)) if part.content_type is not None else None
    if filename is not None:
        yield _head(part.name, filename, kind or _BINARY), _file(value, kind or _BINARY)
    elif isinstance(value, dict) and _is_file(value):
        yield _file_object(part.name, value)
    elif isinstance(value, list) and not any(isinstance(each, dict | list) for each in value):
        for element in value:
            yield _head(part.name, None, kind), scalar_text(element).encode()
    elif isinstance(value, dict | list):
        yield _head(part.name, None, kind or "application/json"), compact(value).encode()
    else:
        yield _head(part.name, None, kind), scalar_text(value).encode()


def _text(value: Json) -> str | None:
    return None if value is ABSENT or value is None else text_of(value)


def _is_file(value: dict[str, Json]) -> bool:
    """Tell whether a value is a file as an object: what a caller's upload becomes (5.7)."""
    return ("filename" in value or "contentType" in value) and (
        isinstance(value.get("data"), str) or isinstance(value.get("base64"), str)
    )


def _file_object(name: str, value: dict[str, Json]) -> tuple[str, bytes]:
    kind = _text(value.get("contentType")) or _BINARY
    head = _head(name, _text(value.get("filename")), kind)
    if "base64" in value:
        decoded = _from_base64(text_of(value["base64"]))
        if decoded is not None:
            return head, decoded
    return head, text_of(value.get("data", value.get("base64"))).encode()


def _file(value: Json, kind: str) -> bytes:
    text = text_of(value)
    essence = kind.partition(";")[0].strip().lower()
    is_text = (
        essence.startswith("text/") or essence == "application/json" or essence.endswith("+json")
    )
    decoded = None if is_text else _from_base64(text)
    return text.encode() if decoded is None else decoded


def _from_base64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return None


def _head(name: str, filename: str | None, kind: str | None) -> str:
    disposition = f'Content-Disposition: form-data; name="{quoted(name)}"'
    if filename is not None:
        disposition += f'; filename="{quoted(filename)}"'
    return disposition if kind is None else f"{disposition}\r\nContent-Type: {_one_line(kind)}"


def _one_line(text: str) -> str:
    return text.replace("\r", "").replace("\n", "")
