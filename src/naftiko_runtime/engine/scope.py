"""What the expressions of one invocation can see: its inputs, its steps, and variables."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from naftiko_runtime.engine.variables import Variables
from naftiko_runtime.expressions.reference import Expression, Variable
from naftiko_runtime.values import ABSENT, Json


@dataclass(slots=True)
class InvocationScope:
    """A ``Scope``; ``steps`` grows while a function with steps runs."""

    inputs: Mapping[str, Json]
    variables: Variables
    steps: dict[str, Json] = field(default_factory=dict)

    def variable(self, variable: Variable) -> str:
        """Return the value of a variable; raise ``Misconfigured`` when it has none."""
        return self.variables.text(variable)

    def narrowed(self, arguments: Mapping[str, Expression]) -> "InvocationScope":
        """Return the scope of what is called with ``arguments``: it sees nothing else (10.3)."""
        inputs = {
            name: value
            for name, argument in arguments.items()
            if (value := argument.evaluate(self)) is not ABSENT
        }
        return InvocationScope(inputs, self.variables)
