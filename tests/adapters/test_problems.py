"""COM-2: every error has a problem, and no problem tells more than it may."""

import json
from typing import Any

import httpx
import pytest

from naftiko_runtime.adapters import problems
from naftiko_runtime.adapters.visit import Visit, begin, visit_of
from naftiko_runtime.errors import InvalidInput, InvocationError, Misconfigured
from naftiko_runtime.observability.telemetry import OFF

pytestmark = pytest.mark.anyio


def every(error: type[InvocationError]) -> list[type[InvocationError]]:
    return [each for sub in error.__subclasses__() for each in (sub, *every(sub))]


def made(kind: type[InvocationError]) -> InvocationError:
    """Make an error of a class without knowing its constructor."""
    error = kind.__new__(kind)
    InvocationError.__init__(error, "what happened", {"more": 1})
    return error


@pytest.mark.parametrize("kind", every(InvocationError))
def test_every_error_has_a_problem_of_its_own(kind: type[InvocationError]) -> None:
    problem = problems.problem_of(made(kind))
    assert (problem.name, problem.status, problem.title) == (kind.problem, kind.status, kind.title)
    assert (problem.detail, problem.members) == ("what happened", {"more": 1})
    assert problem.name != "internal"


SPECIFIED = {
    "invalid-input": (400, "Invalid input"),
    "unavailable": (501, "Not available"),
    "configuration": (500, "Configuration"),
    "template": (500, "Template failed"),
    "script": (500, "Script failed"),
    "upstream-unreachable": (502, "Upstream unreachable"),
    "upstream-timeout": (504, "Upstream timeout"),
    "upstream-undecodable": (502, "Upstream answer not understood"),
    "upstream-too-large": (502, "Upstream answer too large"),
    "upstream-authentication": (502, "Upstream authentication failed"),
    "unauthorized": (401, "Unauthorized"),
    "forbidden": (403, "Forbidden"),
    "not-found": (404, "Not found"),
    "method-not-allowed": (405, "Method not allowed"),
    "body-too-large": (413, "Body too large"),
    "unsupported-media-type": (415, "Unsupported media type"),
    "misdirected": (421, "Misdirected request"),
    "internal": (500, "Internal error"),
    "overloaded": (503, "Overloaded"),
    "stopping": (503, "Stopping"),
    "authorization-server": (503, "Authorization server unavailable"),
}


def test_names_statuses_and_titles_are_the_specified_ones() -> None:
    """``headers-too-large`` is answered where heads are read, see the server's tests."""
    ours = [
        problems.not_found("/x"),
        problems.method_not_allowed("PUT", ["GET"]),
        problems.unauthorized(["Basic"]),
        problems.forbidden("no"),
        problems.misdirected(),
        problems.internal("r"),
        problems.overloaded("full"),
        problems.stopping(),
        problems.authorization_server("away"),
    ]
    ours += [problems.problem_of(made(kind)) for kind in every(InvocationError)]
    assert {each.name: (each.status, each.title) for each in ours} == SPECIFIED


@pytest.mark.parametrize(
    ("problem", "seconds"),
    [
        (problems.overloaded("full"), b"1"),
        (problems.stopping(), b"1"),
        (problems.authorization_server("away"), b"10"),
    ],
)
def test_every_503_says_when_to_try_again(problem: problems.Problem, seconds: bytes) -> None:
    assert problem.headers == ((b"retry-after", seconds),)


async def answered(problem: problems.Problem, method: str = "GET", scrub: Any = None) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        visit = Visit(OFF.arrived(scope, "r-1"), send, scrub=scrub)
        begin(scope, visit)
        await problems.answer(problem, scope, visit.send)
        assert visit_of(scope).error == problem.name

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://a") as client:
        return await client.request(method, "/v1/ë/x?secret=1")


async def test_a_problem_is_rfc_9457_with_its_members() -> None:
    fault = {"name": "order-id", "in": "path", "message": "must be an integer"}
    response = await answered(problems.problem_of(InvalidInput([fault])))
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"
    assert list(json.loads(response.content)) == [
        "type",
        "title",
        "status",
        "detail",
        "instance",
        "requestId",
        "errors",
    ]
    assert response.json() == {
        "type": "urn:naftiko:problem:invalid-input",
        "title": "Invalid input",
        "status": 400,
        "detail": "order-id: must be an integer",
        "instance": "/v1/%C3%AB/x",
        "requestId": "r-1",
        "errors": [fault],
    }


async def test_head_gets_the_headers_of_a_problem_only() -> None:
    response = await answered(problems.not_found("/x"), "HEAD")
    assert (response.status_code, response.content) == (404, b"")
    assert int(response.headers["content-length"]) > 100


async def test_secrets_are_scrubbed_from_problems() -> None:
    problem = problems.problem_of(Misconfigured("t0ken is odd", ["T"]))
    response = await answered(problem, scrub=lambda text: text.replace("t0ken", "***"))
    assert response.json()["detail"] == "*** is odd"
    assert response.headers["content-length"] == str(len(response.content))


def test_a_problem_without_instance_is_for_tool_results() -> None:
    text = problems.rendered(problems.misdirected(), instance=None, request_id="r")
    assert "instance" not in json.loads(text)
