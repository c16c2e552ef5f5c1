"""Tokens of the API on their page: made, shown once, listed, revoked, and only by whoever proves who they are."""

import re

import httpx
import pytest
from sdc_core import clock
from sdc_web import tokens
from sdc_web.authors import accounts
from sdc_web.authors.rights import SYSTEM
from sdc_web.db import Databases
from sdc_web.sessions import confirm

from signing_in import BROWSER, OWNER, come_in, send

HERE = "/author/site/tokens"
TEXT = re.compile(r"sdc_[A-Za-z0-9_-]{43}")


async def make(client: httpx.AsyncClient, name: str = "phone", scope: str = "read", days: str = "") -> httpx.Response:
    return await send(client, HERE, {"name": name, "scope": scope, "days": days})


async def opens(client: httpx.AsyncClient, text: str) -> int:
    answer = await client.get("/api/v1/posts", headers={"Authorization": f"Bearer {text}"})
    return answer.status_code


async def test_a_token_is_shown_once_and_opens_the_api_until_it_is_revoked(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await come_in(client, databases)
    made = await make(client)
    shown = TEXT.search(made.text)
    assert shown is not None
    assert made.headers["cache-control"] == "private, no-store"
    assert await opens(client, shown[0]) == 200
    listed = (await client.get(HERE, headers=BROWSER)).text
    assert ("phone" in listed, TEXT.search(listed)) == (True, None)
    await send(client, f"{HERE}?_method=DELETE", {"name": "phone"})
    assert await opens(client, shown[0]) == 401


async def test_a_token_that_has_ended_says_so_in_the_list(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    await make(client, days="1")
    with clock.frozen(clock.now_us() + clock.DAY_US + clock.SECOND_US):
        assert "has ended" in (await client.get(HERE, headers=BROWSER)).text


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"name": "a phone"}, "letters, digits"),
        ({"days": "soon"}, "whole number"),
        ({"days": "0"}, "lasts 1 to"),
        ({"days": "99999999999999999999"}, "whole number"),
    ],
)
async def test_what_cannot_be_taken_comes_back_with_the_reason(
    client: httpx.AsyncClient, databases: Databases, form: dict[str, str], words: str
) -> None:
    await come_in(client, databases)
    answer = await send(client, HERE, {"name": "phone", "scope": "write", "days": "", **form})
    assert (answer.status_code, words in answer.text) == (422, True)
    assert '<option value="write" selected>' in answer.text


async def test_a_name_in_use_is_told_beside_the_name(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    await make(client)
    again = await make(client)
    assert (again.status_code, 'id="error-name"' in again.text) == (422, True)


async def test_an_owner_revokes_the_token_of_the_author_whose_line_it_is(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await come_in(client, databases)
    eve = await accounts.create(databases, SYSTEM, name="eve", role="author")
    await make(client)
    hers = await tokens.issue(databases.site, SYSTEM, name="phone", scope="read", author_id=eve.id)
    page = (await client.get(HERE, headers=BROWSER)).text
    assert f'name="author" value="{eve.id}"' in page
    answer = await send(client, f"{HERE}?_method=DELETE", {"name": "phone", "author": eve.id})
    assert answer.status_code == 303
    assert await tokens.recognise(databases.site, hers.text) is None
    assert [each.name for each in await tokens.listing(databases.site, OWNER)] == ["phone"]


async def test_only_a_fresh_proof_makes_a_token(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    with clock.frozen(clock.now_us() + confirm.FRESH_US + clock.SECOND_US):
        answer = await make(client)
    assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (307, "/author/confirm/form")


async def test_a_token_may_do_what_was_chosen_of_each_part(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    parts = {"posts": "posts:write", "media": "media:write", "site": "", "statistics": "analytics:read"}
    made = await send(client, HERE, {"name": "phone", "scope": "parts", "days": "", **parts})
    assert "write drafts, change media, read the statistics" in made.text
    shown = TEXT.search(made.text)
    assert shown is not None
    headers = {"Authorization": f"Bearer {shown[0]}"}
    assert (await client.get("/api/v1/posts", headers=headers)).status_code == 200
    assert (await client.get("/api/v1/site", headers=headers)).status_code == 403


async def test_of_parts_at_least_one_is_chosen(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    answer = await send(client, HERE, {"name": "phone", "scope": "parts", "days": "", "posts": ""})
    assert (answer.status_code, 'id="error-scope"' in answer.text, "<details open>" in answer.text) == (422, True, True)
