"""One call being worked out: the values of the caller, and what names mean among them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from oracle.inputs import Wiring
from oracle.linking import matched
from oracle.reading import Json
from oracle.slots import Slot
from oracle.templates import ABSENT, Wanted, argument, in_template


@dataclass
class Given:
    """A caller: input values by name, variables by name, and settings of base placeholders."""

    wiring: Wiring
    values: Mapping[str, Json]
    variables: Mapping[str, str]
    settings: Mapping[tuple[str, str], str]
    raw: bytes | None = None
    """The caller's body, where it is relayed."""
    read: set[str] = field(default_factory=set)
    """Variables that were needed."""
    unset: set[str] = field(default_factory=set)
    """Base placeholders that nothing but a setting fills."""

    def variable(self, name: str) -> str:
        self.read.add(name)
        return self.variables[name]

    def input(self, wanted: Wanted) -> Json:
        known = [each.name for each in self.wiring.inputs]
        name = matched(wanted.name, known)
        if name is not None:
            return self.values.get(name, ABSENT)
        first, _, rest = wanted.name.partition(".")
        inner = self.values.get(matched(first, known) or "", ABSENT)
        for member in rest.split("."):
            inner = inner.get(member, ABSENT) if isinstance(inner, dict) else ABSENT
        return inner

    def scope(self, wanted: Wanted) -> Json:
        """Return what a name means to the consumed operation (language.md 10.3)."""
        arguments = self.wiring.exposed.arguments
        fed = {slot.name: key for slot, key in self.wiring.feeding.items()}
        key = fed.get(wanted.name) or (wanted.name if wanted.name in arguments else None)
        if key is not None:
            return argument(arguments[key], self.wiring.names, self)
        return self.input(wanted)

    def slot(self, slot: Slot) -> Json:
        if slot.place == "body" and slot not in self.wiring.feeding:
            fed = [each for each in self.wiring.inputs if slot in each.feeds]
            return self.values.get(fed[0].name, ABSENT) if fed else ABSENT
        if slot not in self.wiring.feeding and not self._is_offered(slot):
            return ABSENT
        return self.scope(Wanted(slot.name))

    def _is_offered(self, slot: Slot) -> bool:
        return any(slot in each.feeds for each in self.wiring.inputs)

    def look(self, name: str) -> Json:
        return in_template(self.wiring.names, self.scope, self)(name)
