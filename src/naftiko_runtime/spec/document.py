"""A whole document: one internal model for every version (language.md 1.5)."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag

from naftiko_runtime.errors import Diagnostic
from naftiko_runtime.spec.consumes import Consumes
from naftiko_runtime.spec.control import ControlAdapter
from naftiko_runtime.spec.exposes_mcp import McpAdapter
from naftiko_runtime.spec.exposes_rest import RestAdapter
from naftiko_runtime.spec.exposes_skill import SkillAdapter
from naftiko_runtime.spec.functions import Aggregate
from naftiko_runtime.spec.model import (
    AS_IT_IS,
    ORIGIN_KEY,
    JsonMap,
    SpecModel,
    Text,
    TextMap,
    Texts,
)


class Bind(SpecModel):
    """A source of variables (language.md 2.1); ``keys`` is variable → name in the source."""

    namespace: Text | None = None
    location: Text | None = None
    keys: TextMap = Field(default_factory=dict)
    origin: Text | None = Field(None, alias=ORIGIN_KEY, exclude=True)


class Stakeholder(SpecModel):
    """A person behind the capability."""

    role: Text | None = None
    full_name: Text | None = None
    email: Text | None = None


class Info(SpecModel):
    """What the capability is; changes no call (language.md 1.6)."""

    version: Text | None = None
    tags: Texts | None = None
    labels: JsonMap | None = None
    created: Text | None = None
    modified: Text | None = None
    stakeholders: list[Stakeholder] | None = None


def _type(value: Any) -> str:
    return f"({value.get('type') if isinstance(value, dict) else getattr(value, 'type', None)})"


Exposes: TypeAlias = Annotated[
    Annotated[RestAdapter, Tag("(rest)")]
    | Annotated[McpAdapter, Tag("(mcp)")]
    | Annotated[SkillAdapter, Tag("(skill)")]
    | Annotated[ControlAdapter, Tag("(control)")],
    Discriminator(_type),
]


class Library(SpecModel):
    """What travels along unseen with imported entries (orchestration.md 4.7).

    ``aliases`` is import's original name → name in the importing document of this file.
    """

    origin: Text = Field("", alias=ORIGIN_KEY)
    folder: Text = ""
    aliases: TextMap = Field(default_factory=dict)
    binds: list[Bind] = Field(default_factory=list)
    consumes: list[Consumes] = Field(default_factory=list)
    aggregates: list[Aggregate] = Field(default_factory=list)
    failed_imports: Annotated[Mapping[str, Diagnostic], AS_IT_IS] = Field(default_factory=dict)


class Document(SpecModel):
    """A document after normalisation and imports: the sections of root and capability in one."""

    family: Literal["naftiko", "ikanos"] = "naftiko"
    version: Text = ""
    info: Info = Info()
    binds: list[Bind] = Field(default_factory=list)
    consumes: list[Consumes] = Field(default_factory=list)
    aggregates: list[Aggregate] = Field(default_factory=list)
    exposes: list[Exposes] = Field(default_factory=list)
    libraries: list[Library] = Field(default_factory=list)
    failed_imports: Annotated[Mapping[str, Diagnostic], AS_IT_IS] = Field(default_factory=dict)
    """Namespaces, as written and as aliases, that an import should have brought and did not."""
    folder: Text = "."
    """Real path of the folder that relative files of this document are resolved against."""
