"""Compiles mocks: functions whose outputs are constants (language.md 11)."""

from typing import Final

from naftiko_runtime.compiler.caller import Caller
from naftiko_runtime.compiler.needs import Need
from naftiko_runtime.compiler.outputs import Shapes, combined
from naftiko_runtime.compiler.world import World
from naftiko_runtime.plan.function import Constant
from naftiko_runtime.spec.consumes import Parameter
from naftiko_runtime.spec.functions import FunctionSpec

_STRING: Final = Parameter.model_validate({"name": "value", "type": "string"})


def mock_of(world: World, spec: FunctionSpec, caller: Caller) -> Constant:
    """Return the constant result of a mock; its derived inputs are required texts (11.4)."""
    place = spec.at("outputParameters")
    # what a mock's templates read is a text that must be there
    need = Need("value", "body", place, _STRING, required=True)
    shapes = Shapes(world, caller.label, caller.resolver(place, need), sparse=True)
    return Constant(combined(shapes, spec.output_parameters))
