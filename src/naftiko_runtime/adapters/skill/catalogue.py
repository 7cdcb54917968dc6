"""The catalogue of skills as JSON (exposes.md SKL-1 to SKL-3)."""

from collections.abc import Iterable, Mapping

from naftiko_runtime.plan.exposure import Skill, SkillTool
from naftiko_runtime.values import Json


def catalogue(skills: Iterable[Skill]) -> dict[str, Json]:
    """Return the answer of ``GET /skills``."""
    listed = [_summary(skill) for skill in skills]
    return {"count": len(listed), "skills": listed}


def detail(skill: Skill) -> dict[str, Json]:
    """Return the answer of ``GET /skills/{name}``: members as written, absent ones left out."""
    return {
        **_given({"name": skill.name, "description": skill.description}),
        **skill.members,
        "tools": [_tool(tool) for tool in skill.tools],
    }


def _summary(skill: Skill) -> dict[str, Json]:
    license_ = skill.members.get("license")
    return {
        **_given({"name": skill.name, "description": skill.description, "license": license_}),
        "tools": [tool.name for tool in skill.tools],
    }


def _tool(tool: SkillTool) -> dict[str, Json]:
    shown = _given({"name": tool.name, "description": tool.description, "type": tool.kind})
    match tool.kind:
        case "derived":
            reference = {
                "targetNamespace": tool.target_namespace,
                "action": tool.action,
                "mode": tool.mode,
            }
            shown["invocationRef"] = _given(reference)
        case "instruction":
            shown["instruction"] = tool.instruction
        case "described":
            pass
    return shown | _given({"unavailable": tool.unavailable})


def _given(members: Mapping[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in members.items() if value is not None}
