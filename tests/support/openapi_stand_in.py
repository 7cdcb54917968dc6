"""An upstream made from an OpenAPI file: it answers with the examples that stand in it."""

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
import yaml
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

METHODS = ("get", "post", "put", "patch", "delete")
ECHO = re.compile(r"\{\{ *request\.body/(\w+) *\}\}")


@dataclass(frozen=True)
class Examples:
    """The examples of one operation: success and failure by name, and what picks a success."""

    status: int
    media: str
    success: Mapping[str, Any]
    failures: Mapping[int, Any]
    picked_by: Mapping[str, Mapping[str, str]]
    """For the name of a success: the parameters that ask for it."""
    in_path: bool


@dataclass
class StandIn:
    """An OpenAPI file that is served; ``requests`` is what was asked, in order."""

    spec: Mapping[str, Any]
    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)

    def examples(self, operation: str) -> Examples:
        """Return the examples of an operation by its id."""
        return next(
            examples_of(self.spec, each)
            for item in self.spec["paths"].values()
            for each in item.values()
            if each["operationId"] == operation
        )

    def app(self) -> ASGIApp:
        """Return the application that answers like the file says."""
        return Starlette(
            routes=[
                Route(path, self._answering(examples_of(self.spec, item[method])), methods=[method])
                for path, item in self.spec["paths"].items()
                for method in METHODS
                if method in item
            ]
        )

    def _answering(self, examples: Examples) -> Any:
        async def answer(request: Request) -> Response:
            body = await request.body()
            self.requests.append(
                {
                    "line": f"{request.method} {request.url.path}",
                    "query": dict(request.query_params),
                    "headers": dict(request.headers),
                    "body": json.loads(body) if body else None,
                }
            )
            name = _picked(examples, {**request.path_params, **request.query_params})
            if name is None:
                return _reply(404, examples.media, examples.failures[404], b"")
            return _reply(examples.status, examples.media, examples.success[name], body)

        return answer


def examples_of(spec: Mapping[str, Any], operation: Mapping[str, Any]) -> Examples:
    """Return what an operation of an OpenAPI document answers."""
    answers = {int(status): each["content"] for status, each in operation["responses"].items()}
    status = min(answers)
    ((media, content),) = answers[status].items()
    parameters = [_resolved(spec, each) for each in operation.get("parameters", ())]
    picked_by: dict[str, dict[str, str]] = {}
    for parameter in parameters:
        for name, example in parameter.get("examples", {}).items():
            picked_by.setdefault(name, {})[parameter["name"]] = example["value"]
    failures = {code: _values(each)[0] for code, each in answers.items() if code != status}
    success = {name: each["value"] for name, each in content["examples"].items()}
    in_path = any(parameter["in"] == "path" for parameter in parameters)
    return Examples(status, media, success, failures, picked_by, in_path)


@contextmanager
def stand_in(file: Path) -> Iterator[StandIn]:
    """Serve an OpenAPI file on a free loopback port."""
    made = StandIn(yaml.safe_load(file.read_text(encoding="utf-8")))
    with serving_app(made.app()) as url:
        made.url = url
        yield made


@contextmanager
def serving_app(app: ASGIApp) -> Iterator[str]:
    """Serve an ASGI application from a thread; yield its URL."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off"))
    listening = threading.Event()
    server.startup = _then(server.startup, listening)  # type: ignore[method-assign] - its one seam
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert listening.wait(10)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)


def _then(startup: Any, event: threading.Event) -> Any:
    async def started(*arguments: Any, **options: Any) -> None:
        await startup(*arguments, **options)
        event.set()

    return started


def _resolved(spec: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    target: Any = spec
    for word in node.get("$ref", "").removeprefix("#/").split("/"):
        target = target[word] if word else node
    return target


def _values(content: Mapping[str, Any]) -> list[Any]:
    (only,) = content.values()
    return [each["value"] for each in only["examples"].values()]


def _picked(examples: Examples, given: Mapping[str, str]) -> str | None:
    for name, wanted in examples.picked_by.items():
        if all(given.get(key) == value for key, value in wanted.items()):
            return name
    return None if examples.in_path else next(iter(examples.success))


def _reply(status: int, media: str, example: Any, body: bytes) -> Response:
    """Return an example; ``{{ request.body/NAME }}`` in it is that member of the body."""
    text = example if isinstance(example, str) else json.dumps(example)
    if "request.body/" in text:
        sent = json.loads(body)
        text = ECHO.sub(lambda found: json.dumps(sent[found[1]])[1:-1], text)
    return Response(text, status, media_type=media)
