import asyncio
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import uvicorn
from litestar.types import ASGIApp
from sdc_core import clock
from sdc_core.errors import Conflict
from sdc_core.settings import Settings
from sdc_core.sqlite import fetch_value
from sdc_core.webhooks import new_secret
from sdc_web import audit, mock_github
from sdc_web.app import Routes
from sdc_web.authors import accounts, github, github_trips, one_time_tokens
from sdc_web.authors.github_calls import Identity
from sdc_web.authors.store import Author
from sdc_web.db import Databases
from sdc_web.sessions.confirm import FRESH_US
from sdc_web.sessions.signed_in import listing

from github_trip import ADA, DENY, GRACE, STRANGER, choose, go, travel
from signing_in import BROWSER, OWNER, as_actor, come_in, make_author, send

LIMIT_S = 60.0
SETUP = {"name": "ada", "display_name": "Ada Lovelace", "password": "", "site_title": "Notes"}


class Server(uvicorn.Server):
    """Leaves the signals to the tests."""

    def install_signal_handlers(self) -> None:
        pass


@pytest.fixture
def listener() -> Generator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as opened:
        yield opened


@pytest.fixture
def settings(tmp_path: Path, listener: socket.socket) -> Settings:
    """A site with the made-up GitHub, which web asks at an address where it really listens."""
    return Settings(
        DATA_DIR=tmp_path / "data",
        WEBHOOK_SECRETS=(new_secret(),),
        WORKER_URL="http://127.0.0.1:9",
        WEB_URL=f"http://127.0.0.1:{listener.getsockname()[1]}",
        S3_ENDPOINT_URL="http://127.0.0.1:9",
        S3_ACCESS_KEY_ID="test",
        S3_SECRET_ACCESS_KEY="test",
        GITHUB_MOCK=True,
        _env_file=None,
    )


@pytest.fixture(scope="module")
def routes() -> Routes:
    """Those of every site, and the made-up GitHub's."""
    return Routes([mock_github.router()])


@asynccontextmanager
async def listening(app: ASGIApp, listener: socket.socket) -> AsyncGenerator[None]:
    async with asyncio.TaskGroup() as group:
        config = uvicorn.Config(app, lifespan="off", log_config=None, access_log=False)
        server = Server(config)
        running = group.create_task(server.serve([listener]))
        yield
        server.should_exit = True
        async with asyncio.timeout(LIMIT_S):
            await running


@pytest.fixture(autouse=True)
async def made_up_github(app: ASGIApp, listener: socket.socket) -> AsyncGenerator[None]:
    """The made-up GitHub listens; whoever wants another puts it at the same address."""
    async with listening(app, listener):
        yield


@pytest.fixture
async def ada(client: httpx.AsyncClient, databases: Databases) -> Author:
    """An author with a linked account, who is not signed in."""
    author = await make_author(databases)
    async with databases.site.transaction() as connection:
        await github.keep(connection, Identity(id=1001, login="ada-lovelace"), OWNER)
    return author


async def test_a_linked_account_signs_its_author_in(
    client: httpx.AsyncClient, databases: Databases, ada: Author
) -> None:
    answer = await travel(client, ADA, form={"return_to": "/author/media?page=2"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/author/media?page=2")
    assert [each.author_id for each in await listing(databases, ada.id)] == [ada.id]
    assert "ada-lovelace" in (await client.get("/author/account", headers=BROWSER)).text


async def test_the_sign_in_page_offers_github_and_the_account_page_links_it(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    assert 'action="/author/sign-in/github"' in (await client.get("/author/sign-in", headers=BROWSER)).text
    author = await come_in(client, databases)
    answer = await travel(client, ADA, "/author/account/github")
    assert answer.headers["location"] == "/author/account?said=github_linked"
    linked = await github.account_of(databases, author.id)
    assert linked is not None
    assert (linked.github_id, linked.login) == (1001, "ada-lovelace")
    client.cookies.clear()
    assert (await travel(client, ADA)).headers["location"] == "/author"


async def test_what_is_sent_there_asks_for_no_scope_and_carries_state_and_challenge(
    client: httpx.AsyncClient, ada: Author
) -> None:
    first, second = [parse_qs(urlsplit(await go(client)).query) for _ in range(2)]
    assert set(first) == {
        "client_id", "redirect_uri", "state", "code_challenge", "code_challenge_method", "allow_signup"
    }  # fmt: skip
    assert first["redirect_uri"] == ["http://localhost:8000/author/github/callback"]
    assert first["code_challenge_method"] == ["S256"]
    assert first["state"] != second["state"]
    assert first["code_challenge"] != second["code_challenge"]


async def refused(answer: httpx.Response, databases: Databases, status: int, words: str) -> None:
    """The sign-in page says so, and nobody is signed in."""
    assert (answer.status_code, words in answer.text) == (status, True), answer.text
    assert 'id="sign-in-form-author"' in answer.text
    async with databases.ttl.read() as connection:
        assert await fetch_value(connection, "SELECT count(*) FROM sessions") == 0


async def test_who_turns_it_down_there_is_told_that_nothing_changed(
    client: httpx.AsyncClient, databases: Databases, ada: Author
) -> None:
    await refused(await travel(client, DENY), databases, 403, "You turned it down at GitHub")


async def test_a_state_that_nobody_began_is_refused(
    client: httpx.AsyncClient, databases: Databases, ada: Author
) -> None:
    back = await choose(client, await go(client), ADA)
    code = parse_qs(urlsplit(back).query)["code"][0]
    for query in (f"code={code}&state=guess", f"code={code}", "", f"code={code}&state=%ff%00"):
        answer = await client.get(f"/author/github/callback?{query}", headers=BROWSER)
        await refused(answer, databases, 401, "was not begun in this browser")


async def test_a_state_is_good_once(client: httpx.AsyncClient, databases: Databases, ada: Author) -> None:
    back = await choose(client, await go(client), ADA)
    assert (await client.get(back, headers=BROWSER)).status_code == 303
    client.cookies.delete("sdc_session")
    again = await client.get(back, headers=BROWSER)
    assert (again.status_code, "was not begun in this browser" in again.text) == (401, True)


async def test_what_another_browser_began_signs_nobody_in_here(
    client: httpx.AsyncClient, databases: Databases, ada: Author
) -> None:
    """An attacker would send the victim the address at which they themselves come back (login CSRF)."""
    back = await choose(client, await go(client), ADA)
    mine = dict(client.cookies)
    client.cookies.clear()
    await refused(await client.get(back, headers=BROWSER), databases, 401, "was not begun in this browser")
    await go(client)
    await refused(await client.get(back, headers=BROWSER), databases, 401, "was not begun in this browser")
    client.cookies.update(mine)


async def test_whoever_begins_again_and_again_fills_no_disk(
    client: httpx.AsyncClient, databases: Databases, ada: Author
) -> None:
    first = await choose(client, await go(client), ADA)
    for _ in range(github_trips.MOST_OF_ONE_ADDRESS + 3):
        await go(client)
    async with databases.ttl.read() as connection:
        kept = await fetch_value(connection, "SELECT count(*) FROM github_trips")
    assert kept == github_trips.MOST_OF_ONE_ADDRESS
    assert (await client.get(first, headers=BROWSER)).status_code == 401


async def test_a_refusal_stands_in_the_audit_log(client: httpx.AsyncClient, databases: Databases, ada: Author) -> None:
    await travel(client, STRANGER)
    async with databases.site.read() as connection:
        newest = (await audit.newest(connection, OWNER, 1))[0]
    assert (newest.action, newest.words) == ("session.refused", "by GitHub")


async def test_a_trip_takes_ten_minutes_at_most(client: httpx.AsyncClient, databases: Databases, ada: Author) -> None:
    now_us = clock.now_us()
    with clock.frozen(now_us - github_trips.LIFETIME_US):
        address = await go(client)
    back = await choose(client, address, ADA)
    await refused(await client.get(back, headers=BROWSER), databases, 401, "longer than ten minutes ago")


async def test_no_page_to_come_back_to_is_kept_that_is_longer_than_one(
    client: httpx.AsyncClient, databases: Databases, ada: Author
) -> None:
    assert (await travel(client, ADA, form={"return_to": f"/author/{'x' * 2_000}"})).headers["location"] == "/author"


async def test_a_code_of_somebody_elses_trip_is_worth_nothing(
    client: httpx.AsyncClient, databases: Databases, ada: Author
) -> None:
    """PKCE: a stolen code does not fit the verifier of the thief's own trip."""
    stolen = parse_qs(urlsplit(await choose(client, await go(client), ADA)).query)["code"][0]
    own_state = parse_qs(urlsplit(await go(client)).query)["state"][0]
    answer = await client.get(f"/author/github/callback?code={stolen}&state={own_state}", headers=BROWSER)
    await refused(answer, databases, 401, "took too long, or was finished before")


async def test_an_account_that_is_not_allowed_is_told_its_number(
    client: httpx.AsyncClient, databases: Databases, ada: Author
) -> None:
    await refused(await travel(client, STRANGER), databases, 403, "number 1003 may not sign in here")


async def test_an_account_that_was_allowed_once_and_is_no_more_does_not_come_in(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await make_author(databases)
    async with databases.site.transaction() as connection:
        await github.keep(connection, Identity(id=1003, login="a-stranger"), OWNER)
    await refused(await travel(client, STRANGER), databases, 403, "SDC_GITHUB_ALLOWED_IDS")


async def test_an_allowed_account_that_is_nobodys_is_told_to_be_linked(
    client: httpx.AsyncClient, databases: Databases, ada: Author
) -> None:
    await refused(await travel(client, GRACE), databases, 403, "link it under Account")


@pytest.mark.parametrize("address", ["//evil.example", "https://evil.example/", "/author/sign-in", "/posts"])
async def test_coming_back_leads_nowhere_else(client: httpx.AsyncClient, ada: Author, address: str) -> None:
    assert (await travel(client, ADA, form={"return_to": address})).headers["location"] == "/author"


async def test_a_session_that_was_brought_along_is_not_taken_over(client: httpx.AsyncClient, ada: Author) -> None:
    client.cookies.set("sdc_session", "chosen-by-somebody-else", domain="localhost.local")
    await travel(client, ADA)
    assert client.cookies["sdc_session"] != "chosen-by-somebody-else"


async def test_an_account_signs_one_author_in(client: httpx.AsyncClient, databases: Databases, ada: Author) -> None:
    eve = await accounts.create(databases, OWNER, name="eve", role="author")
    with pytest.raises(Conflict, match="another author"):
        await github.link(databases, as_actor(eve), Identity(id=1001, login="ada-lovelace"))
    assert (await travel(client, ADA)).status_code == 303
    assert [each.author_id for each in await listing(databases, ada.id)] == [ada.id]


async def test_linking_ends_where_another_author_has_signed_in_meanwhile(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    author = await come_in(client, databases)
    back = await choose(client, await go(client, "/author/account/github"), ADA)
    client.cookies.delete("sdc_session")
    answer = await client.get(back, headers=BROWSER)
    assert (answer.status_code, "Sign in first" in answer.text) == (401, True)
    assert await github.account_of(databases, author.id) is None


async def test_what_goes_wrong_with_linking_is_told_on_the_account_page(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await come_in(client, databases)
    for person, status, words in ((DENY, 403, "You turned it down"), (STRANGER, 403, "number 1003")):
        answer = await travel(client, person, "/author/account/github")
        assert (answer.status_code, words in answer.text, 'id="account-github-part"' in answer.text) == (
            status, True, True
        )  # fmt: skip


async def test_linking_and_unlinking_ask_for_a_fresh_proof(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    with clock.frozen(clock.now_us() + FRESH_US + clock.SECOND_US):
        for method in ("POST", "DELETE"):
            answer = await send(client, "/author/account/github", {}, method)
            assert answer.headers["location"].startswith("/author/confirm/form?")


async def test_an_unlinked_account_signs_nobody_in(
    client: httpx.AsyncClient, databases: Databases, ada: Author
) -> None:
    await travel(client, ADA)
    answer = await send(client, "/author/account/github", {}, "DELETE")
    assert answer.headers["location"] == "/author/account?said=github_unlinked"
    assert (await travel(client, ADA)).status_code == 403


async def test_the_only_way_in_cannot_be_unlinked(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    await travel(client, ADA, "/author/account/github")
    answer = await send(client, "/author/account/github", {}, "DELETE")
    assert (answer.status_code, "your only way in" in answer.text) == (409, True)
    assert 'github?_method=DELETE"' not in (await client.get("/author/account", headers=BROWSER)).text


async def test_a_new_site_is_claimed_by_an_allowed_account_with_the_setup_link(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    token = await one_time_tokens.issue_setup_link(databases)
    answer = await travel(client, ADA, "/author/setup/github", {**SETUP, "token": token})
    assert (answer.status_code, answer.headers["location"]) == (303, "/author")
    (author,) = await accounts.everyone(databases)
    assert (author.name, author.password_hash) == ("ada", None)
    assert "Notes" in (await client.get("/author", headers=BROWSER)).text
    client.cookies.clear()
    assert (await travel(client, ADA)).status_code == 303


async def test_a_new_site_is_nobodys_by_an_allowed_account_alone(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await refused(await travel(client, ADA), databases, 403, "open the set-up link, and choose GitHub there")
    form = {**SETUP, "token": "a-guess"}
    assert (await send(client, "/author/setup/github", form)).status_code == 401
    assert await accounts.everyone(databases) == []


async def test_a_new_site_is_not_claimed_by_an_account_that_is_not_allowed(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    token = await one_time_tokens.issue_setup_link(databases)
    answer = await travel(client, STRANGER, "/author/setup/github", {**SETUP, "token": token})
    await refused(answer, databases, 403, "number 1003")
    assert await accounts.everyone(databases) == []
    assert await one_time_tokens.works(databases, token, "setup")


async def test_a_claim_says_at_once_what_is_wrong_with_it(client: httpx.AsyncClient, databases: Databases) -> None:
    token = await one_time_tokens.issue_setup_link(databases)
    answer = await send(client, "/author/setup/github", {**SETUP, "token": token, "name": "a b"})
    assert (answer.status_code, 'id="error-name"' in answer.text) == (422, True)


async def test_two_who_come_back_with_one_claim_make_one_author(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    token = await one_time_tokens.issue_setup_link(databases)
    back = await choose(client, await go(client, "/author/setup/github", {**SETUP, "token": token}), ADA)
    async with asyncio.TaskGroup() as group:
        tries = [group.create_task(client.get(back, headers=BROWSER)) for _ in range(2)]
    assert sorted(each.result().status_code for each in tries) == [303, 401]
    assert len(await accounts.everyone(databases)) == 1


async def test_no_token_is_in_the_database_while_somebody_is_away(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    token = await one_time_tokens.issue_setup_link(databases)
    address = await go(client, "/author/setup/github", {**SETUP, "token": token})
    assert token not in address
    async with databases.ttl.read() as connection:
        sql = "SELECT state_sha256 || cookie_sha256 || verifier || purpose || claim || return_to FROM github_trips"
        kept = str(await fetch_value(connection, sql))
    assert token not in kept
    assert parse_qs(urlsplit(address).query)["state"][0] not in kept
