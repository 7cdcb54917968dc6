"""Calls every exposed operation of a published document and compares with what the oracle expects.

Each operation ends as one ``Finding``: sent as meant, explained by a diagnostic, or a mismatch.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from email.parser import BytesParser
from pathlib import Path
from typing import Any

from laboratory import Sent
from oracle.authentication import SIGNED
from oracle.calls import RestCall, safe_names
from oracle.expectation import Case, Expectation, Expectations
from oracle.reading import Exposed, read_document
from oracle.requests import Request
from oracle.routes import input_names
from oracle.routes import serving as serving_route
from served import Outcome, Served, compiled, serving

from naftiko_runtime.options import Settings

_OWN = frozenset({"accept", "accept-encoding", "user-agent", "host", "content-length"})
_LEFT_OVER = re.compile(r"^(?:rest|tools)\.[A-Za-z_]|\{\{|\$\{|<<|\{\w+\}")


@dataclass(frozen=True)
class Finding:
    """``verdict``: ``sent``, a diagnostic's code, or ``mismatch``; ``setting``: it needs one."""

    slug: str
    exposed: Exposed
    verdict: str
    problems: tuple[str, ...] = ()
    setting: bool = False
    variables: bool = False

    def __str__(self) -> str:
        return f"{self.slug}: {self.exposed}: {self.verdict}: {'; '.join(self.problems)}"


async def examine(path: Path, *, lane: bool = True) -> list[Finding]:
    """Call every operation of a document over its adapter, with and without its variables.

    Without ``lane`` every MCP request goes through the SDK, which takes longer.
    """
    expected = Expectations(read_document(path))
    settings = Settings(base_placeholders=expected.settings)
    cases = expected.all
    plan = compiled(path, settings)
    problems: dict[int, list[str]] = {index: [] for index in range(len(cases))}
    async with serving(plan, dict(expected.variables), lane=lane) as served:
        for index, each in enumerate(cases):
            problems[index] += await _called(served, expected, each)
    plan = compiled(path) if settings.base_placeholders else plan
    async with serving(plan, {}, lane=lane) as served:
        for index, each in enumerate(cases):
            problems[index] += await _called_without_variables(served, expected, each)
    codes = {each.code for each in plan.diagnostics}
    findings = [_finding(path.stem, expected, cases[i], problems[i]) for i in range(len(cases))]
    return [_explained(each, case, codes) for each, case in zip(findings, cases, strict=True)]


def _explained(found: Finding, each: Expectation, codes: set[str]) -> Finding:
    """Turn a finding into a mismatch when the document's diagnostics do not tell about it."""
    needed = {found.verdict} - {"sent", "mismatch"}
    if found.setting:
        needed |= {"dialect/base-uri-placeholder", "config/base-uri"}
    if each.wiring is not None and each.wiring.unused:
        needed.add("lint/with-unused")
    silent = sorted(needed - codes)
    if not silent:
        return found
    problems = (*found.problems, f"no diagnostic says {', '.join(silent)}")
    return replace(found, verdict="mismatch", problems=problems)


def foreseen(path: Path) -> list[Finding]:
    """Return what should become of every operation of a document, without calling any."""
    expected = Expectations(read_document(path))
    return [_finding(path.stem, expected, each, []) for each in expected.all]


def _finding(slug: str, expected: Expectations, each: Expectation, problems: list[str]) -> Finding:
    found = "mismatch" if problems else each.code or "sent"
    if not problems and _hidden(expected, each):
        return Finding(slug, each.exposed, "dialect/duplicate-route")
    if each.code is not None or problems:
        return Finding(slug, each.exposed, found, tuple(problems))
    case = each.case()
    return Finding(slug, each.exposed, found, (), case.setting, bool(case.variables))


def _hidden(expected: Expectations, each: Expectation, case: Case | None = None) -> bool:
    """Tell whether another operation of the same route takes the request."""
    if each.exposed.kind == "mcp":
        return False
    used = case or (each.case() if each.code is None else None)
    call = used.rest if used else _named_call(each.exposed)
    return serving_route(expected.document, each.exposed, call) is not each.exposed


async def _called(served: Served, expected: Expectations, each: Expectation) -> list[str]:
    if each.code is not None:
        if _hidden(expected, each):
            return []
        return _refusal(await _call_refused(served, each), each)
    problems = []
    for bare in (False, True):
        case = each.case(bare=bare)
        if _hidden(expected, each, case):
            continue
        outcome = await _call(served, each, case)
        problems += [f"{'bare' if bare else 'full'} {text}" for text in _differences(outcome, case)]
        problems += await _called_with_nothing(served, each, case)
    return problems + (_schema(served, each) if each.exposed.kind == "mcp" else [])


async def _call(served: Served, each: Expectation, case: Case) -> Outcome:
    exposed, format_ = each.exposed, case.wiring.consumed.format
    if exposed.kind == "rest":
        return await served.call_rest(exposed.port, case.rest, format_)
    names = safe_names(case.wiring)
    arguments = {names[name]: value for name, value in case.given.items()}
    return await served.call_tool(exposed.namespace, exposed.listed, arguments, format_)


async def _call_refused(served: Served, each: Expectation) -> Outcome:
    exposed = each.exposed
    if exposed.kind == "mcp":
        return await served.call_tool(exposed.namespace, exposed.listed, {})
    return await served.call_rest(exposed.port, _named_call(exposed))


def _named_call(exposed: Exposed) -> RestCall:
    """Return a request that names every input of an operation, with any value."""
    path = re.sub(r"\{+[^{}]+\}+", "7", exposed.path.split("#")[0])
    path, _, query = path.partition("?")
    names = [f"{name}=7" for name in input_names(exposed)]
    given = "&".join(part for part in [query, *names] if part)
    return RestCall(exposed.method, "/" + path.lstrip("/"), given)


def _refusal(outcome: Outcome, each: Expectation) -> list[str]:
    if outcome.sent:
        return [f"expected {each.code}, sent {outcome.sent[0].method} {outcome.sent[0].url}"]
    if outcome.code != each.code:
        return [f"expected {each.code}, got {outcome.problem} {outcome.code} {outcome.text[:200]}"]
    return []


async def _called_without_variables(
    served: Served, expected: Expectations, each: Expectation
) -> list[str]:
    """With nothing set, whoever needs a variable answers ``configuration`` and sends nothing."""
    if each.code is not None or _hidden(expected, each, each.case()):
        return []
    case = each.case()
    outcome = await _call(served, each, case)
    if not case.variables and not case.setting:
        return [f"unset {text}" for text in _differences(outcome, case)]
    known = {*case.variables, *(f"baseUri.{space}.{name}" for space, name in expected.settings)}
    if outcome.sent or outcome.problem != "configuration":
        return [f"unset: expected configuration, got {outcome.problem} {outcome.text[:200]}"]
    if not outcome.variables or not known.issuperset(outcome.variables):
        return [f"unset: names {outcome.variables}, not of {sorted(known)}"]
    return []


async def _called_with_nothing(served: Served, each: Expectation, case: Case) -> list[str]:
    """Without arguments a tool that needs some answers ``invalid-input`` and sends nothing."""
    if each.exposed.kind == "rest" or not any(one.needed for one in case.wiring.inputs):
        return []
    outcome = await served.call_tool(each.exposed.namespace, each.exposed.listed, {})
    if outcome.sent or outcome.problem != "invalid-input":
        return [f"nothing: expected invalid-input, got {outcome.problem} {outcome.text[:200]}"]
    return []


def _differences(outcome: Outcome, case: Case) -> Iterator[str]:
    if len(outcome.sent) != 1:
        yield f"sent {len(outcome.sent)} requests: {outcome.problem} {outcome.code} {outcome.text[:200]}"
        return
    sent, wanted = outcome.sent[0], case.request
    if outcome.failed:
        yield f"answered {outcome.problem}: {outcome.text[:200]}"
    if sent.method != wanted.method or sent.url != wanted.url:
        yield f"url {sent.method} {sent.url} instead of {wanted.method} {wanted.url}"
    got, want = _headers(sent, wanted), dict(wanted.headers)
    if wanted.parts is not None:
        kind = got.pop("content-type", "")
        want.pop("content-type", None)
        parts = _parts(kind, sent.body or b"")
        if parts != wanted.parts:
            yield f"parts {parts} instead of {wanted.parts}"
    elif (sent.body or None) != (wanted.body or None):
        yield f"body {sent.body!r} instead of {wanted.body!r}"
    if got != want:
        yield f"headers {got} instead of {want}"
    yield from _left_overs(sent)


def _headers(sent: Sent, wanted: Request) -> dict[str, str]:
    """Return the headers that not every request has, or that this one must have."""
    found = {name.lower(): value for name, value in sent.headers.items()}
    if wanted.headers.get("authorization") == SIGNED:
        found["authorization"] = found.get("authorization", "")[: len(SIGNED)]
        found.pop("x-amz-date", None)
    kept = {name for name in found if name not in _OWN or name in wanted.headers}
    return {name: found[name] for name in kept}


def _left_overs(sent: Sent) -> Iterator[str]:
    """No reference and no placeholder may go out as text, whatever the oracle believes."""
    _, _, path = sent.url.partition("://")[2].partition("/")
    # what stands in the document's own URL is no reference
    texts = [
        *re.split(r"[?&=]", path.partition("?")[2]),
        path.partition("?")[0],
        *sent.headers.values(),
    ]
    if sent.body and sent.headers.get("content-type", "").startswith("application/json"):
        texts += _leaves(json.loads(sent.body))
    for text in texts:
        found = _LEFT_OVER.search(text)
        if found:
            yield f"left over {found[0]!r} in {text[:100]!r}"


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _leaves(each)
    elif isinstance(value, str):
        yield value


def _parts(kind: str, body: bytes) -> list[tuple[str, str]]:
    message = BytesParser().parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    if not message.is_multipart():
        return []  # the parser's way to read a form without parts
    found: list[tuple[str, str]] = []
    for part in message.get_payload():
        assert not isinstance(part, str)
        name = str(part.get_param("name", header="content-disposition"))
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        found.append((name, content.decode()))
    return found


def _schema(served: Served, each: Expectation) -> list[str]:
    """Compare the listed inputs with those of language.md 10.5 and 10.6."""
    assert each.wiring is not None
    view = served.views[each.exposed.namespace]
    schema: Mapping[str, Any] = view.tool_names[each.exposed.listed].listed["inputSchema"]
    names = safe_names(each.wiring)
    inputs = each.wiring.inputs
    wanted = [(names[one.name], one.type) for one in inputs]
    got = [(name, about.get("type")) for name, about in schema["properties"].items()]
    problems = [] if got == wanted else [f"properties {got} instead of {wanted}"]
    required = [names[one.name] for one in inputs if one.required]
    if sorted(schema.get("required", [])) != sorted(required):
        problems.append(f"required {schema.get('required')} instead of {required}")
    return problems
