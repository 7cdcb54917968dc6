"""Every diagnostic code: how grave it is, with what effect, in one sentence.

The table is text because it is read by people first; ``docs/diagnostics.md`` says more of each.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple, get_args

from naftiko_runtime.errors import Effect, Severity


class Rule(NamedTuple):
    """What a code always means."""

    severity: Severity
    effect: Effect
    summary: str


_TABLE: Final = """
document/not-yaml error refused the text is not YAML 1.2
document/not-utf8 error refused the file is not UTF-8
document/several error refused the file holds more than one document
document/duplicate-key error refused a key stands twice in one mapping
document/too-large error refused over 8 MiB, 100 levels or 200,000 nodes
document/not-naftiko error refused no naftiko or ikanos version, or both
document/no-capability error refused none of capability, consumes, aggregates, exposes, binds
document/too-old error refused a version before 0.3
document/wrong-kind error unavailable a known key has a value of the wrong kind
document/unknown-version warning tolerated a version that is not known
document/older-version info none a version below 1.0.0-alpha2
document/nothing-exposed info none a document without exposes serves nothing
document/item-list warning tolerated items has several entries; the first counts
document/both-keys warning tolerated two spellings of one key differ
adapter/bad-port error refused a port outside 1 to 65535
adapter/duplicate-namespace error refused two exposed adapters with one namespace
adapter/unknown-type error unavailable an adapter of an unknown type is not served
schema/invalid warning tolerated the official schema is violated (only with --strict)
schema/missing info none the official schema is not at hand, so it was not checked
bind/unused info none a bind that no template uses
bind/undeclared-variable warning tolerated a variable that no bind declares, from the environment
bind/duplicate-variable warning tolerated two binds declare one variable; the later counts
bind/outside-folder warning tolerated a bind file outside the document's folder is not read
bind/unsupported-provider warning tolerated a bind location of an unknown scheme
config/missing-variable warning tolerated a variable has no value
config/base-uri warning tolerated a placeholder of a base URI has no value
template/unsupported error unavailable a template form that is not supported
template/unresolved error unavailable a template name that nothing gives
dialect/unknown-key warning tolerated a key that no version knows
dialect/misplaced-description warning tolerated a description where the schema has none
dialect/consumed-parameter-type warning tolerated type, required or description where consumed
dialect/info-title warning tolerated info.title for label
dialect/missing-description info none a tool, input or skill tool without description
dialect/identifier warning tolerated a name outside the schema's pattern
dialect/bare-output warning tolerated an object without properties or an array without items
dialect/output-type warning tolerated an output type that the schema does not know
dialect/scope-word warning tolerated rest. or tools. though no adapter has that namespace
dialect/variable-spelling warning tolerated a variable written other than {{VAR}}
dialect/derived-tool-inputs warning tolerated tool inputs derived from the consumed operation
dialect/derived-rest-inputs warning tolerated REST inputs derived from the consumed operation
dialect/required-omitted warning tolerated tool inputs without required for optional parameters
dialect/derived-body warning tolerated a write without a declared body relays the caller's
dialect/body-scope-word warning tolerated rest. or tools. in a consumed body
dialect/body-without-data warning tolerated a body without data counts as none
dialect/body-member-with warning tolerated a with entry replaces a member of the body
dialect/boolean-key warning tolerated a boolean key that stands for a name
dialect/duplicate-path warning tolerated several REST resources with one path
dialect/literal-after-placeholder info none a literal path written after a templated one wins
dialect/exposed-query warning tolerated a query or fragment in an exposed path
dialect/appended-path-parameter warning tolerated a path parameter without placeholder is appended
dialect/auth-spelling warning tolerated authentication written other than key, value, placement
dialect/auth-parameter warning tolerated a consumed parameter that repeats the authentication
dialect/base-uri-placeholder warning tolerated a placeholder in a base URI
dialect/missing-port warning tolerated an adapter without port
dialect/empty-adapter warning tolerated an adapter without operations
dialect/body-parameter warning tolerated parameters in body without a body
dialect/parameter-location warning tolerated a parameter without a known location
dialect/skill-location warning tolerated a skill folder that is not there
dialect/skill-allowed-tools warning tolerated allowed-tools separated by commas
dialect/spelling warning tolerated a name matched though it is spelled differently
dialect/operation-path warning tolerated a path on a consumed operation
dialect/operation-id warning tolerated id for name
dialect/parameter-name warning tolerated a parameter name that tool schemas show in a safe form
dialect/duplicate-parameter warning tolerated a parameter twice in one list, or without name
dialect/call-form warning tolerated a call with more or fewer parts than namespace.operation
dialect/body-type warning tolerated a body type in another spelling
dialect/raw-format warning tolerated outputRawFormat text or binary
dialect/duplicate-route warning tolerated one REST method and path twice
dialect/consumed-output-mapping warning tolerated a mapping that reads a consumed output
dialect/several-unnamed-outputs warning tolerated several outputs without names
dialect/ambiguous-call warning tolerated a call that several operations fit, settled
dialect/duplicate-tool-name warning tolerated two tools with one name
dialect/with-undeclared warning tolerated with keys of an operation that declares nothing
dialect/resource-name info none a resource name placeholder whose slashes are encoded
dialect/unknown-type warning tolerated an input type that is not known
path/js-length warning tolerated .length in a JSONPath
path/invalid error unavailable text that is no JSONPath
path/unplaced-parameter error unavailable a path parameter without a place in the path
lint/operation-unused info none consumed operations that nothing calls
lint/read-only-write info none readOnly over a writing method
lint/method-differs info none REST method and consumed method differ
lint/required-unfed info none a required consumed parameter that with does not feed
lint/with-unused warning tolerated a with key that matches nothing
auth/aws-needs-sigv4 warning tolerated an AWS host with an API key or token
auth/key-holds-secret info none an API key block whose key is the secret
auth/unsupported-type error unavailable an authentication type that is not supported
auth/incomplete error unavailable an authentication block that lacks a part
auth/passthrough warning tolerated a with entry names a credential that never goes upstream
auth/scheme-missing warning tolerated an upstream wants a scheme before the key
call/unknown-operation error unavailable call names no operation of that namespace
call/unknown-namespace error unavailable call names no consumed namespace
call/ambiguous error unavailable a call that several operations fit
call/nothing-to-run error unavailable neither call, steps, ref nor constants
call/is-ref warning tolerated call names an aggregate function
consumes/duplicate-namespace warning tolerated one consumed namespace on several adapters
consumes/fragment warning tolerated a fragment in a consumed path is not sent
consumes/query-in-path warning tolerated a query in a consumed path
consumes/path-slash warning tolerated a consumed path without leading slash
consumes/not-http error unavailable a base URI that is not http or https
consumes/method-missing warning tolerated a consumed operation without method is GET
consumes/unknown-method error unavailable a method that HTTP upstreams are not called with
consumes/base-uri-query error unavailable a query or fragment in a base URI
consumes/forbidden-header warning tolerated a header that the runtime owns
consumes/tunnel-unsupported error unavailable a tunnel, for which there is no transport
consumes/tunnel-direct warning tolerated a tunnel with fallback direct
body/unknown-type error unavailable a body type that is not known
format/unknown error unavailable an outputRawFormat that is not known
format/schema-missing error unavailable an outputRawFormat without its outputSchema
format/extra-missing error unavailable an outputRawFormat whose extra is not installed
output/on-binary warning tolerated outputs over a binary response are ignored
import/not-found error unavailable an imported file is not there
import/unreadable error unavailable an imported file is not YAML
import/unknown-namespace error unavailable an imported file lacks that namespace
import/openapi error unavailable an OpenAPI file where a consumes entry is expected
import/scheme error unavailable an import location of an unknown scheme
import/outside-folder error unavailable an import outside the document's folder
import/remote error unavailable a remote import
import/cycle error unavailable imports that lead back to themselves
import/name-missing warning tolerated an import without the name of what to import
import/both-keys warning tolerated an import with from and location
import/alias-ignored warning tolerated an alias on a control adapter
steps/call-ignored warning tolerated call beside steps
steps/unknown-type error unavailable a step of an unknown type
steps/type-inferred warning tolerated a step without type
steps/unnamed warning tolerated a step without name
steps/duplicate-name warning tolerated two steps with one name
steps/name-hides-input warning tolerated a step named like an input
steps/name-reserved warning tolerated a step named like a scope word or namespace
steps/unknown-step error unavailable a reference to a step that did not run before
steps/bare-step-name warning tolerated a step name alone is text
steps/continued warning tolerated a failed step was passed over
lookup/incomplete error unavailable a lookup without match or lookupValue
lookup/unwrapped info none a lookup found its rows inside an object
script/incomplete error unavailable a script step without language or file
script/unsafe-path error unavailable a script outside its location
script/not-found error unavailable a script that is not there
script/unsupported-language error unavailable a script language that is not supported
script/engine-missing error unavailable the scripts extra is not installed
script/disabled warning tolerated scripts are switched off
mapping/duplicate-target warning tolerated two mappings with one target
mapping/outputs-ignored info none outputs with mappings beside mappings
mapping/without-steps warning tolerated mappings without steps
ref/keys-ignored warning tolerated keys beside ref that have no effect
ref/is-call warning tolerated ref names a consumed operation
ref/unknown error unavailable ref names no aggregate function
ref/unqualified warning tolerated ref without namespace
ref/method-missing warning tolerated a REST ref without method
ref/outputs-ignored warning tolerated outputs beside a ref only describe
aggregate/nested-ref error unavailable an aggregate function with ref
aggregate/namespace-missing warning tolerated an aggregate without namespace
aggregate/duplicate-function warning tolerated a function twice in an aggregate
rest/path-slash warning tolerated an exposed path without leading slash
rest/method-missing warning tolerated a REST operation without method is GET
rest/unknown-method error unavailable a REST method that cannot be served
rest/route-taken warning tolerated a route that an earlier document serves
rest/route-hidden warning tolerated a route that the runtime's own paths hide
rest/unknown-target error unavailable forward names no consumed namespace
listener/overlap error unavailable one port on overlapping addresses
listener/control-shared error unavailable a control adapter on another adapter's port
mcp/tool-name warning tolerated a tool name that clients refuse is listed in a safe form
mcp/namespace-taken warning tolerated two MCP adapters with one namespace on a listener
mcp/stdio-twice error unavailable a second stdio adapter
mcp/stdio-keys warning tolerated port, address or authentication on a stdio adapter
mcp/cache-scope warning tolerated cacheScope public beside authentication
mcp/bad-ttl error unavailable a negative ttlMs
mcp/resource-folder warning tolerated a resource folder that is not there
mcp/resource-taken warning tolerated two resources with one URI
skill/name-taken warning tolerated two skills with one name
skill/tool-source warning tolerated a skill tool whose source is not there
skill/tool-described warning tolerated a skill tool with neither from nor instruction
control/open warning tolerated a control adapter open to the network
otel/exporter warning tolerated an exporter that cannot be used
reload/restart-needed warning tolerated a change that needs a restart
rest/both-responses error unavailable responses and responseBinary on one operation
size/bare-number warning tolerated a size without unit is bytes
"""

_SEVERITIES: Final[Mapping[str, Severity]] = {name: name for name in get_args(Severity)}
_EFFECTS: Final[Mapping[str, Effect]] = {name: name for name in get_args(Effect)}


def _row(line: str) -> tuple[str, Rule]:
    code, severity, effect, summary = line.split(maxsplit=3)
    return code, Rule(_SEVERITIES[severity], _EFFECTS[effect], summary)


CODES: Final[Mapping[str, Rule]] = dict(_row(line) for line in _TABLE.strip().splitlines())
