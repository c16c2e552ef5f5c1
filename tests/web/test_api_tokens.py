"""Tokens as the noun keeps them: what is stored, what is recognised, and for how long."""

from pathlib import Path

import pytest
from litestar.types import ASGIApp
from sdc_core import clock
from sdc_core.errors import Invalid
from sdc_core.settings import Settings
from sdc_core.sqlite import execute, fetch_value
from sdc_web import tokens
from sdc_web.db import Databases
from sdc_web.tokens import Scope

from api_client import program, token
from signing_in import OWNER


async def test_a_token_is_recognised_with_its_scope_and_author(databases: Databases, author_id: str) -> None:
    issued = await tokens.issue(databases.site, OWNER, name="phone", scope="read", author_id=author_id)
    found = await tokens.recognise(databases.site, issued.text)
    assert found is not None
    assert (found.name, found.scope, found.author_id) == ("phone", "read", author_id)


async def test_the_token_itself_is_in_no_file(databases: Databases, author_id: str, settings: Settings) -> None:
    issued = await tokens.issue(databases.site, OWNER, name="phone", scope="read", author_id=author_id)
    await tokens.recognise(databases.site, issued.text)
    files: list[Path] = [each for each in settings.DATA_DIR.rglob("*") if each.is_file()]
    assert [each for each in files if issued.text.encode() in each.read_bytes()] == []


WRONG = ["", "sdc_", "x", "sdc_" + "a" * 43, "sdc_" + "a" * 10_000, "\0", "\udcff", "sdc_" + "\udcff" * 43, "%"]


@pytest.mark.parametrize("text", WRONG)
async def test_a_wrong_token_is_nobody_s(databases: Databases, author_id: str, text: str) -> None:
    await tokens.issue(databases.site, OWNER, name="phone", scope="read", author_id=author_id)
    assert await tokens.recognise(databases.site, text) is None


async def test_what_is_stored_of_a_token_does_not_stand_for_it(databases: Databases, author_id: str) -> None:
    issued = await tokens.issue(databases.site, OWNER, name="phone", scope="read", author_id=author_id)
    assert await tokens.recognise(databases.site, issued.token.token_sha256) is None


async def test_a_token_ends_with_its_last_day(databases: Databases, author_id: str) -> None:
    issued = await tokens.issue(databases.site, OWNER, name="phone", scope="read", author_id=author_id, days=2)
    end_us = issued.token.created_at_us + 2 * clock.DAY_US
    with clock.frozen(end_us - 1):
        assert await tokens.recognise(databases.site, issued.text) is not None
    with clock.frozen(end_us):
        assert await tokens.recognise(databases.site, issued.text) is None


async def test_a_revoked_token_is_not_recognised(databases: Databases, author_id: str) -> None:
    issued = await tokens.issue(databases.site, OWNER, name="phone", scope="read", author_id=author_id)
    await tokens.revoke(databases.site, OWNER, " Phone ")
    assert await tokens.recognise(databases.site, issued.text) is None


async def test_the_last_use_is_written_once_an_hour(databases: Databases, author_id: str) -> None:
    issued = await tokens.issue(databases.site, OWNER, name="phone", scope="read", author_id=author_id)
    seen = []
    for minute in (0, 59, 61):
        with clock.frozen(issued.token.created_at_us + minute * 60 * clock.SECOND_US):
            await tokens.recognise(databases.site, issued.text)
        (listed,) = await tokens.listing(databases.site, OWNER)
        assert listed.last_used_at_us is not None
        seen.append((listed.last_used_at_us - issued.token.created_at_us) // clock.SECOND_US)
    assert seen == [0, 0, 3_660]


async def test_tokens_leave_the_pages_that_are_kept_as_they_are(databases: Databases, author_id: str) -> None:
    async def generation() -> object:
        async with databases.site.read() as connection:
            return await fetch_value(connection, "SELECT n FROM generation")

    before = await generation()
    issued = await tokens.issue(databases.site, OWNER, name="phone", scope="read", author_id=author_id)
    await tokens.recognise(databases.site, issued.text)
    await tokens.revoke(databases.site, OWNER, "phone")
    assert await generation() == before


@pytest.mark.parametrize(
    ("scopes", "done"),
    [
        (("posts:read",), ["read post"]),
        (("posts:write",), ["read post", "write"]),
        (("posts:publish",), ["read post", "write", "publish", "tag", "delete"]),
        (("media:read",), ["read media"]),
        (("site:read",), ["read site"]),
        (("site:write",), ["read site", "change site"]),
        (("analytics:read",), []),
        (("posts:write", "media:read"), ["read post", "write", "read media"]),
        (("read",), ["read post", "read media", "read site"]),
        (
            ("write",),
            ["read post", "write", "publish", "tag", "delete", "read media", "read site", "change site"],
        ),
    ],
)
async def test_a_token_does_what_one_of_its_scopes_covers_and_nothing_else(
    app: ASGIApp, databases: Databases, author_id: str, scopes: tuple[Scope, ...], done: list[str]
) -> None:
    async with program(app, await token(databases, author_id)) as author:
        post_id = (await author.post("/posts", json={"title": "Fog", "tags": ["light"]})).json()["id"]
        await author.post(f"/posts/{post_id}/publication")
    issued = await tokens.issue(databases.site, OWNER, name="x", scope=scopes, author_id=author_id)
    any_revision = {"If-Match": "*"}
    async with program(app, issued.text) as api:
        tried = {
            "read post": await api.get(f"/posts/{post_id}"),
            "write": await api.patch(f"/posts/{post_id}", json={"body": "More."}, headers=any_revision),
            "publish": await api.post(f"/posts/{post_id}/publication"),
            "tag": await api.patch("/tags/light", json={"colour": "red"}),
            "delete": await api.delete(f"/posts/{post_id}"),
            "read media": await api.get("/media"),
            "read site": await api.get("/site"),
            "change site": await api.patch("/site", json={"title": "Mine"}),
        }
    assert [name for name, answer in tried.items() if answer.is_success] == done
    assert {answer.status_code for name, answer in tried.items() if name not in done} <= {403}


@pytest.mark.parametrize("scope", ["read", "write", "analytics:read"])
async def test_a_token_of_before_keeps_what_it_may(databases: Databases, author_id: str, scope: Scope) -> None:
    issued = await tokens.issue(databases.site, OWNER, name="old", scope=scope, author_id=author_id)
    async with databases.site.transaction() as connection:
        await execute(connection, "UPDATE api_tokens SET scope = :scope", {"scope": scope})
    found = await tokens.recognise(databases.site, issued.text)
    assert found is not None
    assert [found.actor.may(each) for each in ("posts.read", "posts.publish", "statistics.read", "site.change")] == [
        scope != "analytics:read",
        scope == "write",
        True,
        scope == "write",
    ]


async def test_a_token_that_may_do_nothing_is_not_made(databases: Databases, author_id: str) -> None:
    with pytest.raises(Invalid, match="say what"):
        await tokens.issue(databases.site, OWNER, name="x", scope=(), author_id=author_id)
