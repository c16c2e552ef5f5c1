from datetime import UTC, datetime

import httpx
from sdc_core import clock
from sdc_web.authors import accounts
from sdc_web.db import Databases
from sdc_web.sessions import confirm

from signing_in import BROWSER, NAME, PASSWORD, come_in, make_author, send, sign_in

ZONE = "/author/account/time-zone"
NEW = "a lamp, a ladder, a lake"


async def test_a_changed_password_signs_in_and_ends_every_other_session(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await make_author(databases)
    await sign_in(client)
    elsewhere = client.cookies["sdc_session"]
    client.cookies.clear()
    await sign_in(client)
    answer = await send(client, "/author/account/password", {"current": PASSWORD, "password": NEW})
    assert answer.headers["location"] == "/author/account?said=password"
    assert (await client.get("/author", headers=BROWSER)).status_code != 303
    client.cookies.clear()
    client.cookies["sdc_session"] = elsewhere
    assert (await client.get("/author/account", headers=BROWSER)).status_code == 303
    client.cookies.clear()
    assert (await sign_in(client, PASSWORD)).status_code != 303
    assert (await sign_in(client, NEW)).status_code == 303


async def test_a_wrong_current_password_or_a_weak_new_one_changes_nothing(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await make_author(databases)
    await sign_in(client)
    wrong = await send(client, "/author/account/password", {"current": "not this one at all", "password": NEW})
    assert (wrong.status_code, 'id="error-current"' in wrong.text) == (422, True)
    weak = await send(client, "/author/account/password", {"current": PASSWORD, "password": "short"})
    assert (weak.status_code, 'id="error-password"' in weak.text) == (422, True)
    assert NEW not in wrong.text
    assert await accounts.sign_in(databases, name=NAME, password=PASSWORD, address="127.0.0.1")


async def test_a_first_password_needs_a_fresh_proof(client: httpx.AsyncClient, databases: Databases) -> None:
    author = await come_in(client, databases)
    with clock.frozen(clock.now_us() + confirm.FRESH_US + clock.SECOND_US):
        late = await send(client, "/author/account/password", {"password": NEW})
    assert late.headers["location"].startswith("/author/confirm/form?")
    assert not await accounts.has_password(databases, author.id)
    assert (await send(client, "/author/account/password", {"password": NEW})).status_code == 303
    assert await accounts.has_password(databases, author.id)


async def test_the_account_is_reached_by_the_name_and_leads_to_the_sessions(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await come_in(client, databases)
    assert 'class="name" href="/author/account"' in (await client.get("/author/posts", headers=BROWSER)).text
    page = (await client.get("/author/account", headers=BROWSER)).text
    assert 'href="/author/sessions"' in page
    assert "Set a password" in page


async def test_times_are_told_in_the_zone_that_the_author_chose(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await come_in(client, databases)
    with clock.frozen(clock.from_datetime(datetime(2026, 11, 24, 23, 30, tzinfo=UTC))):
        await send(client, "/author/posts", {"kind": "post"})
        before = (await client.get("/author/posts", headers=BROWSER)).text
        chosen = await send(client, ZONE, {"time_zone": "Europe/Berlin"}, "PUT")
        after = (await client.get("/author/posts", headers=BROWSER)).text
    assert "24 November 2026, 23:30 UTC" in before
    assert "25 November 2026, 00:30 CET" in after
    assert ("Keep UTC" in before, "Keep UTC" in after) == (True, False)
    assert chosen.headers["location"] == "/author"
    assert 'value="Europe/Berlin" selected' in (await client.get("/author/account", headers=BROWSER)).text


async def test_a_zone_that_is_none_is_refused_beside_the_choice(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await come_in(client, databases)
    for name in ("", "Mars/Olympus", "../passwd"):
        answer = await send(client, ZONE, {"time_zone": name}, "PUT")
        assert (answer.status_code, 'id="error-time_zone"' in answer.text) == (422, True)


async def test_choosing_a_zone_leads_back_to_the_page_that_asked(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await come_in(client, databases)
    for asked_at, leads_to in (
        ("http://testserver/author/posts?state=draft", "/author/posts?state=draft"),
        ("http://testserver/author/account", "/author/account?said=saved"),
        ("https://elsewhere.example/author/posts", "/author/posts"),
        ("https://elsewhere.example//elsewhere.example", "/author"),
    ):
        data = {"time_zone": "Asia/Tokyo"}
        answer = await client.put(ZONE, data=data, headers=BROWSER | {"referer": asked_at})
        assert answer.headers["location"] == leads_to
