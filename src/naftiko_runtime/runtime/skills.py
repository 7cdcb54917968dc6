"""The skill adapters of one listener, each behind its own authentication (exposes.md AUTH-1)."""

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import unquote

from naftiko_runtime.adapters.access import AccessContext, guarded
from naftiko_runtime.adapters.asgi import App, Receive, Scope, Send
from naftiko_runtime.adapters.skill.app import skill_app, skill_arrival
from naftiko_runtime.plan.exposure import SkillExposure

_NAMED: Final = 2
"""``/skills/NAME`` has more segments than this, the empty one before the first slash included."""


def skill_door(
    exposures: Sequence[SkillExposure],
    labels: Mapping[str, str],
    origins: Sequence[str],
    access: AccessContext,
) -> App:
    """Return what serves ``/skills…``.

    Adapters with different authentication are kept apart: a skill is reached with its adapter's,
    and the catalogue lists those that are open, else those of the first adapter.
    """
    groups = _by_authentication(exposures)
    apps = [
        guarded(
            skill_app(group, labels=labels, cors_origins=origins),
            group[0].authentication,
            access,
            arrived=skill_arrival(group, labels=labels, cors_origins=origins),
        )
        for group in groups
    ]
    if len(apps) == 1:
        return apps[0]
    owners: dict[str, App] = {}
    for exposure in exposures:
        app = next(app for app, group in zip(apps, groups, strict=True) if exposure in group)
        for skill in exposure.skills:
            owners.setdefault(skill.name, app)
    is_open = [group[0].authentication is None for group in groups]
    return _by_skill(owners, apps[is_open.index(True) if any(is_open) else 0])


def _by_authentication(exposures: Sequence[SkillExposure]) -> list[list[SkillExposure]]:
    groups: list[list[SkillExposure]] = []
    for exposure in exposures:
        for group in groups:
            if group[0].authentication == exposure.authentication:
                group.append(exposure)
                break
        else:
            groups.append([exposure])
    return groups


def _by_skill(owners: Mapping[str, App], catalogue: App) -> App:
    async def skill(scope: Scope, receive: Receive, send: Send) -> None:
        segments = scope["raw_path"].decode("ascii", "replace").split("/")
        name = unquote(segments[2]) if len(segments) > _NAMED else ""
        await owners.get(name, catalogue)(scope, receive, send)

    return skill
