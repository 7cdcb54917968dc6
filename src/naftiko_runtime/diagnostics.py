"""Every diagnostic code, and the collector of what is found in one document."""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from naftiko_runtime.errors import Diagnostic, Effect, Place, Severity


class Rule(NamedTuple):
    """What a code always means: how grave, with what effect, in one sentence."""

    severity: Severity
    effect: Effect
    summary: str


CODES: Final[Mapping[str, Rule]] = {
    "document/not-yaml": Rule("error", "refused", "the text is not YAML 1.2"),
    "document/not-utf8": Rule("error", "refused", "the file is not UTF-8"),
    "document/several": Rule("error", "refused", "the file holds more than one document"),
    "document/duplicate-key": Rule("error", "refused", "a key stands twice in one mapping"),
    "document/too-large": Rule("error", "refused", "over 8 MiB, 100 levels or 200,000 nodes"),
    "document/not-naftiko": Rule("error", "refused", "no naftiko or ikanos version, or both"),
    "document/no-capability": Rule("error", "refused", "none of capability, consumes, aggregates, exposes, binds"),
    "document/too-old": Rule("error", "refused", "a version before 0.3"),
    "document/wrong-kind": Rule("error", "unavailable", "a known key has a value of the wrong kind"),
    "document/unknown-version": Rule("warning", "tolerated", "a version that is not known"),
    "document/older-version": Rule("info", "none", "a version below 1.0.0-alpha2"),
    "document/nothing-exposed": Rule("info", "none", "a document without exposes serves nothing"),
    "document/item-list": Rule("warning", "tolerated", "items has several entries; the first counts"),
    "document/both-keys": Rule("warning", "tolerated", "two spellings of one key differ"),
    "adapter/bad-port": Rule("error", "refused", "a port outside 1 to 65535"),
    "adapter/duplicate-namespace": Rule("error", "refused", "two exposed adapters with one namespace"),
    "adapter/unknown-type": Rule("error", "unavailable", "an adapter of an unknown type is not served"),
    "schema/invalid": Rule("warning", "tolerated", "the official schema is violated (only with --strict)"),
    "schema/missing": Rule("info", "none", "the official schema is not at hand, so it was not checked"),
    "bind/unused": Rule("info", "none", "a bind that no template uses"),
    "bind/undeclared-variable": Rule("warning", "tolerated", "a variable that no bind declares, read from the environment"),
    "bind/duplicate-variable": Rule("warning", "tolerated", "two binds declare one variable; the later counts"),
    "bind/outside-folder": Rule("warning", "tolerated", "a bind file outside the document's folder is not read"),
    "bind/unsupported-provider": Rule("warning", "tolerated", "a bind location of an unknown scheme"),
    "config/missing-variable": Rule("warning", "tolerated", "a variable has no value"),
    "config/base-uri": Rule("warning", "tolerated", "a placeholder of a base URI has no value"),
    "template/unsupported": Rule("error", "unavailable", "a template form that is not supported"),
    "template/unresolved": Rule("error", "unavailable", "a template name that nothing gives"),
    "dialect/unknown-key": Rule("warning", "tolerated", "a key that no version knows"),
    "dialect/misplaced-description": Rule("warning", "tolerated", "a description where the schema has none"),
    "dialect/consumed-parameter-type": Rule("warning", "tolerated", "type, required or description on a consumed parameter"),
    "dialect/info-title": Rule("warning", "tolerated", "info.title for label"),
    "dialect/missing-description": Rule("info", "none", "a tool, input or skill tool without description"),
    "dialect/identifier": Rule("warning", "tolerated", "a name outside the schema's pattern"),
    "dialect/bare-output": Rule("warning", "tolerated", "an object without properties or an array without items"),
    "dialect/output-type": Rule("warning", "tolerated", "an output type that the schema does not know"),
    "dialect/scope-word": Rule("warning", "tolerated", "rest. or tools. though no adapter has that namespace"),
    "dialect/variable-spelling": Rule("warning", "tolerated", "a variable written other than {{VAR}}"),
    "dialect/derived-tool-inputs": Rule("warning", "tolerated", "tool inputs derived from the consumed operation"),
    "dialect/derived-rest-inputs": Rule("warning", "tolerated", "REST inputs derived from the consumed operation"),
    "dialect/required-omitted": Rule("warning", "tolerated", "tool inputs without required that feed optional parameters"),
    "dialect/derived-body": Rule("warning", "tolerated", "a write without a declared body relays the caller's"),
    "dialect/body-scope-word": Rule("warning", "tolerated", "rest. or tools. in a consumed body"),
    "dialect/body-without-data": Rule("warning", "tolerated", "a body without data counts as none"),
    "dialect/body-member-with": Rule("warning", "tolerated", "a with entry replaces a member of the body"),
    "dialect/boolean-key": Rule("warning", "tolerated", "a boolean key that stands for a name"),
    "dialect/duplicate-path": Rule("warning", "tolerated", "several REST resources with one path"),
    "dialect/literal-after-placeholder": Rule("info", "none", "a literal path written after a templated one wins"),
    "dialect/exposed-query": Rule("warning", "tolerated", "a query or fragment in an exposed path"),
    "dialect/appended-path-parameter": Rule("warning", "tolerated", "a path parameter without placeholder is appended"),
    "dialect/auth-spelling": Rule("warning", "tolerated", "authentication written other than key, value, placement"),
    "dialect/auth-parameter": Rule("warning", "tolerated", "a consumed parameter that repeats the authentication"),
    "dialect/base-uri-placeholder": Rule("warning", "tolerated", "a placeholder in a base URI"),
    "dialect/missing-port": Rule("warning", "tolerated", "an adapter without port"),
    "dialect/empty-adapter": Rule("warning", "tolerated", "an adapter without operations"),
    "dialect/body-parameter": Rule("warning", "tolerated", "parameters in body without a body"),
    "dialect/parameter-location": Rule("warning", "tolerated", "a parameter without a known location"),
    "dialect/skill-location": Rule("warning", "tolerated", "a skill folder that is not there"),
    "dialect/skill-allowed-tools": Rule("warning", "tolerated", "allowed-tools separated by commas"),
    "dialect/spelling": Rule("warning", "tolerated", "a name matched though it is spelled differently"),
    "dialect/operation-path": Rule("warning", "tolerated", "a path on a consumed operation"),
    "dialect/operation-id": Rule("warning", "tolerated", "id for name"),
    "dialect/parameter-name": Rule("warning", "tolerated", "a parameter name that tool schemas show in a safe form"),
    "dialect/duplicate-parameter": Rule("warning", "tolerated", "a parameter twice in one list, or without name"),
    "dialect/call-form": Rule("warning", "tolerated", "a call with more or fewer parts than namespace.operation"),
    "dialect/body-type": Rule("warning", "tolerated", "a body type in another spelling"),
    "dialect/raw-format": Rule("warning", "tolerated", "outputRawFormat text or binary"),
    "dialect/duplicate-route": Rule("warning", "tolerated", "one REST method and path twice"),
    "dialect/consumed-output-mapping": Rule("warning", "tolerated", "a mapping that reads a consumed output"),
    "dialect/several-unnamed-outputs": Rule("warning", "tolerated", "several outputs without names"),
    "dialect/ambiguous-call": Rule("warning", "tolerated", "a call that several operations fit, settled by description or path"),
    "dialect/duplicate-tool-name": Rule("warning", "tolerated", "two tools with one name"),
    "dialect/with-undeclared": Rule("warning", "tolerated", "with keys of an operation that declares nothing"),
    "dialect/resource-name": Rule("info", "none", "a resource name placeholder whose slashes are encoded"),
    "dialect/unknown-type": Rule("warning", "tolerated", "an input type that is not known"),
    "path/js-length": Rule("warning", "tolerated", ".length in a JSONPath"),
    "path/invalid": Rule("error", "unavailable", "text that is no JSONPath"),
    "path/unplaced-parameter": Rule("error", "unavailable", "a path parameter without a place in the path"),
    "lint/operation-unused": Rule("info", "none", "consumed operations that nothing calls"),
    "lint/read-only-write": Rule("info", "none", "readOnly over a writing method"),
    "lint/method-differs": Rule("info", "none", "REST method and consumed method differ"),
    "lint/required-unfed": Rule("info", "none", "a required consumed parameter that with does not feed"),
    "lint/with-unused": Rule("warning", "tolerated", "a with key that matches nothing"),
    "auth/aws-needs-sigv4": Rule("warning", "tolerated", "an AWS host with an API key or token"),
    "auth/key-holds-secret": Rule("info", "none", "an API key block whose key is the secret"),
    "auth/unsupported-type": Rule("error", "unavailable", "an authentication type that is not supported"),
    "auth/incomplete": Rule("error", "unavailable", "an authentication block that lacks a part"),
    "auth/passthrough": Rule("warning", "tolerated", "a with entry names a credential that never goes upstream"),
    "auth/scheme-missing": Rule("warning", "tolerated", "an upstream wants a scheme before the key"),
    "call/unknown-operation": Rule("error", "unavailable", "call names no operation of that namespace"),
    "call/unknown-namespace": Rule("error", "unavailable", "call names no consumed namespace"),
    "call/ambiguous": Rule("error", "unavailable", "a call that several operations fit"),
    "call/nothing-to-run": Rule("error", "unavailable", "neither call, steps, ref nor constants"),
    "call/is-ref": Rule("warning", "tolerated", "call names an aggregate function"),
    "consumes/duplicate-namespace": Rule("warning", "tolerated", "one consumed namespace on several adapters"),
    "consumes/fragment": Rule("warning", "tolerated", "a fragment in a consumed path is not sent"),
    "consumes/query-in-path": Rule("warning", "tolerated", "a query in a consumed path"),
    "consumes/path-slash": Rule("warning", "tolerated", "a consumed path without leading slash"),
    "consumes/not-http": Rule("error", "unavailable", "a base URI that is not http or https"),
    "consumes/method-missing": Rule("warning", "tolerated", "a consumed operation without method is GET"),
    "consumes/unknown-method": Rule("error", "unavailable", "a method that HTTP upstreams are not called with"),
    "consumes/base-uri-query": Rule("error", "unavailable", "a query or fragment in a base URI"),
    "consumes/forbidden-header": Rule("warning", "tolerated", "a header that the runtime owns"),
    "consumes/tunnel-unsupported": Rule("error", "unavailable", "a tunnel, for which there is no transport"),
    "consumes/tunnel-direct": Rule("warning", "tolerated", "a tunnel with fallback direct"),
    "body/unknown-type": Rule("error", "unavailable", "a body type that is not known"),
    "format/unknown": Rule("error", "unavailable", "an outputRawFormat that is not known"),
    "format/schema-missing": Rule("error", "unavailable", "an outputRawFormat without its outputSchema"),
    "format/extra-missing": Rule("error", "unavailable", "an outputRawFormat whose extra is not installed"),
    "output/on-binary": Rule("warning", "tolerated", "outputs over a binary response are ignored"),
    "import/not-found": Rule("error", "unavailable", "an imported file is not there"),
    "import/unreadable": Rule("error", "unavailable", "an imported file is not YAML"),
    "import/unknown-namespace": Rule("error", "unavailable", "an imported file lacks that namespace"),
    "import/openapi": Rule("error", "unavailable", "an OpenAPI file where a consumes entry is expected"),
    "import/scheme": Rule("error", "unavailable", "an import location of an unknown scheme"),
    "import/outside-folder": Rule("error", "unavailable", "an import outside the document's folder"),
    "import/remote": Rule("error", "unavailable", "a remote import"),
    "import/cycle": Rule("error", "unavailable", "imports that lead back to themselves"),
    "import/name-missing": Rule("warning", "tolerated", "an import without the name of what to import"),
    "import/both-keys": Rule("warning", "tolerated", "an import with from and location"),
    "import/alias-ignored": Rule("warning", "tolerated", "an alias on a control adapter"),
    "steps/call-ignored": Rule("warning", "tolerated", "call beside steps"),
    "steps/unknown-type": Rule("error", "unavailable", "a step of an unknown type"),
    "steps/type-inferred": Rule("warning", "tolerated", "a step without type"),
    "steps/unnamed": Rule("warning", "tolerated", "a step without name"),
    "steps/duplicate-name": Rule("warning", "tolerated", "two steps with one name"),
    "steps/name-hides-input": Rule("warning", "tolerated", "a step named like an input"),
    "steps/name-reserved": Rule("warning", "tolerated", "a step named like a scope word or namespace"),
    "steps/unknown-step": Rule("error", "unavailable", "a reference to a step that did not run before"),
    "steps/bare-step-name": Rule("warning", "tolerated", "a step name alone is text"),
    "steps/continued": Rule("warning", "tolerated", "a failed step was passed over"),
    "lookup/incomplete": Rule("error", "unavailable", "a lookup without match or lookupValue"),
    "lookup/unwrapped": Rule("info", "none", "a lookup found its rows inside an object"),
    "script/incomplete": Rule("error", "unavailable", "a script step without language or file"),
    "script/unsafe-path": Rule("error", "unavailable", "a script outside its location"),
    "script/not-found": Rule("error", "unavailable", "a script that is not there"),
    "script/unsupported-language": Rule("error", "unavailable", "a script language that is not supported"),
    "script/engine-missing": Rule("error", "unavailable", "the scripts extra is not installed"),
    "script/disabled": Rule("warning", "tolerated", "scripts are switched off"),
    "mapping/duplicate-target": Rule("warning", "tolerated", "two mappings with one target"),
    "mapping/outputs-ignored": Rule("info", "none", "outputs with mappings beside mappings"),
    "mapping/without-steps": Rule("warning", "tolerated", "mappings without steps"),
    "ref/keys-ignored": Rule("warning", "tolerated", "keys beside ref that have no effect"),
    "ref/is-call": Rule("warning", "tolerated", "ref names a consumed operation"),
    "ref/unknown": Rule("error", "unavailable", "ref names no aggregate function"),
    "ref/unqualified": Rule("warning", "tolerated", "ref without namespace"),
    "ref/method-missing": Rule("warning", "tolerated", "a REST ref without method"),
    "ref/outputs-ignored": Rule("warning", "tolerated", "outputs beside a ref only describe"),
    "aggregate/nested-ref": Rule("error", "unavailable", "an aggregate function with ref"),
    "aggregate/namespace-missing": Rule("warning", "tolerated", "an aggregate without namespace"),
    "aggregate/duplicate-function": Rule("warning", "tolerated", "a function twice in an aggregate"),
    "rest/path-slash": Rule("warning", "tolerated", "an exposed path without leading slash"),
    "rest/method-missing": Rule("warning", "tolerated", "a REST operation without method is GET"),
    "rest/unknown-method": Rule("error", "unavailable", "a REST method that cannot be served"),
    "rest/route-taken": Rule("warning", "tolerated", "a route that an earlier document serves"),
    "rest/route-hidden": Rule("warning", "tolerated", "a route that the runtime's own paths hide"),
    "rest/unknown-target": Rule("error", "unavailable", "forward names no consumed namespace"),
    "listener/overlap": Rule("error", "unavailable", "one port on overlapping addresses"),
    "listener/control-shared": Rule("error", "unavailable", "a control adapter on another adapter's port"),
    "mcp/tool-name": Rule("warning", "tolerated", "a tool name that clients refuse is listed in a safe form"),
    "mcp/namespace-taken": Rule("warning", "tolerated", "two MCP adapters with one namespace on a listener"),
    "mcp/stdio-twice": Rule("error", "unavailable", "a second stdio adapter"),
    "mcp/stdio-keys": Rule("warning", "tolerated", "port, address or authentication on a stdio adapter"),
    "mcp/cache-scope": Rule("warning", "tolerated", "cacheScope public beside authentication"),
    "mcp/bad-ttl": Rule("error", "unavailable", "a negative ttlMs"),
    "mcp/resource-folder": Rule("warning", "tolerated", "a resource folder that is not there"),
    "mcp/resource-taken": Rule("warning", "tolerated", "two resources with one URI"),
    "skill/name-taken": Rule("warning", "tolerated", "two skills with one name"),
    "skill/tool-source": Rule("warning", "tolerated", "a skill tool whose source is not there"),
    "skill/tool-described": Rule("warning", "tolerated", "a skill tool with neither from nor instruction"),
    "control/open": Rule("warning", "tolerated", "a control adapter open to the network"),
    "otel/exporter": Rule("warning", "tolerated", "an exporter that cannot be used"),
    "reload/restart-needed": Rule("warning", "tolerated", "a change that needs a restart"),
    "rest/both-responses": Rule("error", "unavailable", "responses and responseBinary on one operation"),
    "size/bare-number": Rule("warning", "tolerated", "a size without unit is bytes"),
}


class Found:
    """Collects the problems of one document; ``add`` never raises, so all of them are reported."""

    def __init__(self) -> None:
        self._each: list[Diagnostic] = []

    def add(
        self, code: str, place: Place, message: str, *, severity: Severity | None = None
    ) -> Diagnostic:
        """Record one problem and return it; severity and effect are the code's own."""
        rule = CODES[code]
        diagnostic = Diagnostic(code, severity or rule.severity, rule.effect, place, message)
        self._each.append(diagnostic)
        return diagnostic

    def extend(self, diagnostics: Iterator[Diagnostic] | tuple[Diagnostic, ...]) -> None:
        self._each.extend(diagnostics)

    @property
    def refused(self) -> bool:
        return any(diagnostic.effect == "refused" for diagnostic in self._each)

    def merged(self) -> tuple[Diagnostic, ...]:
        """Return one diagnostic per code, in the order first found (language.md 1.9)."""
        return merged(self._each)


def merged(diagnostics: list[Diagnostic] | tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    """Return one diagnostic per file and code: the first place, the count, the first ten places."""
    groups: dict[tuple[str, str], list[Diagnostic]] = {}
    for diagnostic in diagnostics:
        groups.setdefault((diagnostic.place.file, diagnostic.code), []).append(diagnostic)
    return tuple(_folded(group) for group in groups.values())


def _folded(group: list[Diagnostic]) -> Diagnostic:
    first = group[0]
    if len(group) == 1:
        return first
    places = tuple(diagnostic.place for diagnostic in group)
    return Diagnostic(
        first.code,
        first.severity,
        first.effect,
        first.place,
        first.message,
        sum(diagnostic.count for diagnostic in group),
        places[:10],
    )
