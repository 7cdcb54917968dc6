"""Every rule of orchestration.md 8.2 and 8.3: what it finds, how grave, and at which value."""

from pathlib import Path

import pytest

from naftiko_runtime.errors import Diagnostic, Severity
from naftiko_runtime.lint.catalogue import RULES, rule_id, with_overrides
from naftiko_runtime.lint.check import LintOptions, judged
from naftiko_runtime.options import Settings

EVERYWHERE = "0.0.0.0"  # noqa: S104 - judged, never bound
UP = "{namespace: up, description: Up, baseUri: http://up.test, resources: [{name: a, path: /a, operations: [{name: get, method: GET}, {name: post, method: POST}]}]}"
TOOL = "{name: t, description: Reads one thing, call: up.get}"


def text(
    *, consumes: str = UP, exposes: str = "", binds: str = "[]", more: str = "", mcp: str = TOOL
) -> str:
    """A document that no rule finds anything in, but for what is put into it."""
    adapter = exposes or f"{{type: mcp, namespace: m, port: 9090, tools: [{mcp}]}}"
    return (
        "naftiko: 1.0.0-alpha2\n"
        f"binds: {binds}\n"
        f"{more}"
        "capability:\n"
        f"  consumes:\n    - {consumes}\n"
        f"  exposes:\n    - {adapter}\n"
    )


def found(
    document: str,
    *,
    rules: dict[str, Severity | None] | None = None,
    host: str | None = None,
    settings: Settings | None = None,
    file: str = "t.yml",
) -> list[Diagnostic]:
    options = LintOptions(
        settings=settings or Settings(timeout={"*": 30.0}), host=host, severities=rules or {}
    )
    report = judged(file, options, text=document.encode())
    return [each for each in report.each if each.code.startswith("lint/")]


def at(document: str, diagnostic: Diagnostic) -> str:
    """The text that a finding points at."""
    line = document.splitlines()[diagnostic.place.line - 1]
    return line[diagnostic.place.column - 1 :]


def adapter(keys: str, kind: str = "rest") -> str:
    return f"{{type: {kind}, namespace: x, port: 8080, {keys}}}"


def resource(keys: str) -> str:
    return adapter(f"resources: [{{description: d, {keys}}}]")


def steps(written: str, more: str = "") -> str:
    return text(mcp=f"{{name: t, description: Reads one thing, steps: [{written}]{more}}}")


def auth(block: str) -> str:
    return text(
        consumes=UP.replace("resources:", f"authentication: {block}, resources:"),
        binds="[{namespace: env, keys: {T: T, REGISTRY_TOKEN: R}}]",
    )


def function(keys: str, exposes: str) -> str:
    aggregate = (
        f"[{{namespace: agg, functions: [{{name: f, description: d, call: up.get, {keys}}}]}}]"
    )
    return text(exposes=exposes).replace("  consumes:", f"  aggregates: {aggregate}\n  consumes:")


GET = "call: s0, type: call, name: s0"
LOOK = "type: lookup, match: id, lookupValue: '{{id}}'"

CASES: list[tuple[str, str, Severity, str]] = [
    ("namespaces-unique", text(exposes=adapter("tools: []", "mcp").replace("namespace: x", "namespace: up")), "warning", "up"),
    ("namespaces-unique", text(binds="[{namespace: e, keys: {}}, {namespace: e, keys: {}}]"), "error", "e, keys: {}}]"),
    ("consumes-baseuri-no-trailing-slash", text(consumes=UP.replace("up.test", "up.test/")), "warning", "http://up.test/"),
    ("consumed-resource-no-query-in-path", text(consumes=UP.replace("/a,", "'/a?b=1',")), "warning", "'/a?b=1'"),
    ("rest-resource-path-no-trailing-slash", text(exposes=resource("path: /x/, operations: []")), "warning", "/x/"),
    ("rest-resource-path-no-query", text(exposes=resource("path: '/x?a=1', operations: []")), "warning", "'/x?a=1'"),
    ("address-not-example", text(exposes=adapter("address: api.example.com, resources: []")), "warning", "api.example.com"),
    ("aggregate-function-description", function("", adapter("resources: []")).replace("description: d, call", "call"), "warning", "{name: f"),
    ("aggregate-semantics-consistency", function("semantics: {safe: true}", "{type: mcp, namespace: m, port: 1, tools: [{name: t, description: Reads one thing, ref: agg.f, hints: {readOnly: false}}]}"), "warning", "false"),
    ("aggregate-semantics-consistency", function("semantics: {safe: true}", "{type: mcp, namespace: m, port: 1, tools: [{name: t, description: Reads one thing, ref: agg.f, hints: {destructive: true}}]}"), "warning", "true"),
    ("aggregate-semantics-consistency", function("semantics: {idempotent: true}", "{type: mcp, namespace: m, port: 1, tools: [{name: t, description: Reads one thing, ref: agg.f, hints: {idempotent: false}}]}"), "warning", "false"),
    ("aggregate-semantics-consistency", function("semantics: {safe: true}", resource("path: /x, operations: [{method: DELETE, ref: agg.f}]")), "warning", "DELETE"),
    ("aggregate-semantics-consistency", function("semantics: {safe: false, idempotent: true}", resource("path: /x, operations: [{method: POST, ref: agg.f}]")), "warning", "POST"),
    ("mcp-auth-stdio-conflict", text(exposes=adapter(f"transport: stdio, authentication: {{type: bearer, token: '{{{{T}}}}'}}, tools: [{TOOL}]", "mcp")), "warning", "{type: bearer"),
    ("oauth2-https-authserver", text(exposes=adapter("authentication: {type: oauth2, scopes: [a], authorizationServerUri: http://id.shop.example, resource: https://r.test}, resources: []")), "error", "http://id"),
    ("oauth2-resource-https", text(exposes=adapter("authentication: {type: oauth2, scopes: [a], authorizationServerUri: https://id.test, resource: http://r.shop.example}, resources: []")), "warning", "http://r"),
    ("oauth2-scopes-defined", text(exposes=adapter("authentication: {type: oauth2, authorizationServerUri: https://id.test, resource: https://r.test}, resources: []")), "warning", "{type: oauth2"),
    ("consumes-description", text(consumes=UP.replace("description: Up, ", "")), "warning", "{namespace: up"),
    ("rest-resource-description", text(exposes=adapter("resources: [{path: /x, operations: []}]")), "warning", "{path: /x"),
    ("steps-name-pattern", steps("{name: a b, type: call, call: up.get}"), "warning", "a b"),
    ("no-script-tags-in-markdown", text(more="info: {label: l, description: 'a <script>x</script>'}\n"), "error", "'a <script>"),
    ("no-eval-in-markdown", text(consumes=UP.replace("description: Up", "description: eval(x)")), "error", "eval(x)"),
    ("control-port-singleton-and-unique", text(exposes="{type: control, port: 9}\n    - {type: control, port: 10}"), "error", "{type: control, port: 10"),
    ("control-port-singleton-and-unique", text(exposes="{type: rest, namespace: r, port: 9, resources: []}\n    - {type: control, port: 9}"), "error", "9}"),
    ("script-defaults-required", steps("{name: a, type: script, file: a.py, location: .}"), "error", "{name: a"),
    ("script-defaults-required", steps("{name: a, type: script, file: a.py, language: python}"), "error", "{name: a"),
    ("exposes-namespace-required", text(exposes="{type: rest, port: 8080, resources: []}"), "error", "{type: rest"),
    ("aggregates-namespace-required", function("", adapter("resources: []")).replace("namespace: agg, ", "label: Agg, "), "error", "{label: Agg"),
    ("aggregates-unique-function-name", function("", adapter("resources: []")).replace("functions: [", "functions: [{name: f, description: d, call: up.get}, "), "error", "f, description: d, call: up.get, }"),
    ("tunnel-identity-must-bind", text(consumes=UP.replace("resources:", "tunnel: {type: ziti, service: s, identity: '{{NOPE}}'}, resources:")), "error", "'{{NOPE}}'"),
    ("tunnel-fallback-direct-warns", text(consumes=UP.replace("resources:", "tunnel: {type: ziti, service: s, fallback: direct}, resources:")), "warning", "direct"),
    ("tunnel-with-public-baseuri-warns", text(consumes=UP.replace("http://up.test", "https://up.shop.example").replace("resources:", "tunnel: {type: ziti, service: s}, resources:")), "info", "https://up.shop"),
    ("plain-http", text(consumes=UP.replace("http://up.test", "http://api.shop.example")), "warning", "http://api"),
    ("plain-http", auth("{type: bearer, token: '{{T}}'}").replace("http://up.test", "http://api.shop.example"), "error", "http://api"),
    ("plain-http", auth("{type: oauth2, tokenEndpoint: http://id.shop.example/t, clientId: c}"), "error", "http://id"),
    ("open-listener", text(exposes=adapter(f"address: 0.0.0.0, tools: [{TOOL}]", "mcp")), "warning", EVERYWHERE),
    ("open-listener", auth("{type: bearer, token: '{{T}}'}").replace("type: mcp,", "type: mcp, address: 0.0.0.0,"), "error", EVERYWHERE),
    ("long-name", text(mcp=TOOL.replace("name: t", "name: " + "t" * 65)), "warning", "{name: ttt"),
    ("long-name", text(mcp=TOOL.replace("name: t", "name: " + "t" * 51)), "info", "{name: ttt"),
    ("long-name", text(mcp=TOOL.replace("call:", f"inputParameters: [{{name: {'i' * 65}, type: string, description: d}}], call:")), "warning", "{name: t,"),
    ("long-name", text(exposes=adapter(f"tools: [{TOOL}], prompts: [{{name: {'p' * 65}, description: d, template: [{{role: user, content: hi}}]}}]", "mcp")), "warning", "ppp"),
    ("wildcard-cors", text(exposes=adapter('cors: {origins: ["*"]}, resources: []')), "warning", '"*"'),
    ("credential-input", text(consumes=UP.replace("method: GET", "method: GET, inputParameters: [{name: Authorization, in: header}]"), mcp=TOOL.replace("call:", "inputParameters: [{name: key, type: string, description: d}], with: {Authorization: tools.key}, call:")), "warning", "tools.key"),
    ("credential-input", text(consumes=UP.replace("method: GET", "method: GET, inputParameters: [{name: X-Api-Key, in: header}]")), "warning", "{name: t"),
    ("secret-in-url", auth("{type: apikey, key: k, value: '{{T}}', placement: query}"), "warning", "query}"),
    ("expose-secret-output", text(binds="[{namespace: env, keys: {T: T}}]", mcp="{name: t, description: Reads one thing, outputParameters: [{name: a, type: string, value: 'x {{T}}'}]}"), "warning", "'x {{T}}'"),
    ("tool-description", text(mcp="{name: t, description: Short, call: up.get}"), "warning", "Short"),
    ("tool-description", text(mcp="{name: t, call: up.get}"), "warning", "t, call"),
    ("many-tools", text(exposes=adapter(f"tools: [{', '.join(TOOL.replace('name: t', f'name: t{n}') for n in range(101))}]", "mcp")), "info", "[{name: t0"),
    ("read-only-write", text(mcp="{name: t, description: Reads one thing, call: up.post, hints: {readOnly: true}}"), "info", "{readOnly"),
    ("method-differs", text(exposes=resource("path: /x, operations: [{method: GET, call: up.post}]")), "info", "{method: GET"),
    ("operation-unused", text(), "info", "{name: post"),
    ("operation-unused", text(mcp="{name: t, description: d, call: up.post, steps: [{name: a, type: call, call: up.get}]}"), "info", "{name: post"),
    ("required-unfed", text(consumes=UP.replace("method: GET", "method: GET, inputParameters: [{name: q, in: query, type: string, required: true}]")), "info", "up.get"),
    ("with-unused", text(consumes=UP.replace("method: GET", "method: GET, inputParameters: [{name: q, in: query}]"), mcp=TOOL.replace("call:", "with: {nope: 1}, call:")), "warning", "1}"),
    ("lookup-constant", steps("{name: a, type: call, call: up.get}, {name: b, type: lookup, index: a, match: id, lookupValue: '7'}"), "info", "'7'"),
    ("step-unused", steps("{name: a, type: call, call: up.get}, {name: b, type: call, call: up.post}", ", mappings: [{targetName: x, value: $.b.id}]"), "warning", "a, type: call"),
    ("step-unused", steps("{name: a, type: call, call: up.get}, {name: b, type: lookup, index: a, match: id, lookupValue: '{{id}}'}, {name: c, type: call, call: up.get}"), "warning", "b, type: lookup"),
    ("literal-secret", auth("{type: bearer, token: abc}"), "error", "abc"),
    ("literal-secret", auth("{type: bearer, token: REGISTRY_TOKEN}"), "error", "REGISTRY_TOKEN"),
    ("literal-secret", auth("{type: basic, username: u, password: p4ss}"), "error", "p4ss"),
    ("literal-secret", auth("{type: apikey, key: K, value: abc}"), "error", "abc"),
    ("literal-secret", auth("{type: apikey, header: X-Key, key: abc}"), "error", "abc"),
    ("literal-secret", auth("{type: apikey, headers: {X-A: abc}}"), "error", "abc"),
    ("literal-secret", auth("{type: oauth2, tokenEndpoint: /t, clientId: c, clientSecret: abc}"), "error", "abc"),
    ("literal-secret", auth("{type: token-refresh, tokenEndpoint: /t, refreshToken: abc}"), "error", "abc"),
    ("literal-secret", auth("{type: aws-sig-v4, accessKeyId: '{{T}}', secretKey: abc, region: r, service: s}"), "error", "abc"),
    ("literal-secret", text(exposes=adapter("authentication: {type: bearer, token: abc}, resources: []")), "error", "abc"),
    ("literal-secret", text(consumes=UP.replace("resources:", "inputParameters: [{name: X-Api-Key, in: header, value: k1}], resources:")), "error", "k1"),
    ("literal-secret", text(consumes=UP.replace("http://up.test", "http://user:pw@up.test")), "error", "http://user"),
    ("literal-secret", text(more=f"info: {{label: l, description: sk-{'a' * 20}}}\n"), "error", "sk-"),
    ("literal-secret", text(more=f"info: {{label: l, description: ghp_{'a' * 36}}}\n"), "error", "ghp_"),
    ("literal-secret", text(more=f"info: {{label: l, description: AKIA{'A' * 16}}}\n"), "error", "AKIA"),
    ("literal-secret", text(more=f"info: {{label: l, description: xoxb-{'1' * 10}}}\n"), "error", "xoxb-"),
    ("literal-secret", text(more="info: {label: l, description: eyJhbGciOiJI.eyJzdWIi.x}\n"), "error", "eyJ"),
    ("literal-secret", text(more="info: {label: l, description: '-----BEGIN RSA PRIVATE KEY-----'}\n"), "error", "'-----BEGIN"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "document", "severity", "pointed"), CASES)
def test_a_rule_finds_what_it_is_for(
    name: str, document: str, severity: Severity, pointed: str
) -> None:
    findings = [each for each in found(document) if each.code == f"lint/{name}"]
    assert [each.severity for each in findings] == [severity], [each.text() for each in findings]
    assert at(document, findings[0]).startswith(pointed)


OFF: list[tuple[str, str, str]] = [
    ("baseuri-not-example", text(consumes=UP.replace("up.test", "api.example.com")), "http://api"),
    ("info-tags", text(more="info: {label: l}\n"), "{label: l"),
    ("rest-operation-description", text(exposes=resource("path: /x, operations: [{method: GET, call: up.get}]")), "{method: GET"),
    ("control-address-localhost-warning", text(exposes="{type: control, port: 9, address: localhost}"), "localhost"),
    ("object-without-properties", text(mcp=TOOL.replace("call:", "outputParameters: [{type: object, mapping: $.a}], call:")), "object"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "document", "pointed"), OFF)
def test_a_rule_that_is_off_finds_something_once_it_is_on(
    name: str, document: str, pointed: str
) -> None:
    rule = f"lint/{name}"
    assert RULES[rule].severity is None
    assert rule not in {each.code for each in found(document)}
    (finding,) = [each for each in found(document, rules={rule: "warning"}) if each.code == rule]
    assert at(document, finding).startswith(pointed)


FINE: list[tuple[str, str]] = [
    ("literal-secret", auth("{type: bearer, token: '{{T}}'}")),
    ("literal-secret", auth("{type: apikey, key: K, value: 'Token {{T}}'}")),
    ("literal-secret", auth("{type: basic, username: u, password: ''}")),
    ("literal-secret", auth("{type: bearer, token: $env.T}")),
    ("literal-secret", auth("{type: bearer, token: '<<T>>'}")),
    ("literal-secret", text(consumes=UP.replace("resources:", "inputParameters: [{name: X-Version, in: header, value: '1'}], resources:"))),
    ("literal-secret", text(consumes=UP.replace("http://up.test", "'http://{{U}}:{{P}}@up.test'"))),
    ("plain-http", text(consumes=UP.replace("http://up.test", "http://up.test/v1"))),
    ("plain-http", text(consumes=UP.replace("up.test", "127.0.0.1:8000"))),
    ("plain-http", text(consumes=UP.replace("up.test", "redis:80"))),
    ("plain-http", text(consumes=UP.replace("up.test", "a.svc.cluster.local"))),
    ("plain-http", text(consumes=UP.replace("up.test", "host.docker.internal"))),
    ("plain-http", text(consumes=UP.replace("http://up.test", "'{{BASE}}'"))),
    ("open-listener", text(exposes=adapter("resources: []"))),
    ("open-listener", text(exposes=adapter("address: 127.0.0.1, resources: []"))),
    ("open-listener", text(exposes=adapter("address: 0.0.0.0, authentication: {type: bearer, token: '{{T}}'}, resources: []"))),
    ("oauth2-https-authserver", text(exposes=adapter("authentication: {type: oauth2, scopes: [a], authorizationServerUri: http://localhost:8, resource: https://r.test}, resources: []"))),
    ("rest-resource-path-no-trailing-slash", text(exposes=resource("path: /, operations: []"))),
    ("lookup-constant", steps("{name: a, type: call, call: up.get}, {name: b, type: lookup, index: a, match: id, lookupValue: $.a.id}")),
    ("step-unused", steps("{name: a, type: call, call: up.get}, {name: b, type: call, call: up.post, with: {x: $.a.id}}", ", mappings: [{targetName: x, value: $.b.id}]")),
    ("step-unused", steps("{name: a, type: call, call: up.get}, {name: b, type: script, language: python, location: ., file: b.py}")),
    ("tool-description", function("", "{type: mcp, namespace: m, port: 1, tools: [{ref: agg.f}]}").replace("description: d,", "description: Inherited by the tool,")),
    ("tunnel-identity-must-bind", text(binds="[{namespace: e, keys: {ID: ID}}]", consumes=UP.replace("resources:", "tunnel: {type: ziti, service: s, identity: '{{e.ID}}'}, resources:"))),
    # whose only callers are unavailable, a step behind the bad one too, an ambiguous and a misspelt name
    ("operation-unused", text(mcp="{name: t, description: d, steps: [{name: a, type: call, call: up.nope}, {name: b, type: call, call: up.get}]}, {name: u, description: d, call: up.post, with: {x: '{{a.b.c}}'}}")),
    ("operation-unused", text(consumes=UP.replace("{name: post, method: POST}", "{name: get, method: POST}"), mcp="{name: t, description: d, call: up.get}")),
    ("operation-unused", text(consumes=UP.replace(", {name: post, method: POST}", ""), mcp="{name: t, description: d, call: UP.Get, with: {x: '{{a.b.c}}'}}")),
    ("long-name", text(mcp=TOOL.replace("name: t", "name: " + "t" * 50))),
    ("credential-input", text(binds="[{namespace: e, keys: {K: K}}]", consumes=UP.replace("method: GET", "method: GET, inputParameters: [{name: X-Api-Key, in: header, value: '{{K}}'}]"))),
    ("required-unfed", text(consumes=UP.replace("method: GET", "method: GET, inputParameters: [{name: q, in: query, type: string, required: true}]"), mcp=TOOL.replace("call:", "with: {q: tools.q}, call:"))),
]  # fmt: skip


@pytest.mark.parametrize(("name", "document"), FINE)
def test_a_rule_is_silent_where_nothing_is_wrong(name: str, document: str) -> None:
    assert f"lint/{name}" not in {each.code for each in found(document)}


def test_every_rule_has_a_case_that_finds_it() -> None:
    imports = {each for each in RULES if "import" in each}
    tested = {f"lint/{case[0]}" for case in (*CASES, *OFF)}
    assert set(RULES) - tested == imports | {"lint/no-timeout"}


def test_the_name_of_a_declared_variable_is_recognised_in_a_literal() -> None:
    document = auth("{type: bearer, token: REGISTRY_TOKEN}")
    (finding,) = [each for each in found(document) if each.code == "lint/literal-secret"]
    assert 'did you mean "{{REGISTRY_TOKEN}}"?' in finding.message


def test_no_message_holds_the_secret() -> None:
    secret = "hunter2hunter2"  # noqa: S105 - the point of the test
    document = auth(f"{{type: basic, username: u, password: {secret}}}")
    report = judged("t.yml", LintOptions(), text=document.encode())
    assert all(secret not in each.text() for each in report.each)


def test_a_namespace_in_use_has_a_timeout_when_set_says_so() -> None:
    rule = "lint/no-timeout"
    (finding,) = [each for each in found(text(), settings=Settings()) if each.code == rule]
    assert finding.severity == "info"
    assert at(text(), finding).startswith("up")
    assert rule not in {each.code for each in found(text(), settings=Settings(timeout={"u*": 1.0}))}


def test_an_address_of_the_command_line_opens_every_adapter() -> None:
    document = text()
    (finding,) = [
        each for each in found(document, host=EVERYWHERE) if each.code == "lint/open-listener"
    ]
    assert finding.severity == "warning"


IMPORTS = [
    ("import-from-required", "{import: crm}", "{import: crm}"),
    ("import-import-required", "{from: ./lib.yml}", "{from: ./lib.yml}"),
    ("import-unique-alias", "{from: ./lib.yml, import: crm}\n    - {from: ./lib.yml, import: crm}", "crm}"),
    ("import-from-not-self", "{from: ./main.yml, import: crm}", "./main.yml"),
    ("import-from-not-self", "{from: ., import: crm}", "., import"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "entry", "pointed"), IMPORTS)
def test_imports_are_judged_as_they_are_written(
    name: str, entry: str, pointed: str, tmp_path: Path
) -> None:
    (tmp_path / "lib.yml").write_text(
        f"naftiko: 1.0.0-alpha2\nconsumes: [{UP.replace('up,', 'crm,')}]\n"
    )
    document = text(consumes=entry)
    file = tmp_path / "main.yml"
    file.write_text(document)
    findings = [each for each in found(document, file=str(file)) if each.code == f"lint/{name}"]
    assert findings
    assert at(document, findings[0]).startswith(pointed)


def test_a_library_that_imports_is_noted() -> None:
    document = "naftiko: 1.0.0-alpha2\nconsumes: [{from: ./other.yml, import: crm}]\n"
    assert "lint/standalone-no-imports" in {each.code for each in found(document)}


def test_findings_in_an_imported_file_name_that_file(tmp_path: Path) -> None:
    block = "{type: bearer, token: abc}"
    library = UP.replace("up,", "crm,").replace(
        "resources:", f"authentication: {block}, resources:"
    )
    (tmp_path / "lib.yml").write_text(f"naftiko: 1.0.0-alpha2\nconsumes: [{library}]\n")
    document = text(
        consumes="{from: ./lib.yml, import: crm}", mcp=TOOL.replace("up.get", "crm.get")
    )
    file = tmp_path / "main.yml"
    file.write_text(document)
    places = [
        each.place for each in found(document, file=str(file)) if each.code == "lint/literal-secret"
    ]
    assert [Path(each.file).name for each in places] == ["lib.yml"]


def test_keyed_maps_and_lists_are_judged_alike() -> None:
    keyed = (
        "ikanos: 1.0.0-beta5\ncapability:\n"
        "  consumes: [{namespace: up, description: d, baseUri: http://up.test, resources: {a: {path: /a, operations: {get: {method: GET}}}}}]\n"
        "  exposes: [{type: rest, namespace: r, port: 8080, resources: {x: {path: /x/, operations: {get: {method: GET, call: up.get}}}}}]\n"
    )
    listed = (
        "ikanos: 1.0.0-beta5\ncapability:\n"
        "  consumes: [{namespace: up, description: d, baseUri: http://up.test, resources: [{name: a, path: /a, operations: [{name: get, method: GET}]}]}]\n"
        "  exposes: [{type: rest, namespace: r, port: 8080, resources: [{name: x, path: /x/, operations: [{name: get, method: GET, call: up.get}]}]}]\n"
    )
    assert [each.code for each in found(keyed)] == [each.code for each in found(listed)]
    assert "lint/rest-resource-path-no-trailing-slash" in {each.code for each in found(keyed)}


@pytest.mark.parametrize(
    "written", ["lint/plain-http", "naftiko-plain-http", "ikanos-plain-http", "plain-http"]
)
def test_a_rule_has_its_names_of_other_tools(written: str) -> None:
    assert rule_id(written) == "lint/plain-http"


def test_a_flow_is_a_function() -> None:
    assert rule_id("ikanos-aggregate-flow-description") == "lint/aggregate-function-description"


def test_severities_change_and_off_is_silence() -> None:
    document = text(consumes=UP.replace("http://up.test", "http://api.shop.example"))
    rules = with_overrides([("lint/plain-http", "info")])
    assert [
        each.severity for each in found(document, rules=rules) if each.code == "lint/plain-http"
    ] == ["info"]
    rules = with_overrides([("naftiko-plain-http", "off")])
    assert "lint/plain-http" not in {each.code for each in found(document, rules=rules)}


@pytest.mark.parametrize("lines", [
    "# naftiko: ignore lint/tool-description\n        - {name: t, call: up.get}",
    "- {name: t, call: up.get} # naftiko: ignore naftiko-tool-description, lint/long-name because",
])  # fmt: skip
def test_a_comment_silences_a_rule_where_it_stands(lines: str) -> None:
    document = text(
        exposes="type: mcp\n      namespace: m\n      port: 9090\n      tools:\n        " + lines
    )
    assert "lint/tool-description" not in {each.code for each in found(document)}
    assert "lint/tool-description" in {
        each.code for each in found(document.replace("ignore", "forget"))
    }


def test_load_diagnostics_stay() -> None:
    document = text(mcp="{name: t, description: Reads one thing, call: up.gat}")
    report = judged("t.yml", LintOptions(), text=document.encode())
    assert "call/unknown-operation" in {each.code for each in report.each}


def test_a_document_that_is_refused_is_reported_and_nothing_else() -> None:
    report = judged("t.yml", LintOptions(), text=b"a: [")
    assert [each.code for each in report.each] == ["document/not-yaml"]


def test_every_rule_has_a_heading_in_the_documentation() -> None:
    page = (Path(__file__).parents[2] / "docs" / "lint.md").read_text()
    headings = [line.removeprefix("### ") for line in page.splitlines() if line.startswith("### ")]
    assert headings == list(RULES)
