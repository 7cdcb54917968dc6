"""``naftiko inspect``: what documents hold, once everything is linked (orchestration.md 6.9)."""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from naftiko_runtime.cli.described import described, described_function
from naftiko_runtime.cli.documents import STDIN, loaded
from naftiko_runtime.cli.functions import Named, named_functions
from naftiko_runtime.cli.options import add_document_options, runtime_options
from naftiko_runtime.cli.output import Console
from naftiko_runtime.cli.parser import Parser
from naftiko_runtime.cli.settings import environment
from naftiko_runtime.errors import DocumentError
from naftiko_runtime.names import suggestion
from naftiko_runtime.runtime.documents import Document
from naftiko_runtime.runtime.masks import shown_document
from naftiko_runtime.values import Json, compact

_SUFFIXES: Final = (".yaml", ".yml", ".json")


def configure(parser: Parser) -> None:
    """Add the arguments and options."""
    parser.add_argument("words", nargs="*", metavar="FILE", help="documents, then maybe a NAME")
    parser.add_argument(
        "--normalised", action="store_true", help="print the document as it is understood"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON value")
    add_document_options(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print the documents; 1 when NAME is unknown."""
    given = vars(arguments)
    options = runtime_options(arguments)
    paths, name = _split(given.get("words", ()))
    documents = loaded(paths, options, stdin=True)
    for document in documents:
        if document.capability is None:
            raise DocumentError(document.diagnostics)
    if given.get("normalised"):
        return _normalised(documents, console)
    environ = environment(given.get("env_file", ()), console.environ)
    shown = [_shown(each, name, environ) for each in documents]
    if name is not None and not any(each["functions"] for each in shown):
        console.failure(f"no function {name!r}{_hint(name, documents)}")
        return 1
    if console.json:
        console.value({"documents": shown})
    else:
        for each in shown:
            for line in _lines(each):
                console.result(line)
    return 0


def _split(words: Sequence[str]) -> tuple[Sequence[str], str | None]:
    """Return the files, and the last word when it is no file but a name."""
    if len(words) > 1 and not _is_file(words[-1]):
        return words[:-1], words[-1]
    return words, None


def _is_file(word: str) -> bool:
    return word == STDIN or word.endswith(_SUFFIXES) or Path(word).exists()


def _normalised(documents: Sequence[Document], console: Console) -> int:
    shown = [shown_document(each.tree) for each in documents if each.tree is not None]
    if console.json:
        console.value(shown[0] if len(shown) == 1 else shown)
    else:
        text = yaml.safe_dump_all(shown, sort_keys=False, allow_unicode=True, width=100)
        console.result(text.rstrip())
    return 0


def _shown(document: Document, name: str | None, environ: Mapping[str, str]) -> dict[str, Any]:
    capability = document.capability
    if capability is None:
        return {}
    if name is None:
        return described(capability, environ)
    functions = [each for each in named_functions(capability) if _fits(each, name)]
    return {
        "file": capability.file,
        "functions": [described_function(each, with_schemas=True) for each in functions],
    }


def _fits(named: Named, name: str) -> bool:
    route = named.route
    path = None if route is None else f"{route.method} {route.template}"
    return name in (named.name, named.full_name, path)


def _hint(name: str, documents: Sequence[Document]) -> str:
    known = [
        each.name
        for document in documents
        if document.capability is not None
        for each in named_functions(document.capability)
    ]
    return suggestion(name, known)


def _lines(shown: Mapping[str, Any]) -> Iterator[str]:
    if "label" in shown:
        version = f" {shown['version']}" if shown["version"] else ""
        yield f"{shown['file']}: {shown['label'] or 'no label'}{version} ({shown['specVersion']})"
    yield from _adapter_lines(shown.get("adapters", ()))
    yield from _function_lines(shown["functions"])
    yield from _upstream_lines(shown.get("consumes", ()))
    yield from _variable_lines(shown.get("variables", ()))


def _adapter_lines(adapters: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if adapters:
        yield "adapters:"
    for each in adapters:
        guard = f", {each['authentication']}" if each["authentication"] else ""
        yield f"  {each['namespace']} ({each['type']}{guard}) {each['url']}"


def _function_lines(functions: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if functions:
        yield "functions:"
    for each in functions:
        where = f" {each['method']} {each['path']}" if "path" in each else ""
        target = f" → {each['target']}" if each.get("target") else ""
        name = f"{each['namespace']}.{each['name']} ({each['kind']})"
        yield f"  {name}{where}: {each['mode']}{target}"
        if "unavailable" in each:
            diagnostic = each["unavailable"]
            yield f"    unavailable: {diagnostic['code']}: {diagnostic['message']}"
        for one in each["inputs"]:
            yield f"    {_input_line(one)}"
        if each.get("hints"):
            yield f"    hints: {compact(each['hints'])}"
        for key in ("inputSchema", "outputSchema"):
            if key in each:
                yield f"    {key}: {compact(each[key])}"


def _input_line(one: Mapping[str, Json]) -> str:
    needed = ", required" if one["required"] else ""
    text = f": {one['description']}" if one.get("description") else ""
    return f"{one['name']} ({one['type'] or 'any'}, {one['in']}{needed}){text}"


def _upstream_lines(upstreams: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if upstreams:
        yield "consumes:"
    for each in upstreams:
        yield f"  {each['namespace']} {each['baseUri']} ({each['authentication'] or 'open'})"


def _variable_lines(variables: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if variables:
        yield "variables:"
    for each in variables:
        state = "set" if each["set"] else "missing"
        yield f"  {each['name']}: {state} (used in {each['usedIn']})"
