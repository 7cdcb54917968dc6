"""Which of several operations of one route takes a request (exposes.md REST-3, REST-4)."""

import re
from urllib.parse import unquote

from oracle.calls import RestCall
from oracle.inputs import route_variables
from oracle.linking import loose
from oracle.reading import Document, Exposed


def serving(document: Document, exposed: Exposed, call: RestCall) -> Exposed:
    """Return the operation that takes ``call``: of those that could, the most specific."""
    sharing = [
        each
        for each in document.exposed
        if each.kind == "rest"
        and (each.port, each.method, _shape(each.path))
        == (exposed.port, exposed.method, _shape(exposed.path))
    ]
    most = max(_fulfilled(each, call) for each in sharing)
    candidates = [each for each in sharing if _fulfilled(each, call) == most]
    known = {loose(name) for name in _names_in(call, candidates[0])}
    wanted = [(each, _wanted(each)) for each in candidates]
    fitting = [(each, names) for each, names in wanted if names <= known]
    if not fitting:
        return candidates[0]
    return max(fitting, key=lambda pair: len(pair[1]))[0]


def _shape(path: str) -> str:
    bare = re.split(r"[?#]", path)[0].strip("/")
    return re.sub(r"\{+[^{}]+\}+", "{}", bare)


def _fulfilled(exposed: Exposed, call: RestCall) -> int:
    condition = exposed.path.split("#")[0].partition("?")[2]
    pairs = [part for part in condition.split("&") if part]
    has_all = all(part in call.query.split("&") for part in pairs)
    return len(pairs) if has_all else -1


def input_names(exposed: Exposed) -> list[str]:
    """Return the inputs that the ``with`` of an operation names."""
    texts = (str(value) for value in exposed.arguments.values())
    return [text.removeprefix("rest.") for text in texts if text.startswith("rest.")]


def _wanted(exposed: Exposed) -> set[str]:
    return {loose(name) for name in input_names(exposed)}


def _names_in(call: RestCall, exposed: Exposed) -> list[str]:
    query = [unquote(part.partition("=")[0]) for part in call.query.split("&")]
    headers = [name for name, _ in call.headers]
    members = re.findall(r'"((?:[^"\\]|\\.)*)":', (call.body or b"").decode())
    return [*route_variables(exposed.path), *query, *headers, *members]
