"""One sentence for every key of a document, shown by editors (orchestration.md 6.13).

A line is ``KIND.KEY SENTENCE``; ``*.KEY`` is for all kinds without a line of their own.
"""

from collections.abc import Mapping
from typing import Final

_TABLE: Final = """
*.name What this is called; references use it, so it is unique in its list.
*.label Short name for people.
*.description What this is and when to use it, in sentences (Markdown).
*.tags Words to find this by.
*.namespace What references call this; unique in the document.
*.authentication Who may call (exposed), or how the API is called (consumed).
*.inputParameters What callers give; a list with name, or a map by name.
*.outputParameters What is answered; a list, or a map by name. Without any: all of it.
*.address Address to listen on; this machine only when left out.
*.port Port to listen on, 1 to 65535.
*.cors Which browsers' pages may read the answers.
*.lifecycle Stage of life, for people and tools: experimental, stable, deprecated …
*.call The consumed operation that runs, as namespace.operation.
*.with Values for parameters: a reference as rest.NAME or tools.NAME, a template, or a value.
*.steps What runs in order instead of one call; a list with name, or a map by name.
*.ref The aggregate function that runs, as namespace.function.
*.mappings Members of the result, made of the values of steps.
*.semantics What the function does to the world; hints for MCP clients follow from it.
*.resources Paths with their operations; a list, or a map by name.
*.operations The methods of this path; a list with name, or a map by name.
*.maxBinarySize Largest binary answer that is decoded, as 5MiB (default 10MiB).
*.outputMediaType Media type of a binary or text answer, as application/pdf.
*.enabled Whether this is switched on.
*.local What the control port itself serves.
*.location Where the files are: a path relative to the document.
*.enum The values that are allowed.
*.format Format of a text, as date-time; shown to callers.
*.example A value that shows what is meant.
*.properties The members of an object, by name.
*.items What each element of an array is.
*.required Whether the value must be there.
*.minLength Least number of characters.
*.maxLength Greatest number of characters.
*.type What kind this is.
document.info What the capability is, for people.
document.binds Where variables come from.
document.consumes The HTTP APIs that are called.
document.aggregates Functions that several adapters share.
document.exposes The adapters that serve: rest, mcp, skill, control.
document.capability What is consumed, shared and exposed.
document.externalRefs Binds, as older versions call them.
document.naftiko Version of the language, as 1.0.0-alpha2.
document.ikanos Version of the language in its later family, as 1.0.0-beta5.
info.version Version of the capability itself.
info.labels Names and values for tools.
info.created Date of the first version, as 2026-01-31.
info.modified Date of the last change, as 2026-01-31.
info.stakeholders The people behind the capability.
stakeholder.role What the person does: owner, editor, reviewer …
stakeholder.fullName The person's name.
stakeholder.email Where to write to the person.
bind.location File or folder that holds the values; the environment when left out.
bind.keys Variable for templates → name in the source.
consumes.type The kind of API; http.
consumes.baseUri What every path begins with, as https://api.shop.example/v1.
consumes.inputParameters Parameters of every request.
consumes.tunnel A private network in front of the API.
consumed-resource.path Path after baseUri, with {{name}} for values.
consumed-resource.inputParameters Parameters of every operation of this path.
consumed-operation.method GET, POST, PUT, PATCH, DELETE, HEAD or OPTIONS.
consumed-operation.path Further path after the resource's.
consumed-operation.inputParameters Parameters of the request.
consumed-operation.body The request body: a map with type and data, or text.
consumed-operation.outputRawFormat What the answer is written in; JSON when left out.
consumed-operation.outputSchema Schema file (avro, protobuf), selector (html), heading (markdown).
consumed-operation.outputParameters Named parts of the answer, for steps and mappings.
consumed-output.value JSONPath of the part, as $.id.
consumed-output.mapping JSONPath of the part, as $.id.
consumed-output.const A constant in place of a part of the answer.
consumed-output.values What every member is, whatever its name.
parameter.in Where the value goes: path, query, header, cookie, body or environment.
parameter.value Constant or template; a caller cannot override it.
parameter.type Type of the value, for checks and tool schemas.
parameter.default Value when a caller gives none.
parameter.pattern Regular expression that the whole text must match.
parameter.minimum Least number.
parameter.maximum Greatest number.
input.in Where the caller puts the value: path, query, header, cookie or body.
input.value Constant or template; a caller cannot override it.
input.type Type of the value: string, integer, number, boolean, array or object.
input.default Value when a caller gives none.
input.pattern Regular expression that the whole text must match.
input.minimum Least number.
input.maximum Greatest number.
output.type Type of the value: string, integer, number, boolean, array or object.
output.mapping JSONPath into the answer, as $.items[*].id.
output.value A constant or template in place of a part of the answer.
output.const A constant, as older versions write value.
output.values What every member is, whatever its name.
output.maxLength Longest text; a longer one is cut.
authentication.type bearer, basic, digest, apikey, oauth2, token-refresh, aws-sig-v4 or none.
authentication.username User name.
authentication.password Password, usually a template as {{PASSWORD}}.
authentication.token Bearer token, usually a template as {{TOKEN}}.
authentication.key Name of the header, query parameter or cookie.
authentication.value The secret, usually a template as {{API_KEY}}.
authentication.placement Where a key goes: header (default), query, cookie or body.
authentication.headers Several headers with their secrets.
authentication.parameters Several query parameters with their secrets.
authentication.accessKeyId AWS access key id.
authentication.secretKey AWS secret key, usually a template.
authentication.sessionToken AWS session token.
authentication.region AWS region, as eu-west-1.
authentication.service AWS service, as execute-api.
authentication.tokenEndpoint URL that tokens come from; a relative one counts from baseUri.
authentication.grantType client-credentials (default) or refresh-token.
authentication.clientId Client id of OAuth 2.
authentication.clientSecret Client secret of OAuth 2, usually a template.
authentication.clientAuthentication basic sends the client's id and secret as a header.
authentication.scope Scopes as one text.
authentication.scopes Scopes: those asked for (consumed), or one of which a caller needs (exposed).
authentication.audience Audience of the token.
authentication.resource Resource that the token is for (RFC 8707).
authentication.refreshToken Long-lived token that short ones are fetched with, usually a template.
authentication.request JSON body of the token request (token-refresh).
authentication.tokenField JSONPath of the token in the reply.
authentication.expiresInField JSONPath of the token's life in seconds in the reply.
authentication.headerName Header for the token, with placement header.
authentication.paramName Query parameter for the token, with placement query.
authentication.safetyMargin Seconds before its end at which a token is renewed (60).
authentication.authorizationServerUri Issuer of the tokens that callers bring.
authentication.tokenValidation How tokens are checked: jwks (default) or introspection.
authentication.optional Whether callers without credentials are let in.
named-value.name Name of the header or query parameter.
named-value.value The secret, usually a template.
body.type What the body is sent as: json, text, xml, formUrlEncoded … or a media type.
body.data The body; templates as {{name}} stand for values.
tunnel.type Kind of the private network.
tunnel.service Name of the API in that network.
tunnel.identity The variable that holds this process's identity.
tunnel.fallback direct calls the API without the tunnel.
aggregate.functions The functions; a list with name, or a map by name.
step.type call, lookup or script.
step.onError What a failure does: stop (default) or continue.
step.index The earlier step whose rows are looked through.
step.match The member of a row that is compared.
step.lookupValue What is looked for: a reference, a template or a value.
step.outputParameters The members of the found row that are kept.
step.language javascript or python.
step.location Folder of the script, relative to the document.
step.file The script, relative to location.
step.dependencies Scripts that run before it.
mapping.targetName Where the value goes in the result; dots make nested objects.
mapping.value A reference into a step as $.STEP.MEMBER, a template, or a value.
semantics.safe Whether it only reads.
semantics.idempotent Whether running it twice is as running it once.
semantics.cacheable Whether its answer may be kept.
hints.readOnly Whether the tool only reads.
hints.destructive Whether the tool may destroy something.
hints.idempotent Whether calling it twice is as calling it once.
hints.openWorld Whether it reaches beyond this system.
rest.type A REST API.
rest.inputParameters Inputs of every operation.
rest-resource.path Path of the resource, with {name} for values.
rest-resource.inputParameters Inputs of every operation of this path.
rest-resource.forward Passes every request on to a consumed API.
rest-operation.method GET, POST, PUT, PATCH or DELETE.
rest-operation.path Further path after the resource's.
rest-operation.responses Answers by status, for the OpenAPI description.
rest-operation.responseBinary The media type of a binary answer.
response-binary.status Status of the answer.
response-binary.mediaType Media type of the answer, as image/png.
forward.targetNamespace The consumed API that requests go to.
forward.trustedHeaders Headers of the caller that are passed on.
cors.origins Origins whose pages may read answers, as https://app.example.
cors.headers Request headers that pages may send.
cors.credentials Whether pages may send cookies and credentials.
cors.maxAge Seconds that browsers may keep this.
mcp.type An MCP server.
mcp.transport http (default) or stdio.
mcp.tools The tools; a list with name, or a map by name.
mcp.resources Resources and resource templates; a list, or a map by name.
mcp.prompts Prompts; a list, or a map by name.
mcp.ttlMs Milliseconds that clients may keep lists and results.
mcp.cacheScope Who may keep them: private (default) or public.
tool.hints What clients should know before they call.
tool.contentBlocks Whether the result is a list of MCP content blocks, sent as they are.
tool.confirm A question that is put to the user before the tool runs.
mcp-resource.uri URI of the resource; {name} makes it a template.
mcp-resource.mimeType Media type of the contents.
mcp-resource.binary Whether the contents are bytes.
mcp-resource.location Folder whose files are served, relative to the document.
prompt.arguments What the user gives; a list, or a map by name.
prompt.template The messages, with {{name}} for arguments.
prompt.location File that holds the messages, relative to the document.
message.role user (default) or assistant.
message.content Text of the message, with {{name}} for arguments.
skill.type A catalogue of Agent Skills.
skill.skills The skills; a list with name, or a map by name.
skill-entry.license Licence of the skill.
skill-entry.compatibility What the skill needs to run.
skill-entry.argument-hint What the user may type after the skill's name.
skill-entry.allowed-tools Tools that the skill may use without asking.
skill-entry.user-invocable Whether the user may start it by name.
skill-entry.disable-model-invocation Whether only the user may start it.
skill-entry.metadata Names and values for tools.
skill-entry.location Folder with the skill's files, relative to the document.
skill-entry.tools The skill's tools; a list with name, or a map by name.
skill-tool.from The adapter's operation or tool that this stands for.
skill-tool.instruction File with instructions, in the skill's folder.
skill-source.sourceNamespace Namespace of the adapter.
skill-source.action Name of its operation or tool.
control.type The operator's port.
control.management Which routes the port has.
control.observability What is recorded and where it goes.
management.health Whether /health is there.
management.info Whether /status and /config are there.
management.reload Whether /config/reload is there.
management.validate Whether /config/validate is there.
management.logs Whether log routes are there: true, or which.
management.scripting Settings of script steps.
log-settings.level-control Whether the level can be changed.
log-settings.stream Whether the log can be followed.
log-settings.max-subscribers Most followers at once.
scripting.defaultLocation Folder of scripts that name none.
scripting.defaultLanguage Language of scripts that name none.
scripting.timeout Milliseconds that a script may take.
scripting.statementLimit Statements that a script may take; shown, the time counts.
scripting.allowedLanguages Languages that may run.
observability.metrics What is counted.
observability.traces What is traced.
observability.exporters Where it is sent.
traces.sampling Part of the requests that is traced, 0 to 1.
traces.propagation How traces travel: w3c (default) or b3.
local-traces.buffer-size Traces that are kept.
exporters.otlp An OpenTelemetry receiver.
otlp.endpoint URL of the receiver.
import.from File that the entry is taken from, relative to the document.
import.location File that the entry is taken from; from is its later name.
import.import Namespace of the entry in that file.
import.as Namespace that it has here.
"""


def _row(line: str) -> tuple[str, str]:
    key, sentence = line.split(maxsplit=1)
    return key, sentence


_SENTENCES: Final[Mapping[str, str]] = dict(_row(line) for line in _TABLE.strip().splitlines())


def description_of(kind: str, key: str) -> str | None:
    """Return the sentence for a key of a kind of map; None for a key that has none."""
    return _SENTENCES.get(f"{kind}.{key}") or _SENTENCES.get(f"*.{key}")
