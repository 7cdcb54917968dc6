"""Values of variables: sources, absence, secrecy (language.md 2.2 to 2.7)."""

from pathlib import Path

import pytest

from naftiko_runtime.engine import dotenv
from naftiko_runtime.engine.scope import InvocationScope
from naftiko_runtime.engine.variables import Variables
from naftiko_runtime.errors import Misconfigured
from naftiko_runtime.expressions.reference import (
    Environment,
    FileEntry,
    NoSource,
    Setting,
    Source,
    Variable,
)
from naftiko_runtime.secret import Secret


def variable(*sources: Source, name: str = "V") -> Variable:
    return Variable(name, sources)


def value(*sources: Source, environ: dict[str, str] | None = None) -> str | None:
    variables = Variables(environ or {})
    wanted = variable(*sources)
    assert variables.presence(wanted) == (_text(variables, wanted) is not None)
    return _text(Variables(environ or {}), wanted)


def _text(variables: Variables, wanted: Variable) -> str | None:
    try:
        return variables.text(wanted)
    except Misconfigured:
        return None


def test_the_first_source_with_a_value_wins() -> None:
    sources = (Setting(Secret("s")), Environment("E"))
    assert value(*sources, environ={"E": "e"}) == "s"
    assert value(Environment("MISSING"), Environment("E"), environ={"E": "e"}) == "e"


def test_empty_text_is_missing() -> None:
    assert value(Environment("E"), environ={"E": ""}) is None
    assert value(Setting(Secret("")), Environment("E"), environ={"E": "e"}) == "e"


def test_a_bind_that_cannot_be_read_is_missing() -> None:
    assert value(NoSource("vault:// is not supported")) is None


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("b.yaml", "K: 1.10\n", "1.10"),
        ("b.yml", "K: 'a b'\nother: 1\n", "a b"),
        ("b.yaml", "K: true\n", "true"),
        ("b.yaml", "K: 0123\n", "0123"),
        ("b.yaml", "K: ~\n", None),
        ("b.yaml", "K:\n", None),
        ("b.yaml", "K: [1]\n", None),
        ("b.yaml", "K: {a: 1}\n", None),
        ("b.yaml", "- K\n", None),
        ("b.yaml", "a: b: c\n", None),
        ("b.yaml", "", None),
        ("b.YAML", "K: x", "x"),
        ("b.json", '{"K": "x"}', "x"),
        ("b.json", '{"K": 1.10}', "1.10"),
        ("b.json", '{"K": 12345678901234567890}', "12345678901234567890"),
        ("b.json", '{"K": true}', "true"),
        ("b.json", '{"K": false}', "false"),
        ("b.json", '{"K": null}', None),
        ("b.json", '{"K": [1]}', None),
        ("b.json", "[1]", None),
        ("b.json", "{bad", None),
        ("b.env", "export K='x y' # comment\n", "x y"),
        ("b.properties", "K = x\n", "x"),
        ("b.env", "L=1\n", None),
        ("b.txt", "K=1", None),
    ],
)
def test_an_entry_of_a_file(tmp_path: Path, name: str, text: str, expected: str | None) -> None:
    path = tmp_path / name
    path.write_text(text)
    assert value(FileEntry(str(path), "K")) == expected


def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path: Path) -> None:
    for name, text in (("b.env", "K=x"), ("b.json", '{"K":"x"}'), ("b.yaml", "K: x")):
        (tmp_path / name).write_text(text, "utf-8-sig")
        assert value(FileEntry(str(tmp_path / name), "K")) == "x"


def test_a_file_in_a_folder_loses_one_final_newline(tmp_path: Path) -> None:
    (tmp_path / "K").write_bytes(b"a\nb\n\n")
    (tmp_path / "L").write_bytes(b"a\r\n")
    assert value(FileEntry(str(tmp_path), "K")) == "a\nb\n"
    assert value(FileEntry(str(tmp_path), "L")) == "a"


@pytest.mark.parametrize("key", ["../secret", "..", "/etc/hostname", "missing", "folder"])
def test_a_folder_gives_only_its_own_files(tmp_path: Path, key: str) -> None:
    (tmp_path / "secret").write_text("x")
    (tmp_path / "inner" / "folder").mkdir(parents=True)
    assert value(FileEntry(str(tmp_path / "inner"), key)) is None


def test_an_unreadable_source_is_missing(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_bytes(b"K: \xff")
    assert value(FileEntry(str(tmp_path / "b.yaml"), "K")) is None
    assert value(FileEntry(str(tmp_path / "missing.yaml"), "K")) is None


@pytest.mark.parametrize(
    ("sources", "remedy"),
    [
        ((Environment("SHOP_API_TOKEN"),), "set the environment variable SHOP_API_TOKEN"),
        ((Setting(Secret("")), FileEntry("/x/b.env", "K")), "give K in b.env"),
        ((NoSource("vault:// is not supported"),), "vault:// is not supported"),
        ((Setting(Secret("")),), "give --set vars.V=VALUE"),
        ((), "give --set vars.V=VALUE"),
    ],
)
def test_a_missing_value_says_what_would_be_right(sources: tuple[Source, ...], remedy: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        Variables({}).text(variable(*sources))
    assert caught.value.detail == f"V has no value: {remedy}"
    assert caught.value.members == {"variables": ["V"]}


def test_all_missing_variables_are_named_at_once() -> None:
    wanted = tuple(variable(Environment(name), name=name) for name in "ABC")
    with pytest.raises(Misconfigured) as caught:
        Variables({"B": "b"}).require(wanted)
    assert caught.value.variables == ("A", "C")


def test_required_variables_are_looked_for_until_they_are_there() -> None:
    environ: dict[str, str] = {}
    wanted = (variable(Environment("E")),)
    variables = Variables(environ)
    with pytest.raises(Misconfigured):
        variables.require(wanted)
    environ["E"] = "e"
    variables.require(wanted)
    del environ["E"]
    variables.require(wanted)
    variables.require(())


def test_a_value_is_kept_until_a_refresh() -> None:
    environ = {"E": "old"}
    wanted = variable(Environment("E"))
    variables = Variables(environ)
    assert variables.text(wanted) == "old"
    environ["E"] = "new"
    assert variables.text(wanted) == "old"
    assert variables.presence(wanted)
    assert variables.refreshed().text(wanted) == "new"


def test_every_resolved_value_is_a_known_secret() -> None:
    learned: list[str] = []
    variables = Variables({"E": "hush", "F": "unused"}, learned.append)
    variables.presence(variable(Environment("F")))
    variables.text(variable(Environment("E")))
    variables.remember("token")
    variables.remember("")
    assert variables.secrets() == {"hush", "token"}
    assert learned == ["hush", "token"]


def test_a_scope_reads_variables_and_sees_only_its_arguments() -> None:
    scope = InvocationScope({"a": 1}, Variables({"E": "e"}), {"s": 2})
    assert scope.variable(variable(Environment("E"))) == "e"
    assert scope.steps == {"s": 2}
    assert scope.narrowed({}).inputs == {}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("A=1", {"A": "1"}),
        ("  export A = 1  ", {"A": "1"}),
        ("A=", {"A": ""}),
        ("A=a#b # c", {"A": "a#b"}),
        ("# A=1", {}),
        ("A='# $x \\n'", {"A": "# $x \\n"}),
        ('A="x\\n\\t\\r\\"y\\\\ z"  # c', {"A": 'x\n\t\r"y\\ z'}),
        ('A="two\nlines"\nB=2', {"A": "two\nlines", "B": "2"}),
        ("A=1\r\nB=2\r\n", {"A": "1", "B": "2"}),
        ("A=1\nA=2", {"A": "2"}),
        ("nothing", {}),
        ("a.b-c=1", {"a.b-c": "1"}),
        ("A='open", {"A": "'open"}),
    ],
)
def test_lines_of_a_dotenv_file(line: str, expected: dict[str, str]) -> None:
    assert dotenv.parse(line) == expected
