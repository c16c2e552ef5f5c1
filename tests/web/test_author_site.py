import httpx
import pytest
from sdc_core import clock
from sdc_web.authors import accounts
from sdc_web.db import Databases

from signing_in import BROWSER, NAME, PASSWORD, come_in, make_author, send, sign_in

NEW = "a lamp, a ladder, a lake"
HALF_AN_HOUR_US = 30 * 60 * clock.SECOND_US
WORDS = {"site_title": "Fog & light", "description": "About both.", "language": "de-CH"}


async def change_words(client: httpx.AsyncClient, **more: str) -> httpx.Response:
    return await send(client, "/author/site?_method=PUT", WORDS | more)


async def test_the_words_of_the_site_are_on_the_very_next_page(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    assert "A new site" in (await client.get("/", headers={"cookie": ""})).text
    answer = await change_words(client)
    assert (answer.status_code, answer.headers["location"]) == (303, "/author/site?said=saved")
    page = (await client.get("/", headers={"cookie": ""})).text
    assert "<title>Fog &amp; light</title>" in page
    assert '<html lang="de-CH">' in page
    assert '<meta name="description" content="About both.">' in page
    assert 'value="Fog &amp; light"' in (await client.get("/author/site", headers=BROWSER)).text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("site_title", " "),
        ("site_title", "x" * 101),
        ("description", "x" * 301),
        ("description", "a\x7fb"),
        ("language", "English"),
        ("language", '"><script>'),
    ],
)
async def test_words_that_cannot_be_are_said_at_their_field_and_nothing_is_changed(
    client: httpx.AsyncClient, databases: Databases, field: str, value: str
) -> None:
    await come_in(client, databases)
    answer = await change_words(client, **{field: value})
    assert answer.status_code == 422
    assert f'id="error-{field}"' in answer.text
    assert "A new site" in (await client.get("/")).text


async def test_a_changed_password_signs_in_and_ends_every_other_session(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await make_author(databases)
    await sign_in(client)
    elsewhere = client.cookies["sdc_session"]
    client.cookies.clear()
    await sign_in(client)
    answer = await send(client, "/author/site/password", {"current": PASSWORD, "password": NEW})
    assert answer.headers["location"] == "/author/site?said=password"
    assert (await client.get("/author", headers=BROWSER)).status_code != 303
    client.cookies.clear()
    client.cookies["sdc_session"] = elsewhere
    assert (await client.get("/author/site", headers=BROWSER)).status_code == 303
    client.cookies.clear()
    assert (await sign_in(client, PASSWORD)).status_code != 303
    assert (await sign_in(client, NEW)).status_code == 303


async def test_a_wrong_current_password_or_a_weak_new_one_changes_nothing(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await make_author(databases)
    await sign_in(client)
    wrong = await send(client, "/author/site/password", {"current": "not this one at all", "password": NEW})
    assert (wrong.status_code, 'id="error-current"' in wrong.text) == (422, True)
    weak = await send(client, "/author/site/password", {"current": PASSWORD, "password": "short"})
    assert (weak.status_code, 'id="error-password"' in weak.text) == (422, True)
    assert NEW not in wrong.text
    assert await accounts.sign_in(databases, name=NAME, password=PASSWORD, address="127.0.0.1")


async def test_a_first_password_needs_a_fresh_sign_in(client: httpx.AsyncClient, databases: Databases) -> None:
    author = await come_in(client, databases)
    with clock.frozen(clock.now_us() + HALF_AN_HOUR_US + clock.SECOND_US):
        late = await send(client, "/author/site/password", {"password": NEW})
    assert (late.status_code, await accounts.has_password(databases, author.id)) == (422, False)
    assert (await send(client, "/author/site/password", {"password": NEW})).status_code == 303
    assert await accounts.has_password(databases, author.id)
