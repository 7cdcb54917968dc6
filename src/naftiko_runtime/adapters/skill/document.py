"""The ``SKILL.md`` that the runtime makes for a skill without one (exposes.md SKL-5)."""

import json
import re
from typing import Final

import yaml

from naftiko_runtime.plan.exposure import Skill, SkillTool
from naftiko_runtime.values import Json

MANIFEST: Final = "SKILL.md"
_FRONT: Final = ("license", "compatibility", "metadata", "allowed-tools")
_COMMA: Final = re.compile(r"\s*,\s*(?![^()]*\))")
"""A comma between tools, not one inside the parentheses of ``Bash(git:*, gh:*)``."""


def skill_document(skill: Skill) -> str:
    """Return front matter, the description, and a section for each tool."""
    front = yaml.safe_dump(
        _front_matter(skill), sort_keys=False, allow_unicode=True, width=10_000
    ).rstrip()
    parts = [f"---\n{front}\n---", f"# {skill.name}"]
    if skill.description:
        parts.append(skill.description.strip())
    parts.extend(_section(tool) for tool in skill.tools)
    return "\n\n".join(parts) + "\n"


def _front_matter(skill: Skill) -> dict[str, Json]:
    front: dict[str, Json] = {"name": skill.name, "description": skill.description or skill.name}
    front |= {key: skill.members[key] for key in _FRONT if key in skill.members}
    if "allowed-tools" in front:
        front["allowed-tools"] = _COMMA.sub(" ", str(front["allowed-tools"])).strip()
    return front


def _section(tool: SkillTool) -> str:
    parts = [f"## {tool.name}"]
    if tool.description:
        parts.append(tool.description.strip())
    parts.extend(_usage(tool))
    return "\n\n".join(parts)


def _usage(tool: SkillTool) -> list[str]:
    if tool.unavailable is not None:
        return [f"Not available: {tool.unavailable}"]
    if tool.kind == "instruction":
        return [f"Read [{tool.instruction}]({tool.instruction})."]
    if tool.mode == "rest":
        return [f"Send `{tool.route}` to the REST adapter `{tool.target_namespace}`."]
    if tool.mode == "mcp":
        return [_mcp_call(tool), *_arguments(tool)]
    return []


def _mcp_call(tool: SkillTool) -> str:
    return f"Call the MCP tool `{tool.action}` of the server `{tool.target_namespace}`."


def _arguments(tool: SkillTool) -> list[str]:
    if not (tool.input_schema or {}).get("properties"):
        return ["It takes no arguments."]
    schema = json.dumps(tool.input_schema, ensure_ascii=False, indent=2)
    return ["Its arguments:", f"```json\n{schema}\n```"]
