"""The skill adapter as written (exposes.md 5)."""

from typing import Literal

from pydantic import Field

from naftiko_runtime.spec.exposes_rest import Adapter
from naftiko_runtime.spec.model import Flag, JsonMap, SpecModel, Text, Texts


class SkillSource(SpecModel):
    """The adapter's operation or tool that a skill tool stands for."""

    source_namespace: Text
    action: Text


class SkillTool(SpecModel):
    """One tool of a skill."""

    name: Text
    from_: SkillSource | None = Field(None, alias="from")
    instruction: Text | None = None
    tags: Texts | None = None


class Skill(SpecModel):
    """One skill."""

    name: Text
    license: Text | None = None
    compatibility: Text | None = None
    argument_hint: Text | None = Field(None, alias="argument-hint")
    allowed_tools: Text | None = Field(None, alias="allowed-tools")
    user_invocable: Flag | None = Field(None, alias="user-invocable")
    disable_model_invocation: Flag | None = Field(None, alias="disable-model-invocation")
    metadata: JsonMap | None = None
    location: Text | None = None
    tools: list[SkillTool] = Field(default_factory=list)
    tags: Texts | None = None


class SkillAdapter(Adapter):
    """A catalogue of Agent Skills."""

    type: Literal["skill"]
    skills: list[Skill] = Field(default_factory=list)
