"""What must happen to every exposed operation of a document, and with which request."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from oracle.authentication import Credential
from oracle.calls import RestCall, RestWriter, values
from oracle.given import Given
from oracle.inputs import Wiring
from oracle.linking import Refused, target
from oracle.made_up import for_base, variable_value
from oracle.reading import Document, Exposed, Json
from oracle.requests import Request, expected
from oracle.templates import Names


class _MadeUp(dict[str, str]):
    """Gives every variable a value and so learns which ones there are."""

    def __init__(self, document: Document) -> None:
        super().__init__()
        self._bases = " ".join(dict.fromkeys(each.base for each in document.consumed))

    def __missing__(self, name: str) -> str:
        self[name] = variable_value(name, self._bases)
        return self[name]


@dataclass(frozen=True)
class Case:
    """One way to call an operation: with all inputs, or with those that are needed."""

    wiring: Wiring
    given: Mapping[str, Json]
    request: Request
    variables: frozenset[str]
    setting: bool
    """A setting fills a placeholder of the base URI."""
    unset: frozenset[str] | set[str]
    """Placeholders that a setting should fill and does not."""

    @property
    def rest(self) -> RestCall:
        return RestWriter(self.wiring, self.given).call()


@dataclass(frozen=True)
class Expectation:
    """``code``: the diagnostic that must explain why nothing is sent; else how it is sent."""

    exposed: Exposed
    code: str | None
    wiring: Wiring | None
    variables: Mapping[str, str]
    settings: Mapping[tuple[str, str], str]

    def case(self, *, bare: bool = False) -> Case:
        """Return the full call, or the bare one."""
        assert self.wiring is not None
        given = values(self.wiring, bare=bare)
        raw = None
        if self.exposed.kind == "rest":
            writer = RestWriter(self.wiring, given)
            raw = writer.body() if writer.relays else None
        call = Given(self.wiring, given, self.variables, self.settings, raw)
        consumed = self.wiring.consumed
        request = expected(call, Credential(consumed.authentication, self.wiring.names))
        names = self.wiring.placeholders(consumed.base)
        is_set = any((consumed.namespace, name) in self.settings for name in names)
        return Case(self.wiring, given, request, frozenset(call.read), is_set, call.unset)


@dataclass(frozen=True)
class Expectations:
    """All exposed operations of one document, when its settings and variables are given."""

    document: Document

    @cached_property
    def variables(self) -> Mapping[str, str]:
        return _MadeUp(self.document)

    @cached_property
    def settings(self) -> Mapping[tuple[str, str], str]:
        """A value for every base placeholder that only a setting fills."""
        found: dict[tuple[str, str], str] = {}
        for exposed in self.document.exposed:
            each = self._of(exposed, {})
            if each.wiring is not None:
                consumed = each.wiring.consumed
                unset = each.case().unset
                found |= {(consumed.namespace, x): for_base(x, consumed.base) for x in unset}
        return found

    @cached_property
    def all(self) -> list[Expectation]:
        return [self._of(each, self.settings) for each in self.document.exposed]

    def _of(self, exposed: Exposed, settings: Mapping[tuple[str, str], str]) -> Expectation:
        try:
            wiring = self._wiring(exposed, frozenset(settings))
            found = Expectation(exposed, None, wiring, self.variables, settings)
            found.case()
            found.case(bare=True)
        except Refused as refused:
            return Expectation(exposed, refused.code, None, self.variables, settings)
        return found

    def _wiring(self, exposed: Exposed, settings: frozenset[tuple[str, str]]) -> Wiring:
        consumed = target(self.document, exposed)
        credential = Credential(consumed.authentication, Names(self.document, exposed.namespace))
        credential.check()
        if not consumed.base.lower().startswith(("http://", "https://", "{", "${", "<<")):
            raise Refused("consumes/not-http")
        return Wiring(self.document, exposed, consumed, credential.owned(), settings)
