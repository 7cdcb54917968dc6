"""Order of the paths on a shared listener: exposes.md LST-4."""

from typing import Any

import pytest

from naftiko_runtime.runtime.dispatch import Parts, dispatching

pytestmark = pytest.mark.anyio


def app(name: str, called: list[str]) -> Any:
    async def answer(scope: Any, receive: Any, send: Any) -> None:
        called.append(name)

    return answer


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (b"/mcp", "mcp"),
        (b"/mcp/a", "a"),
        (b"/mcp/b", "rest"),
        (b"/mcp/", "rest"),
        (b"/.well-known/oauth-protected-resource", "metadata"),
        (b"/.well-known/oauth-protected-resource/mcp", "metadata"),
        (b"/.well-known/oauth-protected-resources", "rest"),
        (b"/skills", "skill"),
        (b"/skills/x/download", "skill"),
        (b"/skillset", "rest"),
        (b"/", "rest"),
        (b"/v1/orders", "rest"),
    ],
)
async def test_paths_of_the_runtime_stand_before_declared_routes(
    path: bytes, expected: str
) -> None:
    called: list[str] = []
    parts = Parts(
        app("rest", called),
        {"/mcp": app("mcp", called), "/mcp/a": app("a", called)},
        app("metadata", called),
        app("skill", called),
    )
    await dispatching(parts)({"raw_path": path}, None, None)  # type: ignore[arg-type] # unused
    assert called == [expected]


def test_a_listener_with_rest_only_pays_for_no_dispatch() -> None:
    rest = app("rest", [])
    assert dispatching(Parts(rest)) is rest
