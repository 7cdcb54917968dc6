"""Webhooks: kept and shown, never sent; their creation answers a Location that leads elsewhere."""

import ipaddress
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from naftiko_runtime.demo.bodies import boolean, fields_of
from naftiko_runtime.demo.replies import Refused, invalid, json_reply, not_found
from naftiko_runtime.demo.studio import Studio, now
from naftiko_runtime.values import Json

ACTIONS: Final = {
    "ANNOTATIONS_CREATED",
    "ANNOTATIONS_DELETED",
    "ANNOTATION_CREATED",
    "ANNOTATION_UPDATED",
    "LABEL_LINK_CREATED",
    "LABEL_LINK_DELETED",
    "LABEL_LINK_UPDATED",
    "PROJECT_CREATED",
    "PROJECT_DELETED",
    "PROJECT_UPDATED",
    "TASKS_CREATED",
    "TASKS_DELETED",
}


@dataclass(frozen=True, slots=True)
class Webhooks:
    """The operations; targets on this machine and in private networks are refused."""

    studio: Studio

    async def list(self, request: Request) -> Response:
        """`GET webhooks/`, of all projects or one."""
        wanted = request.query_params.get("project")
        hooks = self.studio.webhooks.values()
        return json_reply([hook for hook in hooks if wanted in (None, str(hook["project"]))])

    async def create(self, request: Request) -> Response:
        """`POST webhooks/`: the Location is the target, as on the real server."""
        fields = await fields_of(request)
        url = _target(fields.get("url"))
        moment = now()
        hook = {
            "id": self.studio.next_id("webhook"),
            "organization": 1,
            "project": fields.get("project"),
            "url": url,
            "send_payload": boolean("send_payload", fields.get("send_payload", True)),
            "send_for_all_actions": boolean("all", fields.get("send_for_all_actions", True)),
            "headers": fields.get("headers", {}),
            "is_active": boolean("is_active", fields.get("is_active", True)),
            "actions": _actions(fields.get("actions", [])),
            "created_at": moment,
            "updated_at": moment,
        }
        self.studio.webhooks[hook["id"]] = hook
        return json_reply(hook, 201, {"Location": url})

    async def get(self, request: Request) -> Response:
        """`GET webhooks/{id}/`."""
        return json_reply(self._hook(request))

    async def delete(self, request: Request) -> Response:
        """`DELETE webhooks/{id}/`."""
        del self.studio.webhooks[self._hook(request)["id"]]
        return Response(status_code=204)

    def _hook(self, request: Request) -> dict[str, Json]:
        found = self.studio.webhooks.get(request.path_params["id"])
        if found is None:
            raise not_found("Webhook")
        return found


def _target(url: Json) -> str:
    parts = urlsplit(str(url))
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise invalid({"url": ["Enter a valid URL."]})
    if network := _reserved(parts.hostname):
        raise Refused(403, f"URL resolves to a reserved network address (block: {network})")
    return str(url)


def _reserved(host: str) -> str | None:
    """Return the reserved network of a literal address; names are not resolved."""
    text = "127.0.0.1" if host == "localhost" else host
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if address.is_loopback:
        return "127.0.0.0/8"
    return str(ipaddress.ip_network(f"{address}")) if address.is_private else None


def _actions(names: Json) -> list[str]:
    wrong = {
        str(place): [f'"{name}" is not a valid choice.']
        for place, name in enumerate(names)
        if name not in ACTIONS
    }
    if wrong:
        raise invalid({"actions": wrong})
    return sorted(names)
