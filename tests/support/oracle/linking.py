"""Which consumed operation a ``call`` means, and why there is none (language.md 3.8, 10.1, 10.2)."""

import re
from collections.abc import Iterable, Sequence

from oracle.reading import Consumed, Document, Exposed


class Refused(Exception):
    """The operation cannot run; ``code`` is the diagnostic that must say why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def loose(name: str) -> str:
    """Return what names that are spelled alike have in common (language.md 3.8)."""
    return re.sub(r"[-_.\[\]]", "", name).casefold()


def matched(name: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate that is meant: the exact one, or the only one spelled alike."""
    known = list(dict.fromkeys(candidates))
    if name in known:
        return name
    alike = [each for each in known if loose(each) == loose(name)]
    return alike[0] if len(alike) == 1 else None


def target(document: Document, exposed: Exposed) -> Consumed:
    """Return the operation that is called; raise ``Refused``."""
    if exposed.call is None:
        raise Refused("call/nothing-to-run")
    namespace = _namespace(exposed.call, (*document.namespaces, *document.missing))
    if namespace is None:
        raise Refused("call/unknown-namespace")
    if namespace in document.missing:
        raise Refused("import/not-found")
    there = [each for each in document.consumed if each.namespace == namespace]
    found = _named(exposed.call[len(namespace) + 1 :], there)
    if not found:
        raise Refused("call/unknown-operation")
    return found[0] if len(found) == 1 else _chosen(exposed, found)


def _namespace(call: str, namespaces: Sequence[str]) -> str | None:
    fitting = [each for each in namespaces if call.startswith(each + ".")]
    return max(fitting, key=len, default=None)


def _named(text: str, operations: Sequence[Consumed]) -> list[Consumed]:
    name = matched(text, [each.name for each in operations])
    if name is not None:
        return [each for each in operations if each.name == name]
    for resource in {each.resource for each in operations}:
        if text.startswith(resource + "."):
            inner = [each for each in operations if each.resource == resource]
            name = matched(text[len(resource) + 1 :], [each.name for each in inner])
            return [each for each in inner if each.name == name]
    return []


def _chosen(exposed: Exposed, found: Sequence[Consumed]) -> Consumed:
    """Choose among operations of one name (language.md 10.2)."""
    described = [each for each in found if each.description == exposed.description]
    if len(described) == 1:
        return described[0]
    shown = _shape(exposed.path)
    fitting = [
        each
        for each in found
        if exposed.kind == "rest"
        and each.method == exposed.method
        and shown.endswith(_shape(each.path))
    ]
    if len(fitting) != 1:
        raise Refused("call/ambiguous")
    return fitting[0]


def _shape(path: str) -> str:
    """Return a path whose placeholders are spelled alike."""
    bare = re.split(r"[?#]", path)[0].replace("{{", "{").replace("}}", "}")
    return re.sub(r"\{([^{}]*)\}", lambda hole: "{" + loose(hole[1].strip()) + "}", bare).rstrip(
        "/"
    )


_GET = frozenset(["get", "show", "read", "retrieve", "fetch", "describe"])
_CHANGE = frozenset(["update", "patch", "put", "replace", "modify", "edit"])
_DELETE = frozenset(["delete", "remove", "destroy"])
_METHODS = {
    **dict.fromkeys(_GET, ("GET",)),
    **dict.fromkeys(_CHANGE, ("PUT", "PATCH", "POST")),
    **dict.fromkeys(_DELETE, ("DELETE",)),
}
_SINGULARS = (
    ("ies", "y"),
    ("sses", "ss"),
    ("xes", "x"),
    ("ches", "ch"),
    ("shes", "sh"),
    ("ses", "s"),
)


def is_get_one(operation: Consumed) -> bool:
    """Tell whether the last segment is a collection of which one is meant (language.md 4.9)."""
    last = operation.path.rstrip("/").rpartition("/")[2]
    if not last or re.search(r"[{}]", last) or re.search(r"[?#]", operation.path):
        return False
    words = re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", operation.name)
    if not words or operation.method not in _METHODS.get(words[0].lower(), ()):
        return False
    rest = [word.lower() for word in words[1:]]
    if rest[-2:] == ["by", "id"]:
        rest = rest[:-2]
    subject = "".join(rest)
    segment = re.sub(r"[^a-z0-9]", "", last.lower())
    return not subject or any(subject.endswith(each) for each in _singulars(segment))


def _singulars(segment: str) -> list[str]:
    forms = [segment]
    if segment.endswith("s"):
        forms.append(segment[:-1])
    fitting = [(end, new) for end, new in _SINGULARS if segment.endswith(end)]
    return forms + [segment[: -len(end)] + new for end, new in fitting[:1]]
