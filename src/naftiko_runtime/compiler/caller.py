"""How texts of an exposed function are linked: inputs, variables, earlier steps, constants."""

from collections.abc import Sequence
from dataclasses import dataclass

from naftiko_runtime.compiler.drafts import Draft, Drafts
from naftiko_runtime.compiler.needs import Need
from naftiko_runtime.compiler.templates import (
    InputName,
    Resolve,
    link_text,
    member_path,
)
from naftiko_runtime.compiler.world import World
from naftiko_runtime.errors import Place
from naftiko_runtime.expressions.path import ROOT, Path, PathError
from naftiko_runtime.expressions.reference import (
    Expression,
    FromStep,
    FromVariable,
    ListOf,
    Literal,
    Member,
    ObjectOf,
)
from naftiko_runtime.expressions.template import Hole, whole
from naftiko_runtime.values import Json


@dataclass(slots=True)
class Caller:
    """The scope of one exposed function while it is linked.

    ``steps`` are the names of the steps that ran before the text at hand; ``later`` those that
    did not (orchestration.md 2.3, 2.4).
    """

    world: World
    origin: str | None
    label: str
    drafts: Drafts
    steps: Sequence[str] = ()
    later: frozenset[str] = frozenset()
    has_steps: bool = False

    def value(self, value: Json, place: Place, need: Need | None = None) -> Expression:
        """Return a ``with`` value: a reference, a template, or a literal (3.2)."""
        if isinstance(value, str):
            return self.text(value, place, need)
        if isinstance(value, dict):
            members = tuple((key, self.value(member, place)) for key, member in value.items())
            return ObjectOf(members) if members else Literal({})
        if isinstance(value, list):
            elements = tuple(self.value(element, place) for element in value)
            return ListOf(elements) if elements else Literal([])
        return Literal(value)

    def text(self, text: str, place: Place, need: Need | None = None) -> Expression:
        reference = self._reference(text.strip(), place, need)
        if reference is not None:
            return reference
        return link_text(text, self.resolver(place, need), self.world.around, place)

    def resolver(self, place: Place, need: Need | None = None) -> Resolve:
        """Return how the holes of a text in this function are linked."""

        def resolve(hole: Hole, embedded: bool) -> Expression:  # noqa: FBT001
            return self.hole(hole, place, need, embedded=embedded)

        return resolve

    def hole(self, hole: Hole, place: Place, need: Need | None, *, embedded: bool) -> Expression:
        """Return one template of this function's scope (3.6)."""
        variable = self.world.around.variable(hole, self.origin, place, self.label)
        if variable is not None:
            return FromVariable(variable)
        step = self._step(hole.name, place, bare=True) if self.has_steps else None
        name = self.world.around.input_name(hole.name)
        if name is not None:
            return self.input(name, place, need, embedded=embedded)
        known = self.drafts.find(hole.name, place)
        if known is not None:
            known.feed(need, embedded=embedded)
            return self.drafts.expression(known)
        if step is not None:
            return step
        dotted = self._dotted(hole.name, place, embedded=embedded)
        return dotted or self._environment_or_input(hole.name, place, need, embedded=embedded)

    def _environment_or_input(
        self, name: str, place: Place, need: Need | None, *, embedded: bool
    ) -> Expression:
        if self.world.variables.is_environment_name(name):
            return FromVariable(self.world.variables.undeclared(name, place, self.label))
        return self.input(InputName(name), place, need, embedded=embedded)

    def input(
        self, name: InputName, place: Place, need: Need | None = None, *, embedded: bool = False
    ) -> Expression:
        """Return an input of this function, deriving it when nothing declares it (10.5)."""
        if name.word:
            self._report_word(name, place)
        if name.whole_body and need is not None and (need.name, need.share) == ("body", "member"):
            name = InputName("body")
        if name.whole_body and "body" not in self.drafts.declared:
            draft = self.drafts.body(place)
            draft.feed(need, embedded=embedded)
            return self.drafts.expression(draft)
        known = self._exact(name, need)
        if known is None and "." in name.name:
            dotted = self._dotted(name.name, place, embedded=embedded)
            if dotted is not None:
                return dotted
            return self._member(name, place, embedded=embedded)
        draft = known or self.drafts.reference(name.name, place, name.source)
        draft.feed(need, embedded=embedded)
        return self.drafts.expression(draft)

    def _exact(self, name: InputName, need: Need | None) -> Draft | None:
        """Return a dotted input that is declared so, or that the fed parameter is called (10.5)."""
        if "." not in name.name:
            return None
        declared = self.drafts.declared.get(name.name)
        if declared is not None:
            return declared
        if need is not None and need.name == name.name:
            return self.drafts.reference(name.name, need.place, name.source)
        return None

    def _dotted(self, text: str, place: Place, *, embedded: bool) -> Expression | None:
        """Return a member of a known input by its dotted name (3.7)."""
        first, dot, rest = text.partition(".")
        known = self.drafts.find(first, place) if dot else None
        if known is None:
            return None
        known.feed(None, embedded=embedded)
        return Member(self.drafts.expression(known), member_path(rest))

    def _member(self, name: InputName, place: Place, *, embedded: bool) -> Expression:
        """Return member B of a derived input A, for ``tools.A.B`` (10.5)."""
        first, _, rest = name.name.partition(".")
        draft = self.drafts.reference(first, place, name.source)
        draft.members = True
        draft.feed(None, embedded=embedded)
        return Member(self.drafts.expression(draft), member_path(rest))

    def _reference(self, text: str, place: Place, need: Need | None) -> Expression | None:
        """Return a whole-value reference without braces (3.2, orchestration.md 2.4), else None."""
        if whole(text) is not None or "{{" in text or "\n" in text:
            return None
        name = self.world.around.input_name(text)
        if name is not None:
            return self.input(name, place, need)
        if self.has_steps:
            step = self._step(text, place) or self._dollar_input(text, place)
            if step is not None:
                return step
        return self._variable_reference(text, place)

    def _variable_reference(self, text: str, place: Place) -> Expression | None:
        namespace, dot, name = text.rpartition(".")
        if not dot or not namespace or not name:
            return None
        variable = self.world.variables.qualified(namespace, name, self.origin, self.label)
        if variable is None:
            return None
        self.world.found.add(
            "dialect/variable-spelling", place, f"{text} is read as the variable {{{{{text}}}}}"
        )
        return FromVariable(variable)

    def _step(self, text: str, place: Place, *, bare: bool = False) -> Expression | None:
        """Return ``STEP.PATH``, ``$.STEP.PATH``, ``$STEP.PATH`` of an earlier step, else None.

        ``bare``: the name alone means the step, as between braces.
        """
        dollar = text.startswith("$") and not text.startswith(("$this.", "$env."))
        reference = text.removeprefix("$").removeprefix(".") if dollar else text
        for step in sorted(self.steps, key=len, reverse=True):
            if reference == step or reference.startswith((f"{step}.", f"{step}[")):
                if reference == step and not dollar and not bare:
                    return self._bare(step, place)
                return FromStep(step, self._path(f"${reference[len(step) :]}", place))
        for step in self.later:
            if reference.startswith((f"{step}.", f"{step}[")) or (dollar and reference == step):
                message = f"{self.label}: {text!r} refers to step {step!r}, which runs later"
                raise self.world.around.unresolved("steps/unknown-step", place, message)
        return None

    def _bare(self, step: str, place: Place) -> Expression | None:
        """Say that a step name alone is text in ``with``; ``{{STEP}}`` never comes here."""
        message = f"{self.label}: {step!r} alone is text; write $.{step} for the step's value"
        self.world.found.add("steps/bare-step-name", place, message)
        return None

    def _dollar_input(self, text: str, place: Place) -> Expression | None:
        if not text.startswith("$") or text.startswith(("$this.", "$env.")) or text in ("$", "$."):
            return None
        reference = text.removeprefix("$").removeprefix(".")
        first, _, rest = reference.partition(".")
        known = self.drafts.find(first, place) or self.drafts.derived.get(first)
        if known is None:
            message = f"{self.label}: {text!r} names neither an earlier step nor an input"
            raise self.world.around.unresolved("steps/unknown-step", place, message)
        known.feed(None)
        value = self.drafts.expression(known)
        path = self._path(f"$.{rest}", place) if rest else None
        return Member(value, path) if path is not None else value

    def _path(self, text: str, place: Place) -> Path | None:
        try:
            path = Path.parse(text)
        except PathError as error:
            message = f"{self.label}: {text!r} is no path: {error}"
            raise self.world.around.unresolved("path/invalid", place, message) from error
        return None if path == ROOT or path.is_root else path

    def _report_word(self, name: InputName, place: Place) -> None:
        self.world.found.add(
            "dialect/scope-word",
            place,
            f"{self.label}: rest. and tools. are read as this call's input {name.name!r}, "
            "though no adapter has that namespace",
        )
