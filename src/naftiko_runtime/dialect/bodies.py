"""Deviations of consumed request bodies and response formats."""

from typing import Final

from naftiko_runtime.dialect.shape import Report
from naftiko_runtime.tree import Items, Node, Scalar, is_null, text_of

_OFFICIAL: Final = ("json", "text", "xml", "sparql", "formUrlEncoded", "multipartForm")
_SPELLED: Final = {
    **{name.lower(): name for name in _OFFICIAL},
    "yaml": "yaml",
    "binary": "binary",
    "octet-stream": "binary",
    "form": "formUrlEncoded",
    "multipart": "multipartForm",
    "application/json": "json",
    "text/plain": "text",
    "application/xml": "xml",
    "text/xml": "xml",
    "application/yaml": "yaml",
    "application/sparql-query": "sparql",
    "application/octet-stream": "binary",
    "application/x-www-form-urlencoded": "formUrlEncoded",
    "multipart/form-data": "multipartForm",
}
"""Spellings → types; another media type is sent as written, so it stays (language.md 5.1)."""


def raw_body(node: Node, report: Report) -> Node:
    """Read a text in place of a body as a raw one (language.md 5.1)."""
    body = node.get("body")
    if not isinstance(body, str | Scalar) or is_null(body):
        return node
    members = {"type": "raw", "data": body if isinstance(body, str) else body.text}
    return node.having(body=Node(members, place=node.at("body")))


def body_without_data(node: Node, report: Report) -> Node:
    """Take a body without data as none (dialect.md T12b)."""
    body = node.get("body")
    if not isinstance(body, Node) or not is_null(body.get("data", _NOTHING)):
        return node
    message = "a body without data counts as no body; write data, {} for an empty object"
    report.found.add("dialect/body-without-data", node.at("body"), message)
    return node.without("body")


_NOTHING: Final = Scalar(None, "")


def body_type(node: Node, report: Report) -> Node:
    """Give a body type its official name where it has one (dialect.md T28)."""
    written = text_of(node.get("type"))
    if written is None or written == "raw":
        return node
    type_ = _SPELLED.get(written.lower(), written)
    structured = type_ == "text" and isinstance(node.get("data"), Node | Items)
    if structured:
        message = "a text body with a map or list is sent as compact JSON"
        report.found.add("dialect/body-type", node.at("type"), message)
    elif written not in _OFFICIAL and (type_ != written or _is_known(type_)):
        how = "is accepted" if type_ == written else f"is read as {type_}"
        message = f'body type "{written}" {how}; official are {", ".join(_OFFICIAL)}'
        report.found.add("dialect/body-type", node.at("type"), message)
    return node if type_ == written else node.having(type=type_)


def _is_known(type_: str) -> bool:
    return type_ in ("yaml", "binary") or "/" in type_


def raw_format(node: Node, report: Report) -> Node:
    """Read ``outputRawFormat`` in any case; accept text, and binary before ikanos (T29)."""
    written = text_of(node.get("outputRawFormat"))
    if written is None:
        return node
    format_ = written.lower()
    foreign = format_ == "text" or (format_ == "binary" and report.family == "naftiko")
    if foreign:
        how = "the answer is one text" if format_ == "text" else "the bytes are passed on"
        message = f"outputRawFormat {format_}: {how}"
        report.found.add("dialect/raw-format", node.at("outputRawFormat"), message)
    return node if format_ == written else node.having(outputRawFormat=format_)
