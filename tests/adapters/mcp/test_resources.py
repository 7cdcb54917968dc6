"""Resources: dynamic ones, templates, and files of folders (exposes.md MCP-25, MCP-26)."""

import base64
import os
from pathlib import Path
from typing import Any

import mcp
import pytest
from mcp.shared.exceptions import MCPError

from naftiko_runtime.options import Limits
from naftiko_runtime.plan.exposure import ResourceExposure, UriHole

pytestmark = pytest.mark.anyio


def dynamic(function: Any, *pieces: Any, **more: Any) -> ResourceExposure:
    """Return a resource; holes are one-element tuples, with ``+`` for the rest of the path."""
    parts = tuple(
        UriHole(piece[0].lstrip("+"), rest=piece[0].startswith("+"))
        if isinstance(piece, tuple)
        else piece
        for piece in pieces
    )
    known = {"title": "Order", "description": "One order", "mime_type": None, **more}
    return ResourceExposure("order", str(pieces), parts, function=function, **known)


def folder(path: Path, uri: str = "docs://guide") -> ResourceExposure:
    return ResourceExposure("guide", uri, (uri,), "Guide", None, None, folder=str(path))


async def read(build: Any, resources: Any, uri: str, **settings: Any) -> Any:
    """Read a URI and return its only contents."""
    exposure = build.exposure(resources=resources)
    async with build.world(exposure, **settings) as world, mcp.Client(world.endpoint.server) as c:
        try:
            contents = (await c.read_resource(uri)).contents
        except MCPError as error:
            failure = error  # raised below, because the client's tasks would wrap it
        else:
            assert len(contents) == 1
            return contents[0].model_dump(by_alias=True, exclude_none=True)
    raise failure


async def refused(build: Any, resources: Any, uri: str, **settings: Any) -> Any:
    """Read a URI that cannot be read and return the error."""
    with pytest.raises(MCPError) as raised:
        await read(build, resources, uri, **settings)
    return raised.value.error


async def test_resources_and_templates_are_listed_apart(build: Any) -> None:
    function = build.calling()
    resources = [
        dynamic(function, "shop://orders/", ("id",), mime_type="application/json"),
        dynamic(function, "shop://all", meta={"naftiko/tags": ["a"]}),
        dynamic(function, "shop://files/", ("+path",), title=None, description=None),
    ]
    exposure = build.exposure(resources=resources)
    async with build.world(exposure) as world, mcp.Client(world.endpoint.server) as client:
        listed = (await client.list_resources()).resources
        templates = (await client.list_resource_templates()).resource_templates
        assert client.server_capabilities.resources is not None
        assert client.server_capabilities.resources.subscribe is False
    assert [each.model_dump(by_alias=True, exclude_none=True) for each in listed] == [
        {
            "name": "order",
            "title": "Order",
            "uri": "shop://all",
            "description": "One order",
            "_meta": {"naftiko/tags": ["a"]},
        }
    ]
    assert [each.uri_template for each in templates] == [
        "shop://orders/{id}",
        "shop://files/{+path}",
    ]
    assert templates[0].mime_type == "application/json"


async def test_a_template_reads_what_its_variables_say(build: Any) -> None:
    build.answer(200, {"id": 7})
    resources = [dynamic(build.calling(), "shop://orders/", ("id",))]
    assert await read(build, resources, "shop://orders/7") == {
        "uri": "shop://orders/7",
        "mimeType": "application/json",
        "text": '{"id":7}',
    }
    assert build.upstream.requests == [("GET", "/orders/7")]


async def test_variables_are_decoded_and_do_not_cross_slashes(build: Any) -> None:
    say = build.saying({"all": True})
    build.answer(200, {"it": 1}, path="/x/a b")
    inputs = [build.input("name", type="string", required=True)]
    call = build.calling("/x/{name}", inputs)
    resources = [dynamic(call, "shop://one/", ("name",)), dynamic(say, "shop://all/", ("+rest",))]
    found = await read(build, resources, "shop://one/a%20b")
    assert found["text"] == '{"it":1}'
    assert (await refused(build, resources, "shop://one/a/b")).code == -32602
    assert (await refused(build, resources, "shop://one/")).code == -32602


async def test_exact_uris_come_before_templates(build: Any) -> None:
    resources = [
        dynamic(build.saying("template"), "shop://", ("id",), mime_type="text/plain"),
        dynamic(build.saying("exact"), "shop://a", mime_type="text/plain"),
    ]
    assert (await read(build, resources, "shop://a"))["text"] == "exact"
    assert (await read(build, resources, "shop://b"))["text"] == "template"


async def test_the_rest_of_a_path_may_hold_slashes(build: Any) -> None:
    inputs = [build.input("rest", type="string")]
    function = build.saying({"ok": True}, inputs)
    resources = [dynamic(function, "shop://files/", ("+rest",), ".md")]
    assert (await read(build, resources, "shop://files/a/b.md"))["text"] == '{"ok":true}'


async def test_texts_keep_the_media_type_of_the_upstream(build: Any) -> None:
    build.answer(200, b"# Hi", content_type="text/markdown; charset=utf-8")
    resources = [dynamic(build.calling(), "shop://orders/", ("id",))]
    found = await read(build, resources, "shop://orders/7")
    assert (found["mimeType"], found["text"]) == ("text/markdown", "# Hi")
    declared = [dynamic(build.calling(), "shop://orders/", ("id",), mime_type="text/plain")]
    assert (await read(build, declared, "shop://orders/7"))["mimeType"] == "text/plain"


async def test_bytes_are_blobs_and_so_is_everything_declared_binary(build: Any) -> None:
    build.answer(200, b"\x89PNG\x00", content_type="image/png")
    resources = [dynamic(build.calling(), "shop://orders/", ("id",))]
    found = await read(build, resources, "shop://orders/7")
    blob = base64.b64encode(b"\x89PNG\x00").decode()
    assert found == {"uri": "shop://orders/7", "mimeType": "image/png", "blob": blob}
    declared = [dynamic(build.saying({"a": 1}), "shop://a", binary=True)]
    found = await read(build, declared, "shop://a")
    assert base64.b64decode(found["blob"]) == b'{"a":1}'


@pytest.mark.parametrize("status", [404, 410])
async def test_what_the_upstream_does_not_have_is_unknown(build: Any, status: int) -> None:
    build.answer(status, {"error": "gone"})
    resources = [dynamic(build.calling(), "shop://orders/", ("id",))]
    error = await refused(build, resources, "shop://orders/7")
    assert (error.code, error.data) == (-32602, {"uri": "shop://orders/7"})


async def test_other_upstream_errors_and_problems_are_errors(build: Any) -> None:
    build.answer(503, {"error": "later"})
    resources = [dynamic(build.calling(), "shop://orders/", ("id",))]
    error = await refused(build, resources, "shop://orders/7")
    assert (error.code, error.message) == (-32603, "HTTP 503 Service Unavailable")
    assert error.data == {"uri": "shop://orders/7", "status": 503}
    error = await refused(build, resources, "shop://orders/x")
    assert (error.code, error.data["status"]) == (-32603, 400)
    assert error.message == "Invalid input: id: must be an integer"


@pytest.fixture
def guide(tmp_path: Path) -> Path:
    """Make a folder with files that may be read and some that may not."""
    root = tmp_path / "guide"
    (root / "deep" / ".git").mkdir(parents=True)
    (root / "b.md").write_text("# B")
    (root / "a b.txt").write_text("text")
    (root / "deep" / "logo.png").write_bytes(b"\x89PNG\x00")
    (root / "deep" / "wrong.txt").write_bytes(b"\xff\xfe\xfd")
    (root / ".hidden").write_text("no")
    (root / "deep" / ".git" / "config").write_text("no")
    (tmp_path / "secret.txt").write_text("secret")
    (root / "link.txt").symlink_to(tmp_path / "secret.txt")
    (root / "fine.txt").symlink_to(root / "b.md")
    return root


async def test_files_of_a_folder_are_listed(build: Any, guide: Path) -> None:
    exposure = build.exposure(resources=[folder(guide)])
    async with build.world(exposure) as world, mcp.Client(world.endpoint.server) as client:
        listed = (await client.list_resources()).resources
        (guide / "new.md").write_text("later")
        again = (await client.list_resources()).resources
    assert [(each.uri, each.name, each.mime_type, each.size) for each in listed] == [
        ("docs://guide/a%20b.txt", "guide/a b.txt", "text/plain", 4),
        ("docs://guide/b.md", "guide/b.md", "text/markdown", 3),
        ("docs://guide/fine.txt", "guide/fine.txt", "text/plain", 3),
        ("docs://guide/deep/logo.png", "guide/deep/logo.png", "image/png", 5),
        ("docs://guide/deep/wrong.txt", "guide/deep/wrong.txt", "text/plain", 3),
    ]
    assert {each.title for each in listed} == {"Guide"}
    assert len(again) == len(listed) + 1
    assert str(guide) not in str(listed)


async def test_files_are_read_as_text_or_blob(build: Any, guide: Path) -> None:
    resources = [folder(guide)]
    text = await read(build, resources, "docs://guide/a%20b.txt")
    assert text == {"uri": "docs://guide/a%20b.txt", "mimeType": "text/plain", "text": "text"}
    picture = await read(build, resources, "docs://guide/deep/logo.png")
    assert base64.b64decode(picture["blob"]) == b"\x89PNG\x00"
    wrong = await read(build, resources, "docs://guide/deep/wrong.txt")
    assert base64.b64decode(wrong["blob"]) == b"\xff\xfe\xfd"
    assert (await read(build, resources, "docs://guide/fine.txt"))["text"] == "# B"


@pytest.mark.parametrize(
    "path",
    [
        "../secret.txt",
        "%2e%2e/secret.txt",
        "deep/../../secret.txt",
        "..%2fsecret.txt",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "deep%5c..%5c..%5csecret.txt",
        "b.md%00.txt",
        "link.txt",
        ".hidden",
        "deep/.git/config",
        "deep",
        "",
        "./b.md",
        "deep//logo.png",
        "missing.md",
    ],
)
async def test_nothing_outside_the_folder_can_be_read(build: Any, guide: Path, path: str) -> None:
    uri = f"docs://guide/{path}"
    error = await refused(build, [folder(guide)], uri)
    assert (error.code, error.message) == (-32602, f"Unknown resource: {uri}")
    assert str(guide) not in str(error)


async def test_a_file_over_the_binary_limit_is_refused(build: Any, guide: Path) -> None:
    limits = Limits(binary=2)
    error = await refused(build, [folder(guide)], "docs://guide/b.md", limits=limits)
    assert error.code == -32603
    assert str(guide) not in error.message


@pytest.mark.parametrize("path", ["", "/nowhere/at/all"])
async def test_a_missing_folder_is_an_empty_list(build: Any, path: str) -> None:
    resource = ResourceExposure("g", "docs://g", ("docs://g",), None, None, None, folder=path)
    exposure = build.exposure(resources=[resource])
    async with build.world(exposure) as world, mcp.Client(world.endpoint.server) as client:
        assert (await client.list_resources()).resources == []
    assert (await refused(build, [resource], "docs://g/pyproject.toml")).code == -32602


async def test_at_most_a_thousand_files_are_listed(
    build: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(1001):
        os.mknod(tmp_path / f"{number}.txt")
    exposure = build.exposure(resources=[folder(tmp_path)])
    settings = {"limits": Limits(mcp_page=0)}
    async with build.world(exposure, **settings) as world, mcp.Client(world.endpoint.server) as c:
        assert len((await c.list_resources()).resources) == 1000
    assert "only 1000 files are listed" in caplog.text
