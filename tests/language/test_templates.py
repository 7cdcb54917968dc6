"""Variables, templates, references: language.md sections 2 and 3."""

from pathlib import Path

import pytest
from laboratory import Laboratory, document, laboratory

from naftiko_runtime.options import Settings
from naftiko_runtime.values import Json

pytestmark = pytest.mark.anyio

BINDS = "[{namespace: env, keys: {SHOP_TOKEN: SHOP_API_TOKEN}}]"
TOOL = "{name: t, description: d, call: up.op}"


def bearer(token: str, binds: str = BINDS, environ: dict[str, str] | None = None) -> Laboratory:
    text = document("{path: /a, operations: [{name: op}]}", TOOL, binds=binds)
    block = f'authentication: {{type: bearer, token: "{token}"}}, '
    return laboratory(text.replace("resources: [", block + "resources: [", 1), environ=environ)


@pytest.mark.parametrize(
    "token",
    [
        "{{env.SHOP_TOKEN}}",
        "{{SHOP_TOKEN}}",
        "{{ SHOP_TOKEN }}",
        "{{{SHOP_TOKEN}}}",
        "{{&SHOP_TOKEN}}",
        "${SHOP_TOKEN}",
        "<<env.SHOP_TOKEN>>",
        "<<SHOP_TOKEN>>",
        "Bearer {{SHOP_TOKEN}}",
    ],
)
async def test_every_spelling_of_a_variable_is_the_variable(token: str) -> None:
    lab = bearer(token, environ={"SHOP_API_TOKEN": "t1"})
    assert (await lab.call("t")).only.own == {"authorization": "Bearer t1"}


@pytest.mark.parametrize("value", [None, ""])
async def test_a_missing_variable_stops_the_call_before_anything_is_sent(value: str | None) -> None:
    lab = bearer("{{SHOP_TOKEN}}", environ={"SHOP_API_TOKEN": value} if value == "" else {})
    outcome = await lab.call("t")
    assert (outcome.problem, outcome.status, outcome.sent) == ("configuration", 500, [])
    assert outcome.members["variables"] == ["SHOP_TOKEN"]
    assert "SHOP_API_TOKEN" in outcome.detail


async def test_an_undeclared_name_comes_from_the_environment_with_a_warning() -> None:
    lab = bearer("{{OTHER}}", "[]", {"OTHER": "o"})
    assert (await lab.call("t")).only.own == {"authorization": "Bearer o"}
    assert "bind/undeclared-variable" in lab.codes


async def test_a_lower_case_name_that_nothing_gives_is_unresolved() -> None:
    lab = bearer("{{token}}", "[]")
    outcome = await lab.call("t")
    assert outcome.members["code"] == "template/unresolved"
    assert "token" in outcome.detail


@pytest.mark.parametrize("form", ["{{#X}}a{{/X}}", "{{^X}}", "{{>X}}", "{{!X}}", "{{}}"])
async def test_sections_are_not_supported_and_take_down_only_their_operation(form: str) -> None:
    consumes = (
        f'{{path: /a, operations: [{{name: op, inputParameters: [{{name: q, in: query, value: "{form}"}}]}},'
        " {name: other}]}"
    )
    lab = laboratory(document(consumes, f"{TOOL}, {{name: o, description: d, call: up.other}}"))
    assert (await lab.call("t")).members["code"] == "template/unsupported"
    assert (await lab.call("o")).only.line == "GET /a"


async def test_a_setting_beats_the_binds() -> None:
    text = document(
        '{path: /a, operations: [{name: op, inputParameters: [{name: q, in: query, value: "{{V}}"}]}]}',
        TOOL,
        binds="[{namespace: env, keys: {V: V}}]",
    )
    lab = laboratory(text, environ={"V": "e"}, settings=Settings(variables={"V": "s"}))
    assert (await lab.call("t")).only.line == "GET /a?q=s"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("secrets.yaml", "token: t9\nother: 1\n"),
        ("secrets.json", '{"token": "t9"}'),
        ("secrets.env", "# c\nexport token='t9'\n"),
        ("app.properties", "token=t9\n"),
    ],
)
@pytest.mark.parametrize("location", ["file:///./{}", "./{}", "{}"])
async def test_bind_files(tmp_path: Path, name: str, content: str, location: str) -> None:
    (tmp_path / name).write_text(content)
    binds = f"[{{namespace: s, location: '{location.format(name)}', keys: {{T: token}}}}]"
    text = document(
        '{path: /a, operations: [{name: op, inputParameters: [{name: q, in: query, value: "{{s.T}}"}]}]}',
        TOOL,
        binds=binds,
    )
    assert (await laboratory(text, folder=tmp_path).call("t")).only.line == "GET /a?q=t9"


async def test_a_bind_folder_gives_a_file_per_variable(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "token").write_text("t8\n")
    text = document(
        '{path: /a, operations: [{name: op, inputParameters: [{name: q, in: query, value: "{{T}}"}]}]}',
        TOOL,
        binds="[{namespace: s, location: ./run, keys: {T: token}}]",
    )
    assert (await laboratory(text, folder=tmp_path).call("t")).only.line == "GET /a?q=t8"


async def test_a_bind_file_outside_the_folder_is_not_read(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "s.yaml").write_text("token: t\n")
    text = document(
        '{path: /a, operations: [{name: op, inputParameters: [{name: q, in: query, value: "{{T}}"}]}]}',
        TOOL,
        binds="[{namespace: s, location: ../s.yaml, keys: {T: token}}]",
    )
    lab = laboratory(text, folder=inner)
    assert "bind/outside-folder" in lab.codes
    assert (await lab.call("t")).problem == "configuration"
    allowed = laboratory(text, folder=inner, settings=Settings(bind_roots=(str(tmp_path),)))
    assert (await allowed.call("t")).only.line == "GET /a?q=t"


async def test_other_providers_are_missing_not_guessed() -> None:
    lab = bearer("{{T}}", "[{namespace: v, location: 'vault://kv/x', keys: {T: t}}]")
    assert "bind/unsupported-provider" in lab.codes
    assert (await lab.call("t")).problem == "configuration"


async def test_a_secret_with_a_line_break_never_reaches_a_header() -> None:
    outcome = await bearer("{{SHOP_TOKEN}}", environ={"SHOP_API_TOKEN": "a\nb: c"}).call("t")
    assert (outcome.problem, outcome.sent) == ("configuration", [])
    assert "a\nb" not in outcome.detail


WITH = [
    ("rest.a", {"a": 1}, "1"),
    ("tools.a", {"a": 1}, "1"),
    ("r.a", {"a": 1}, "1"),
    ("$this.m.a", {"a": 1}, "1"),
    ('"{{a}}"', {"a": 1}, "1"),
    ('"{{tools.a}}"', {"a": 1}, "1"),
    ('"n{{a}}"', {"a": 1}, "n1"),
    ("tools.o.k", {"o": {"k": [5]}}, "5"),
    ('"{{o.k.0}}"', {"o": {"k": [5]}}, "5"),
    ("away", {}, "away"),
    ('"1"', {}, "1"),
    ("1", {}, "1"),
    ("true", {}, "true"),
    ("env.V", {}, "v"),
    ("env.other", {}, "env.other"),
    ("up.a", {}, "up.a"),
    (r'"\\{{a}}"', {}, "%7B%7Ba%7D%7D"),
]


@pytest.mark.parametrize(("value", "arguments", "sent"), WITH)
async def test_right_hand_sides_of_with(value: str, arguments: dict[str, Json], sent: str) -> None:
    text = document(
        "{path: /a, operations: [{name: op, inputParameters: [{name: x, in: query}]}]}",
        f"{{name: t, description: d, call: up.op, with: {{x: {value}}}}}",
        binds="[{namespace: env, keys: {V: V}}]",
    )
    lab = laboratory(text, environ={"V": "v"})
    assert (await lab.call("t", arguments)).only.line == f"GET /a?x={sent}"


async def test_lists_in_with_are_searched_inside() -> None:
    text = document(
        "{path: /a, operations: [{name: op, inputParameters: [{name: x, in: query}]}]}",
        "{name: t, description: d, call: up.op, with: {x: [tools.a, 2]}}",
    )
    assert (await laboratory(text).call("t", {"a": 1})).only.line == "GET /a?x=1&x=2"


async def test_a_null_in_with_does_not_fall_back_to_the_input() -> None:
    text = document(
        "{path: /a, operations: [{name: op, inputParameters: [{name: x, in: query}]}]}",
        "{name: t, description: d, call: up.op, with: {x: null}}",
    )
    lab = laboratory(text)
    assert lab.tool("t").input_schema["properties"] == {}
    assert (await lab.call("t")).only.line == "GET /a"


async def test_a_value_is_never_scanned_again() -> None:
    text = document(
        "{path: /a, operations: [{name: op, method: POST, body: {type: json, data: {x: '{{x}}'}}}]}",
        TOOL,
        binds="[{namespace: env, keys: {SECRET: SECRET}}]",
    )
    lab = laboratory(text, environ={"SECRET": "s3cret"})
    sent = (await lab.call("t", {"x": "{{SECRET}} ${SECRET} rest.a"})).only
    assert sent.json == {"x": "{{SECRET}} ${SECRET} rest.a"}


async def test_an_input_cannot_stand_in_for_a_declared_secret() -> None:
    text = document(
        "{path: /a, operations: [{name: op, method: POST, body: {type: json, data: {x: '{{KEY}}'}}}]}",
        "{name: t, description: d, call: up.op, with: {KEY: tools.k}}",
        binds="[{namespace: env, keys: {KEY: KEY}}]",
    )
    lab = laboratory(text, environ={"KEY": "real"})
    assert (await lab.call("t", {"k": "mine"})).only.json == {"x": "real"}
