"""The stand-in: answers as Label Studio 1.23.2 does about exports and what they need.

It is the upstream of `naftiko demo` and of tests. It copies the odd manners of the real server on
purpose, since they are what a capability has to live with.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from naftiko_runtime.demo.bodies import boolean, fields_of
from naftiko_runtime.demo.checks import Handler, Resource, Tokens, finish
from naftiko_runtime.demo.exports import Exports
from naftiko_runtime.demo.projects import Projects
from naftiko_runtime.demo.replies import Refused, invalid, json_reply, missing_page
from naftiko_runtime.demo.studio import Studio
from naftiko_runtime.demo.webhooks import Webhooks


@dataclass(frozen=True, slots=True)
class Access:
    """The operations that hand out tokens and say which are welcome."""

    tokens: Tokens

    async def create(self, request: Request) -> Response:
        """`POST token/`: one personal token a user."""
        return json_reply({"token": self.tokens.create_personal()}, 201)

    async def list(self, request: Request) -> Response:
        """`GET token/`: the personal token without its signature."""
        shown = [self.tokens.personal] if self.tokens.personal else []
        return json_reply([{"token": token.rpartition(".")[0]} for token in shown])

    async def refresh(self, request: Request) -> Response:
        """`POST token/refresh/`: trade the personal token for five minutes of access."""
        fields = await fields_of(request)
        if "refresh" not in fields:
            raise invalid({"refresh": ["This field is required."]})
        return json_reply({"access": self.tokens.access(fields["refresh"])})

    async def settings(self, request: Request) -> Response:
        """`GET`, `POST jwt/settings`: whether legacy tokens are welcome."""
        fields = await fields_of(request)
        name = "legacy_api_tokens_enabled"
        if name in fields:
            self.tokens.legacy_enabled = boolean(name, fields[name])
        return json_reply({"api_tokens_enabled": True, name: self.tokens.legacy_enabled})


def label_studio(studio: Studio, tokens: Tokens) -> Starlette:
    """Return the app that answers for `studio` to whoever holds one of `tokens`."""
    access = Access(tokens)
    routes = [
        *_routes("/api/token/refresh/", "Token Refresh", {"POST": access.refresh}, None),
        *_routes("/health/", "Health", {"GET": _health}, None),
        *_routes("/trigger500/", "Trigger 500", {"GET": _trigger}, None),
    ]
    for path, (name, methods) in {
        **_guarded(studio, access),
        **_beside(studio),
    }.items():
        routes += _routes(path, name, methods, tokens)
    app = Starlette(routes=routes, exception_handlers={404: _unknown})
    app.router.redirect_slashes = False
    return app


def _guarded(studio: Studio, access: Access) -> dict[str, tuple[str, Mapping[str, Handler]]]:
    exports = Exports(studio)
    root = "/api/projects/{id:int}"
    one = root + "/exports/{export_pk:int}"
    return {
        root + "/export": ("Export Api", {"GET": exports.download_now}),
        root + "/export/formats": ("Export Formats List Api", {"GET": exports.formats}),
        root + "/export/files": ("Project Export Files", {"GET": exports.files}),
        root + "/exports/": ("Export List Api", {"GET": exports.list, "POST": exports.create}),
        one: ("Export Detail Api", {"GET": exports.get, "DELETE": exports.delete}),
        one + "/convert": ("Export Convert Api", {"POST": exports.convert}),
        one + "/download": ("Export Download Api", {"GET": exports.download}),
        "/api/token/": ("Token List Api", {"GET": access.list, "POST": access.create}),
        "/api/jwt/settings": ("Jwt Settings", {"GET": access.settings, "POST": access.settings}),
    }


def _beside(studio: Studio) -> dict[str, tuple[str, Mapping[str, Handler]]]:
    projects, webhooks = Projects(studio), Webhooks(studio)
    root = "/api/projects/{id:int}"
    return {
        root + "/import": ("Import Api", {"POST": projects.import_tasks}),
        root + "/": ("Project Api", {"GET": projects.get}),
        "/api/projects/": ("Project List Api", {"GET": projects.list, "POST": projects.create}),
        "/api/tasks/": (
            "Task List Api",
            {"GET": projects.list_tasks, "POST": projects.create_task},
        ),
        "/api/tasks/{id:int}/": ("Task Api", {"GET": projects.get_task}),
        "/api/tasks/{id:int}/annotations/": ("Annotations List Api", {"POST": projects.annotate}),
        "/api/webhooks/": (
            "Webhook List Api",
            {"GET": webhooks.list, "POST": webhooks.create},
        ),
        "/api/webhooks/{id:int}/": (
            "Webhook Api",
            {"GET": webhooks.get, "DELETE": webhooks.delete},
        ),
    }


def _routes(
    path: str, name: str, methods: Mapping[str, Handler], tokens: Tokens | None
) -> list[Route]:
    # a path that ends in a slash answers without it too, and is the only kind without the 404 page
    pages = not path.endswith("/")
    resource = Resource(name, methods, pages, tokens)
    return [Route(each, resource) for each in {path, path.rstrip("/")}]


async def _health(request: Request) -> Response:
    return Response(b'{"status": "UP"}', media_type="text/html")


async def _trigger(request: Request) -> Response:
    raise Refused(500, "test")


async def _unknown(request: Request, exc: Exception) -> Response:
    reply = missing_page()
    finish(reply, request.headers)
    return reply
