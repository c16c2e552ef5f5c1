import httpx
from sdc_core import clock
from sdc_web.authors import accounts
from sdc_web.db import Databases
from sdc_web.sessions import confirm

from signing_in import BROWSER, NAME, PASSWORD, come_in, make_author, send, sign_in

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
