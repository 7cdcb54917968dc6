"""Options, environment variables and settings: orchestration.md 6.1, 6.4, 6.6; language.md 2.8."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from naftiko_runtime.cli.options import (
    LEVELS,
    add_document_options,
    add_serve_options,
    add_upstream_options,
    runtime_options,
)
from naftiko_runtime.cli.parser import Parser, UsageError
from naftiko_runtime.cli.settings import environment, settings_of
from naftiko_runtime.options import Limits, RuntimeOptions, Settings


def options(*words: str, environ: Mapping[str, str] | None = None) -> RuntimeOptions:
    parser = Parser("naftiko serve", "")
    parser.add_argument("files", nargs="*")
    add_document_options(parser)
    add_serve_options(parser)
    add_upstream_options(parser)
    return runtime_options(parser.understood(words, environ or {}))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), RuntimeOptions()),
        (("--host", "192.0.2.1"), RuntimeOptions(host="192.0.2.1")),
        (("--port", "8000"), RuntimeOptions(port=8000)),
        (("--port", "a=1", "--port", "b=0"), RuntimeOptions(ports={"a": 1, "b": 0})),
        (("--port=7", "--port=a.b=8"), RuntimeOptions(port=7, ports={"a.b": 8})),
        (("--default-host", "::"), RuntimeOptions(default_host="::")),
        (("--control", "9191"), RuntimeOptions(control=(None, 9191))),
        (("--control", "192.0.2.1:1"), RuntimeOptions(control=("192.0.2.1", 1))),
        (("--control", "[::1]:1"), RuntimeOptions(control=("[::1]", 1))),
        (("--console",), RuntimeOptions(console=True)),
        (("--stdio",), RuntimeOptions(stdio=True)),
        (("--watch",), RuntimeOptions(watch=True)),
        (("--no-watch",), RuntimeOptions(watch=False)),
        (("--workers", "3"), RuntimeOptions(workers=3)),
        (("--drain", "1.5"), RuntimeOptions(limits=Limits(drain=1.5))),
        (("--mount", "namespace"), RuntimeOptions(mount="namespace")),
        (("--allow-host", "a", "--allow-host", "b"), RuntimeOptions(allow_hosts=("a", "b"))),
        (("--allow-origin", "https://a"), RuntimeOptions(allow_origins=("https://a",))),
        (("--cors-origin", "https://a"), RuntimeOptions(cors_origins=("https://a",))),
        (("--trusted-proxy", "192.0.2.0/24"), RuntimeOptions(trusted_proxies=("192.0.2.0/24",))),
        (("--max-body", "5"), RuntimeOptions(limits=Limits(body=5))),
        (("--max-body", "5 KiB"), RuntimeOptions(limits=Limits(body=5120))),
        (("--max-binary", "2MiB"), RuntimeOptions(limits=Limits(binary=2 * 1024**2))),
        (("--max-concurrency", "9"), RuntimeOptions(limits=Limits(concurrency=9))),
        (("--max-scripts", "9"), RuntimeOptions(limits=Limits(scripts=9))),
        (("--mcp-max-result", "0"), RuntimeOptions(limits=Limits(mcp_result=0))),
        (("--mcp-page", "0"), RuntimeOptions(limits=Limits(mcp_page=0))),
        (("--sequential-steps",), RuntimeOptions(sequential_steps=True)),
        (("--no-docs",), RuntimeOptions(docs=False)),
        (("--proxy", "http://p:1"), RuntimeOptions(proxy="http://p:1")),
        (("--log-format", "json"), RuntimeOptions(log_format="json")),
        (("--log-level", "warn"), RuntimeOptions(log_level="WARN")),
        (("--strict",), RuntimeOptions(strict=True)),
        (("--import-host", "h"), RuntimeOptions(settings=Settings(import_hosts=("h",)))),
        (("--set", "vars.A=1=2"), RuntimeOptions(settings=Settings(variables={"A": "1=2"}))),
        (("a.yml", "--host", "h", "b.yml"), RuntimeOptions(host="h")),
    ],
)
def test_each_option_is_one_setting(words: tuple[str, ...], expected: RuntimeOptions) -> None:
    assert options(*words) == expected


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"NAFTIKO_HOST": "h"}, RuntimeOptions(host="h")),
        ({"NAFTIKO_DEFAULT_HOST": "h"}, RuntimeOptions(default_host="h")),
        ({"NAFTIKO_PORT": "a=1, b=2"}, RuntimeOptions(ports={"a": 1, "b": 2})),
        ({"NAFTIKO_PROXY": "http://a:b@p"}, RuntimeOptions(proxy="http://a:b@p")),
        ({"NAFTIKO_STRICT": "true"}, RuntimeOptions(strict=True)),
        ({"NAFTIKO_STRICT": "false"}, RuntimeOptions()),
        ({"NAFTIKO_WATCH": "FALSE"}, RuntimeOptions(watch=False)),
        ({"NAFTIKO_WATCH": "true"}, RuntimeOptions(watch=True)),
        ({"NAFTIKO_NO_DOCS": "1"}, RuntimeOptions(docs=False)),
        (
            {"NAFTIKO_SET": "vars.A=1,2\nvars.B=3\n"},
            RuntimeOptions(settings=Settings(variables={"A": "1,2", "B": "3"})),
        ),
        ({"NAFTIKO_SCRIPTING": "false", "NAFTIKO_CONTROL_PORT": "1"}, RuntimeOptions()),
    ],
)
def test_each_option_may_come_from_the_environment(
    environ: Mapping[str, str], expected: RuntimeOptions
) -> None:
    assert options(environ=environ) == expected


def test_the_command_line_wins_over_the_environment() -> None:
    environ = {"NAFTIKO_HOST": "h", "NAFTIKO_ALLOW_HOST": "a,b", "NAFTIKO_WATCH": "true"}
    given = options("--host", "i", "--allow-host", "c", "--no-watch", environ=environ)
    assert (given.host, given.allow_hosts, given.watch) == ("i", ("c",), False)


SETTINGS = (
    "vars.NAME",
    "baseUri.NAME",
    "authentication.NAME",
    "slashes.NAME",
    "timeout.NAME",
    "bindRoots",
    "importRoots",
)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--hosst", "x"), 'unknown option --hosst; did you mean "--host"?'),
        (("--hos=x",), 'unknown option --hos; did you mean "--host"?'),
        (("--zzzzzzzz",), "unknown option --zzzzzzzz"),
        (("--port", "x"), "--port: 'x' is no port; it is a number up to 65535"),
        (("--port", "a=70000"), "--port: '70000' is no port; it is a number up to 65535"),
        (("--control", "a:"), "--control: '' is no port; it is a number up to 65535"),
        (("--workers", "0"), "--workers: '0' is no whole number from 1 on"),
        (("--drain",), "--drain: expected one argument"),
        (("--drain", "x"), "--drain: 'x' is no number of seconds"),
        (
            ("--max-body", "5MB"),
            "--max-body: '5MB' is no size; write 500KiB, 32MiB or bytes",
        ),
        (
            ("--log-level", "loud"),
            "--log-level: 'loud' is no level; use " + ", ".join(LEVELS),
        ),
        (("--set", "vars.A"), "--set 'vars.A' is not KEY=VALUE"),
        (("--set", "vars=1"), "--set vars needs a name: vars.NAME=VALUE"),
        (("--set", "var.A=1"), '--set var.A: unknown; did you mean "vars"?'),
        (
            ("--set", "colour=1"),
            "--set colour: unknown; known: " + ", ".join(SETTINGS),
        ),
        (("--set", "timeout.a=soon"), "--set timeout.a: 'soon' is no number of seconds above 0"),
        (
            ("--set", "authentication.a=x"),
            "--set authentication.a: the value must be a map such as '{type: bearer, …}'",
        ),
        (("--set", "slashes.a=["), "--set slashes.a: the value is not YAML"),
    ],
)
def test_what_is_wrong_is_named(words: tuple[str, ...], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        options(*words)
    assert str(caught.value) == message


def test_a_switch_of_the_environment_is_true_or_false() -> None:
    with pytest.raises(UsageError, match="NAFTIKO_STRICT is 'maybe'; it can be true or false"):
        options(environ={"NAFTIKO_STRICT": "maybe"})


def test_settings_are_read_as_yaml() -> None:
    assert settings_of(
        [
            "vars.TOKEN=1.10",
            "baseUri.shop-*=https://up.test/v1",
            "baseUri.my.shop=https://other.test",
            "baseUri.my.shop.region=eu",
            'authentication.shop={type: bearer, token: "{{T}}"}',
            "slashes.shop=[name, parent]",
            "timeout.shop=2.5",
            "bindRoots=[/secrets, more]",
            "importRoots=../other",
        ],
        ["specs.example"],
    ) == Settings(
        variables={"TOKEN": "1.10"},
        base_uri={"shop-*": "https://up.test/v1", "my.shop": "https://other.test"},
        base_placeholders={("my.shop", "region"): "eu"},
        authentication={"shop": {"type": "bearer", "token": "{{T}}"}},
        slashes={"shop": ("name", "parent")},
        timeout={"shop": 2.5},
        bind_roots=("/secrets", "more"),
        import_roots=("../other",),
        import_hosts=("specs.example",),
    )


def test_env_files_add_variables_but_replace_none(tmp_path: Path) -> None:
    first, second = tmp_path / "a.env", tmp_path / "b.env"
    first.write_text(
        "# comment\nexport A = one\nB='two # not a comment'\nC=\"three\"\nD=four # comment\n\nE=\n"
    )
    second.write_text("A=later\nF=6\n")
    assert environment([str(first), str(second)], {"D": "mine"}) == {
        "A": "one",
        "B": "two # not a comment",
        "C": "three",
        "D": "mine",
        "E": "",
        "F": "6",
    }


def test_an_env_file_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--env-file .*none.env: no such file or directory"):
        environment([str(tmp_path / "none.env")], {})
