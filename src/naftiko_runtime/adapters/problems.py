"""What the runtime itself answers over HTTP when it refuses or fails: RFC 9457 (exposes.md COM-2).

Every problem of an HTTP adapter is made and written here; ``problem_of`` is the one translation of
the engine's errors.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from naftiko_runtime.adapters.asgi import RawHeaders, Scope, Send
from naftiko_runtime.adapters.visit import visit_of
from naftiko_runtime.errors import InvocationError, Overloaded
from naftiko_runtime.values import Json, compact

_RETRY: Final = b"retry-after"


@dataclass(frozen=True, slots=True)
class Problem:
    """One refusal; ``headers`` go out beside the body."""

    name: str
    status: int
    title: str
    detail: str
    members: Mapping[str, Json] = field(default_factory=dict)
    headers: RawHeaders = ()


def problem_of(error: InvocationError) -> Problem:
    """Return the problem of a failed invocation (language.md 1.11)."""
    headers = ((_RETRY, b"1"),) if isinstance(error, Overloaded) else ()
    return Problem(error.problem, error.status, error.title, error.detail, error.members, headers)


def not_found(path: str) -> Problem:
    return Problem("not-found", 404, "Not found", f"nothing is served at {path}")


def method_not_allowed(method: str, allowed: Iterable[str]) -> Problem:
    listed = ", ".join(sorted(allowed))
    return Problem(
        "method-not-allowed",
        405,
        "Method not allowed",
        f"{method} is not served here; allowed: {listed}",
        headers=((b"allow", listed.encode()),),
    )


def invalid(detail: str) -> Problem:
    """Refuse what cannot be read at all, such as two ``Authorization`` headers."""
    return Problem("invalid-input", 400, "Invalid input", detail)


def unauthorized(challenges: Iterable[str]) -> Problem:
    """Refuse in one neutral sentence, with how to do better (exposes.md AUTH-5)."""
    headers = tuple((b"www-authenticate", challenge.encode()) for challenge in challenges)
    return Problem(
        "unauthorized", 401, "Unauthorized", "valid credentials are needed", headers=headers
    )


def forbidden(detail: str, challenge: str | None = None) -> Problem:
    headers = ((b"www-authenticate", challenge.encode()),) if challenge else ()
    return Problem("forbidden", 403, "Forbidden", detail, headers=headers)


def misdirected() -> Problem:
    return Problem("misdirected", 421, "Misdirected request", "this host is not served here")


def internal(request_id: str) -> Problem:
    """Tell of a bug only where its traceback is: in the log, under the request id."""
    return Problem("internal", 500, "Internal error", f"request {request_id} failed")


def overloaded(detail: str) -> Problem:
    return Problem("overloaded", 503, "Overloaded", detail, headers=((_RETRY, b"1"),))


def stopping() -> Problem:
    detail = "the runtime is stopping"
    return Problem("stopping", 503, "Stopping", detail, headers=((_RETRY, b"1"),))


def authorization_server(detail: str) -> Problem:
    return Problem(
        "authorization-server",
        503,
        "Authorization server unavailable",
        detail,
        headers=((_RETRY, b"10"),),
    )


async def answer(problem: Problem, scope: Scope, send: Send) -> None:
    """Send a problem as the whole answer; a HEAD gets its headers only."""
    visit = visit_of(scope)
    visit.error = problem.name
    body = rendered(problem, instance=path_of(scope), request_id=visit.request_id)
    if visit.scrub is not None:
        body = visit.scrub(body)
    content = body.encode()
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(content)).encode()),
        *problem.headers,
    ]
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    body_sent = b"" if scope["method"] == "HEAD" else content
    await send({"type": "http.response.body", "body": body_sent})


def rendered(problem: Problem, *, instance: str | None, request_id: str) -> str:
    """Return the JSON of a problem, ``instance`` left out when None (exposes.md COM-2, MCP-16)."""
    members: dict[str, Json] = {
        "type": f"urn:naftiko:problem:{problem.name}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
    }
    if instance is not None:
        members["instance"] = instance
    return compact(members | {"requestId": request_id} | dict(problem.members))


def path_of(scope: Scope) -> str:
    """Return the path as the caller wrote it, without query."""
    raw = scope.get("raw_path")
    if not isinstance(raw, bytes):
        return str(scope["path"])
    return raw.partition(b"?")[0].decode("ascii", "replace")
