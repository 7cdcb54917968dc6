"""The skill adapter over ASGI: SKL-1 to SKL-6, and what every path must not reach."""

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import anyio
import httpx
import pytest
import yaml

from naftiko_runtime.adapters.guards import ListenerRules, guarded_listener
from naftiko_runtime.adapters.skill.app import skill_app
from naftiko_runtime.plan.exposure import Address, CorsPolicy, Skill, SkillExposure, SkillTool

pytestmark = pytest.mark.anyio

DERIVED = SkillTool(
    "get-order",
    "Get it",
    "derived",
    target_namespace="shop-mcp",
    action="get-order",
    mode="mcp",
    input_schema={"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]},
)
HOW_TO = SkillTool("how-to", "Guide", "instruction", instruction="guide.md")
MEMBERS = {
    "license": "MIT",
    "compatibility": "any",
    "argument-hint": "<id>",
    "allowed-tools": "get-order, list-orders",
    "user-invocable": True,
    "disable-model-invocation": False,
    "metadata": {"author": "me"},
}


def skill(folder: Path | None = None, name: str = "orders") -> Skill:
    return Skill(
        name, "Order work", MEMBERS, (DERIVED, HOW_TO), None if folder is None else str(folder)
    )


def client(*skills: Skill, cors: CorsPolicy | None = None) -> httpx.AsyncClient:
    exposure = SkillExposure("shop-skills", Address(None, 3011), skills, cors=cors)
    return client_of([exposure])


def client_of(exposures: Sequence[SkillExposure]) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(skill_app(exposures)), base_url="http://127.0.0.1:3011"
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "orders"
    (root / "scripts").mkdir(parents=True)
    (root / "guide.md").write_text("# Guide\n")
    (root / "scripts" / "run.sh").write_text("echo hi\n")
    (root / "scripts" / "run.sh").chmod(0o755)
    (root / "data.bin").write_bytes(b"\x00\x01")
    (root / ".env").write_text("TOKEN=hidden")
    (tmp_path / "outside.txt").write_text("outside")
    (root / "out.txt").symlink_to(tmp_path / "outside.txt")
    (root / "up").symlink_to(tmp_path)
    (root / "again").symlink_to(root)
    (root / "same.md").symlink_to(root / "guide.md")
    return root


async def test_the_catalogue_lists_the_skills_in_document_order() -> None:
    async with client(skill(), Skill("bare", None, {}, ())) as http:
        reply = await http.get("/skills")
    assert reply.json() == {
        "count": 2,
        "skills": [
            {
                "name": "orders",
                "description": "Order work",
                "license": "MIT",
                "tools": ["get-order", "how-to"],
            },
            {"name": "bare", "tools": []},
        ],
    }


async def test_of_two_skills_with_one_name_the_first_adapter_wins() -> None:
    exposures = [
        SkillExposure("one", Address(None, 3011), (Skill("orders", "first", {}, ()),)),
        SkillExposure("two", Address(None, 3011), (Skill("orders", "second", {}, ()),)),
    ]
    async with client_of(exposures) as http:
        reply = await http.get("/skills")
    assert reply.json() == {
        "count": 1,
        "skills": [{"name": "orders", "description": "first", "tools": []}],
    }


async def test_a_skill_shows_what_the_document_gives_and_nothing_else() -> None:
    async with client(skill(), Skill("bare", None, {}, ())) as http:
        full, bare = await http.get("/skills/orders"), await http.get("/skills/bare")
    assert bare.json() == {"name": "bare", "tools": []}
    assert full.json() == {
        "name": "orders",
        "description": "Order work",
        "license": "MIT",
        "compatibility": "any",
        "argument-hint": "<id>",
        "allowed-tools": "get-order, list-orders",
        "user-invocable": True,
        "disable-model-invocation": False,
        "metadata": {"author": "me"},
        "tools": [
            {
                "name": "get-order",
                "description": "Get it",
                "type": "derived",
                "invocationRef": {
                    "targetNamespace": "shop-mcp",
                    "action": "get-order",
                    "mode": "mcp",
                },
            },
            {
                "name": "how-to",
                "description": "Guide",
                "type": "instruction",
                "instruction": "guide.md",
            },
        ],
    }


async def test_a_tool_without_source_stays_and_says_why() -> None:
    lost = SkillTool("gone", None, "derived", "shop", "nope", unavailable="shop has no tool nope")
    described = SkillTool("words", "Think", "described")
    async with client(Skill("orders", None, {}, (lost, described))) as http:
        reply = await http.get("/skills/orders")
    assert reply.json()["tools"] == [
        {
            "name": "gone",
            "type": "derived",
            "invocationRef": {"targetNamespace": "shop", "action": "nope"},
            "unavailable": "shop has no tool nope",
        },
        {"name": "words", "description": "Think", "type": "described"},
    ]


async def test_contents_are_sorted_and_hide_what_is_hidden_or_leads_outside(folder: Path) -> None:
    (folder / "SKILL.md").write_text("own")
    async with client(skill(folder)) as http:
        reply = await http.get("/skills/orders/contents")
    assert reply.json() == {
        "name": "orders",
        "files": [
            {"path": "SKILL.md", "size": 3, "type": "text/markdown"},
            {"path": "data.bin", "size": 2, "type": "application/octet-stream"},
            {"path": "guide.md", "size": 8, "type": "text/markdown"},
            {"path": "same.md", "size": 8, "type": "text/markdown"},
            {"path": "scripts/run.sh", "size": 8, "type": "text/x-shellscript"},
        ],
    }


async def test_a_file_comes_as_bytes_that_no_browser_runs(folder: Path) -> None:
    async with client(skill(folder)) as http:
        reply = await http.get("/skills/orders/contents/scripts/run.sh")
        binary = await http.get("/skills/orders/contents/data.bin")
    assert (reply.status_code, reply.content) == (200, b"echo hi\n")
    assert reply.headers["content-type"] == "text/x-shellscript; charset=utf-8"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["content-security-policy"] == "sandbox"
    assert (binary.content, binary.headers["content-type"]) == (
        b"\x00\x01",
        "application/octet-stream",
    )


@pytest.mark.parametrize(
    "path",
    [
        "",
        "..",
        "../outside.txt",
        "%2e%2e/outside.txt",
        "..%2foutside.txt",
        "%2fetc/passwd",
        "/etc/passwd",
        "scripts//run.sh",
        "scripts/./run.sh",
        "scripts%5crun.sh",
        "guide.md%00",
        "C:/guide.md",
        "c:guide.md",
        "%ff",
        "out.txt",
        "up/outside.txt",
        "up",
    ],
)
async def test_a_path_that_could_leave_the_folder_is_refused(folder: Path, path: str) -> None:
    reply = await raw_get(skill(folder), f"/skills/orders/contents/{path}")
    assert (reply.status_code, reply.headers["content-type"]) == (400, "application/problem+json")
    assert reply.json()["detail"] == "the path names no file below the skill"
    assert str(folder) not in reply.text


@pytest.mark.parametrize(
    "path", ["nope.md", "scripts", "%252e%252e", ".env", "scripts/.hidden", "guide.md/x"]
)
async def test_what_is_no_visible_file_is_not_found(folder: Path, path: str) -> None:
    reply = await raw_get(skill(folder), f"/skills/orders/contents/{path}")
    assert (reply.status_code, reply.json()["type"]) == (404, "urn:naftiko:problem:not-found")


@pytest.mark.parametrize(
    "path", ["/skills/nope", "/skills/nope/download", "/skills/orders/other", "/other", "/"]
)
async def test_an_unknown_skill_or_page_is_not_found(path: str) -> None:
    async with client(skill()) as http:
        assert (await http.get(path)).status_code == 404


async def test_a_download_is_a_sorted_archive_of_the_visible_files(folder: Path) -> None:
    async with client(skill(folder)) as http:
        first = await http.get("/skills/orders/download")
        (folder / "guide.md").touch()
        second = await http.get("/skills/orders/download")
    assert first.headers["content-type"] == "application/zip"
    assert first.headers["content-disposition"] == 'attachment; filename="orders.zip"'
    assert first.content == second.content
    archive = zipfile.ZipFile(io.BytesIO(first.content))
    assert archive.testzip() is None
    assert archive.namelist() == ["SKILL.md", "data.bin", "guide.md", "same.md", "scripts/run.sh"]
    assert archive.read("guide.md") == b"# Guide\n"
    assert archive.getinfo("scripts/run.sh").external_attr >> 16 == 0o100755
    assert all(entry.compress_type == zipfile.ZIP_DEFLATED for entry in archive.infolist())


async def test_a_download_of_a_large_folder_is_streamed(folder: Path) -> None:
    (folder / "large.bin").write_bytes(bytes(range(256)) * 16_384)
    chunks: list[int] = []
    app = skill_app([SkillExposure("s", Address(None, 1), (skill(folder),))])

    async def send(message: "dict[str, object]") -> None:
        if isinstance(body := message.get("body"), bytes):
            chunks.append(len(body))

    async def receive() -> "dict[str, object]":
        await anyio.sleep_forever()
        raise AssertionError

    with anyio.fail_after(5):
        await app(scope("/skills/orders/download"), receive, send)  # type: ignore[arg-type]
    assert len(chunks) > 3


async def test_a_skill_name_that_is_no_token_is_encoded_in_the_disposition() -> None:
    async with client(skill(name='or"ders é')) as http:
        reply = await http.get("/skills/or%22ders%20%C3%A9/download")
    assert reply.headers["content-disposition"] == (
        "attachment; filename*=UTF-8''or%22ders%20%C3%A9.zip"
    )


async def test_the_folders_own_manifest_is_served_as_it_is(folder: Path) -> None:
    (folder / "SKILL.md").write_text("---\nname: mine\n---\n")
    async with client(skill(folder)) as http:
        reply = await http.get("/skills/orders/SKILL.md")
    assert reply.text == "---\nname: mine\n---\n"
    assert reply.headers["content-type"] == "text/markdown; charset=utf-8"


@pytest.mark.parametrize("missing", [True, False])
async def test_a_skill_without_manifest_gets_one_made(tmp_path: Path, *, missing: bool) -> None:
    subject = skill(tmp_path / "nowhere" if missing else None)
    async with client(subject) as http:
        reply = await http.get("/skills/orders/SKILL.md")
        again = await http.get("/skills/orders/contents/SKILL.md")
        listed = await http.get("/skills/orders/contents")
        archive = await http.get("/skills/orders/download")
    assert reply.content == again.content
    assert listed.json()["files"] == [
        {"path": "SKILL.md", "size": len(reply.content), "type": "text/markdown"}
    ]
    assert zipfile.ZipFile(io.BytesIO(archive.content)).read("SKILL.md") == reply.content


async def test_the_made_manifest_says_what_each_tool_is_called_and_how() -> None:
    rest = SkillTool(
        "list", None, "derived", "shop-rest", "list-orders", "rest", route="GET /v1/orders"
    )
    lost = SkillTool("gone", "Lost", "derived", "x", "y", unavailable="x has no y")
    subject = Skill("orders", "Order work: all", MEMBERS, (DERIVED, rest, HOW_TO, lost))
    async with client(subject) as http:
        text = (await http.get("/skills/orders/SKILL.md")).text
    _, front, body = text.split("---\n", 2)
    assert yaml.safe_load(front) == {
        "name": "orders",
        "description": "Order work: all",
        "license": "MIT",
        "compatibility": "any",
        "metadata": {"author": "me"},
        "allowed-tools": "get-order list-orders",
    }
    assert "Call the MCP tool `get-order` of the server `shop-mcp`." in body
    assert '"required": [\n    "id"\n  ]' in body
    assert "Send `GET /v1/orders` to the REST adapter `shop-rest`." in body
    assert "Read [guide.md](guide.md)." in body
    assert "Not available: x has no y" in body


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("a b", "a b"),
        ("a,b ,  c", "a b c"),
        ("Bash(git:*, gh:*), Read", "Bash(git:*, gh:*) Read"),
    ],
)
async def test_allowed_tools_stand_with_blanks_in_the_manifest(written: str, shown: str) -> None:
    subject = Skill("orders", "d", {"allowed-tools": written}, ())
    async with client(subject) as http:
        text = (await http.get("/skills/orders/SKILL.md")).text
        described = (await http.get("/skills/orders")).json()
    assert yaml.safe_load(text.split("---\n")[1])["allowed-tools"] == shown
    assert described["allowed-tools"] == written


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_only_reading_is_allowed(method: str) -> None:
    async with client(skill()) as http:
        reply = await http.request(method, "/skills/orders")
    assert (reply.status_code, reply.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert reply.json()["type"] == "urn:naftiko:problem:method-not-allowed"


@pytest.mark.parametrize(
    "path",
    ["/skills", "/skills/orders", "/skills/orders/SKILL.md", "/skills/orders/contents/guide.md"],
)
async def test_head_has_the_headers_of_get_and_no_body(folder: Path, path: str) -> None:
    async with client(skill(folder)) as http:
        got, head = await http.get(path), await http.head(path)
    assert head.content == b""
    assert head.headers["content-length"] == got.headers["content-length"] != "0"


async def test_head_of_a_download_makes_no_archive(folder: Path) -> None:
    async with client(skill(folder)) as http:
        head = await http.head("/skills/orders/download")
    assert (head.status_code, head.headers["content-type"], head.content) == (
        200,
        "application/zip",
        b"",
    )


async def test_options_names_the_methods() -> None:
    async with client(skill()) as http:
        plain = await http.options("/skills")
    assert (plain.status_code, plain.headers["allow"]) == (204, "GET, HEAD, OPTIONS")
    assert "access-control-allow-origin" not in plain.headers


async def test_a_page_of_an_allowed_origin_may_read_the_catalogue() -> None:
    policy = CorsPolicy(("https://app.example",))
    exposure = SkillExposure("s", Address(None, 1), (skill(),), cors=policy)
    rules = ListenerRules(origins=("https://app.example",))
    app = guarded_listener(skill_app([exposure]), rules)
    origin = {"Origin": "https://app.example"}
    asked = {**origin, "Access-Control-Request-Method": "GET"}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        preflight = await http.options("/skills", headers=asked)
        actual = await http.get("/skills", headers=origin)
        missing = await http.get("/skills/nope", headers=origin)
    assert preflight.headers["access-control-allow-methods"] == "GET, HEAD"
    for reply in (preflight, actual, missing):
        assert reply.headers.get_list("access-control-allow-origin") == ["https://app.example"]
        assert reply.headers.get_list("x-request-id") == [reply.headers["x-request-id"]]


def scope(path: str, method: str = "GET") -> "dict[str, object]":
    return {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
        "scheme": "http",
    }


async def raw_get(subject: Skill, path: str) -> httpx.Response:
    """Send a path as it is: clients tidy dot segments away."""
    app = skill_app([SkillExposure("s", Address(None, 1), (subject,))])

    async def passed(given: "dict[str, object]", receive: object, send: object) -> None:
        await app(given | {"raw_path": path.encode()}, receive, send)  # type: ignore[arg-type]

    transport = httpx.ASGITransport(passed)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        return await http.get("/skills/raw")
