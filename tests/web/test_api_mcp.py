"""The tools of a language model, as the real client of the protocol's own package sees them."""

import asyncio
import json
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import AbstractContextManager, asynccontextmanager
from typing import Any

import httpx
import httpx2
import msgspec
import pytest
import uvicorn
from litestar.types import ASGIApp
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult, TextContent
from sdc_core.sqlite import fetch_all
from sdc_web.api import mcp as protocol
from sdc_web.db import Databases
from sdc_web.tokens import Scope
from sdc_worker.main import Server

from api_client import token
from raw_requests import ask

ADDRESS = "http://localhost:8000/api/mcp"
READING = {"posts_index", "posts_show", "media_index", "tags_index", "redirects_index", "analytics_summary"}
WRITING = {"posts_create", "posts_change", "posts_remove", "publications_create", "tags_change", "redirects_create"}


@asynccontextmanager
async def model(app: ASGIApp, text: str, mode: str = "auto") -> AsyncGenerator[Client]:
    """A client that has shaken hands, with that token."""
    transport = httpx2.ASGITransport(app, client=("127.0.0.1", 50_000))  # ty: ignore[invalid-argument-type]
    async with (
        httpx2.AsyncClient(transport=transport, headers={"Authorization": f"Bearer {text}"}) as http,
        Client(streamable_http_client(ADDRESS, http_client=http), mode=mode) as client,
    ):
        yield client


def read(result: CallToolResult) -> dict[str, object]:
    """What a tool answered. It was no refusal."""
    text = words(result)
    assert not result.is_error, text
    return json.loads(text)


def words(result: CallToolResult) -> str:
    """The text of an answer, whatever it says."""
    assert isinstance(result.content[0], TextContent)
    return result.content[0].text


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_client_shakes_hands_and_is_told_how_to_go_about_it(
    app: ASGIApp, databases: Databases, author_id: str, mode: str
) -> None:
    async with model(app, await token(databases, author_id), mode) as client:
        assert client.protocol_version == protocol.VERSIONS[0]
        assert "draft" in (client.instructions or "")


async def test_a_text_is_written_changed_published_and_found(
    app: ASGIApp, client: httpx.AsyncClient, databases: Databases, author_id: str
) -> None:
    async with model(app, await token(databases, author_id)) as tools:
        made = read(await tools.call_tool("posts_create", {"title": "Fog", "body": "It came.", "tags": ["sea"]}))
        changes = {"post_id": made["id"], "revision": made["revision"], "body": "It *went*."}
        changed = read(await tools.call_tool("posts_change", changes))
        assert (changed["body"], changed["state"]) == ("It *went*.", "draft")
        published = read(await tools.call_tool("publications_create", {"post_id": made["id"]}))
        assert published["state"] == "published"
        assert "It <em>went</em>." in (await client.get("/posts/fog")).text
        listed = read(await tools.call_tool("posts_index", {"state": "published", "limit": 1}))
        assert [each["title"] for each in msgspec.convert(listed["posts"], list[dict[str, object]])] == ["Fog"]
        renamed = read(await tools.call_tool("tags_change", {"old_name": "sea", "name": "ocean"}))
        assert (renamed["name"], renamed["posts"]) == ("ocean", 1)
        gone = await tools.call_tool("posts_remove", {"post_id": made["id"]})
        assert (gone.is_error, words(gone)) == (False, "Done.")


async def test_a_call_that_comes_again_with_its_key_makes_nothing_twice(
    app: ASGIApp, databases: Databases, author_id: str
) -> None:
    async with model(app, await token(databases, author_id)) as tools:
        first = read(await tools.call_tool("posts_create", {"title": "Fog", "body": "x", "idempotency_key": "a key"}))
        again = read(await tools.call_tool("posts_create", {"idempotency_key": "a key", "body": "x", "title": "Fog"}))
        assert again == first
        other = await tools.call_tool("posts_create", {"title": "Rope", "idempotency_key": "a key"})
        assert (other.is_error, "another request" in words(other)) == (True, True)
        listed = read(await tools.call_tool("posts_index", {}))
        assert len(msgspec.convert(listed["posts"], list[dict[str, object]])) == 1
        for wrong in (7, "é", "", 'a"b', "a\nb", "x" * 256):
            refused = await tools.call_tool("posts_create", {"title": "Fog", "idempotency_key": wrong})
            assert refused.is_error, wrong


async def test_the_use_of_a_tool_is_one_request(app: ASGIApp, databases: Databases, author_id: str) -> None:
    sent = [(b"authorization", f"Bearer {await token(databases, author_id)}".encode())]
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "tags_index", "arguments": {}}}
    left = []
    for _ in range(3):
        answer = await ask(app, "POST", "/api/mcp", headers=sent, body=msgspec.json.encode(call))
        assert b'"isError":false' in answer.body
        left.append(int(answer.headers["ratelimit"].split(";")[1].removeprefix("r=")))
    assert left == [999, 998, 997]


async def test_what_a_tool_does_is_in_the_audit_log_under_its_author(
    app: ASGIApp, databases: Databases, author_id: str
) -> None:
    async with model(app, await token(databases, author_id)) as tools:
        read(await tools.call_tool("redirects_create", {"path": "/old", "target": "https://example.org/"}))
    assert Recorded(author_id=author_id, action="redirect.added") in await recorded(databases)


class Recorded(msgspec.Struct, frozen=True):
    author_id: str
    action: str


async def recorded(databases: Databases) -> list[Recorded]:
    """The audit log."""
    async with databases.site.read() as connection:
        return await fetch_all(connection, Recorded, "SELECT author_id, action FROM audit_entries")


async def test_a_change_by_someone_else_in_the_meantime_is_told_and_not_lost(
    app: ASGIApp, databases: Databases, author_id: str
) -> None:
    async with model(app, await token(databases, author_id)) as tools:
        made = read(await tools.call_tool("posts_create", {"body": "One."}))
        asked = {"post_id": made["id"], "revision": made["revision"]}
        read(await tools.call_tool("posts_change", {**asked, "body": "Two."}))
        late = await tools.call_tool("posts_change", {**asked, "body": "Three."})
        assert late.is_error
        assert json.loads(words(late))["current"]["body"] == "Two."


@pytest.mark.parametrize(
    ("scope", "there", "absent"),
    [
        ("write", READING | WRITING, set()),
        ("read", READING, WRITING),
        ("analytics:read", {"analytics_summary"}, (READING | WRITING) - {"analytics_summary"}),
        ("posts:write", {"posts_index", "posts_create"}, {"publications_create", "posts_remove", "analytics_summary"}),
    ],
)
async def test_a_token_is_shown_the_tools_that_it_has_a_right_to(
    app: ASGIApp, databases: Databases, author_id: str, scope: Scope, there: set[str], absent: set[str]
) -> None:
    async with model(app, await token(databases, author_id, scope)) as tools:
        named = {each.name for each in (await tools.list_tools()).tools}
    assert there <= named
    assert not absent & named


async def test_a_token_that_may_read_is_refused_by_a_tool_it_was_not_shown(
    app: ASGIApp, databases: Databases, author_id: str
) -> None:
    async with model(app, await token(databases, author_id, "read")) as tools:
        refused = await tools.call_tool("posts_create", {"title": "Fog"})
    assert refused.is_error
    assert "--scope posts:write" in words(refused)
    assert Recorded(author_id=author_id, action="right.denied") in await recorded(databases)


BAD_ARGUMENTS = [
    ("posts_show", {}, "needs the argument post_id"),
    ("posts_show", {"post_id": "x", "colour": "red"}, "has no argument colour"),
    ("posts_show", {"post_id": 7}, "without a slash"),
    ("posts_show", {"post_id": "../tags"}, "without a slash"),
    ("posts_show", {"post_id": "x/revisions"}, "without a slash"),
    ("posts_show", {"post_id": "nothing"}, "not_found"),
    ("posts_index", {"limit": 1000}, "invalid"),
    ("posts_index", {"limit": {"a": 1}}, "invalid"),
    ("posts_change", {"post_id": "x", "revision": '1"\r\nx: y'}, "If-Match"),
    ("posts_create", {"title": 7}, "title"),
    ("redirects_create", {"path": "/a"}, "needs the argument target"),
]


@pytest.mark.parametrize(("name", "arguments", "said"), BAD_ARGUMENTS)
async def test_wrong_arguments_are_answered_in_words_that_a_model_can_act_on(
    app: ASGIApp, databases: Databases, author_id: str, name: str, arguments: dict[str, object], said: str
) -> None:
    answer = await sent(app, await token(databases, author_id), "tools/call", {"name": name, "arguments": arguments})
    result = answer["result"]
    assert result["isError"]
    assert said in result["content"][0]["text"]


async def sent(app: ASGIApp, text: str, method: str, params: dict[str, object]) -> dict[str, Any]:
    """The answer to one message that the client would not send."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    answer = await ask(app, "POST", "/api/mcp", headers=[(b"authorization", f"Bearer {text}".encode())], body=body)
    return json.loads(answer.body)


BAD_MESSAGES = [
    (b"", 400, -32700),
    (b"{", 400, -32700),
    (b'{"params":' * 100_000, 400, -32700),
    (b'{"jsonrpc":"2.0","id":1,"method":"\xff"}', 400, -32700),
    (b"[]", 400, -32600),
    (b'{"id":1,"method":"ping"}', 400, -32600),
    (b'{"jsonrpc":"2.0","id":{},"method":"ping"}', 400, -32600),
    (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}', 400, -32600),
    (b'{"jsonrpc":"2.0","id":1,"method":"resources/list"}', 200, -32601),
    (b'{"jsonrpc":"2.0","id":1,"method":"tools/call"}', 200, -32602),
    (b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"rm"}}', 200, -32602),
    (b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"tags_index","arguments":[]}}', 200, -32602),
]


@pytest.mark.parametrize(("body", "status", "code"), BAD_MESSAGES)
async def test_what_is_no_message_is_refused_in_the_protocols_own_codes(
    app: ASGIApp, databases: Databases, author_id: str, body: bytes, status: int, code: int
) -> None:
    headers = [(b"authorization", f"Bearer {await token(databases, author_id)}".encode())]
    answer = await ask(app, "POST", "/api/mcp", headers=headers, body=body)
    assert (answer.status, json.loads(answer.body)["error"]["code"]) == (status, code)


async def test_an_operation_that_takes_too_long_is_told_of_in_words(
    app: ASGIApp, databases: Databases, author_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sdc_web.api.tools.ANSWER_S", 0.0)
    answer = await sent(app, await token(databases, author_id), "tools/call", {"name": "tags_index"})
    assert answer["result"]["isError"]
    assert answer["result"]["content"][0]["text"].startswith("tags_index was not done within 0 s")


async def test_a_notification_is_taken_without_an_answer(app: ASGIApp, databases: Databases, author_id: str) -> None:
    headers = [(b"authorization", f"Bearer {await token(databases, author_id)}".encode())]
    body = b'{"jsonrpc":"2.0","method":"notifications/initialized"}'
    answer = await ask(app, "POST", "/api/mcp", headers=headers, body=body)
    assert (answer.status, answer.body) == (202, b"")


async def test_a_page_of_another_site_is_refused(app: ASGIApp, databases: Databases, author_id: str) -> None:
    bearer = (b"authorization", f"Bearer {await token(databases, author_id)}".encode())
    body = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
    for foreign in ((b"origin", b"https://evil.example"), (b"sec-fetch-site", b"cross-site")):
        assert (await ask(app, "POST", "/api/mcp", headers=[bearer, foreign], body=body)).status == 403


async def test_without_sessions_and_streams_only_messages_are_taken(app: ASGIApp) -> None:
    assert [(await ask(app, method, "/api/mcp")).status for method in ("GET", "DELETE")] == [405, 405]


@asynccontextmanager
async def listening(app: ASGIApp) -> AsyncGenerator[str]:
    """The application at an address on loopback."""
    server = Server(uvicorn.Config(app, lifespan="off", log_config=None, access_log=False))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        async with asyncio.TaskGroup() as group:
            group.create_task(server.serve([listener]))
            try:
                yield f"http://127.0.0.1:{listener.getsockname()[1]}"
            finally:
                server.should_exit = True


def command(site: str, text: str) -> StdioServerParameters:
    return StdioServerParameters(
        command=sys.executable, args=["-m", "sdc_cli", "mcp", "--site", site], env={"MCP_TOKEN": text}
    )


async def test_the_command_carries_the_same_over_standard_input_and_output(
    app: ASGIApp, databases: Databases, author_id: str
) -> None:
    async with (
        listening(app) as site,
        Client(stdio_client(command(site, await token(databases, author_id)))) as tools,
    ):
        made = read(await tools.call_tool("posts_create", {"title": "Fog", "body": "x" * 100_000}))
        assert len(str(read(await tools.call_tool("posts_show", {"post_id": made["id"]}))["body"])) == 100_000


async def test_the_command_tells_why_the_site_refuses(app: ASGIApp) -> None:
    async with listening(app) as site:
        with refused("send a token that is in force"):
            async with Client(stdio_client(command(site, "sdc_guess"))):
                pass


async def test_the_command_tells_that_no_site_is_there() -> None:
    with refused("nothing answers at its address"):
        async with Client(stdio_client(command("http://127.0.0.1:9", "sdc_guess"))):
            pass


def refused(words: str) -> AbstractContextManager[object]:
    return pytest.RaisesGroup(pytest.RaisesExc(MCPError, match=words), flatten_subgroups=True)
